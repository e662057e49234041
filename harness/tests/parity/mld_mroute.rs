//! The scripts of IPv6 for the multicast forwarding of a namespace.

use std::net::Ipv6Addr;

use crate::mld::{BEGIN, done, group, later, query, v1_report, v1_report_with, v2_report_of};
use crate::mroute::Stimulus::{
    AddVif, Close, Count, Data, Delete, Down, Listen, Open, Packet, Set, Up,
};
use crate::mroute::{Stimulus, check, opened};
use crate::script::Steps;

type Routing = Stimulus<Ipv6Addr>;

/// The script after the interfaces exist, 30 ms for each step.
fn then(steps: impl IntoIterator<Item = Routing>) -> Steps<Routing> {
    let steps = (1..).zip(steps).map(|(n, stimulus)| (n * 30, stimulus));
    later(opened().into_iter().chain(steps).collect())
}

pub(crate) async fn hops_and_counters() {
    let a = group(1);
    let steps = then([
        Set(a, 0, vec![(1, 1), (2, 1)]),
        Data(0, a, 9, 1),
        Data(0, a, 2, 2),
        Data(0, a, 1, 3),
        Count(a),
        Set(a, 0, vec![(2, 1)]),
        Data(0, a, 255, 4),
        Count(a),
        Delete(a),
        Count(a),
        Set(a, 0, vec![]),
        Data(0, a, 9, 5),
        Count(a),
    ]);
    check(steps, BEGIN + 600).await;
}

pub(crate) async fn waiting_and_wrong_interfaces() {
    let (a, b) = (group(1), group(2));
    let data = (1..=6).map(|mark| Data(0, a, 9, mark));
    let steps = then(data.chain([
        Data(2, b, 9, 7),
        Set(a, 0, vec![(1, 1)]),
        Set(b, 1, vec![(2, 1)]),
        Count(a),
        Count(b),
        // An upcall is made only where the flow goes out.
        Data(2, a, 9, 9),
        Data(1, a, 9, 10),
        Data(1, a, 9, 11),
        Count(a),
    ]));
    check(steps, BEGIN + 700).await;
}

pub(crate) async fn scopes() {
    let groups =
        ["ff01::5", "ff02::fb", "ff03::1", "ff05::1", "ff0e::1", "ff12::1", "ff3e::8000:1"];
    let data = groups.map(|group| Data(0, group.parse().unwrap(), 9, 1));
    check(then(data), BEGIN + 500).await;
}

pub(crate) async fn devices_down() {
    let a = group(1);
    let steps = then([
        Set(a, 0, vec![(1, 1), (2, 1)]),
        Down(1),
        Data(0, a, 9, 1),
        Up(1),
        Count(a),
        Close,
        Data(0, a, 9, 2),
        Open,
        AddVif(0),
        Data(0, a, 9, 3),
    ]);
    check(steps, BEGIN + 600).await;
}

pub(crate) async fn mld_for_the_owner() {
    let (a, of_the_link) = (group(1), "ff02::99".parse().unwrap());
    let steps = then([
        Packet(0, v1_report(a)),
        Packet(0, v1_report_with(a, false)),
        Packet(0, v1_report(of_the_link)),
        Packet(0, v2_report_of(a)),
        Packet(0, done(a)),
        Packet(0, query()),
        Listen(0),
        Packet(0, done(a)),
        Packet(1, done(a)),
    ]);
    check(steps, BEGIN + 500).await;
}
