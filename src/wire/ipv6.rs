//! The IPv6 packet around an MLD message, and around the datagrams that are routed.
//!
//! Owns the header of RFC 8200 section 3 and the extension headers of section 4 as far as multicast
//! meets them: Hop-by-Hop Options with the Router Alert of RFC 2711 and with either padding, and
//! Routing, Fragment, Destination Options and Authentication headers, which are walked. Reads whole
//! packets only: refuses fragments, jumbograms (RFC 2675) and lengths that do not fit, with the
//! field and its octet. A hop limit above 1 or a missing Router Alert is reported, never judged.

use std::net::Ipv6Addr;

use etherparse::err::ipv6::{HeaderError, HeaderSliceError};
use etherparse::{IpNumber, Ipv6FlowLabel, Ipv6HeaderSlice, ip_number};
use serde::{Deserialize, Serialize};

use super::icmpv6::ICMPV6;
use super::{Malformed, Unencodable, Unfit, Why};

mod extension;
#[cfg(test)]
mod tests;

use extension::{Walked, options, walk};

const MESSAGE: &str = "IPv6 packet";

/// Octets of the header without extension headers.
pub const HEADER: usize = 40;

/// The Router Alert value of MLD (RFC 2711 section 2.1); other values are for other protocols.
pub const MLD_ALERT: u16 = 0;

/// The option of the Hop-by-Hop Options header by which a packet asks every router to look at it,
/// with the value of MLD, padded by PadN as the hosts of Linux do it (RFC2710-3-01).
const ROUTER_ALERT: [u8; 6] = [0x05, 0x02, 0x00, 0x00, 0x01, 0x00];

/// An IPv6 packet as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv6Packet<'a> {
    /// Source address.
    pub source: Ipv6Addr,
    /// Destination address of the header.
    pub destination: Ipv6Addr,
    /// Hop Limit.
    pub hop_limit: u8,
    /// Traffic Class.
    pub class: u8,
    /// Protocol number of the payload: the last Next Header field. That of the Routing header if it
    /// has segments left, because such a packet is still on its way to somebody else.
    pub protocol: u8,
    /// The value of the Router Alert option, if there is one.
    pub router_alert: Option<u16>,
    /// Octets before the payload, extension headers included: 40 and more.
    pub header_len: usize,
    /// The octets between the last extension header and the end by payload length.
    pub payload: &'a [u8],
}

/// Reads one packet; octets after its payload length are link padding and ignored.
///
/// # Errors
/// Not version 6; a payload length, extension header or option that does not fit the bytes; a
/// Hop-by-Hop Options header that is not the first one; a jumbogram; a fragment of a larger packet.
/// Unknown options are no error.
pub fn decode(bytes: &[u8]) -> Result<Ipv6Packet<'_>, Malformed> {
    let header = Ipv6HeaderSlice::from_slice(bytes).map_err(bad_header)?;
    let announced = usize::from(header.payload_length());
    let Some(whole) = bytes.get(..HEADER + announced) else {
        let room = bytes.len() - HEADER;
        let why = Why::NoRoom { unit: "octets", announced, room };
        return Err(Malformed { message: MESSAGE, field: "payload length", at: 4, why });
    };
    let Walked { protocol, router_alert, header_len } = walk(whole, bytes, header.next_header().0)?;
    Ok(Ipv6Packet {
        source: header.source_addr(),
        destination: header.destination_addr(),
        hop_limit: header.hop_limit(),
        class: header.traffic_class(),
        protocol,
        router_alert,
        header_len,
        payload: &whole[header_len..],
    })
}

/// The value of the Router Alert option in a Hop-by-Hop Options header that came apart from its packet,
/// as a raw socket gives it; `None` without one, or if the header cannot be read.
#[must_use]
pub fn hop_by_hop_alert(header: &[u8]) -> Option<u16> {
    options(header, 0, header.len()).ok().flatten()
}

fn bad_header(error: HeaderSliceError) -> Malformed {
    let (field, at, why) = match error {
        HeaderSliceError::Len(len) => {
            let why = Why::TooFew { unit: "octets", found: len.len, least: HEADER };
            ("end", len.len, why)
        }
        HeaderSliceError::Content(HeaderError::UnexpectedVersion { version_number: found }) => {
            ("version", 0, Why::Version { found, right: "6" })
        }
    };
    Malformed { message: MESSAGE, field, at, why }
}

/// The header of a packet to be written; lengths follow from the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ipv6Header {
    /// Source address; `::` if the sender has no valid link-local address yet (RFC3590-4-01).
    pub source: Ipv6Addr,
    /// Destination address.
    pub destination: Ipv6Addr,
    /// Protocol number of the payload.
    pub protocol: u8,
    /// Hop Limit.
    pub hop_limit: u8,
    /// Traffic Class.
    pub class: u8,
    /// Whether to put a Hop-by-Hop Options header with the Router Alert of MLD before the payload,
    /// which makes the packet 8 octets longer.
    pub router_alert: bool,
}

impl Ipv6Header {
    /// The header that every MLD message is sent with (RFC2710-3-01, RFC3810-5-01).
    #[must_use]
    pub const fn mld(source: Ipv6Addr, destination: Ipv6Addr) -> Self {
        let (protocol, hop_limit) = (ICMPV6, 1);
        Self { source, destination, protocol, hop_limit, class: 0, router_alert: true }
    }

    /// Writes the packet: this header, the Hop-by-Hop Options header if there is one, and the payload.
    ///
    /// # Errors
    /// More than 65535 octets behind the header.
    pub fn encode(&self, payload: &[u8]) -> Result<Vec<u8>, Unencodable> {
        let mut options = Vec::new();
        if self.router_alert {
            options.extend([self.protocol, 0]);
            options.extend(ROUTER_ALERT);
        }
        let found = options.len() + payload.len();
        let payload_length = u16::try_from(found).map_err(|_| {
            let why = Unfit::TooMany { found, most: u16::MAX.into() };
            Unencodable { message: MESSAGE, field: "payload length", why }
        })?;
        let next = if self.router_alert { ip_number::IPV6_HOP_BY_HOP.0 } else { self.protocol };
        let header = etherparse::Ipv6Header {
            traffic_class: self.class,
            flow_label: Ipv6FlowLabel::ZERO,
            payload_length,
            next_header: IpNumber(next),
            hop_limit: self.hop_limit,
            source: self.source.octets(),
            destination: self.destination.octets(),
        };
        Ok([&header.to_bytes()[..], &options, payload].concat())
    }
}
