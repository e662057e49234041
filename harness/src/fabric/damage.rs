//! How a frame is damaged: octets flipped or overwritten, a checksum made wrong.
//!
//! No checksum is put right afterwards: that is what damage on the way looks like. An offset may
//! count from the IP header or its payload, so that a rule need not know whether the packet
//! carries Router Alert.

use std::sync::Arc;

use castnet::wire::ipv4;
use etherparse::{EtherType, Ethernet2Slice, Ipv4HeaderSlice, LaxIpv6Slice, ip_number};

/// Octets of an Ethernet header without a VLAN tag.
const ETHERNET: usize = 14;

/// Damage to a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Flips the bits of `mask` in one octet.
    Flip {
        /// Where the offset counts from.
        base: Base,
        /// Offset of the octet.
        at: usize,
        /// The bits to flip.
        mask: u8,
    },
    /// Overwrites one octet.
    Overwrite {
        /// Where the offset counts from.
        base: Base,
        /// Offset of the octet.
        at: usize,
        /// What it becomes.
        octet: u8,
    },
    /// Makes the checksum of the IGMP or ICMPv6 message or of the UDP datagram wrong, or that of the
    /// IPv4 header where the packet carries something else. IPv6 headers have none.
    Checksum,
}

/// Where an offset counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// The Ethernet header's first octet.
    Frame,
    /// The IP header's first octet.
    Ip,
    /// The first octet after the IPv4 header and its options, or the IPv6 header and its extensions.
    Payload,
}

impl Damage {
    /// The damaged frame; `None` if it has no such octet or checksum.
    pub(super) fn inflict(&self, frame: &[u8]) -> Option<Arc<[u8]>> {
        let mut damaged: Arc<[u8]> = frame.into();
        let octets = Arc::make_mut(&mut damaged);
        match *self {
            Self::Flip { base, at, mask } => *octet(octets, base, at)? ^= mask,
            Self::Overwrite { base, at, octet: new } => *octet(octets, base, at)? = new,
            Self::Checksum => spoil(octets)?,
        }
        Some(damaged)
    }
}

fn octet(frame: &mut [u8], base: Base, at: usize) -> Option<&mut u8> {
    let start = match base {
        Base::Frame => 0,
        Base::Ip => layout(frame).map(|_| ETHERNET)?,
        Base::Payload => layout(frame)?.payload,
    };
    frame.get_mut(start.checked_add(at)?)
}

fn spoil(frame: &mut [u8]) -> Option<()> {
    let Layout { is_ipv4, payload, protocol } = layout(frame)?;
    let at = match protocol {
        ipv4::IGMP if is_ipv4 => payload + 2,
        other if other == ip_number::IPV6_ICMP.0 && !is_ipv4 => payload + 2,
        other if other == ip_number::UDP.0 => payload + 6,
        _ if is_ipv4 => ETHERNET + 10,
        _ => return None,
    };
    let low = frame.get_mut(at..at + 2)?;
    // One bit always changes the sum, unlike all of them: 0x0000 and 0xffff are the same. But in
    // UDP zero stands for no checksum at all.
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
