//! The IPv4 packet around an IGMP message, and around the datagrams that are routed.
//!
//! Owns what RFC 2236 section 2 and RFC 3376 section 4 require of the IP header, and the Router
//! Alert option of RFC 2113; etherparse has the header's layout. Reads whole packets only and
//! refuses fragments. A TTL above 1 or a missing Router Alert is reported, never judged.

use std::net::Ipv4Addr;

use etherparse::checksum::Sum16BitWords;
use etherparse::err::ipv4::{HeaderError, HeaderSliceError};
use etherparse::{IpDscp, IpEcn, IpNumber, Ipv4HeaderSlice};
use serde::{Deserialize, Serialize};

use super::igmp::Message;
use super::{Malformed, Unencodable, Unfit, Why, verify};

#[cfg(test)]
mod tests;

const MESSAGE: &str = "IPv4 packet";

/// IP protocol number of IGMP (RFC2236-2-01).
pub const IGMP: u8 = 2;

/// Precedence "Internetwork Control" as a TOS octet (RFC3376-4-01).
pub const INTERNETWORK_CONTROL: u8 = 0xc0;

/// Router Alert, "every router looks at this packet" (RFC 2113, RFC2236-2-03).
const ROUTER_ALERT: [u8; 4] = [0x94, 0x04, 0x00, 0x00];

const END_OF_OPTIONS: u8 = 0;
const NO_OPERATION: u8 = 1;

/// An IPv4 packet as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4Packet<'a> {
    /// Source address.
    pub source: Ipv4Addr,
    /// Destination address.
    pub destination: Ipv4Addr,
    /// Time to Live.
    pub ttl: u8,
    /// The whole TOS octet, which is DSCP and ECN today.
    pub tos: u8,
    /// Identification.
    pub identification: u16,
    /// Protocol number of the payload.
    pub protocol: u8,
    /// Whether the Router Alert option is among the options.
    pub router_alert: bool,
    /// Octets before the payload: 20 to 60.
    pub header_len: usize,
    /// The octets between the header and the end by total length.
    pub payload: &'a [u8],
}

/// Reads one packet; octets after its total length are link padding and ignored.
///
/// # Errors
/// Not version 4; a header or total length that does not fit the bytes; a wrong header checksum; a
/// fragment. Unreadable options are no error: they are no Router Alert.
pub fn decode(bytes: &[u8]) -> Result<Ipv4Packet<'_>, Malformed> {
    let header = Ipv4HeaderSlice::from_slice(bytes).map_err(bad_header)?;
    let header_len = header.slice().len();
    verify(MESSAGE, Sum16BitWords::new(), header.slice(), 10)?;

    let total = usize::from(header.total_len());
    let total_length = |why| Malformed { message: MESSAGE, field: "total length", at: 2, why };
    if total < header_len {
        let why = Why::TooFew { unit: "octets", found: total, least: header_len };
        return Err(total_length(why));
    }
    let payload = bytes.get(header_len..total).ok_or_else(|| {
        total_length(Why::NoRoom { unit: "octets", announced: total, room: bytes.len() })
    })?;
    if header.is_fragmenting_payload() {
        let offset = usize::from(header.fragments_offset().value()) * 8;
        let why = Why::Fragment { offset, more: header.more_fragments() };
        return Err(Malformed { message: MESSAGE, field: "fragment offset", at: 6, why });
    }
    Ok(Ipv4Packet {
        source: header.source_addr(),
        destination: header.destination_addr(),
        ttl: header.ttl(),
        tos: header.dcp().value() << 2 | header.ecn().value(),
        identification: header.identification(),
        protocol: header.protocol().0,
        router_alert: has_router_alert(header.options()),
        header_len,
        payload,
    })
}

fn bad_header(error: HeaderSliceError) -> Malformed {
    let (field, at, why) = match error {
        HeaderSliceError::Len(len) if len.required_len <= etherparse::Ipv4Header::MIN_LEN => {
            let why = Why::TooFew { unit: "octets", found: len.len, least: len.required_len };
            ("end", len.len, why)
        }
        HeaderSliceError::Len(len) => {
            let (announced, room) = (len.required_len, len.len);
            ("header length", 0, Why::NoRoom { unit: "octets", announced, room })
        }
        HeaderSliceError::Content(HeaderError::UnexpectedVersion { version_number: found }) => {
            ("version", 0, Why::Version { found, right: "4" })
        }
        HeaderSliceError::Content(HeaderError::HeaderLengthSmallerThanHeader { ihl }) => {
            ("header length", 0, Why::TooFew { unit: "words", found: ihl.into(), least: 5 })
        }
    };
    Malformed { message: MESSAGE, field, at, why }
}

/// Whether Router Alert is among the options; options behind an unreadable length do not count.
fn has_router_alert(mut options: &[u8]) -> bool {
    loop {
        options = match *options {
            [] | [END_OF_OPTIONS, ..] => return false,
            [NO_OPERATION, ref rest @ ..] => rest,
            // A length below 2 would not get past its own two octets.
            [_, len, ..] if len >= 2 => match options.split_at_checked(len.into()) {
                Some((option, _)) if option == ROUTER_ALERT => return true,
                Some((_, rest)) => rest,
                None => return false,
            },
            [_, ..] => return false,
        }
    }
}

/// The header of a packet to be written; lengths and checksum follow from the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ipv4Header {
    /// Source address; 0.0.0.0 if the sender has no address yet (RFC3376-4.2.13-01).
    pub source: Ipv4Addr,
    /// Destination address.
    pub destination: Ipv4Addr,
    /// Protocol number of the payload.
    pub protocol: u8,
    /// Time to Live.
    pub ttl: u8,
    /// The whole TOS octet.
    pub tos: u8,
    /// Identification; without meaning where `dont_fragment` is set (RFC 6864 section 4.1).
    pub identification: u16,
    /// The Don't Fragment flag.
    pub dont_fragment: bool,
    /// Whether to add the Router Alert option, which makes the header 24 octets long.
    pub router_alert: bool,
}

impl Ipv4Header {
    /// The header that every IGMP message is sent with. The packet stays on its link and fits its
    /// MTU, so Don't Fragment is set, and identification 0 serves as well as any other.
    #[must_use]
    pub const fn igmp(source: Ipv4Addr, destination: Ipv4Addr) -> Self {
        Self {
            source,
            destination,
            protocol: IGMP,            // RFC2236-2-01
            ttl: 1,                    // RFC2236-2-02
            tos: INTERNETWORK_CONTROL, // RFC3376-4-01
            identification: 0,
            dont_fragment: true,
            router_alert: true, // RFC2236-2-03
        }
    }

    /// Writes the packet: this header, checksum included, and the payload.
    ///
    /// # Errors
    /// Header and payload are more than 65535 octets.
    pub fn encode(&self, payload: &[u8]) -> Result<Vec<u8>, Unencodable> {
        let mut header = etherparse::Ipv4Header {
            // Six and two bits always fit.
            dscp: IpDscp::try_new(self.tos >> 2).unwrap_or_default(),
            ecn: IpEcn::try_new(self.tos & 0x03).unwrap_or_default(),
            identification: self.identification,
            dont_fragment: self.dont_fragment,
            time_to_live: self.ttl,
            protocol: IpNumber(self.protocol),
            source: self.source.octets(),
            destination: self.destination.octets(),
            ..etherparse::Ipv4Header::default()
        };
        if self.router_alert {
            header.options = ROUTER_ALERT.into();
        }
        let total = header.header_len() + payload.len();
        let why = Unfit::TooMany { found: total, most: u16::MAX.into() };
        header.total_len = u16::try_from(total).map_err(|_| Unencodable {
            message: MESSAGE,
            field: "total length",
            why,
        })?;
        header.header_checksum = header.calc_header_checksum();
        Ok([&header.to_bytes(), payload].concat())
    }
}

/// Writes the whole packet that carries `message`, with the header of [`Ipv4Header::igmp`].
///
/// # Errors
/// Errors of [`Message::encode`], or a message too long for one packet.
pub fn encode_igmp(
    source: Ipv4Addr,
    destination: Ipv4Addr,
    message: &Message,
) -> Result<Vec<u8>, Unencodable> {
    Ipv4Header::igmp(source, destination).encode(&message.encode()?)
}
