//! ICMPv6 around MLD: the type, the code and the checksum.
//!
//! Owns RFC 4443 sections 2.1 and 2.3: four octets before the body of every message, and a checksum
//! that covers the pseudo-header of RFC 8200 section 8.1 as well. Bodies belong to the protocol of
//! the type. Refuses messages of fewer than four octets, and wrong checksums.

use std::net::{IpAddr, Ipv6Addr};

use etherparse::checksum::Sum16BitWords;

use super::{Malformed, Why, seal, verify};

/// IP protocol number of ICMPv6 (RFC 4443 section 1).
pub const ICMPV6: u8 = 58;

/// Octets before the body.
pub const HEAD: usize = 4;

const MESSAGE: &str = "ICMPv6 message";

/// The offset of the checksum.
const CHECKSUM_AT: usize = 2;

/// The addresses that the checksum covers: those of the IPv6 header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The source.
    pub source: Ipv6Addr,
    /// The destination.
    pub destination: Ipv6Addr,
}

impl Ends {
    /// The ends of a packet of IPv6; `None` for one of IPv4, of which no checksum here covers any.
    #[must_use]
    pub const fn of(source: IpAddr, destination: IpAddr) -> Option<Self> {
        match (source, destination) {
            (IpAddr::V6(source), IpAddr::V6(destination)) => Some(Self { source, destination }),
            _ => None,
        }
    }

    /// The sum of the pseudo-header before a message of this many octets (RFC 8200 section 8.1).
    pub(super) fn pseudo_header(self, octets: usize, protocol: u8) -> Sum16BitWords {
        // No packet is longer than the field, because jumbograms are refused.
        let length = u32::try_from(octets).unwrap_or(u32::MAX);
        Sum16BitWords::new()
            .add_16bytes(self.source.octets())
            .add_16bytes(self.destination.octets())
            .add_4bytes(length.to_be_bytes())
            .add_4bytes([0, 0, 0, protocol])
    }
}

/// The type of the message, from a whole IPv6 payload (RFC 4443 section 2.1).
///
/// # Errors
/// Fewer than [`HEAD`] octets; a wrong checksum, whatever the type (RFC2710-3.3-01).
pub fn checked_type(bytes: &[u8], ends: Ends) -> Result<u8, Malformed> {
    let &[kind, _, _, _, ..] = bytes else {
        let why = Why::TooFew { unit: "octets", found: bytes.len(), least: HEAD };
        return Err(Malformed { message: MESSAGE, field: "end", at: bytes.len(), why });
    };
    verify(MESSAGE, ends.pseudo_header(bytes.len(), ICMPV6), bytes, CHECKSUM_AT)?;
    Ok(kind)
}

/// Writes the checksum into a message; one that ends before the field stays as it is.
pub fn seal_message(bytes: &mut [u8], ends: Ends) {
    if let Some(field) = bytes.get_mut(CHECKSUM_AT..CHECKSUM_AT + 2) {
        field.fill(0);
        seal(ends.pseudo_header(bytes.len(), ICMPV6), bytes, CHECKSUM_AT);
    }
}
