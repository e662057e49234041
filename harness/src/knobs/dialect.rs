//! The tables of parameters: `igmp`, `mld`, and `membership` for whichever of the two protocols a run
//! speaks.
//!
//! Owns how each of them writes a version and an RFC. MLD's versions 1 and 2 correspond to versions 2
//! and 3 of IGMP, and its RFCs to those of IGMP with equal formulas (RFC 2710 section 7, RFC 3810
//! section 9, RFC 9777 section 9). Refuses the keys for which MLD has a fixed rule.

use castnet::addr::Family;

use super::{PARAMETERS, Setting};
use crate::vocabulary::key::Default::{Number, Text};
use crate::vocabulary::key::Form::{Numbers, Words};
use crate::vocabulary::key::{Key, Keys};

/// A table of parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `igmp`, in a run of IPv4.
    Igmp,
    /// `mld`, in a run of IPv6.
    Mld,
    /// `membership`, in any run.
    Membership,
}

/// The numbers of RFCs, each with the number of IGMP's RFC with the same formulas.
const RFCS: [(u32, u32); 6] =
    [(2236, 2236), (3376, 3376), (9776, 9776), (2710, 2236), (3810, 3376), (9777, 9776)];

/// The words of versions, each with IGMP's number.
const VERSIONS: [(&str, u32); 2] = [(WORDS[0], 2), (WORDS[1], 3)];

/// What a host of each version can join: groups (IGMPv2, MLDv1), or sources of groups as well (IGMPv3,
/// MLDv2).
pub const WORDS: [&str; 2] = ["groups", "sources"];

/// The rows of the parameters, with these rows for the RFC and the version; MLD's spellings are other
/// spellings of IGMP's.
const fn keys(rfc: Key, version: Key) -> [Key; PARAMETERS.len()] {
    let (mut keys, mut at) = ([rfc; PARAMETERS.len()], 2);
    keys[1] = version;
    while at < keys.len() {
        keys[at] = PARAMETERS[at].key;
        at += 1;
    }
    keys
}

static IGMP: Keys = &[&{
    let (mut keys, mut at) = (keys(PARAMETERS[0].key, PARAMETERS[1].key), 0);
    while at < keys.len() {
        keys[at] = keys[at].spelt(&[]);
        at += 1;
    }
    keys
}];

static MLD: Keys = &[&keys(
    Key::new(
        "rfc",
        Numbers(&[2710, 3810, 9777]),
        "Whose formulas apply: 2710, 3810 or 9777; else 9777 in version 2, and 2710 before.",
    ),
    Key::new("version", Numbers(&[1, 2]), "The version spoken: 1 or 2.").or(Number(2)),
)];

static MEMBERSHIP: Keys = &[&keys(
    Key::new(
        "rfc",
        Numbers(&[2236, 3376, 9776, 2710, 3810, 9777]),
        "Whose formulas apply, by the number of an RFC of the protocol that the run speaks.",
    ),
    Key::new("version", Words(&WORDS), "The version spoken: IGMPv2 or MLDv1, or IGMPv3 or MLDv2.")
        .or(Text(WORDS[1])),
)];

impl Dialect {
    /// All tables.
    pub const ALL: [Self; 3] = [Self::Igmp, Self::Mld, Self::Membership];

    /// The key of the table.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Igmp => "igmp",
            Self::Mld => "mld",
            Self::Membership => "membership",
        }
    }

    /// The family in whose runs the table has a meaning; `None` if it is any.
    #[must_use]
    pub const fn family(self) -> Option<Family> {
        match self {
            Self::Igmp => Some(Family::V4),
            Self::Mld => Some(Family::V6),
            Self::Membership => None,
        }
    }

    /// The table of a family alone.
    #[must_use]
    pub const fn of(family: Family) -> Self {
        match family {
            Family::V4 => Self::Igmp,
            Family::V6 => Self::Mld,
        }
    }

    /// The rows of the table's keys.
    #[must_use]
    pub fn keys(self) -> Keys {
        match self {
            Self::Igmp => IGMP,
            Self::Mld => MLD,
            Self::Membership => MEMBERSHIP,
        }
    }

    /// The row of a key of [`PARAMETERS`], as the table has it.
    #[must_use]
    pub fn key(self, name: &str) -> Option<&'static Key> {
        self.keys().iter().copied().flatten().find(|key| key.name == name)
    }

    /// IGMP's number for a version that the table writes as this number.
    #[must_use]
    pub const fn version(self, written: u32) -> u32 {
        match self {
            Self::Igmp | Self::Membership => written,
            Self::Mld => written + 1,
        }
    }

    /// How the table writes this value of a parameter.
    #[must_use]
    pub fn writes(self, key: &str, value: Setting) -> Setting {
        match (self, key, value) {
            (Self::Mld, "version", Setting::Whole(version)) => {
                Setting::Whole(version.saturating_sub(1))
            }
            (Self::Mld, "rfc", Setting::Whole(number)) => {
                let alike = RFCS.iter().find(|(of, igmp)| of != igmp && *igmp == number);
                Setting::Whole(alike.map_or(number, |(of, _)| *of))
            }
            _ => value,
        }
    }

    /// IGMP's number for a version that `membership` writes as this word.
    #[must_use]
    pub fn version_word(written: &str) -> Option<u32> {
        VERSIONS.iter().find(|(word, _)| *word == written).map(|(_, version)| *version)
    }
}

/// The family of an RFC with this number, and the number of IGMP's RFC with the same formulas.
#[must_use]
pub fn rfc(number: u32) -> Option<(Family, u32)> {
    let (of, igmp) = RFCS.iter().find(|(known, _)| *known == number)?;
    Some((if of == igmp { Family::V4 } else { Family::V6 }, *igmp))
}

/// The rule that MLD has instead of a parameter, which stands for the key.
#[must_use]
pub fn fixed_in_mld(key: &str) -> Option<&'static str> {
    match key {
        // RFC2710-3-01, RFC3810-7.4-01
        "require-router-alert" => Some("a message without Router Alert is always ignored"),
        // RFC3810-7.4-01
        "require-ttl-1" => Some("a message with another hop limit than 1 is always ignored"),
        // RFC3810-5.2.13-02
        "verify-source-subnet" => Some("a message from elsewhere than the link is always ignored"),
        "ignore-version-1" => Some("its version 1 corresponds to IGMPv2"),
        _ => None,
    }
}
