//! Checks whether parameters agree with each other and fit into a message.
//!
//! Owns the limits of RFC 2236 section 8 and of the fields that carry the values.

use std::time::Duration;

use castnet::addr::Family;
use castnet::gmp::message::Version;

use super::Knobs;

/// The largest Query Interval that QQIC can encode (RFC3376-4.1.7-01).
const LONGEST_QUERY_INTERVAL: Duration = Duration::from_secs(31744);

/// Why parameters are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
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
    /// RFC2236-2.2-01: the field holds tenths of a second in one octet, and zero means version 1.
    #[error("{0} must be 0.1 s to 25.5 s, in whole tenths (RFC 2236 section 2.2)")]
    NotTenths(&'static str),
    /// RFC3376-4.1.7-01
    #[error("{0} must be at most 31744 s (RFC 3376 section 4.1.7)")]
    TooLong(&'static str),
    /// RFC3376-4.1.1-02: the largest value of version 3's code; zero has another meaning.
    #[error("{0} must be 0.1 s to 3174.4 s (RFC 3376 section 4.1.1)")]
    NotACode(&'static str),
    /// RFC2710-3.4-01: milliseconds in 16 bits, and zero asks for an answer at once.
    #[error("{0} must be 1 ms to 65.535 s, in whole milliseconds (RFC 2710 section 3.4)")]
    NotMillis(&'static str),
    /// RFC3810-5.1.3-01: the largest value of the code; zero asks for an answer at once.
    #[error("{0} must be 1 ms to 8387.584 s (RFC 3810 section 5.1.3)")]
    NotMillisCode(&'static str),
    /// With zero a router would send Queries without end.
    #[error("{0} must not be 0")]
    Zero(&'static str),
}

impl Invalid {
    /// The keys that the rule is about; the first of them that was written is at fault.
    #[must_use]
    pub fn keys(&self) -> Vec<&'static str> {
        match self {
            Self::Robustness => vec!["robustness"],
            Self::ResponseNotShorter => vec!["query-response-interval", "query-interval"],
            Self::LastMemberQueryCount => vec!["last-member-query-count"],
            Self::NotTenths(key)
            | Self::NotACode(key)
            | Self::NotMillis(key)
            | Self::NotMillisCode(key)
            | Self::TooLong(key) => vec![key],
            Self::Zero("startup-query-interval") => {
                vec!["startup-query-interval", "query-interval"]
            }
            Self::Zero(key) => vec![key],
        }
    }
}

impl Knobs {
    /// Checks the parameters against each other and against the limits of the messages.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), Invalid> {
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
            let (nanos, millis) = (interval.as_nanos(), interval.as_millis());
            let (fits, why) = match (self.family, self.version) {
                (Family::V4, Version::V1 | Version::V2) => {
                    let tenths = nanos % 100_000_000 == 0;
                    (tenths && (100..=25_500).contains(&millis), Invalid::NotTenths(name))
                }
                (Family::V4, Version::V3) => {
                    ((100..=3_174_400).contains(&millis), Invalid::NotACode(name))
                }
                (Family::V6, Version::V1 | Version::V2) => {
                    let whole = nanos % 1_000_000 == 0;
                    (whole && (1..=65_535).contains(&millis), Invalid::NotMillis(name))
                }
                (Family::V6, Version::V3) => {
                    ((1..=8_387_584).contains(&millis), Invalid::NotMillisCode(name))
                }
            };
            if !fits {
                return Err(why);
            }
        }
        Ok(())
    }
}
