//! The rows of all kinds of packets: words, versions and marks.

use std::ops::RangeInclusive;

use super::{KindRow, Mark, PacketKind};

const fn marked(
    row: KindRow,
    letter: &'static str,
    words: &'static str,
    colour: &'static str,
) -> KindRow {
    KindRow { mark: Some(Mark::new(letter, words, colour)), ..row }
}

const fn row(
    kind: PacketKind,
    word: &'static str,
    about: &'static str,
    versions: RangeInclusive<u64>,
) -> KindRow {
    let versions = Some(versions);
    KindRow {
        kind,
        word,
        aliases: &[],
        mld: Some(word),
        mld_aliases: &[],
        about,
        versions,
        is_union: false,
        is_made: true,
        mark: None,
    }
}

/// A message of PIM, which is called alike in both families.
const fn of_pim(kind: PacketKind, word: &'static str, about: &'static str) -> KindRow {
    KindRow { versions: None, is_made: false, ..row(kind, word, about, 0..=0) }
}

/// The number of kinds.
pub(super) const ALL: usize = 17;

/// The number of aliases of all kinds.
pub(super) const ALIASES: usize = 4;

/// Every kind, once.
pub static KINDS: [KindRow; ALL] = [
    KindRow {
        is_union: true,
        is_made: false,
        ..row(PacketKind::Query, "query", "any Membership Query", 1..=3)
    },
    marked(
        row(PacketKind::GeneralQuery, "general-query", "a Query for all groups", 1..=3),
        "Q",
        "General Query",
        "query",
    ),
    KindRow {
        aliases: &["group-query"],
        mld_aliases: &["group-query"],
        ..marked(
            row(
                PacketKind::GroupSpecificQuery,
                "group-specific-query",
                "a Query for one group, without sources",
                2..=3,
            ),
            "GQ",
            "Group-Specific Query",
            "query",
        )
    },
    KindRow {
        aliases: &["group-and-source-query"],
        mld_aliases: &["group-and-source-query"],
        ..marked(
            row(PacketKind::SourceQuery, "source-query", "a Query for sources of a group", 3..=3),
            "SQ",
            "Group-and-Source-Specific Query",
            "query",
        )
    },
    KindRow {
        is_union: true,
        is_made: false,
        ..row(PacketKind::Report, "report", "any Membership Report", 1..=3)
    },
    KindRow {
        mld: None,
        ..marked(
            row(PacketKind::V1Report, "v1-report", "a Report of IGMPv1; of MLDv1 in IPv6", 1..=1),
            "R1",
            "v1 Report",
            "report",
        )
    },
    KindRow {
        aliases: &["group-report"],
        mld: Some("v1-report"),
        mld_aliases: &["group-report"],
        ..marked(
            row(
                PacketKind::V2Report,
                "v2-report",
                "a Report of IGMPv2; `group-report` also of MLDv1",
                2..=2,
            ),
            "R2",
            "v2 Report",
            "report",
        )
    },
    KindRow {
        aliases: &["source-report"],
        mld: Some("v2-report"),
        mld_aliases: &["source-report"],
        ..marked(
            row(
                PacketKind::V3Report,
                "v3-report",
                "a Report of IGMPv3; `v2-report` of MLDv2 in IPv6, and `source-report` of either",
                3..=3,
            ),
            "R3",
            "v3 Report",
            "report",
        )
    },
    KindRow {
        mld_aliases: &["done"],
        ..marked(
            row(PacketKind::Leave, "leave", "a Leave Group; in IPv6 a Done, also `done`", 2..=2),
            "L",
            "Leave",
            "leave",
        )
    },
    marked(of_pim(PacketKind::Hello, "hello", "a Hello of PIM"), "H", "PIM Hello", "other"),
    marked(
        of_pim(PacketKind::JoinPrune, "join-prune", "a Join/Prune of PIM"),
        "JP",
        "PIM Join/Prune",
        "report",
    ),
    marked(
        of_pim(PacketKind::Register, "register", "a Register of PIM with a datagram in it"),
        "Rg",
        "PIM Register",
        "other",
    ),
    marked(
        of_pim(PacketKind::NullRegister, "null-register", "a Null-Register of PIM"),
        "NR",
        "PIM Null-Register",
        "query",
    ),
    marked(
        of_pim(PacketKind::RegisterStop, "register-stop", "a Register-Stop of PIM"),
        "RS",
        "PIM Register-Stop",
        "leave",
    ),
    marked(
        of_pim(PacketKind::Assert, "assert", "an Assert of PIM with a metric"),
        "A",
        "PIM Assert",
        "report",
    ),
    marked(
        of_pim(
            PacketKind::AssertCancel,
            "assert-cancel",
            "an AssertCancel of PIM: the Assert of an infinite metric",
        ),
        "AC",
        "PIM AssertCancel",
        "leave",
    ),
    KindRow {
        versions: None,
        is_made: false,
        ..row(PacketKind::Data, "data", "a numbered datagram of a source", 0..=0)
    },
];
