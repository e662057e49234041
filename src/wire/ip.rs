//! An IP packet of either family, as it enters and leaves a router: header fields and payload.
//!
//! A driver decodes a packet once, whether the kernel delivers whole packets (raw IPv4 sockets) or
//! header fields apart from payloads (raw ICMPv6 sockets). [`super::ipv4`] reads and writes octets
//! of IPv4; IPv6 is refused until it has a codec.

use std::net::IpAddr;

use super::ipv4::{self, Ipv4Header, Ipv4Packet};
use super::{Malformed, Unencodable, Unfit};

/// The fields of an IP header that routing protocols look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Source address.
    pub source: IpAddr,
    /// Destination address, of the same family.
    pub destination: IpAddr,
    /// Protocol number of the payload; in IPv6 that of the last Next Header field.
    pub protocol: u8,
    /// Time to Live, or Hop Limit.
    pub hop_limit: u8,
    /// The whole TOS octet, or the Traffic Class.
    pub class: u8,
    /// Whether the header has the Router Alert option.
    pub router_alert: bool,
}

/// A packet as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The header.
    pub header: Header,
    /// The payload.
    pub payload: &'a [u8],
}

/// A packet to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// The header.
    pub header: Header,
    /// The payload.
    pub payload: Vec<u8>,
}

impl<'a> Packet<'a> {
    /// Reads a whole IPv4 packet.
    ///
    /// # Errors
    /// Errors of [`ipv4::decode`], which refuses IPv6 too.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Malformed> {
        ipv4::decode(bytes).map(Self::from)
    }
}

impl<'a> From<Ipv4Packet<'a>> for Packet<'a> {
    fn from(packet: Ipv4Packet<'a>) -> Self {
        let header = Header {
            source: packet.source.into(),
            destination: packet.destination.into(),
            protocol: packet.protocol,
            hop_limit: packet.ttl,
            class: packet.tos,
            router_alert: packet.router_alert,
        };
        Self { header, payload: packet.payload }
    }
}

impl Datagram {
    /// Writes the whole IPv4 packet. It is never fragmented, so Don't Fragment is set, and
    /// identification 0 serves as well as any other (RFC 6864 section 4.1).
    ///
    /// # Errors
    /// An IPv6 address, or more than 65535 octets.
    pub fn encode(&self) -> Result<Vec<u8>, Unencodable> {
        let Header { protocol, hop_limit: ttl, class: tos, router_alert, .. } = self.header;
        let v4 = |field, address| match address {
            IpAddr::V4(address) => Ok(address),
            IpAddr::V6(_) => {
                let why = Unfit::OtherFamily { address };
                Err(Unencodable { message: "IPv4 packet", field, why })
            }
        };
        let header = Ipv4Header {
            source: v4("source", self.header.source)?,
            destination: v4("destination", self.header.destination)?,
            protocol,
            ttl,
            tos,
            identification: 0,
            dont_fragment: true,
            router_alert,
        };
        header.encode(&self.payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram(source: &str) -> Datagram {
        let header = Header {
            source: source.parse().unwrap(),
            destination: "224.0.0.13".parse().unwrap(),
            protocol: 103,
            hop_limit: 1,
            class: 0xc0,
            router_alert: true,
        };
        Datagram { header, payload: vec![0x20, 0, 0xdf, 0xff] }
    }

    #[test]
    fn what_is_sent_is_received_as_it_was() {
        let sent = datagram("10.0.0.1");
        let received = Packet { header: sent.header, payload: &sent.payload };
        assert_eq!(Packet::decode(&sent.encode().unwrap()), Ok(received));
    }

    #[test]
    fn an_ipv6_address_is_refused_with_the_address() {
        let why = datagram("2001:db8::1").encode().unwrap_err().to_string();
        assert_eq!(why, "IPv4 packet: source: 2001:db8::1 is of the other address family");
        let bytes = [&[0x60, 0, 0, 0][..], &[0; 36]].concat();
        let why = Packet::decode(&bytes).unwrap_err().to_string();
        assert_eq!(why, "IPv4 packet: version at octet 0: 6, should be 4");
    }
}
