//! The scripts for a switch.

use std::net::Ipv4Addr;

use castnet::wire::igmp::{Message, Query, RecordKind, V3Query};

use crate::bridge::Stimulus::{Down, Packet, Querier, Up};
use crate::bridge::{Stimulus, check, settings};
use crate::packets::*;
use crate::script::Steps;

const HOST: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);
const OTHER_HOST: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 8);

/// A version 2 General Query with a Max Response Time of 0.2 s.
fn general(port: usize, from: impl Into<Ipv4Addr>) -> Stimulus {
    let query = Query { max_resp_code: 2, group: NOBODY, v3: None };
    Packet(port, query_from(from.into(), query))
}

fn data(port: usize, group: Ipv4Addr, mark: u16) -> Stimulus {
    Packet(port, datagram(HOST, group, 9, mark))
}

pub(crate) async fn without_a_querier() {
    let a = group(1);
    let steps = vec![
        (0, Packet(0, v2_report(a))),
        (50, Packet(1, v1_report(a))),
        (100, data(2, a, 1)),
        (150, data(2, group(9), 2)),
        (200, Packet(0, leave(a))),
        (300, Packet(0, leave(group(9)))),
        (1_000, data(2, a, 3)),
        (1_500, Packet(1, v2_report(a))),
    ];
    check(settings(2), steps, 4_900).await;
}

pub(crate) async fn with_a_querier() {
    let a = group(1);
    let steps = vec![
        (0, general(0, [10, 0, 0, 1])),
        (50, data(2, a, 1)),
        (400, data(2, a, 2)),
        (450, data(0, a, 3)),
        (500, Packet(1, v2_report(a))),
        (550, data(2, a, 4)),
        (600, data(1, a, 5)),
        (650, data(2, [224, 0, 0, 251].into(), 6)),
        (700, Packet(1, leave(a))),
        (1_500, Packet(2, v2_report(a))),
        (1_550, Packet(2, leave(a))),
        // The querier is gone 2 s after its Query.
        (2_600, data(2, a, 7)),
    ];
    check(settings(2), steps, 3_800).await;
}

fn v3_reports() -> Steps<Stimulus> {
    let a = group(1);
    let report = |port, kind| Packet(port, v3_report(HOST, kind, a));
    vec![
        (0, report(0, RecordKind::ToEx)),
        (50, report(1, RecordKind::IsEx)),
        (100, report(0, RecordKind::ToIn)),
        (1_000, report(1, RecordKind::ToIn)),
        (1_900, general(1, [10, 0, 0, 1])),
        (2_200, report(0, RecordKind::ToEx)),
        (2_250, report(0, RecordKind::ToIn)),
        // On the port with fast leave the last version 3 host counts.
        (2_300, report(2, RecordKind::IsEx)),
        (2_350, Packet(2, v3_report(OTHER_HOST, RecordKind::IsEx, a))),
        (2_400, report(2, RecordKind::ToIn)),
        (2_650, Packet(2, v3_report(OTHER_HOST, RecordKind::ToIn, a))),
        (2_700, report(1, RecordKind::Unknown(9))),
        (2_750, report(1, RecordKind::ToIn)),
        // A version 2 Report counts all the same.
        (2_800, Packet(2, v2_report(a))),
        (2_850, Packet(2, leave(a))),
        (2_900, Packet(1, v2_report(a))),
        (2_950, Packet(1, leave(a))),
    ]
}

pub(crate) async fn v3_reports_in_version_2() {
    check(settings(2), v3_reports(), 6_000).await;
}

pub(crate) async fn v3_reports_in_version_3() {
    check(settings(3), v3_reports(), 6_000).await;
}

fn own_querier() -> Steps<Stimulus> {
    let a = group(1);
    let report = |port, kind| Packet(port, v3_report(HOST, kind, a));
    vec![
        (0, Querier(true)),
        (50, data(2, a, 1)),
        (500, data(2, a, 2)),
        (550, Packet(0, v2_report(a))),
        (600, Packet(1, v2_report(a))),
        (700, data(2, a, 3)),
        (1_600, Packet(0, leave(a))),
        (2_600, Packet(1, leave(a))),
        (2_650, Packet(1, v2_report(a))),
        (3_600, report(0, RecordKind::ToEx)),
        (3_700, report(0, RecordKind::ToIn)),
        (4_700, report(1, RecordKind::ToIn)),
        (4_750, report(1, RecordKind::IsEx)),
        (5_600, Querier(false)),
        (5_650, data(2, group(9), 4)),
        (5_700, report(0, RecordKind::IsEx)),
        (5_750, Packet(0, leave(a))),
    ]
}

pub(crate) async fn own_querier_of_version_2() {
    check(settings(2), own_querier(), 9_000).await;
}

pub(crate) async fn own_querier_of_version_3() {
    check(settings(3), own_querier(), 9_000).await;
}

/// The bridge sends its Queries from 10.0.0.50.
pub(crate) async fn elections() {
    let steps = vec![
        (0, Querier(true)),
        (300, general(0, [10, 0, 0, 77])),
        (600, general(0, [10, 0, 0, 3])),
        // While that querier is present, only a lower address counts.
        (1_000, general(1, [10, 0, 0, 4])),
        (1_100, general(2, [10, 0, 0, 2])),
        // The bridge starts its Queries anew, and a Query from 0.0.0.0 silences it.
        (4_600, general(1, NOBODY)),
        (6_500, general(1, [10, 0, 0, 77])),
        (8_000, Querier(false)),
        (8_100, general(1, [10, 0, 0, 77])),
        // Its own timer has expired by now, so any address counts.
        (11_500, general(1, [10, 0, 0, 78])),
    ];
    check(settings(2), steps, 12_000).await;
}

pub(crate) async fn asked_before() {
    let steps = vec![
        (0, general(0, [10, 0, 0, 77])),
        (100, Querier(true)),
        (1_000, general(0, [10, 0, 0, 77])),
        (1_500, general(1, [10, 0, 0, 78])),
        (3_500, data(2, group(9), 1)),
        (4_200, Querier(false)),
        (4_300, Querier(true)),
    ];
    check(settings(2), steps, 6_000).await;
}

pub(crate) async fn group_queries() {
    let (a, b) = (group(1), group(2));
    let older = |group| Packet(0, older_query(group, 2));
    let newer = |suppress, group, sources: &[Ipv4Addr]| {
        let sources = sources.to_vec();
        let v3 = V3Query { flags: 0, suppress, robustness: 2, interval_code: 10, sources };
        Packet(0, query_from(QUERIER, Query { max_resp_code: 2, group, v3: Some(v3) }))
    };
    let steps = vec![
        (0, general(0, [10, 0, 0, 1])),
        (400, Packet(1, v2_report(a))),
        (400, Packet(2, v2_report(a))),
        (450, older(a)),
        (550, Packet(1, v2_report(a))),
        (1_100, newer(false, a, &[HOST])),
        (1_700, newer(true, a, &[])),
        (2_300, Packet(1, v2_report(a))),
        (2_350, newer(false, a, &[])),
        (3_000, Packet(1, v2_report(b))),
        // A version 1 Query is for all groups, and grants 10 s.
        (3_050, Packet(0, older_query(b, 0))),
        (3_100, older(group(9))),
    ];
    check(settings(2), steps.clone(), 6_100).await;
    check(settings(3), steps, 6_100).await;
}

pub(crate) async fn ports_down_and_up() {
    let a = group(1);
    let steps = vec![
        (0, general(0, [10, 0, 0, 1])),
        (400, Packet(1, v2_report(a))),
        (450, Packet(2, v2_report(a))),
        (500, Packet(0, v2_report(a))),
        (600, Down(1)),
        (700, data(2, a, 1)),
        (800, Down(0)),
        (900, data(2, a, 2)),
        (1_000, Up(1)),
        (2_300, data(2, a, 3)),
        (2_350, Packet(1, v2_report(a))),
        (2_400, data(2, a, 4)),
        (2_500, Up(0)),
        (3_800, Querier(true)),
        (5_400, Down(1)),
        (5_900, Up(1)),
    ];
    check(settings(2), steps, 8_300).await;
}

pub(crate) async fn what_is_carried() {
    let a = group(1);
    let report = Message::V2Report { group: a }.encode().unwrap();
    let query = Message::Query(Query { max_resp_code: 2, group: NOBODY, v3: None });
    let query = query.encode().unwrap();
    let unknown = Message::Unknown { kind: 0x99 }.encode().unwrap();
    let mut damaged = report.clone();
    damaged[3] ^= 1;
    let long = |octets: usize| {
        let mut long = query.clone();
        long.resize(octets, 0);
        raw(HOST, ALL_HOSTS, &long)
    };
    let local: Ipv4Addr = [224, 0, 0, 251].into();
    let frames = [
        raw(HOST, a, &damaged),
        raw(HOST, a, &report[..7]),
        raw(HOST, a, &[&report[..], &[0; 4]].concat()),
        long(9),
        long(12),
        raw(HOST, ALL_ROUTERS, &query),
        raw(HOST, ALL_HOSTS, &unknown),
        raw(HOST, a, &unknown),
        v2_report(local),
        raw(HOST, a, &Message::V2Report { group: HOST }.encode().unwrap()),
        raw(HOST, a, &Message::V2Report { group: NOBODY }.encode().unwrap()),
        leave(local),
        raw(HOST, ALL_HOSTS, &report),
        raw(HOST, [255, 255, 255, 255].into(), &report),
        datagram(HOST, [255, 255, 255, 255].into(), 9, 1),
        datagram(NOBODY, a, 1, 2),
    ];
    let mut steps = vec![(0, general(0, [10, 0, 0, 1]))];
    steps.extend((0..).zip(frames).map(|(n, frame)| (400 + n * 50, Packet(1, frame))));
    check(settings(2), steps, 1_400).await;
}

pub(crate) async fn without_snooping() {
    let mut settings = settings(2);
    settings.knobs.snooping = false;
    let a = group(1);
    let steps = vec![
        (0, Querier(true)),
        (50, general(0, [10, 0, 0, 1])),
        (100, Packet(1, v2_report(a))),
        (400, data(2, a, 1)),
        (450, Packet(1, raw(HOST, a, &[0x16, 0, 0, 0]))),
    ];
    check(settings, steps, 600).await;
}
