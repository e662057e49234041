//! The router's clauses of RFC 2236, on one link in virtual time: packets in, packets out.

use std::collections::VecDeque;
use std::time::Duration;

use super::*;
use crate::addr::Group;
use crate::gmp::change::{Record, Sources};
use crate::gmp::interface::TimerName;
use crate::gmp::message::{Message as Said, Version};
use crate::gmp::params::{Params, Profile};
use crate::gmp::querier::Role;
use crate::gmp::{News, Say};
use crate::rng::Rng;
use crate::time::Instant;
use crate::wire::igmp::{self as wire, Message};
use crate::wire::ipv4;

mod defence;
mod host;
mod leave;
mod members;
mod non_querier;
mod packets;
mod querier;
mod v1_hosts;
mod v1_routers;

/// The router with the address 10.0.0.5, and its outputs on its link.
struct Link {
    interface: Interface,
    now: Instant,
    said: Vec<(Duration, Say)>,
    rng: Rng,
}

/// A Query as it was on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    at: Duration,
    destination: Ipv4Addr,
    code: u8,
    group: Ipv4Addr,
}

impl Link {
    /// A router that has just entered service at 0 s; its first Query is among its outputs.
    fn new() -> Self {
        Self::with(Params::v2())
    }

    fn with(params: Params) -> Self {
        let mut out = VecDeque::new();
        let mut rng = Rng::for_node(1, "r1");
        let mut cx = Cx { now: Instant::ZERO, rng: &mut rng, out: &mut out };
        let interface = Interface::start(&mut cx, params, OWN.into());
        let said = out.into_iter().map(|say| (Duration::ZERO, say)).collect();
        Self { interface, now: Instant::ZERO, said, rng }
    }

    /// Calls the machine, and keeps its outputs.
    fn call<T>(&mut self, act: impl FnOnce(&mut Interface, &mut Cx<'_>) -> T) -> T {
        let mut out = VecDeque::new();
        let mut cx = Cx { now: self.now, rng: &mut self.rng, out: &mut out };
        let result = act(&mut self.interface, &mut cx);
        let at = self.now.since_start();
        self.said.extend(out.into_iter().map(|say| (at, say)));
        result
    }

    /// A router in version 1 mode.
    fn v1() -> Self {
        Self::with(Params { version: Version::V1, ..Params::v2() })
    }

    /// A router that has lost the election to 10.0.0.1 at 0 s, and reported so.
    fn non_querier() -> Self {
        let mut link = Self::new();
        link.general_query(1);
        link.said.clear();
        link
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Ignored> {
        let packet = Packet::decode(bytes)?;
        self.call(|interface, cx| {
            receive(interface, cx, &["10.0.0.5/24".parse().unwrap()], &packet)
        })
    }

    fn packet(&mut self, from: Ipv4Addr, to: Ipv4Addr, message: &Message) -> Result<(), Ignored> {
        self.bytes(&ipv4::encode_igmp(from, to, message).unwrap())
    }

    fn v2_report(&mut self) {
        self.packet(HOST, G, &Message::V2Report { group: G }).unwrap();
    }

    fn v1_report(&mut self) {
        self.packet(HOST, G, &Message::V1Report { group: G }).unwrap();
    }

    fn leave(&mut self) -> Result<(), Ignored> {
        self.packet(HOST, ALL_ROUTERS, &Message::Leave { group: G })
    }

    /// A version 3 host reports a record of the group.
    fn record(&mut self, record: &Record) {
        self.call(|interface, cx| interface.heard_record(cx, group(), record).unwrap());
    }

    /// 10.0.0.`from` sends a version 2 General Query.
    fn general_query(&mut self, from: u8) {
        self.packet(router(from), ALL_HOSTS, &query(100, Ipv4Addr::UNSPECIFIED)).unwrap();
    }

    /// 10.0.0.`from` sends a Group-Specific Query.
    fn group_query(&mut self, from: u8, code: u8) {
        self.packet(router(from), G, &query(code, G)).unwrap();
    }

    /// Lets time pass until then, serving every timer at its instant.
    fn run_to(&mut self, until: Duration) {
        let end = Instant::ZERO + until;
        assert!(end >= self.now, "time runs forwards");
        while let Some(next) = self.interface.deadline().filter(|next| next.at <= end) {
            self.now = next.at;
            self.call(Interface::expire);
        }
        self.now = end;
    }

    fn has_members(&self) -> bool {
        self.interface.wants(IpAddr::from([198, 51, 100, 1]), Group::new(G.into()).unwrap())
    }

    /// The group has members until just before `until`, and none from then on.
    fn assert_members_until(&mut self, until: Duration) {
        self.run_to(until - NANO);
        assert!(self.has_members(), "lost before {until:?}");
        self.run_to(until);
        assert!(!self.has_members(), "still there at {until:?}");
    }

    /// The Queries since the last call, as they are on the wire; the news are dropped.
    fn asked(&mut self) -> Vec<Asked> {
        let on_wire = |(at, say)| match say {
            Say::Query(query) => {
                Some(on_wire(at, &encode(OWN.into(), &Said::Query(query)).unwrap()))
            }
            Say::News(_) => None,
        };
        self.said.drain(..).filter_map(on_wire).collect()
    }

    /// When General Queries were sent since the last call; no other Query may have been sent.
    fn asked_all(&mut self) -> Vec<Duration> {
        let asked = self.asked();
        assert!(asked.iter().all(|query| query.group.is_unspecified()), "{asked:?}");
        asked.into_iter().map(|query| query.at).collect()
    }

    /// When Group-Specific Queries were sent since the last call.
    fn asked_group(&mut self) -> Vec<Duration> {
        let asked = self.asked();
        asked.into_iter().filter(|query| query.group == G).map(|query| query.at).collect()
    }

    /// The news since the last call; the Queries are dropped.
    fn news(&mut self) -> Vec<News> {
        let news = |(_, say)| match say {
            Say::News(news) => Some(news),
            Say::Query(_) => None,
        };
        self.said.drain(..).filter_map(news).collect()
    }
}

fn on_wire(at: Duration, said: &Datagram) -> Asked {
    let bytes = said.encode().unwrap();
    let packet = ipv4::decode(&bytes).unwrap();
    assert_eq!((packet.source, packet.protocol), (OWN, ipv4::IGMP)); // RFC2236-2-01
    assert_eq!((packet.ttl, packet.router_alert), (1, true)); // RFC2236-2-02, RFC2236-2-03
    assert_eq!(packet.payload.len(), 8);
    match decode(packet.payload, Version::V2).unwrap().message {
        Message::Query(wire::Query { max_resp_code: code, group, .. }) => {
            Asked { at, destination: packet.destination, code, group }
        }
        other => panic!("a router sends Queries only, not {other}"),
    }
}

const NANO: Duration = Duration::from_nanos(1);
const OWN: Ipv4Addr = router(5);
const HOST: Ipv4Addr = router(100);
const G: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 1);

const fn router(host: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, host)
}

fn secs(secs: f64) -> Duration {
    Duration::from_secs_f64(secs)
}

fn group() -> Group {
    Group::new(G.into()).unwrap()
}

fn query(max_resp_code: u8, group: Ipv4Addr) -> Message {
    Message::Query(wire::Query { max_resp_code, group, v3: None })
}
