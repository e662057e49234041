//! Messages that cannot be encoded are refused, and never turned into others.

use std::net::IpAddr;
use std::time::Duration;

use castnet::addr::Group;
use castnet::gmp::message::{Message, Query, Version};

use super::super::injection::injection;
use super::super::{Injection, Payload, Port};
use crate::capture::encode::injected;
use crate::scenario::diagnostic::Spanned;
use crate::scenario::{Inject, InjectedMessage, Repeat};

fn port(address: Option<&str>) -> Port {
    let address: Option<IpAddr> = address.map(|address| address.parse().unwrap());
    let link_local = address.filter(IpAddr::is_ipv6).and("fe80::1".parse().ok());
    Port { node: 0, link: 0, address, secondary: Vec::new(), link_local, mac: [2; 6] }
}

fn query(group: &str, source: Option<IpAddr>, own: &Port) -> Result<Injection, String> {
    let group = Group::new(group.parse().unwrap());
    let payload = Message::Query(Query::older(Version::V2, group, Duration::from_secs(10)));
    let payload = (Payload::Message(payload), Vec::new());
    let inject = Inject {
        who: Spanned { value: "q1".to_owned(), span: 0..0 },
        link: None,
        message: InjectedMessage::Octets(Vec::new()),
        source,
        to: None,
        ttl: 1,
        router_alert: true,
        good_checksum: true,
        truncate: None,
        pad: 0,
        repeat: Repeat { times: 1, every: Duration::ZERO },
    };
    injection(&inject, payload, 0, own)
}

// RFC2236-2.4-01: a Query that names 0.0.0.0 is a General one.
#[test]
fn a_query_for_a_group_goes_to_the_group_in_either_family() {
    let sound = query("239.1.1.1", None, &port(Some("10.0.1.1"))).unwrap();
    assert_eq!(sound.to, IpAddr::from([239, 1, 1, 1]));
    let sound = query("ff3e::1", None, &port(Some("fd00::1"))).unwrap();
    assert_eq!(sound.to, "ff3e::1".parse::<IpAddr>().unwrap());
    let Payload::Message(message) = sound.payload else { panic!("a message") };
    assert_eq!(message.groups().next(), Group::new(sound.to));
}

// RFC2710-3-01: MLD comes from a link-local address, with hop limit 1 and Router Alert.
#[test]
fn mld_is_sent_from_the_link_local_address_unless_another_is_given() {
    let own = port(Some("fd00::1"));
    let sent = query("ff3e::1", None, &own).unwrap().header;
    assert_eq!(Some(sent.source), own.link_local.map(IpAddr::V6));
    assert_eq!((sent.protocol, sent.hop_limit, sent.class, sent.router_alert), (58, 1, 0, true));
    let given = "fd00::7".parse().ok();
    assert_eq!(query("ff3e::1", given, &own).unwrap().header.source, given.unwrap());
    assert!(query("239.1.1.1", None, &port(None)).unwrap_err().contains("no address"));
}

/// A message never loses its group, nor its header half of its addresses, by a silent narrowing.
#[test]
fn two_families_in_one_packet_are_refused() {
    for (group, source) in [("ff3e::1", "10.0.1.1"), ("239.1.1.1", "fd00::1")] {
        let packet = query(group, None, &port(Some(source))).unwrap();
        assert!(injected(&packet).is_err(), "{group} from {source}");
    }
}
