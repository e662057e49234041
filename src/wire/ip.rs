//! An IP packet of either family, as it enters and leaves a router: header fields and payload.
//!
//! A driver decodes a packet once, whether the kernel delivers whole packets (raw IPv4 sockets) or
//! header fields apart from payloads (raw ICMPv6 sockets). [`super::ipv4`] and [`super::ipv6`] read
//! and write octets. Refuses every other version, and addresses of two families in one header.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::icmpv6::ICMPV6;
use super::ipv4::{self, Ipv4Header, Ipv4Packet};
use super::ipv6::{self, Ipv6Header, Ipv6Packet, MLD_ALERT};
use super::{Malformed, Unencodable, Unfit, Why};

const MESSAGE: &str = "IP packet";

/// The fields of an IP header that routing protocols look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Whether the header has the Router Alert option of group management: in IPv6 the one with the
    /// value of MLD (RFC 2711 section 2.1).
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

impl Header {
    /// The header that every message of IGMP or MLD is sent with, by the family of its destination.
    #[must_use]
    pub const fn gmp(source: IpAddr, destination: IpAddr) -> Self {
        let (protocol, class) = match destination {
            IpAddr::V4(_) => (ipv4::IGMP, ipv4::INTERNETWORK_CONTROL), // RFC2236-2-01, RFC3376-4-01
            IpAddr::V6(_) => (ICMPV6, 0),                              // RFC2710-3-01
        };
        // RFC2236-2-02, RFC2236-2-03, RFC2710-3-01, RFC3810-5-01
        Self { source, destination, protocol, hop_limit: 1, class, router_alert: true }
    }
}

impl<'a> Packet<'a> {
    /// Reads a whole packet of either version.
    ///
    /// # Errors
    /// Errors of [`ipv4::decode`] and [`ipv6::decode`]; another version.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Malformed> {
        match bytes.first().map(|first| first >> 4) {
            None | Some(4) => ipv4::decode(bytes).map(Self::from),
            Some(6) => ipv6::decode(bytes).map(Self::from),
            Some(found) => {
                let why = Why::Version { found, right: "4 or 6" };
                Err(Malformed { message: MESSAGE, field: "version", at: 0, why })
            }
        }
    }
}

/// Lowers the Time to Live of a whole packet, with its checksum (RFC 1624), or its Hop Limit, by one.
/// Returns whether the packet may go on; otherwise it is as it was.
pub fn lower_hop_limit(packet: &mut [u8]) -> bool {
    let at = match packet.first().map(|first| first >> 4) {
        Some(4) => 8,
        Some(6) => 7,
        _ => return false,
    };
    let Some(limit) = packet.get_mut(at).filter(|limit| **limit > 1) else { return false };
    *limit -= 1;
    if at == 8
        && let Some([high, low]) = packet.get_mut(10..12)
    {
        let (sum, carry) = u16::from_be_bytes([*high, *low]).overflowing_add(0x0100);
        [*high, *low] = (sum + u16::from(carry)).to_be_bytes();
    }
    true
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

impl<'a> From<Ipv6Packet<'a>> for Packet<'a> {
    fn from(packet: Ipv6Packet<'a>) -> Self {
        let header = Header {
            source: packet.source.into(),
            destination: packet.destination.into(),
            protocol: packet.protocol,
            hop_limit: packet.hop_limit,
            class: packet.class,
            router_alert: packet.router_alert == Some(MLD_ALERT),
        };
        Self { header, payload: packet.payload }
    }
}

impl Datagram {
    /// Writes the whole packet. It is never fragmented, so IPv4's Don't Fragment is set, and
    /// identification 0 serves as well as any other (RFC 6864 section 4.1).
    ///
    /// # Errors
    /// Addresses of two families, or more octets than the length field can say.
    pub fn encode(&self) -> Result<Vec<u8>, Unencodable> {
        let Header { source, destination, protocol, hop_limit, class, router_alert } = self.header;
        match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => Ipv4Header {
                source,
                destination,
                protocol,
                ttl: hop_limit,
                tos: class,
                identification: 0,
                dont_fragment: true,
                router_alert,
            }
            .encode(&self.payload),
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                Ipv6Header { source, destination, protocol, hop_limit, class, router_alert }
                    .encode(&self.payload)
            }
            (_, address) => {
                let why = Unfit::OtherFamily { address };
                Err(Unencodable { message: MESSAGE, field: "destination", why })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram(source: &str, destination: &str) -> Datagram {
        let header = Header {
            source: source.parse().unwrap(),
            destination: destination.parse().unwrap(),
            protocol: 103,
            hop_limit: 1,
            class: 0xc0,
            router_alert: true,
        };
        Datagram { header, payload: vec![0x20, 0, 0xdf, 0xff] }
    }

    #[test]
    fn what_is_sent_is_received_as_it_was_in_either_family() {
        for sent in [datagram("10.0.0.1", "224.0.0.13"), datagram("fe80::1", "ff02::d")] {
            for router_alert in [true, false] {
                let header = Header { router_alert, ..sent.header };
                let sent = Datagram { header, ..sent.clone() };
                let received = Packet { header, payload: &sent.payload };
                assert_eq!(Packet::decode(&sent.encode().unwrap()), Ok(received));
            }
        }
    }

    #[test]
    fn a_lowered_packet_is_as_one_that_was_sent_lower_until_it_may_not_go_on() {
        for sent in [datagram("10.0.0.1", "239.1.1.1"), datagram("2001:db8::1", "ff1e::1")] {
            let with = |hop_limit| {
                let header = Header { hop_limit, router_alert: false, ..sent.header };
                Datagram { header, ..sent.clone() }.encode().unwrap()
            };
            for hop_limit in 2..=255 {
                let mut packet = with(hop_limit);
                assert!(lower_hop_limit(&mut packet));
                assert_eq!(Packet::decode(&packet), Packet::decode(&with(hop_limit - 1)));
            }
            for hop_limit in [0, 1] {
                let mut packet = with(hop_limit);
                assert!(!lower_hop_limit(&mut packet));
                assert_eq!(packet, with(hop_limit));
            }
        }
        assert!(!lower_hop_limit(&mut []) && !lower_hop_limit(&mut [0x45, 0, 0]));
    }

    #[test]
    fn a_header_has_one_family_and_one_of_two_versions() {
        let why = datagram("2001:db8::1", "224.0.0.13").encode().unwrap_err().to_string();
        assert_eq!(why, "IP packet: destination: 224.0.0.13 is of the other address family");
        let why = datagram("10.0.0.1", "ff02::d").encode().unwrap_err().to_string();
        assert_eq!(why, "IP packet: destination: ff02::d is of the other address family");
        let bytes = [&[0x50, 0, 0, 0][..], &[0; 36]].concat();
        let why = Packet::decode(&bytes).unwrap_err().to_string();
        assert_eq!(why, "IP packet: version at octet 0: 5, should be 4 or 6");
    }
}
