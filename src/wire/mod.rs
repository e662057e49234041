//! Bytes to messages and back: the contents of packets, without any decision about them.
//!
//! Owns the octet layouts: IPv4 and IPv6 as group management travels in them, IGMP versions 1 to 3,
//! MLD versions 1 and 2 with the ICMPv6 around them, Multicast Router Discovery, and PIM version 2. Holds
//! no state, reads no clock and has no policy: the machines decide whether a TTL, a group or a missing
//! Router Alert is acceptable. Refuses unreadable bytes with a [`Malformed`] that names the octet, and a
//! value that does not fit its field with an [`Unencodable`]. Never panics on any bytes.

pub mod float;
pub mod icmpv6;
pub mod igmp;
pub mod ip;
pub mod ipv4;
pub mod ipv6;
pub mod mld;
pub mod mrd;
pub mod pim;
pub mod v3;

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use etherparse::checksum::Sum16BitWords;

/// Bytes that are not the message they claim to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}: {field} at octet {at}: {why}")]
pub struct Malformed {
    /// The message being read, as in `IGMPv3 Report`.
    pub message: &'static str,
    /// The field at fault, in the RFC's words.
    pub field: &'static str,
    /// Offset of the field in octets, from the start of the slice given to the decoder.
    pub at: usize,
    /// What is wrong with it.
    pub why: Why,
}

impl Malformed {
    /// Whether the checksum was wrong, a sign of damage on the way rather than of a bad sender.
    #[must_use]
    pub const fn is_checksum(&self) -> bool {
        matches!(self.why, Why::Checksum { .. })
    }
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// There are fewer of something than required.
    #[error("{found} {unit}, at least {least} needed")]
    TooFew {
        /// What is counted, in the plural.
        unit: &'static str,
        /// How many there are.
        found: usize,
        /// How many there must be.
        least: usize,
    },
    /// A field announces more than the bytes hold.
    #[error("{announced} {unit} announced, room for {room}")]
    NoRoom {
        /// What is counted, in the plural.
        unit: &'static str,
        /// The number in the field.
        announced: usize,
        /// How many the bytes have room for.
        room: usize,
    },
    /// A field has another length than its type has.
    #[error("{found} octets, should be {right}")]
    Length {
        /// How many octets it has.
        found: usize,
        /// How many it should have.
        right: usize,
    },
    /// The checksum does not match the octets that it covers.
    #[error("{found:#06x}, should be {right:#06x}")]
    Checksum {
        /// The checksum in the message.
        found: u16,
        /// The checksum of what arrived.
        right: u16,
    },
    /// Another version of the protocol than the reader reads.
    #[error("{found}, should be {right}")]
    Version {
        /// The version in the header.
        found: u8,
        /// The version that is read.
        right: &'static str,
    },
    /// A value that says how the octets behind it are to be read, and that the reader does not know.
    #[error("{found}, of which only {known} can be read")]
    NotKnown {
        /// The value.
        found: u8,
        /// The values that are known.
        known: &'static str,
    },
    /// A header that only the first place allows.
    #[error("hop-by-hop options, which only stand right behind the IPv6 header")]
    OutOfPlace,
    /// A datagram of more than 65535 octets (RFC 2675), which no link here carries.
    #[error("a jumbogram, not read here")]
    Jumbogram,
    /// A part of a datagram; no message read here is ever fragmented by its sender.
    #[error("a fragment (offset {offset} octets, more to come: {more}), not reassembled here")]
    Fragment {
        /// Where the fragment belongs in its datagram, in octets.
        offset: usize,
        /// The More Fragments flag.
        more: bool,
    },
}

/// A message that cannot be written: a value does not fit its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}: {field}: {why}")]
pub struct Unencodable {
    /// The message being written, as in `IGMPv3 Report`.
    pub message: &'static str,
    /// The field that cannot be written, in the RFC's words.
    pub field: &'static str,
    /// What is wrong with its value.
    pub why: Unfit,
}

/// Why a value does not fit its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// More than the field can express.
    #[error("{found}, at most {most} fit")]
    TooMany {
        /// The value or count.
        found: usize,
        /// The largest that fits.
        most: usize,
    },
    /// The field counts 32-bit words, and the octets are no whole number of them.
    #[error("{octets} octets are not whole 32-bit words")]
    NotWords {
        /// How many octets there are.
        octets: usize,
    },
    /// A known type given as unknown, which a reader would take for another message.
    #[error("{kind:#04x} is not an unknown type")]
    Known {
        /// The type.
        kind: u8,
    },
    /// An address of the other family, which the protocol does not carry.
    #[error("{address} is of the other address family")]
    OtherFamily {
        /// The address.
        address: IpAddr,
    },
    /// A message that the version does not have.
    #[error("the version has no message that says this")]
    NoSuchForm,
}

/// The Internet checksum (RFC 1071) of what `sum` holds and of `bytes`, padded with a zero octet if
/// their number is odd; zero if they contain their own right checksum.
fn checksum(sum: Sum16BitWords, bytes: &[u8]) -> u16 {
    // The sum is kept in memory order, whatever the machine's order is.
    u16::from_be(sum.add_slice(bytes).ones_complement())
}

/// Checks `bytes` against the checksum at octet `at`, which is even; `sum` holds what the checksum
/// covers besides.
fn verify(
    message: &'static str,
    sum: Sum16BitWords,
    bytes: &[u8],
    at: usize,
) -> Result<(), Malformed> {
    if checksum(sum.clone(), bytes) == 0 {
        return Ok(());
    }
    let (before, rest) = bytes.split_at(at.min(bytes.len()));
    let (field, after) = rest.split_at(rest.len().min(2));
    let found = field.iter().fold(0, |sum, &octet| sum << 8 | u16::from(octet));
    let right = checksum(sum.add_slice(before), after);
    Err(Malformed { message, field: "checksum", at, why: Why::Checksum { found, right } })
}

/// Writes the checksum at octet `at` of a message in which the field is zero.
fn seal(sum: Sum16BitWords, bytes: &mut [u8], at: usize) {
    let right = checksum(sum, bytes);
    bytes[at..at + 2].copy_from_slice(&right.to_be_bytes());
}
