//! A made-up run, event by event; the caller decides how late each event is.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use castnet::addr::Group;
use castnet::time::Instant;
use castnet::wire::igmp::{Message, Query};
use castnet::wire::ipv4::{Ipv4Header, encode_igmp};
use etherparse::PacketBuilder;

use crate::capture::ethernet::frame;
use crate::capture::numbered::{self, UDP_PORT};
use crate::plan::{Plan, PortId, compile};
use crate::recording::{
    Delivery, Frame, MfcChange, MfcEntry, NodeEvent, Number, Recording, StateChange,
};

pub(super) const SCENARIO: &str = r#"
title = "Two members leave"
proves = ["RFC2236-3-23"]
end = "12s"
golden = ["netns"]

[links]
up = ["s1", "r1"]
lan = ["r1", "h1", "h2"]

[nodes]
s1 = { role = "source" }
h1 = { role = "listener" }
h2 = { role = "listener" }

[nodes.r1]
role = "router"
igmp = { query-interval = "8s", query-response-interval = "1s", last-member-query-interval = "500ms" }

[[act]]
at = "0s"
join = { who = "h1", group = "239.1.1.1" }

[[act]]
at = "500ms"
send = { who = "s1", group = "239.1.1.1", rate = "100pps" }

[[act]]
at = "1s"
join = { who = "h2", group = "239.1.1.1" }

[[act]]
at = "3500ms"
name = "first"
leave = { who = "h1", group = "239.1.1.1" }

[[act]]
at = "5s"
name = "last"
leave = { who = "h2", group = "239.1.1.1" }

[[expect]]
packet = { on = "lan", kind = "query" }
count = ">= 1"
within = "1s"
"#;

const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 1);
const S1: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 1);
const R1: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 1);
pub(super) const H1: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);
pub(super) const H2: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 3);

/// The most microseconds by which an event follows its cause.
const LATE: u64 = 25_000;

pub(super) fn ms(milliseconds: u64) -> Instant {
    Instant::ZERO + Duration::from_millis(milliseconds)
}

fn group() -> Group {
    Group::new(IpAddr::V4(GROUP)).unwrap()
}

fn query(source: Ipv4Addr, group: Ipv4Addr, max_resp_code: u8) -> Vec<u8> {
    let to = if group.is_unspecified() { Ipv4Addr::new(224, 0, 0, 1) } else { group };
    let query = Query { max_resp_code, group, v3: None };
    encode_igmp(source, to, &Message::Query(query)).unwrap()
}

/// r1's Query for the group.
pub(super) fn lan_query() -> Vec<u8> {
    query(R1, GROUP, 5)
}

/// r1's General Query.
pub(super) fn general_query() -> Vec<u8> {
    query(R1, Ipv4Addr::UNSPECIFIED, 10)
}

pub(super) fn report(host: Ipv4Addr) -> Vec<u8> {
    encode_igmp(host, GROUP, &Message::V2Report { group: GROUP }).unwrap()
}

fn leave(host: Ipv4Addr) -> Vec<u8> {
    let message = Message::Leave { group: GROUP };
    encode_igmp(host, Ipv4Addr::new(224, 0, 0, 2), &message).unwrap()
}

pub(super) fn with_ttl(ttl: u8, packet: &[u8]) -> Vec<u8> {
    let header = Ipv4Header { ttl, ..Ipv4Header::igmp(R1, GROUP) };
    header.encode(&packet[24..]).unwrap()
}

fn datagram(sequence: u64) -> Vec<u8> {
    let number = Number { stream: 0, sequence };
    let payload = numbered::encode(number, Instant::ZERO, 64);
    let builder = PacketBuilder::ipv4(S1.octets(), GROUP.octets(), 32);
    let mut packet = Vec::new();
    builder.udp(40_000, UDP_PORT).write(&mut packet, &payload).unwrap();
    packet
}

pub(super) struct Made {
    pub(super) plan: Plan,
    pub(super) recording: Recording,
}

impl Made {
    /// `chance(most)` returns any number from 0 to `most`, anew each time.
    pub(super) fn new(mut chance: impl FnMut(u64) -> u64) -> Self {
        let plan = compile("scenarios/x.toml", SCENARIO).unwrap_or_else(|why| panic!("{why}"));
        let recording = Recording::new("netns", Duration::from_secs(1_800_000_000), plan.tolerance);
        let mut made = Self { plan, recording };
        made.happens(&mut |most| Duration::from_micros(chance(most)));
        made.recording.frames.sort_by_key(|frame| frame.at);
        made
    }

    fn happens(&mut self, chance: &mut dyn FnMut(u64) -> Duration) {
        let acts: Vec<Instant> =
            self.plan.acts.iter().map(|act| Instant::ZERO + act.at + chance(LATE)).collect();
        self.recording.acts = acts.iter().copied().map(Some).collect();
        let [joined, sent, joined_too, first, last] = acts[..] else { panic!("{acts:?}") };
        self.general_queries(chance);
        self.reports(joined, joined_too, chance);
        let left = first + chance(LATE);
        self.put(left, "h1:lan", &leave(H1));
        let asked = left + chance(LATE);
        self.put(asked, "r1:lan", &lan_query());
        let answered = asked + chance(500_000);
        self.put(answered, "h2:lan", &report(H2));
        if chance(1) > Duration::ZERO {
            self.put(asked + Duration::from_millis(500), "r1:lan", &lan_query());
        }
        let left = last + chance(LATE);
        self.put(left, "h2:lan", &leave(H2));
        let asked = left + chance(LATE);
        self.put(asked, "r1:lan", &lan_query());
        self.put(asked + Duration::from_millis(500) + chance(LATE), "r1:lan", &lan_query());
        let gone = left + Duration::from_millis(1000) + chance(LATE);
        self.tells(
            gone,
            StateChange::Members { port: self.port("r1:lan"), group: group(), present: false },
        );
        self.streams(sent, [first, joined_too, last, gone], chance);
    }

    fn general_queries(&mut self, chance: &mut dyn FnMut(u64) -> Duration) {
        let start = Instant::ZERO + chance(LATE);
        let querier = self.plan.ports[self.port("r1:lan")].address.unwrap();
        self.tells(start, StateChange::Querier { port: self.port("r1:lan"), querier });
        for at in [start, start + Duration::from_secs(2) + chance(LATE)] {
            self.put(at, "r1:up", &query(Ipv4Addr::new(10, 0, 1, 2), Ipv4Addr::UNSPECIFIED, 10));
            self.put(at, "r1:lan", &general_query());
        }
    }

    fn reports(
        &mut self,
        joined: Instant,
        joined_too: Instant,
        chance: &mut dyn FnMut(u64) -> Duration,
    ) {
        let reported = joined + chance(LATE);
        self.put(reported, "h1:lan", &report(H1));
        let present =
            StateChange::Members { port: self.port("r1:lan"), group: group(), present: true };
        self.tells(reported + chance(LATE), present);
        self.put(joined_too + chance(LATE), "h2:lan", &report(H2));
        // Either host answers the second General Query, or both do; either may repeat itself too.
        let asked = Instant::ZERO + Duration::from_micros(2_000_000 + 2 * LATE);
        let which = chance(2).as_micros();
        if which != 1 {
            self.put(asked + chance(900_000), "h1:lan", &report(H1));
        }
        if which != 0 {
            self.put(asked + chance(900_000), "h2:lan", &report(H2));
        }
        if chance(1) > Duration::ZERO {
            self.put(joined + Duration::from_millis(1) + chance(900_000), "h1:lan", &report(H1));
        }
    }

    fn streams(
        &mut self,
        sent: Instant,
        [first, joined_too, last, gone]: [Instant; 4],
        chance: &mut dyn FnMut(u64) -> Duration,
    ) {
        let (up, lan) = (self.port("r1:up"), self.port("r1:lan"));
        let forwarded = sent + chance(LATE);
        self.forwards(forwarded, vec![lan], up);
        self.forwards(gone + chance(LATE), vec![], up);
        let end = Instant::ZERO + self.plan.end;
        let (mut at, mut sequence) = (sent, 0);
        while at < end {
            self.put(at, "s1:up", &datagram(sequence));
            let on = at.max(forwarded) + Duration::from_micros(90);
            if at <= gone {
                self.put(on, "r1:lan", &datagram(sequence));
            }
            let number = Number { stream: 0, sequence };
            let members = [("h1", Instant::ZERO, first), ("h2", joined_too, last)];
            for (name, _, _) in members.iter().filter(|(_, from, to)| (*from..*to).contains(&on)) {
                let node = self.plan.nodes.iter().position(|node| node.name == *name).unwrap();
                let (source, group) = (S1.into(), group());
                self.recording.deliveries.push(Delivery { at: on, node, source, group, number });
            }
            (at, sequence) = (at + Duration::from_millis(10), sequence + 1);
        }
    }

    pub(super) fn port(&self, name: &str) -> PortId {
        (0..self.plan.ports.len()).find(|&port| self.plan.port_name(port) == name).unwrap()
    }

    /// The port sends this packet, and no port receives it.
    fn put(&mut self, at: Instant, port: &str, packet: &[u8]) {
        let port = self.port(port);
        let destination = Ipv4Addr::from(<[u8; 4]>::try_from(&packet[16..20]).unwrap());
        let bytes = frame(self.plan.ports[port].mac, destination, packet);
        let original_len = bytes.len();
        self.recording.frames.push(Frame { at, port, outgoing: true, bytes, original_len });
    }

    /// One packet more.
    pub(super) fn sends(mut self, at: Instant, port: &str, packet: &[u8]) -> Self {
        self.put(at, port, packet);
        self.recording.frames.sort_by_key(|frame| frame.at);
        self
    }

    fn tells(&mut self, at: Instant, what: StateChange) {
        let node = self.plan.ports[self.port("r1:lan")].node;
        let (text, change) = (String::new(), Some(what));
        self.recording.events.push(NodeEvent { at, node, group: None, text, change });
    }

    fn forwards(&mut self, at: Instant, oifs: Vec<PortId>, iif: PortId) {
        let node = self.plan.ports[iif].node;
        let entry = Some(MfcEntry { iif, oifs });
        self.recording.mfc.push(MfcChange { at, node, source: S1.into(), group: group(), entry });
    }
}
