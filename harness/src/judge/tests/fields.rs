//! Which packets a claim counts by the fields of header and message.

use std::net::Ipv4Addr;

use castnet::wire::igmp::{GroupRecord, Message, Query, RecordKind, V3Query, V3Report};
use castnet::wire::ipv4::Ipv4Header;

use super::super::Outcome::{Fail, Pass};
use super::{
    GROUP, H1, OTHER_GROUP, R1_LAN, Run, S1, S2, first, igmp_frame, ip_frame, ms, query, v3_query,
};

const ZERO: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

fn claim(fields: &str) -> Run {
    Run::new(&format!("packet = {{ on = 'lan', {fields} }}\ncount = '>= 1'"))
}

#[track_caller]
fn counts(fields: &str, message: &Message, does: bool) {
    let run = claim(fields).igmp(ms(2000), "r1:lan", GROUP, message);
    run.comes_out(if does { Pass } else { Fail });
}

#[test]
fn source_and_tos_are_those_of_the_ip_header() {
    let right = Ipv4Header::igmp(R1_LAN, GROUP);
    for (fields, wrong) in [
        ("source = '10.0.2.1'", Ipv4Header { source: H1, ..right }),
        // RFC3376-4-01: Internetwork Control.
        ("tos = 0xc0", Ipv4Header { tos: 0xc1, ..right }),
        ("tos = 0xc0", Ipv4Header { tos: 0, ..right }),
        ("class = 0xc0", Ipv4Header { tos: 0, ..right }),
        ("hop-limit = 1", Ipv4Header { ttl: 2, ..right }),
    ] {
        let fields = format!("kind = 'query', {fields}");
        let frame = |header| igmp_frame(header, &query(5, GROUP));
        claim(&fields).frame(ms(2000), "r1:lan", &frame(&right)).comes_out(Pass);
        claim(&fields).frame(ms(2000), "r1:lan", &frame(&wrong)).comes_out(Fail);
    }
}

#[test]
fn the_version_is_that_of_the_message() {
    // RFC3376-7.1-01
    for (message, version) in [(query(0, ZERO), 1), (query(5, ZERO), 2), (v3_query(ZERO, &[]), 3)] {
        for claimed in 1..=3 {
            let fields = format!("kind = 'query', version = {claimed}");
            counts(&fields, &message, claimed == version);
        }
    }
    for (message, version) in [
        (Message::V1Report { group: GROUP }, 1),
        (Message::V2Report { group: GROUP }, 2),
        (Message::V3Report(V3Report::new(Vec::new())), 3),
    ] {
        for claimed in 1..=3 {
            let fields = format!("kind = 'report', version = {claimed}");
            counts(&fields, &message, claimed == version);
        }
    }
}

#[test]
fn the_length_is_that_of_the_message_or_of_the_datagrams_payload() {
    counts("kind = 'query', length = 8", &query(5, GROUP), true);
    counts("kind = 'query', length = 12", &query(5, GROUP), false);
    counts("kind = 'query', length = 16", &v3_query(GROUP, &[S1]), true);
    // RFC2236-2.5-02: octets behind the message are part of it.
    let mut leave = Message::Leave { group: GROUP }.encode().unwrap();
    leave.extend([0; 4]);
    let frame = ip_frame(&Ipv4Header::igmp(H1, GROUP).encode(&leave).unwrap());
    claim("kind = 'leave', length = 12").frame(ms(2000), "h1:lan", &frame).comes_out(Pass);
    claim("kind = 'leave', length = 8").frame(ms(2000), "h1:lan", &frame).comes_out(Fail);
    let data = |length: u32| claim(&format!("kind = 'data', length = {length}"));
    data(64).data(ms(2000), "r1:lan", S1, first(0), 31).comes_out(Pass);
    data(72).data(ms(2000), "r1:lan", S1, first(0), 31).comes_out(Fail);
}

#[test]
fn the_code_is_the_octet_as_it_stands() {
    counts("kind = 'query', max-resp-code = 5", &query(5, GROUP), true);
    counts("kind = 'query', max-resp-code = 6", &query(5, GROUP), false);
    // RFC2236-2.2-02: zero in all but Queries.
    counts("kind = 'leave', max-resp-code = 0", &Message::Leave { group: GROUP }, true);
    counts("kind = 'leave', max-resp-code = 1", &Message::Leave { group: GROUP }, false);
}

#[test]
fn a_wrong_checksum_is_counted_only_when_it_is_asked_for() {
    let frame = |damaged: bool, group| {
        let mut report = Message::V2Report { group }.encode().unwrap();
        report[2] ^= u8::from(damaged);
        ip_frame(&Ipv4Header::igmp(H1, GROUP).encode(&report).unwrap())
    };
    let of = |fields: &str, damaged, group| {
        let fields = format!("kind = 'v2-report', group = '239.1.1.1'{fields}");
        claim(&fields).frame(ms(2000), "h1:lan", &frame(damaged, group))
    };
    of("", false, GROUP).comes_out(Pass);
    of("", true, GROUP).comes_out(Fail);
    of(", good-checksum = true", false, GROUP).comes_out(Pass);
    of(", good-checksum = true", true, GROUP).comes_out(Fail);
    of(", good-checksum = false", false, GROUP).comes_out(Fail);
    of(", good-checksum = false", true, GROUP).comes_out(Pass);
    // The other fields must match all the same.
    of(", good-checksum = false", true, OTHER_GROUP).comes_out(Fail);
    // A message that is malformed in another way too has no kind.
    let short = ip_frame(&Ipv4Header::igmp(H1, GROUP).encode(&[0x16, 0, 0, 0]).unwrap());
    let run = claim("kind = 'v2-report', good-checksum = false").frame(ms(2000), "h1:lan", &short);
    run.comes_out(Fail);
}

#[test]
fn a_version_3_query_says_more_than_an_older_one() {
    let v3 =
        V3Query { flags: 0, suppress: true, robustness: 3, interval_code: 0x90, sources: vec![] };
    let message = Message::Query(Query { max_resp_code: 5, group: GROUP, v3: Some(v3) });
    for (fields, does) in [
        ("suppress = true", true),
        ("suppress = false", false),
        ("robustness = 3", true),
        ("robustness = 2", false),
        // RFC3376-4.1.7-01: (0 | 0x10) << (1 + 3).
        ("query-interval = '256s'", true),
        ("query-interval = '144s'", false),
        ("sources = []", true),
        ("sources = ['10.0.1.2']", false),
    ] {
        counts(&format!("kind = 'query', {fields}"), &message, does);
        // An older Query has no such field, so it never matches.
        counts(&format!("kind = 'query', {fields}"), &query(5, GROUP), false);
    }
    let specific = v3_query(GROUP, &[S2, S1]);
    counts("kind = 'query', sources = ['10.0.1.2', '10.0.1.3']", &specific, true);
    counts("kind = 'query', sources = ['10.0.1.2']", &specific, false);
}

/// RFC9776-4.1.4-01, RFC9776-4.2.3-01: the flags of a Query are four bits, those of a Report sixteen.
#[test]
fn the_flags_are_those_of_a_version_3_query_or_report() {
    let v3 =
        V3Query { flags: 0b1010, suppress: true, robustness: 2, interval_code: 0, sources: vec![] };
    let query_of = |v3| Message::Query(Query { max_resp_code: 5, group: GROUP, v3 });
    let report = Message::V3Report(V3Report { flags: 0x8001, records: Vec::new() });
    for (fields, message, does) in [
        ("kind = 'query', flags = 10", query_of(Some(v3.clone())), true),
        ("kind = 'query', flags = 0", query_of(Some(v3)), false),
        ("kind = 'query', flags = 0", query_of(None), false),
        ("kind = 'v3-report', flags = 0x8001", report.clone(), true),
        ("kind = 'v3-report', flags = 1", report, false),
    ] {
        counts(fields, &message, does);
    }
}

#[test]
fn a_record_is_one_that_has_all_that_is_claimed() {
    let report = Message::V3Report(V3Report::new(vec![
        GroupRecord::new(RecordKind::ToIn, GROUP, Vec::new()),
        GroupRecord::new(RecordKind::Allow, OTHER_GROUP, vec![S1]),
    ]));
    for (fields, does) in [
        ("records = 2", true),
        ("records = 1", false),
        ("record = 'to-in'", true),
        ("record = 'to-ex'", false),
        ("record = 'to-in', group = '239.1.1.1'", true),
        // Another group's record.
        ("record = 'to-in', group = '239.1.1.2'", false),
        ("record = 'allow', sources = ['10.0.1.2']", true),
        ("record = 'to-in', sources = ['10.0.1.2']", false),
        ("record = 'to-in', sources = []", true),
    ] {
        counts(&format!("kind = 'v3-report', {fields}"), &report, does);
    }
    counts("kind = 'report', record = 'to-in'", &Message::V2Report { group: GROUP }, false);
}
