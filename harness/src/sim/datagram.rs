//! The datagrams of a source, as its kernel would send them, and as a receiver's kernel reads them.

use std::net::IpAddr;
use std::rc::Rc;

use castnet::addr::Group;
use castnet::time::Instant;
use castnet::wire::Unencodable;
use castnet::wire::ip::{Datagram, Header, Packet};
use etherparse::{UdpHeader, UdpSlice, ip_number};

use super::last::Last;
use crate::capture::numbered::{self, UDP_PORT};
use crate::plan::Stream;
use crate::recording::Number;

/// The IP packet with one datagram of the stream.
///
/// # Errors
/// The packet would be too long, or its addresses are of two families; the message says which.
pub(super) fn encode(stream: &Stream, sequence: u64, now: Instant) -> Result<Vec<u8>, Unencodable> {
    let (source, destination) = (stream.source, stream.group.addr());
    let number = Number { stream: stream.id, sequence };
    let payload = numbered::encode(number, now, stream.size);
    let octets = (UdpHeader::LEN + payload.len()).try_into().unwrap_or(u16::MAX);
    let mut udp = UdpHeader {
        source_port: UDP_PORT,
        destination_port: UDP_PORT,
        length: octets,
        checksum: 0,
    };
    udp.checksum = checksum(&udp, source, destination, &payload).unwrap_or_default();
    let protocol = ip_number::UDP.0;
    let hop_limit = stream.ttl;
    let header = Header { source, destination, protocol, hop_limit, class: 0, router_alert: false };
    Datagram { header, payload: [&udp.to_bytes()[..], &payload].concat() }.encode()
}

/// The checksum of a datagram; `None` if its addresses are of two families or it is too long.
fn checksum(udp: &UdpHeader, source: IpAddr, group: IpAddr, payload: &[u8]) -> Option<u16> {
    match (source, group) {
        (IpAddr::V4(source), IpAddr::V4(group)) => {
            udp.calc_checksum_ipv4_raw(source.octets(), group.octets(), payload).ok()
        }
        (IpAddr::V6(source), IpAddr::V6(group)) => {
            udp.calc_checksum_ipv6_raw(source.octets(), group.octets(), payload).ok()
        }
        _ => None,
    }
}

/// Reads datagrams for all listeners of a world. Each is read once, however many listeners get it.
#[derive(Debug, Default)]
pub(super) struct Receiver(Last<Option<Received>>);

/// Source, group and number of a datagram.
pub(super) type Received = (IpAddr, Group, Number);

impl Receiver {
    /// The datagram to a group that a socket would receive out of the packet; `None` if the packet
    /// holds no such datagram or has a wrong checksum.
    pub(super) fn receive(&mut self, packet: &Rc<[u8]>) -> Option<&Received> {
        self.0.of(packet, receive).as_ref()
    }
}

fn receive(packet: &[u8]) -> Option<Received> {
    let packet = Packet::decode(packet).ok()?;
    let (source, group) = (packet.header.source, packet.header.destination);
    let is_udp = packet.header.protocol == ip_number::UDP.0;
    let udp = UdpSlice::from_slice(packet.payload).ok().filter(|_| is_udp)?;
    let header = udp.to_header();
    let checksum = checksum(&header, source, group, udp.payload())?;
    // Only IPv4 has datagrams without a checksum (RFC 8200 section 8.1).
    let right = header.checksum == checksum || header.checksum == 0 && source.is_ipv4();
    let ours = right && header.destination_port == UDP_PORT;
    let (number, _) = ours.then(|| numbered::decode(udp.payload()))??;
    Some((source, Group::new(group)?, number))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::capture::decode::{Content, decode_ip};

    fn stream(source: &str, group: &str) -> Stream {
        Stream {
            id: 3,
            port: 0,
            group: Group::new(group.parse().unwrap()).unwrap(),
            interval: Duration::from_secs(1),
            during: None,
            source: source.parse().unwrap(),
            ttl: 8,
            size: 64,
        }
    }

    fn datagram() -> Vec<u8> {
        encode(&stream("10.0.1.1", "239.1.1.1"), 7, Instant::ZERO).unwrap()
    }

    #[test]
    fn a_stream_of_two_families_is_refused_in_words() {
        let why = encode(&stream("2001:db8::1", "239.1.1.1"), 7, Instant::ZERO).unwrap_err();
        assert!(why.to_string().contains("is of the other address family"), "{why}");
    }

    // RFC 8200 section 8.1
    #[test]
    fn a_datagram_of_ipv6_has_a_checksum() {
        let octets = encode(&stream("2001:db8::1", "ff3e::1"), 7, Instant::ZERO).unwrap();
        let (source, group, number) = receive(&octets).unwrap();
        assert_eq!(
            (source, group),
            ("2001:db8::1".parse().unwrap(), stream("::1", "ff3e::1").group)
        );
        assert_eq!(number, Number { stream: 3, sequence: 7 });
        let mut without = octets;
        without[46..48].copy_from_slice(&[0, 0]);
        assert_eq!(receive(&without), None);
    }

    #[test]
    fn a_datagram_is_read_as_it_was_written() {
        let (octets, number) = (datagram(), Number { stream: 3, sequence: 7 });
        let read = decode_ip(&octets).unwrap();
        assert_eq!((read.ttl, read.content), (8, Content::Data(number)));
        assert_eq!(octets.len(), 20 + 8 + 64);
        let Stream { source, group, .. } = stream("10.0.1.1", "239.1.1.1");
        assert_eq!(receive(&octets), Some((source, group, number)));
    }

    #[test]
    fn no_octet_of_it_can_be_wrong_unnoticed() {
        for at in 0..datagram().len() {
            let mut octets = datagram();
            octets[at] ^= 0x10;
            assert_eq!(receive(&octets), None, "octet {at}");
        }
    }
}
