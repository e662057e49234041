//! The fields of a datagram that multicast routing reads, and the datagram as it leaves.

use std::net::Ipv4Addr;
use std::rc::Rc;

use castnet::addr::Source;
use castnet::mfc::entry::Flow;
use castnet::wire::ipv4::{self, IGMP, Ipv4Packet};

use super::super::is_taken_in;
use super::routed;
use crate::sim::last::Last;

/// The fields of an IPv4 header that matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Destination address.
    pub destination: Ipv4Addr,
    /// The datagram's flow; `None` if such a datagram is never routed.
    pub flow: Option<Flow>,
    /// Protocol number of the payload.
    pub protocol: u8,
    /// Time to Live.
    pub ttl: u8,
    /// The packet's length in octets; padding may follow.
    pub octets: usize,
}

/// Reads datagrams for all routers of a world. Each is read once, however many routers get it.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    header: Last<Option<Header>>,
    lowered: Last<Rc<[u8]>>,
}

impl Reader {
    /// The header of a packet; `None` if it cannot be read.
    pub fn header(&mut self, packet: &Rc<[u8]>) -> Option<&Header> {
        let header = self.header.of(packet, |octets| {
            let ip = ipv4::decode(octets).ok()?;
            Some(Header {
                destination: ip.destination,
                flow: flow(&ip),
                protocol: ip.protocol,
                ttl: ip.ttl,
                octets: ip.header_len + ip.payload.len(),
            })
        });
        header.as_ref()
    }

    /// The packet's first `octets` octets, its TTL (above 1) lowered by one and its checksum updated
    /// (RFC 1624).
    pub(super) fn lowered(&mut self, packet: &Rc<[u8]>, octets: usize) -> Rc<[u8]> {
        let lowered = self.lowered.of(packet, |padded| {
            let mut packet: Rc<[u8]> = padded[..octets].into();
            // The packet has no other holder yet.
            if let Some(packet) = Rc::get_mut(&mut packet) {
                packet[8] -= 1;
                let sum = u16::from_be_bytes([packet[10], packet[11]]);
                let (sum, carry) = sum.overflowing_add(0x0100);
                packet[10..12].copy_from_slice(&(sum + u16::from(carry)).to_be_bytes());
            }
            packet
        });
        lowered.clone()
    }
}

/// The flow of a datagram; `None` if it is never routed.
fn flow(ip: &Ipv4Packet<'_>) -> Option<Flow> {
    let is_routed =
        ip.protocol != IGMP && ip.source.octets()[0] != 0 && is_taken_in(ip.source, ip.destination);
    let group = routed(ip.destination).filter(|_| is_routed)?;
    Some(Flow { source: Source::new(ip.source.into())?, group })
}
