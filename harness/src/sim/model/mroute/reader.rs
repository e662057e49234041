//! The fields of a datagram that multicast routing reads, and the datagram as it leaves.

use std::net::IpAddr;
use std::rc::Rc;

use castnet::addr::Source;
use castnet::mfc::entry::Flow;
use castnet::wire::icmpv6::ICMPV6;
use castnet::wire::ip::{self, Packet};
use castnet::wire::ipv4::{self, IGMP};
use castnet::wire::pim::PIM;
use castnet::wire::{ipv6, mld};

use super::super::{is_taken_in, is_taken_in_v6};
use super::routed;
use crate::sim::last::Last;

/// The fields of an IP header that matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Destination address.
    pub destination: IpAddr,
    /// The datagram's flow; `None` if such a datagram is never routed.
    pub flow: Option<Flow>,
    /// Whether it is a message of group management or of PIM, which only the daemon reads.
    pub is_control: bool,
    /// Time to Live, or Hop Limit.
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
        self.header.of(packet, header).as_ref()
    }

    /// The packet's first `octets` octets, its TTL or Hop Limit (above 1) lowered by one, and the
    /// checksum of IPv4 updated (RFC 1624).
    pub(super) fn lowered(&mut self, packet: &Rc<[u8]>, octets: usize) -> Rc<[u8]> {
        let lowered = self.lowered.of(packet, |padded| {
            let mut packet: Rc<[u8]> = padded[..octets].into();
            // The packet has no other holder yet.
            Rc::get_mut(&mut packet).map(ip::lower_hop_limit);
            packet
        });
        lowered.clone()
    }
}

fn header(octets: &[u8]) -> Option<Header> {
    let (length, packet): (_, Packet<'_>) = match octets.first()? >> 4 {
        6 => ipv6::decode(octets).map(|ip| (ip.header_len + ip.payload.len(), ip.into())).ok()?,
        _ => ipv4::decode(octets).map(|ip| (ip.header_len + ip.payload.len(), ip.into())).ok()?,
    };
    let head = packet.header;
    Some(Header {
        destination: head.destination,
        flow: flow(&packet),
        is_control: head.protocol == PIM || is_gmp(&packet),
        ttl: head.hop_limit,
        octets: length,
    })
}

/// The flow of a datagram; `None` if it is never routed.
fn flow(packet: &Packet<'_>) -> Option<Flow> {
    let head = packet.header;
    let is_routed = match head.source {
        IpAddr::V4(source) => head.protocol != IGMP && source.octets()[0] != 0,
        // Without its Router Alert, MLD is routed like anything else.
        IpAddr::V6(_) => !(head.router_alert && is_gmp(packet)),
    };
    let is_routed = is_routed && is_sound(head.source, head.destination);
    let group = routed(head.destination).filter(|_| is_routed)?;
    Some(Flow { source: Source::new(head.source)?, group })
}

/// Whether the packet carries a message of IGMP or MLD.
pub(super) fn is_gmp(packet: &Packet<'_>) -> bool {
    match packet.header.protocol {
        IGMP => packet.header.source.is_ipv4(),
        ICMPV6 => packet.payload.first().is_some_and(|&kind| mld::is_type(kind)),
        _ => false,
    }
}

/// Whether IP accepts a packet with these addresses from another node.
pub(super) fn is_sound(source: IpAddr, destination: IpAddr) -> bool {
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => is_taken_in(source, destination),
        (IpAddr::V6(source), IpAddr::V6(destination)) => is_taken_in_v6(source, destination),
        _ => false,
    }
}
