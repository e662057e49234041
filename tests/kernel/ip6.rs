//! IPv6 multicast routing, and MLD in and out of its socket.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use castnet::addr::{Family, Group, Source};
use castnet::drive::{settle, turn};
use castnet::event::Event;
use castnet::gmp::News;
use castnet::gmp::message::Version;
use castnet::gmp::params::Params;
use castnet::kernel::{
    DEFAULT_TABLE_6, MAX_PACKET, Mroute6, MrouteError, PimSocket, Plane, Received,
};
use castnet::mfc::entry::{Flow, FlowCounters, MfcEntry};
use castnet::mfc::upcall::{Upcall, UpcallKind};
use castnet::rng::Rng;
use castnet::router::config::{Config, InterfaceConfig, KEEPALIVE, MAX_FLOWS};
use castnet::router::{Input, Router};
use castnet::time::Instant;
use castnet::wire::icmpv6::Ends;
use castnet::wire::ip::{Datagram, Header};
use castnet::wire::mld::{GroupRecord, Message, Query, RecordKind, V2Report};

use crate::lab::{BOUND, until, vif};
use crate::lab6::{
    ALL_NODES, GROUP, HOST, Lab6, ROUTER_A, ROUTER_B, SENDER, entry, flow, heard, namespace, raw,
    say,
};

const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);
const REPORTS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x16);
const QUERY: u8 = 130;
const REPORT: u8 = 131;
const DONE: u8 = 132;
const V2_REPORT: u8 = 143;

/// Octets of an IPv6 and of a UDP header.
const HEADERS: u64 = 40 + 8;

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

/// The message in a packet with this header.
fn datagram(header: Header, message: &Message) -> Datagram {
    let (IpAddr::V6(source), IpAddr::V6(destination)) = (header.source, header.destination) else {
        panic!("{header:?}")
    };
    Datagram { header, payload: message.encode(Ends { source, destination }).unwrap() }
}

/// A Report of the group, from the host.
fn report() -> Datagram {
    datagram(header(HOST, GROUP), &Message::V1Report { group: GROUP })
}

fn general_query(from: Ipv6Addr) -> Datagram {
    let query = Query { max_resp_code: 1_000, group: Ipv6Addr::UNSPECIFIED, v2: None };
    datagram(header(from, ALL_NODES), &Message::Query(query))
}

/// The socket of a host that sends MLD, and its device.
fn host(lab: &Lab6) -> (Mroute6, u32) {
    (lab.host.inside(|| Mroute6::open(None)).unwrap(), lab.host.ifindex("b"))
}

pub(crate) async fn a_table_of_ipv6_has_one_owner_and_is_not_that_of_ipv4() {
    let namespace = namespace();
    let open = |table| namespace.inside(|| Mroute6::open(table));
    let _first = open(None).unwrap();
    let refused = open(None).unwrap_err();
    assert!(
        matches!(refused, MrouteError::AlreadyOwned { table: DEFAULT_TABLE_6, .. }),
        "{refused}"
    );
    assert!(refused.to_string().ends_with("(MRT6_INIT: EADDRINUSE)"), "{refused}");
    let _other = open(Some(100)).unwrap();
    let _of_ipv4 = namespace.inside(|| castnet::kernel::Mroute::open(None)).unwrap();
}

pub(crate) async fn closing_the_socket_of_ipv6_returns_everything() {
    let lab = Lab6::new().await;
    let vifs = |lab: &crate::lab::Namespace| {
        lab.read("/proc/thread-self/net/ip6_mr_vif").lines().skip(1).count()
    };
    assert_eq!(vifs(&lab.router), 2);
    lab.mroute.add_mfc(&entry(0, &[1])).unwrap();
    let Lab6 { router, mroute, .. } = lab;
    drop(mroute);
    assert_eq!(vifs(&router), 0);
    let reopened = router.inside(|| Mroute6::open(None)).unwrap();
    assert_eq!(reopened.flow_counters(flow()).unwrap(), None);
}

pub(crate) async fn what_the_kernel_would_take_for_something_else_is_refused() {
    let mut lab = Lab6::new().await;
    let refused = lab.mroute.add_vif(vif(2), lab.a).unwrap_err();
    assert!(matches!(refused, MrouteError::DeviceInUse { .. }), "{refused}");
    let none = lab.mroute.add_vif(vif(2), 9999).unwrap_err().to_string();
    assert_eq!(none, "no IPv6 interface has index 9999 in this network namespace");
    // The kernel's structure holds 16 bits: this index would name another device.
    for ifindex in [0, lab.a + 0x1_0000] {
        let refused = lab.mroute.add_vif(vif(2), ifindex).unwrap_err();
        assert!(matches!(refused, MrouteError::NoSuchInterface { .. }), "{refused}");
    }
    assert!(lab.mroute.delete_vif(vif(1)).unwrap());
    assert!(!lab.mroute.delete_vif(vif(1)).unwrap());
    let refused = lab.mroute.add_vif(vif(0), lab.b).unwrap_err();
    assert!(matches!(refused, MrouteError::VifInUse { .. }), "{refused}");

    let higher = MfcEntry { oifs: [(vif(1), 2)].into(), ..entry(0, &[]) };
    let refused = lab.mroute.add_mfc(&higher).unwrap_err();
    assert!(matches!(refused, MrouteError::NoThresholds { threshold: 2, .. }), "{refused}");
    let ipv4 = Flow {
        source: Source::new("10.0.0.1".parse().unwrap()).unwrap(),
        group: Group::new("239.1.1.1".parse().unwrap()).unwrap(),
    };
    let refused = lab.mroute.flow_counters(ipv4).unwrap_err();
    assert!(matches!(refused, MrouteError::OtherFamily { family: Family::V6, .. }), "{refused}");
    assert_eq!(lab.mroute.flow_counters(flow()).unwrap(), None);
    assert!(!lab.mroute.delete_mfc(flow()).unwrap());
    assert_eq!(lab.mroute.vif_counters(vif(7)).unwrap(), None);
    assert!(lab.mroute.join(0, REPORTS).is_err());
    assert!(!lab.mroute.leave(lab.b, REPORTS).unwrap());
}

pub(crate) async fn a_new_flow_of_ipv6_is_asked_about_and_forwarded_once_there_is_an_entry() {
    let lab = Lab6::new().await;
    lab.send("first");
    let asked = Upcall { kind: UpcallKind::NoCache, vif: vif(0), flow: flow() };
    assert_eq!(lab.upcall().await, asked);
    assert_eq!(lab.received_until_now().await, [""; 0]);

    lab.mroute.add_mfc(&entry(0, &[1])).unwrap();
    assert_eq!(lab.received().await, "first");
    lab.send("second");
    assert_eq!(lab.received().await, "second");
    let counted = lab.mroute.flow_counters(flow()).unwrap();
    let bytes = 2 * HEADERS + 5 + 6;
    assert_eq!(counted, Some(FlowCounters { packets: 2, bytes, wrong_if: 0 }));
    let out = lab.mroute.vif_counters(vif(1)).unwrap().unwrap();
    assert_eq!((out.packets_in, out.packets_out, out.bytes_out), (0, 2, bytes));

    lab.mroute.add_mfc(&entry(0, &[])).unwrap();
    lab.send("for nobody");
    assert_eq!(lab.received_until_now().await, [""; 0]);
    assert!(lab.mroute.delete_mfc(flow()).unwrap());
    lab.send("again");
    assert_eq!(lab.upcall().await, asked);
}

pub(crate) async fn a_datagram_of_ipv6_on_a_wrong_interface_is_told() {
    let lab = Lab6::new().await;
    lab.mroute.add_mfc(&entry(1, &[0])).unwrap();
    lab.send("wrong");
    let told = Upcall { kind: UpcallKind::WrongVif, vif: vif(0), flow: flow() };
    assert_eq!(lab.upcall().await, told);
    assert_eq!(lab.mroute.flow_counters(flow()).unwrap().unwrap().wrong_if, 1);
}

// RFC2710-3-01: hop limit, Router Alert and interface come beside the message.
pub(crate) async fn a_listener_report_is_heard_with_its_header_and_interface() {
    let lab = Lab6::new().await;
    let (host, device) = host(&lab);
    host.transmit(device, &report()).unwrap();
    let (ifindex, header, payload) = heard(&lab.mroute, HOST, &[REPORT]).await;
    assert_eq!((ifindex, header, payload), (lab.b, report().header, report().payload));
    let header = Header { hop_limit: 2, class: 0xc0, ..report().header };
    let other = datagram(header, &Message::V1Report { group: GROUP });
    host.transmit(device, &other).unwrap();
    assert_eq!(heard(&lab.mroute, HOST, &[REPORT]).await.1, header);
}

pub(crate) async fn the_groups_of_routers_are_heard_only_where_they_are_joined() {
    let mut lab = Lab6::new().await;
    let (host, device) = host(&lab);
    let record = |group| GroupRecord::new(RecordKind::ToEx, group, vec![]);
    let v2 = Message::V2Report(V2Report::new(vec![record(GROUP)]));
    let v2 = datagram(header(HOST, REPORTS), &v2);
    let done = datagram(header(HOST, ALL_ROUTERS), &Message::Done { group: GROUP });
    // A Report for a routable group is always heard: what did not arrive before it never will.
    let all = [V2_REPORT, DONE, REPORT];
    for packet in [&v2, &done, &report()] {
        host.transmit(device, packet).unwrap();
    }
    assert_eq!(heard(&lab.mroute, HOST, &all).await.2[0], REPORT);
    lab.mroute.join(lab.b, REPORTS).unwrap();
    lab.mroute.join(lab.b, ALL_ROUTERS).unwrap();
    for packet in [&v2, &done] {
        host.transmit(device, packet).unwrap();
    }
    assert_eq!(heard(&lab.mroute, HOST, &all).await.2, v2.payload);
    assert_eq!(heard(&lab.mroute, HOST, &all).await.2, done.payload);
    assert!(lab.mroute.leave(lab.b, REPORTS).unwrap());
    host.transmit(device, &v2).unwrap();
    host.transmit(device, &report()).unwrap();
    assert_eq!(heard(&lab.mroute, HOST, &all).await.2[0], REPORT);
}

pub(crate) async fn a_listener_report_without_router_alert_is_a_datagram_to_the_kernel() {
    let lab = Lab6::new().await;
    say(&raw(&lab.host, "b"), GROUP, &report().payload);
    let upcall = lab.upcall().await;
    assert_eq!((upcall.kind, upcall.vif), (UpcallKind::NoCache, vif(1)));
    // To all nodes the kernel delivers it, and the header tells.
    say(&raw(&lab.source, "a"), ALL_NODES, &general_query(SENDER).payload);
    let (ifindex, header, _) = heard(&lab.mroute, SENDER, &[QUERY]).await;
    assert_eq!((ifindex, header.router_alert, header.hop_limit), (lab.a, false, 1));
}

pub(crate) async fn a_listener_query_leaves_on_the_chosen_device_and_does_not_come_back() {
    let lab = Lab6::new().await;
    let (host, device) = host(&lab);
    let at_source = lab.source.inside(|| Mroute6::open(None)).unwrap();
    lab.mroute.transmit(lab.a, &general_query(ROUTER_A)).unwrap();
    lab.mroute.transmit(lab.b, &general_query(ROUTER_B)).unwrap();
    let (_, header, payload) = heard(&at_source, ROUTER_A, &[QUERY]).await;
    assert_eq!(
        (header, payload),
        (general_query(ROUTER_A).header, general_query(ROUTER_A).payload)
    );
    let (ifindex, header, _) = heard(&host, ROUTER_B, &[QUERY]).await;
    assert_eq!((ifindex, header), (device, general_query(ROUTER_B).header));
    // The router hears the host's Query, and none of its own before it.
    host.transmit(device, &general_query(HOST)).unwrap();
    let mut buffer = [0; 2000];
    let first = until(&lab.mroute, || {
        loop {
            match lab.mroute.receive(&mut buffer).unwrap()? {
                Received::Packet { packet, .. } if packet.payload[0] == QUERY => {
                    return Some(packet.header.source);
                }
                _ => {}
            }
        }
    });
    assert_eq!(first.await, IpAddr::V6(HOST));
}

pub(crate) async fn the_listener_reports_of_the_routers_own_kernel_do_come_back() {
    let mut lab = Lab6::new().await;
    lab.mroute.join(lab.b, REPORTS).unwrap();
    let (ifindex, header, _) = heard(&lab.mroute, ROUTER_B, &[V2_REPORT]).await;
    assert_eq!((ifindex, header.destination), (lab.b, IpAddr::V6(REPORTS)));
    assert!(header.router_alert && header.hop_limit == 1);
}

pub(crate) async fn other_messages_of_icmpv6_are_not_heard() {
    let lab = Lab6::new().await;
    let (host, device) = host(&lab);
    // A Router Advertisement to all nodes, and a Query behind it.
    say(&raw(&lab.host, "b"), ALL_NODES, &[134, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    host.transmit(device, &general_query(HOST)).unwrap();
    assert_eq!(heard(&lab.mroute, HOST, &[134, QUERY]).await.2[0], QUERY);
}

pub(crate) async fn a_packet_of_ipv6_longer_than_the_buffer_is_reported_and_not_cut() {
    let lab = Lab6::new().await;
    let (host, device) = host(&lab);
    host.transmit(device, &general_query(HOST)).unwrap();
    let mut small = [0; 23];
    let told = until(&lab.mroute, || {
        loop {
            match lab.mroute.receive(&mut small).unwrap()? {
                Received::TooLong { ifindex, length: length @ 24 } => {
                    return Some((ifindex, length));
                }
                // The Reports of the kernels are longer.
                Received::TooLong { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    });
    assert_eq!(told.await, (lab.b, 24));
}

pub(crate) async fn what_the_socket_of_mld_cannot_send_is_refused() {
    let lab = Lab6::new().await;
    let kind = |packet: &Datagram| lab.mroute.transmit(lab.b, packet).unwrap_err().kind();
    let query = general_query(ROUTER_B);
    for header in [
        Header { router_alert: false, ..query.header },
        Header { protocol: 103, ..query.header },
        Header { source: "10.0.0.1".parse().unwrap(), ..query.header },
    ] {
        assert_eq!(kind(&Datagram { header, ..query.clone() }), io::ErrorKind::InvalidInput);
    }
    // Not an address of the router.
    lab.mroute.transmit(lab.b, &general_query(HOST)).unwrap_err();
    lab.mroute.transmit(9999, &query).unwrap_err();
    lab.mroute.transmit(lab.b, &query).unwrap();
}

/// A router over the socket of `lab`, with MLDv2 on both of its interfaces.
fn router() -> Router {
    let params = Params {
        version: Version::V3,
        query_response_interval: Duration::from_millis(100),
        ..Params::default()
    };
    let interface = |name: &str, addresses: [&str; 2]| InterfaceConfig {
        name: name.to_owned(),
        addresses: addresses.map(|text| text.parse().unwrap()).into(),
        igmp: Some(params.clone()),
        threshold: 1,
        static_joins: BTreeSet::new(),
        upstream: false,
        only_forwarder: false,
        pim: None,
        discovery: None,
        boundaries: Vec::new(),
    };
    let config = Config {
        family: Family::V6,
        interfaces: vec![
            interface("a", ["2001:db8:1::1/64", "fe80::1:1/64"]),
            interface("b", ["2001:db8:2::1/64", "fe80::2:1/64"]),
        ],
        routes: vec![],
        keepalive: KEEPALIVE,
        rules: Vec::new(),
        max_flows: MAX_FLOWS,
        pim: None,
    };
    Router::new(config, Instant::ZERO, Rng::for_node(1, "r1")).unwrap()
}

/// Hands the router what the kernel has for it, as long as `wanted` says.
async fn serve<F: FnMut(Instant, Event)>(
    router: &mut Router,
    plane: &mut Plane<F>,
    wanted: impl Fn() -> bool,
) {
    let mut buffer = vec![0; MAX_PACKET];
    while wanted() {
        plane.readable().await.unwrap();
        while let Some(received) = plane.receive(&mut buffer).unwrap() {
            let input = match received {
                Received::Packet { vif: Some(vif), packet, .. } => {
                    Input::Packet { vif, packet: packet.unwrap() }
                }
                Received::Upcall(upcall) => Input::Upcall(upcall),
                other => panic!("{other:?}"),
            };
            turn(router, plane, Instant::ZERO, input);
        }
    }
}

/// From the first Query to the datagram: the members of a kernel that answers, and a new flow.
pub(crate) async fn a_router_of_ipv6_forwards_to_the_members_that_answer_its_query() {
    let mut lab = Lab6::new().await;
    // The router's own socket takes the place of the one of `lab`.
    lab.mroute = lab.router.inside(|| Mroute6::open(Some(100))).unwrap();
    let socket = lab.router.inside(|| Mroute6::open(None)).unwrap();
    let events = RefCell::new(Vec::new());
    let observe = |_, event| events.borrow_mut().push(event);
    let pim = lab.router.inside(|| PimSocket::open(Family::V6)).unwrap();
    let mut plane = Plane::new(socket, pim, vec![lab.a, lab.b], observe);
    let mut router = router();
    settle(&mut router, &mut plane, Instant::ZERO);

    let present = Event::Gmp(vif(1), News::MembersPresent(flow().group));
    let answered = serve(&mut router, &mut plane, || !events.borrow().contains(&present));
    tokio::time::timeout(BOUND, answered).await.expect("nobody answered");
    lab.send("first");
    let text = tokio::select! {
        text = lab.received() => text,
        () = serve(&mut router, &mut plane, || true) => unreachable!(),
    };
    assert_eq!(text, "first");
    let refused = |event: &Event| matches!(event, Event::Refused(_) | Event::Unusable(_));
    assert!(!events.borrow().iter().any(refused), "{events:?}");
}
