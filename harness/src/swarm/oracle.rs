//! What a router has to know of a group and its sources: the tables of RFC 9776 section 6.4, its timers
//! and its compatibility modes, written from the RFC for the swarm alone.
//!
//! Times are milliseconds. It knows a querier that nobody answers except by what it is told.

use std::collections::{BTreeMap, BTreeSet};

#[cfg(test)]
mod tests;

/// Sources, by their numbers.
pub(super) type Sources = BTreeSet<usize>;

/// The types of records (RFC 9776 section 4.2.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    IsIn,
    IsEx,
    ToIn,
    ToEx,
    Allow,
    Block,
}

/// What a host says of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Record(Type, Sources),
    /// A Report of version 1 (`true`), or of the other one without sources.
    Older(bool),
    /// A Leave or Done.
    Leave,
}

/// The intervals, and what the group may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) gmi: u64,
    pub(super) lmqt: u64,
    pub(super) ohpi: u64,
    pub(super) most_sources: usize,
    /// Whether the group is one of source-specific multicast.
    pub(super) is_channel: bool,
}

/// What has to be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) group: bool,
    pub(super) sources: Sources,
}

/// The state of the group: INCLUDE (A) or EXCLUDE (X,Y).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) excludes: bool,
    /// A or X, each with the end of its timer.
    pub(super) timed: BTreeMap<usize, u64>,
    /// Y
    pub(super) blocked: Sources,
    /// The end of the group timer, in EXCLUDE mode.
    pub(super) until: u64,
    /// Until when hosts of version 1, and of the other older version, count as present.
    older: [u64; 2],
}

impl Known {
    /// Whether members want datagrams of the source (RFC 9776 section 6.3).
    pub(super) fn wants(&self, source: usize) -> bool {
        match self.excludes {
            true => !self.blocked.contains(&source),
            false => self.timed.contains_key(&source),
        }
    }

    /// When the next timer ends.
    pub(super) fn next(&self) -> Option<u64> {
        let group = self.excludes.then_some(self.until);
        self.timed.values().copied().chain(group).min()
    }

    /// Lets the time pass up to `now` (RFC 9776 sections 6.2.3 and 6.5).
    pub(super) fn pass(&mut self, now: u64) {
        while let Some(at) = self.next().filter(|&at| at <= now) {
            let ended =
                self.timed.iter().find(|(_, until)| **until == at).map(|(source, _)| *source);
            match ended {
                Some(source) => {
                    self.timed.remove(&source);
                    if self.excludes {
                        self.blocked.insert(source);
                    }
                }
                None => {
                    self.excludes = false;
                    self.blocked.clear();
                }
            }
            self.settle();
        }
    }

    /// A group without members is no group, and remembers no hosts.
    fn settle(&mut self) {
        if !self.excludes && self.timed.is_empty() {
            *self = Self::default();
        }
    }

    /// Takes what a host says at that time, and tells what has to be asked.
    pub(super) fn hears(&mut self, rules: &Rules, now: u64, said: &Said) -> Asked {
        self.pass(now);
        let [first, second] = self.older.map(|until| until > now);
        let is_older = first || second;
        let none = Sources::new();
        // RFC 9776 section 7.3.2; RFC 4604 section 3.
        let (record, sources) = match said {
            Said::Older(_) | Said::Leave if rules.is_channel => return Asked::default(),
            Said::Record(Type::IsEx | Type::ToEx, _) if rules.is_channel => {
                return Asked::default();
            }
            Said::Older(_) => (Type::IsEx, &none),
            Said::Leave | Said::Record(Type::ToIn, _) if first => return Asked::default(),
            Said::Leave => (Type::ToIn, &none),
            Said::Record(Type::Block, _) if is_older => return Asked::default(),
            Said::Record(Type::ToEx, _) if is_older => (Type::ToEx, &none),
            Said::Record(record, sources) => (*record, sources),
        };
        let mut next = self.clone();
        let asked = match self.excludes {
            false => next.while_included(rules, now, record, sources),
            true => next.while_excluded(rules, now, record, sources),
        };
        let size = |known: &Self| known.timed.len() + known.blocked.len();
        if size(&next) > size(self) && size(&next) > rules.most_sources {
            return Asked::default();
        }
        *self = next;
        if let Said::Older(is_first) = *said {
            self.older[usize::from(!is_first)] = now + rules.ohpi;
        }
        self.settle();
        self.ask(now + rules.lmqt, asked)
    }

    /// Lowers the timers of what has to be asked (RFC 9776 sections 6.6.3.1 and 6.6.3.2).
    fn ask(&mut self, until: u64, asked: Asked) -> Asked {
        let group = asked.group && self.excludes && self.until > until;
        if group {
            self.until = until;
        }
        let mut sources = Sources::new();
        for source in asked.sources {
            if let Some(end) = self.timed.get_mut(&source).filter(|end| **end > until) {
                *end = until;
                sources.insert(source);
            }
        }
        Asked { group, sources }
    }

    fn set(&mut self, sources: &Sources, until: u64) {
        self.timed.extend(sources.iter().map(|&source| (source, until)));
    }

    fn keep(&mut self, kept: &Sources) {
        self.timed.retain(|source, _| kept.contains(source));
    }

    /// The rows of INCLUDE (A) and a record of B.
    fn while_included(&mut self, rules: &Rules, now: u64, record: Type, b: &Sources) -> Asked {
        let a: Sources = self.timed.keys().copied().collect();
        let mut asked = Asked::default();
        match record {
            Type::IsIn | Type::Allow => self.set(b, now + rules.gmi),
            Type::Block => asked.sources = &a & b,
            Type::ToIn => {
                self.set(b, now + rules.gmi);
                asked.sources = &a - b;
            }
            Type::IsEx | Type::ToEx => {
                self.keep(b);
                self.blocked = b - &a;
                (self.excludes, self.until) = (true, now + rules.gmi);
                if record == Type::ToEx {
                    asked.sources = &a & b;
                }
            }
        }
        asked
    }

    /// The rows of EXCLUDE (X,Y) and a record of A.
    fn while_excluded(&mut self, rules: &Rules, now: u64, record: Type, a: &Sources) -> Asked {
        let x: Sources = self.timed.keys().copied().collect();
        let y = self.blocked.clone();
        let new = &(a - &x) - &y;
        let mut asked = Asked::default();
        match record {
            Type::IsIn | Type::Allow | Type::ToIn => {
                self.set(a, now + rules.gmi);
                self.blocked = &y - a;
                if record == Type::ToIn {
                    asked = Asked { group: true, sources: &x - a };
                }
            }
            Type::Block => {
                self.set(&new, self.until);
                asked.sources = a - &y;
            }
            Type::IsEx | Type::ToEx => {
                let end = if record == Type::IsEx { now + rules.gmi } else { self.until };
                self.set(&new, end);
                self.keep(a);
                self.blocked = &y & a;
                self.until = now + rules.gmi;
                if record == Type::ToEx {
                    asked.sources = a - &y;
                }
            }
        }
        asked
    }
}
