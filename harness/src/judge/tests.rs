//! The judge on made-up runs: a small scenario, and a recording made of bytes.
//!
//! For each kind of claim: what must pass, what must fail, what proves nothing; and both sides of
//! each bound, a nanosecond apart.

mod cause;
mod command;
mod counters;
mod delivery;
mod doubt;
mod fields;
mod filter;
mod foreign;
mod invariant;
mod latency;
mod ledger;
mod load;
mod mdb;
mod mfc;
mod order;
mod packet;
mod passage;
mod quality;
mod received;
mod state;
mod ttl;
mod verdict;
mod window;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use castnet::addr::Group;
use castnet::event::Event;
use castnet::time::Instant;
use castnet::wire::igmp::{Message, Query, V3Query};
use castnet::wire::ipv4::Ipv4Header;
use etherparse::PacketBuilder;

use super::{Finding, Outcome, Verdict, judge};
use crate::capture::numbered::{self, UDP_PORT};
use crate::device::castnet::events::EventRecorder;
use crate::plan::{Action, NodeId, Plan, PortId, compile};
use crate::recording::{
    Delivery, Frame, MfcChange, MfcEntry, NodeEvent, Number, Recording, StateChange,
};

const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 1);
const OTHER_GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 2);
const ALL_HOSTS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);
const R1_LAN: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 1);
const H1: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);
const S1: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 2);
const S2: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 3);

/// LMQT is 2 x 0.5 s = 1 s, the tolerance is 100 ms, and the run ends at 30 s.
const SCENARIO: &str = r#"
title = "A member leaves"
end = "30s"

[links]
up = ["r1", "s1", "s2"]
lan = ["r1", "h1", "h2"]

[nodes]
s1 = { role = "source" }
s2 = { role = "source" }
h1 = { role = "listener" }
h2 = { role = "listener" }
r1 = { role = "router", igmp = { version = 2, query-response-interval = "1s", last-member-query-interval = "500ms" } }

[[act]]
at = "0s"
send = { who = "s1", group = "239.1.1.1", rate = "100pps" }

[[act]]
at = "0s"
name = "second"
send = { who = "s2", group = "239.1.1.1", rate = "100pps" }

[[act]]
at = "1s"
name = "join"
join = { who = "h1", group = "239.1.1.1" }

[[act]]
at = "5s"
name = "leave"
leave = { who = "h1", group = "239.1.1.1" }

[[expect]]
"#;

/// When `leave` was really done; every other act was on time.
const LEAVE: Instant = Instant::from_nanos(5_001_000_000);

/// The position of `leave` among the acts.
const LEAVE_ACT: usize = 3;

fn ms(milliseconds: u64) -> Instant {
    Instant::ZERO + Duration::from_millis(milliseconds)
}

/// A nanosecond earlier and later.
const NS: Duration = Duration::from_nanos(1);

/// A run that is being made up.
struct Run {
    plan: Plan,
    recording: Recording,
}

impl Run {
    /// The scenario with this expectation, and nothing recorded but the acts.
    fn new(expectation: &str) -> Self {
        let mut plan = compile("x.toml", &format!("{SCENARIO}{expectation}"))
            .unwrap_or_else(|rejected| panic!("{rejected}"));
        // Only what a test makes up is sent, and nothing else is promised.
        for act in &mut plan.acts {
            if let Action::Send(stream) = &mut act.action {
                stream.during = Some(Duration::ZERO);
            }
        }
        let acts = vec![Some(Instant::ZERO), Some(Instant::ZERO), Some(ms(1000)), Some(LEAVE)];
        let nothing = Recording::new("none", Duration::from_secs(1_800_000_000), plan.tolerance);
        let recording = Recording { acts, ..nothing };
        Self { plan, recording }
    }

    fn port(&self, name: &str) -> PortId {
        let mut ports = 0..self.plan.ports.len();
        ports.find(|&port| self.plan.port_name(port) == name).expect(name)
    }

    fn node(&self, name: &str) -> NodeId {
        self.plan.nodes.iter().position(|node| node.name == name).expect(name)
    }

    /// The port sends the frame, and every other one on the link receives it.
    fn frame(mut self, at: Instant, port: &str, bytes: &[u8]) -> Self {
        let sender = self.port(port);
        let link = self.plan.ports[sender].link;
        for &port in &self.plan.links[link].ports {
            let (bytes, original_len) = (bytes.to_vec(), bytes.len());
            let outgoing = port == sender;
            self.recording.frames.push(Frame { at, port, outgoing, bytes, original_len });
        }
        self
    }

    fn address(&self, port: &str) -> Ipv4Addr {
        let address = self.plan.ports[self.port(port)].address;
        let Some(IpAddr::V4(address)) = address else { panic!("{address:?} is not of IPv4") };
        address
    }

    fn igmp(self, at: Instant, port: &str, to: Ipv4Addr, message: &Message) -> Self {
        let source = self.address(port);
        self.frame(at, port, &igmp_frame(&Ipv4Header::igmp(source, to), message))
    }

    /// r1 sends a Query for the group on lan.
    fn asks(self, at: Instant) -> Self {
        self.igmp(at, "r1:lan", GROUP, &query(5, GROUP))
    }

    fn data(self, at: Instant, port: &str, source: Ipv4Addr, number: Number, ttl: u8) -> Self {
        self.frame(at, port, &data_frame(source, GROUP, number, ttl))
    }

    /// s1 sends a datagram.
    fn sent(self, at: Instant, sequence: u64) -> Self {
        self.data(at, "s1:up", S1, first(sequence), 32)
    }

    /// r1 forwards a datagram of s1 to lan.
    fn forwarded(self, at: Instant, sequence: u64) -> Self {
        self.data(at, "r1:lan", S1, first(sequence), 31)
    }

    fn delivered(mut self, at: Instant, node: &str, source: Ipv4Addr, number: Number) -> Self {
        let (node, source, group) = (self.node(node), source.into(), group(GROUP));
        self.recording.deliveries.push(Delivery { at, node, source, group, number });
        self
    }

    /// s1 sends a datagram, r1 forwards it, h1 receives it.
    fn through(self, at: Instant, sequence: u64) -> Self {
        let run = self.sent(at, sequence).forwarded(at, sequence);
        run.delivered(at, "h1", S1, first(sequence))
    }

    /// r1's entry for (s1, group) from now on.
    fn entry(mut self, at: Instant, entry: Option<(&str, &[&str])>) -> Self {
        let entry = entry.map(|(iif, oifs)| {
            let oifs = oifs.iter().map(|oif| self.port(oif)).collect();
            MfcEntry { iif: self.port(iif), oifs }
        });
        let (node, source, group) = (self.node("r1"), S1.into(), group(GROUP));
        self.recording.mfc.push(MfcChange { at, node, source, group, entry });
        self
    }

    fn told(mut self, at: Instant, event: &Event) -> Self {
        let recorder = EventRecorder::new(&self.plan, self.node("r1"));
        self.recording.events.push(recorder.record(at, event));
        self
    }

    /// r1 reports a change of its state.
    fn tells(mut self, at: Instant, what: StateChange) -> Self {
        let (node, change) = (self.node("r1"), Some(what));
        self.recording.events.push(NodeEvent {
            at,
            node,
            group: None,
            text: String::new(),
            change,
        });
        self
    }

    fn not_done(mut self, act: usize) -> Self {
        self.recording.acts[act] = None;
        self
    }

    fn verdict(mut self) -> Verdict {
        self.recording.frames.sort_by_key(|frame| (frame.at, !frame.outgoing));
        let mut deliveries: Vec<Delivery> = self.recording.deliveries.into();
        deliveries.sort_by_key(|delivery| delivery.at);
        self.recording.deliveries = deliveries.into();
        judge(&self.plan, &self.recording)
    }

    /// The result of the only expectation.
    fn finding(self) -> Finding {
        let mut findings = self.verdict().findings;
        assert_eq!(findings.len(), 1);
        findings.remove(0)
    }

    #[track_caller]
    fn comes_out(self, outcome: Outcome) {
        let finding = self.finding();
        assert_eq!(finding.outcome, outcome, "{}: {:#?}", finding.claim, finding.why);
        assert_eq!(finding.why.is_empty(), outcome == Outcome::Pass);
    }

    /// The result has this outcome and these lines, in this order.
    #[track_caller]
    fn says(self, outcome: Outcome, lines: &[&str]) {
        let finding = self.finding();
        assert_eq!(finding.outcome, outcome, "{}: {:#?}", finding.claim, finding.why);
        assert_eq!(finding.why, lines);
    }
}

fn group(group: Ipv4Addr) -> Group {
    Group::new(IpAddr::V4(group)).unwrap()
}

/// A datagram of s1's stream.
fn first(sequence: u64) -> Number {
    Number { stream: 0, sequence }
}

/// A datagram of s2's stream.
fn second(sequence: u64) -> Number {
    Number { stream: 1, sequence }
}

fn query(max_resp_code: u8, group: Ipv4Addr) -> Message {
    Message::Query(Query { max_resp_code, group, v3: None })
}

fn v3_query(group: Ipv4Addr, sources: &[Ipv4Addr]) -> Message {
    let sources = sources.to_vec();
    let v3 = V3Query { flags: 0, suppress: false, robustness: 2, interval_code: 125, sources };
    Message::Query(Query { max_resp_code: 5, group, v3: Some(v3) })
}

fn igmp_frame(header: &Ipv4Header, message: &Message) -> Vec<u8> {
    ip_frame(&header.encode(&message.encode().unwrap()).unwrap())
}

fn ip_frame(packet: &[u8]) -> Vec<u8> {
    [&[1, 0, 0x5e, 1, 1, 1, 2, 0xca, 0, 1, 0, 0, 8, 0], packet].concat()
}

fn data_frame(source: Ipv4Addr, group: Ipv4Addr, number: Number, ttl: u8) -> Vec<u8> {
    let payload = numbered::encode(number, Instant::ZERO, 64);
    let builder = PacketBuilder::ethernet2([2; 6], [1, 0, 0x5e, 1, 1, 1])
        .ipv4(source.octets(), group.octets(), ttl)
        .udp(40_000, UDP_PORT);
    let mut frame = Vec::new();
    builder.write(&mut frame, &payload).unwrap();
    frame
}
