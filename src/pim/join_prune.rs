//! Join/Prune messages: what one means entry by entry, and the messages that carry what is due.
//!
//! Owns RFC 7761 section 4.9.5. An entry that means nothing in sparse mode is passed over, and the
//! others of its message count (RFC7761-4.9.1-01). Messages are as large as an Ethernet frame allows.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Branch;
use crate::addr::{Family, Group, Source};
use crate::mfc::vif::Vif;
use crate::wire::pim::{EncodedGroup, EncodedSource, GroupEntries, JoinPrune, Message};

/// The most octets of a message: an MTU of 1280, the least of IPv6, without the largest IP header.
const MOST_OCTETS: usize = 1280 - 60;

/// The most groups of a message.
const MOST_GROUPS: usize = u8::MAX as usize;

/// What an entry of a message means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) branch: Branch,
    /// The RP that an entry of (*,G) names.
    pub(super) rp: Option<IpAddr>,
    pub(super) is_join: bool,
}

/// The entries of a message of this family that mean something, in their order, the joins of a group
/// first.
pub(super) fn entries(message: &JoinPrune, family: Family) -> Vec<Entry> {
    let mut all = Vec::new();
    for GroupEntries { group, joins, prunes } in &message.groups {
        let Some(one) = single(group, family) else { continue };
        let joins = joins.iter().map(|source| (source, true));
        let sources = joins.chain(prunes.iter().map(|source| (source, false)));
        all.extend(sources.filter_map(|(source, is_join)| entry(one, source, is_join)));
    }
    all
}

/// The group, if the entry is about one group of the family (RFC7761-4.9.5-02).
fn single(encoded: &EncodedGroup, family: Family) -> Option<Group> {
    let group = Group::new(encoded.group)?;
    let is_one = encoded.mask == EncodedGroup::one(encoded.group).mask;
    (is_one && group.family() == family && !group.is_link_local()).then_some(group)
}

fn entry(group: Group, encoded: &EncodedSource, is_join: bool) -> Option<Entry> {
    let EncodedSource { is_wildcard, is_rpt, mask, source, .. } = *encoded;
    let source =
        Source::new(source).filter(|source| Family::of(source.addr()) == group.family())?;
    // RFC7761-4.9.1-01
    if mask != EncodedSource::source(source.addr()).mask {
        return None;
    }
    // RFC7761-4.9.5.1-01
    let (of, rp) = match (is_wildcard, is_rpt) {
        (true, true) => (None, Some(source.addr())),
        (false, false) => (Some(source), None),
        _ => return None,
    };
    Some(Entry { branch: Branch { group, source: of }, rp, is_join })
}

/// Joins and Prunes that are due, by link and upstream neighbour. Of two about one branch the last one
/// counts (RFC7761-4.9.5.1-02).
#[derive(Clone, Debug, Default)]
pub(super) struct Due(BTreeMap<(Vif, IpAddr), Owed>);

/// The RP that each branch names, if it is (*,G), and whether it is joined.
type Owed = BTreeMap<Branch, (Option<IpAddr>, bool)>;

impl Due {
    /// Adds an entry for the upstream neighbour on the link.
    pub(super) fn add(&mut self, (vif, upstream): (Vif, IpAddr), entry: Entry) {
        let Entry { branch, rp, is_join } = entry;
        self.0.entry((vif, upstream)).or_default().insert(branch, (rp, is_join));
    }

    /// Takes out all messages, each with its link.
    pub(super) fn take(&mut self, holdtime: u16) -> Vec<(Vif, Message)> {
        let due = std::mem::take(&mut self.0).into_iter();
        let messages = due.flat_map(|((vif, upstream), entries)| {
            let packed = packed(entries).into_iter();
            packed.map(move |groups| {
                (vif, Message::JoinPrune(JoinPrune { upstream, holdtime, groups }))
            })
        });
        messages.collect()
    }
}

/// The entries by group, in as many lists as messages are needed.
fn packed(entries: Owed) -> Vec<Vec<GroupEntries>> {
    let mut messages: Vec<Vec<GroupEntries>> = Vec::new();
    let mut octets = MOST_OCTETS;
    for (Branch { group, source }, (rp, is_join)) in entries {
        let encoded = match (source, rp) {
            (Some(source), _) => EncodedSource::source(source.addr()),
            (None, Some(rp)) => EncodedSource::any(rp),
            (None, None) => continue,
        };
        let (of_source, of_group) = sizes(group);
        let same = messages.last().and_then(|groups| groups.last());
        let is_same = same.is_some_and(|last| last.group.group == group.addr());
        let more = of_source + if is_same { 0 } else { of_group };
        let is_full = messages.last().is_none_or(|groups| groups.len() == MOST_GROUPS && !is_same);
        let is_new_message = is_full || octets + more > MOST_OCTETS;
        if is_new_message {
            messages.push(Vec::new());
            octets = HEAD;
        }
        octets += of_source + if is_same && !is_new_message { 0 } else { of_group };
        let Some(groups) = messages.last_mut() else { continue };
        if !is_same || is_new_message {
            let group = EncodedGroup::one(group.addr());
            groups.push(GroupEntries { group, joins: Vec::new(), prunes: Vec::new() });
        }
        if let Some(last) = groups.last_mut() {
            if is_join { &mut last.joins } else { &mut last.prunes }.push(encoded);
        }
    }
    messages
}

/// Octets before the groups: the header, the upstream neighbour of IPv6, and four more.
const HEAD: usize = 4 + 18 + 4;

/// Octets of an entry of a source, and of the head of a group.
const fn sizes(group: Group) -> (usize, usize) {
    match group.family() {
        Family::V4 => (8, 12),
        Family::V6 => (20, 24),
    }
}

#[cfg(test)]
mod tests;
