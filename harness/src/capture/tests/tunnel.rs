//! IGMP in tunnels is shown with its tunnel, and counts as no packet of the link.

use castnet::addr::Family;
use castnet::wire::ipv4::Ipv4Header;

use super::link::{ENDS, LEAVE, inspected, leave};
use super::{GROUP, SOURCE};
use crate::capture::link::LinkType;

fn through(protocol: u8, head: &[u8], inner: &[u8]) -> Vec<u8> {
    let header = Ipv4Header { protocol, ttl: 64, ..Ipv4Header::igmp(SOURCE, GROUP) };
    header.encode(&[head, inner].concat()).unwrap()
}

/// UDP to the port.
fn over_udp(port: u16, inner: &[u8]) -> Vec<u8> {
    let length = (inner.len() as u16 + 8).to_be_bytes();
    through(17, &[&[0x30, 0x39], &port.to_be_bytes()[..], &length, &[0, 0]].concat(), inner)
}

#[test]
fn igmp_in_a_tunnel_is_shown_with_the_tunnel_and_is_no_packet_of_the_link() {
    let gre = through(47, &[0, 0, 8, 0], &leave());
    let keyed = through(47, &[0xb0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2], &leave());
    let bridged = through(47, &[0, 0, 0x65, 0x58], &[&ENDS[..], &[8, 0], &leave()].concat());
    let ip = through(4, &[], &leave());
    for (packet, name) in [(&gre, "GRE"), (&keyed, "GRE"), (&bridged, "GRE"), (&ip, "IP")] {
        let seen = inspected(LinkType::RAW, packet);
        assert_eq!(seen.to_string(), format!("{LEAVE} (in {name} 10.0.1.1 > 239.1.1.1)"));
        assert!(seen.is_gmp_of(Family::V4) && seen.packet().is_none());
    }
    let twice = inspected(LinkType::RAW, &through(4, &[], &gre)).to_string();
    assert!(twice.ends_with("(in IP 10.0.1.1 > 239.1.1.1, in GRE 10.0.1.1 > 239.1.1.1)"));
    // A tunnel of something else is a packet of the link.
    let other = inspected(LinkType::RAW, &through(47, &[0, 0, 0x88, 0x0b], &leave()));
    assert_eq!(other.to_string(), "10.0.1.1 > 239.1.1.1 IP protocol 47 (GRE)");
}

#[test]
fn igmp_in_tunnels_over_udp_is_shown() {
    let framed = [&ENDS[..], &[8, 0], &leave()].concat();
    let vxlan = over_udp(4789, &[&[8, 0, 0, 0, 0, 0, 7, 0][..], &framed].concat());
    let geneve = [&[1, 0, 0x65, 0x58, 0, 0, 7, 0, 1, 2, 3, 4][..], &framed].concat();
    let routed = [&[0, 0, 8, 0, 0, 0, 7, 0][..], &leave()].concat();
    let update = [&[5, 0, 1, 2, 3, 4, 5, 6, 9, 9, 9, 9][..], &leave()].concat();
    let data = [&[6, 0][..], &leave()].concat();
    let user = [&[0x30, 0xff, 0, 32, 0, 0, 0, 1][..], &leave()].concat();
    let numbered = [&[0x32, 0xff, 0, 36, 0, 0, 0, 1, 0, 5, 0, 0][..], &leave()].concat();
    for (packet, name) in [
        (vxlan, "VXLAN"),
        (over_udp(6081, &geneve), "Geneve"),
        (over_udp(6081, &routed), "Geneve"),
        (over_udp(2268, &update), "AMT"),
        (over_udp(2268, &data), "AMT"),
        (over_udp(2152, &user), "GTP"),
        (over_udp(2152, &numbered), "GTP"),
    ] {
        let seen = inspected(LinkType::RAW, &packet);
        assert_eq!(seen.to_string(), format!("{LEAVE} (in {name} 10.0.1.1 > 239.1.1.1)"));
        assert!(seen.is_gmp_of(Family::V4) && seen.packet().is_none());
    }
    let other = inspected(LinkType::RAW, &over_udp(9, &leave())).to_string();
    assert!(other.starts_with("10.0.1.1 > 239.1.1.1 UDP ") && other.contains(" > 9, "), "{other}");
}

#[test]
fn what_is_wrong_in_a_tunnel_is_marked() {
    let mut wrong = leave();
    wrong[10] ^= 1;
    let seen = inspected(LinkType::RAW, &through(4, &[], &wrong));
    assert!(seen.is_gmp_of(Family::V4), "{seen}");
    let mark = "(in IP 10.0.1.1 > 239.1.1.1, IP header checksum 0x";
    assert!(seen.to_string().starts_with(&format!("{LEAVE} {mark}")), "{seen}");
    // Tunnels in one another are opened up to a limit.
    let deep = (0..200).fold(leave(), |inner, _| through(4, &[], &inner));
    assert_eq!(
        inspected(LinkType::RAW, &deep).to_string(),
        "10.0.1.1 > 239.1.1.1 IP protocol 4 (IPv4)"
    );
}
