//! The part of a Query after the group, which IGMPv3 and MLDv2 added.

use std::fmt;
use std::time::Duration;

use super::{Address, Braced, addresses, count, split_list};
use crate::time::Seconds;
use crate::wire::float::decode_float;
use crate::wire::{Malformed, Unencodable, Unfit};

// The first octet: four flags, S, and three bits of QRV.
const MAX_FLAGS: u8 = 0x0f;
const SUPPRESS: u8 = 0x08;
const MAX_ROBUSTNESS: u8 = 0x07;

/// Octets of the part without its sources.
const LEN: usize = 4;

/// The part of a Query that tells a newer version, and its sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryPart<A> {
    /// The four bits next to S: zero, or flags administered by IANA (RFC9776-4.1.4-01).
    pub flags: u8,
    /// S, Suppress Router-Side Processing (RFC3376-4.1.5-01, RFC3810-5.1.7-01).
    pub suppress: bool,
    /// QRV, the querier's Robustness Variable; 0 if it does not fit the three bits
    /// (RFC3810-5.1.8-01).
    pub robustness: u8,
    /// QQIC, the code of the querier's Query Interval.
    pub interval_code: u8,
    /// The sources; empty in General and Group-Specific Queries.
    pub sources: Vec<A>,
}

impl<A: Address> QueryPart<A> {
    /// QQI, the querier's Query Interval: 0 s to 31744 s (RFC3376-4.1.7-01, RFC3810-5.1.9-01).
    #[must_use]
    pub const fn interval(&self) -> Duration {
        Duration::from_secs(decode_float(self.interval_code) as u64)
    }

    /// Reads the part, and counts the octets that trail it; `None` if `rest` is shorter than the part.
    pub(in crate::wire) fn decode(rest: &[u8]) -> Result<Option<(Self, usize)>, Malformed> {
        let Some((&[bits, interval_code, announced @ ..], after)) = rest.split_first_chunk::<LEN>()
        else {
            return Ok(None);
        };
        let at = A::QUERY_PART_AT + 2;
        let (sources, trailing) = split_list::<A>(after, u16::from_be_bytes(announced))
            .map_err(|why| Malformed { message: A::QUERY, field: "number of sources", at, why })?;
        let part = Self {
            flags: bits >> 4, // RFC3376-4.1.4-01, RFC9776-4.1.4-01: kept, and without effect
            suppress: bits & SUPPRESS != 0,
            robustness: bits & MAX_ROBUSTNESS,
            interval_code,
            sources: addresses(sources),
        };
        Ok(Some((part, trailing.len()))) // RFC3376-4.1.10-01, RFC3810-5.1.12-01
    }

    /// Appends the octets of the part.
    pub(in crate::wire) fn encode(&self, bytes: &mut Vec<u8>) -> Result<(), Unencodable> {
        let bits = small::<A>("flags", self.flags, MAX_FLAGS)? << 4
            | if self.suppress { SUPPRESS } else { 0 }
            | small::<A>("QRV", self.robustness, MAX_ROBUSTNESS)?;
        let count = count(A::QUERY, "number of sources", self.sources.len())?;
        bytes.extend([bits, self.interval_code]);
        bytes.extend(count.to_be_bytes());
        self.sources.iter().for_each(|source| source.write(bytes));
        Ok(())
    }
}

/// The value of a field of less than an octet, with `most` as its largest value.
fn small<A: Address>(field: &'static str, value: u8, most: u8) -> Result<u8, Unencodable> {
    let why = Unfit::TooMany { found: value.into(), most: most.into() };
    (value <= most).then_some(value).ok_or(Unencodable { message: A::QUERY, field, why })
}

/// How a Query is written behind the words that name it: `general, max resp 10.0 s`, with the time in
/// this many decimals.
pub(in crate::wire) fn describe<A: Address>(
    f: &mut fmt::Formatter<'_>,
    group: Option<A>,
    max_resp: Option<Seconds>,
    part: Option<&QueryPart<A>>,
) -> fmt::Result {
    match group {
        None => f.write_str("general")?,
        Some(group) => write!(f, "group {group}")?,
    }
    if let Some(part) = part.filter(|part| !part.sources.is_empty()) {
        write!(f, ", sources {}", Braced(&part.sources))?;
    }
    if let Some(max_resp) = max_resp {
        write!(f, ", max resp {max_resp}")?;
    }
    part.map_or(Ok(()), |part| write!(f, "{part}"))
}

impl<A: Address> fmt::Display for QueryPart<A> {
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
