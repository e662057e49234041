//! A made-up run in which every kind of message is on the wire, sound and damaged.

use std::net::Ipv4Addr;
use std::time::Duration;

use castnet::time::Instant;
use castnet::wire::igmp::{GroupRecord, Message, Query, RecordKind, V3Query, V3Report};
use castnet::wire::ipv4::Ipv4Header;
use castnet_lab::capture::numbered;
use castnet_lab::plan::{Plan, compile};
use castnet_lab::recording::{Frame, Number, Recording};
use etherparse::PacketBuilder;

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
packet = { on = "lan", kind = "query" }
count = 1
within = "1s"
"#;

const SOURCE: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 1);
const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 1);
const CHANNEL: Ipv4Addr = Ipv4Addr::new(232, 1, 2, 3);

fn messages() -> Vec<Message> {
    let all = Ipv4Addr::UNSPECIFIED;
    let query = |max_resp_code, group, v3| Message::Query(Query { max_resp_code, group, v3 });
    let v3 = |suppress, robustness, interval_code, sources: &[Ipv4Addr]| {
        let sources = sources.to_vec();
        Some(V3Query { flags: 0, suppress, robustness, interval_code, sources })
    };
    let record = |kind, group, sources: &[Ipv4Addr], aux: &[u8]| {
        let record = GroupRecord::new(kind, group, sources.to_vec());
        GroupRecord { aux: aux.to_vec(), ..record }
    };
    let two = [SOURCE, Ipv4Addr::new(192, 0, 2, 255)];
    vec![
        query(0, all, None),
        query(100, all, None),
        query(255, GROUP, None),
        query(100, all, v3(false, 2, 125, &[])),
        query(127, GROUP, v3(true, 7, 0, &[])),
        // Floating point, in both fields.
        query(0x90, CHANNEL, v3(false, 0, 0xff, &two)),
        query(0xff, CHANNEL, v3(true, 1, 0x80, &[SOURCE])),
        Message::V1Report { group: GROUP },
        Message::V2Report { group: CHANNEL },
        Message::Leave { group: GROUP },
        Message::V3Report(V3Report::new(vec![])),
        Message::V3Report(V3Report::new(vec![record(RecordKind::ToEx, GROUP, &[], &[])])),
        Message::V3Report(V3Report::new(vec![
            record(RecordKind::IsIn, CHANNEL, &two, &[]),
            record(RecordKind::IsEx, GROUP, &[], &[1, 2, 3, 4]),
            record(RecordKind::ToIn, GROUP, &[], &[]),
            record(RecordKind::Allow, CHANNEL, &[SOURCE], &[9; 8]),
            record(RecordKind::Block, CHANNEL, &two, &[]),
        ])),
        Message::Unknown { kind: 0x7f },
    ]
}

/// Every message with and without Router Alert, and every known one damaged; then a datagram and something else.
pub(super) fn packets() -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    for (n, message) in (0..).zip(messages()) {
        let mut bytes = message.encode().unwrap();
        let usual = Ipv4Header::igmp(Ipv4Addr::new(10, 0, 2, n), GROUP);
        let bare = Ipv4Header { router_alert: false, ttl: 255 - n, destination: CHANNEL, ..usual };
        packets.extend([usual, bare].map(|header| header.encode(&bytes).unwrap()));
        if !matches!(message, Message::Unknown { .. }) {
            bytes[2] ^= 0x40;
            packets.push(usual.encode(&bytes).unwrap());
        }
    }
    let payload = numbered::encode(Number { stream: 1, sequence: 2 }, Instant::ZERO, 100);
    let builder = PacketBuilder::ipv4(SOURCE.octets(), GROUP.octets(), 32);
    let mut datagram = Vec::new();
    builder.udp(40_000, numbered::UDP_PORT).write(&mut datagram, &payload).unwrap();
    packets.push(datagram);
    let other = Ipv4Header { protocol: 253, ..Ipv4Header::igmp(SOURCE, GROUP) };
    packets.push(other.encode(&[0; 8]).unwrap());
    packets
}

/// A run in which each port sends in turn, and the others receive a little later.
pub(super) fn synthetic() -> (Plan, Recording) {
    let plan = compile("two-links.toml", SCENARIO).unwrap();
    let mut frames = Vec::new();
    for (n, packet) in (0..).zip(packets()) {
        let bytes = [&[1, 0, 0x5e, 1, 1, 1, 2, 0xca, 0, 0, 0, 1, 8, 0], packet.as_slice()].concat();
        let (sender, original_len) = (n % plan.ports.len(), bytes.len());
        for &port in &plan.links[plan.ports[sender].link].ports {
            let outgoing = port == sender;
            let nanos = 1_234_567_891 * n as u64 + u64::from(!outgoing);
            let (at, bytes) = (Instant::from_nanos(nanos), bytes.clone());
            frames.push(Frame { at, port, outgoing, bytes, original_len });
        }
    }
    frames.sort_by_key(|frame| frame.at);
    let nothing = Recording::new("none", Duration::new(1_800_000_000, 123_456_789), plan.tolerance);
    let recording = Recording { frames, ..nothing };
    (plan, recording)
}
