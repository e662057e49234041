//! The level of a host (RFC 1112), its parameters (RFC 2236 sections 8.10 and 8.11, RFC 4604, RFC 5790), and how long
//! it repeats a Report.

use std::fmt;
use std::time::Duration;

use castnet::gmp::message::Version;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// A host's level of conformance to RFC 1112 (RFC1112-3-01, RFC1112-3-02).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Level {
    /// Level 0: it neither sends to groups nor joins them.
    None,
    /// Level 1: it sends to groups, and joins none.
    Sends,
    /// Level 2: all of it.
    #[default]
    Full,
}

impl Level {
    /// The levels by their numbers.
    pub const ALL: [Self; 3] = [Self::None, Self::Sends, Self::Full];

    /// Whether such a host sends to groups.
    #[must_use]
    pub fn sends(self) -> bool {
        self >= Self::Sends
    }

    /// Whether such a host joins groups, and so speaks IGMP.
    #[must_use]
    pub fn joins(self) -> bool {
        self == Self::Full
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "level {}", *self as u8)
    }
}

/// The parameters of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostKnobs {
    /// The version spoken unless a querier speaks an older one: 2 or 3.
    pub version: Version,
    /// Robustness Variable: how often an unsolicited Report is sent in all (RFC2236-3-18).
    pub robustness: u8,
    /// Unsolicited Report Interval, URI (RFC2236-8.10-01, RFC3376-8.11-01).
    pub unsolicited_report_interval: Duration,
    /// Version 1 Router Present Timeout (RFC2236-8.11-01).
    pub v1_router_present_timeout: Duration,
    /// Whether it leaves in silence if another host has reported last (RFC2236-3-20, RFC2710-4-17).
    pub silent_leaves: bool,
    /// Whether a host of version 3 excludes no sources (RFC 5790 section 4).
    pub lightweight: bool,
    /// Whether a host of version 3 refuses joins of a group of source-specific multicast that name no
    /// sources (RFC 4604 section 2).
    pub source_specific: bool,
    /// The range of source-specific multicast, if it is not IANA's (RFC4604-2-01).
    pub source_specific_range: Option<IpNet>,
    /// Whether a host of version 3 speaks an older version to an older querier (RFC9776-7.2.1-02).
    pub compatibility: bool,
}

impl HostKnobs {
    /// The defaults of the RFC of this version.
    #[must_use]
    pub const fn of(version: Version) -> Self {
        let unsolicited = if matches!(version, Version::V3) { 1 } else { 10 };
        Self {
            version,
            robustness: 2,
            unsolicited_report_interval: Duration::from_secs(unsolicited),
            v1_router_present_timeout: Duration::from_secs(400),
            silent_leaves: true, // RFC2710-4-18
            lightweight: false,
            source_specific: false,
            source_specific_range: None,
            compatibility: true,
        }
    }

    /// How long after a join the last unsolicited Report may be sent: each one follows the one before
    /// it within the Unsolicited Report Interval (RFC2236-3-18).
    #[must_use]
    pub fn longest_repetition(&self) -> Duration {
        self.unsolicited_report_interval * u32::from(self.robustness.saturating_sub(1))
    }
}
