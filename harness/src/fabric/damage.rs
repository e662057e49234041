//! Spoils the checksum of a frame.
//!
//! Only the checksum field changes, and no other checksum is recomputed: the frame looks like one
//! damaged on its way.

use std::sync::Arc;

use castnet::wire::ipv4;
use etherparse::{EtherType, Ethernet2Slice, Ipv4HeaderSlice, LaxIpv6Slice, ip_number};

/// Octets of an Ethernet header without a VLAN tag.
const ETHERNET: usize = 14;

/// The frame with a wrong checksum in its IGMP or ICMPv6 message or UDP datagram, or in the IPv4
/// header if it carries anything else. `None` if it has no checksum, like other IPv6 packets.
pub(super) fn spoil(frame: &[u8]) -> Option<Arc<[u8]>> {
    let mut spoiled: Arc<[u8]> = frame.into();
    flip(Arc::make_mut(&mut spoiled))?;
    Some(spoiled)
}

fn flip(frame: &mut [u8]) -> Option<()> {
    let Layout { is_ipv4, payload, protocol } = layout(frame)?;
    let at = match protocol {
        ipv4::IGMP if is_ipv4 => payload + 2,
        other if other == ip_number::IPV6_ICMP.0 && !is_ipv4 => payload + 2,
        other if other == ip_number::UDP.0 => payload + 6,
        _ if is_ipv4 => ETHERNET + 10,
        _ => return None,
    };
    let low = frame.get_mut(at..at + 2)?;
    // Flipping one bit always changes the sum; flipping all turns 0x0000 into 0xffff, which is
    // equal. In UDP the result must not be zero, which means no checksum.
    low[1] ^= if *low == [0, 1] { 2 } else { 1 };
    Some(())
}

struct Layout {
    is_ipv4: bool,
    /// Offset of the payload in the frame.
    payload: usize,
    protocol: u8,
}

fn layout(frame: &[u8]) -> Option<Layout> {
    let ethernet = Ethernet2Slice::from_slice_without_fcs(frame).ok()?;
    let packet = ethernet.payload_slice();
    match ethernet.ether_type() {
        EtherType::IPV4 => {
            let header = Ipv4HeaderSlice::from_slice(packet).ok()?;
            let payload = ETHERNET + header.slice().len();
            Some(Layout { is_ipv4: true, payload, protocol: header.protocol().0 })
        }
        EtherType::IPV6 => {
            let (read, _) = LaxIpv6Slice::from_slice(packet).ok()?;
            let headers = read.header().slice().len() + read.extensions().slice().len();
            let protocol = read.payload().ip_number.0;
            Some(Layout { is_ipv4: false, payload: ETHERNET + headers, protocol })
        }
        _ => None,
    }
}
