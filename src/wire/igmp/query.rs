//! Membership Queries of all versions.
//!
//! Owns RFC 2236 sections 2.2 and 2.4 and RFC 3376 section 4.1. The three versions share one type
//! octet; length and Max Resp Code tell them apart (RFC 3376 section 7.1).

use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::time::Seconds;
use crate::wire::float::decode_float;
use crate::wire::v3::{QueryPart, describe};
use crate::wire::{Malformed, Unencodable};

use super::Version;

/// The part of a Query from octet 8 on, which version 3 added.
pub type V3Query = QueryPart<Ipv4Addr>;

/// A Membership Query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Max Resp Code; its unit and scale depend on the version. Zero in a v1 Query.
    pub max_resp_code: u8,
    /// The group, or 0.0.0.0 in a General Query (RFC2236-2.4-01, RFC3376-4.1.3-01).
    pub group: Ipv4Addr,
    /// The fields that only a v3 Query has.
    pub v3: Option<V3Query>,
}

impl Query {
    /// The version of the Query (RFC3376-7.1-01), if no octets trail it.
    #[must_use]
    pub const fn version(&self) -> Version {
        match self {
            Self { v3: Some(_), .. } => Version::V3,
            Self { max_resp_code: 0, .. } => Version::V1,
            Self { .. } => Version::V2,
        }
    }

    /// Whether the Query is general (RFC2236-2.1-03).
    #[must_use]
    pub const fn is_general(&self) -> bool {
        self.group.is_unspecified()
    }

    /// Max Response Time as version 2 reads it: linear over the whole range, 0 s to 25.5 s
    /// (RFC2236-2.2-01).
    #[must_use]
    pub const fn max_resp_v2(&self) -> Duration {
        Duration::from_millis(self.max_resp_code as u64 * 100)
    }

    /// Max Resp Time as version 3 reads it: floating point from code 128 on, 0 s to 3174.4 s
    /// (RFC3376-4.1.1-01, RFC3376-4.1.1-02).
    #[must_use]
    pub const fn max_resp_v3(&self) -> Duration {
        Duration::from_millis(decode_float(self.max_resp_code) as u64 * 100)
    }
}

/// Reads a Query whose first octets are `head`, and counts the octets that trail it.
pub(super) fn decode(
    head: &[u8; 8],
    rest: &[u8],
    newest: Version,
) -> Result<(Query, usize), Malformed> {
    let [_, max_resp_code, _, _, group @ ..] = *head;
    let query = Query { max_resp_code, group: group.into(), v3: None };
    // RFC3376-7.1-01: twelve octets make a v3 Query. RFC2236-2.5-01 for an older reader,
    // RFC3376-7.1-02 for a Query shorter than twelve octets.
    let part = if newest >= Version::V3 { V3Query::decode(rest)? } else { None };
    Ok(match part {
        Some((v3, trailing)) => (Query { v3: Some(v3), ..query }, trailing),
        None => (query, rest.len()),
    })
}

/// Writes the fields of the Query behind its type octet, except the checksum.
pub(super) fn encode(query: &Query, bytes: &mut Vec<u8>) -> Result<(), Unencodable> {
    bytes[1] = query.max_resp_code;
    bytes.extend(query.group.octets());
    query.v3.as_ref().map_or(Ok(()), |v3| v3.encode(bytes))
}

impl fmt::Display for Query {
    /// As in `v2 Membership Query, general, max resp 10.0 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} Membership Query, ", self.version())?;
        let max_resp = match &self.v3 {
            None if self.max_resp_code == 0 => None,
            None => Some(self.max_resp_v2()),
            Some(_) => Some(self.max_resp_v3()),
        };
        let group = (!self.is_general()).then_some(self.group);
        describe(f, group, max_resp.map(|time| Seconds(time, 1)), self.v3.as_ref())
    }
}
