//! The scripts for a host.

use castnet::wire::igmp::Message;
use castnet::wire::ipv4::Ipv4Header;

use crate::host::Stimulus::{Down, Hear, Join, Leave, Up};
use crate::host::{OWN, check};
use crate::packets::*;

pub(crate) async fn v3_changes() {
    let (a, b, c) = (group(1), group(2), group(3));
    let steps = vec![
        (0, Join(0, a)),
        (40, Join(0, b)),
        (1_500, Join(0, c)),
        (1_500, Leave(0, a)),
        (3_000, Leave(0, b)),
        (3_030, Join(0, b)),
    ];
    check(None, steps, 4_800).await;
}

pub(crate) async fn v3_answers() {
    let (a, b) = (group(1), group(2));
    let steps = vec![
        (0, Join(0, a)),
        (0, Join(0, b)),
        (1_400, Hear(v3_query(NOBODY, 5, &[]))),
        (2_200, Hear(v3_query(a, 5, &[]))),
        (3_000, Hear(v3_query(b, 5, &[QUERIER]))),
        (3_800, Hear(v3_query(NOBODY, 5, &[QUERIER]))),
        // Only the sooner of two answers, and only for one group.
        (4_600, Hear(v3_query(NOBODY, 100, &[]))),
        (4_610, Hear(v3_query(NOBODY, 1, &[]))),
        (4_612, Hear(v3_query(NOBODY, 200, &[]))),
        (4_900, Hear(v3_query(a, 100, &[]))),
        (4_910, Hear(v3_query(a, 1, &[]))),
        (5_200, Hear(v3_query(group(9), 1, &[]))),
    ];
    check(None, steps, 5_600).await;
}

pub(crate) async fn v3_suppression() {
    let a = group(1);
    let steps = vec![
        (0, Join(0, a)),
        (1_400, Hear(v3_query(a, 20, &[]))),
        (1_402, Hear(v2_report(a))),
        (3_700, Hear(v3_query(NOBODY, 5, &[]))),
        (3_702, Hear(v2_report(a))),
    ];
    check(None, steps, 4_400).await;
}

pub(crate) async fn v3_many_groups() {
    let mut steps: Vec<_> = (0..190).map(|n| (0, Join(0, group(n)))).collect();
    steps.push((1_600, Hear(v3_query(NOBODY, 1, &[]))));
    check(None, steps, 2_000).await;
}

pub(crate) async fn v3_robustness() {
    // QRV 1: one Report of a change.
    let steps = vec![
        (0, Hear(v3_query(NOBODY, 1, &[]))),
        (100, Join(0, group(1))),
        (1_500, Leave(0, group(1))),
    ];
    check(None, steps, 3_000).await;
}

pub(crate) async fn v2_unsolicited() {
    let steps = vec![
        (0, Join(0, group(1))),
        (0, Join(0, group(2))),
        // The answer to a Query counts for all repeats.
        (0, Join(0, group(3))),
        (100, Hear(older_query(group(3), 1))),
    ];
    check(Some(2), steps, 11_800).await;
}

pub(crate) async fn v1_unsolicited() {
    let steps = vec![(0, Join(0, group(1))), (11_700, Leave(0, group(1)))];
    check(Some(1), steps, 12_000).await;
}

pub(crate) async fn v2_sockets() {
    let a = group(1);
    let steps = vec![
        (0, Join(0, a)),
        (0, Join(1, a)),
        (100, Hear(older_query(NOBODY, 1))),
        (400, Leave(0, a)),
        (500, Hear(older_query(NOBODY, 1))),
        (800, Leave(1, a)),
        (900, Hear(older_query(NOBODY, 1))),
        // The group is left before its first Report.
        (1_200, Join(0, a)),
        (1_200, Leave(0, a)),
    ];
    check(Some(2), steps, 1_500).await;
}

pub(crate) async fn v2_queries() {
    let (a, b) = (group(1), group(2));
    let steps = vec![
        (0, Join(0, a)),
        (0, Join(0, b)),
        (100, Hear(older_query(NOBODY, 5))),
        (900, Hear(older_query(a, 5))),
        (1_700, Hear(older_query(group(9), 5))),
        // A longer Max Response Time changes nothing, a shorter one does.
        (2_300, Hear(older_query(NOBODY, 1))),
        (2_300, Hear(older_query(NOBODY, 250))),
        (2_800, Hear(older_query(b, 250))),
        (2_800, Hear(older_query(b, 1))),
        // A forced version 2 takes a version 3 Query for a version 2 Query.
        (3_200, Hear(v3_query(NOBODY, 1, &[]))),
        (3_600, Hear(v3_query(b, 1, &[QUERIER]))),
        (4_000, Leave(0, a)),
        (4_000, Leave(0, b)),
    ];
    check(Some(2), steps, 4_300).await;
}

pub(crate) async fn v2_suppression() {
    let (a, b, c) = (group(1), group(2), group(3));
    let steps = vec![
        (0, Join(0, a)),
        (0, Join(0, b)),
        (0, Join(0, c)),
        (100, Hear(older_query(NOBODY, 1))),
        (400, Hear(older_query(NOBODY, 30))),
        (401, Hear(v2_report(a))),
        (401, Hear(v1_report(b))),
        // A Report to another group, and one to the host's own address.
        (402, Hear(raw(QUERIER, c, &Message::V2Report { group: group(9) }.encode().unwrap()))),
        (402, Hear(raw(QUERIER, OWN, &Message::V2Report { group: c }.encode().unwrap()))),
        (4_000, Leave(0, a)),
        (4_000, Leave(0, b)),
        (4_000, Leave(0, c)),
    ];
    check(Some(2), steps, 4_300).await;
}

/// QRV 1 and QQI 1 s leave no response interval: an older querier counts for a second.
pub(crate) async fn falling_back() {
    let (a, b, c) = (group(1), group(2), group(3));
    let steps = vec![
        (0, Hear(v3_query(NOBODY, 1, &[]))),
        (100, Join(0, a)),
        (100, Join(0, c)),
        (1_400, Leave(0, a)),
        (1_400, Leave(0, c)),
        // Pending Reports of the Leaves are cancelled, for good.
        (1_402, Hear(older_query(NOBODY, 1))),
        (1_500, Join(0, a)),
        (1_700, Hear(older_query(NOBODY, 1))),
        (2_000, Leave(0, a)),
        (2_100, Join(0, b)),
        (2_900, Hear(v3_query(NOBODY, 1, &[]))),
        (3_300, Hear(older_query(NOBODY, 0))),
        (3_302, Hear(v1_report(b))),
        (3_400, Join(0, a)),
        (3_500, Leave(0, a)),
        (4_600, Join(0, a)),
    ];
    check(None, steps, 5_900).await;
}

pub(crate) async fn forced_3_and_older_queries() {
    let steps = vec![
        (0, Hear(v3_query(NOBODY, 1, &[]))),
        (100, Hear(older_query(NOBODY, 1))),
        (150, Join(0, group(1))),
        (500, Hear(older_query(NOBODY, 1))),
    ];
    check(Some(3), steps, 900).await;
}

pub(crate) async fn forced_2_and_version_1_queries() {
    let steps = vec![
        (0, Hear(older_query(NOBODY, 0))),
        (50, Join(0, group(1))),
        (200, Hear(older_query(NOBODY, 1))),
        (500, Leave(0, group(1))),
    ];
    check(Some(2), steps, 700).await;
}

pub(crate) async fn what_is_heard() {
    let a = group(1);
    let query = castnet::wire::igmp::Query { max_resp_code: 1, group: NOBODY, v3: None };
    let query = Message::Query(query).encode().unwrap();
    let header = Ipv4Header::igmp(QUERIER, ALL_HOSTS);
    let plain = Ipv4Header { ttl: 9, router_alert: false, tos: 0, ..header };
    let mut damaged = query.clone();
    damaged[3] ^= 1;
    // The checksum stays right when zeros follow.
    let long = |octets: usize| {
        let mut long = query.clone();
        long.resize(octets, 0);
        raw(QUERIER, ALL_HOSTS, &long)
    };
    let frames = [
        plain.encode(&query).unwrap(),
        raw(QUERIER, ALL_HOSTS, &damaged),
        raw(QUERIER, ALL_HOSTS, &query[..7]),
        long(9),
        long(11),
        long(12),
        raw(QUERIER, a, &query),
        raw(QUERIER, group(9), &query),
        raw(QUERIER, ALL_ROUTERS, &query),
        raw(QUERIER, OWN, &query),
        raw(QUERIER, [10, 0, 0, 7].into(), &query),
        raw(QUERIER, [255, 255, 255, 255].into(), &query),
        raw(OWN, ALL_HOSTS, &query),
        raw(NOBODY, ALL_HOSTS, &query),
        raw(NOBODY, OWN, &query),
        raw([0, 1, 2, 3].into(), ALL_HOSTS, &query),
        raw([127, 0, 0, 1].into(), ALL_HOSTS, &query),
        raw(a, ALL_HOSTS, &query),
        raw([255, 255, 255, 255].into(), ALL_HOSTS, &query),
        raw([192, 0, 2, 1].into(), ALL_HOSTS, &query),
    ];
    let mut steps = vec![(0, Join(0, a)), (50, Hear(older_query(NOBODY, 1)))];
    steps.extend((1..).zip(frames).map(|(n, frame)| (n * 300, Hear(frame))));
    check(Some(2), steps, 6_400).await;
}

pub(crate) async fn v3_down_and_up() {
    let (a, b, c) = (group(1), group(2), group(3));
    let steps = vec![
        (0, Hear(v3_query(NOBODY, 1, &[]))),
        (100, Join(0, a)),
        (100, Join(0, b)),
        (1_400, Hear(v3_query(NOBODY, 20, &[]))),
        (1_402, Down),
        (1_500, Leave(0, b)),
        (1_600, Join(0, c)),
        (3_800, Up),
    ];
    check(None, steps, 5_300).await;
}

pub(crate) async fn v2_down_and_up() {
    let (a, b, c) = (group(1), group(2), group(3));
    let steps = vec![
        (0, Hear(v3_query(NOBODY, 1, &[]))),
        (50, Hear(older_query(NOBODY, 1))),
        (100, Join(0, a)),
        (100, Join(0, b)),
        (200, Hear(older_query(NOBODY, 1))),
        (500, Hear(older_query(NOBODY, 20))),
        (502, Down),
        (550, Leave(0, b)),
        (600, Join(0, c)),
        (700, Up),
        (900, Hear(older_query(NOBODY, 1))),
        (1_300, Leave(0, a)),
    ];
    check(None, steps, 1_450).await;
}

pub(crate) async fn link_local_groups() {
    let local = std::net::Ipv4Addr::new(224, 0, 0, 251);
    let steps = vec![
        (0, Join(0, local)),
        (0, Join(0, group(1))),
        (1_400, Hear(v3_query(NOBODY, 1, &[]))),
        (1_700, Hear(v3_query(local, 1, &[]))),
        (2_000, Leave(0, local)),
        (2_300, Hear(older_query(NOBODY, 1))),
    ];
    check(None, steps, 2_700).await;
}
