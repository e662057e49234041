//! The datagrams of a source, as its kernel would send them, and as a receiver's kernel reads them.

use std::net::IpAddr;
use std::rc::Rc;

use castnet::addr::Group;
use castnet::time::Instant;
use castnet::wire::ipv4::{self, Ipv4Header};
use etherparse::{UdpHeader, UdpSlice, ip_number};

use super::last::Last;
use crate::capture::numbered::{self, UDP_PORT};
use crate::family::spoken;
use crate::plan::Stream;
use crate::recording::Number;

/// The IP packet with one datagram of the stream.
///
/// # Errors
/// The packet would be too long, or is of an unsupported family; the message says which.
pub(super) fn encode(stream: &Stream, sequence: u64, now: Instant) -> Result<Vec<u8>, String> {
    let spoken = |address| spoken(address).map_err(|unspoken| unspoken.to_string());
    let (source, group) = (spoken(stream.source)?, spoken(stream.group.addr())?);
    let number = Number { stream: stream.id, sequence };
    let payload = numbered::encode(number, now, stream.size);
    let octets = (UdpHeader::LEN + payload.len()).try_into().unwrap_or(u16::MAX);
    let mut udp = UdpHeader {
        source_port: UDP_PORT,
        destination_port: UDP_PORT,
        length: octets,
        checksum: 0,
    };
    let checksum = udp.calc_checksum_ipv4_raw(source.octets(), group.octets(), &payload);
    udp.checksum = checksum.unwrap_or_default();
    let header = Ipv4Header {
        source,
        destination: group,
        protocol: ip_number::UDP.0,
        ttl: stream.ttl,
        tos: 0,
        identification: 0,
        dont_fragment: true,
        router_alert: false,
    };
    header.encode(&[&udp.to_bytes()[..], &payload].concat()).map_err(|unfit| unfit.to_string())
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
    let packet = ipv4::decode(packet).ok().filter(|read| read.protocol == ip_number::UDP.0)?;
    let udp = UdpSlice::from_slice(packet.payload).ok()?;
    let (source, group) = (packet.source, packet.destination);
    let header = udp.to_header();
    let checksum =
        header.calc_checksum_ipv4_raw(source.octets(), group.octets(), udp.payload()).ok()?;
    let right = header.checksum == 0 || header.checksum == checksum;
    let ours = right && header.destination_port == UDP_PORT;
    let (number, _) = ours.then(|| numbered::decode(udp.payload()))??;
    Some((source.into(), Group::new(group.into())?, number))
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
    fn an_ipv6_stream_is_refused_in_words() {
        let why = encode(&stream("2001:db8::1", "ff3e::1"), 7, Instant::ZERO).unwrap_err();
        assert_eq!(why, "2001:db8::1: IPv6 is not spoken by the laboratory yet");
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
