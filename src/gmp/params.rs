//! The timers and counters of group management, with their defaults and derivations.
//!
//! Owns RFC 2236 section 8 and the same sections of RFC 3376 and RFC 9776. Every derived value of
//! the RFCs is a function here, so no configuration can contradict it; where the RFCs disagree, the
//! [`Profile`] decides.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::message::Version;
use crate::addr::Family;

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

/// The largest Query Interval that QQIC can encode (RFC3376-4.1.7-01).
const LONGEST_QUERY_INTERVAL: Duration = Duration::from_secs(31744);

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
            "version" version: Version = Version::V2;
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
            /// Whether the querier forgets a member or a source at its Leave, without a Query.
            "immediate-leave" immediate_leave: bool = false;
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

/// Why a set of parameters cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// RFC2236-8.1-01
    #[error("robustness must not be 0 (RFC 2236 section 8.1)")]
    Robustness,
    /// RFC2236-8.3-01
    #[error("query-response-interval must be shorter than query-interval (RFC 2236 section 8.3)")]
    ResponseNotShorter,
    /// With a count of zero no Query would be sent before members are dropped.
    #[error("last-member-query-count must not be 0")]
    LastMemberQueryCount,
    /// RFC2236-2.2-01: tenths of a second in one octet, and zero has another meaning.
    #[error("{0} must be 0.1 s to 25.5 s, in whole tenths (RFC 2236 section 2.2)")]
    NotTenths(&'static str),
    /// RFC3376-4.1.1-02: zero has another meaning, and this is the largest value of the code.
    #[error("{0} must be 0.1 s to 3174.4 s (RFC 3376 section 4.1.1)")]
    NotACode(&'static str),
    /// RFC2710-3.4-01: milliseconds in 16 bits, and zero asks for an answer at once.
    #[error("{0} must be 1 ms to 65.535 s (RFC 2710 section 3.4)")]
    NotMillis(&'static str),
    /// RFC3810-5.1.3-01: zero asks for an answer at once, and this is the largest value of the code.
    #[error("{0} must be 1 ms to 8387.584 s (RFC 3810 section 5.1.3)")]
    NotMillisCode(&'static str),
    /// RFC3376-4.1.7-01: the longest interval that a Query of any version can carry.
    #[error("{0} must be at most 31744 s (RFC 3376 section 4.1.7)")]
    TooLong(&'static str),
    /// MLD has two versions, which are [`Version::V2`] and [`Version::V3`].
    #[error("MLD has no version that corresponds to IGMPv1")]
    NoSuchVersion,
    /// With zero the router would send Queries without end.
    #[error("{0} must not be 0")]
    Zero(&'static str),
}

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

    /// Checks the parameters against each other and against the limits of the family's messages.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self, family: Family) -> Result<(), Invalid> {
        if family == Family::V6 && self.version == Version::V1 {
            return Err(Invalid::NoSuchVersion);
        }
        if self.robustness == 0 {
            return Err(Invalid::Robustness);
        }
        if self.query_response_interval >= self.query_interval {
            return Err(Invalid::ResponseNotShorter);
        }
        for (name, interval) in [
            ("query-interval", self.query_interval),
            ("startup-query-interval", self.startup_query_interval()),
        ] {
            if interval > LONGEST_QUERY_INTERVAL {
                return Err(Invalid::TooLong(name));
            }
        }
        if self.startup_query_interval().is_zero() {
            return Err(Invalid::Zero("startup-query-interval"));
        }
        if self.startup_query_count() == 0 {
            return Err(Invalid::Zero("startup-query-count"));
        }
        if self.last_member_query_count() == 0 {
            return Err(Invalid::LastMemberQueryCount);
        }
        if self.max_groups == 0 {
            return Err(Invalid::Zero("max-groups"));
        }
        for (name, interval) in [
            ("query-response-interval", self.query_response_interval),
            ("last-member-query-interval", self.last_member_query_interval),
        ] {
            self.check_max_response(family, name, interval)?;
        }
        Ok(())
    }

    /// Whether a Query of the family and version can carry the Max Response Time. Version 3 rounds
    /// down where its code is coarser (RFC3376-8.8-01).
    fn check_max_response(
        &self,
        family: Family,
        name: &'static str,
        time: Duration,
    ) -> Result<(), Invalid> {
        let (nanos, millis) = (time.as_nanos(), time.as_millis());
        let (fits, why) = match (family, self.version) {
            (Family::V4, Version::V1 | Version::V2) => {
                let tenths = nanos % 100_000_000 == 0;
                (tenths && (100..=25_500).contains(&millis), Invalid::NotTenths(name))
            }
            (Family::V4, Version::V3) => {
                ((100..=3_174_400).contains(&millis), Invalid::NotACode(name))
            }
            (Family::V6, Version::V1 | Version::V2) => {
                ((1..=65_535).contains(&millis), Invalid::NotMillis(name))
            }
            (Family::V6, Version::V3) => {
                ((1..=8_387_584).contains(&millis), Invalid::NotMillisCode(name))
            }
        };
        if fits { Ok(()) } else { Err(why) }
    }
}

/// The parameters of a host, as RFC 2236 section 8 names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostParams {
    /// The version spoken unless the querier speaks an older one (RFC3376-7.2.1-02): 2 or 3.
    pub version: Version,
    /// The RFC whose formulas apply in version 3.
    pub profile: Profile,
    /// Robustness Variable: how often an unsolicited Report is sent in all (RFC2236-3-18).
    pub robustness: u8,
    /// Unsolicited Report Interval, URI (RFC2236-8.10-01, RFC3376-8.11-01).
    pub unsolicited_report_interval: Duration,
    /// Version 1 Router Present Timeout of a version 2 host (RFC2236-8.11-01). In version 3 it follows
    /// from the Queries (RFC9776-8.12-01).
    pub v1_router_present_timeout: Duration,
}

impl HostParams {
    /// The defaults of the RFC of this version.
    #[must_use]
    pub const fn of(version: Version) -> Self {
        let interval = match version {
            Version::V1 | Version::V2 => 10,
            Version::V3 => 1,
        };
        Self {
            version,
            profile: Profile::Rfc9776,
            robustness: 2,
            unsolicited_report_interval: Duration::from_secs(interval),
            v1_router_present_timeout: Duration::from_secs(400),
        }
    }
}

impl Default for HostParams {
    fn default() -> Self {
        Self::of(Version::V2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: f64) -> Duration {
        Duration::from_secs_f64(secs)
    }

    // RFC2236-8.1-01 to RFC2236-8.9-01, RFC3376-8.10-01
    #[test]
    fn defaults_are_those_of_rfc_2236() {
        let params = Params::default();
        assert_eq!(params.check(Family::V4), Ok(()));
        assert_eq!(params.group_membership_interval(), secs(260.0));
        assert_eq!(params.other_querier_present_interval(), secs(255.0));
        assert_eq!(params.startup_query_interval(), secs(31.25));
        assert_eq!(params.startup_query_count(), 2);
        assert_eq!(params.last_member_query_count(), 2);
        assert_eq!(params.last_member_query_time(), secs(2.0));
        assert_eq!(params.older_host_present_interval(), secs(260.0));
    }

    // RFC9776-8.4-01, RFC9776-8.5-01, RFC9776-8.13-01
    #[test]
    fn rfc_9776_waits_for_a_second_response_interval() {
        let params = Params { profile: Some(Profile::Rfc9776), ..Params::default() };
        assert_eq!(params.group_membership_interval(), secs(270.0));
        assert_eq!(params.other_querier_present_interval(), secs(255.0));
        assert_eq!(params.older_host_present_interval(), secs(260.0));
    }

    // RFC2236-8.1-01, RFC2236-8.3-01, RFC2236-2.2-01: both sides of each limit.
    #[test]
    fn contradictions_are_refused() {
        let base = Params::default();
        let check = |params: Params| params.check(Family::V4);
        assert_eq!(check(Params { robustness: 0, ..base.clone() }), Err(Invalid::Robustness));
        assert_eq!(check(Params { robustness: 1, ..base.clone() }), Ok(()));
        let qri = |qri| Params { query_response_interval: secs(qri), ..base.clone() };
        assert_eq!(check(Params { query_interval: secs(10.1), ..qri(10.0) }), Ok(()));
        assert_eq!(
            check(Params { query_interval: secs(10.0), ..qri(10.0) }),
            Err(Invalid::ResponseNotShorter)
        );
        assert_eq!(check(qri(25.5)), Ok(()));
        for bad in [0.0, 0.05, 0.15, 25.6] {
            assert_eq!(check(qri(bad)), Err(Invalid::NotTenths("query-response-interval")));
        }
    }

    // RFC3376-4.1.1-02, RFC2710-3.4-01, RFC3810-5.1.3-01: the largest Max Response Time of each message.
    #[test]
    fn a_response_time_fits_the_message_of_family_and_version() {
        const KEY: &str = "query-response-interval";
        for (family, version, least, most, why) in [
            (Family::V4, Version::V3, 0.1, 3_174.4, Invalid::NotACode(KEY)),
            (Family::V6, Version::V2, 0.001, 65.535, Invalid::NotMillis(KEY)),
            (Family::V6, Version::V3, 0.001, 8_387.584, Invalid::NotMillisCode(KEY)),
        ] {
            let check = |qri| {
                let (query_response_interval, query_interval) = (secs(qri), secs(10_000.0));
                let params =
                    Params { version, query_response_interval, query_interval, ..<_>::default() };
                params.check(family)
            };
            assert_eq!([least, most].map(check), [Ok(()), Ok(())], "{family} {version}");
            let beyond = [least * 0.9, most + 0.001].map(check);
            assert_eq!(beyond, [Err(why), Err(why)], "{family} {version}");
        }
        let oldest = Params { version: Version::V1, ..Params::default() };
        assert_eq!(oldest.check(Family::V6), Err(Invalid::NoSuchVersion));
    }

    // RFC9776-8.4-01: a router of version 3 computes as RFC 9776 does, unless configured otherwise.
    #[test]
    fn the_version_decides_about_the_formulas_unless_they_are_configured() {
        let of = |version, profile| Params { version, profile, ..Params::default() }.profile();
        assert_eq!(of(Version::V1, None), Profile::Rfc2236);
        assert_eq!(of(Version::V2, None), Profile::Rfc2236);
        assert_eq!(of(Version::V3, None), Profile::Rfc9776);
        assert_eq!(of(Version::V3, Some(Profile::Rfc3376)), Profile::Rfc3376);
    }

    // RFC2236-8.10-01, RFC2236-8.11-01, RFC3376-8.11-01
    #[test]
    fn host_defaults_are_those_of_rfc_2236() {
        let params = HostParams::default();
        assert_eq!(params.unsolicited_report_interval, secs(10.0));
        assert_eq!(HostParams::of(Version::V3).unsolicited_report_interval, secs(1.0));
        assert_eq!(params.v1_router_present_timeout, secs(400.0));
    }
}
