//! Ethernet frames around IPv4 packets that go to groups.

use std::net::Ipv4Addr;

use etherparse::{EtherType, Ethernet2Header};

/// Octets of the two addresses that a frame begins with.
pub const ADDRESSES: usize = 12;
/// Octets before the packet.
pub const HEADER: usize = 14;

/// The frame that carries an IPv4 packet to a group from the interface with the address `source`.
#[must_use]
pub fn frame(source: [u8; 6], group: Ipv4Addr, packet: &[u8]) -> Vec<u8> {
    frame_to(source, multicast_mac(group), packet)
}

/// The frame that carries an IPv4 packet from one Ethernet address to another.
#[must_use]
pub fn frame_to(source: [u8; 6], destination: [u8; 6], packet: &[u8]) -> Vec<u8> {
    let header = Ethernet2Header { source, destination, ether_type: EtherType::IPV4 };
    [&header.to_bytes()[..], packet].concat()
}

/// The Ethernet address of a group: 01:00:5e and the low 23 bits (RFC1112-6.4-01).
#[must_use]
pub const fn multicast_mac(group: Ipv4Addr) -> [u8; 6] {
    let [_, b, c, d] = group.octets();
    [0x01, 0x00, 0x5e, b & 0x7f, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC1112-6.4-01
    #[test]
    fn groups_that_differ_in_the_high_bits_share_an_address() {
        let expected = [0x01, 0x00, 0x5e, 0x01, 0x01, 0x02];
        for group in [Ipv4Addr::new(239, 129, 1, 2), Ipv4Addr::new(239, 1, 1, 2)] {
            assert_eq!(multicast_mac(group), expected);
        }
    }
}
