//! IPv6: what differs from IPv4.

use std::net::Ipv6Addr;

use castnet::wire::icmpv6::{Ends, ICMPV6};
use castnet::wire::ipv6::{self, Ipv6Header};
use castnet::wire::mld;

use super::*;

const HERE: &str = "fd00:0:0:1::9";
const TO: &str = "ff1e::101";

fn ip(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

fn header(source: &str, destination: &str, hop_limit: u8) -> Ipv6Header {
    let (source, destination) = (ip(source), ip(destination));
    Ipv6Header { source, destination, protocol: 17, hop_limit, class: 0, router_alert: false }
}

fn data(source: &str, group: &str, hops: u8) -> Rc<[u8]> {
    header(source, group, hops).encode(&[0, 0, 0, 0, 0, 8, 0, 7]).unwrap().into()
}

fn of(source: &str, group: &str) -> Flow {
    let group = Group::new(IpAddr::V6(ip(group))).unwrap();
    Flow { source: Source::new(IpAddr::V6(ip(source))).unwrap(), group }
}

fn report(group: &str, to: &str, router_alert: bool) -> Vec<u8> {
    let ends = Ends { source: ip("fe80::9"), destination: ip(to) };
    let octets = mld::Message::V1Report { group: ip(group) }.encode(ends).unwrap();
    let header = Ipv6Header { router_alert, ..Ipv6Header::mld(ends.source, ends.destination) };
    header.encode(&octets).unwrap()
}

/// The hop limits of the datagrams that leave, and the upcalls.
fn outcome(mroute: &mut Mroute, packet: &Rc<[u8]>) -> Vec<String> {
    let mut out = Vec::new();
    mroute.forward(Instant::ZERO, vif(0), packet, &mut Reader::default(), &mut out);
    let told = |one| match one {
        MrouteOut::Forward { vif, packet, .. } => {
            Some(format!("{vif} {}", ipv6::decode(&packet).unwrap().hop_limit))
        }
        MrouteOut::Upcall(Upcall { kind, vif, flow }) => Some(format!("{kind} {vif} {flow}")),
        MrouteOut::WholePacket { .. } | MrouteOut::Mfc { .. } => None,
    };
    out.into_iter().filter_map(told).collect()
}

#[test]
fn a_datagram_leaves_with_one_hop_less_whatever_the_threshold() {
    let mut mroute = World::new().mroute;
    let oifs = BTreeMap::from([(vif(1), 1), (vif(2), 64)]);
    let entry = MfcEntry { flow: of(HERE, TO), iif: vif(0), oifs };
    mroute.set_mfc(Instant::ZERO, &entry, &mut Vec::new()).unwrap();
    assert_eq!(outcome(&mut mroute, &data(HERE, TO, 2)), ["vif2 1", "vif1 1"]);
    assert_eq!(outcome(&mut mroute, &data(HERE, TO, 1)), <[&str; 0]>::default());
    let counted = mroute.flow_counters(of(HERE, TO)).unwrap();
    assert_eq!((counted.packets, counted.bytes), (2, 2 * 48));
}

#[test]
fn groups_wider_than_the_link_are_asked_for_even_from_link_local_sources() {
    for group in ["ff03::1", "ff05::1", "ff0e::1", "ff1e::1", "ff3e::8000:1"] {
        let mut mroute = World::new().mroute;
        for source in [HERE, "fe80::9"] {
            let asked = outcome(&mut mroute, &data(source, group, 9));
            assert_eq!(asked, [format!("NOCACHE vif0 ({source}, {group})")]);
        }
    }
    for group in ["ff00::1", "ff01::1", "ff02::fb", "ff10::1", "ff12::1"] {
        let mut mroute = World::new().mroute;
        assert_eq!(outcome(&mut mroute, &data(HERE, group, 9)), <[&str; 0]>::default(), "{group}");
    }
}

#[test]
fn only_mld_with_its_router_alert_reaches_the_owner_unasked() {
    let mroute = World::new().mroute;
    let taken = |group, to, alert, is_local| {
        let packet = report(group, to, alert);
        mroute.takes_in(vif(0), &Packet::decode(&packet).unwrap(), is_local)
    };
    assert_eq!(taken("ff05::9", "ff05::9", true, false), Taken::ByTheOwner);
    assert_eq!(taken("ff05::9", "ff05::9", false, false), Taken::AsData);
    assert_eq!(taken("ff02::99", "ff02::99", true, false), Taken::Not);
    assert_eq!(taken("ff02::99", "ff02::99", true, true), Taken::ByTheOwner);
    // Neighbour discovery and the like are no messages of group management.
    let ping = Ipv6Header { protocol: ICMPV6, ..header(HERE, TO, 9) }.encode(&[128; 8]).unwrap();
    let packet = Packet::decode(&ping).unwrap();
    assert_eq!(mroute.takes_in(vif(0), &packet, true), Taken::Not);
}

#[test]
fn a_report_without_router_alert_is_a_datagram() {
    let mut mroute = World::new().mroute;
    let packet = Rc::from(report("ff05::9", "ff05::9", false));
    assert_eq!(outcome(&mut mroute, &packet), ["NOCACHE vif0 (fe80::9, ff05::9)"]);
    let packet = Rc::from(report("ff05::9", "ff05::9", true));
    assert_eq!(outcome(&mut mroute, &packet), <[&str; 0]>::default());
}
