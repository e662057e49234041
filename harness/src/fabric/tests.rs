//! The rules of a link, in virtual time.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use castnet::addr::Group;
use castnet::time::Instant;
use castnet::wire::igmp::{Message, Query};
use castnet::wire::ipv4;

use super::*;
use crate::capture::decode::{Content, decode};
use crate::recording::Strike;
use crate::scenario::{Pace, PacketKind};

mod damage;
mod properties;

const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 1);
const OTHER: Ipv4Addr = Ipv4Addr::new(239, 2, 2, 2);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn at(after_ms: u64) -> Instant {
    Instant::ZERO + ms(after_ms)
}

fn igmp(message: &Message) -> Vec<u8> {
    let packet = ipv4::encode_igmp(Ipv4Addr::new(10, 0, 0, 9), GROUP, message).unwrap();
    [&[0xff; 6][..], &[2, 0, 0, 0, 0, 9], &[8, 0], &packet].concat()
}

fn leave(group: Ipv4Addr) -> Vec<u8> {
    igmp(&Message::Leave { group })
}

fn query(group: Ipv4Addr) -> Vec<u8> {
    igmp(&Message::Query(Query { max_resp_code: 10, group, v3: None }))
}

/// A frame that is not IPv4, identified by its first octet.
fn plain(name: u8) -> Vec<u8> {
    vec![name; 60]
}

fn everything() -> Selector {
    Selector::default()
}

/// A slow link: a plain frame takes 10 ms to send at 48 kbit/s.
fn slow(delay_ms: u64, rules: impl IntoIterator<Item = (Selector, Action)>) -> Wire {
    wire(3, rules).paced(Pace { delay: ms(delay_ms), bandwidth: Some(48_000), queue: None })
}

#[test]
fn each_port_sends_one_frame_after_the_other_and_each_is_under_way_for_a_while() {
    let mut wire = slow(5, []);
    for (now, port, name) in [(0, 0, 1), (0, 0, 2), (12, 1, 3), (50, 0, 4)] {
        wire.enter(at(now), port, &plain(name));
    }
    let arrived: Vec<_> =
        run(&mut wire).iter().map(|(at, to, frame)| (*at, *to, frame[0])).collect();
    let all = [
        (15, 1, 1),
        (15, 2, 1),
        (25, 1, 2),
        (25, 2, 2),
        (27, 0, 3),
        (27, 2, 3),
        (65, 1, 4),
        (65, 2, 4),
    ];
    assert_eq!(arrived, all);
}

#[test]
fn a_full_queue_drops_what_comes_next_and_no_rule_sees_it() {
    // The second frame that enters the link; the third one would wait behind two.
    let second = Selector { nth: Some(4..=4), ..everything() };
    let pace = Pace { delay: ms(5), bandwidth: Some(48_000), queue: Some(2) };
    let mut wire = wire(2, [(second, Action::Drop)]).paced(pace);
    // 1 is being sent until 10 ms, 2 and 3 wait; 4 finds no room, and 5 does, since 2 is being sent.
    for (now, port, name) in [(0, 0, 1), (0, 0, 2), (9, 0, 3), (9, 0, 4), (9, 1, 6), (10, 0, 5)] {
        wire.enter(at(now), port, &plain(name));
    }
    let told: Vec<_> = wire.log().iter().map(|one| (one.serial, one.to_string())).collect();
    let told_of = |serial: u64, text: &str| (serial, text.to_owned());
    assert_eq!(told, [told_of(3, "dropped by a full queue"), told_of(4, "dropped by rule 1")]);
    assert_eq!(brief(&mut wire), [(15, 1, 1), (25, 1, 2), (35, 1, 3), (45, 1, 5)]);
}

#[test]
fn what_a_fault_delays_is_late_on_top_and_keeps_nobody_waiting() {
    let first = Selector { nth: Some(1..=1), ..everything() };
    let mut wire = slow(0, [(first, Action::Delay(ms(100)))]);
    wire.enter(at(0), 0, &plain(1));
    wire.enter(at(0), 0, &plain(2));
    let arrived: Vec<_> =
        run(&mut wire).iter().map(|(at, to, frame)| (*at, *to, frame[0])).collect();
    assert_eq!(arrived, [(20, 1, 2), (20, 2, 2), (110, 1, 1), (110, 2, 1)]);
}

fn wire(ports: usize, rules: impl IntoIterator<Item = (Selector, Action)>) -> Wire {
    let rules = rules.into_iter().map(|(select, action)| Rule { select, action });
    Wire::new("lan", ports, rules.collect(), 1)
}

/// All that arrives, as (time in ms, port, frame), by asking at each deadline.
fn run(wire: &mut Wire) -> Vec<(u64, usize, Arc<[u8]>)> {
    let mut arrived = Vec::new();
    while let Some(now) = wire.deadline() {
        let (to, frame) = wire.poll(now).expect("what is due arrives");
        arrived.push((now.as_nanos() / 1_000_000, to, frame));
    }
    arrived
}

/// Like [`run`], with only the first octet of each frame.
fn brief(wire: &mut Wire) -> Vec<(u64, usize, u8)> {
    run(wire).into_iter().map(|(at, to, frame)| (at, to, frame[0])).collect()
}

/// The log as (frame, receiver, text).
fn told(wire: &Wire) -> Vec<(u64, Option<usize>, String)> {
    wire.log().iter().map(|event| (event.serial, event.to, event.to_string())).collect()
}

#[test]
fn without_rules_a_frame_is_at_once_on_every_other_port() {
    let mut wire = wire(3, []);
    wire.enter(at(5), 1, &plain(7));
    assert_eq!(wire.poll(at(4)), None);
    assert_eq!(brief(&mut wire), [(5, 0, 7), (5, 2, 7)]);
    assert_eq!((wire.log(), wire.deadline()), (&[][..], None));
}

#[test]
fn the_second_leave_of_a_port_is_the_second_that_it_sent() {
    let second =
        Selector { kind: Some(PacketKind::Leave), from: Some(0), nth: Some(2..=2), ..everything() };
    let mut wire = wire(
        2,
        [(Selector { nth: Some(1..=1), ..everything() }, Action::Drop), (second, Action::Drop)],
    );
    // The first rule takes the first Leave away, but the Leave was sent and counts.
    wire.enter(at(0), 0, &leave(GROUP));
    wire.enter(at(1), 1, &leave(GROUP));
    wire.enter(at(2), 0, &query(GROUP));
    wire.enter(at(3), 0, &leave(OTHER));
    wire.enter(at(4), 0, &leave(GROUP));
    let arrived: Vec<_> = run(&mut wire).into_iter().map(|(at, to, _)| (at, to)).collect();
    assert_eq!(arrived, [(1, 0), (2, 1), (4, 1)]);
    let told = told(&wire);
    assert_eq!(told[0], (0, None, "dropped by rule 1".to_owned()));
    assert_eq!(told[1], (3, None, "dropped by rule 2".to_owned()));
    assert_eq!(&*wire.log()[1].frame, leave(OTHER));
    assert_eq!(told.len(), 2);
}

#[test]
fn selectors_exclude_on_each_side_of_their_limits() {
    let about = Group::new(GROUP.into());
    let cases = [
        (Selector { kind: Some(PacketKind::Leave), ..everything() }, vec![0, 1, 4]),
        (Selector { kind: Some(PacketKind::Query), ..everything() }, vec![2, 3]),
        (Selector { kind: Some(PacketKind::GeneralQuery), ..everything() }, vec![3]),
        (Selector { kind: Some(PacketKind::GroupSpecificQuery), ..everything() }, vec![2]),
        (Selector { group: about, ..everything() }, vec![0, 2, 4]),
        (Selector { from: Some(1), ..everything() }, vec![4]),
        (Selector { since: at(2), until: Some(at(4)), ..everything() }, vec![2, 3]),
        (Selector { nth: Some(2..=3), ..everything() }, vec![1, 2]),
        (Selector { nth: Some(2..=2), group: about, ..everything() }, vec![2]),
        (Selector { chance_ppm: Some(0), ..everything() }, vec![]),
        (Selector { chance_ppm: Some(1_000_000), ..everything() }, vec![0, 1, 2, 3, 4, 5]),
    ];
    for (select, wanted) in cases {
        let mut wire = wire(2, [(select.clone(), Action::Drop)]);
        let frames = [
            leave(GROUP),
            leave(OTHER),
            query(GROUP),
            query(Ipv4Addr::UNSPECIFIED),
            leave(GROUP),
            plain(0),
        ];
        for (now, frame) in (0..).zip(&frames) {
            wire.enter(at(now), usize::from(now == 4), frame);
        }
        let struck: Vec<u64> = wire.log().iter().map(|event| event.serial).collect();
        assert_eq!(struck, wanted, "{select:?}");
    }
}

#[test]
fn a_rule_for_one_receiver_spares_the_others() {
    let to_2 = Selector { to: Some(2), ..everything() };
    let mut wire = wire(3, [(to_2, Action::Drop)]);
    wire.enter(at(0), 0, &plain(1));
    assert_eq!(brief(&mut wire), [(0, 1, 1)]);
    assert_eq!(told(&wire), [(0, Some(2), "dropped by rule 1".to_owned())]);
    // A frame from that port does not go to it: nothing happened.
    wire.enter(at(1), 2, &plain(2));
    assert_eq!(wire.log().len(), 1);
}

#[test]
fn rules_work_on_what_those_before_have_left() {
    let mut wire = wire(
        2,
        [
            (everything(), Action::Duplicate(2)),
            (everything(), Action::Delay(ms(10))),
            (everything(), Action::Delay(ms(5))),
            (Selector { nth: Some(2..=2), ..everything() }, Action::Drop),
            (everything(), Action::Delay(ms(100))),
        ],
    );
    wire.enter(at(0), 0, &plain(1));
    assert_eq!(brief(&mut wire), [(115, 1, 1); 3]);
    wire.enter(at(200), 0, &plain(2));
    assert_eq!(brief(&mut wire), []);
    assert_eq!(wire.log().len(), 4 + 4, "the last rule found nothing to delay");
    assert_eq!(wire.log()[0].to_string(), "duplicated 2 times by rule 1");
    assert_eq!(wire.log()[1].to_string(), "delayed 0.010 s by rule 2");
}

#[test]
fn a_delayed_frame_is_overtaken_and_told_as_pending() {
    let first = Selector { nth: Some(1..=1), ..everything() };
    let mut wire = wire(2, [(first, Action::Delay(ms(10)))]);
    wire.enter(at(0), 0, &plain(1));
    wire.enter(at(3), 0, &plain(2));
    let pending: Vec<_> = wire.pending().map(|one| (one.serial, one.to, one.due)).collect();
    assert_eq!(pending, [(1, 1, at(3)), (0, 1, at(10))]);
    assert_eq!(brief(&mut wire), [(3, 1, 2), (10, 1, 1)]);
    assert_eq!(wire.pending().count(), 0);
}

#[test]
fn a_held_frame_goes_right_behind_those_that_overtook_it() {
    let first = Selector { nth: Some(1..=1), ..everything() };
    let hold = Action::HoldBack { behind: 2, at_most: ms(100) };
    let mut wire = wire(3, [(first, hold)]);
    wire.enter(at(0), 0, &plain(1));
    assert_eq!(wire.deadline(), Some(at(100)));
    for name in 2..=4 {
        wire.enter(at(name.into()), 0, &plain(name));
    }
    let arrived = brief(&mut wire);
    let at_port = |port| -> Vec<(u64, u8)> {
        arrived.iter().filter(|one| one.1 == port).map(|one| (one.0, one.2)).collect()
    };
    assert_eq!(at_port(1), [(2, 2), (3, 3), (3, 1), (4, 4)]);
    assert_eq!(at_port(2), at_port(1));
}

#[test]
fn being_overtaken_is_counted_at_each_receiver() {
    let first = Selector { nth: Some(1..=1), ..everything() };
    let hold = Action::HoldBack { behind: 1, at_most: ms(100) };
    let mut wire = wire(3, [(first, hold)]);
    wire.enter(at(0), 0, &plain(1));
    // From port 1: only port 2 gets it.
    wire.enter(at(5), 1, &plain(2));
    assert_eq!(brief(&mut wire), [(5, 0, 2), (5, 2, 2), (5, 2, 1), (100, 1, 1)]);
}

#[test]
fn a_held_frame_still_takes_its_delay() {
    let first = Selector { nth: Some(1..=1), ..everything() };
    let hold = Action::HoldBack { behind: 1, at_most: ms(100) };
    let mut wire = wire(2, [(first.clone(), hold), (first, Action::Delay(ms(20)))]);
    wire.enter(at(0), 0, &plain(1));
    wire.enter(at(5), 0, &plain(2));
    assert_eq!(brief(&mut wire), [(5, 1, 2), (20, 1, 1)]);
    assert_eq!(wire.deadline(), None);
}

#[test]
fn a_partition_cuts_both_ways_and_heals() {
    let cut = Selector { since: at(10), until: Some(at(20)), ..everything() };
    let mut wire = wire(4, [(cut, Action::Partition([0, 1].into()))]);
    for now in [9, 10, 19, 20] {
        for port in [0, 2] {
            wire.enter(at(now), port, &plain(0));
        }
    }
    let mut arrived: Vec<_> = run(&mut wire).into_iter().map(|(at, to, _)| (at, to)).collect();
    arrived.sort_unstable();
    let (all, within) = ([0, 1, 1, 2, 3, 3], [1, 3]);
    let wanted = [(9, &all[..]), (10, &within), (19, &within), (20, &all)];
    let wanted = wanted.iter().flat_map(|(at, ports)| ports.iter().map(|&port| (*at, port)));
    assert!(arrived.iter().copied().eq(wanted), "{arrived:?}");
    let first = &told(&wire)[..2];
    assert_eq!(first[0], (2, Some(2), "cut off by rule 1".to_owned()));
    assert_eq!(first[1].1, Some(3));
}

#[test]
fn a_corrupt_frame_has_a_wrong_checksum_and_the_sender_s_own_does_not() {
    let corrupted = |frame: &[u8]| {
        let mut wire = wire(2, [(everything(), Action::Corrupt)]);
        wire.enter(at(0), 0, frame);
        assert_eq!(&*wire.log()[0].frame, frame);
        (run(&mut wire).remove(0).2, wire.log()[0].what)
    };
    let (spoiled, what) = corrupted(&leave(GROUP));
    assert_eq!(what, Strike::Corrupted);
    let content = decode(&spoiled).unwrap().content;
    assert!(matches!(content, Content::BadGmp(why) if why.is_checksum()));
    assert_eq!(corrupted(&plain(1)), (plain(1).into(), Strike::Unharmed));
}

#[test]
fn a_chance_strikes_its_share_and_depends_on_seed_name_and_rule_alone() {
    let struck = |name, seed, before: bool| {
        let chance = Selector { chance_ppm: Some(300_000), ..everything() };
        let other =
            Selector { kind: Some(PacketKind::Leave), chance_ppm: Some(500_000), ..everything() };
        let first = if before { other } else { Selector { from: Some(9), ..everything() } };
        let rules = [first, chance].map(|select| Rule { select, action: Action::Drop });
        let mut wire = Wire::new(name, 2, rules.into(), seed);
        (0..2_000).for_each(|now| wire.enter(at(now), 0, &leave(GROUP)));
        let all: Vec<_> =
            wire.log().iter().filter(|one| one.rule == Some(1)).map(|one| one.serial).collect();
        all
    };
    let once = struck("lan", 1, false);
    assert!((540..=660).contains(&once.len()), "{}", once.len());
    assert_eq!(once, struck("lan", 1, false));
    assert_ne!(once, struck("up", 1, false));
    assert_ne!(once, struck("lan", 2, false));
    // A rule before it drops frames, but leaves its draws alone.
    let left = struck("lan", 1, true);
    assert!(left.len() < once.len() && left.iter().all(|serial| once.contains(serial)));
}

#[test]
fn time_that_runs_backwards_stands_still() {
    let mut wire = wire(2, []);
    wire.enter(at(5), 0, &plain(1));
    wire.enter(at(3), 0, &plain(2));
    assert_eq!(brief(&mut wire), [(5, 1, 1), (5, 1, 2)]);
}
