//! A host of RFC 9777, and beside queriers of RFC 2710.

use super::*;

fn all() -> Sources {
    Sources::new()
}

fn wants(link: &mut Link, wish: SourceFilter) {
    link.host.listen(link.now, 0, group(G), wish).unwrap();
    link.note();
}

// RFC3810-6.1-01, RFC3810-6.1-02, RFC3810-5.2.14-01
#[test]
fn a_change_is_told_at_once_and_once_more_to_the_routers_of_version_2() {
    let mut link = Link::new(Version::V3);
    link.join(G).until(20.0);
    assert_eq!(link.said[0].0, 0.0);
    assert!(link.said[1].0 > 0.0 && link.said[1].0 <= 1.0, "{:?}", link.said);
    let told = report(&[(G, Record::ToEx(all()))]);
    assert_eq!(link.words(), [told.as_str(), &told]);
    link.leave(G).until(40.0);
    let told = report(&[(G, Record::ToIn(all()))]);
    assert_eq!(link.words(), [told.as_str(), &told]);
}

// RFC3810-6.1-01
#[test]
fn each_change_of_the_filter_has_its_record() {
    use SourceFilter::{Exclude, Include};
    let [a, b, ab] = [&["2001:db8::a"][..], &["2001:db8::b"], &["2001:db8::a", "2001:db8::b"]];
    let mut link = Link::new(Version::V3);
    for (wish, records) in [
        (Include(sources(a)), vec![(G, Record::Allow(sources(a)))]),
        (Include(sources(ab)), vec![(G, Record::Allow(sources(b)))]),
        (Include(sources(b)), vec![(G, Record::Block(sources(a)))]),
        (Exclude(sources(a)), vec![(G, Record::ToEx(sources(a)))]),
        (Exclude(sources(b)), vec![(G, Record::Allow(sources(a))), (G, Record::Block(sources(b)))]),
        (Include(sources(ab)), vec![(G, Record::ToIn(sources(ab)))]),
    ] {
        wants(&mut link, wish);
        assert_eq!(link.words()[0], report(&records));
        let settled = link.now.since_start().as_secs_f64() + 20.0;
        link.until(settled).said.clear();
    }
}

// RFC3810-6-01, RFC9777-6-01
#[test]
fn all_nodes_and_scopes_narrower_than_the_link_are_never_spoken_of() {
    let mut link = Link::new(Version::V3);
    for name in ["ff02::1", "ff01::5", "ff00::5"] {
        link.join(name);
    }
    link.query("::", 1000, v2_part(&[])).until(20.0);
    assert_eq!(link.words(), <[&str; 0]>::default());
    link.join("ff02::fb");
    assert_eq!(link.words(), [report(&[("ff02::fb", Record::ToEx(all()))])]);
}

// RFC3810-6.2-01, RFC3810-5.1.14-02
#[test]
fn a_query_that_may_not_be_of_the_link_is_not_answered() {
    let general = query("::", 1000, v2_part(&[]));
    let mut link = Link::member(Version::V3);
    for (head, why) in [
        (header("2001:db8::1", ALL_NODES), Ignored::NotLinkLocal("2001:db8::1".parse().unwrap())),
        (header("::", ALL_NODES), Ignored::NotLinkLocal("::".parse().unwrap())),
        (Header { hop_limit: 255, ..header(QUERIER, ALL_NODES) }, Ignored::NotOneHop(255)),
        (Header { router_alert: false, ..header(QUERIER, ALL_NODES) }, Ignored::NoRouterAlert),
    ] {
        assert_eq!(link.hear_in(head, &general), Err(why));
    }
    assert_eq!(link.host.deadline(), None);
}

// RFC3810-6.2-02, RFC3810-6.3-01, RFC3810-6.3-02
#[test]
fn an_answer_waits_a_random_time_and_says_what_was_asked_for() {
    let (a, b) = ("2001:db8::a", "2001:db8::b");
    let mut link = Link::member(Version::V3);
    link.query("::", 1000, v2_part(&[])).until(80.0);
    assert!(link.said[0].0 > 60.0 && link.said[0].0 <= 61.0, "{:?}", link.said);
    assert_eq!(link.words(), [report(&[(G, Record::IsEx(all()))])]);
    wants(&mut link, SourceFilter::Exclude(sources(&[a])));
    link.until(100.0).said.clear();
    link.query(G, 1000, v2_part(&[a, b])).until(120.0);
    assert_eq!(link.words(), [report(&[(G, Record::IsIn(sources(&[b])))])]);
    link.query(G, 1000, v2_part(&[a])).until(140.0);
    assert_eq!(link.words(), <[&str; 0]>::default());
    link.query(G, 1000, v2_part(&[])).until(160.0);
    assert_eq!(link.words(), [report(&[(G, Record::IsEx(sources(&[a])))])]);
}

// RFC3810-8.2.1-01, RFC3810-8.2.1-02, RFC9777-9.12-01
#[test]
fn beside_a_querier_of_version_1_the_host_speaks_it_for_260_seconds() {
    let mut link = Link::new(Version::V3);
    link.query("::", 1000, v2_part(&[])).join(G).said.clear();
    // 2 x 125 s + 10 s, of this Query. The pending repeat of the join is cancelled.
    link.query("::", 10_000, None).until(10.0);
    assert_eq!(link.words(), ["ff05::1:3 MLDv1 Report ff05::1:3"]);
    link.until(259.9).join("ff05::5").leave("ff05::5");
    assert_eq!(link.words(), ["ff05::5 MLDv1 Report ff05::5", "ff02::2 MLDv1 Done ff05::5"]);
    link.until(260.1).join("ff05::6");
    assert_eq!(link.words(), [report(&[("ff05::6", Record::ToEx(all()))])]);
}

// RFC3810-8.1-02
#[test]
fn a_query_of_25_to_27_octets_is_of_no_version() {
    let mut link = Link::member(Version::V3);
    for more in 1..=3 {
        let said = Message::Query(Query::older(Version::V2, None, Duration::from_secs(1)));
        let datagram = crate::mld::encode(IpAddr::V6(ip(QUERIER)), &said).unwrap();
        let payload = lengthened(&datagram, more);
        let packet = Packet { header: datagram.header, payload: &payload };
        let heard = link.host.receive(link.now, &packet);
        assert_eq!(heard, Err(Ignored::QueryOfNoVersion(24 + more)));
    }
    assert_eq!(link.host.reception().mode(link.now), Version::V3);
}

/// The payload with so many zeros behind it, and a checksum for its new length.
fn lengthened(datagram: &Datagram, more: usize) -> Vec<u8> {
    let mut payload = datagram.payload.clone();
    payload.resize(payload.len() + more, 0);
    let sum = u16::from_be_bytes([payload[2], payload[3]]);
    let (longer, borrow) = sum.overflowing_sub(u16::try_from(more).unwrap());
    let sum = if borrow { longer - 1 } else { longer };
    payload[2..4].copy_from_slice(&sum.to_be_bytes());
    payload
}

// RFC3810-8.2.2-01: it may; this host does not, as RFC9776-7.2.2-01 has it.
#[test]
fn an_older_report_suppresses_nothing() {
    let mut link = Link::member(Version::V3);
    link.query("::", 1000, v2_part(&[]));
    link.hear(OTHER, G, &Mld::V1Report { group: ip(G) }).unwrap();
    assert_eq!(link.until(70.0).words().len(), 1);
}

// RFC3810-5.2.13-03, RFC3590-4-01
#[test]
fn a_host_that_gets_its_link_local_address_reports_again_from_it() {
    let unspecified = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    let mut host = Host::new(HostParams::of(Version::V3), unspecified, Rng::for_node(1, "h1"));
    host.join(at(0.0), group(G)).unwrap();
    let first = host.poll().unwrap().unwrap().header;
    assert_eq!((first.source, host.poll()), (unspecified, None));
    host.readdress(at(2.0), IpAddr::V6(ip(OWN)));
    let again = host.poll().unwrap().unwrap().header;
    assert_eq!(again.source, IpAddr::V6(ip(OWN)));
}

// RFC3810-5.2.14-01: 72 records of 20 octets behind 48 of headers and 8 of the message are 1496.
#[test]
fn a_long_answer_is_cut_into_packets_that_fit() {
    let mut link = Link::new(Version::V3);
    for n in 0..100 {
        link.join(&format!("ff05::2:{n:x}"));
    }
    link.until(60.0).said.clear();
    link.query("::", 1000, v2_part(&[])).until(70.0);
    let records = |(_, _, message): &(f64, String, Mld)| match message {
        Mld::V2Report(report) => report.records.len(),
        other => panic!("{other}"),
    };
    assert_eq!(link.said.iter().map(records).collect::<Vec<_>>(), [72, 28]);
}
