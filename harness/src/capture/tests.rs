//! What is in a frame, and what a capture file says of a run.

mod comments;
mod file;
mod link;
mod mld;
mod noise;
mod other;
mod tunnel;
mod wireless;

use std::net::Ipv4Addr;
use std::time::Duration;

use castnet::time::Instant;
use castnet::wire::igmp::{GroupRecord, Message, Query, RecordKind, V3Query, V3Report};
use castnet::wire::ipv4::{Ipv4Header, encode_igmp};
use etherparse::PacketBuilder;
use pcap_file::pcapng::blocks::block_common::Block;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketOption;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionOption, InterfaceTsResolution,
};
use pcap_file::{DataLink, pcapng::PcapNgReader};
use proptest::prelude::*;

use super::comments::Remarks;
use super::decode::{Content, Packet, decode};
use super::{numbered, pcapng};
use crate::plan::{Plan, compile};
use crate::recording::{Frame, Number, Recording};
use crate::scenario::SMALLEST_PAYLOAD;

const SOURCE: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 1);
const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 1);
const NUMBER: Number = Number { stream: 3, sequence: 0x0102_0304_0506_0708 };

fn ethernet(ethertype: [u8; 2], payload: &[u8]) -> Vec<u8> {
    let addresses = [1, 0, 0x5e, 1, 1, 1, 2, 0xca, 0, 0, 0, 1];
    [&addresses[..], &ethertype, payload].concat()
}

fn igmp(message: &Message) -> Vec<u8> {
    ethernet([8, 0], &encode_igmp(SOURCE, GROUP, message).unwrap())
}

fn udp(payload: &[u8]) -> Vec<u8> {
    let builder = PacketBuilder::ethernet2([2; 6], [1, 0, 0x5e, 1, 1, 1])
        .ipv4(SOURCE.octets(), GROUP.octets(), 9)
        .udp(40_000, numbered::UDP_PORT);
    let mut frame = Vec::new();
    builder.write(&mut frame, payload).unwrap();
    frame
}

fn messages() -> Vec<Message> {
    let query = |max_resp_code, group, v3| Message::Query(Query { max_resp_code, group, v3 });
    let sources = vec![SOURCE];
    let v3 = V3Query { flags: 1, suppress: true, robustness: 2, interval_code: 125, sources };
    let mut record = GroupRecord::new(RecordKind::Allow, GROUP, vec![SOURCE]);
    record.aux = vec![1, 2, 3, 4];
    vec![
        query(0, Ipv4Addr::UNSPECIFIED, None),
        query(100, GROUP, None),
        query(100, GROUP, Some(v3)),
        Message::V1Report { group: GROUP },
        Message::V2Report { group: GROUP },
        Message::Leave { group: GROUP },
        Message::V3Report(V3Report::new(vec![record])),
        Message::Unknown { kind: 0x40 },
    ]
}

proptest! {
    #[test]
    fn a_number_comes_back_as_it_went(stream: u32, sequence: u64, nanos: u64, size in 0..1472usize) {
        let (number, sent) = (Number { stream, sequence }, Instant::from_nanos(nanos));
        let payload = numbered::encode(number, sent, size);
        prop_assert_eq!(numbered::decode(&payload), Some((number, sent)));
        prop_assert_eq!(payload.len(), size.max(28));
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), udp: bool) {
        prop_assert_eq!(decode(&ethernet([0x81, 0], &bytes)), None);
        let _ = (decode(&bytes), decode(&ethernet([8, 0], &bytes)), numbered::decode(&bytes));
        // Behind a good IP header, so that they are looked at.
        let protocol = if udp { 17 } else { 2 };
        let header = Ipv4Header { protocol, ..Ipv4Header::igmp(SOURCE, GROUP) };
        let packet = decode(&ethernet([8, 0], &header.encode(&bytes).unwrap()));
        prop_assert!(packet.is_some_and(|packet| !packet.to_string().is_empty()));
    }

    #[test]
    fn no_damage_panics(which in 0..9usize, at: prop::sample::Index, octet: u8, cut: usize) {
        let mut frames: Vec<Vec<u8>> = messages().iter().map(igmp).collect();
        frames.push(udp(&numbered::encode(NUMBER, Instant::ZERO, 64)));
        let mut frame = frames.swap_remove(which);
        let at = at.index(frame.len());
        frame[at] = octet;
        if let Some(packet) = decode(&frame[..frame.len() - cut % frame.len()]) {
            prop_assert!(!packet.to_string().is_empty());
        }
    }
}

#[test]
fn the_smallest_payload_holds_a_number_exactly_as_long_as_it_was_asked_for() {
    assert_eq!(numbered::encode(NUMBER, Instant::ZERO, SMALLEST_PAYLOAD).len(), SMALLEST_PAYLOAD);
}

#[test]
fn a_payload_that_is_not_ours_has_no_number() {
    let payload = numbered::encode(NUMBER, Instant::ZERO, 28);
    for length in 0..payload.len() {
        assert_eq!(numbered::decode(&payload[..length]), None, "{length} octets");
    }
    let mut other = payload;
    other[7] ^= 1;
    assert_eq!(numbered::decode(&other), None);
}

#[test]
fn every_igmp_message_is_decoded_with_its_header() {
    for message in messages() {
        let expected = Packet {
            source: SOURCE.into(),
            destination: GROUP.into(),
            ttl: 1,
            tos: 0xc0,
            router_alert: true,
            length: message.encode().unwrap().len(),
            max_resp_code: message.encode().unwrap().get(1).map(|&code| code.into()),
            content: Content::Gmp(message.clone().into()),
            but_for_checksum: None,
        };
        assert_eq!(decode(&igmp(&message)), Some(expected));
    }
    let header = Ipv4Header { ttl: 7, router_alert: false, ..Ipv4Header::igmp(GROUP, SOURCE) };
    let leave = Message::Leave { group: GROUP }.encode().unwrap();
    let packet = decode(&ethernet([8, 0], &header.encode(&leave).unwrap())).unwrap();
    assert_eq!((packet.source, packet.destination), (GROUP.into(), SOURCE.into()));
    assert_eq!((packet.ttl, packet.router_alert), (7, false));
}

#[test]
fn link_padding_is_no_part_of_a_message() {
    let mut frame = igmp(&Message::Leave { group: GROUP });
    frame.resize(60, 0xee);
    let content = decode(&frame).map(|packet| packet.content);
    assert_eq!(content, Some(Content::Gmp(Message::Leave { group: GROUP }.into())));
}

#[test]
fn damaged_igmp_says_what_is_wrong() {
    let mut frame = igmp(&Message::Leave { group: GROUP });
    let last = frame.len() - 1;
    frame[last] ^= 1;
    let packet = decode(&frame).unwrap();
    assert!(matches!(packet.content, Content::BadGmp(malformed) if malformed.is_checksum()));
    let damaged = Message::Leave { group: Ipv4Addr::from(u32::from(GROUP) ^ 1) };
    assert_eq!(packet.but_for_checksum, Some(Box::new(damaged.into())));
    assert!(
        packet.to_string().starts_with("10.0.1.1 > 239.1.1.1 malformed IGMP message: checksum")
    );
}

// RFC3376-7.1-02
#[test]
fn a_query_between_the_lengths_of_two_versions_belongs_to_none() {
    let query = Query { max_resp_code: 100, group: GROUP, v3: None };
    let bytes = Message::Query(query).encode().unwrap();
    let with = |trailing: usize| {
        let payload = [bytes.as_slice(), &[0, 0, 0][..trailing]].concat();
        let packet = Ipv4Header::igmp(SOURCE, GROUP).encode(&payload).unwrap();
        decode(&ethernet([8, 0], &packet)).unwrap()
    };
    assert!(matches!(with(0).content, Content::Gmp(_)));
    for trailing in 1..=3 {
        let expected = format!(
            "10.0.1.1 > 239.1.1.1 malformed IGMP Query: end at octet {0}: {0} octets, at least \
             12 needed",
            8 + trailing
        );
        assert_eq!(with(trailing).to_string(), expected);
    }
}

#[test]
fn datagrams_of_our_sources_are_known_and_others_are_not() {
    let packet = decode(&udp(&numbered::encode(NUMBER, Instant::ZERO, 64))).unwrap();
    assert_eq!(packet.content, Content::Data(NUMBER));
    assert_eq!((packet.ttl, packet.router_alert), (9, false));
    let told = |frame: &[u8]| decode(frame).unwrap().to_string();
    assert!(told(&udp(b"something else")).ends_with(", 14 octets"));
    assert!(told(&udp(b"")).ends_with(", 0 octets"));
    // UDP that announces more than there is.
    let mut frame = udp(&numbered::encode(NUMBER, Instant::ZERO, 64));
    frame[38] = 0xff;
    assert!(told(&frame).ends_with(" IP protocol 17 (UDP)"));
    let ospf = Ipv4Header { protocol: 89, ..Ipv4Header::igmp(SOURCE, GROUP) };
    let packet = decode(&ethernet([8, 0], &ospf.encode(&[0; 24]).unwrap())).unwrap();
    assert_eq!(packet.to_string(), "10.0.1.1 > 239.1.1.1 IP protocol 89 (OSPFIGP)");
}

#[test]
fn what_is_not_a_whole_packet_is_nothing() {
    for ethertype in [[8, 6], [0x86, 0xdd], [0x81, 0], [0x88, 0xb5]] {
        assert_eq!(decode(&ethernet(ethertype, &[0x45; 60])), None);
    }
    for frame in messages().iter().map(igmp) {
        for length in 0..frame.len() {
            assert_eq!(decode(&frame[..length]), None, "{length} of {} octets", frame.len());
        }
    }
}

const SCENARIO: &str = r#"
title = "Two links"
[links]
up = ["s1", "r1"]
lan = ["r1", "h1"]
[nodes]
s1 = { role = "source" }
r1 = { role = "router" }
h1 = { role = "listener" }
[[expect]]
packet = { on = "lan", kind = "data" }
count = 0
within = "1s"
"#;

/// A datagram that s1 sends and r1 forwards, each frame at both its ends, and one cut short.
fn run() -> (Plan, Recording) {
    let plan = compile("two-links.toml", SCENARIO).unwrap();
    let ports = 0..plan.ports.len();
    let port = |name: &str| ports.clone().find(|&port| plan.port_name(port) == name).unwrap();
    let data = udp(&numbered::encode(NUMBER, Instant::ZERO, 64));
    let frames = [
        (0, "s1:up", true),
        (391, "r1:up", false),
        (1_000_000_001, "r1:lan", true),
        (1_000_000_002, "h1:lan", false),
        (u64::from(u32::MAX) + 1, "h1:lan", true),
    ];
    let frames = frames.map(|(nanos, name, outgoing)| Frame {
        at: Instant::from_nanos(nanos),
        port: port(name),
        outgoing,
        bytes: if nanos > 2_000_000_000 { data[..60].to_vec() } else { data.clone() },
        original_len: data.len(),
    });
    let nothing = Recording::new("none", Duration::new(1_800_000_000, 999_999_999), Duration::ZERO);
    let recording = Recording { frames: frames.into(), ..nothing };
    (plan, recording)
}

fn written(plan: &Plan, recording: &Recording) -> Vec<u8> {
    let mut bytes = Vec::new();
    pcapng::write(&mut bytes, plan, recording, &Remarks::default()).unwrap();
    bytes
}

#[test]
fn the_file_has_every_port_and_each_frame_once_at_its_sender() {
    let (plan, recording) = run();
    let bytes = written(&plan, &recording);
    let mut reader = PcapNgReader::new(bytes.as_slice()).unwrap();
    let (mut ports, mut packets) = (Vec::new(), Vec::new());
    while let Some(block) = reader.next_block() {
        match block.unwrap().0 {
            Block::InterfaceDescription(block) => {
                assert_eq!(block.linktype, DataLink::ETHERNET);
                for option in &block.options {
                    match option {
                        InterfaceDescriptionOption::IfName(name) => ports.push(name.to_string()),
                        InterfaceDescriptionOption::IfTsResol(resolution) => {
                            assert_eq!(*resolution, InterfaceTsResolution::NANO);
                        }
                        other => panic!("{other:?}"),
                    }
                }
            }
            Block::EnhancedPacket(packet) => {
                assert_eq!(packet.options, [EnhancedPacketOption::Flags(2)]);
                packets.push(packet.into_owned());
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(ports, ["s1:up", "r1:up", "r1:lan", "h1:lan"]);
    let found: Vec<_> = packets
        .iter()
        .map(|packet| {
            let port = ports[packet.interface_id as usize].as_str();
            (port, packet.timestamp, packet.data.len(), packet.original_len)
        })
        .collect();
    let length = recording.frames[0].bytes.len();
    let whole = length as u32;
    let expected = [
        ("s1:up", Duration::new(1_800_000_000, 999_999_999), length, whole),
        ("r1:lan", Duration::new(1_800_000_002, 0), length, whole),
        ("h1:lan", Duration::new(1_800_000_005, 294_967_295), 60, whole),
    ];
    assert_eq!(found, expected);
    assert_eq!(*packets[0].data, *recording.frames[0].bytes);
}

#[test]
fn equal_recordings_make_equal_files_and_unequal_ones_do_not() {
    let (plan, recording) = run();
    let bytes = written(&plan, &recording);
    assert_eq!(bytes, written(&plan.clone(), &recording.clone()));
    let mut other = recording.clone();
    other.frames[0].at = other.frames[0].at + Duration::from_nanos(1);
    assert_ne!(bytes, written(&plan, &other));
}

#[test]
fn a_frame_that_cannot_be_written_is_an_error() {
    let (plan, mut recording) = run();
    recording.frames[0].port = plan.ports.len();
    assert!(pcapng::write(Vec::new(), &plan, &recording, &Remarks::default()).is_err());
    let (_, mut recording) = run();
    recording.frames[0].original_len = 1;
    assert!(pcapng::write(Vec::new(), &plan, &recording, &Remarks::default()).is_err());
}
