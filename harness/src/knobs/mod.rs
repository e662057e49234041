//! The parameters of group management and the RFCs' arithmetic, computed by the laboratory itself.
//!
//! Owns section 8 of RFC 2236, RFC 3376 and RFC 9776, section 7 of RFC 2710, and section 9 of RFC 3810
//! and RFC 9777, which have the same formulas, for all code that plans, judges or compares. A
//! device under test never supplies a formula here: a device that computes an interval wrongly must
//! not move the claim about that interval. [`crate::device`] translates these parameters into the
//! configuration of a device.

mod check;
mod dialect;
mod host;
mod interval;
mod parameter;
mod pim;
mod switch;

#[cfg(test)]
mod tests;

use std::time::Duration;

use castnet::addr::Family;
use castnet::gmp::message::Version;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

pub use check::Invalid;
pub use dialect::{Dialect, WORDS, fixed_in_mld, rfc};
pub use host::{HostKnobs, Level};
pub use interval::{INTERVALS, Interval, Quantity, interval, interval_word};
pub use parameter::{Changes, Parameter, Setting, Slot};
pub use pim::{PimKnobs, RouteCost, pim_keys};
pub use switch::{BridgeKnobs, DEFAULT_HASH_MAX, SwitchKnobs, switch_version};

use crate::vocabulary::key::Default::{Flag as Yes, Number, Text};
use crate::vocabulary::key::Form::{Flag, Network, Numbers, Time, Whole};
use crate::vocabulary::key::Key;

/// The RFC whose formulas apply where its successors changed them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Revision {
    /// RFC 2236, IGMPv2; RFC 2710, MLDv1.
    Rfc2236,
    /// RFC 3376, IGMPv3 of 2002; RFC 3810, MLDv2 of 2004.
    Rfc3376,
    /// RFC 9776, IGMPv3 of 2025 (STD 100); RFC 9777, MLDv2 of 2025 (STD 101).
    Rfc9776,
}

impl Revision {
    /// The numbers of IGMP's RFCs, and what each stands for.
    pub const NUMBERS: [(u32, Self); 3] =
        [(2236, Self::Rfc2236), (3376, Self::Rfc3376), (9776, Self::Rfc9776)];
}

/// The parameters of a router, or of a switch that queries, on one link (RFC 2236 section 8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Knobs {
    /// The family, and so the protocol: IGMP, or MLD, whose versions 1 and 2 are [`Version::V2`] and
    /// [`Version::V3`].
    pub family: Family,
    /// The RFC whose formulas apply; derived where `None`.
    pub revision: Option<Revision>,
    /// The version spoken, by administration (RFC2236-4-06).
    pub version: Version,
    /// Robustness Variable, RV (RFC2236-8.1-01).
    pub robustness: u8,
    /// Query Interval, QI (RFC2236-8.2-01).
    pub query_interval: Duration,
    /// Query Response Interval, QRI (RFC2236-8.3-01).
    pub query_response_interval: Duration,
    /// Startup Query Interval, SQI; derived where `None`.
    pub startup_query_interval: Option<Duration>,
    /// Startup Query Count, SQC; derived where `None`.
    pub startup_query_count: Option<u8>,
    /// Last Member Query Interval, LMQI (RFC2236-8.8-01).
    pub last_member_query_interval: Duration,
    /// Last Member Query Count, LMQC; derived where `None`.
    pub last_member_query_count: Option<u8>,
    /// Whether Reports and Leaves without Router Alert are ignored (RFC2236-10-02).
    pub require_router_alert: bool,
    /// Whether a router of version 2 or 3 ignores version 1 messages (RFC2236-10-03).
    pub ignore_version_1: bool,
    /// Whether Reports and Leaves from other networks are ignored (RFC2236-10-01).
    pub verify_source_subnet: bool,
    /// Whether Reports and Leaves with another TTL than 1 are ignored (RFC2236-2-02).
    pub require_ttl_1: bool,
    /// Whether messages to an address of the router count (RFC3376-4.1.12-02).
    pub accept_unicast: bool,
    /// Whether a router of version 3 ignores messages without wanted sources about groups of
    /// source-specific multicast (RFC4604-3.1-01).
    pub source_specific: bool,
    /// The range of source-specific multicast, if it is not IANA's (RFC4604-2-01).
    pub source_specific_range: Option<IpNet>,
    /// Whether a router of version 3 keeps no lists of excluded sources (RFC5790-5.3-01).
    pub lightweight: bool,
    /// Whether a member is forgotten at its Leave, without a Query.
    pub immediate_leave: bool,
    /// Whether the router sends no Query.
    pub passive: bool,
    /// The most groups of the link.
    pub max_groups: u32,
    /// The most sources of all groups of the link.
    pub max_group_sources: u32,
    /// The most sources of a group.
    pub max_sources: u32,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            family: Family::V4,
            revision: None,
            version: Version::V3,
            robustness: 2,
            query_interval: Duration::from_secs(125),
            query_response_interval: Duration::from_secs(10),
            startup_query_interval: None,
            startup_query_count: None,
            last_member_query_interval: Duration::from_secs(1),
            last_member_query_count: None,
            require_router_alert: false,
            ignore_version_1: false,
            verify_source_subnet: false,
            require_ttl_1: false,
            accept_unicast: false,
            source_specific: true,
            source_specific_range: None,
            lightweight: false,
            immediate_leave: false,
            passive: false,
            max_groups: 16_384,
            max_group_sources: 65_536,
            max_sources: 1_024,
        }
    }
}

impl Knobs {
    /// The defaults of the family's protocol, in its newest version.
    #[must_use]
    pub fn of(family: Family) -> Self {
        Self { family, ..Self::default() }
    }

    /// The defaults of a Linux bridge, which computes as version 2 does whatever it asks in: members last
    /// 260 s (net/bridge/br_multicast.c).
    #[must_use]
    pub fn of_a_bridge(family: Family) -> Self {
        Self { version: Version::V2, ..Self::of(family) }
    }

    /// Takes the RFCs' defaults for all intervals; counts stay.
    pub fn take_default_timers(&mut self) {
        let Self { query_interval, query_response_interval, last_member_query_interval, .. } =
            Self::default();
        self.query_interval = query_interval;
        self.query_response_interval = query_response_interval;
        self.last_member_query_interval = last_member_query_interval;
        self.startup_query_interval = None;
    }

    /// The RFC whose formulas apply.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision.unwrap_or(match self.version {
            Version::V1 | Version::V2 => Revision::Rfc2236,
            Version::V3 => Revision::Rfc9776,
        })
    }

    /// Group Membership Interval: RV x QI + QRI (RFC2236-8.4-01, RFC3376-8.4-01), or
    /// RV x QI + 2 x QRI (RFC9776-8.4-01).
    #[must_use]
    pub fn group_membership_interval(&self) -> Duration {
        self.query_interval * u32::from(self.robustness)
            + self.query_response_interval * self.responses_awaited()
    }

    /// The number of Query Response Intervals by which a membership outlasts the last Query.
    fn responses_awaited(&self) -> u32 {
        match self.revision() {
            Revision::Rfc2236 | Revision::Rfc3376 => 1,
            Revision::Rfc9776 => 2,
        }
    }

    /// Other Querier Present Interval: RV x QI + QRI / 2 (RFC2236-8.5-01).
    #[must_use]
    pub fn other_querier_present_interval(&self) -> Duration {
        self.query_interval * u32::from(self.robustness) + self.query_response_interval / 2
    }

    /// Older Host Present Interval: RV x QI + QRI, in RFC 9776 too (RFC2236-5-02, RFC3376-8.13-01,
    /// RFC9776-8.13-01).
    #[must_use]
    pub fn older_host_present_interval(&self) -> Duration {
        self.query_interval * u32::from(self.robustness) + self.query_response_interval
    }

    /// Startup Query Interval: QI / 4 unless configured (RFC2236-8.6-01).
    #[must_use]
    pub fn startup_query_interval(&self) -> Duration {
        self.startup_query_interval.unwrap_or(self.query_interval / 4)
    }

    /// Startup Query Count: RV unless configured (RFC2236-8.7-01).
    #[must_use]
    pub fn startup_query_count(&self) -> u8 {
        self.startup_query_count.unwrap_or(self.robustness)
    }

    /// Last Member Query Count: RV unless configured (RFC2236-8.9-01).
    #[must_use]
    pub fn last_member_query_count(&self) -> u8 {
        self.last_member_query_count.unwrap_or(self.robustness)
    }

    /// Last Member Query Time: LMQI x LMQC (RFC2236-7-10, RFC3376-8.10-01).
    #[must_use]
    pub fn last_member_query_time(&self) -> Duration {
        self.last_member_query_interval * u32::from(self.last_member_query_count())
    }
}

/// The largest number that a limit can be.
const LIMIT: u64 = u32::MAX as u64;

/// The parameters that an author can give, in the order of RFC 2236 section 8.
pub static PARAMETERS: [Parameter; 22] = [
    Parameter {
        key: Key::new(
            "rfc",
            Numbers(&[2236, 3376, 9776]),
            "Whose formulas apply: 2236, 3376 or 9776; else 9776 in version 3, and 2236 before.",
        ),
        slot: |knobs| Slot::Revision(&mut knobs.revision),
    },
    Parameter {
        key: Key::new("version", Numbers(&[1, 2, 3]), "The version spoken: 1, 2 or 3.")
            .or(Number(3)),
        slot: |knobs| Slot::Version(&mut knobs.version),
    },
    Parameter {
        key: Key::new("robustness", Whole(1, 255), "`RV`, the Robustness Variable.").or(Number(2)),
        slot: |knobs| Slot::Count(&mut knobs.robustness),
    },
    Parameter {
        key: Key::new("query-interval", Time, "`QI`: from one General Query to the next.")
            .or(Text("125s")),
        slot: |knobs| Slot::Time(&mut knobs.query_interval),
    },
    Parameter {
        key: Key::new(
            "query-response-interval",
            Time,
            "`QRI`: the Max Response Time of General Queries.",
        )
        .or(Text("10s")),
        slot: |knobs| Slot::Time(&mut knobs.query_response_interval),
    },
    Parameter {
        key: Key::new(
            "startup-query-interval",
            Time,
            "`SQI`: between the first Queries; else QI / 4.",
        ),
        slot: |knobs| Slot::DerivedTime(&mut knobs.startup_query_interval),
    },
    Parameter {
        key: Key::new("startup-query-count", Whole(1, 255), "`SQC`: how many of them; else RV."),
        slot: |knobs| Slot::DerivedCount(&mut knobs.startup_query_count),
    },
    Parameter {
        key: Key::new("last-member-query-interval", Time, "`LMQI`: between Queries after a Leave.")
            .spelt(&["last-listener-query-interval"])
            .or(Text("1s")),
        slot: |knobs| Slot::Time(&mut knobs.last_member_query_interval),
    },
    Parameter {
        key: Key::new(
            "last-member-query-count",
            Whole(1, 255),
            "`LMQC`: how many of them; else RV.",
        )
        .spelt(&["last-listener-query-count"]),
        slot: |knobs| Slot::DerivedCount(&mut knobs.last_member_query_count),
    },
    Parameter {
        key: Key::new(
            "require-router-alert",
            Flag,
            "Whether Reports and Leaves without Router Alert are ignored.",
        )
        .or(Yes(false)),
        slot: |knobs| Slot::Flag(&mut knobs.require_router_alert),
    },
    Parameter {
        key: Key::new(
            "ignore-version-1",
            Flag,
            "Whether a router of version 2 or 3 ignores version 1 messages.",
        )
        .or(Yes(false)),
        slot: |knobs| Slot::Flag(&mut knobs.ignore_version_1),
    },
    Parameter {
        key: Key::new(
            "verify-source-subnet",
            Flag,
            "Whether Reports and Leaves from other networks than the link's are ignored.",
        )
        .or(Yes(false)),
        slot: |knobs| Slot::Flag(&mut knobs.verify_source_subnet),
    },
    Parameter {
        key: Key::new(
            "require-ttl-1",
            Flag,
            "Whether Reports and Leaves with another TTL than 1 are ignored.",
        )
        .or(Yes(false)),
        slot: |knobs| Slot::Flag(&mut knobs.require_ttl_1),
    },
    Parameter {
        key: Key::new(
            "accept-unicast",
            Flag,
            "Whether messages to an address of the router count.",
        )
        .or(Yes(false)),
        slot: |knobs| Slot::Flag(&mut knobs.accept_unicast),
    },
    Parameter {
        key: Key::new(
            "source-specific",
            Flag,
            "Whether version 3 (of MLD: 2) ignores joins of all sources of a group of 232.0.0.0/8 or ff3x::/32.",
        )
        .or(Yes(true)),
        slot: |knobs| Slot::Flag(&mut knobs.source_specific),
    },
    Parameter {
        key: Key::new(
            "source-specific-range",
            Network,
            "The range of groups of source-specific multicast; by default that of IANA.",
        ),
        slot: |knobs| Slot::Range(&mut knobs.source_specific_range),
    },
    Parameter {
        key: Key::new(
            "lightweight",
            Flag,
            "Whether version 3 (of MLD: 2) keeps no lists of excluded sources (RFC 5790).",
        )
        .or(Yes(false)),
        slot: |knobs| Slot::Flag(&mut knobs.lightweight),
    },
    Parameter {
        key: Key::new(
            "immediate-leave",
            Flag,
            "Whether a member is forgotten at its Leave, without a Query.",
        )
        .or(Yes(false)),
        slot: |knobs| Slot::Flag(&mut knobs.immediate_leave),
    },
    Parameter {
        key: Key::new(
            "passive",
            Flag,
            "Whether the router sends no Query, and learns of members beside another querier.",
        )
        .or(Yes(false)),
        slot: |knobs| Slot::Flag(&mut knobs.passive),
    },
    Parameter {
        key: Key::new("max-groups", Whole(1, LIMIT), "The most groups with members on a link; those that never leave a link count apart, up to as many.")
            .or(Number(16_384)),
        slot: |knobs| Slot::Limit(&mut knobs.max_groups),
    },
    Parameter {
        key: Key::new(
            "max-group-sources",
            Whole(0, LIMIT),
            "The most sources of all groups on a link.",
        )
        .or(Number(65_536)),
        slot: |knobs| Slot::Limit(&mut knobs.max_group_sources),
    },
    Parameter {
        key: Key::new("max-sources", Whole(0, LIMIT), "The most sources of a group.")
            .or(Number(1_024)),
        slot: |knobs| Slot::Limit(&mut knobs.max_sources),
    },
];
