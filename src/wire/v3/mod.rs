//! What IGMPv3 and MLDv2 write alike, for addresses of 4 and of 16 octets.
//!
//! Owns source lists, the fields of a Query after the group ([`QueryPart`]) and the records of a
//! Report ([`Report`]): RFC 3376 sections 4.1.5 to 4.1.9 and 4.2, RFC 3810 sections 5.1.7 to 5.1.10
//! and 5.2. Whether the announced lists are there is checked before any of them is stored, so that a
//! message that is refused costs no memory. Refuses lists that announce more than there is.

mod query;
mod report;

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

pub use query::QueryPart;
pub(in crate::wire) use query::describe;
pub use report::{GroupRecord, RecordKind, Report};

use super::{Unencodable, Unfit, Why};

/// An address in a message: IPv4 in IGMP, IPv6 in MLD.
pub trait Address: Copy + Eq + fmt::Debug + fmt::Display {
    /// Octets of an address.
    const LEN: usize;
    /// The name of the Query in errors.
    const QUERY: &'static str;
    /// The name of the Report in errors.
    const REPORT: &'static str;
    /// The octet of a Query at which [`QueryPart`] begins, right after the group.
    const QUERY_PART_AT: usize;

    /// Takes an address from the front of `bytes`; `None` if there are too few.
    fn split(bytes: &[u8]) -> Option<(Self, &[u8])>;
    /// Appends the octets of the address.
    fn write(self, bytes: &mut Vec<u8>);
}

impl Address for Ipv4Addr {
    const LEN: usize = 4;
    const QUERY: &'static str = "IGMPv3 Query";
    const REPORT: &'static str = "IGMPv3 Report";
    const QUERY_PART_AT: usize = 8;

    fn split(bytes: &[u8]) -> Option<(Self, &[u8])> {
        bytes.split_first_chunk::<4>().map(|(octets, rest)| (Self::from(*octets), rest))
    }

    fn write(self, bytes: &mut Vec<u8>) {
        bytes.extend(self.octets());
    }
}

impl Address for Ipv6Addr {
    const LEN: usize = 16;
    const QUERY: &'static str = "MLDv2 Query";
    const REPORT: &'static str = "MLDv2 Report";
    const QUERY_PART_AT: usize = 24;

    fn split(bytes: &[u8]) -> Option<(Self, &[u8])> {
        bytes.split_first_chunk::<16>().map(|(octets, rest)| (Self::from(*octets), rest))
    }

    fn write(self, bytes: &mut Vec<u8>) {
        bytes.extend(self.octets());
    }
}

/// Takes the octets of `count` addresses from the front of `bytes`, or returns how many fit.
fn split_list<A: Address>(bytes: &[u8], count: u16) -> Result<(&[u8], &[u8]), Why> {
    let count = usize::from(count);
    bytes.split_at_checked(count * A::LEN).ok_or(Why::NoRoom {
        unit: "sources",
        announced: count,
        room: bytes.len() / A::LEN,
    })
}

/// The addresses of a list.
fn addresses<A: Address>(list: &[u8]) -> Vec<A> {
    list.chunks_exact(A::LEN).filter_map(A::split).map(|(address, _)| address).collect()
}

/// The count of a list as its 16-bit field.
fn count(message: &'static str, field: &'static str, len: usize) -> Result<u16, Unencodable> {
    let most = usize::from(u16::MAX);
    let why = Unfit::TooMany { found: len, most };
    u16::try_from(len).map_err(|_| Unencodable { message, field, why })
}

/// A source list as the RFCs write it.
pub struct Braced<'a, A>(pub &'a [A]);

impl<A: Address> fmt::Display for Braced<'_, A> {
    /// As in `{10.0.0.1, 10.0.0.2}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (index, source) in self.0.iter().enumerate() {
            write!(f, "{}{source}", if index == 0 { "" } else { ", " })?;
        }
        f.write_str("}")
    }
}
