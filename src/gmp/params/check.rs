//! Whether the parameters of a router agree with each other and fit into its messages.
//!
//! Owns the limits of RFC 2236 section 8 and of the fields that carry the values, by family and version.

use std::time::Duration;

use super::Params;
use crate::addr::Family;
use crate::gmp::message::Version;

/// The largest Query Interval that QQIC can encode (RFC3376-4.1.7-01).
const LONGEST_QUERY_INTERVAL: Duration = Duration::from_secs(31744);

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
