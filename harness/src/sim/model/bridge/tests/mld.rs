//! MLD: what the bridge does as with IGMP, and what it does differently. Version 3 is MLDv2 here.

use std::net::Ipv6Addr;

use castnet::wire::icmpv6::Ends;
use castnet::wire::ipv6::Ipv6Header;
use castnet::wire::mld;

use super::*;

const OWN6: &str = "fe80::50";
const HOST6: &str = "fe80::9";
const G6: &str = "ff1e::101";
const ALL_NODES: &str = "ff02::1";
const REPORTS: &str = "ff02::16";

fn ip(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

struct Mld {
    bridge: Bridge<Ipv6Addr>,
    now: Instant,
}

impl Mld {
    fn new(version: Version) -> Self {
        let Settings { knobs, fast_leave, .. } = settings(version);
        let settings = Settings { knobs, address: ip(OWN6), fast_leave };
        Self { bridge: Bridge::new(settings, 4), now: Instant::ZERO }
    }

    /// A bridge that has heard a querier on port 3 long enough ago to snoop.
    fn snooping(version: Version) -> Self {
        let mut world = Self::new(version);
        world.query(3, "fe80::1", ALL_NODES, "::", 100);
        world.until(300);
        world
    }

    fn note(&self, out: Vec<BridgeOut<Ipv6Addr>>) -> Vec<String> {
        let ms = self.now.since_start().as_millis();
        let told = |one| match one {
            BridgeOut::Forward { port, .. } => format!("to {port}"),
            BridgeOut::Send { port, to, packet } => {
                let ip = castnet::wire::ipv6::decode(&packet).unwrap();
                let ends = Ends { source: ip.source, destination: to };
                let message = mld::decode(ip.payload, ends, Version::V3).unwrap().message;
                format!("{ms} {} port {port} to {to} {message}", ip.source)
            }
            BridgeOut::Mdb { group, source, port, holds } => {
                format!("{ms} port {port} {}", entry(group, source, holds))
            }
            BridgeOut::Router { port, on } => format!("{ms} port {port} router {on}"),
        };
        out.into_iter().map(told).collect()
    }

    fn until(&mut self, ms: u64) -> Vec<String> {
        let mut told = Vec::new();
        let end = Instant::ZERO + Duration::from_millis(ms);
        while let Some(at) = self.bridge.deadline().filter(|&at| at <= end) {
            self.now = at;
            let mut out = Vec::new();
            self.bridge.expire(at, &mut out);
            told.extend(self.note(out));
        }
        self.now = end;
        told
    }

    fn packet(&mut self, port: usize, packet: Vec<u8>) -> Vec<String> {
        let (from, to) = ([2, 0, 0, 0, 0, port as u8], [0x33, 0x33, 0, 0, 1, 1]);
        let mut out = Vec::new();
        self.bridge.receive(self.now, port, from, to, &packet.into(), &mut out);
        self.note(out)
    }

    fn message(&mut self, port: usize, header: Ipv6Header, message: &mld::Message) -> Vec<String> {
        let ends = Ends { source: header.source, destination: header.destination };
        self.packet(port, header.encode(&message.encode(ends).unwrap()).unwrap())
    }

    fn query(&mut self, port: usize, from: &str, to: &str, group: &str, code: u16) -> Vec<String> {
        let query = mld::Query { max_resp_code: code, group: ip(group), v2: None };
        self.message(port, Ipv6Header::mld(ip(from), ip(to)), &mld::Message::Query(query))
    }

    fn report(&mut self, port: usize, group: &str) -> Vec<String> {
        let report = mld::Message::V1Report { group: ip(group) };
        self.message(port, Ipv6Header::mld(ip(HOST6), ip(group)), &report)
    }

    fn v2_report(&mut self, port: usize, from: &str, kind: RecordKind) -> Vec<String> {
        let record = mld::GroupRecord::new(kind, ip(G6), vec![]);
        let report = mld::Message::V2Report(mld::V2Report::new(vec![record]));
        self.message(port, Ipv6Header::mld(ip(from), ip(REPORTS)), &report)
    }

    fn data(&mut self, port: usize, group: &str) -> Vec<String> {
        let header = Ipv6Header { protocol: 17, ..Ipv6Header::mld(ip("2001:db8::9"), ip(group)) };
        self.packet(port, Ipv6Header { router_alert: false, ..header }.encode(&[0; 8]).unwrap())
    }
}

#[test]
fn a_report_makes_a_member_and_goes_to_routers_only() {
    let mut world = Mld::snooping(Version::V2);
    assert_eq!(world.report(0, G6), ["300 port 0 ff1e::101 true", "to 3"]);
    assert_eq!(world.data(1, G6), ["to 0", "to 3"]);
}

#[test]
fn groups_of_the_link_other_than_all_nodes_have_members_too() {
    let mut world = Mld::snooping(Version::V2);
    assert_eq!(world.data(1, "ff02::fb"), ["to 3"]);
    assert_eq!(world.data(1, ALL_NODES), ["to 0", "to 2", "to 3"]);
    assert_eq!(world.report(0, "ff02::fb"), ["300 port 0 ff02::fb true", "to 3"]);
    assert_eq!(world.data(1, "ff02::fb"), ["to 0", "to 3"]);
}

#[test]
fn only_queries_of_the_link_make_a_router_port() {
    let general = |from: &str| {
        let query = mld::Query { max_resp_code: 100, group: ip("::"), v2: None };
        (Ipv6Header::mld(ip(from), ip(ALL_NODES)), mld::Message::Query(query))
    };
    let mut world = Mld::new(Version::V2);
    let (header, message) = general("2001:db8::1");
    assert_eq!(world.message(0, header, &message), <[&str; 0]>::default());
    let (header, message) = general("fe80::1");
    let bare = Ipv6Header { router_alert: false, ..header };
    assert_eq!(world.message(0, bare, &message), ["to 1", "to 2", "to 3"]);
    let far = Ipv6Header { hop_limit: 2, ..header };
    assert_eq!(world.message(0, far, &message)[0], "0 port 0 router true");
}

#[test]
fn a_query_of_version_1_without_time_changes_nothing() {
    let mut world = Mld::new(Version::V2);
    let carried = world.query(0, "fe80::1", ALL_NODES, "::", 0);
    assert_eq!(carried, ["to 1", "to 2", "to 3"]);
}

#[test]
fn as_a_querier_it_asks_in_milliseconds_from_its_link_local_address() {
    let mut world = Mld::new(Version::V3);
    world.bridge.set_querier(world.now, true);
    let asked = world.until(10);
    let query = "MLDv2 Query, general, max resp 0.200 s, QRV 2, QQI 4 s";
    assert_eq!(asked[0], format!("4 fe80::50 port 0 to ff02::1 {query}"));
    assert_eq!(asked.len(), 4);
    world.until(500);
    world.v2_report(1, HOST6, RecordKind::ToEx);
    let told = world.v2_report(1, HOST6, RecordKind::ToIn);
    let query = "MLDv2 Query, group ff1e::101, max resp 0.300 s, QRV 2, QQI 4 s";
    assert_eq!(told[0], format!("500 fe80::50 port 1 to ff1e::101 {query}"));
}

#[test]
fn reports_from_nobody_count() {
    let mut world = Mld::snooping(Version::V3);
    let told = world.v2_report(0, "::", RecordKind::ToEx);
    assert_eq!(told[1], "300 port 0 ff1e::101 EXCLUDE {}");
}

#[test]
fn a_done_is_followed_by_one_query_to_all_nodes() {
    let mut world = Mld::new(Version::V2);
    world.bridge.set_querier(world.now, true);
    world.until(500);
    world.report(0, G6);
    let done = mld::Message::Done { group: ip(G6) };
    let told = world.message(0, Ipv6Header::mld(ip(HOST6), ip("ff02::2")), &done);
    let query = "500 fe80::50 port 0 to ff02::1 MLDv1 Query, group ff1e::101, max resp 0.300 s";
    assert_eq!(told[0], query);
}
