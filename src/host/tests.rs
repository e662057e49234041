//! A host of MLD on one link in virtual time: packets in, packets out.

use std::net::Ipv6Addr;
use std::time::Duration;

use super::*;
use crate::gmp::change::Sources;
use crate::gmp::message::{Record, Version};
use crate::wire::icmpv6::Ends;
use crate::wire::ip::Header;
use crate::wire::mld::{self as wire, Message as Mld};

mod modes;
mod v1;
mod v2;

const OWN: &str = "fe80::9";
const OTHER: &str = "fe80::8";
const QUERIER: &str = "fe80::1";
const G: &str = "ff05::1:3";
const ALL_NODES: &str = "ff02::1";

fn ip(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

fn group(text: &str) -> Group {
    Group::new(IpAddr::V6(ip(text))).unwrap()
}

fn at(seconds: f64) -> Instant {
    Instant::ZERO + Duration::from_secs_f64(seconds)
}

/// A host, and its messages: seconds, destination, message.
struct Link {
    host: Host,
    now: Instant,
    said: Vec<(f64, String, Mld)>,
}

impl Link {
    fn new(version: Version) -> Self {
        Self::with(HostParams::of(version))
    }

    fn with(params: HostParams) -> Self {
        let host = Host::new(params, IpAddr::V6(ip(OWN)), Rng::for_node(1, "h1"));
        Self { host, now: Instant::ZERO, said: Vec::new() }
    }

    /// A host that has joined the group and told so long ago.
    fn member(version: Version) -> Self {
        let mut link = Self::new(version);
        link.join(G).until(60.0).said.clear();
        link
    }

    fn note(&mut self) -> &mut Self {
        while let Some(packet) = self.host.poll() {
            let bytes = packet.unwrap().encode().unwrap();
            let packet = Packet::decode(&bytes).unwrap();
            let head = packet.header;
            // RFC2710-3-01, RFC3810-5-01
            assert_eq!((head.hop_limit, head.router_alert, head.protocol), (1, true, 58));
            assert_eq!(head.source, IpAddr::V6(ip(OWN)));
            let IpAddr::V6(destination) = head.destination else { unreachable!() };
            let ends = Ends { source: ip(OWN), destination };
            let message = wire::decode(packet.payload, ends, Version::V3).unwrap().message;
            let seconds = self.now.since_start().as_secs_f64();
            self.said.push((seconds, destination.to_string(), message));
        }
        self
    }

    fn join(&mut self, name: &str) -> &mut Self {
        self.host.join(self.now, group(name)).unwrap();
        self.note()
    }

    fn leave(&mut self, name: &str) -> &mut Self {
        self.host.leave(self.now, group(name));
        self.note()
    }

    fn until(&mut self, seconds: f64) -> &mut Self {
        while let Some(due) = self.host.deadline().filter(|due| *due <= at(seconds)) {
            self.now = due;
            self.host.expire(due);
            self.note();
        }
        self.now = at(seconds);
        self
    }

    fn hear_in(&mut self, header: Header, message: &Mld) -> Result<(), Ignored> {
        let (IpAddr::V6(source), IpAddr::V6(destination)) = (header.source, header.destination)
        else {
            unreachable!()
        };
        let payload = message.encode(Ends { source, destination }).unwrap();
        let heard = self.host.receive(self.now, &Packet { header, payload: &payload });
        self.note();
        heard
    }

    fn hear(&mut self, from: &str, to: &str, message: &Mld) -> Result<(), Ignored> {
        self.hear_in(header(from, to), message)
    }

    /// Hears a Query of the querier, at the destination of the RFC.
    fn query(&mut self, name: &str, millis: u16, v2: Option<wire::V2Query>) -> &mut Self {
        let to = if name == "::" { ALL_NODES } else { name };
        self.hear(QUERIER, to, &query(name, millis, v2)).unwrap();
        self
    }

    /// The messages since the last call, in words.
    fn words(&mut self) -> Vec<String> {
        self.said.drain(..).map(|(_, to, message)| format!("{to} {message}")).collect()
    }

    /// The times of the messages since the last call.
    fn times(&mut self) -> Vec<f64> {
        self.said.drain(..).map(|(seconds, ..)| seconds).collect()
    }
}

fn header(from: &str, to: &str) -> Header {
    let (source, destination) = (IpAddr::V6(ip(from)), IpAddr::V6(ip(to)));
    Header { source, destination, protocol: 58, hop_limit: 1, class: 0, router_alert: true }
}

fn query(name: &str, millis: u16, v2: Option<wire::V2Query>) -> Mld {
    Mld::Query(wire::Query { max_resp_code: millis, group: ip(name), v2 })
}

/// The part of version 2 with QRV 2 and QQI 125 s.
fn v2_part(sources: &[&str]) -> Option<wire::V2Query> {
    let sources = sources.iter().map(|source| ip(source)).collect();
    let suppress = false;
    Some(wire::V2Query { flags: 0, suppress, robustness: 2, interval_code: 125, sources })
}

fn sources(names: &[&str]) -> Sources {
    names.iter().map(|name| IpAddr::V6(ip(name))).collect()
}

/// One Report of version 2 as it is written.
fn report(records: &[(&str, Record)]) -> String {
    let records = records.iter().map(|(name, record)| (group(name), record.clone())).collect();
    let said = Message::Report(Report { version: Version::V3, records });
    format!("ff02::16 {}", mld::message(&said).unwrap())
}
