//! Which packets a claim counts, field by field.

use std::net::Ipv4Addr;

use castnet::wire::igmp::{GroupRecord, Message, RecordKind, V3Report};
use castnet::wire::ipv4::Ipv4Header;

use super::super::Outcome::{Fail, Pass};
use super::{
    ALL_HOSTS, GROUP, H1, OTHER_GROUP, R1_LAN, Run, S1, first, igmp_frame, ip_frame, ms, query,
    v3_query,
};

const ZERO: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

fn claim(fields: &str) -> Run {
    Run::new(&format!("packet = {{ on = 'lan', {fields} }}\ncount = '>= 1'"))
}

/// Whether the claim counts the message, sent with the usual header.
#[track_caller]
fn counts(fields: &str, message: &Message, does: bool) {
    let run = claim(fields).igmp(ms(2000), "r1:lan", GROUP, message);
    run.comes_out(if does { Pass } else { Fail });
}

fn report(records: &[(RecordKind, Ipv4Addr)]) -> Message {
    let record = |&(kind, group): &(_, _)| GroupRecord::new(kind, group, Vec::new());
    Message::V3Report(V3Report::new(records.iter().map(record).collect()))
}

#[test]
fn every_kind_counts_what_it_names_and_nothing_else() {
    let messages = [
        query(10, ZERO),
        query(5, GROUP),
        v3_query(ZERO, &[]),
        v3_query(GROUP, &[]),
        v3_query(GROUP, &[S1]),
        Message::V1Report { group: GROUP },
        Message::V2Report { group: GROUP },
        report(&[(RecordKind::IsEx, GROUP)]),
        Message::Leave { group: GROUP },
        Message::Unknown { kind: 0x40 },
    ];
    for (kind, counted) in [
        ("query", &[0, 1, 2, 3, 4][..]),
        ("general-query", &[0, 2]),
        // A query that names sources is a Group-and-Source-Specific Query, another thing.
        ("group-specific-query", &[1, 3]),
        ("report", &[5, 6, 7]),
        ("v1-report", &[5]),
        ("v2-report", &[6]),
        ("v3-report", &[7]),
        ("leave", &[8]),
        ("data", &[]),
    ] {
        for (n, message) in messages.iter().enumerate() {
            counts(&format!("kind = '{kind}'"), message, counted.contains(&n));
        }
        let run = claim(&format!("kind = '{kind}'")).data(ms(2000), "r1:lan", S1, first(0), 31);
        run.comes_out(if kind == "data" { Pass } else { Fail });
    }
}

#[test]
fn the_group_is_that_in_the_message() {
    let of = |kind: &str| format!("kind = '{kind}', group = '239.1.1.1'");
    for (kind, message, does) in [
        ("query", query(5, GROUP), true),
        // The Query is sent to the group, but asks for another one, or for all.
        ("query", query(5, OTHER_GROUP), false),
        ("query", query(5, ZERO), false),
        ("v1-report", Message::V1Report { group: GROUP }, true),
        ("v1-report", Message::V1Report { group: OTHER_GROUP }, false),
        ("v2-report", Message::V2Report { group: GROUP }, true),
        ("v2-report", Message::V2Report { group: OTHER_GROUP }, false),
        ("leave", Message::Leave { group: GROUP }, true),
        ("leave", Message::Leave { group: OTHER_GROUP }, false),
        ("report", Message::V2Report { group: GROUP }, true),
        ("report", Message::V2Report { group: OTHER_GROUP }, false),
    ] {
        counts(&of(kind), &message, does);
    }
}

#[test]
fn of_a_version_3_report_any_record_may_name_the_group() {
    let fields = "kind = 'v3-report', group = '239.1.1.1'";
    let (is_ex, to_in) = (RecordKind::IsEx, RecordKind::ToIn);
    counts(fields, &report(&[(is_ex, OTHER_GROUP), (to_in, GROUP)]), true);
    counts(fields, &report(&[(is_ex, OTHER_GROUP), (is_ex, ALL_HOSTS)]), false);
    counts(fields, &report(&[]), false);
}

#[test]
fn the_group_of_a_datagram_is_its_destination() {
    let fields = "kind = 'data', group = '239.1.1.2'";
    claim(fields).data(ms(2000), "r1:lan", S1, first(0), 31).comes_out(Fail);
    let frame = super::data_frame(S1, OTHER_GROUP, first(0), 31);
    claim(fields).frame(ms(2000), "r1:lan", &frame).comes_out(Pass);
}

#[test]
fn the_sender_is_the_port_that_sent_it_whatever_address_it_claims() {
    let frame = igmp_frame(&Ipv4Header::igmp(R1_LAN, GROUP), &query(5, GROUP));
    let fields = "kind = 'query', from = 'r1'";
    claim(fields).frame(ms(2000), "r1:lan", &frame).comes_out(Pass);
    claim(fields).frame(ms(2000), "h1:lan", &frame).comes_out(Fail);
    claim("kind = 'query'").frame(ms(2000), "h1:lan", &frame).comes_out(Pass);
}

#[test]
fn the_ip_header_is_looked_at_field_by_field() {
    let right = Ipv4Header::igmp(R1_LAN, GROUP);
    for (fields, wrong, told) in [
        (
            "to = '239.1.1.1'",
            Ipv4Header { destination: ALL_HOSTS, ..right },
            "`to` is 224.0.0.1, not 239.1.1.1",
        ),
        ("ttl = 1", Ipv4Header { ttl: 2, ..right }, "`ttl` is 2, not 1"),
        (
            "router-alert = true",
            Ipv4Header { router_alert: false, ..right },
            "`router-alert` is false, not true",
        ),
    ] {
        let fields = format!("kind = 'query', {fields}");
        let frame = |header| igmp_frame(header, &query(5, GROUP));
        claim(&fields).frame(ms(2000), "r1:lan", &frame(&right)).comes_out(Pass);
        let finding = claim(&fields).frame(ms(2000), "r1:lan", &frame(&wrong)).finding();
        assert_eq!(finding.outcome, Fail, "{fields}");
        let unlike = finding.why.iter().position(|why| why.starts_with("unlike: ")).unwrap();
        assert_eq!(finding.why[unlike + 1].trim_start(), told);
    }
    let without = Ipv4Header { router_alert: false, ..right };
    let fields = "kind = 'query', router-alert = false";
    let frame = |header| igmp_frame(header, &query(5, GROUP));
    claim(fields).frame(ms(2000), "r1:lan", &frame(&without)).comes_out(Pass);
    claim(fields).frame(ms(2000), "r1:lan", &frame(&right)).comes_out(Fail);
}

#[test]
fn the_max_response_time_is_read_as_the_querys_version_has_it() {
    let fields = "kind = 'query', max-resp = 'LMQI'";
    counts(fields, &query(5, GROUP), true);
    counts(fields, &query(4, GROUP), false);
    counts(fields, &query(6, GROUP), false);
    counts(fields, &v3_query(GROUP, &[]), true);
    // Code 0x90: 14.4 s in version 2; (0 | 0x10) << (1 + 3) = 256 tenths in version 3.
    counts("kind = 'query', max-resp = '14400ms'", &query(0x90, GROUP), true);
    counts("kind = 'query', max-resp = '25600ms'", &query(0x90, GROUP), false);
    let Message::Query(mut v3) = v3_query(GROUP, &[]) else { unreachable!() };
    v3.max_resp_code = 0x90;
    counts("kind = 'query', max-resp = '25600ms'", &Message::Query(v3), true);
}

#[test]
fn damaged_messages_are_never_counted() {
    let header = Ipv4Header::igmp(H1, GROUP);
    let mut report = Message::V2Report { group: GROUP }.encode().unwrap();
    report[2] ^= 1;
    let frame = ip_frame(&header.encode(&report).unwrap());
    claim("kind = 'report'").frame(ms(2000), "h1:lan", &frame).comes_out(Fail);
    // RFC3376-7.1-02: too long for version 2, too short for version 3.
    let mut query = query(5, GROUP).encode().unwrap();
    query.extend([0, 0]);
    let frame = ip_frame(&header.encode(&query).unwrap());
    claim("kind = 'query'").frame(ms(2000), "r1:lan", &frame).comes_out(Fail);
}
