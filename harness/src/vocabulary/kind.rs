//! The kinds of packets that a scenario can count, strike or make.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// The kinds of packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PacketKind {
    /// Any Membership Query.
    Query,
    /// A General Query.
    GeneralQuery,
    /// A Group-Specific Query.
    GroupSpecificQuery,
    /// A Membership Report of any version.
    Report,
    /// A version 1 Membership Report.
    V1Report,
    /// A version 2 Membership Report.
    V2Report,
    /// A version 3 Membership Report.
    V3Report,
    /// A Leave Group.
    Leave,
    /// A numbered datagram of a source.
    Data,
}

/// A kind of packet.
#[derive(Debug)]
pub struct KindRow {
    /// The kind.
    pub kind: PacketKind,
    /// As an author writes it.
    pub word: &'static str,
    /// Other spellings with an equal meaning.
    pub aliases: &'static [&'static str],
    /// The meaning, for the page.
    pub about: &'static str,
    /// The IGMP versions that such a message can have; `None` if it is no IGMP message.
    pub versions: Option<RangeInclusive<u64>>,
    /// Whether it contains other kinds, so that each of its packets has one of those kinds too.
    pub is_union: bool,
    /// Whether fields can describe it, so that an injector can make it.
    pub is_made: bool,
}

const fn row(
    kind: PacketKind,
    word: &'static str,
    about: &'static str,
    versions: RangeInclusive<u64>,
) -> KindRow {
    let versions = Some(versions);
    KindRow { kind, word, aliases: &[], about, versions, is_union: false, is_made: true }
}

const ALL: usize = 9;

/// Every kind, once.
pub static KINDS: [KindRow; ALL] = [
    KindRow {
        is_union: true,
        is_made: false,
        ..row(PacketKind::Query, "query", "any Membership Query", 1..=3)
    },
    row(PacketKind::GeneralQuery, "general-query", "a Query for all groups", 1..=3),
    KindRow {
        aliases: &["group-query"],
        ..row(
            PacketKind::GroupSpecificQuery,
            "group-specific-query",
            "a Query for one group, without sources",
            2..=3,
        )
    },
    KindRow {
        is_union: true,
        is_made: false,
        ..row(PacketKind::Report, "report", "any Membership Report", 1..=3)
    },
    row(PacketKind::V1Report, "v1-report", "a Membership Report of version 1", 1..=1),
    row(PacketKind::V2Report, "v2-report", "a Membership Report of version 2", 2..=2),
    KindRow {
        is_made: false,
        ..row(PacketKind::V3Report, "v3-report", "a Membership Report of version 3", 3..=3)
    },
    row(PacketKind::Leave, "leave", "a Leave Group", 2..=2),
    KindRow {
        versions: None,
        is_made: false,
        ..row(PacketKind::Data, "data", "a numbered datagram of a source", 0..=0)
    },
];

/// Every spelling of every kind.
pub const SPELLINGS: [(&str, PacketKind); ALL + 1] = {
    let (mut all, mut to, mut at) = ([("", PacketKind::Query); ALL + 1], 0, 0);
    while at < ALL {
        let row = &KINDS[at];
        all[to] = (row.word, row.kind);
        to += 1;
        let mut alias = 0;
        while alias < row.aliases.len() {
            all[to] = (row.aliases[alias], row.kind);
            (to, alias) = (to + 1, alias + 1);
        }
        at += 1;
    }
    all
};

/// The words alone.
pub const WORDS: [&str; ALL + 1] = {
    let (mut words, mut at) = ([""; ALL + 1], 0);
    while at < words.len() {
        words[at] = SPELLINGS[at].0;
        at += 1;
    }
    words
};

const fn made() -> usize {
    let (mut count, mut at) = (0, 0);
    while at < SPELLINGS.len() {
        count += SPELLINGS[at].1.is_made() as usize;
        at += 1;
    }
    count
}

/// The words of kinds that fields can describe.
pub const MADE: [&str; made()] = {
    let (mut words, mut to, mut at) = ([""; made()], 0, 0);
    while at < SPELLINGS.len() {
        if SPELLINGS[at].1.is_made() {
            words[to] = SPELLINGS[at].0;
            to += 1;
        }
        at += 1;
    }
    words
};

impl PacketKind {
    /// Whether fields can describe such a packet, so that an injector can make it.
    #[must_use]
    pub const fn is_made(self) -> bool {
        KINDS[self as usize].is_made
    }

    /// The row of this kind.
    #[must_use]
    pub fn row(self) -> &'static KindRow {
        // A test checks that the rows are in the order of the kinds.
        &KINDS[self as usize]
    }

    /// The word that an author writes.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.row().word
    }

    /// Whether it is a Query.
    #[must_use]
    pub const fn is_query(self) -> bool {
        matches!(self, Self::Query | Self::GeneralQuery | Self::GroupSpecificQuery)
    }

    /// Whether it can be a version 3 Report.
    #[must_use]
    pub const fn is_v3_report(self) -> bool {
        matches!(self, Self::Report | Self::V3Report)
    }
}
