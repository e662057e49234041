//! What of a run of IPv6 is noise, and what only looks like it.

use std::net::{Ipv4Addr, Ipv6Addr};

use castnet::wire::icmpv6::Ends;
use castnet::wire::ipv4::Ipv4Header;
use castnet::wire::ipv6::Ipv6Header;
use castnet::wire::mld::{GroupRecord, Message, Query, RecordKind, V2Report};
use castnet::{gmp, igmp};

use crate::capture::ethernet::frame;
use crate::capture::noise::Noise;
use crate::plan::{Plan, compile};

const HOST: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2);
/// The solicited-node group of [`HOST`], and what the kernel of a router hears Reports in.
const SOLICITED: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00, 2);
const ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x16);
/// A group of the link that applications join: mDNS.
const MDNS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);
const GROUP: Ipv6Addr = Ipv6Addr::new(0xff1e, 0, 0, 0, 0, 0, 1, 1);

fn plan(family: &str, more: &str) -> Plan {
    let text = format!(
        "title = 't'\nend = '3s'\nfamily = '{family}'\nlinks = {{ lan = ['r1', 'h1', 'i1'] }}\n\
         nodes = {{ r1 = {{ role = 'router' }}, h1 = {{ role = 'listener' }}, \
         i1 = {{ role = 'injector' }} }}\n{more}\n\
         [[expect]]\npacket = {{ on = 'lan', kind = 'query' }}\ncount = '>= 1'\n"
    );
    compile("x.toml", &text).unwrap_or_else(|rejected| panic!("{rejected}"))
}

fn noise(more: &str) -> Noise {
    Noise::of(&plan("ipv6", more)).expect("IPv6 has noise")
}

fn of_mld(message: &Message) -> Vec<u8> {
    let to = ROUTERS;
    let payload = message.encode(Ends { source: HOST, destination: to }).unwrap();
    frame([2; 6], to, &Ipv6Header::mld(HOST, to).encode(&payload).unwrap())
}

fn report(groups: &[Ipv6Addr]) -> Vec<u8> {
    let record = |group: &Ipv6Addr| GroupRecord::new(RecordKind::IsEx, *group, vec![]);
    of_mld(&Message::V2Report(V2Report::new(groups.iter().map(record).collect())))
}

/// A message of ICMPv6 of this type, with a right checksum of nothing else.
fn icmpv6(kind: u8) -> Vec<u8> {
    let header = Ipv6Header { router_alert: false, ..Ipv6Header::mld(HOST, SOLICITED) };
    let mut packet = header.encode(&[0; 24]).unwrap();
    let payload = packet.len() - 24;
    packet[payload] = kind;
    frame([2; 6], SOLICITED, &packet)
}

#[test]
fn neighbour_discovery_is_noise_and_other_icmpv6_is_not() {
    let noise = noise("");
    let kinds: Vec<u8> = (0..=255).filter(|kind| noise.is(&icmpv6(*kind))).collect();
    assert_eq!(kinds, [133, 134, 135, 136, 137]);
}

#[test]
fn a_report_is_noise_if_all_its_groups_stay_on_the_link_and_nobody_named_them() {
    let noise = noise("");
    assert!(noise.is(&report(&[SOLICITED])) && noise.is(&report(&[ROUTERS, SOLICITED, MDNS])));
    assert!(noise.is(&of_mld(&Message::V1Report { group: SOLICITED })));
    assert!(noise.is(&of_mld(&Message::Done { group: SOLICITED })));
    // Whole, although it names the kernel's own group too.
    assert!(!noise.is(&report(&[GROUP, SOLICITED])) && !noise.is(&report(&[GROUP])));
    // A Report of nothing tells nobody's membership, and no kernel sends one.
    assert!(!noise.is(&report(&[])));
    let general = Query { max_resp_code: 1000, group: Ipv6Addr::UNSPECIFIED, v2: None };
    let of_the_link = Query { group: SOLICITED, ..general.clone() };
    assert!(!noise.is(&of_mld(&Message::Query(general))));
    assert!(!noise.is(&of_mld(&Message::Query(of_the_link))), "some router asked");
}

#[test]
fn a_group_of_the_link_that_the_plan_names_is_no_noise() {
    let joined = "[[act]]\nat = '1s'\njoin = { who = 'h1', group = 'ff02::fb' }";
    let claimed = "[[expect]]\npacket = { on = 'lan', kind = 'report', group = 'ff02::fb' }\n\
                   count = 0";
    for named in [joined, claimed] {
        let noise = noise(named);
        assert!(!noise.is(&report(&[MDNS])) && !noise.is(&report(&[SOLICITED, MDNS])), "{named}");
        assert!(noise.is(&report(&[SOLICITED])), "{named}");
    }
}

#[test]
fn what_a_node_injects_is_no_noise() {
    let sent = Message::V1Report { group: SOLICITED };
    let from = "fe80::ca:ff:fe00:2";
    let act = format!(
        "[[act]]\nat = '1s'\ninject = {{ who = 'i1', kind = 'v1-report', group = '{SOLICITED}' }}"
    );
    let plan = plan("ipv6", &act);
    let (source, to) = (from.parse().unwrap(), SOLICITED);
    let payload = sent.encode(Ends { source, destination: to }).unwrap();
    let packet = Ipv6Header::mld(source, to).encode(&payload).unwrap();
    let by = |port: usize| frame(plan.ports[port].mac, to, &packet);
    let noise = Noise::of(&plan).unwrap();
    assert!(!noise.is(&by(2)), "i1 injects it");
    assert!(noise.is(&by(1)), "and h1 does not");
}

/// A bridge that asks in one family asks in the other, too.
#[test]
fn igmp_is_noise_in_a_run_of_ipv6_and_ipv4_has_none() {
    let general = igmp::message(&gmp::message::Message::Query(gmp::message::Query::older(
        gmp::message::Version::V2,
        None,
        std::time::Duration::from_secs(1),
    )));
    let (source, to) = (Ipv4Addr::UNSPECIFIED, Ipv4Addr::new(224, 0, 0, 1));
    let payload = general.unwrap().encode().unwrap();
    let asked = frame([2; 6], to, &Ipv4Header::igmp(source, to).encode(&payload).unwrap());
    assert!(noise("").is(&asked));
    assert!(Noise::of(&plan("ipv4", "")).is_none());
}
