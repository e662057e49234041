//! The kinds of packets that a scenario can count, strike or make.

mod rows;

use std::ops::RangeInclusive;
use std::time::Duration;

use castnet::addr::Family;
use castnet::gmp::message::Version;
use serde::{Deserialize, Serialize};

pub use rows::KINDS;
use rows::{ALIASES, ALL};

/// The kinds of packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum PacketKind {
    /// Any Membership Query.
    Query,
    /// A General Query.
    GeneralQuery,
    /// A Group-Specific Query.
    GroupSpecificQuery,
    /// A Group-and-Source-Specific Query.
    SourceQuery,
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
    /// A Hello of PIM.
    Hello,
    /// A Join/Prune of PIM.
    JoinPrune,
    /// A Register of PIM with a datagram in it.
    Register,
    /// A Null-Register of PIM.
    NullRegister,
    /// A Register-Stop of PIM.
    RegisterStop,
    /// An Assert of PIM.
    Assert,
    /// An AssertCancel of PIM, the Assert of an infinite metric.
    AssertCancel,
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
    /// As an author writes it in a run of IPv6; `None` if MLD has no such message.
    pub mld: Option<&'static str>,
    /// Other spellings there.
    pub mld_aliases: &'static [&'static str],
    /// The meaning, for the page.
    pub about: &'static str,
    /// The IGMP versions that such a message can have; `None` if it is no IGMP message.
    pub versions: Option<RangeInclusive<u64>>,
    /// Whether it contains other kinds, so that each of its packets has one of those kinds too.
    pub is_union: bool,
    /// Whether fields can describe it, so that an injector can make it.
    pub is_made: bool,
    /// Its mark on the page of a run; `None` for unions and datagrams, which have no mark.
    pub mark: Option<Mark>,
}

/// How the page of a run marks a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// One or two characters.
    pub letter: &'static str,
    /// The words of the legend.
    pub words: &'static str,
    /// The colour, by its name in the page's style sheet.
    pub colour: &'static str,
}

impl Mark {
    /// A mark with these characters, words of the legend and colour.
    #[must_use]
    pub const fn new(letter: &'static str, words: &'static str, colour: &'static str) -> Self {
        Self { letter, words, colour }
    }
}

/// Every spelling of every kind in a run of IPv4.
const SPELLINGS: [(&str, PacketKind); ALL + ALIASES] = {
    let (mut all, mut to, mut at) = ([("", PacketKind::Query); ALL + ALIASES], 0, 0);
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

/// The words of runs of IPv6 that runs of IPv4 do not have.
const MLD_ALONE: [&str; 1] = ["done"];

/// The words alone, of runs of both families.
pub const WORDS: [&str; SPELLINGS.len() + MLD_ALONE.len()] = {
    let (mut words, mut at) = ([MLD_ALONE[0]; SPELLINGS.len() + MLD_ALONE.len()], 0);
    while at < SPELLINGS.len() {
        words[at] = SPELLINGS[at].0;
        at += 1;
    }
    words
};

/// Every spelling of every kind in a run of the family, or in any run if the family is unknown.
#[must_use]
pub fn spellings(family: Option<Family>) -> Vec<(&'static str, PacketKind)> {
    let of = |family| {
        let words = KINDS
            .iter()
            .flat_map(move |row| row.spellings(family).map(move |word| (word, row.kind)));
        words.collect()
    };
    match family {
        Some(family) => of(family),
        None => [of(Family::V4), of(Family::V6)].concat(),
    }
}

const fn made() -> usize {
    let (mut count, mut at) = (0, 0);
    while at < SPELLINGS.len() {
        count += SPELLINGS[at].1.is_made() as usize;
        at += 1;
    }
    count
}

/// The words of kinds that fields can describe, of runs of both families.
pub const MADE: [&str; made() + MLD_ALONE.len()] = {
    let (mut words, mut to, mut at) = ([MLD_ALONE[0]; made() + MLD_ALONE.len()], 0, 0);
    while at < SPELLINGS.len() {
        if SPELLINGS[at].1.is_made() {
            words[to] = SPELLINGS[at].0;
            to += 1;
        }
        at += 1;
    }
    words
};

impl KindRow {
    /// The word that an author writes in a run of the family; `None` if it has no such packets.
    #[must_use]
    pub const fn word_in(&self, family: Family) -> Option<&'static str> {
        match family {
            Family::V4 => Some(self.word),
            Family::V6 => self.mld,
        }
    }

    /// All words that an author can write for it in a run of the family.
    pub fn spellings(&self, family: Family) -> impl Iterator<Item = &'static str> + use<> {
        let aliases = match family {
            Family::V4 => self.aliases,
            Family::V6 => self.mld_aliases,
        };
        self.word_in(family).into_iter().chain(aliases.iter().copied())
    }

    /// The versions of the protocol that such a message of the family can have; `None` if it is no
    /// message of group management.
    #[must_use]
    pub fn versions_in(&self, family: Family) -> Option<RangeInclusive<u64>> {
        let igmp = self.versions.clone()?;
        Some(match family {
            Family::V4 => igmp,
            // MLDv1 corresponds to IGMPv2.
            Family::V6 => igmp.start().saturating_sub(1).max(1)..=igmp.end() - 1,
        })
    }
}

impl PacketKind {
    /// Whether fields can describe such a packet, so that an injector can make it.
    #[must_use]
    pub const fn is_made(self) -> bool {
        KINDS[self as usize].is_made
    }

    /// Whether hosts send such packets, and routers do not.
    #[must_use]
    pub const fn is_of_host(self) -> bool {
        matches!(
            self,
            Self::Report | Self::V1Report | Self::V2Report | Self::V3Report | Self::Leave
        )
    }

    /// The row of this kind.
    #[must_use]
    pub fn row(self) -> &'static KindRow {
        // A test checks that the rows are in the order of the kinds.
        &KINDS[self as usize]
    }

    /// The word that an author writes in a run of the family.
    #[must_use]
    pub fn word(self, family: Family) -> &'static str {
        self.row().word_in(family).unwrap_or(self.row().word)
    }

    /// Whether it is a message of PIM.
    #[must_use]
    pub const fn is_pim(self) -> bool {
        matches!(self, Self::Hello | Self::JoinPrune) || self.is_register() || self.is_assert()
    }

    /// Whether it is a message between the first hop of a flow and its RP.
    #[must_use]
    pub const fn is_register(self) -> bool {
        matches!(self, Self::Register | Self::NullRegister | Self::RegisterStop)
    }

    /// Whether it says which router of a link forwards there.
    #[must_use]
    pub const fn is_assert(self) -> bool {
        matches!(self, Self::Assert | Self::AssertCancel)
    }

    /// Whether it is a Query.
    #[must_use]
    pub const fn is_query(self) -> bool {
        matches!(
            self,
            Self::Query | Self::GeneralQuery | Self::GroupSpecificQuery | Self::SourceQuery
        )
    }

    /// Whether each packet of that kind is one of this kind.
    #[must_use]
    pub const fn includes(self, other: Self) -> bool {
        match self {
            Self::Query => other.is_query(),
            Self::Report => {
                matches!(other, Self::Report | Self::V1Report | Self::V2Report | Self::V3Report)
            }
            _ => self as usize == other as usize,
        }
    }

    /// Whether it can be a version 3 Report.
    #[must_use]
    pub const fn is_v3_report(self) -> bool {
        matches!(self, Self::Report | Self::V3Report)
    }
}

/// The version of a Query without fields of version 3. In IGMP a zero Max Response Time makes it version 1
/// (RFC2236-4-01); in MLD zero asks for an answer at once (RFC2710-3.4-01).
#[must_use]
pub fn oldest_version(family: Family, max_resp: Duration) -> Version {
    if family == Family::V4 && max_resp.is_zero() { Version::V1 } else { Version::V2 }
}
