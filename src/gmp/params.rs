//! The timers and counters of group management, with their defaults and derivations.
//!
//! Owns RFC 2236 section 8 and the same sections of RFC 3376 and RFC 9776. Every derived value of
//! the RFCs is a function here, so no configuration can contradict it; where the RFCs disagree, the
//! [`Profile`] decides.

mod check;
mod host;

#[cfg(test)]
mod tests;

use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

pub use check::Invalid;
pub use host::HostParams;

use super::message::Version;

/// The RFC whose formulas apply where its successors changed them. MLD's RFC beside each one has
/// equal formulas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Profile {
    /// RFC 2236, IGMPv2; RFC 2710, MLDv1.
    Rfc2236,
    /// RFC 3376, IGMPv3 of 2002; RFC 3810, MLDv2 of 2004.
    Rfc3376,
    /// RFC 9776, IGMPv3 of 2025 (STD 100); RFC 9777, MLDv2 of 2025 (STD 101).
    Rfc9776,
}

/// Hands every parameter of a router to the macro `$make`, one row each: what it is, the key by
/// which it is configured, its field of [`Params`], its type and its default.
///
/// The rows make [`Params`] here, and in the daemon the settings of a configuration file.
macro_rules! parameters {
    ($make:ident) => {
        $make! {
            /// The RFC whose formulas apply: 2236, 3376 or 9776; where `None`, 9776 in version 3 and
            /// 2236 before.
            "rfc" profile: Option<Profile> = None;
            /// The version spoken, by administration: 1, 2 or 3 (RFC2236-4-06, RFC3376-7.3.1-01).
            "version" version: Version = Version::V3;
            /// Robustness Variable, RV (RFC2236-8.1-01).
            "robustness" robustness: u8 = 2;
            /// Query Interval, QI (RFC2236-8.2-01).
            "query-interval" query_interval: Duration = Duration::from_secs(125);
            /// Query Response Interval, QRI (RFC2236-8.3-01).
            "query-response-interval" query_response_interval: Duration = Duration::from_secs(10);
            /// Startup Query Interval, SQI; derived where `None` (RFC2236-8.6-01).
            "startup-query-interval" startup_query_interval: Option<Duration> = None;
            /// Startup Query Count, SQC; derived where `None` (RFC2236-8.7-01).
            "startup-query-count" startup_query_count: Option<u8> = None;
            /// Last Member Query Interval, LMQI (RFC2236-8.8-01).
            "last-member-query-interval" last_member_query_interval: Duration =
                Duration::from_secs(1);
            /// Last Member Query Count, LMQC; derived where `None` (RFC2236-8.9-01).
            "last-member-query-count" last_member_query_count: Option<u8> = None;
            /// Whether Reports and Leaves without Router Alert are ignored (RFC2236-10-02).
            "require-router-alert" require_router_alert: bool = false;
            /// Whether a router of version 2 or 3 ignores version 1 messages (RFC2236-10-03).
            "ignore-version-1" ignore_version_1: bool = false;
            /// Whether Reports and Leaves are ignored whose source is on no network of the link, except
            /// 0.0.0.0 (RFC2236-10-01, RFC3376-9.2-01). Such Queries are always ignored.
            "verify-source-subnet" verify_source_subnet: bool = false;
            /// Whether Reports and Leaves with another TTL than 1 are ignored. Such Queries are always
            /// ignored.
            "require-ttl-1" require_ttl_1: bool = false;
            /// Whether messages to an address of the router count, as RFC3376-4.1.12-02 and
            /// RFC3376-4.2.14-02 demand; a router far away can send such a message.
            "accept-unicast" accept_unicast: bool = false;
            /// Whether a router of version 3 ignores messages without wanted sources about groups of
            /// source-specific multicast (RFC4604-3.1-01).
            "source-specific" source_specific: bool = true;
            /// The range of source-specific multicast, if it is not IANA's (RFC4604-2-01).
            "source-specific-range" source_specific_range: Option<IpNet> = None;
            /// Whether a router of version 3 keeps no lists of excluded sources (RFC 5790 section 5).
            "lightweight" lightweight: bool = false;
            /// Whether the querier forgets a member or a source at its Leave, without a Query.
            "immediate-leave" immediate_leave: bool = false;
            /// Whether the router sends no Query on the link: it learns of members by what they answer to
            /// another querier, or say unasked.
            "passive" passive: bool = false;
            /// The most groups with members on the link; a Report of another group is ignored.
            "max-groups" max_groups: u32 = 16_384;
            /// The most sources of all groups of the link; a record that would add to them is ignored.
            "max-group-sources" max_group_sources: u32 = 65_536;
            /// The most sources of a group; a record that would add to them is ignored.
            "max-sources" max_sources: u32 = 1_024;
        }
    };
}
#[cfg(feature = "linux")]
pub(crate) use parameters;

macro_rules! params {
    ($($(#[$about:meta])+ $key:literal $field:ident: $type:ty = $default:expr;)+) => {
        /// The parameters of a router on one link, as RFC 2236 section 8 names them.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub struct Params {
            $($(#[$about])+ pub $field: $type,)+
        }

        impl Default for Params {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }
    };
}

parameters!(params);

impl Params {
    /// The RFC whose formulas apply.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.profile.unwrap_or(match self.version {
            Version::V1 | Version::V2 => Profile::Rfc2236,
            Version::V3 => Profile::Rfc9776,
        })
    }

    /// Group Membership Interval: RV x QI + QRI (RFC2236-8.4-01, RFC3376-8.4-01), or
    /// RV x QI + 2 x QRI (RFC9776-8.4-01).
    #[must_use]
    pub fn group_membership_interval(&self) -> Duration {
        let responses = match self.profile() {
            Profile::Rfc2236 | Profile::Rfc3376 => self.query_response_interval,
            Profile::Rfc9776 => self.query_response_interval * 2,
        };
        self.query_interval * u32::from(self.robustness) + responses
    }

    /// Other Querier Present Interval: RV x QI + QRI / 2 (RFC2236-8.5-01).
    #[must_use]
    pub fn other_querier_present_interval(&self) -> Duration {
        self.query_interval * u32::from(self.robustness) + self.query_response_interval / 2
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

    /// How long a group counts as having members that speak an older version: the Group Membership
    /// Interval (RFC2236-5-02), which RFC 9776 keeps at RV x QI + QRI (RFC9776-8.13-01).
    #[must_use]
    pub fn older_host_present_interval(&self) -> Duration {
        self.query_interval * u32::from(self.robustness) + self.query_response_interval
    }
}
