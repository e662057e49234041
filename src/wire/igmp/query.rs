//! Membership Queries of all versions.
//!
//! Owns RFC 2236 sections 2.2 and 2.4 and RFC 3376 section 4.1. The three versions share one type
//! octet; length and Max Resp Code tell them apart (RFC 3376 section 7.1).

use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::time::Seconds;
use crate::wire::float::decode_float;
use crate::wire::{Malformed, Unencodable, Unfit};

use super::{Braced, Version, count, split_addresses};

#[cfg(test)]
mod tests;

const MESSAGE: &str = "IGMPv3 Query";

// Octet 8: four flags, S, and three bits of QRV.
const MAX_FLAGS: u8 = 0x0f;
const SUPPRESS: u8 = 0x08;
const MAX_ROBUSTNESS: u8 = 0x07;

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

/// The part of a Query from octet 8 on, which version 3 added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct V3Query {
    /// The four bits next to S: zero, or flags administered by IANA (RFC9776-4.1.4-01).
    pub flags: u8,
    /// S, Suppress Router-Side Processing (RFC3376-4.1.5-01).
    pub suppress: bool,
    /// QRV, the querier's Robustness Variable; 0 if it does not fit the three bits.
    pub robustness: u8,
    /// QQIC, the code of the querier's Query Interval.
    pub interval_code: u8,
    /// The sources; empty in General and Group-Specific Queries.
    pub sources: Vec<Ipv4Addr>,
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

impl V3Query {
    /// QQI, the querier's Query Interval: 0 s to 31744 s (RFC3376-4.1.7-01).
    #[must_use]
    pub const fn interval(&self) -> Duration {
        Duration::from_secs(decode_float(self.interval_code) as u64)
    }
}

/// Reads a Query whose first octets are `head`, and counts the octets that trail it.
pub(super) fn decode(
    head: &[u8; 8],
    rest: &[u8],
    newest: Version,
) -> Result<(Query, usize), Malformed> {
    let [_, max_resp_code, _, _, group @ ..] = *head;
    let mut query = Query { max_resp_code, group: group.into(), v3: None };
    let (&[bits, interval_code, count @ ..], after) = match rest.split_first_chunk::<4>() {
        // RFC3376-7.1-01: twelve octets make a v3 Query.
        Some(v3_part) if newest >= Version::V3 => v3_part,
        // RFC2236-2.5-01 for an older reader, RFC3376-7.1-02 for a Query shorter than twelve
        // octets.
        _ => return Ok((query, rest.len())),
    };
    let (sources, trailing) = split_addresses(after, u16::from_be_bytes(count))
        .map_err(|why| Malformed { message: MESSAGE, field: "number of sources", at: 10, why })?;
    query.v3 = Some(V3Query {
        flags: bits >> 4, // RFC3376-4.1.4-01, RFC9776-4.1.4-01: kept, and without effect
        suppress: bits & SUPPRESS != 0,
        robustness: bits & MAX_ROBUSTNESS,
        interval_code,
        sources,
    });
    Ok((query, trailing.len())) // RFC3376-4.1.10-01
}

/// Writes the fields of the Query behind its type octet, except the checksum.
pub(super) fn encode(query: &Query, bytes: &mut Vec<u8>) -> Result<(), Unencodable> {
    bytes[1] = query.max_resp_code;
    bytes.extend(query.group.octets());
    let Some(v3) = &query.v3 else { return Ok(()) };
    let bits = small("flags", v3.flags, MAX_FLAGS)? << 4
        | if v3.suppress { SUPPRESS } else { 0 }
        | small("QRV", v3.robustness, MAX_ROBUSTNESS)?;
    let count = count(MESSAGE, "number of sources", v3.sources.len())?;
    bytes.extend([bits, v3.interval_code]);
    bytes.extend(count.to_be_bytes());
    bytes.extend(v3.sources.iter().flat_map(Ipv4Addr::octets));
    Ok(())
}

/// The value of a field of less than an octet, with `most` as its largest value.
fn small(field: &'static str, value: u8, most: u8) -> Result<u8, Unencodable> {
    let why = Unfit::TooMany { found: value.into(), most: most.into() };
    (value <= most).then_some(value).ok_or(Unencodable { message: MESSAGE, field, why })
}

impl fmt::Display for Query {
    /// As in `v2 Membership Query, general, max resp 10.0 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} Membership Query, ", self.version())?;
        if self.is_general() {
            f.write_str("general")?;
        } else {
            write!(f, "group {}", self.group)?;
        }
        match &self.v3 {
            None if self.max_resp_code == 0 => Ok(()),
            None => write!(f, ", max resp {}", Seconds(self.max_resp_v2(), 1)),
            Some(v3) => {
                if !v3.sources.is_empty() {
                    write!(f, ", sources {}", Braced(&v3.sources))?;
                }
                write!(f, ", max resp {}{v3}", Seconds(self.max_resp_v3(), 1))
            }
        }
    }
}

impl fmt::Display for V3Query {
    /// The header fields without the sources, as in `, S, QRV 2, QQI 125 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.flags != 0 {
            write!(f, ", flags {:#x}", self.flags)?;
        }
        if self.suppress {
            f.write_str(", S")?;
        }
        write!(f, ", QRV {}, QQI {}", self.robustness, Seconds(self.interval(), 0))
    }
}
