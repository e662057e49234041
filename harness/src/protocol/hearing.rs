//! What one port has heard of its members and of other queriers, message by message.
//!
//! A host wants a source by a record that includes it, or by one that excludes others. It takes that
//! back by a Leave, which is TO_IN({}), or by a BLOCK of the source; what it leaves out of a longer list
//! is not counted, so that the router is right where it may be.

use std::collections::BTreeMap;
use std::net::IpAddr;

use castnet::addr::Group;
use castnet::gmp::message::{Form, Message, Record, RecordType, Sources, Version};
use castnet::time::Instant;
use ipnet::IpNet;

use super::delivery::{Envelope, is_beyond_doubt};
use super::wish::{Wish, wish};

/// The messages that a port has heard.
#[derive(Debug, Default)]
pub struct Hearing {
    groups: BTreeMap<Group, Told>,
    /// Another router sends Queries too, and may be the one that must act on Leaves.
    has_other_queriers: bool,
}

/// What a router of the port acts on.
#[derive(Clone, Copy, Debug)]
pub struct Acts {
    /// It sends Queries after a Leave: in version 1 it ignores them (RFC2236-4-09).
    pub on_leaves: bool,
    /// It sends Queries after a BLOCK.
    pub on_blocks: bool,
    /// It ignores what wants all sources of a group of source-specific multicast (RFC4604-3.1-01).
    pub knows_channels: bool,
    /// The range of those groups, if it is not IANA's.
    pub channels: Option<IpNet>,
    /// The most sources that it takes: beyond them it may refuse a record that names more.
    pub most_sources: usize,
}

/// The messages about one source of one group that a port has heard.
#[derive(Clone, Copy, Debug, Default)]
pub struct GroupHearing {
    /// The last record by which a member wanted the source.
    pub reported: Option<Instant>,
    /// The first Leave or BLOCK after that on which the port's router had to send Queries.
    pub has_to_ask: Option<Instant>,
    /// The last Leave or BLOCK after that, whether or not a router had to act on it.
    pub left: Option<Instant>,
    /// The first record after that by which a member excluded the source. In EXCLUDE mode the router
    /// lets it pass for a further Group Membership Interval (RFC3376-6.4.1-04), if it did until then.
    pub excluded: Option<Instant>,
}

/// The records about one group.
#[derive(Debug, Default)]
struct Told {
    /// Records that want all sources except some, the last one for each list that none after it
    /// contains.
    all: Vec<(Instant, Sources)>,
    /// The last record that included each source.
    included: BTreeMap<IpAddr, Instant>,
    /// The first record that excluded each source since it was wanted last.
    excluded: BTreeMap<IpAddr, Instant>,
    /// All sources that a record has named.
    named: Sources,
    /// Records that take something back, in the order of time.
    back: Vec<Back>,
    /// Version 1 members make Leaves void, and older ones BLOCKs; their end is not known.
    has_v1_members: bool,
    has_older_members: bool,
}

/// Records alike that take something back, with nothing wanted in between.
#[derive(Debug)]
struct Back {
    first: Instant,
    last: Instant,
    /// The blocked sources; none in a Leave.
    blocked: Option<Sources>,
    obliges: bool,
}

impl Hearing {
    /// What the port has heard of the source of the group so far.
    #[must_use]
    pub fn of(&self, group: Group, source: IpAddr) -> GroupHearing {
        self.groups.get(&group).map(|told| told.of(source)).unwrap_or_default()
    }

    /// Hears a message, for a router that acts on these.
    pub fn hear(&mut self, at: Instant, message: &Message, envelope: &Envelope, acts: Acts) {
        if message.form() == Some(Form::Query) {
            self.has_other_queriers = true;
            let back = self.groups.values_mut().flat_map(|told| &mut told.back);
            back.for_each(|back| back.obliges = false);
        }
        let Message::Report(report) = message else { return };
        let obliges = is_beyond_doubt(message, envelope) && !self.has_other_queriers;
        for (group, record) in &report.records {
            let wish = wish(record);
            let is_of_all = report.version != Version::V3
                || matches!(record.kind(), RecordType::IsEx | RecordType::ToEx);
            if acts.knows_channels && group.is_source_specific(acts.channels) && is_of_all {
                continue;
            }
            if let Some(told) = self.groups.get_mut(group) {
                told.named.extend(record.sources());
            }
            let named: usize = self.groups.values().map(|told| told.named.len()).sum();
            if wish == Wish::Member {
                let told = self.groups.entry(*group).or_default();
                told.has_v1_members |= report.version == Version::V1;
                told.has_older_members |= report.version != Version::V3;
                told.wants(at, record);
            }
            let Some(told) = self.groups.get_mut(group) else { continue };
            match wish {
                Wish::Leave => {
                    let obliges = obliges && acts.on_leaves && !told.has_v1_members;
                    told.takes_back(at, None, obliges);
                }
                Wish::FewerSources => {
                    let may_refuse = named > acts.most_sources || told.has_older_members;
                    let obliges = obliges && acts.on_blocks && !may_refuse;
                    told.takes_back(at, Some(record.sources()), obliges);
                }
                Wish::Member | Wish::Nothing => {}
            }
        }
    }
}

impl Told {
    fn wants(&mut self, at: Instant, record: &Record) {
        self.named.extend(record.sources());
        let nothing = Sources::new();
        match record {
            Record::IsEx(except) | Record::ToEx(except) => {
                // RFC3376-7.3.2-02: beside older members a TO_EX excludes nothing.
                let is_older = self.has_older_members && record.kind() == RecordType::ToEx;
                let except = if is_older { &nothing } else { except };
                self.excluded.retain(|source, _| except.contains(source));
                for &source in except {
                    self.excluded.entry(source).or_insert(at);
                }
                self.all.retain(|(_, older)| !older.is_superset(except));
                self.all.push((at, except.clone()));
                if except.is_empty() {
                    // Everything is wanted anew.
                    self.back.clear();
                    self.included.clear();
                }
            }
            Record::IsIn(sources) | Record::ToIn(sources) | Record::Allow(sources) => {
                self.excluded.retain(|source, _| !sources.contains(source));
                self.included.extend(sources.iter().map(|&source| (source, at)));
            }
            Record::Block(_) => {}
        }
    }

    fn takes_back(&mut self, at: Instant, blocked: Option<&Sources>, obliges: bool) {
        let wanted = self.all.iter().map(|(wanted, _)| *wanted);
        let wanted = wanted.chain(self.included.values().copied()).max();
        let alike = self.back.iter_mut().find(|back| {
            wanted < Some(back.first) && back.obliges == obliges && back.blocked.as_ref() == blocked
        });
        match alike {
            Some(back) => back.last = at,
            None => {
                let blocked = blocked.cloned();
                self.back.push(Back { first: at, last: at, blocked, obliges });
            }
        }
    }

    fn of(&self, source: IpAddr) -> GroupHearing {
        let excluded = self.excluded.get(&source).copied();
        let all = self.all.iter().filter(|(_, except)| !except.contains(&source));
        let reported = all.map(|(at, _)| *at).chain(self.included.get(&source).copied()).max();
        let back = self.back.iter().filter(|back| {
            back.blocked.as_ref().is_none_or(|blocked| blocked.contains(&source))
                && reported < Some(back.last)
        });
        let obliging = back.clone().filter(|back| back.obliges && reported < Some(back.first));
        // What a router had to ask about after that ends what is excluded too.
        let is_ended = |at: &Instant| obliging.clone().any(|back| back.last >= *at);
        GroupHearing {
            excluded: excluded.filter(|at| reported.is_some() && !is_ended(at)),
            reported,
            // RFC2236-7-10: another Leave while this one is checked changes nothing.
            has_to_ask: obliging.map(|back| back.first).min(),
            left: back.map(|back| back.last).max(),
        }
    }
}
