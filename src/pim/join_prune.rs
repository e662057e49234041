//! Join/Prune messages: what one means entry by entry, and the messages that carry what is due.
//!
//! Owns RFC 7761 section 4.9.5. An entry that means nothing in sparse mode is passed over, and the
//! others of its message count (RFC7761-4.9.1-01). Messages are as large as an Ethernet frame allows.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Branch;
use crate::addr::{Family, Group, Source};
use crate::mfc::entry::Flow;
use crate::mfc::vif::Vif;
use crate::wire::pim::{EncodedGroup, EncodedSource, GroupEntries, JoinPrune, Message};

/// The most octets of a message: an MTU of 1280, the least of IPv6, without the largest IP header.
const MOST_OCTETS: usize = 1280 - 60;

/// The most groups of a message.
const MOST_GROUPS: usize = u8::MAX as usize;

/// What an entry of a message means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) what: What,
    /// The RP that an entry of (*,G) names.
    pub(super) rp: Option<IpAddr>,
    pub(super) is_join: bool,
}

/// What an entry is about. In the order in which the entries of a group stand in a message: what belongs to
/// the RP's tree comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// (*,G)
    Any,
    /// (S,G,rpt)
    Rpt(Source),
    /// (S,G)
    Of(Source),
}

impl Entry {
    /// An entry of (*,G) or (S,G).
    pub(super) fn of(branch: Branch, rp: Option<IpAddr>, is_join: bool) -> (Group, Self) {
        let what = branch.source.map_or(What::Any, What::Of);
        (branch.group, Self { what, rp, is_join })
    }

    /// An entry of (S,G,rpt).
    pub(super) fn rpt(flow: Flow, is_join: bool) -> (Group, Self) {
        (flow.group, Self { what: What::Rpt(flow.source), rp: None, is_join })
    }
}

/// The entries of a message of this family that mean something, in their order, the joins of a group
/// first.
pub(super) fn entries(message: &JoinPrune, family: Family) -> Vec<(Group, Entry)> {
    let mut all = Vec::new();
    for GroupEntries { group, joins, prunes } in &message.groups {
        let Some(one) = single(group, family) else { continue };
        let joins = joins.iter().map(|source| (source, true));
        let sources = joins.chain(prunes.iter().map(|source| (source, false)));
        let entries = sources.filter_map(|(source, is_join)| entry(one, source, is_join));
        all.extend(entries.map(|entry| (one, entry)));
    }
    all
}

/// The group, if the entry is about one group of the family (RFC7761-4.9.5-02).
pub(super) fn single(encoded: &EncodedGroup, family: Family) -> Option<Group> {
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
    let (what, rp) = match (is_wildcard, is_rpt) {
        (true, true) => (What::Any, Some(source.addr())),
        (false, true) => (What::Rpt(source), None),
        (false, false) => (What::Of(source), None),
        (true, false) => return None,
    };
    Some(Entry { what, rp, is_join })
}

/// Joins and Prunes that are due, by link and upstream neighbour. Of two about the same the last one
/// counts (RFC7761-4.9.5.1-02).
#[derive(Clone, Debug, Default)]
pub(super) struct Due(BTreeMap<(Vif, IpAddr), BTreeMap<Group, Owed>>);

/// The entries of a group: the RP that each names, if it is (*,G), and whether it is joined.
type Owed = BTreeMap<What, (Option<IpAddr>, bool)>;

impl Due {
    /// Adds an entry for the upstream neighbour on the link.
    pub(super) fn add(&mut self, to: (Vif, IpAddr), (group, entry): (Group, Entry)) {
        let Entry { what, rp, is_join } = entry;
        // Without RP there is no name for (*,G).
        if what == What::Any && rp.is_none() {
            return;
        }
        let owed = self.0.entry(to).or_default();
        owed.entry(group).or_default().insert(what, (rp, is_join));
    }

    /// Takes out all messages, each with its link.
    pub(super) fn take(&mut self, holdtime: u16) -> Vec<(Vif, Message)> {
        let due = std::mem::take(&mut self.0).into_iter();
        let messages = due.flat_map(|((vif, upstream), groups)| {
            let mut packing = Packing::default();
            groups.into_iter().for_each(|(group, owed)| packing.add(group, owed));
            packing.messages.into_iter().map(move |groups| {
                (vif, Message::JoinPrune(JoinPrune { upstream, holdtime, groups }))
            })
        });
        messages.collect()
    }
}

/// The groups of as many messages as are needed.
#[derive(Default)]
struct Packing {
    messages: Vec<Vec<GroupEntries>>,
    /// The octets of the last message.
    octets: usize,
}

impl Packing {
    /// Adds the entries of a group. The Prunes of (S,G,rpt) that come with a Join of (*,G) are in the message
    /// of the Join, the numerically smallest ones that fit (RFC7761-4.9.5.2-01).
    fn add(&mut self, group: Group, owed: Owed) {
        let is_joined = owed.get(&What::Any).is_some_and(|(_, is_join)| *is_join);
        let with_join = owed.keys().filter(|what| is_joined && !matches!(what, What::Of(_)));
        let (of_source, of_group) = sizes(group);
        let together = of_group + of_source * with_join.count().max(1);
        let has_room = self.messages.last().is_some_and(|groups| groups.len() < MOST_GROUPS);
        self.begin(group, has_room && self.octets + together <= MOST_OCTETS);
        for (what, (rp, is_join)) in owed {
            let encoded = match (what, rp) {
                (What::Of(source), _) => EncodedSource::source(source.addr()),
                (What::Rpt(source), _) => EncodedSource::source_rpt(source.addr()),
                (What::Any, Some(rp)) => EncodedSource::any(rp),
                (What::Any, None) => continue,
            };
            if self.octets + of_source > MOST_OCTETS {
                if is_joined && matches!(what, What::Rpt(_)) {
                    continue;
                }
                self.begin(group, false);
            }
            self.octets += of_source;
            if let Some(last) = self.messages.last_mut().and_then(|groups| groups.last_mut()) {
                if is_join { &mut last.joins } else { &mut last.prunes }.push(encoded);
            }
        }
    }

    /// Begins a group, in the last message or in a new one.
    fn begin(&mut self, group: Group, is_in_last: bool) {
        if !is_in_last {
            self.messages.push(Vec::new());
            self.octets = HEAD;
        }
        let entries = GroupEntries {
            group: EncodedGroup::one(group.addr()),
            joins: Vec::new(),
            prunes: Vec::new(),
        };
        self.octets += sizes(group).1;
        if let Some(groups) = self.messages.last_mut() {
            groups.push(entries);
        }
    }
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
