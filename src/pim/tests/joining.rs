//! The Join/Prune machines of (S,G), downstream and upstream (RFC 7761 section 4.5).

use super::*;

const GROUP: &str = "232.1.1.1";

/// A router with a neighbour upstream and this many routers on its LAN.
fn rig(downstream: usize) -> Rig {
    let mut rig = Rig::new();
    rig.hears_hello(UP, "10.0.0.1", living(1));
    for number in 0..downstream {
        rig.hears_hello(LAN, &format!("10.0.1.{}", number + 1), living(1));
    }
    // Both links have sent their Hellos, and the neighbours live on.
    rig.until(6);
    rig.said.clear();
    rig
}

/// The options of an ordinary router that lives for ever.
fn living(generation: u32) -> Vec<HelloOption> {
    let mut options = ordinary(generation);
    options[0] = HelloOption::Holdtime(0xffff);
    options
}

fn source() -> EncodedSource {
    EncodedSource::source(ip("10.9.0.9"))
}

fn join(holdtime: u16) -> Message {
    join_prune("10.0.1.5", GROUP, &[source()], &[], holdtime)
}

fn prune() -> Message {
    join_prune("10.0.1.5", GROUP, &[], &[source()], 210)
}

fn joined(at: u64) -> (u64, String) {
    let entry = "PIM Join/Prune to 10.0.0.1: 232.1.1.1 join 10.9.0.9, holdtime 210 s";
    (at, entry.to_owned())
}

fn pruned(at: u64) -> (u64, String) {
    let entry = "PIM Join/Prune to 10.0.0.1: 232.1.1.1 prune 10.9.0.9, holdtime 210 s";
    (at, entry.to_owned())
}

// RFC7761-4.5.2-01, RFC7761-4.5.1-02
#[test]
fn a_join_makes_state_that_lasts_as_long_as_the_longest_holdtime() {
    let mut rig = rig(1);
    rig.receive(LAN, "10.0.1.1", &join(100)).unwrap();
    assert_eq!((rig.oifs(flow()), rig.joins(UP)), (vec![LAN], vec![joined(6)]));
    rig.receive(LAN, "10.0.1.1", &join(20)).unwrap();
    rig.until(105);
    assert_eq!((rig.oifs(flow()), rig.joins(UP)), (vec![LAN], vec![joined(66)]));
    rig.until(106);
    assert_eq!((rig.oifs(flow()), rig.joins(UP)), (vec![], vec![pruned(106)]));
}

// RFC7761-4.5.1-04: nobody else could override the Prune.
#[test]
fn a_prune_of_the_only_neighbour_counts_at_once() {
    let mut rig = rig(1);
    rig.receive(LAN, "10.0.1.1", &join(210)).unwrap();
    rig.joins(UP);
    rig.receive(LAN, "10.0.1.1", &prune()).unwrap();
    assert_eq!((rig.oifs(flow()), rig.joins(UP)), (vec![], vec![pruned(6)]));
    assert_eq!(rig.joins(LAN), []);
}

// RFC7761-4.5.1-04, RFC7761-4.5.1-06
#[test]
fn a_prune_among_several_waits_and_is_echoed() {
    let mut rig = rig(2);
    rig.receive(LAN, "10.0.1.1", &join(210)).unwrap();
    rig.until(10);
    rig.receive(LAN, "10.0.1.1", &prune()).unwrap();
    rig.until(12);
    assert_eq!((rig.oifs(flow()), rig.joins(UP)), (vec![LAN], vec![joined(6)]));
    rig.until(13);
    assert_eq!((rig.oifs(flow()), rig.joins(UP)), (vec![], vec![pruned(13)]));
    let echo = "PIM Join/Prune to 10.0.1.5: 232.1.1.1 prune 10.9.0.9, holdtime 210 s";
    assert_eq!(rig.joins(LAN), [(13, echo.to_owned())]);
}

// RFC7761-4.5.1-05
#[test]
fn a_join_overrides_a_prune() {
    let mut rig = rig(2);
    rig.receive(LAN, "10.0.1.1", &join(210)).unwrap();
    rig.receive(LAN, "10.0.1.1", &prune()).unwrap();
    rig.until(8);
    rig.receive(LAN, "10.0.1.2", &join(210)).unwrap();
    rig.until(60);
    assert_eq!((rig.oifs(flow()), rig.joins(LAN)), (vec![LAN], vec![]));
}

// RFC7761-4.5.1-03, RFC7761-4.5-01, RFC7761-4.9.1-01
#[test]
fn what_is_for_others_or_from_strangers_makes_no_state() {
    let mut rig = rig(2);
    let other = join_prune("10.0.1.2", GROUP, &[source()], &[], 210);
    rig.receive(LAN, "10.0.1.1", &other).unwrap();
    let stranger = rig.receive(LAN, "10.0.1.77", &join(210));
    assert_eq!(stranger, Err(Ignored::NoNeighbour(ip("10.0.1.77"))));
    let masked = EncodedSource { mask: 24, ..source() };
    let half = EncodedSource { is_wildcard: true, ..source() };
    let multicast = EncodedSource::source(ip("239.1.1.1"));
    for entry in [masked, half, multicast, EncodedSource::source(ip("2001:db8::9"))] {
        rig.receive(LAN, "10.0.1.1", &join_prune("10.0.1.5", GROUP, &[entry], &[], 210)).unwrap();
    }
    let local = join_prune("10.0.1.5", "224.0.0.9", &[source()], &[], 210);
    rig.receive(LAN, "10.0.1.1", &local).unwrap();
    assert_eq!((rig.oifs(flow()), rig.joins(UP)), (vec![], vec![]));
    // What is sound in the same message counts.
    let mixed = join_prune("10.0.1.5", GROUP, &[masked, source()], &[], 210);
    rig.receive(LAN, "10.0.1.1", &mixed).unwrap();
    assert_eq!(rig.oifs(flow()), [LAN]);
}

// RFC7761-4.5.4-01, RFC7761-4.5.5-01
#[test]
fn members_are_joined_at_once_and_again_at_the_period_and_pruned_at_the_end() {
    let mut rig = rig(0);
    rig.member(LAN, Branch::of(flow()), true);
    rig.until(130);
    assert_eq!(rig.joins(UP), [joined(6), joined(66), joined(126)]);
    rig.member(LAN, Branch::of(flow()), false);
    rig.until(300);
    assert_eq!(rig.joins(UP), [pruned(130)]);
}

/// Only the Designated Router forwards to members.
#[test]
fn members_of_another_designated_router_are_not_joined() {
    let mut rig = rig(0);
    rig.member(LAN, Branch::of(flow()), true);
    rig.joins(UP);
    rig.hears_hello(LAN, "10.0.1.9", living(1));
    assert_eq!((rig.oifs(flow()), rig.joins(UP)), (vec![], vec![pruned(6)]));
    rig.hears_hello(LAN, "10.0.1.9", vec![HelloOption::Holdtime(0)]);
    assert_eq!((rig.oifs(flow()), rig.joins(UP)), (vec![LAN], vec![joined(6)]));
}

// RFC7761-4.5.4-02: t_suppressed lies between 66 and 84 s.
#[test]
fn a_join_of_another_router_delays_the_own_one() {
    let mut rig = rig(0);
    rig.member(LAN, Branch::of(flow()), true);
    rig.until(60);
    rig.joins(UP);
    let theirs = |holdtime| join_prune("10.0.0.1", GROUP, &[source()], &[], holdtime);
    rig.hears_hello(UP, "10.0.0.2", living(1));
    rig.receive(UP, "10.0.0.2", &theirs(210)).unwrap();
    rig.until(145);
    let [(at, _)] = rig.joins(UP)[..] else { panic!("one Join") };
    assert!((126..=144).contains(&at), "{at}");
    // A Holdtime that is over sooner bounds it.
    let before = rig.now.since_start().as_secs();
    rig.hears_hello(UP, "10.0.0.2", living(1));
    rig.receive(UP, "10.0.0.2", &theirs(62)).unwrap();
    rig.until(before + 70);
    assert_eq!(rig.joins(UP), [joined(before + 62)]);
}

// RFC7761-4.5.4-03, RFC7761-4.5.5-02
#[test]
fn a_prune_of_another_router_is_overridden() {
    let any = EncodedSource::any(ip("10.9.0.1"));
    for entry in [source(), any] {
        let mut rig = rig(0);
        rig.member(LAN, Branch::of(flow()), true);
        rig.hears_hello(UP, "10.0.0.2", living(1));
        rig.until(20);
        rig.joins(UP);
        let theirs = join_prune("10.0.0.1", GROUP, &[], &[entry], 210);
        rig.receive(UP, "10.0.0.2", &theirs).unwrap();
        rig.until(23);
        let [(at, _)] = rig.joins(UP)[..] else { panic!("one Join") };
        assert!((20..=22).contains(&at), "{at}");
    }
}

// RFC7761-4.5.4-04
#[test]
fn an_upstream_router_that_has_started_again_is_joined_again() {
    let mut rig = rig(0);
    rig.member(LAN, Branch::of(flow()), true);
    rig.until(20);
    rig.joins(UP);
    rig.hears_hello(UP, "10.0.0.1", living(2));
    rig.until(23);
    let [(at, _)] = rig.joins(UP)[..] else { panic!("one Join") };
    assert!((20..=22).contains(&at), "{at}");
}

// RFC7761-4.5.4-05
#[test]
fn another_route_has_the_new_neighbour_joined_and_the_old_one_pruned() {
    let mut rig = rig(0);
    rig.hears_hello(UP, "10.0.0.2", living(1));
    rig.until(12);
    rig.member(LAN, Branch::of(flow()), true);
    rig.joins(UP);
    let net = "10.9.0.0/16".parse().unwrap();
    rig.world.rib.replace_own([(net, NextHop::configured(vif(UP), Some(ip("10.0.0.2"))))]);
    rig.call(|pim, cx, facts| pim.refresh_all(cx, facts));
    let to_new = "PIM Join/Prune to 10.0.0.2: 232.1.1.1 join 10.9.0.9, holdtime 210 s";
    assert_eq!(rig.joins(UP), [pruned(12), (12, to_new.to_owned())]);
}

// RFC7761-4.3.1-04
#[test]
fn a_join_never_goes_before_a_hello() {
    let mut rig = Rig::new();
    rig.hears_hello(UP, "10.0.0.1", living(1));
    rig.member(LAN, Branch::of(flow()), true);
    let sent: Vec<Message> = rig.messages(UP).into_iter().map(|(_, message)| message).collect();
    let [Message::Hello(_), Message::JoinPrune(_)] = &sent[..] else { panic!("{sent:?}") };
}

/// A neighbour may be known by the address of a route that is a secondary one (RFC7761-4.3.4-01).
#[test]
fn a_neighbour_is_found_by_its_secondary_address() {
    let mut rig = Rig::new();
    let mut options = living(1);
    options.push(HelloOption::AddressList(vec![ip("10.0.0.1")]));
    rig.hears_hello(UP, "10.0.0.77", options);
    rig.until(6);
    rig.said.clear();
    rig.member(LAN, Branch::of(flow()), true);
    let entry = "PIM Join/Prune to 10.0.0.77: 232.1.1.1 join 10.9.0.9, holdtime 210 s";
    assert_eq!(rig.joins(UP), [(6, entry.to_owned())]);
    // Without the list it has no secondary addresses any more.
    rig.hears_hello(UP, "10.0.0.77", living(1));
    rig.until(200);
    let sent = rig.joins(UP);
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].1.contains("prune 10.9.0.9"), "{sent:?}");
}

// RFC7761-4.8.1-01
#[test]
fn a_group_of_source_specific_multicast_has_no_state_for_all_sources() {
    let mut rig = rig(1);
    rig.pim.params.rps = vec![super::super::params::StaticRp {
        address: ip("10.9.0.1"),
        groups: "224.0.0.0/4".parse().unwrap(),
    }];
    let any = EncodedSource::any(ip("10.9.0.1"));
    rig.receive(LAN, "10.0.1.1", &join_prune("10.0.1.5", GROUP, &[any], &[], 210)).unwrap();
    rig.member(LAN, Branch::any(flow().group), true);
    assert_eq!((rig.oifs(flow()), rig.joins(UP)), (vec![], vec![]));
}
