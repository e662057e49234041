//! Link headers octet by octet, as <https://www.tcpdump.org/linktypes.html> describes them.

use std::time::Duration;

use castnet::addr::Family;
use castnet::wire::igmp::Message;
use castnet::wire::ipv4::{Ipv4Header, encode_igmp};

use super::{GROUP, SOURCE};
use crate::capture::file::CapturedFrame;
use crate::capture::inspected::{FrameContent, InspectedFrame};
use crate::capture::link::{LinkType, Unread, open};

const MAC: [u8; 6] = [2, 0, 0, 0, 0, 9];

pub(super) fn leave() -> Vec<u8> {
    encode_igmp(SOURCE, GROUP, &Message::Leave { group: GROUP }).unwrap()
}

pub(super) fn inspected(link_type: LinkType, bytes: &[u8]) -> InspectedFrame {
    InspectedFrame::of(&shot(link_type, bytes, bytes.len()))
}

/// A frame of which these octets were captured.
pub(super) fn shot(link_type: LinkType, bytes: &[u8], original_len: usize) -> CapturedFrame {
    let (stamp, interface, bytes) = (Some(Duration::ZERO), "x".to_owned(), bytes.to_vec());
    let (outgoing, comments) = (None, Vec::new());
    CapturedFrame { stamp, interface, link_type, outgoing, bytes, original_len, comments }
}

pub(super) const LEAVE: &str = "10.0.1.1 > 239.1.1.1 Leave Group 239.1.1.1";

#[test]
fn a_packet_is_found_behind_every_link_header() {
    let headers: [(LinkType, &[u8]); 24] = [
        (LinkType::ETHERNET, &[1, 0, 0x5e, 1, 1, 1, 2, 0, 0, 0, 0, 9, 8, 0]),
        (LinkType::RAW, &[]),
        (LinkType(12), &[]),
        (LinkType(14), &[]),
        (LinkType::IPV4, &[]),
        (LinkType(166), &[0, 0, 0x21]),
        (LinkType(204), &[1, 0xff, 3, 0, 0x21]),
        (LinkType(205), &[1, 0x0f, 0, 8, 0]),
        (LinkType(100), &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0]),
        (LinkType(219), &[0, 0, 1, 255]),
        (LinkType(219), &[0, 0, 0, 255, 0, 0, 1, 255]),
        (LinkType(240), &[0, 0, 0, 0, 1, 0, 0x5e, 1, 1, 1, 2, 0, 0, 0, 0, 9, 8, 0]),
        (LinkType(9), &[0, 0x21]),
        (LinkType(50), &[0xff, 3, 0, 0x21]),
        (LinkType(104), &[0x0f, 0, 8, 0]),
        (LinkType::NULL, &[2, 0, 0, 0]),
        (LinkType::NULL, &[0, 0, 0, 2]),
        (LinkType::LOOP, &[0, 0, 0, 2]),
        (LinkType::LINUX_SLL, &[0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0, 8, 0]),
        (LinkType::LINUX_SLL, &[0, 2, 0x03, 0x04, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0]),
        (LinkType::LINUX_SLL2, &[8, 0, 0, 0, 0, 0, 0, 7, 0, 1, 4, 6, 2, 0, 0, 0, 0, 9, 0, 0]),
        (LinkType::C_HDLC, &[0x0f, 0, 8, 0]),
        (LinkType::C_HDLC, &[0x8f, 0, 8, 0]),
        (LinkType::LINUX_SLL2, &[8, 0, 0, 0, 0, 0, 0, 7, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    ];
    for (link_type, header) in headers {
        let frame = [header, &leave()].concat();
        let seen = inspected(link_type, &frame);
        assert_eq!(seen.to_string(), LEAVE, "{link_type}");
        let has_source = header.windows(6).any(|six| six == MAC);
        assert_eq!(seen.source, has_source.then_some(MAC), "{link_type}");
        let headless = [LinkType(100), LinkType(219)].contains(&link_type);
        for cut in 0..if headless { 0 } else { header.len() } {
            assert_eq!(open(link_type, &frame[..cut]), Err(Unread::Short), "{link_type} {cut}");
        }
    }
}

#[test]
fn cooked_headers_tell_direction_and_interface() {
    let sll = |kind| [&[0, kind, 0, 1, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0, 8, 0][..], &leave()].concat();
    assert_eq!(inspected(LinkType::LINUX_SLL, &sll(4)).outgoing, Some(true));
    assert_eq!(inspected(LinkType::LINUX_SLL, &sll(2)).outgoing, Some(false));
    let header = [8, 0, 0, 0, 0, 0, 1, 7, 0, 1, 2, 6, 2, 0, 0, 0, 0, 9, 0, 0];
    let seen = inspected(LinkType::LINUX_SLL2, &[&header[..], &leave()].concat());
    assert_eq!((seen.interface.as_str(), seen.outgoing), ("x/263", Some(false)));
}

#[test]
fn tags_are_told_and_what_they_hold_is_read() {
    let ends = [1, 0, 0x5e, 1, 1, 1, 2, 0, 0, 0, 0, 9];
    let one = [&ends[..], &[0x81, 0, 0xe0, 7, 8, 0], &leave()].concat();
    assert_eq!(inspected(LinkType::ETHERNET, &one).to_string(), format!("VLAN 7, {LEAVE}"));
    let two = [&ends[..], &[0x88, 0xa8, 0x0f, 0xff, 0x81, 0, 0, 7, 8, 0], &leave()].concat();
    let seen = inspected(LinkType::ETHERNET, &two);
    assert_eq!(seen.to_string(), format!("VLAN 4095, VLAN 7, {LEAVE}"));
    assert_eq!((seen.vlans, seen.source), (vec![4095, 7], Some(MAC)));
    let sll2 = [0x81, 0, 0, 0, 0, 0, 0, 7, 0, 1, 2, 6, 2, 0, 0, 0, 0, 9, 0, 0];
    let behind = [&sll2[..], &[0, 7, 8, 0], &leave()].concat();
    let seen = inspected(LinkType::LINUX_SLL2, &behind);
    assert_eq!((seen.to_string(), seen.source), (format!("VLAN 7, {LEAVE}"), Some(MAC)));
    // A tag that ends with the frame.
    assert_eq!(open(LinkType::ETHERNET, &one[..17]), Err(Unread::Short));
}

#[test]
fn what_is_no_packet_is_named() {
    let seen =
        |link_type, header: &[u8]| inspected(link_type, &[header, &[0; 8]].concat()).to_string();
    let short = |octets| format!("malformed IPv6 packet: end at octet {octets}: {octets} octets");
    assert!(seen(LinkType::RAW, &[0x60]).starts_with(&short(9)));
    // The link type decides, and not the version.
    let of_4 = inspected(LinkType::IPV6, &[&leave()[..], &[0; 20]].concat()).to_string();
    assert!(of_4.starts_with("malformed IPv6 packet"), "{of_4}");
    let of_6 = inspected(LinkType::IPV4, &[0x60; 40]).to_string();
    assert!(of_6.starts_with("malformed IPv4 packet: version at octet 0"), "{of_6}");
    for family in [10, 24, 28, 30] {
        assert!(seen(LinkType::NULL, &[family, 0, 0, 0]).starts_with(&short(8)));
    }
    assert_eq!(seen(LinkType::LOOP, &[0, 0, 0, 7]), "EtherType 0xffff, 12 octets");
    let bus = inspected(LinkType(220), &[0; 30]);
    assert_eq!(bus.content, FrameContent::Unread(Unread::LinkType(LinkType(220)), 30));
    assert_eq!(bus.to_string(), "30 octets, link type USB_LINUX_MMAPPED is not read");
    let unknown = inspected(LinkType(5000), &[0; 3]).to_string();
    assert_eq!(unknown, "3 octets, link type of number 5000 is not read");
}

#[test]
fn a_packet_that_was_captured_in_part_is_told_as_far_as_it_goes() {
    let whole = leave();
    for (captured, text) in [
        (25, "10.0.1.1 > 239.1.1.1 IP protocol 2, of which 25 of 32 octets were captured"),
        (19, "IPv4, of which 19 of 32 octets were captured"),
    ] {
        let shot = CapturedFrame {
            stamp: None,
            interface: "x".to_owned(),
            link_type: LinkType::RAW,
            outgoing: None,
            bytes: whole[..captured].to_vec(),
            original_len: whole.len(),
            comments: Vec::new(),
        };
        assert_eq!(InspectedFrame::of(&shot).to_string(), text);
    }
}

pub(super) const ENDS: [u8; 12] = [1, 0, 0x5e, 1, 1, 1, 2, 0, 0, 0, 0, 9];

#[test]
fn igmp_in_snap_and_in_pppoe_is_read() {
    let packet = leave();
    let snap = [&ENDS[..], &[0, 40, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &packet].concat();
    let pppoe = [0x88, 0x64, 0x11, 0, 0, 1, 0, 34, 0, 0x21];
    let pppoe = [&ENDS[..], &pppoe, &packet, &[0; 9]].concat();
    for frame in [&snap, &pppoe] {
        let seen = inspected(LinkType::ETHERNET, frame);
        assert_eq!((seen.to_string().as_str(), seen.is_gmp_of(Family::V4)), (LEAVE, true));
    }
    assert_eq!(inspected(LinkType(51), &pppoe[14..]).to_string(), LEAVE);
    // Negotiations of PPP, and 802.3 of something else.
    let other = [&ENDS[..], &[0x88, 0x64, 0x11, 0, 0, 1, 0, 4, 0xc0, 0x21, 1, 1]].concat();
    let other = inspected(LinkType::ETHERNET, &other).to_string();
    assert_eq!(other, "EtherType 0x8864, 24 octets");
    let other = [&ENDS[..], &[0, 3, 0x42, 0x42, 3]].concat();
    assert_eq!(inspected(LinkType::ETHERNET, &other).to_string(), "an 802.3 frame, 17 octets");
}

#[test]
fn igmp_behind_labels_and_behind_headers_of_headers_is_read() {
    let label = [0x88, 0x48, 0, 1, 0, 64, 0, 2, 1, 64];
    let in_snap = [0, 40, 0xaa, 0xaa, 3, 0, 0, 0, 0x81, 0, 0, 7, 8, 0];
    let in_vlan = [0x88, 0xa8, 0, 5, 0x81, 0, 0, 7, 0x88, 0x64, 0x11, 0, 0, 1, 0, 34, 0, 0x21];
    let seen = |header: &[u8]| {
        let frame = [&ENDS[..], header, &leave()].concat();
        inspected(LinkType::ETHERNET, &frame).to_string()
    };
    assert_eq!(seen(&label), LEAVE);
    assert_eq!(seen(&in_snap), format!("VLAN 7, {LEAVE}"));
    assert_eq!(seen(&in_vlan), format!("VLAN 5, VLAN 7, {LEAVE}"));
    // Labels without a bottom, and a pseudowire, which says nothing about what is in it.
    let endless = [&[0x88, 0x47][..], &[0; 400]].concat();
    assert_eq!(seen(&endless), "EtherType 0x8847, 446 octets");
    assert_eq!(seen(&[0x88, 0x47, 0, 1, 1, 64, 0, 0, 0, 0]), "EtherType 0x8847, 54 octets");
}

#[test]
fn a_wrong_ip_header_is_marked_and_hides_nothing() {
    let mut packet = leave();
    packet[10] ^= 0xff;
    let seen = inspected(LinkType::RAW, &packet);
    let (found, right) = (u16::from_be_bytes([packet[10], packet[11]]), leave());
    let right = u16::from_be_bytes([right[10], right[11]]);
    let mark = format!("{LEAVE} (IP header checksum {found:#06x}, should be {right:#06x})");
    assert_eq!(seen.to_string(), mark);
    // No host takes it, so that it is no packet to be judged.
    assert!(seen.is_gmp_of(Family::V4) && seen.packet().is_none());
    packet[2..4].fill(0);
    packet[10..12].fill(0);
    let seen = inspected(LinkType::RAW, &packet);
    assert!(seen.to_string().starts_with(LEAVE) && seen.is_gmp_of(Family::V4), "{seen}");
    assert!(seen.to_string().ends_with(", IP total length 0)"), "{seen}");
}

#[test]
fn a_fragment_is_a_fragment_with_addresses_and_place() {
    let fragment = |protocol: u8, place: u16| {
        let header = Ipv4Header { protocol, ..Ipv4Header::igmp(SOURCE, GROUP) };
        let mut packet = header.encode(&[0; 16]).unwrap();
        packet[6..8].copy_from_slice(&place.to_be_bytes());
        packet[10..12].fill(0);
        let sum: u32 =
            packet[..24].chunks(2).map(|two| u32::from(two[0]) << 8 | u32::from(two[1])).sum();
        let sum = !((sum & 0xffff) + (sum >> 16)) as u16;
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
        inspected(LinkType::RAW, &packet)
    };
    let first = fragment(17, 0x2000);
    let ends = "10.0.1.1 > 239.1.1.1 IP protocol";
    assert_eq!(first.to_string(), format!("{ends} 17, fragment at octet 0, more to come"));
    assert!(!first.is_gmp_of(Family::V4) && first.packet().is_none());
    let last = fragment(2, 176);
    assert_eq!(last.to_string(), format!("{ends} 2, fragment at octet 1408, the last one"));
    assert!(last.is_gmp_of(Family::V4));
}

#[test]
fn what_may_be_igmp_and_cannot_be_told_has_its_reason() {
    let cut =
        |octets: usize, link_type| InspectedFrame::of(&shot(link_type, &leave()[..octets], 32));
    assert!(
        cut(25, LinkType::RAW).is_gmp_of(Family::V4)
            && cut(25, LinkType::RAW).hides(Family::V4).is_none()
    );
    assert_eq!(cut(19, LinkType::RAW).hides(Family::V4), Some("they end in the IP header"));
    assert_eq!(
        cut(9, LinkType::ETHERNET).hides(Family::V4),
        Some("they end in the header of their link")
    );
    assert_eq!(cut(9, LinkType(220)).hides(Family::V4), Some("their link type is not read"));
    let bad = [&[0x44][..], &leave()[1..]].concat();
    assert_eq!(
        inspected(LinkType::RAW, &bad).hides(Family::V4),
        Some("their IP header is malformed")
    );
    assert_eq!(inspected(LinkType::RAW, &[0x60; 40]).hides(Family::V4), None);
}
