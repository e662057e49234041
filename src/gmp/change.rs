//! What a record changes: the tables of RFC 9776 sections 6.4.1 and 6.4.2, as one pure function.
//!
//! The letters are those of the RFC: a group is INCLUDE (A) or EXCLUDE (X,Y), and a record carries
//! the sources B or A. Timers are elsewhere; the result names those that start, and their values.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// A set of source addresses.
pub type Sources = BTreeSet<IpAddr>;

/// A host's report about one group (RFC3376-4.2.12-01).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// MODE_IS_INCLUDE
    IsIn(Sources),
    /// MODE_IS_EXCLUDE
    IsEx(Sources),
    /// CHANGE_TO_INCLUDE_MODE
    ToIn(Sources),
    /// CHANGE_TO_EXCLUDE_MODE
    ToEx(Sources),
    /// ALLOW_NEW_SOURCES
    Allow(Sources),
    /// BLOCK_OLD_SOURCES
    Block(Sources),
}

/// The Record Type of a record (RFC3376-4.2.12-01), in the order of the types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordType {
    /// MODE_IS_INCLUDE
    IsIn,
    /// MODE_IS_EXCLUDE
    IsEx,
    /// CHANGE_TO_INCLUDE_MODE
    ToIn,
    /// CHANGE_TO_EXCLUDE_MODE
    ToEx,
    /// ALLOW_NEW_SOURCES
    Allow,
    /// BLOCK_OLD_SOURCES
    Block,
}

impl RecordType {
    /// Whether such a record reports a change, and does not answer a Query (RFC3376-4.2.12-01).
    #[must_use]
    pub const fn is_change(self) -> bool {
        !matches!(self, Self::IsIn | Self::IsEx)
    }
}

impl fmt::Display for RecordType {
    /// `TO_EX`, as RFC 3376 section 4.2.12 abbreviates it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IsIn => "IS_IN",
            Self::IsEx => "IS_EX",
            Self::ToIn => "TO_IN",
            Self::ToEx => "TO_EX",
            Self::Allow => "ALLOW",
            Self::Block => "BLOCK",
        })
    }
}

impl Record {
    /// The Record Type.
    #[must_use]
    pub const fn kind(&self) -> RecordType {
        match self {
            Self::IsIn(_) => RecordType::IsIn,
            Self::IsEx(_) => RecordType::IsEx,
            Self::ToIn(_) => RecordType::ToIn,
            Self::ToEx(_) => RecordType::ToEx,
            Self::Allow(_) => RecordType::Allow,
            Self::Block(_) => RecordType::Block,
        }
    }

    /// The source list.
    #[must_use]
    pub const fn sources(&self) -> &Sources {
        match self {
            Self::IsIn(sources)
            | Self::IsEx(sources)
            | Self::ToIn(sources)
            | Self::ToEx(sources)
            | Self::Allow(sources)
            | Self::Block(sources) => sources,
        }
    }
}

/// What a router knows of one group on one link (RFC 9776 section 6.2.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Filter {
    /// INCLUDE (A): members want only these sources; each has a running timer.
    Include {
        /// A
        wanted: Sources,
    },
    /// EXCLUDE (X,Y): members want all sources except those of Y.
    Exclude {
        /// X, the Requested List: each has a running timer.
        requested: Sources,
        /// Y, the Exclude List: their timers are zero.
        excluded: Sources,
    },
}

impl Filter {
    /// A group without members, which is equal to no state at all.
    #[must_use]
    pub const fn nothing() -> Self {
        Self::Include { wanted: Sources::new() }
    }

    /// Whether members want all sources, and nothing is known of any: EXCLUDE ({},{}).
    #[must_use]
    pub fn is_plain(&self) -> bool {
        matches!(self, Self::Exclude { .. }) && self.sources() == 0
    }

    /// The sources whose timers run: A, or X.
    #[must_use]
    pub const fn timed(&self) -> &Sources {
        match self {
            Self::Include { wanted } => wanted,
            Self::Exclude { requested, .. } => requested,
        }
    }

    /// The number of sources, with and without a running timer.
    #[must_use]
    pub fn sources(&self) -> usize {
        match self {
            Self::Include { wanted } => wanted.len(),
            Self::Exclude { requested, excluded } => requested.len() + excluded.len(),
        }
    }

    /// Whether members want datagrams of the source (RFC3376-6.3-01).
    #[must_use]
    pub fn wants(&self, source: IpAddr) -> bool {
        match self {
            Self::Include { wanted } => wanted.contains(&source),
            Self::Exclude { excluded, .. } => !excluded.contains(&source),
        }
    }
}

impl fmt::Display for Filter {
    /// `EXCLUDE ({10.0.0.1}, {})`, as RFC 9776 section 6.2.1 writes it, without what is in long lists.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Include { wanted } => write!(f, "INCLUDE ({})", Listed(wanted)),
            Self::Exclude { requested, excluded } => {
                write!(f, "EXCLUDE ({}, {})", Listed(requested), Listed(excluded))
            }
        }
    }
}

/// A source list in braces; only the size of a long one.
struct Listed<'a>(&'a Sources);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 8;
        if self.0.len() > SHOWN {
            return write!(f, "{{{} sources}}", self.0.len());
        }
        f.write_str("{")?;
        for (position, source) in self.0.iter().enumerate() {
            write!(f, "{}{source}", if position == 0 { "" } else { ", " })?;
        }
        f.write_str("}")
    }
}

/// The new state, and the actions that go with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The state from now on.
    pub filter: Filter,
    /// The group timer restarts at the Group Membership Interval.
    pub group_timer: bool,
    /// The timers of these sources start at the Group Membership Interval.
    pub at_gmi: Sources,
    /// The timers of these sources start at the value of the group timer.
    pub at_group_timer: Sources,
    /// Send Q(G).
    pub ask_group: bool,
    /// Send Q(G,these), if there are any.
    pub ask_sources: Sources,
}

impl Change {
    /// The state without any action.
    pub(super) fn to(filter: Filter) -> Self {
        Self {
            filter,
            group_timer: false,
            at_gmi: Sources::new(),
            at_group_timer: Sources::new(),
            ask_group: false,
            ask_sources: Sources::new(),
        }
    }
}

/// The row of the table for this state and record.
#[must_use]
pub fn change(filter: &Filter, record: &Record) -> Change {
    match filter {
        Filter::Include { wanted } => from_include(wanted, record),
        Filter::Exclude { requested, excluded } => from_exclude(requested, excluded, record),
    }
}

fn from_include(a: &Sources, record: &Record) -> Change {
    let include = |wanted| Change::to(Filter::Include { wanted });
    let exclude = |b: &Sources| Change {
        group_timer: true,
        ..Change::to(Filter::Exclude { requested: a & b, excluded: b - a })
    };
    match record {
        // RFC3376-6.4.1-01, RFC3376-6.4.2-01
        Record::IsIn(b) | Record::Allow(b) => Change { at_gmi: b.clone(), ..include(a | b) },
        // RFC3376-6.4.1-02
        Record::IsEx(b) => exclude(b),
        // RFC3376-6.4.2-02
        Record::Block(b) => Change { ask_sources: a & b, ..include(a.clone()) },
        // RFC3376-6.4.2-03
        Record::ToEx(b) => Change { ask_sources: a & b, ..exclude(b) },
        // RFC3376-6.4.2-04
        Record::ToIn(b) => Change { at_gmi: b.clone(), ask_sources: a - b, ..include(a | b) },
    }
}

fn from_exclude(x: &Sources, y: &Sources, record: &Record) -> Change {
    let exclude = |requested, excluded| Change::to(Filter::Exclude { requested, excluded });
    match record {
        // RFC3376-6.4.1-03, RFC3376-6.4.2-05
        Record::IsIn(a) | Record::Allow(a) => Change { at_gmi: a.clone(), ..exclude(x | a, y - a) },
        // RFC3376-6.4.1-04
        Record::IsEx(a) => {
            Change { at_gmi: &(a - x) - y, group_timer: true, ..exclude(a - y, y & a) }
        }
        // RFC3376-6.4.2-06
        Record::Block(a) => Change {
            at_group_timer: &(a - x) - y,
            ask_sources: a - y,
            ..exclude(x | &(a - y), y.clone())
        },
        // RFC3376-6.4.2-07
        Record::ToEx(a) => Change {
            at_group_timer: &(a - x) - y,
            group_timer: true,
            ask_sources: a - y,
            ..exclude(a - y, y & a)
        },
        // RFC3376-6.4.2-08
        Record::ToIn(a) => Change {
            at_gmi: a.clone(),
            ask_sources: x - a,
            ask_group: true,
            ..exclude(x | a, y - a)
        },
    }
}
