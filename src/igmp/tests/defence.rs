//! What a router refuses by the IP header: RFC 2236 section 10, RFC 9776 section 9.

use super::*;
use crate::wire::igmp::{GroupRecord, RecordKind, V3Report};

/// The address of the router's network that names all of its hosts.
const BROADCAST: Ipv4Addr = router(255);
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 7);
const V3_ROUTERS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 22);

fn general() -> Message {
    query(100, Ipv4Addr::UNSPECIFIED)
}

fn v3_report() -> Message {
    Message::V3Report(V3Report::new(vec![GroupRecord::new(RecordKind::ToEx, G, vec![])]))
}

/// The result of a message in a packet with this header, for a router with members and parameters.
fn heard(params: Params, header: ipv4::Ipv4Header, message: &Message) -> Result<(), Ignored> {
    let mut link = Link::with(params);
    link.v2_report();
    link.bytes(&header.encode(&message.encode().unwrap()).unwrap())
}

fn between(from: Ipv4Addr, to: Ipv4Addr) -> ipv4::Ipv4Header {
    ipv4::Ipv4Header::igmp(from, to)
}

fn v3() -> Params {
    Params { version: Version::V3, ..Params::v2() }
}

// RFC2236-3-07, RFC2236-3-12, RFC2236-3-22, RFC2236-7-14, RFC2236-9-01, RFC3376-4.2.14-01: where each
// message goes, and where it does not.
#[test]
fn a_message_counts_only_where_it_goes() {
    let report = Message::V2Report { group: G };
    let leave = Message::Leave { group: G };
    let other = Ipv4Addr::new(239, 1, 1, 2);
    for (message, right, wrong) in [
        (general(), vec![ALL_HOSTS], vec![ALL_ROUTERS, G, OWN, BROADCAST]),
        (query(10, G), vec![G, ALL_HOSTS], vec![other, ALL_ROUTERS, OWN]),
        (report, vec![G], vec![other, ALL_HOSTS, ALL_ROUTERS, OWN, Ipv4Addr::BROADCAST]),
        (leave, vec![ALL_ROUTERS, G], vec![ALL_HOSTS, other, OWN]),
        (v3_report(), vec![V3_ROUTERS], vec![G, ALL_HOSTS, ALL_ROUTERS, OWN]),
    ] {
        for to in right {
            assert_eq!(heard(v3(), between(router(1), to), &message), Ok(()), "{message} to {to}");
        }
        for to in wrong {
            let why = heard(v3(), between(router(1), to), &message);
            assert_eq!(why, Err(Ignored::Misaddressed(to.into())), "{message}");
        }
    }
}

// RFC3376-4.1.12-02, RFC3376-4.2.14-02: as the RFC wants it, where it is configured.
#[test]
fn a_parameter_lets_unicast_messages_count() {
    let accepting = || Params { accept_unicast: true, ..v3() };
    for message in [general(), Message::V2Report { group: G }, v3_report()] {
        assert_eq!(heard(accepting(), between(router(1), OWN), &message), Ok(()), "{message}");
    }
    let strange = heard(accepting(), between(router(1), ALL_ROUTERS), &general());
    assert_eq!(strange, Err(Ignored::Misaddressed(ALL_ROUTERS.into())));
}

// RFC1112-7.2-02: no machine has such an address.
#[test]
fn reserved_sources_do_not_count() {
    let reserved =
        [[240, 0, 0, 1], [255, 255, 255, 255], [127, 0, 0, 1], [10, 0, 0, 255], [10, 0, 0, 0]];
    for from in reserved.map(Ipv4Addr::from) {
        for (to, message) in [(G, Message::V2Report { group: G }), (ALL_HOSTS, general())] {
            let why = heard(v3(), between(from, to), &message);
            assert_eq!(why, Err(Ignored::SourceNotUnicast(from.into())), "{message}");
        }
    }
}

// RFC2236-10-01: a Query always has to come from the link; a Report where it is configured so.
#[test]
fn a_query_from_elsewhere_silences_nobody() {
    let off_link = Err(Ignored::OffLink(ELSEWHERE.into()));
    assert_eq!(heard(v3(), between(ELSEWHERE, ALL_HOSTS), &general()), off_link);
    let verifying = || Params { verify_source_subnet: true, ..v3() };
    for (to, message) in [(G, Message::V2Report { group: G }), (V3_ROUTERS, v3_report())] {
        assert_eq!(heard(v3(), between(ELSEWHERE, to), &message), Ok(()), "{message}");
        assert_eq!(heard(verifying(), between(ELSEWHERE, to), &message), off_link, "{message}");
        // RFC3376-9.2-01
        let unspecified = between(Ipv4Addr::UNSPECIFIED, to);
        assert_eq!(heard(verifying(), unspecified, &message), Ok(()), "{message}");
    }
}

// RFC2236-2-02: what has a higher TTL may have come through a router.
#[test]
fn a_query_of_another_ttl_silences_nobody() {
    let far = |to| ipv4::Ipv4Header { ttl: 64, ..between(router(1), to) };
    let why = Err(Ignored::NotOneHop(64));
    assert_eq!(heard(v3(), far(ALL_HOSTS), &general()), why);
    let report = Message::V2Report { group: G };
    assert_eq!(heard(v3(), far(G), &report), Ok(()));
    assert_eq!(heard(Params { require_ttl_1: true, ..v3() }, far(G), &report), why);
}

// RFC3376-7.1-01, RFC3376-7.1-02: 9 to 11 octets belong to no version; a router of version 2 reads
// the first eight octets (RFC2236-2.5-01).
#[test]
fn the_length_of_a_query_says_its_version() {
    for (octets, of_v3) in [
        (9, Err(Ignored::QueryOfNoVersion(9))),
        (11, Err(Ignored::QueryOfNoVersion(11))),
        (12, Ok(())),
    ] {
        let mut message = general().encode().unwrap();
        message.resize(octets, 0);
        let bytes = between(router(1), ALL_HOSTS).encode(&message).unwrap();
        assert_eq!(Link::with(v3()).bytes(&bytes), of_v3, "{octets} octets");
        assert_eq!(Link::new().bytes(&bytes), Ok(()), "{octets} octets");
    }
}

// RFC2236-4-10: a router of version 2 tells that a Query of version 3 was heard.
#[test]
fn a_router_of_version_2_warns_of_version_3() {
    for (octets, warned) in [(8, false), (12, true), (16, true)] {
        let mut link = Link::new();
        let mut message = general().encode().unwrap();
        message.resize(octets, 0);
        link.bytes(&between(router(1), ALL_HOSTS).encode(&message).unwrap()).unwrap();
        let is_warning = |news: &News| matches!(news, News::OtherVersion(_));
        assert_eq!(link.news().iter().any(is_warning), warned, "{octets} octets");
    }
}

// RFC3376-4.2.14-01, RFC3376-6.4.2-03: packets in, state and Queries out, on the wire of version 3.
#[test]
fn version_3_goes_over_the_wire_both_ways() {
    let mut link = Link::with(v3());
    let source = Ipv4Addr::new(198, 51, 100, 1);
    for kind in [RecordKind::Allow, RecordKind::Block] {
        let records = vec![GroupRecord::new(kind, G, vec![source])];
        let report = Message::V3Report(V3Report::new(records));
        link.packet(HOST, V3_ROUTERS, &report).unwrap();
        assert!(link.interface.wants(source.into(), group()));
    }
    let (_, said) = link.said.last().unwrap();
    let Say::Query(asked) = said else { panic!("a Query is last, not {said:?}") };
    let packet = encode(OWN.into(), &Said::Query(asked.clone())).unwrap();
    assert_eq!((packet.header.destination, packet.payload.len()), (G.into(), 16));
    let read = decode(&packet.payload, Version::V3).unwrap().message;
    let Message::Query(wire::Query { max_resp_code: 10, group: G, v3: Some(v3) }) = read else {
        panic!("not the Query: {read}")
    };
    assert_eq!((v3.robustness, v3.interval_code, v3.sources), (2, 125, vec![source]));
}
