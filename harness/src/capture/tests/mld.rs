//! MLD in frames: read by meaning and by field, and told apart from the rest of ICMPv6.

use std::net::{IpAddr, Ipv6Addr};

use castnet::addr::{Family, Group};
use castnet::gmp::message::Form;
use castnet::wire::icmpv6::Ends;
use castnet::wire::ipv4::Ipv4Header;
use castnet::wire::ipv6::Ipv6Header;
use castnet::wire::mld::{GroupRecord, Message, Query, RecordKind, V2Query, V2Report};

use super::link::{inspected, shot};
use crate::capture::decode::{Content, Packet, decode};
use crate::capture::ethernet::frame;
use crate::capture::inspected::{FrameContent, InspectedFrame};
use crate::capture::link::LinkType;
use crate::scenario::PacketKind;

const HOST: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2);
const GROUP: Ipv6Addr = Ipv6Addr::new(0xff05, 0, 0, 0, 0, 0, 1, 3);
const SOURCE: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
const ENDS: Ends = Ends { source: HOST, destination: GROUP };

fn payload(message: &Message) -> Vec<u8> {
    message.encode(ENDS).unwrap()
}

fn packet(payload: &[u8]) -> Vec<u8> {
    Ipv6Header::mld(HOST, GROUP).encode(payload).unwrap()
}

fn read(payload: &[u8]) -> Packet {
    decode(&frame([2; 6], GROUP, &packet(payload))).unwrap()
}

fn query(v2: Option<V2Query>) -> Message {
    Message::Query(Query { max_resp_code: 0x9000, group: GROUP, v2 })
}

fn asked() -> V2Query {
    V2Query { flags: 0, suppress: true, robustness: 2, interval_code: 125, sources: vec![SOURCE] }
}

fn report() -> Message {
    let record =
        GroupRecord { aux: vec![0; 4], ..GroupRecord::new(RecordKind::Allow, GROUP, vec![SOURCE]) };
    Message::V2Report(V2Report::new(vec![
        record,
        GroupRecord::new(RecordKind::ToEx, GROUP, vec![]),
    ]))
}

// RFC2710-3.1-01, RFC3810-5-02
#[test]
fn each_message_is_of_its_kind_and_names_its_group() {
    for (message, kind, form) in [
        (query(None), PacketKind::GroupSpecificQuery, Form::Query),
        (query(Some(asked())), PacketKind::Query, Form::Query),
        (Message::V1Report { group: GROUP }, PacketKind::V2Report, Form::Report),
        (Message::Done { group: GROUP }, PacketKind::Leave, Form::Leave),
        (report(), PacketKind::V3Report, Form::Report),
    ] {
        let packet = read(&payload(&message));
        assert!(packet.is(kind) && packet.names(Group::new(GROUP.into()).unwrap()), "{packet}");
        assert_eq!(packet.meaning().unwrap().form(), Some(form));
        assert_eq!(packet.to_string(), format!("fe80::2 > ff05::1:3 {message}"));
        assert_eq!((packet.source, packet.ttl), (IpAddr::V6(HOST), 1));
        assert!(packet.router_alert && packet.but_for_checksum.is_none());
    }
}

// RFC2710-3.4-01, RFC3810-5.1.3-01
#[test]
fn every_field_has_its_name() {
    let told = |message: &Message| {
        let fields = read(&payload(message)).fields();
        fields.into_iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>()
    };
    let ends =
        ["IP source: fe80::2", "IP destination: ff05::1:3", "Hop Limit: 1", "Router Alert: yes"];
    let asked = told(&query(Some(asked())));
    assert_eq!(asked[..4], ends);
    assert_eq!(
        asked[4..],
        [
            "type: 130",
            "version: v2",
            "Maximum Response Code: 36864: 65.536 s",
            "group: ff05::1:3",
            "flags: 0x0",
            "S: yes",
            "QRV: 2",
            "QQIC: 125: 125 s",
            "source: 2001:db8::1",
        ]
    );
    assert_eq!(told(&query(None))[5..7], ["version: v1", "Maximum Response Code: 36864: 36.864 s"]);
    assert_eq!(
        told(&report())[4..],
        [
            "type: 143",
            "flags: 0x0000",
            "group record: ALLOW(ff05::1:3, {2001:db8::1}) and 4 octets of auxiliary data",
            "group record: TO_EX(ff05::1:3, {})",
        ]
    );
    assert_eq!(told(&Message::Done { group: GROUP })[4..], ["type: 132", "group: ff05::1:3"]);
}

// RFC2710-3.3-01, RFC3810-8.1-02
#[test]
fn what_is_wrong_with_a_message_is_told() {
    let mut damaged = payload(&Message::Done { group: GROUP });
    damaged[2] ^= 0xff;
    let read_damaged = read(&damaged);
    assert!(matches!(&read_damaged.content, Content::BadGmp(why) if why.is_checksum()));
    let mended = read_damaged.but_for_checksum.unwrap();
    assert_eq!(mended.to_string(), "MLDv1 Done ff05::1:3");
    // 25 to 27 octets, with the right checksum over them.
    for more in 1..4 {
        let mut odd = [payload(&query(None)), vec![0; more]].concat();
        let right = match read(&odd).content {
            Content::BadGmp(why) => why.to_string(),
            content => panic!("{content:?}"),
        };
        let right = right.rsplit("0x").next().unwrap();
        odd[2..4].copy_from_slice(&u16::from_str_radix(right, 16).unwrap().to_be_bytes());
        let why = read(&odd).to_string();
        let octets = 24 + more;
        let words =
            format!("MLD Query: end at octet {octets}: {octets} octets, at least 28 needed");
        assert!(why.ends_with(&words), "{why}");
    }
}

#[test]
fn the_rest_of_icmpv6_is_no_mld() {
    for kind in [1, 128, 134, 135, 136, 142, 144] {
        let packet = read(&[kind, 0, 0, 0, 1, 2, 3, 4]);
        let Content::Other(other) = packet.content else { panic!("{:?}", packet.content) };
        assert_eq!((other.protocol, packet.length), (58, 8));
    }
    let seen = inspected(LinkType::RAW, &packet(&[135, 0, 0, 0]));
    assert_eq!(seen.to_string(), "fe80::2 > ff05::1:3 ICMPv6 Neighbor Solicitation");
    assert!(!seen.is_gmp_of(Family::V6));
    let seen = inspected(LinkType::RAW, &packet(&payload(&report())));
    assert!(seen.is_gmp_of(Family::V6) && !seen.is_gmp_of(Family::V4));
}

/// A fragment of a packet whose payload is this, at this place.
fn fragment(payload: &[u8], place: u16) -> InspectedFrame {
    let header = [&[58, 0][..], &place.to_be_bytes(), &[0, 0, 0, 7], payload].concat();
    let header = Ipv6Header { protocol: 44, router_alert: false, ..Ipv6Header::mld(HOST, GROUP) }
        .encode(&header)
        .unwrap();
    inspected(LinkType::RAW, &header)
}

#[test]
fn a_fragment_is_a_fragment_and_may_be_of_mld() {
    let ends = "fe80::2 > ff05::1:3 IP protocol 58, fragment at octet";
    let first = fragment(&payload(&report())[..16], 1);
    assert_eq!(first.to_string(), format!("{ends} 0, more to come"));
    let last = fragment(&[0; 8], 1448);
    assert_eq!(last.to_string(), format!("{ends} 1448, the last one"));
    assert!(
        [&first, &last].iter().all(|seen| seen.is_gmp_of(Family::V6) && seen.packet().is_none())
    );
    // The type of the first fragment is there, and is not of MLD.
    assert!(!fragment(&[135, 0, 0, 0, 0, 0, 0, 0], 1).is_gmp_of(Family::V6));
}

#[test]
fn a_cut_packet_is_told_as_far_as_it_goes() {
    let whole = packet(&payload(&report()));
    let cut =
        |octets: usize| InspectedFrame::of(&shot(LinkType::RAW, &whole[..octets], whole.len()));
    for octets in [48, 49, whole.len() - 1] {
        let seen = cut(octets);
        let words = format!("of which {octets} of {} octets were captured", whole.len());
        assert_eq!(seen.to_string(), format!("fe80::2 > ff05::1:3 IP protocol 58, {words}"));
        assert!(seen.is_gmp_of(Family::V6) && seen.hides(Family::V6).is_none());
    }
    // Within the headers nobody can tell whether it is MLD.
    for octets in [1, 39, 40, 47] {
        let seen = cut(octets);
        assert_eq!(seen.hides(Family::V6), Some("they end in the IP header"), "{seen}");
        assert!(!seen.is_gmp_of(Family::V6) && seen.hides(Family::V4).is_none());
    }
    let mut bad = whole;
    bad[5] += 1;
    let seen = inspected(LinkType::RAW, &bad);
    assert_eq!(seen.hides(Family::V6), Some("their IP header is malformed"));
    assert!(seen.to_string().starts_with("malformed IPv6 packet: payload length at octet 4: "));
}

#[test]
fn mld_in_a_tunnel_is_marked_and_none_of_the_link() {
    let inner = packet(&payload(&Message::Done { group: GROUP }));
    let outer =
        Ipv4Header { protocol: 41, ttl: 64, ..Ipv4Header::igmp(super::SOURCE, super::GROUP) };
    let in_ipv4 = outer.encode(&inner).unwrap();
    let outer = Ipv6Header { protocol: 41, router_alert: false, ..Ipv6Header::mld(HOST, GROUP) };
    let in_ipv6 = outer.encode(&inner).unwrap();
    for (packet, ends) in [(in_ipv4, "10.0.1.1 > 239.1.1.1"), (in_ipv6, "fe80::2 > ff05::1:3")] {
        let seen = inspected(LinkType::RAW, &packet);
        let words = format!("fe80::2 > ff05::1:3 MLDv1 Done ff05::1:3 (in IP {ends})");
        assert_eq!(seen.to_string(), words);
        assert!(matches!(seen.content, FrameContent::Marked(..)) && seen.is_gmp_of(Family::V6));
    }
}
