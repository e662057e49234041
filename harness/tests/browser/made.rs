//! Runs made by hand, so that the pages do not depend on a kernel.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use castnet::addr::Group;
use castnet::time::Instant;
use castnet::wire::igmp::{Message, Query};
use castnet::wire::ipv4::encode_igmp;
use castnet_lab::capture::{ethernet, numbered};
use castnet_lab::plan::{Plan, PortId};
use castnet_lab::recording::{Delivery, Frame, Number, Recording};
use etherparse::PacketBuilder;

pub(crate) const SCENARIO: &str = r#"
title = "The last member leaves: <the querier> asks LMQC times"
proves = ["RFC2236-3-23"]
[links]
up = ["s1", "r1"]
lan = ["r1", "h1"]
[nodes]
s1 = { role = "source" }
r1 = { role = "router" }
h1 = { role = "listener" }
[[act]]
at = "0s"
join = { who = "h1", group = "239.1.1.1" }
[[act]]
at = "500ms"
send = { who = "s1", group = "239.1.1.1", rate = "10pps", for = "1500ms" }
[[act]]
at = "2s"
name = "leave"
leave = { who = "h1", group = "239.1.1.1" }
[[expect]]
packet = { on = "lan", kind = "group-specific-query", group = "239.1.1.1" }
count = "LMQC"
after = "leave"
within = "LMQT"
"#;

const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 1);
pub(crate) const LEAVE: Duration = Duration::from_secs(2);
/// The time that a frame needs to cross a link.
const FLIGHT: Duration = Duration::from_micros(1);

/// When the datagram with this sequence number is sent.
pub(crate) fn datagram(sequence: u64) -> Duration {
    Duration::from_millis(500 + 100 * sequence)
}

/// The group of the packet with this number in [`long_run`].
pub(crate) fn group(packet: u32) -> Ipv4Addr {
    Ipv4Addr::new(239, 1, 2, u8::try_from(packet % 100).unwrap_or_default())
}

fn port(plan: &Plan, name: &str) -> PortId {
    (0..plan.ports.len()).find(|&port| plan.port_name(port) == name).unwrap()
}

/// A frame at its sender and at the other ports of its link.
fn crossing(plan: &Plan, sender: &str, at: Duration, packet: &[u8]) -> Vec<Frame> {
    let sender = port(plan, sender);
    let destination = Ipv4Addr::new(packet[16], packet[17], packet[18], packet[19]);
    let bytes = ethernet::frame(plan.ports[sender].mac, destination, packet);
    let link = &plan.links[plan.ports[sender].link];
    let frame = |port: PortId| Frame {
        at: Instant::ZERO + at + if port == sender { Duration::ZERO } else { FLIGHT },
        port,
        outgoing: port == sender,
        original_len: bytes.len(),
        bytes: bytes.clone(),
    };
    let others = link.ports.iter().copied().filter(|&port| port != sender);
    std::iter::once(sender).chain(others).map(frame).collect()
}

fn address(plan: &Plan, name: &str) -> Ipv4Addr {
    let address = plan.ports[port(plan, name)].address;
    let Some(IpAddr::V4(address)) = address else { panic!("{address:?} is not of IPv4") };
    address
}

fn igmp(plan: &Plan, sender: &str, at: Duration, to: Ipv4Addr, message: &Message) -> Vec<Frame> {
    let source = address(plan, sender);
    crossing(plan, sender, at, &encode_igmp(source, to, message).unwrap())
}

fn data(plan: &Plan, sender: &str, sequence: u64, hop: u8) -> Vec<Frame> {
    let source = address(plan, "s1:up");
    let at = datagram(sequence) + FLIGHT * 2 * u32::from(hop);
    let number = Number { stream: 0, sequence };
    let payload = numbered::encode(number, Instant::ZERO + datagram(sequence), 64);
    let builder = PacketBuilder::ipv4(source.octets(), GROUP.octets(), 32 - hop);
    let mut packet = Vec::new();
    builder.udp(40_000, numbered::UDP_PORT).write(&mut packet, &payload).unwrap();
    crossing(plan, sender, at, &packet)
}

fn recording(plan: &Plan, mut frames: Vec<Frame>, deliveries: Vec<Delivery>) -> Recording {
    frames.sort_by_key(|frame| frame.at);
    let acts = plan.acts.iter().map(|act| Some(Instant::ZERO + act.at)).collect();
    let nothing = Recording::new("none", Duration::from_secs(1_800_000_000), plan.tolerance);
    Recording { frames, deliveries: deliveries.into(), acts, ..nothing }
}

/// A querier that sends one Query too few: a General Query, a Report, a stream, a Leave, one Query.
pub(crate) fn run(plan: &Plan) -> Recording {
    let query = |group, max_resp_code| Message::Query(Query { max_resp_code, group, v3: None });
    let all_hosts = Ipv4Addr::new(224, 0, 0, 1);
    let all_routers = Ipv4Addr::new(224, 0, 0, 2);
    let (report, leave) = (Message::V2Report { group: GROUP }, Message::Leave { group: GROUP });
    let millis = Duration::from_millis;
    let mut frames = igmp(plan, "r1:lan", millis(1), all_hosts, &query(Ipv4Addr::UNSPECIFIED, 100));
    frames.extend(igmp(plan, "h1:lan", millis(5), GROUP, &report));
    frames.extend(igmp(plan, "h1:lan", LEAVE, all_routers, &leave));
    frames.extend(igmp(plan, "r1:lan", millis(2001), GROUP, &query(GROUP, 10)));
    let mut deliveries = Vec::new();
    for sequence in 0..15 {
        frames.extend(data(plan, "s1:up", sequence, 0));
        frames.extend(data(plan, "r1:lan", sequence, 1));
        deliveries.push(Delivery {
            at: Instant::ZERO + datagram(sequence) + FLIGHT * 3,
            node: plan.ports[port(plan, "h1:lan")].node,
            source: address(plan, "s1:up").into(),
            group: Group::new(GROUP.into()).unwrap(),
            number: Number { stream: 0, sequence },
        });
    }
    recording(plan, frames, deliveries)
}

/// 50,000 Reports of 100 groups, ten to the second.
pub(crate) fn long_run(plan: &Plan) -> Recording {
    let report = |n: u32| {
        let group = group(n);
        let at = Duration::from_millis(100) * n;
        igmp(plan, "h1:lan", at, group, &Message::V2Report { group })
    };
    recording(plan, (0..50_000).flat_map(report).collect(), Vec::new())
}
