//! The versions of group management, of IGMP and MLD alike.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A version, in IGMP's numbering and in historical order: MLDv1 is [`Version::V2`], MLDv2 is
/// [`Version::V3`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Version {
    /// IGMPv1 (RFC 1112): Query and Report. MLD has no such version.
    V1,
    /// IGMPv2 (RFC 2236) and MLDv1 (RFC 2710): also Leave (Done), Group-Specific Query and a Max
    /// Response Time.
    V2,
    /// IGMPv3 (RFC 9776) and MLDv2 (RFC 9777): also source lists.
    V3,
}

impl fmt::Display for Version {
    /// `v2`, in IGMP's numbering.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
            Self::V3 => "v3",
        })
    }
}
