//! The messages of the kernel as a host, in order. A tick is 4 ms, and a timer is served at the
//! tick after its own: a first Report comes 12 ms after its join.

use std::time::Duration;

use castnet::wire::igmp::{self, Message, Query, V3Query};
use castnet::wire::ipv4;

use super::*;
use crate::sim::model::inet::Inet as _;

mod down;
mod mld;
mod v2;
mod v3;

const OWN: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const QUERIER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const G1: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 1);
const G2: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 2);
const NOBODY: Ipv4Addr = Ipv4Addr::UNSPECIFIED;
const ALL_HOSTS: Ipv4Addr = Ipv4Addr::ALL_HOSTS;
const ALL_ROUTERS: Ipv4Addr = Ipv4Addr::ALL_ROUTERS;

/// A host, its randomness, and its messages: `milliseconds destination message`.
struct World {
    host: Host,
    rng: Rng,
    now: Instant,
    said: Vec<String>,
}

impl World {
    fn new(forced: Option<u8>) -> Self {
        let rng = Rng::for_node(3, "h1");
        Self { host: Host::new(OWN, forced), rng, now: Instant::ZERO, said: Vec::new() }
    }

    /// Lets the time pass until so many milliseconds after the start.
    fn until(&mut self, ms: u64) -> &mut Self {
        let end = Instant::ZERO + Duration::from_millis(ms);
        while let Some(at) = self.host.deadline().filter(|&at| at <= end) {
            assert!(at > self.now, "a deadline must lie ahead");
            self.now = at;
            let mut out = Vec::new();
            self.host.expire(at, &mut self.rng, &mut out);
            self.note(out);
        }
        self.now = end;
        self
    }

    fn join(&mut self, group: Ipv4Addr) -> &mut Self {
        let mut out = Vec::new();
        self.host.join(self.now, group, &mut self.rng, &mut out);
        self.note(out);
        self
    }

    fn up(&mut self) {
        let mut out = Vec::new();
        self.host.up(self.now, &mut self.rng, &mut out);
        self.note(out);
    }

    fn leave(&mut self, group: Ipv4Addr) -> &mut Self {
        let mut out = Vec::new();
        self.host.leave(self.now, group, &mut out);
        self.note(out);
        self
    }

    fn hear(&mut self, from: Ipv4Addr, to: Ipv4Addr, message: &Message) -> &mut Self {
        let packet = ipv4::encode_igmp(from, to, message).unwrap();
        if let Some(heard) = HostInput::<Ipv4Addr>::read(&packet) {
            self.host.receive(self.now, &heard, &mut self.rng);
        }
        self
    }

    fn query(&mut self, query: Query) -> &mut Self {
        let to = if query.is_general() { ALL_HOSTS } else { query.group };
        self.hear(QUERIER, to, &Message::Query(query))
    }

    fn note(&mut self, out: Vec<HostOut>) {
        let ms = self.now.since_start().as_millis();
        for HostOut { to, packet } in out {
            let ip = ipv4::decode(&packet).unwrap();
            assert_eq!((ip.source, ip.destination), (OWN, to));
            assert_eq!((ip.ttl, ip.tos, ip.router_alert), (1, 0xc0, true));
            let message = igmp::decode(ip.payload, Version::V3).unwrap().message;
            self.said.push(format!("{ms} {to} {message}"));
        }
    }

    /// The messages since the last call.
    fn said(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }

    /// The messages since the last call, without the times.
    fn said_untimed(&mut self) -> Vec<String> {
        self.said().iter().map(|said| said.split_once(' ').unwrap().1.to_owned()).collect()
    }

    /// The times alone, in milliseconds.
    fn times(&mut self) -> Vec<u64> {
        self.said().iter().map(|said| said.split(' ').next().unwrap().parse().unwrap()).collect()
    }
}

fn older_query(group: Ipv4Addr, tenths: u8) -> Query {
    Query { max_resp_code: tenths, group, v3: None }
}

fn v3_query(group: Ipv4Addr, tenths: u8, robustness: u8, interval_code: u8) -> Query {
    let v3 = V3Query { flags: 0, suppress: false, robustness, interval_code, sources: vec![] };
    Query { max_resp_code: tenths, group, v3: Some(v3) }
}

#[test]
fn a_membership_fits_what_a_million_hosts_may_take() {
    assert!(size_of::<Host>() <= 160, "{}", size_of::<Host>());
    assert!(size_of::<Member<Ipv4Addr>>() <= 32, "{}", size_of::<Member<Ipv4Addr>>());
}

#[test]
fn only_what_is_meant_for_the_host_is_heard() {
    let mut world = World::new(Some(2));
    world.join(G1).until(20_000).said();
    let query = Message::Query(older_query(NOBODY, 10));
    let stray = Ipv4Addr::new(239, 9, 9, 9);
    let deaf = [
        (QUERIER, stray),
        (QUERIER, ALL_ROUTERS),
        (QUERIER, Ipv4Addr::new(10, 0, 0, 3)),
        (OWN, ALL_HOSTS),
        (G2, ALL_HOSTS),
        (Ipv4Addr::LOCALHOST, ALL_HOSTS),
        (NOBODY, OWN),
    ];
    for (from, to) in deaf {
        assert!(world.hear(from, to, &query).host.deadline().is_none(), "{from} > {to}");
    }
    // To any group that is joined, to the own address, and from 0.0.0.0.
    for (from, to) in [(QUERIER, G1), (QUERIER, OWN), (NOBODY, ALL_HOSTS)] {
        assert!(world.hear(from, to, &query).host.deadline().is_some(), "{from} > {to}");
        let end = world.now.since_start().as_millis() as u64 + 2_000;
        assert_eq!(world.until(end).said().len(), 1);
    }
}

#[test]
fn neither_ttl_nor_router_alert_counts_but_checksum_and_length_do() {
    let query = Message::Query(older_query(NOBODY, 10)).encode().unwrap();
    let header = ipv4::Ipv4Header::igmp(QUERIER, ALL_HOSTS);
    let plain = ipv4::Ipv4Header { ttl: 9, router_alert: false, tos: 0, ..header };
    assert!(HostInput::<Ipv4Addr>::read(&plain.encode(&query).unwrap()).is_some());

    let mut damaged = query.clone();
    damaged[3] ^= 1;
    assert!(HostInput::<Ipv4Addr>::read(&header.encode(&damaged).unwrap()).is_none());
    for (octets, is_heard) in [(7, false), (9, false), (11, false), (12, true), (13, true)] {
        let mut padded = query.clone();
        padded.resize(octets, 0);
        assert_eq!(
            HostInput::<Ipv4Addr>::read(&header.encode(&padded).unwrap()).is_some(),
            is_heard,
            "{octets}"
        );
    }
}
