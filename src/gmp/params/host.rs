//! The parameters of a host, as RFC 2236 sections 8.10 and 8.11, RFC 2710 section 7.10 and RFC 9776
//! section 8 name them.

use std::time::Duration;

use ipnet::IpNet;

use super::Profile;
use crate::gmp::message::Version;

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
    /// Whether the host leaves a group in silence if another host has reported it last
    /// (RFC2236-3-20, RFC2710-4-17).
    pub silent_leaves: bool,
    /// Whether a host of version 3 excludes no sources and reports like one of RFC 5790.
    pub lightweight: bool,
    /// Whether a host of version 3 refuses joins of a group of source-specific multicast that name no
    /// sources, and Queries about one of an older version (RFC 4604 section 2).
    pub source_specific: bool,
    /// The range of source-specific multicast, if it is not IANA's (RFC4604-2-01).
    pub source_specific_range: Option<IpNet>,
    /// Whether a host of version 3 speaks an older version to an older querier (RFC9776-7.2.1-02).
    pub compatibility: bool,
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
            silent_leaves: true, // RFC2710-4-18
            lightweight: false,
            source_specific: false,
            source_specific_range: None,
            compatibility: true,
        }
    }
}

impl Default for HostParams {
    fn default() -> Self {
        Self::of(Version::V2)
    }
}
