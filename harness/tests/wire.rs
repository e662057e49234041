//! Links with faults on the running kernel: rules strike the frames they should and no others, and
//! a link without rules is as good as any other.

use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use castnet::wire::igmp::Message;
use castnet::wire::ipv4;
use castnet_lab::backend::faults::Faults;
use castnet_lab::capture::decode::{Content, decode};
use castnet_lab::fabric::{self, Action, Rule, Selector};
use castnet_lab::lab::link::{self, Medium};
use castnet_lab::lab::wall::Wall;
use castnet_lab::lab::{
    Built, Capture, Captured, Carrier, LinkSpec, Netlink, Netns, PROOF_BOUND, PortSpec, Tap, Wire,
    alone,
};
use castnet_lab::recording::Strike;
use castnet_lab::role::Clock;
use castnet_lab::scenario::PacketKind;
use libtest_mimic::{Arguments, Trial};
use tokio::time::MissedTickBehavior;

use crate::privileged::trial;

mod privileged;

fn main() -> ExitCode {
    privileged::run(&Arguments::from_args(), trials())
}

fn trials() -> Vec<Trial> {
    vec![
        trial("an_unplugged_wire_carries_everything_in_order", || carries_all(false)),
        trial("a_wire_without_rules_carries_everything_in_order", || carries_all(true)),
        trial("the_second_leave_is_dropped", second_leave_is_dropped),
        trial("a_frame_is_duplicated", duplicates),
        trial("a_frame_is_delayed_and_overtaken", delays),
        trial("a_frame_is_held_back_until_two_have_passed", holds_back),
        trial("a_frame_held_back_for_nobody_goes_at_last", holds_back_for_nobody),
        trial("a_corrupted_message_has_a_bad_checksum", corrupts),
        trial("a_partition_cuts_off_and_heals", partitions),
        trial("probes_pass_a_wire_that_drops_everything", probes_pass),
        trial("a_frame_that_is_late_for_the_end_is_pending", late_is_pending),
        trial("a_port_that_went_down_does_not_hold_up_the_others", down_port_is_excused),
        trial("dropping_a_lab_ends_its_wires", dropping_ends),
    ]
}

const GROUPS: [Ipv4Addr; 3] =
    [Ipv4Addr::new(239, 1, 1, 1), Ipv4Addr::new(239, 1, 1, 2), Ipv4Addr::new(239, 1, 1, 3)];

/// One wire between all nodes, under capture, proved.
struct Lab {
    netns: Vec<Netns>,
    taps: Vec<Tap>,
    built: Built,
    capture: Capture,
    clock: Clock,
    faults: Arc<Mutex<Faults>>,
}

impl Lab {
    async fn start(nodes: usize) -> Self {
        let name = |number| Netns::create(format!("h{number}")).unwrap();
        let netns: Vec<_> = (1..=nodes).map(name).collect();
        let port = |netns| PortSpec {
            netns,
            ifname: "lan".to_owned(),
            mac: [2, 0, 0, 0, 0, netns as u8 + 1],
            addresses: vec![format!("10.0.0.{}/24", netns + 1).parse().unwrap()],
        };
        let ports = (0..nodes).map(port).collect();
        let links = [LinkSpec { name: "lan".to_owned(), ports, carrier: Carrier::Process }];
        let taps = netns.iter().map(|netns| Tap::open(netns).unwrap()).collect();
        let built = link::build(&netns, &links).await.unwrap();
        let mut capture = Capture::start(&netns, &links, &built).unwrap();
        capture.prove(PROOF_BOUND).await.unwrap();
        let clock = Clock::start();
        let wire = fabric::Wire::new("lan", nodes, vec![], 1);
        let faults = Arc::new(Mutex::new(Faults::new(wire, clock)));
        Self { netns, taps, built, capture, clock, faults }
    }

    async fn with(nodes: usize, rules: impl IntoIterator<Item = Rule>) -> Self {
        let lab = Self::start(nodes).await;
        lab.plug(rules);
        lab
    }

    fn plug(&self, rules: impl IntoIterator<Item = Rule>) {
        let rules = rules.into_iter().collect();
        self.faults().wire = fabric::Wire::new("lan", self.taps.len(), rules, 1);
        self.wire().plug(self.faults.clone());
    }

    fn wire(&self) -> &Wire {
        let Medium::Wire(wire) = &self.built.media[0] else { panic!("it is no wire") };
        wire
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap()
    }

    fn send(&self, port: usize, frame: &[u8]) {
        self.taps[port].send(self.built.ifindex[0][port], frame).unwrap();
    }

    /// Returns when `entered` frames have been struck and no frame is under way.
    async fn settled(&self, entered: usize) {
        until(async || {
            let faults = self.faults();
            faults.wire.log().len() >= entered && faults.wire.deadline().is_none()
        })
        .await;
    }

    async fn finish(self) -> Vec<Captured> {
        self.capture.finish(PROOF_BOUND).await.unwrap()
    }
}

/// Returns when `done` returns true, which it checks every millisecond.
async fn until(mut done: impl AsyncFnMut() -> bool) {
    let mut pace = tokio::time::interval(Duration::from_millis(1));
    let asked = async {
        while !done().await {
            pace.tick().await;
        }
    };
    tokio::time::timeout(PROOF_BOUND, asked).await.expect("it must come to pass");
}

/// A broadcast of IEEE 802 local experimental EtherType 2, numbered: no stack answers it, and it is
/// no probe.
fn numbered(port: usize, number: u32) -> [u8; 60] {
    let mut frame = [0xff; 60];
    frame[6..12].copy_from_slice(&[2, 0, 0, 0, 0, port as u8 + 1]);
    (frame[12], frame[13]) = (0x88, 0xb6);
    frame[14..18].copy_from_slice(&number.to_be_bytes());
    frame
}

fn leave(port: usize, group: Ipv4Addr) -> Vec<u8> {
    let source = Ipv4Addr::new(10, 0, 0, port as u8 + 1);
    let all_routers = Ipv4Addr::new(224, 0, 0, 2);
    let packet = ipv4::encode_igmp(source, all_routers, &Message::Leave { group }).unwrap();
    [&[1, 0, 0x5e, 0, 0, 2, 2, 0, 0, 0, 0, port as u8 + 1, 8, 0], &packet[..]].concat()
}

/// The frames that arrived at a port.
fn arrived(captured: &[Captured], port: usize) -> impl Iterator<Item = &[u8]> {
    let there = captured.iter().filter(move |one| one.port == port && !one.frame.outgoing);
    there.map(|one| &one.frame.bytes[..])
}

/// The numbers of the numbered frames that arrived at a port.
fn numbers(captured: &[Captured], port: usize) -> impl Iterator<Item = u32> {
    let ours = arrived(captured, port).filter(|frame| frame[12..14] == [0x88, 0xb6]);
    ours.map(|frame| u32::from_be_bytes(frame[14..18].try_into().unwrap()))
}

/// The stamp of a numbered frame at a port.
fn stamp(captured: &[Captured], port: usize, number: u32) -> Duration {
    let at = |one: &&Captured| one.port == port && one.frame.bytes[14..18] == number.to_be_bytes();
    Duration::from_nanos(captured.iter().find(at).unwrap().frame.stamp_ns)
}

fn nth(number: u64) -> Selector {
    Selector { nth: Some(number..=number), ..Selector::default() }
}

/// Two ports send 50,000 frames a second together, or fewer where the machine cannot. A capture has
/// room for all of them, even if its reader is held up.
async fn carries_all(plugged: bool) {
    const FRAMES: u32 = 10_000;
    const AT_ONCE: u32 = 25;
    let lab = Lab::start(3).await;
    if plugged {
        lab.plug([]);
    }
    let mut pace = tokio::time::interval(Duration::from_millis(1));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for number in 0..FRAMES {
        if number % AT_ONCE == 0 {
            pace.tick().await;
        }
        lab.send(0, &numbered(0, number));
        lab.send(1, &numbered(1, number));
    }
    let captured = lab.finish().await;
    assert!(numbers(&captured, 0).eq(0..FRAMES));
    assert!(numbers(&captured, 1).eq(0..FRAMES));
    for from in [1, 2] {
        let from = arrived(&captured, 2).filter(|frame| frame[11] == from);
        let numbers = from.map(|frame| u32::from_be_bytes(frame[14..18].try_into().unwrap()));
        assert!(numbers.eq(0..FRAMES));
    }
}

async fn second_leave_is_dropped() {
    let select = Selector { kind: Some(PacketKind::Leave), from: Some(0), ..nth(2) };
    let lab = Lab::with(3, [Rule { select, action: Action::Drop }]).await;
    lab.send(0, &leave(0, GROUPS[0]));
    lab.send(1, &leave(1, GROUPS[0]));
    for group in &GROUPS[1..] {
        lab.send(0, &leave(0, *group));
    }
    let faults = Arc::clone(&lab.faults);
    let captured = lab.finish().await;
    let from_h1 = |frame: &&[u8]| frame[11] == 1;
    let wanted = [leave(0, GROUPS[0]), leave(0, GROUPS[2])];
    for port in [1, 2] {
        assert!(arrived(&captured, port).filter(from_h1).eq(&wanted));
    }
    assert!(arrived(&captured, 0).eq([&leave(1, GROUPS[0])[..]]));
    let sent = captured.iter().filter(|one| one.port == 0 && one.frame.outgoing);
    assert_eq!(sent.count(), 3, "it was sent all the same");
    let faults = faults.lock().unwrap();
    let [event] = faults.wire.log() else { panic!("{:?}", faults.wire.log()) };
    assert_eq!((&*event.frame, event.port), (&leave(0, GROUPS[1])[..], 0));
    assert_eq!(event.to_string(), "dropped by rule 1");
}

async fn duplicates() {
    let lab = Lab::with(2, [Rule { select: nth(2), action: Action::Duplicate(2) }]).await;
    (1..=3).for_each(|number| lab.send(0, &numbered(0, number)));
    assert!(numbers(&lab.finish().await, 1).eq([1, 2, 2, 2, 3]));
}

async fn delays() {
    const DELAY: Duration = Duration::from_millis(50);
    let lab = Lab::with(2, [Rule { select: nth(1), action: Action::Delay(DELAY) }]).await;
    (1..=2).for_each(|number| lab.send(0, &numbered(0, number)));
    lab.settled(1).await;
    let captured = lab.finish().await;
    assert!(numbers(&captured, 1).eq([2, 1]));
    let took = stamp(&captured, 1, 1) - stamp(&captured, 0, 1);
    assert!((DELAY..DELAY + Duration::from_secs(5)).contains(&took), "{took:?}");
}

async fn holds_back() {
    let action = Action::HoldBack { behind: 2, at_most: Duration::from_secs(3600) };
    let lab = Lab::with(2, [Rule { select: nth(1), action }]).await;
    (1..=4).for_each(|number| lab.send(0, &numbered(0, number)));
    assert!(numbers(&lab.finish().await, 1).eq([2, 3, 1, 4]));
}

async fn holds_back_for_nobody() {
    let at_most = Duration::from_millis(20);
    let action = Action::HoldBack { behind: 1, at_most };
    let lab = Lab::with(2, [Rule { select: nth(1), action }]).await;
    lab.send(0, &numbered(0, 1));
    lab.settled(1).await;
    let captured = lab.finish().await;
    assert!(numbers(&captured, 1).eq([1]));
    assert!(stamp(&captured, 1, 1) - stamp(&captured, 0, 1) >= at_most);
}

async fn corrupts() {
    let select = Selector { kind: Some(PacketKind::Leave), to: Some(1), ..Selector::default() };
    let lab = Lab::with(3, [Rule { select, action: Action::Corrupt }]).await;
    lab.send(0, &leave(0, GROUPS[0]));
    let captured = lab.finish().await;
    let contents = |port| arrived(&captured, port).map(|frame| decode(frame).unwrap().content);
    let at_1: Vec<_> = contents(1).collect();
    assert!(matches!(&at_1[..], [Content::BadGmp(why)] if why.is_checksum()), "{at_1:?}");
    assert!(contents(2).eq([Content::Gmp(Message::Leave { group: GROUPS[0] }.into())]));
}

async fn partitions() {
    let lab = Lab::start(3).await;
    let cut = lab.clock.now() + Duration::from_millis(30);
    let healed = cut + Duration::from_millis(30);
    let end = healed + Duration::from_millis(30);
    let select = Selector { since: cut, until: Some(healed), ..Selector::default() };
    lab.plug([Rule { select, action: Action::Partition([0, 1].into()) }]);
    let (clock, mut number) = (lab.clock, 0);
    let wall = Wall::open().unwrap();
    until(async || {
        lab.send(0, &numbered(0, number));
        number += 1;
        clock.now() >= end
    })
    .await;
    let faults = Arc::clone(&lab.faults);
    let captured = lab.finish().await;
    assert!(numbers(&captured, 1).eq(0..number), "the ports of a side hear each other");
    let across: Vec<_> = numbers(&captured, 2).collect();
    for number in 0..number {
        // It enters the wire between the two stamps.
        let stamp =
            |port| clock.at(wall.distances().instant(stamp(&captured, port, number)).unwrap());
        if across.contains(&number) {
            assert!(stamp(0) < cut || stamp(2) >= healed, "{number} came through at {}", stamp(0));
        } else {
            assert!(stamp(0) < healed, "{number} was cut off at {}", stamp(0));
        }
    }
    assert!(across.contains(&0) && across.contains(&(number - 1)));
    let faults = faults.lock().unwrap();
    assert_eq!(faults.wire.log().len() + across.len(), number as usize);
    for event in faults.wire.log() {
        assert_eq!((event.what, event.to), (Strike::CutOff, Some(2)));
        assert!((cut..healed).contains(&event.at));
    }
    assert!(!faults.wire.log().is_empty());
}

async fn probes_pass() {
    let everything = Selector::default();
    let mut lab = Lab::with(3, [Rule { select: everything, action: Action::Drop }]).await;
    lab.send(0, &numbered(0, 1));
    lab.capture.prove(PROOF_BOUND).await.unwrap();
    let captured = lab.finish().await;
    assert_eq!(captured.len(), 1, "only what was sent: {captured:?}");
}

async fn late_is_pending() {
    let hour = Action::Delay(Duration::from_secs(3600));
    let lab = Lab::with(2, [Rule { select: nth(2), action: hour }]).await;
    (1..=3).for_each(|number| lab.send(0, &numbered(0, number)));
    let faults = Arc::clone(&lab.faults);
    assert!(numbers(&lab.finish().await, 1).eq([1, 3]));
    let pending: Vec<_> = faults.lock().unwrap().wire.pending().collect();
    assert_eq!(pending.len(), 1);
    assert_eq!((pending[0].to, &*pending[0].frame), (1, &numbered(0, 2)[..]));
}

async fn down_port_is_excused() {
    let lab = Lab::with(3, []).await;
    let netlink = Netlink::open(&lab.netns[1]).unwrap();
    netlink.down(lab.built.ifindex[0][1]).await.unwrap();
    lab.send(0, &numbered(0, 1));
    let captured = lab.finish().await;
    assert!(numbers(&captured, 2).eq([1]));
    assert_eq!(numbers(&captured, 1).count(), 0);
}

async fn dropping_ends() {
    let mut lab = Lab::with(3, []).await;
    let canary = lab.netns.remove(0);
    drop(lab);
    tokio::time::timeout(PROOF_BOUND, alone(&canary)).await.expect("all else vanishes").unwrap();
}
