//! A router of MLD on one link in virtual time: packets in, packets out.

use std::collections::VecDeque;
use std::time::Duration;

use super::*;
use crate::addr::Group;
use crate::gmp::message::{Query, Report};
use crate::gmp::params::Params;
use crate::gmp::querier::Role;
use crate::gmp::{News, Say};
use crate::rng::Rng;
use crate::time::Instant;
use crate::wire::mld::{self as wire, GroupRecord, RecordKind, V2Query, V2Report};

const OWN: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 5);
const HOST: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x100);
const LOWER: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
const GLOBAL: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);
const REPORTS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x16);
const G: Ipv6Addr = Ipv6Addr::new(0xff05, 0, 0, 0, 0, 0, 1, 3);

/// The router with the address [`OWN`], and its outputs.
struct Link {
    interface: Interface,
    now: Instant,
    said: VecDeque<Say>,
    rng: Rng,
}

impl Link {
    /// A router of this version that has just entered service.
    fn new(version: Version) -> Self {
        let (mut said, mut rng) = (VecDeque::new(), Rng::for_node(1, "r1"));
        let mut cx = Cx { now: Instant::ZERO, rng: &mut rng, out: &mut said };
        let params = Params { version, ..Params::v2() };
        let interface = Interface::start(&mut cx, params, OWN.into());
        Self { interface, now: Instant::ZERO, said, rng }
    }

    /// Hands in a message in a packet with this header.
    fn hear_in(&mut self, header: Header, message: &wire::Message) -> Result<(), Ignored> {
        let (IpAddr::V6(source), IpAddr::V6(destination)) = (header.source, header.destination)
        else {
            unreachable!()
        };
        let payload = message.encode(Ends { source, destination }).unwrap();
        self.hear_octets(header, &payload)
    }

    fn hear_octets(&mut self, header: Header, payload: &[u8]) -> Result<(), Ignored> {
        let mut cx = Cx { now: self.now, rng: &mut self.rng, out: &mut self.said };
        receive(&mut self.interface, &mut cx, &Packet { header, payload })
    }

    fn hear(
        &mut self,
        from: Ipv6Addr,
        to: Ipv6Addr,
        message: &wire::Message,
    ) -> Result<(), Ignored> {
        self.hear_in(header(from, to), message)
    }

    fn has_members(&self) -> bool {
        self.interface.groups().contains_key(&Group::new(G.into()).unwrap())
    }

    /// The Queries since the last call, in their packets; the news are dropped.
    fn asked(&mut self) -> Vec<Datagram> {
        let packet = |say| match say {
            Say::Query(query) => Some(encode(OWN.into(), &Message::Query(query)).unwrap()),
            Say::News(_) => None,
        };
        self.said.drain(..).filter_map(packet).collect()
    }
}

fn header(source: Ipv6Addr, destination: Ipv6Addr) -> Header {
    Header {
        source: source.into(),
        destination: destination.into(),
        protocol: 58,
        hop_limit: 1,
        class: 0,
        router_alert: true,
    }
}

/// The message of a packet of ours.
fn sent(packet: &Datagram) -> wire::Message {
    let IpAddr::V6(destination) = packet.header.destination else { unreachable!() };
    let decoded = decode(&packet.payload, Ends { source: OWN, destination }, Version::V3).unwrap();
    assert_eq!(decoded.trailing, 0);
    decoded.message
}

const fn query(group: Ipv6Addr, v2: Option<V2Query>) -> wire::Message {
    wire::Message::Query(wire::Query { max_resp_code: 1_000, group, v2 })
}

fn joins() -> wire::Message {
    wire::Message::V2Report(V2Report::new(vec![GroupRecord::new(RecordKind::ToEx, G, vec![])]))
}

// RFC2710-3-01, RFC2710-3.7-01, RFC2710-8-01, RFC3810-5-01, RFC3810-5.1.15-01, RFC3810-8.3.1-01
#[test]
fn a_general_query_is_sent_as_its_version_has_it() {
    for (version, octets) in [(Version::V2, 24), (Version::V3, 28)] {
        let mut link = Link::new(version);
        let [packet] = &link.asked()[..] else { panic!() };
        assert_eq!(packet.header, header(OWN, ALL_NODES));
        assert_eq!(packet.payload.len(), octets);
        let wire::Message::Query(query) = sent(packet) else { panic!() };
        assert_eq!((query.is_general(), query.max_resp()), (true, Duration::from_secs(10)));
    }
}

// RFC2710-4-14, RFC3810-5.2.14-01, RFC3810-7.4.2-01, RFC3810-8.3.2-01
#[test]
fn a_report_of_either_version_makes_a_member() {
    for version in [Version::V2, Version::V3] {
        let mut link = Link::new(version);
        link.hear(HOST, G, &wire::Message::V1Report { group: G }).unwrap();
        assert!(link.has_members());
        let mut link = Link::new(version);
        let heard = link.hear(HOST, REPORTS, &joins());
        // RFC3810-5-03: a router of version 1 does not know the type.
        assert_eq!((heard.is_ok(), link.has_members()), (version == Version::V3, heard.is_ok()));
    }
}

// RFC2710-4-19, RFC2710-8-01
#[test]
fn a_done_is_asked_about_at_the_group_in_milliseconds() {
    for version in [Version::V2, Version::V3] {
        let mut link = Link::new(version);
        link.hear(HOST, G, &wire::Message::V1Report { group: G }).unwrap();
        link.asked();
        link.hear(HOST, ALL_ROUTERS, &wire::Message::Done { group: G }).unwrap();
        let [packet] = &link.asked()[..] else { panic!() };
        assert_eq!(packet.header, header(OWN, G));
        let wire::Message::Query(query) = sent(packet) else { panic!() };
        assert_eq!((query.group, query.max_resp_code), (G, 1_000));
    }
}

// RFC2710-6-01, RFC3590-4-02, RFC3810-5.2.13-02, RFC3810-5.1.14-02, RFC3810-7.4-01, RFC3810-7.6-01
#[test]
fn what_may_not_come_from_the_link_is_refused_by_its_header() {
    let right = header(HOST, G);
    for (header, why) in [
        (Header { source: Ipv6Addr::UNSPECIFIED.into(), ..right }, "source :: is not link-local"),
        (Header { source: GLOBAL.into(), ..right }, "source 2001:db8::1 is not link-local"),
        (Header { hop_limit: 2, ..right }, "TTL 2"),
        (Header { hop_limit: 255, ..right }, "TTL 255"),
        (Header { router_alert: false, ..right }, "no Router Alert"),
        (Header { destination: REPORTS.into(), ..right }, "ff02::16 is not where"),
        (Header { destination: OWN.into(), ..right }, "fe80::5 is not where"),
    ] {
        for message in [wire::Message::V1Report { group: G }, query(G, None)] {
            let mut link = Link::new(Version::V3);
            let error = link.hear_in(header, &message).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
            assert!(!link.has_members());
            assert_eq!(link.interface.role(), Role::Querier);
        }
    }
}

// RFC3810-5.1.15-02, RFC3810-5.2.14-02
#[test]
fn messages_to_own_addresses_count_where_the_administrator_wants_it() {
    let mut link = Link::new(Version::V3);
    let params = Params { version: Version::V3, accept_unicast: true, ..Params::v2() };
    let mut cx = Cx { now: link.now, rng: &mut link.rng, out: &mut link.said };
    link.interface = Interface::start(&mut cx, params, OWN.into());
    link.hear(HOST, OWN, &wire::Message::V1Report { group: G }).unwrap();
    assert!(link.has_members());
}

// RFC2710-4-04
#[test]
fn a_query_of_a_lower_address_makes_a_non_querier_and_one_of_nobody_does_not() {
    let mut link = Link::new(Version::V3);
    let v2 =
        V2Query { flags: 0, suppress: false, robustness: 2, interval_code: 125, sources: vec![] };
    let general = query(Ipv6Addr::UNSPECIFIED, Some(v2));
    assert!(link.hear(GLOBAL, ALL_NODES, &general).is_err());
    assert_eq!(link.interface.role(), Role::Querier);
    link.hear(LOWER, ALL_NODES, &general).unwrap();
    assert_eq!(link.interface.role(), Role::NonQuerier(LOWER.into()));
}

// RFC3810-8.1-02, RFC2710-3.7-02
#[test]
fn a_query_between_the_lengths_is_of_no_version() {
    let general = query(Ipv6Addr::UNSPECIFIED, None);
    let ends = Ends { source: LOWER, destination: ALL_NODES };
    for (octets, version, counts) in [
        (24, Version::V3, true),
        (25, Version::V3, false),
        (27, Version::V3, false),
        (28, Version::V3, true),
        (25, Version::V2, true),
        (28, Version::V2, true),
    ] {
        let mut link = Link::new(version);
        let mut bytes = general.encode(ends).unwrap();
        bytes.resize(octets, 0);
        // The decoder says what the checksum should be.
        let why = decode(&bytes, ends, version).err();
        if let Some(crate::wire::Why::Checksum { right, .. }) = why.map(|error| error.why) {
            bytes[2..4].copy_from_slice(&right.to_be_bytes());
        }
        let heard = link.hear_octets(header(LOWER, ALL_NODES), &bytes);
        assert_eq!(heard.is_ok(), counts, "{octets} octets: {heard:?}");
        assert_eq!(link.interface.role() == Role::NonQuerier(LOWER.into()), counts);
        // RFC3810-8.3.1-02: another version than the router's is worth a word.
        let told = link.said.contains(&Say::News(News::OtherVersion(LOWER.into())));
        assert_eq!(told, matches!((octets, version), (24, Version::V3) | (28, Version::V2)));
    }
}

// RFC2710-3.3-01, RFC3810-5-03
#[test]
fn neither_damage_nor_neighbour_discovery_is_a_message() {
    let mut link = Link::new(Version::V3);
    let ends = Ends { source: HOST, destination: G };
    let mut bytes = wire::Message::V1Report { group: G }.encode(ends).unwrap();
    bytes[20] ^= 1;
    let error = link.hear_octets(header(HOST, G), &bytes).unwrap_err().to_string();
    assert!(error.contains("checksum at octet 2"), "{error}");
    let error = link.hear(HOST, ALL_NODES, &wire::Message::Unknown { kind: 135 }).unwrap_err();
    assert_eq!(error, Ignored::UnknownType(135));
    assert!(!link.has_members());
}

#[test]
fn what_mld_cannot_carry_is_not_sent() {
    let v4 = Group::new("239.1.1.1".parse().unwrap()).unwrap();
    let specific = Query::older(Version::V2, Some(v4), Duration::from_secs(1));
    let own = IpAddr::from(OWN);
    assert!(encode(own, &Message::Query(specific)).is_err());
    let general = Message::Query(Query::older(Version::V2, None, Duration::from_secs(1)));
    assert!(encode("10.0.0.1".parse().unwrap(), &general).is_err());
    let group = Group::new(G.into()).unwrap();
    let to = |said| encode(own, &said).unwrap().header.destination;
    assert_eq!(to(Message::Report(Report::of_group(Version::V2, group))), IpAddr::V6(G));
    assert_eq!(to(Message::Report(Report::leave(group))), IpAddr::V6(ALL_ROUTERS));
}
