//! Multicast Listener Queries of both versions.
//!
//! Owns RFC 2710 sections 3.4 and 3.6 and RFC 3810 section 5.1. Both versions share one type octet;
//! the length tells them apart (RFC3810-8.1-01).

use std::fmt;
use std::net::Ipv6Addr;
use std::time::Duration;

use super::{Head, MIN_LEN, Version};
use crate::time::Seconds;
use crate::wire::float::decode_float_16;
use crate::wire::v3::{QueryPart, describe};
use crate::wire::{Malformed, Unencodable};

/// The part of a Query from octet 24 on, which version 2 added.
pub type V2Query = QueryPart<Ipv6Addr>;

/// A Multicast Listener Query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Maximum Response Delay, in version 2 Maximum Response Code; its scale depends on the version.
    pub max_resp_code: u16,
    /// The group, or `::` in a General Query (RFC2710-3.6-01).
    pub group: Ipv6Addr,
    /// The fields that only a version 2 Query has.
    pub v2: Option<V2Query>,
}

impl Query {
    /// The version of the Query, in IGMP's numbering, if no octets trail it (RFC3810-8.1-01).
    #[must_use]
    pub const fn version(&self) -> Version {
        match self.v2 {
            Some(_) => Version::V3,
            None => Version::V2,
        }
    }

    /// Whether the Query is general (RFC2710-3.6-01).
    #[must_use]
    pub const fn is_general(&self) -> bool {
        self.group.is_unspecified()
    }

    /// How long listeners may take to answer: 0 s to 65.535 s in version 1 (RFC2710-3.4-01), to
    /// 8387.584 s in version 2 (RFC3810-5.1.3-01).
    #[must_use]
    pub const fn max_resp(&self) -> Duration {
        let millis = match self.v2 {
            Some(_) => decode_float_16(self.max_resp_code),
            None => self.max_resp_code as u32,
        };
        Duration::from_millis(millis as u64)
    }
}

/// Reads a Query whose first octets are `head`, and counts the octets that trail it.
pub(super) fn decode(
    head: Head,
    rest: &[u8],
    newest: Version,
) -> Result<(Query, usize), Malformed> {
    let query = Query { max_resp_code: head.delay, group: head.group, v2: None };
    // RFC3810-8.1-01: 28 octets make a version 2 Query. RFC2710-3.7-02 for an older reader,
    // RFC3810-8.1-02 for a Query shorter than 28 octets.
    let part = if newest >= Version::V3 { V2Query::decode(rest)? } else { None };
    Ok(match part {
        Some((v2, trailing)) => (Query { v2: Some(v2), ..query }, trailing),
        None => (query, rest.len()),
    })
}

/// Writes the fields of the Query after the checksum.
pub(super) fn encode(query: &Query, bytes: &mut Vec<u8>) -> Result<(), Unencodable> {
    bytes.reserve(MIN_LEN);
    bytes.extend(query.max_resp_code.to_be_bytes());
    bytes.extend([0, 0]); // RFC2710-3.5-01, RFC3810-5.1.4-01
    bytes.extend(query.group.octets());
    query.v2.as_ref().map_or(Ok(()), |v2| v2.encode(bytes))
}

impl fmt::Display for Query {
    /// As in `MLDv1 Query, general, max resp 10.000 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.v2.is_some() { "MLDv2 Query, " } else { "MLDv1 Query, " })?;
        let group = (!self.is_general()).then_some(self.group);
        describe(f, group, Some(Seconds(self.max_resp(), 3)), self.v2.as_ref())
    }
}
