//! Link headers octet by octet, as <https://www.tcpdump.org/linktypes.html> describes them.

use std::time::Duration;

use castnet::wire::igmp::Message;
use castnet::wire::ipv4::encode_igmp;

use super::{GROUP, SOURCE};
use crate::capture::file::CapturedFrame;
use crate::capture::inspected::{FrameContent, InspectedFrame};
use crate::capture::link::{LinkType, Unread, open};

const MAC: [u8; 6] = [2, 0, 0, 0, 0, 9];

fn leave() -> Vec<u8> {
    encode_igmp(SOURCE, GROUP, &Message::Leave { group: GROUP }).unwrap()
}

fn inspected(link_type: LinkType, bytes: &[u8]) -> InspectedFrame {
    let (stamp, interface) = (Some(Duration::ZERO), "x".to_owned());
    let (bytes, original_len) = (bytes.to_vec(), bytes.len());
    InspectedFrame::of(&CapturedFrame {
        stamp,
        interface,
        link_type,
        outgoing: None,
        bytes,
        original_len,
        comments: Vec::new(),
    })
}

const LEAVE: &str = "10.0.1.1 > 239.1.1.1 Leave Group 239.1.1.1";

#[test]
fn a_packet_is_found_behind_every_link_header() {
    let headers: [(LinkType, &[u8]); 12] = [
        (LinkType::ETHERNET, &[1, 0, 0x5e, 1, 1, 1, 2, 0, 0, 0, 0, 9, 8, 0]),
        (LinkType::RAW, &[]),
        (LinkType(12), &[]),
        (LinkType(14), &[]),
        (LinkType::IPV4, &[]),
        (LinkType::NULL, &[2, 0, 0, 0]),
        (LinkType::NULL, &[0, 0, 0, 2]),
        (LinkType::LOOP, &[0, 0, 0, 2]),
        (LinkType::LINUX_SLL, &[0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0, 8, 0]),
        (LinkType::LINUX_SLL, &[0, 2, 0x03, 0x04, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0]),
        (LinkType::LINUX_SLL2, &[8, 0, 0, 0, 0, 0, 0, 7, 0, 1, 4, 6, 2, 0, 0, 0, 0, 9, 0, 0]),
        (LinkType::LINUX_SLL2, &[8, 0, 0, 0, 0, 0, 0, 7, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    ];
    for (link_type, header) in headers {
        let frame = [header, &leave()].concat();
        let seen = inspected(link_type, &frame);
        assert_eq!(seen.to_string(), LEAVE, "{link_type}");
        let has_source = header.windows(6).any(|six| six == MAC);
        assert_eq!(seen.source, has_source.then_some(MAC), "{link_type}");
        for cut in 0..header.len() {
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
fn what_is_no_ipv4_is_named() {
    let seen =
        |link_type, header: &[u8]| inspected(link_type, &[header, &[0; 8]].concat()).to_string();
    assert_eq!(seen(LinkType::RAW, &[0x60]), "IPv6, 9 octets");
    for family in [10, 24, 28, 30] {
        assert_eq!(seen(LinkType::NULL, &[family, 0, 0, 0]), "IPv6, 12 octets");
    }
    assert_eq!(seen(LinkType::LOOP, &[0, 0, 0, 7]), "EtherType 0xffff, 12 octets");
    let radio = inspected(LinkType(105), &[0; 30]);
    assert_eq!(radio.content, FrameContent::Unread(Unread::LinkType(LinkType(105)), 30));
    assert_eq!(radio.to_string(), "30 octets, link type IEEE802_11 is not read");
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
