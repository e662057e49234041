//! The scripts of IPv6: a host and a switch.
//!
//! They begin once the kernel has told of its own groups. What is as in IPv4 is tried once more, and
//! what differs at its edges.

use std::net::Ipv6Addr;

use castnet::wire::icmpv6::Ends;
use castnet::wire::ipv6::Ipv6Header;
use castnet::wire::mld::{GroupRecord, Message, Query, RecordKind, V2Query, V2Report};

use crate::bridge::{self, Stimulus as At, settings_from};
use crate::host::Stimulus::{self, Hear, Join, Leave};
use crate::host::check;
use crate::script::Steps;

/// The kernel has told of its own groups by then.
pub(crate) const BEGIN: u64 = 3_000;

const QUERIER: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 9);
const OTHER: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 8);
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);
const REPORTS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x16);
const GLOBAL: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 9);
const NOBODY: Ipv6Addr = Ipv6Addr::UNSPECIFIED;

type Host = Steps<Stimulus<Ipv6Addr>>;

pub(crate) const fn group(n: u16) -> Ipv6Addr {
    Ipv6Addr::new(0xff1e, 0, 0, 0, 0, 0, 1, n)
}

pub(crate) fn later<S>(steps: Steps<S>) -> Steps<S> {
    steps.into_iter().map(|(ms, step)| (BEGIN + ms, step)).collect()
}

async fn host(forced: Option<u8>, steps: Host, end: u64) {
    check(forced, later(steps), BEGIN + end).await;
}

fn packet(header: Ipv6Header, message: &Message) -> Vec<u8> {
    let ends = Ends { source: header.source, destination: header.destination };
    header.encode(&message.encode(ends).unwrap()).unwrap()
}

fn query_of(group: Ipv6Addr, max_resp_code: u16, v2: Option<V2Query>) -> (Ipv6Header, Message) {
    let to = if group == NOBODY { ALL_NODES } else { group };
    (Ipv6Header::mld(QUERIER, to), Message::Query(Query { max_resp_code, group, v2 }))
}

pub(crate) fn v1_query(group: Ipv6Addr, millis: u16) -> Vec<u8> {
    let (header, message) = query_of(group, millis, None);
    packet(header, &message)
}

fn part(robustness: u8, interval_code: u8, sources: &[Ipv6Addr]) -> V2Query {
    let sources = sources.to_vec();
    V2Query { flags: 0, suppress: false, robustness, interval_code, sources }
}

/// A version 2 Query with QRV 2 and QQI 1 s: with its Max Response Time, an older querier counts.
fn v2_query(group: Ipv6Addr, millis: u16, sources: &[Ipv6Addr]) -> Vec<u8> {
    let (header, message) = query_of(group, millis, Some(part(2, 1, sources)));
    packet(header, &message)
}

fn robust_query(robustness: u8) -> Vec<u8> {
    let (header, message) = query_of(NOBODY, 1, Some(part(robustness, 125, &[])));
    packet(header, &message)
}

pub(crate) fn v1_report(group: Ipv6Addr) -> Vec<u8> {
    v1_report_with(group, true)
}

pub(crate) fn v1_report_with(group: Ipv6Addr, router_alert: bool) -> Vec<u8> {
    let header = Ipv6Header { router_alert, ..Ipv6Header::mld(OTHER, group) };
    packet(header, &Message::V1Report { group })
}

pub(crate) fn v2_report_of(group: Ipv6Addr) -> Vec<u8> {
    v2_report(OTHER, RecordKind::ToEx, group)
}

pub(crate) fn query() -> Vec<u8> {
    v1_query(NOBODY, 200)
}

fn v2_report(from: Ipv6Addr, kind: RecordKind, group: Ipv6Addr) -> Vec<u8> {
    v2_records(from, vec![GroupRecord::new(kind, group, vec![])])
}

pub(crate) fn v2_records(from: Ipv6Addr, records: Vec<GroupRecord>) -> Vec<u8> {
    packet(Ipv6Header::mld(from, REPORTS), &Message::V2Report(V2Report::new(records)))
}

pub(crate) fn done(group: Ipv6Addr) -> Vec<u8> {
    packet(Ipv6Header::mld(OTHER, ALL_ROUTERS), &Message::Done { group })
}

fn datagram(to: Ipv6Addr, mark: u8) -> Vec<u8> {
    datagram_from(GLOBAL, to, mark)
}

pub(crate) fn datagram_from(from: Ipv6Addr, to: Ipv6Addr, mark: u8) -> Vec<u8> {
    let header = Ipv6Header { protocol: 17, hop_limit: 9, ..Ipv6Header::mld(from, to) };
    let udp = [0x13, 0x88, 0x13, 0x88, 0, 10, 0, 0, 0, mark];
    Ipv6Header { router_alert: false, ..header }.encode(&udp).unwrap()
}

pub(crate) async fn v2_changes() {
    let (a, b, c) = (group(1), group(2), group(3));
    let steps = vec![
        (0, Join(0, a)),
        (40, Join(0, b)),
        (1_500, Join(0, c)),
        (1_500, Leave(0, a)),
        (3_000, Leave(0, b)),
        (3_030, Join(0, b)),
        // A group of the link is reported, and one of the node is not.
        (4_600, Join(0, "ff02::fb".parse().unwrap())),
        (4_700, Join(0, "ff01::5".parse().unwrap())),
    ];
    host(None, steps, 6_200).await;
}

pub(crate) async fn v2_answers() {
    let (a, b) = (group(1), group(2));
    let steps = vec![
        (0, Join(0, a)),
        (0, Join(0, b)),
        (1_400, Hear(v2_query(NOBODY, 500, &[]))),
        (2_200, Hear(v2_query(a, 500, &[]))),
        (3_000, Hear(v2_query(b, 500, &[GLOBAL]))),
        (3_800, Hear(v2_query(NOBODY, 500, &[GLOBAL]))),
        // The later of two General Queries decides, and the sooner of two for a group.
        (4_600, Hear(v2_query(NOBODY, 10_000, &[]))),
        (4_610, Hear(v2_query(NOBODY, 100, &[]))),
        (4_900, Hear(v2_query(a, 10_000, &[]))),
        (4_910, Hear(v2_query(a, 100, &[]))),
        (5_200, Hear(v2_query(group(9), 100, &[]))),
        (5_600, Hear(v2_query(a, 0, &[]))),
        (6_000, Hear(v2_query(NOBODY, 0, &[]))),
        // The second one postpones the answer.
        (6_400, Hear(v2_query(NOBODY, 100, &[]))),
        (6_402, Hear(v2_query(NOBODY, 30_000, &[]))),
    ];
    host(None, steps, 6_900).await;
}

pub(crate) async fn v2_robustness() {
    // QRV 1 counts as 2, QRV 0 changes nothing.
    let steps = vec![
        (0, Hear(robust_query(1))),
        (100, Join(0, group(1))),
        (2_400, Hear(robust_query(4))),
        (2_500, Hear(robust_query(0))),
        (2_600, Leave(0, group(1))),
    ];
    host(None, steps, 6_500).await;
}

pub(crate) async fn v2_many_groups() {
    let mut steps: Host = (0..80).map(|n| (0, Join(0, group(n)))).collect();
    steps.push((1_600, Hear(v2_query(NOBODY, 100, &[]))));
    host(None, steps, 2_000).await;
}

pub(crate) async fn v1_unsolicited() {
    let steps = vec![
        (0, Join(0, group(1))),
        (0, Join(0, group(2))),
        (100, Hear(v1_query(group(2), 100))),
        (11_700, Leave(0, group(1))),
    ];
    host(Some(2), steps, 12_000).await;
}

pub(crate) async fn v1_queries() {
    let (a, b) = (group(1), group(2));
    let steps = vec![
        (0, Join(0, a)),
        (0, Join(0, b)),
        (100, Hear(v1_query(NOBODY, 500))),
        (900, Hear(v1_query(a, 500))),
        (1_700, Hear(v1_query(group(9), 500))),
        // The longer time comes first: an answer that is due at once, but that no worker has sent yet, is
        // drawn anew by a Query with a longer time.
        (2_300, Hear(v1_query(NOBODY, 25_000))),
        (2_300, Hear(v1_query(NOBODY, 100))),
        (2_800, Hear(v1_query(b, 25_000))),
        (2_800, Hear(v1_query(b, 100))),
        (3_100, Hear(v1_query(a, 0))),
        // To a kernel fixed to version 1 it is a Query of version 1.
        (3_200, Hear(v2_query(NOBODY, 100, &[]))),
        (3_600, Hear(v2_query(b, 100, &[GLOBAL]))),
        (4_000, Leave(0, a)),
    ];
    host(Some(2), steps, 4_300).await;
}

pub(crate) async fn v1_suppression() {
    let a = group(1);
    let steps = vec![
        (0, Join(0, a)),
        (100, Hear(v1_report(a))),
        (200, Hear(v1_query(a, 2_000))),
        (210, Hear(v1_report(a))),
        (2_500, Leave(0, a)),
        (2_600, Join(0, a)),
        (2_650, Leave(0, a)),
    ];
    host(Some(2), steps, 3_000).await;
}

pub(crate) async fn falling_back() {
    let (a, b) = (group(1), group(2));
    let steps = vec![
        (0, Hear(v2_query(NOBODY, 200, &[]))),
        (500, Join(0, a)),
        (520, Hear(v1_query(NOBODY, 200))),
        (900, Join(0, b)),
        (1_000, Hear(v2_query(NOBODY, 200, &[]))),
        (1_300, Leave(0, b)),
        // 2 x 1 s + 0.2 s after the older Query.
        (2_900, Join(0, group(3))),
        (4_400, Hear(v2_query(NOBODY, 200, &[]))),
    ];
    host(None, steps, 4_800).await;
}

pub(crate) async fn fixed_to_version_2() {
    let steps = vec![
        (0, Hear(v1_query(NOBODY, 100))),
        (100, Join(0, group(1))),
        (1_600, Hear(v1_query(NOBODY, 100))),
        (1_900, Leave(0, group(1))),
    ];
    host(Some(3), steps, 3_200).await;
}

pub(crate) async fn what_is_heard() {
    let a = group(1);
    let (right, general) = query_of(NOBODY, 100, Some(part(2, 125, &[])));
    let heard = |header| Hear(packet(header, &general));
    let steps = vec![
        (0, Join(0, a)),
        (1_500, heard(Ipv6Header { source: GLOBAL, ..right })),
        (1_800, heard(Ipv6Header { source: NOBODY, ..right })),
        (2_100, heard(Ipv6Header { hop_limit: 2, ..right })),
        (2_400, heard(Ipv6Header { router_alert: false, ..right })),
        (2_700, heard(Ipv6Header { destination: a, ..right })),
        (3_000, heard(Ipv6Header { destination: group(9), ..right })),
        (3_300, heard(Ipv6Header { destination: "fe80::1".parse().unwrap(), ..right })),
        (3_600, heard(right)),
    ];
    host(None, steps, 4_000).await;
}

pub(crate) const BRIDGE: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x50);

async fn bridge(version: u8, steps: Steps<At>, end: u64) {
    bridge::check(settings_from(BRIDGE, version), later(steps), BEGIN + end).await;
}

fn general(port: usize) -> At {
    At::Packet(port, v1_query(NOBODY, 200))
}

pub(crate) async fn bridge_with_a_querier() {
    let a = group(1);
    let mdns = "ff02::fb".parse().unwrap();
    let steps = vec![
        (0, general(0)),
        (50, At::Packet(2, datagram(a, 1))),
        (400, At::Packet(2, datagram(a, 2))),
        (450, At::Packet(0, datagram(a, 3))),
        (500, At::Packet(1, v1_report(a))),
        (550, At::Packet(2, datagram(a, 4))),
        (600, At::Packet(2, datagram(mdns, 5))),
        (650, At::Packet(2, datagram(ALL_NODES, 6))),
        (700, At::Packet(1, v1_report(mdns))),
        (750, At::Packet(2, datagram(mdns, 7))),
        (800, At::Packet(1, done(a))),
        (1_500, At::Packet(2, v1_report(a))),
        (1_550, At::Packet(2, done(a))),
        // The querier is gone 2 s after its Query.
        (2_600, At::Packet(2, datagram(a, 8))),
    ];
    bridge(2, steps, 3_800).await;
}

pub(crate) async fn bridge_reports_of_version_2() {
    let a = group(1);
    let report = |port, from, kind| At::Packet(port, v2_report(from, kind, a));
    let steps = vec![
        (0, general(1)),
        (300, report(0, OTHER, RecordKind::ToEx)),
        (350, report(0, OTHER, RecordKind::ToIn)),
        (1_000, report(0, NOBODY, RecordKind::IsEx)),
        (1_050, report(0, NOBODY, RecordKind::ToIn)),
        // On the port with fast leave the last host counts.
        (1_100, report(2, OTHER, RecordKind::IsEx)),
        (1_150, report(2, QUERIER, RecordKind::IsEx)),
        (1_200, report(2, OTHER, RecordKind::ToIn)),
        (1_500, report(2, QUERIER, RecordKind::ToIn)),
    ];
    bridge(3, steps, 2_400).await;
}

pub(crate) async fn bridge_own_querier() {
    let a = group(1);
    let steps = vec![
        (0, At::Querier(true)),
        (500, At::Packet(1, v2_report(OTHER, RecordKind::ToEx, a))),
        (600, At::Packet(1, v2_report(OTHER, RecordKind::ToIn, a))),
        (1_500, At::Packet(0, v1_report(a))),
        (1_600, At::Packet(0, done(a))),
        // A lower address wins, a higher one does not.
        (2_500, At::Packet(2, v1_query(NOBODY, 200))),
    ];
    for version in [2, 3] {
        bridge(version, steps.clone(), 4_000).await;
    }
}

pub(crate) async fn bridge_odd_packets() {
    let a = group(1);
    let (right, query) = query_of(NOBODY, 200, None);
    let heard = |port, header| At::Packet(port, packet(header, &query));
    let record = GroupRecord::new(RecordKind::ToEx, a, vec![]);
    let report = Message::V2Report(V2Report::new(vec![record]));
    let reported = |port, header| At::Packet(port, packet(header, &report));
    let v2 = Ipv6Header::mld(OTHER, REPORTS);
    let mut damaged = packet(v2, &report);
    damaged[60] ^= 1;
    let steps = vec![
        (0, heard(0, Ipv6Header { source: GLOBAL, ..right })),
        (50, heard(0, Ipv6Header { router_alert: false, ..right })),
        (100, heard(0, Ipv6Header { destination: a, ..right })),
        (150, At::Packet(0, v1_query(NOBODY, 0))),
        (200, heard(1, Ipv6Header { hop_limit: 2, ..right })),
        (600, reported(0, Ipv6Header { source: GLOBAL, ..v2 })),
        (700, reported(2, Ipv6Header { hop_limit: 2, ..v2 })),
        (800, reported(0, Ipv6Header { router_alert: false, ..v2 })),
        (900, At::Packet(0, damaged)),
        (1_000, At::Packet(0, v1_query(a, 100))),
    ];
    bridge(3, steps, 2_200).await;
}
