//! Who is accused of not answering, or of not asking, and who is not.

use super::*;

const OTHER: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 8);
const ROUTERS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 2);

fn of_version_3(record: Record) -> Message {
    let records = vec![(group(GROUP.into()), record)];
    Message::Report(Report { version: Version::V3, records })
}

fn query_3(group_of: Option<Ipv4Addr>, sources: Sources) -> Message {
    let asked = group_of.map(|address| group(address.into()));
    let older = Query::older(Version::V3, asked, Duration::from_secs(10));
    let announced = Some(Duration::from_secs(125));
    Message::Query(Query { sources, qrv: Some(2), qqi: announced, ..older })
}

// RFC2236-3-20: a host that was not last to report may leave silently.
#[test]
fn a_host_that_another_one_suppressed_may_leave_without_a_word() {
    let mut capture = Capture::default();
    capture.queries("eth0", ROUTER, HOUR);
    capture.reports("eth0", [2_000]);
    capture.igmp(3_000, "eth0", OTHER, GROUP, &report(Record::IsEx));
    capture.igmp(130_000, "eth0", OTHER, GROUP, &report(Record::IsEx));
    capture.igmp(200_000, "eth0", OTHER, ROUTERS, &report(Record::ToIn));
    for at in [200_000, 201_000] {
        let query = Query::older(Version::V2, Some(group(GROUP.into())), Duration::from_secs(1));
        capture.igmp(at + 1, "eth0", ROUTER, GROUP, &Message::Query(query));
    }
    capture.stream("eth0", 4, 2_000..202_000);
    let explained = capture.explain();
    assert_eq!(faults(&explained), [], "{explained}");
}

// RFC 3376 has no suppression: each host answers for itself.
#[test]
fn a_host_of_version_3_that_is_silent_beside_another_one_is_named() {
    let mut capture = Capture::default();
    let full = || Record::IsEx(Sources::new());
    for host in [HOST, OTHER] {
        capture.igmp(500, "eth0", host, [224, 0, 0, 22].into(), &of_version_3(full()));
    }
    for at in HOUR {
        capture.igmp(at, "eth0", ROUTER, ALL, &query_3(None, Sources::new()));
        capture.igmp(at + 900, "eth0", OTHER, [224, 0, 0, 22].into(), &of_version_3(full()));
    }
    let explained = capture.explain();
    assert_eq!(faults(&explained), [(What::Unanswered, "eth0")][..], "{explained}");
    assert!(words(&explained, What::Unanswered).starts_with("10.0.2.7 had asked"), "{explained}");
}

// RFC3376-5.2-10: whoever wants none of the sources says nothing.
#[test]
fn a_query_for_sources_need_not_be_answered() {
    let mut capture = Capture::default();
    let sources = || Sources::from([IpAddr::from(SOURCE)]);
    let full = || Record::IsEx(Sources::new());
    let routers = [224, 0, 0, 22].into();
    for at in HOUR {
        capture.igmp(at, "eth0", ROUTER, ALL, &query_3(None, Sources::new()));
        capture.igmp(at + 900, "eth0", HOST, routers, &of_version_3(full()));
        for later in [20_000, 40_000, 60_000] {
            capture.igmp(at + later, "eth0", ROUTER, GROUP, &query_3(Some(GROUP), sources()));
        }
    }
    assert_eq!(faults(&capture.explain()), []);
}

// RFC 1112 has no Leave: whoever leaves is silent.
#[test]
fn hosts_of_version_1_are_not_accused_of_leaving() {
    let mut capture = Capture::default();
    for at in HOUR {
        let query = Query::older(Version::V1, None, Duration::ZERO);
        capture.igmp(at, "eth0", ROUTER, ALL, &Message::Query(query));
    }
    let records = vec![(group(GROUP.into()), Record::IsEx(Sources::new()))];
    let said = Message::Report(Report { version: Version::V1, records });
    capture.igmp(2_000, "eth0", HOST, GROUP, &said);
    let explained = capture.explain();
    assert_eq!(faults(&explained), [], "{explained}");
    assert!(words(&explained, What::Unanswered).contains("leave without a word"), "{explained}");
}

// RFC2236-8.6-01, RFC2236-8.7-01: startup Queries are a quarter of the interval apart.
#[test]
fn startup_queries_do_not_make_a_querier_silent() {
    let mut capture = Capture::default();
    capture.queries("eth0", ROUTER, [1_000, 32_250, 63_500]);
    capture.stream("eth0", 4, 0..180_000);
    assert_eq!(faults(&capture.explain()), []);
    let mut capture = Capture::default();
    capture.queries("eth0", ROUTER, [1_000, 32_250, 63_500]);
    capture.stream("eth0", 4, 0..220_000);
    assert_eq!(faults(&capture.explain()), [(What::QuerierSilent, "eth0")][..]);
}

#[test]
fn a_querier_that_came_back_was_silent_meanwhile() {
    let mut capture = Capture::default();
    capture.queries("eth0", ROUTER, [1_000, 126_000, 251_000, 376_000, 901_000, 1_026_000]);
    let explained = capture.explain();
    assert_eq!(faults(&explained), [(What::QuerierSilent, "eth0")][..]);
    let said = words(&explained, What::QuerierSilent);
    assert!(said.starts_with("nobody asked for 525.000 s"), "{said}");
}

// In a cooked capture of `any` a router's datagrams come and go on one interface.
#[test]
fn what_a_router_forwards_is_not_there_twice() {
    let mut capture = Capture::default();
    for (index, outgoing) in [false, true, false, true].into_iter().enumerate() {
        let rtp = [&[0x80, 33, 0, index as u8 / 2][..], &[0; 16]].concat();
        let mut bytes = Vec::new();
        let ttl = if outgoing { 3 } else { 4 };
        let to = PacketBuilder::ipv4(SOURCE.octets(), GROUP.octets(), ttl).udp(5004, 5004);
        to.write(&mut bytes, &rtp).unwrap();
        capture.push(index as u64 * 20, "any", outgoing, bytes);
    }
    assert_eq!(faults(&capture.explain()), []);
}

// The host sends its Reports on both interfaces, and the stream comes on one of them.
#[test]
fn a_host_that_asks_on_both_interfaces_gets_the_stream() {
    let mut capture = Capture::default();
    for interface in ["eth0", "eth1"] {
        capture.queries(interface, ROUTER, [1_000, 126_000]);
        capture.reports(interface, [2_000, 128_000]);
    }
    capture.stream("eth1", 9, 0..140_000);
    assert_eq!(faults(&capture.explain()), []);
}

// A member that left and came back explains the pause of its stream.
#[test]
fn a_leave_explains_a_pause() {
    let mut capture = Capture::default();
    capture.queries("eth0", ROUTER, HOUR);
    capture.reports("eth0", [2_000, 127_000, 150_000, 252_000, 377_000, 501_500]);
    capture.stream("eth0", 4, 2_000..140_000);
    capture.igmp(140_010, "eth0", HOST, ROUTERS, &report(Record::ToIn));
    capture.stream("eth0", 4, 150_000..501_900);
    let explained = capture.explain();
    assert_eq!(faults(&explained), [], "{explained}");
    assert!(words(&explained, What::Paused).contains("seen left at 139.010 s"), "{explained}");
}
