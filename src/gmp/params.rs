//! The timers and counters of group management, with their defaults and derivations.
//!
//! Owns RFC 2236 section 8 and the same sections of RFC 3376 and RFC 9776. Every derived value of
//! the RFCs is a function here, so no configuration can contradict it; where the RFCs disagree, the
//! [`Profile`] decides.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::message::Version;

/// The RFC whose formulas apply where its successors changed them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Profile {
    /// RFC 2236, IGMPv2.
    #[default]
    Rfc2236,
    /// RFC 3376, IGMPv3 of 2002.
    Rfc3376,
    /// RFC 9776, IGMPv3 of 2025 (STD 100).
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
            /// The RFC whose formulas apply: 2236, 3376 or 9776.
            "rfc" profile: Profile = Profile::Rfc2236;
            /// The version spoken, by administration: 1 or 2 (RFC2236-4-06, RFC2236-4-07).
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
            /// Whether a router of version 2 ignores version 1 messages (RFC2236-10-03).
            "ignore-version-1" ignore_version_1: bool = false;
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
    /// RFC3376-4.1.7-01: the longest interval that a Query of any version can carry.
    #[error("{0} must be at most 31744 s (RFC 3376 section 4.1.7)")]
    TooLong(&'static str),
    /// The router does not speak version 3 yet.
    #[error("version 3 is not spoken by routers yet")]
    NotSpoken,
    /// With zero the router would send Queries without end.
    #[error("{0} must not be 0")]
    Zero(&'static str),
}

impl Params {
    /// Group Membership Interval: RV x QI + QRI (RFC2236-8.4-01, RFC3376-8.4-01), or
    /// RV x QI + 2 x QRI (RFC9776-8.4-01).
    #[must_use]
    pub fn group_membership_interval(&self) -> Duration {
        let responses = match self.profile {
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

    /// Checks the parameters against each other and against the limits of the messages.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), Invalid> {
        if self.version == Version::V3 {
            return Err(Invalid::NotSpoken);
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
        for (name, interval) in [
            ("query-response-interval", self.query_response_interval),
            ("last-member-query-interval", self.last_member_query_interval),
        ] {
            let nanos = interval.as_nanos();
            if nanos == 0 || nanos % 100_000_000 != 0 || nanos > 25_500_000_000 {
                return Err(Invalid::NotTenths(name));
            }
        }
        Ok(())
    }
}

/// The parameters of a host, as RFC 2236 section 8 names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostParams {
    /// Robustness Variable: how often an unsolicited Report is sent in all (RFC2236-3-18).
    pub robustness: u8,
    /// Unsolicited Report Interval, URI (RFC2236-8.10-01).
    pub unsolicited_report_interval: Duration,
    /// Version 1 Router Present Timeout (RFC2236-8.11-01).
    pub v1_router_present_timeout: Duration,
}

impl Default for HostParams {
    fn default() -> Self {
        Self {
            robustness: 2,
            unsolicited_report_interval: Duration::from_secs(10),
            v1_router_present_timeout: Duration::from_secs(400),
        }
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
        assert_eq!(params.check(), Ok(()));
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
        let params = Params { profile: Profile::Rfc9776, ..Params::default() };
        assert_eq!(params.group_membership_interval(), secs(270.0));
        assert_eq!(params.other_querier_present_interval(), secs(255.0));
        assert_eq!(params.older_host_present_interval(), secs(260.0));
    }

    // RFC2236-8.1-01, RFC2236-8.3-01, RFC2236-2.2-01: both sides of each limit.
    #[test]
    fn contradictions_are_refused() {
        let base = Params::default();
        let check = |params: Params| params.check();
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

    // RFC2236-8.10-01, RFC2236-8.11-01
    #[test]
    fn host_defaults_are_those_of_rfc_2236() {
        let params = HostParams::default();
        assert_eq!(params.unsolicited_report_interval, secs(10.0));
        assert_eq!(params.v1_router_present_timeout, secs(400.0));
    }
}
