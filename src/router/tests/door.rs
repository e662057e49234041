//! The router's input and output: what is refused, when to call, and how often.

use super::*;
use crate::wire::ip::Header;

fn upcall(vif: Vif, source: &str) -> Input<'static> {
    Input::Upcall(Upcall { kind: UpcallKind::NoCache, vif, flow: flow(source, G) })
}

// RFC2236-3-01, RFC2236-7-01
#[test]
fn entering_service_adds_listens_and_asks() {
    let lab = Lab::new();
    assert_eq!(lab.plane.vifs.len(), 3);
    let all_routers = Group::new(ALL_ROUTERS.into()).unwrap();
    let listens = [up(), lan(), wlan()].map(|vif| (vif, all_routers));
    assert_eq!(lab.plane.listens, BTreeSet::from(listens));
    let sent: Vec<_> = lab.plane.sent.iter().map(|(at, vif, _)| (*at, vif.index())).collect();
    assert_eq!(sent, [0, 1, 2].map(|vif| (Instant::ZERO, vif)));
    for (n, (_, _, bytes)) in (0_u8..).zip(&lab.plane.sent) {
        assert_eq!(ipv4::decode(bytes).unwrap().source, Ipv4Addr::new(10, 0, n, 5));
    }
}

#[test]
fn vifs_are_added_before_anything_is_sent() {
    let mut router = Router::new(config(), Instant::ZERO, Rng::for_node(1, "r1")).unwrap();
    let outputs: Vec<_> = std::iter::from_fn(|| router.poll()).collect();
    let last_vif = outputs.iter().rposition(|o| matches!(o, Output::AddVif { .. })).unwrap();
    let first_other = outputs.iter().position(|o| !matches!(o, Output::AddVif { .. })).unwrap();
    assert!(last_vif < first_other, "{outputs:?}");
}

#[test]
fn without_igmp_an_interface_is_silent_and_says_so() {
    let mut config = joined(None);
    config.interfaces[1].igmp = None;
    let mut lab = Lab::with(config);
    lab.report(lan());
    assert_eq!(lab.ignored(), [Ignored::ProtocolOff(2)]);
    lab.run_to(secs(300.0));
    assert!(lab.plane.sent.iter().all(|(_, vif, _)| *vif != lan()));
    assert!(lab.plane.listens.iter().all(|(vif, _)| *vif != lan()));
    assert_eq!(lab.datagram(up(), S), [1], "static joins are still served");
}

// RFC2236-3-02: each link has its own election.
#[test]
fn links_are_told_apart() {
    let mut lab = Lab::new();
    let bytes = ipv4::encode_igmp(
        Ipv4Addr::new(10, 0, 1, 1),
        igmp::ALL_HOSTS,
        &query(100, Ipv4Addr::UNSPECIFIED),
    );
    lab.input(Input::octets(lan(), &bytes.unwrap()));
    lab.plane.sent.clear();
    lab.run_to(secs(200.0));
    let from: BTreeSet<_> = lab.plane.sent.iter().map(|(_, vif, _)| vif.index()).collect();
    assert_eq!(from, BTreeSet::from([0, 2]));
}

#[test]
fn an_unknown_interface_is_named() {
    let mut lab = Lab::with(joined(None));
    let nowhere = Vif::new(31).unwrap();
    lab.input(Input::octets(nowhere, &[]));
    lab.input(upcall(nowhere, S));
    assert_eq!(lab.ignored(), [Ignored::NoSuchInterface, Ignored::NoSuchInterface]);
    assert!(lab.plane.cache.is_empty());
}

// RFC2236-7-11
#[test]
fn bytes_that_are_no_packet_are_named() {
    let mut lab = Lab::new();
    let deadline = lab.router.deadline();
    for bytes in [&[][..], &[0x45], &[0xff; 64]] {
        lab.input(Input::octets(lan(), bytes));
    }
    let ignored = lab.ignored();
    assert_eq!(ignored.len(), 3);
    assert!(ignored.iter().all(|why| matches!(why, Ignored::Malformed { .. })), "{ignored:?}");
    assert_eq!(lab.router.deadline(), deadline);
}

#[test]
fn an_early_or_repeated_tick_does_nothing() {
    let mut lab = Lab::with(joined(None));
    lab.report(wlan());
    lab.datagram(up(), S);
    let (sent, events) = (lab.plane.sent.len(), lab.plane.events.len());
    let deadline = lab.router.deadline().unwrap();
    for now in [Instant::ZERO, Instant::ZERO + secs(10.0), deadline - NANO] {
        lab.now = now;
        lab.input(Input::Tick);
        lab.input(Input::Tick);
    }
    assert_eq!((lab.plane.sent.len(), lab.plane.events.len()), (sent, events));
    assert_eq!(lab.router.deadline(), Some(deadline));
    lab.run_to(secs(31.25));
    let sent = lab.plane.sent.len();
    lab.input(Input::Tick);
    assert_eq!(lab.plane.sent.len(), sent);
}

// RFC2236-3-05: a late tick sends one Query, not all that were missed.
#[test]
fn a_late_tick_asks_once() {
    let mut lab = Lab::new();
    lab.report(lan());
    lab.plane.sent.clear();
    lab.now = Instant::ZERO + secs(1000.0);
    lab.input(Input::Tick);
    assert_eq!(lab.plane.sent.len(), 3, "one Query an interface");
    assert!(lab.router.igmp(lan()).unwrap().groups().is_empty());
    assert!(lab.router.deadline().unwrap() > lab.now);
}

#[test]
fn any_input_serves_what_has_expired() {
    let mut lab = Lab::new();
    lab.plane.sent.clear();
    lab.now = Instant::ZERO + secs(31.25);
    lab.input(Input::octets(up(), &[]));
    assert_eq!(lab.plane.sent.len(), 3);
}

// RFC2236-2-01
#[test]
fn a_protocol_that_nobody_speaks_is_named() {
    let report = Message::V2Report { group: G }.encode().unwrap();
    for protocol in [1, 17, 58, 103] {
        let mut lab = Lab::new();
        let header =
            ipv4::Ipv4Header { protocol, ..ipv4::Ipv4Header::igmp(Ipv4Addr::LOCALHOST, G) };
        lab.input(Input::octets(lan(), &header.encode(&report).unwrap()));
        assert_eq!(lab.ignored(), [Ignored::UnknownProtocol(protocol)]);
        assert!(lab.router.igmp(lan()).unwrap().groups().is_empty());
    }
}

// IGMP is for IPv4 (RFC 2236 section 1), and a router is of one family.
#[test]
fn a_packet_of_the_other_family_is_named() {
    let mut lab = Lab::new();
    let source: IpAddr = "fe80::1".parse().unwrap();
    let report = Message::V2Report { group: G }.encode().unwrap();
    let datagram =
        igmp::encode(Ipv4Addr::LOCALHOST.into(), &igmp::meaning(&Message::Leave { group: G }));
    let header = Header { source, ..datagram.unwrap().header };
    lab.input(Input::Packet { vif: lan(), packet: Packet { header, payload: &report } });
    assert_eq!(lab.ignored(), [Ignored::OtherFamily(source)]);
}

// WRONGVIF and WHOLEPKT become events, for trees that act on them.
#[test]
fn every_upcall_is_handed_on_as_an_event() {
    let mut lab = Lab::new();
    let upcall = |kind| Upcall { kind, vif: lan(), flow: flow(S, G) };
    let (wrong, whole) = (upcall(UpcallKind::WrongVif), upcall(UpcallKind::WholePacket));
    lab.input(Input::Upcall(wrong));
    lab.input(Input::WholePacket { upcall: whole, datagram: &[0x45; 28] });
    for upcall in [wrong, whole] {
        assert_eq!(lab.told(|event| *event == Event::Upcall(upcall)), 1);
    }
    assert!(lab.plane.cache.is_empty());
}
