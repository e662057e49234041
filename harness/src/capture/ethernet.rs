//! Ethernet frames around IP packets of both address families: to groups, or to everybody on the link where
//! the packet is for one machine, because nobody here resolves addresses.

use std::net::IpAddr;

use etherparse::{EtherType, Ethernet2Header};

/// Octets of the two addresses that a frame begins with.
pub const ADDRESSES: usize = 12;
/// Octets before the packet.
pub const HEADER: usize = 14;

/// The Ethernet address of all machines on a link.
pub const BROADCAST: [u8; 6] = [0xff; 6];

/// The frame that carries an IP packet to a group, or to a machine, from the interface with the address
/// `source`.
#[must_use]
pub fn frame(source: [u8; 6], to: impl Into<IpAddr>, packet: &[u8]) -> Vec<u8> {
    frame_to(source, destination_mac(to.into()), packet)
}

/// The Ethernet address to which a packet with this destination goes.
#[must_use]
pub const fn destination_mac(to: IpAddr) -> [u8; 6] {
    if to.is_multicast() { multicast_mac(to) } else { BROADCAST }
}

/// The frame that carries an IP packet from one Ethernet address to another.
#[must_use]
pub fn frame_to(source: [u8; 6], destination: [u8; 6], packet: &[u8]) -> Vec<u8> {
    // The version is in the first four bits of either header (RFC 791 section 3.1, RFC 8200 section 3).
    let ether_type = match packet.first() {
        Some(first) if first >> 4 == 6 => EtherType::IPV6,
        _ => EtherType::IPV4,
    };
    let header = Ethernet2Header { source, destination, ether_type };
    [&header.to_bytes()[..], packet].concat()
}

/// The Ethernet address of a group: 01:00:5e and the low 23 bits (RFC1112-6.4-01), or 33:33 and the
/// low 32 bits (RFC 2464 section 7).
#[must_use]
pub const fn multicast_mac(group: IpAddr) -> [u8; 6] {
    match group {
        IpAddr::V4(group) => {
            let [_, b, c, d] = group.octets();
            [0x01, 0x00, 0x5e, b & 0x7f, c, d]
        }
        IpAddr::V6(group) => {
            let [.., a, b, c, d] = group.octets();
            [0x33, 0x33, a, b, c, d]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC1112-6.4-01
    #[test]
    fn groups_that_differ_in_the_high_bits_share_an_address() {
        let expected = [0x01, 0x00, 0x5e, 0x01, 0x01, 0x02];
        for group in [[239, 129, 1, 2], [239, 1, 1, 2]] {
            assert_eq!(multicast_mac(group.into()), expected);
        }
    }

    #[test]
    fn a_packet_for_one_machine_goes_to_all_of_the_link() {
        for to in ["10.0.1.2", "255.255.255.255", "fe80::1"] {
            assert_eq!(destination_mac(to.parse().unwrap()), BROADCAST);
        }
        assert_eq!(destination_mac("239.1.1.2".parse().unwrap())[..3], [0x01, 0x00, 0x5e]);
    }

    // RFC 2464 section 7 and its example in RFC 4291 section 2.7.1: ff02::1:ff0e:8c6c.
    #[test]
    fn a_frame_to_an_ipv6_group_says_so_twice() {
        let group: IpAddr = "ff02::1:ff0e:8c6c".parse().unwrap();
        let frame = frame([2; 6], group, &[0x60, 0, 0, 0]);
        assert_eq!(frame[..6], [0x33, 0x33, 0xff, 0x0e, 0x8c, 0x6c]);
        assert_eq!(frame[ADDRESSES..HEADER], [0x86, 0xdd]);
    }
}
