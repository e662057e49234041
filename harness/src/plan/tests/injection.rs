//! Messages that cannot be encoded are refused, and never turned into others.

use std::net::IpAddr;
use std::time::Duration;

use castnet::addr::Group;

use super::super::injection::injection;
use super::super::{Injection, Port};
use crate::scenario::diagnostic::Spanned;
use crate::scenario::{Inject, InjectedMessage, PacketKind, Repeat};

const REFUSAL: &str = "IPv6 is not spoken by the laboratory yet";

fn port(address: Option<&str>) -> Port {
    let address = address.map(|address| address.parse().unwrap());
    Port { node: 0, link: 0, address, secondary: Vec::new(), link_local: None, mac: [2; 6] }
}

fn query(group: &str, source: Option<IpAddr>, own: &Port) -> Result<Injection, String> {
    let group = Group::new(group.parse().unwrap());
    let kind = PacketKind::GroupSpecificQuery;
    let inject = Inject {
        who: Spanned { value: "q1".to_owned(), span: 0..0 },
        link: None,
        message: InjectedMessage::Fields { kind, group, max_resp: None },
        source,
        to: None,
        ttl: 1,
        router_alert: true,
        good_checksum: true,
        truncate: None,
        pad: 0,
        repeat: Repeat { times: 1, every: Duration::ZERO },
    };
    injection(&inject, 0, own)
}

// RFC2236-2.4-01: a Query that names 0.0.0.0 is a General one.
#[test]
fn a_query_for_an_ipv6_group_never_becomes_a_general_query() {
    let own = port(Some("10.0.1.1"));
    let sound = query("239.1.1.1", None, &own).unwrap();
    assert_eq!(sound.to, IpAddr::from([239, 1, 1, 1]));
    let why = query("ff3e::1", None, &own).unwrap_err();
    assert_eq!(why, format!("ff3e::1: {REFUSAL}"));
}

#[test]
fn nobody_sends_from_an_address_of_ipv6_or_from_none() {
    let given = Some("fe80::7".parse().unwrap());
    let why = query("239.1.1.1", given, &port(Some("10.0.1.1"))).unwrap_err();
    assert_eq!(why, format!("fe80::7: {REFUSAL}"));
    let why = query("239.1.1.1", None, &port(Some("fe80::1"))).unwrap_err();
    assert_eq!(why, format!("fe80::1: {REFUSAL}"));
    assert!(query("239.1.1.1", None, &port(None)).unwrap_err().contains("no address"));
}
