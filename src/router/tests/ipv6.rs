//! A router of IPv6: MLD on its links, and flows by the same cache as in IPv4.

use super::*;
use crate::wire::icmpv6::Ends;
use crate::wire::ipv6::Ipv6Header;
use crate::wire::mld::{self, GroupRecord, RecordKind, V2Report};

const GROUP: &str = "ff05::1:3";

fn interface(name: &str, addresses: &[&str]) -> InterfaceConfig {
    InterfaceConfig {
        name: name.to_owned(),
        addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
        igmp: Some(Params { version: Version::V3, ..Params::v2() }),
        threshold: 1,
        static_joins: BTreeSet::new(),
        upstream: false,
        only_forwarder: false,
        pim: None,
        discovery: None,
        boundaries: Vec::new(),
    }
}

fn config() -> Config {
    Config {
        family: Family::V6,
        interfaces: vec![
            interface("up", &["2001:db8:1::5/64", "fe80::1:5/64"]),
            interface("lan", &["10.0.1.5/24", "fe80::2:5/64"]),
        ],
        routes: vec![],
        keepalive: KEEPALIVE,
        rules: Vec::new(),
        max_flows: MAX_FLOWS,
        pim: None,
    }
}

/// A host of MLDv2 on `lan` joins the group.
fn join(group: &str) -> Vec<u8> {
    let (source, destination) = ("fe80::2:100".parse().unwrap(), "ff02::16".parse().unwrap());
    let record = GroupRecord::new(RecordKind::ToEx, group.parse().unwrap(), vec![]);
    let message = mld::Message::V2Report(V2Report::new(vec![record]));
    let payload = message.encode(Ends { source, destination }).unwrap();
    Ipv6Header::mld(source, destination).encode(&payload).unwrap()
}

fn vif(number: usize) -> Vif {
    Vif::new(number).unwrap()
}

// RFC2710-4-01, RFC3810-5.1.14-01, RFC3810-7-01
#[test]
fn queries_leave_from_the_link_local_address_and_reports_are_heard() {
    let lab = Lab::with(config());
    let source = |bytes: &[u8]| Packet::decode(bytes).unwrap().header.source;
    let from: Vec<IpAddr> = lab.plane.sent.iter().map(|(.., bytes)| source(bytes)).collect();
    assert_eq!(from, ["fe80::1:5", "fe80::2:5"].map(|text| text.parse::<IpAddr>().unwrap()));
    let groups = ["ff02::2", "ff02::16"].map(|text| Group::new(text.parse().unwrap()).unwrap());
    let expected = [0, 1].into_iter().flat_map(|n| groups.map(|group| (vif(n), group)));
    assert_eq!(lab.plane.listens, expected.collect());
}

#[test]
fn a_flow_goes_where_mld_has_members() {
    let mut lab = Lab::with(config());
    let source = Source::new("2001:db8:1::9".parse().unwrap()).unwrap();
    let flow = Flow { source, group: Group::new(GROUP.parse().unwrap()).unwrap() };
    lab.input(Input::Upcall(Upcall { kind: UpcallKind::NoCache, vif: vif(0), flow }));
    let out = |lab: &Lab| lab.plane.cache[&flow].0.oifs.keys().copied().collect::<Vec<_>>();
    assert_eq!(out(&lab), []);
    lab.input(Input::octets(vif(1), &join("ff05::1:4")));
    assert_eq!(out(&lab), []);
    lab.input(Input::octets(vif(1), &join(GROUP)));
    assert_eq!((lab.plane.cache[&flow].0.iif, out(&lab)), (vif(0), vec![vif(1)]));
    assert_eq!(lab.ignored(), []);
}

#[test]
fn an_interface_of_mld_needs_a_link_local_address() {
    let mut config = config();
    config.interfaces[0].addresses.truncate(1);
    let router = Router::new(config, Instant::ZERO, Rng::for_node(1, "r1"));
    let why = router.map(drop).unwrap_err().to_string();
    assert_eq!(why, "interface up has no link-local IPv6 address to send Queries from");
}
