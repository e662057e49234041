//! The scripts for the multicast forwarding of a namespace.

use castnet::wire::igmp::Message;
use castnet::wire::ipv4::Ipv4Header;

use crate::mroute::Stimulus::{
    AddVif, Close, Count, Data, Delete, Down, Listen, Open, Packet, Set, Up,
};
use crate::mroute::{Stimulus, check, opened};
use crate::packets::*;
use crate::script::Steps;

/// The script after the interfaces exist, 30 ms for each step without a time.
fn then(steps: impl IntoIterator<Item = Stimulus>) -> Steps<Stimulus> {
    let steps = (1..).zip(steps).map(|(n, stimulus)| (n * 30, stimulus));
    opened().into_iter().chain(steps).collect()
}

pub(crate) async fn thresholds_and_counters() {
    let a = group(1);
    let steps = then([
        Set(a, 0, vec![(1, 1), (2, 8)]),
        Data(0, a, 9, 1),
        Data(0, a, 8, 2),
        Data(0, a, 2, 3),
        Data(0, a, 1, 4),
        Data(0, a, 255, 5),
        Count(a),
        // A replaced entry keeps its counters, a new one starts at zero.
        Set(a, 0, vec![(2, 254)]),
        Data(0, a, 254, 6),
        Data(0, a, 255, 7),
        Count(a),
        Delete(a),
        Count(a),
        Set(a, 0, vec![]),
        Data(0, a, 9, 8),
        Count(a),
        Count(group(9)),
    ]);
    check(steps, 700).await;
}

pub(crate) async fn waiting() {
    let (a, b) = (group(1), group(2));
    let data = (1..=6).map(|mark| Data(0, a, 9, mark));
    let steps = then(data.chain([
        Data(2, b, 9, 7),
        Data(1, b, 9, 8),
        // A datagram on a wrong interface is counted once the entry exists.
        Set(a, 0, vec![(1, 1)]),
        Set(b, 1, vec![(2, 1)]),
        Count(a),
        Count(b),
        Data(0, a, 9, 9),
    ]));
    check(steps, 600).await;
}

pub(crate) async fn giving_up() {
    let (a, b) = (group(1), group(2));
    let mut steps = opened();
    steps.extend([
        (100, Data(0, a, 9, 1)),
        (1_000, Data(0, b, 9, 2)),
        (2_000, Delete(a)),
        (9_900, Data(0, a, 9, 3)),
        (10_600, Data(0, a, 9, 4)),
        (12_000, Set(a, 0, vec![(1, 1)])),
        (12_100, Set(b, 0, vec![(1, 1)])),
    ]);
    check(steps, 12_200).await;
}

pub(crate) async fn wrong_interfaces() {
    let a = group(1);
    let mut steps = then([
        Set(a, 0, vec![(1, 1)]),
        // On an interface that is not outgoing, no upcall is made.
        Data(2, a, 9, 1),
        Data(1, a, 9, 2),
        Data(1, a, 9, 3),
        Set(a, 0, vec![(1, 1), (2, 1)]),
        Data(2, a, 9, 4),
        Count(a),
    ]);
    steps.extend([
        (2_900, Data(1, a, 9, 5)),
        (3_300, Data(2, a, 9, 6)),
        (3_400, Data(1, a, 9, 7)),
        (3_500, Delete(a)),
        (3_600, Set(a, 0, vec![(1, 1)])),
        (3_700, Data(1, a, 9, 8)),
        (3_800, Count(a)),
    ]);
    check(steps, 3_900).await;
}

pub(crate) async fn odd_entries() {
    let a = group(1);
    let steps: Steps<_> = [
        Open,
        AddVif(0),
        AddVif(1),
        // Out where it came in; and an interface that is added only later.
        Set(a, 0, vec![(0, 1), (2, 1)]),
        Data(0, a, 9, 1),
        AddVif(2),
        Data(0, a, 9, 2),
        Set(a, 0, vec![(0, 1), (2, 1)]),
        Data(0, a, 9, 3),
        Count(a),
        // In on an interface that does not exist.
        Set(a, 5, vec![(1, 1)]),
        Data(0, a, 9, 4),
        Data(1, a, 9, 5),
        Count(a),
    ]
    .into_iter()
    .enumerate()
    .map(|(n, stimulus)| (n as u64 * 30, stimulus))
    .collect();
    check(steps, 600).await;
}

pub(crate) async fn devices_down() {
    let (a, b) = (group(1), group(2));
    let steps = then([
        Set(a, 0, vec![(1, 1), (2, 1)]),
        Data(0, a, 9, 1),
        Down(2),
        Data(0, a, 9, 2),
        Count(a),
        Up(2),
        Data(0, a, 9, 3),
        Data(0, b, 9, 4),
        Down(0),
        Up(0),
        Set(b, 0, vec![(1, 1)]),
        Data(0, a, 9, 5),
        Count(a),
    ]);
    check(steps, 700).await;
}

pub(crate) async fn closing() {
    let (a, b) = (group(1), group(2));
    let steps = then([
        Set(a, 0, vec![(1, 1)]),
        Data(0, a, 9, 1),
        Data(0, b, 9, 2),
        Close,
        Data(0, a, 9, 3),
        Open,
        Data(0, a, 9, 4),
        AddVif(0),
        AddVif(1),
        Data(0, a, 9, 5),
        Set(a, 0, vec![(1, 1)]),
        Count(a),
    ]);
    check(steps, 600).await;
}

pub(crate) async fn igmp_for_the_owner() {
    let a = group(1);
    let report = Message::V2Report { group: a }.encode().unwrap();
    let mut damaged = report.clone();
    damaged[3] ^= 1;
    let header = Ipv4Header::igmp(QUERIER, a);
    let plain = Ipv4Header { router_alert: false, ttl: 9, ..header };
    let own = [10, 0, 0, 1].into();
    let frames = [
        raw(QUERIER, a, &report),
        plain.encode(&report).unwrap(),
        raw(QUERIER, a, &damaged),
        raw(QUERIER, ALL_HOSTS, &report),
        raw(QUERIER, ALL_ROUTERS, &report),
        raw(QUERIER, own, &report),
        raw(QUERIER, [10, 0, 0, 7].into(), &report),
        raw(NOBODY, a, &report),
        raw(NOBODY, ALL_HOSTS, &report),
        raw(a, ALL_HOSTS, &report),
        raw([127, 0, 0, 1].into(), a, &report),
    ];
    let frames = frames.into_iter().map(|frame| Packet(0, frame));
    let later = [
        Listen(0),
        Packet(0, leave(a)),
        Packet(1, leave(a)),
        Close,
        Packet(0, raw(QUERIER, a, &report)),
        Open,
        // Without a virtual interface only packets for the namespace itself arrive.
        Packet(0, raw(QUERIER, a, &report)),
        Packet(0, older_query(NOBODY, 1)),
    ];
    check(then(frames.chain(later)), 700).await;
}

pub(crate) async fn what_is_not_routed() {
    let a = group(1);
    let local = [224, 0, 0, 251].into();
    let frames = [
        datagram(QUERIER, local, 9, 1),
        datagram(NOBODY, a, 9, 2),
        datagram([127, 0, 0, 1].into(), a, 9, 3),
        datagram(group(7), a, 9, 4),
        datagram([255, 255, 255, 255].into(), a, 9, 5),
        datagram(QUERIER, a, 9, 6)[..25].to_vec(),
        // With the octets that pad a short frame.
        [datagram(QUERIER, a, 9, 7), vec![0; 16]].concat(),
        datagram([192, 0, 2, 1].into(), a, 9, 8),
    ];
    let frames = frames.into_iter().map(|frame| Packet(0, frame));
    let first = [Set(a, 0, vec![(1, 1)])];
    check(then(first.into_iter().chain(frames).chain([Count(a)])), 500).await;
}
