//! From the RP's tree to the source's: the last hop, SPTbits, and Prunes of (S,G,rpt) (RFC 7761 sections
//! 4.2.1, 4.2.2, 4.5.3, 4.5.6 and 4.5.7).

use super::super::params::{SptSwitchover, StaticRp};
use super::*;

const GROUP: &str = "239.1.1.1";
/// Behind 10.0.0.1 on `UP`.
const RP: &str = "10.9.0.1";

fn from(source: &str) -> Flow {
    Flow { source: Source::new(ip(source)).unwrap(), group: group(GROUP) }
}

/// A source behind 10.0.2.1 on `SIDE`.
fn aside() -> Flow {
    from("10.8.0.9")
}

const SIDE: usize = 2;

fn any() -> EncodedSource {
    EncodedSource::any(ip(RP))
}

fn rpt() -> EncodedSource {
    EncodedSource::source_rpt(aside().source.addr())
}

/// A router with the RP on one side, sources on another one, and `LAN`, where so many routers are.
fn rig(downstream: usize) -> Rig {
    let mut rig = Rig::new();
    let net = |text: &str| text.parse::<IpNet>().unwrap();
    rig.world.rib.replace_own([
        (net("10.0.0.0/24"), NextHop::connected(vif(UP))),
        (net("10.0.1.0/24"), NextHop::connected(vif(LAN))),
        (net("10.0.2.0/24"), NextHop::connected(vif(SIDE))),
        (net("10.9.0.0/24"), NextHop::configured(vif(UP), Some(ip("10.0.0.1")))),
        (net("10.8.0.0/24"), NextHop::configured(vif(SIDE), Some(ip("10.0.2.1")))),
    ]);
    let (side, own) = (vif(SIDE), ip("10.0.2.5"));
    rig.world.own.insert(own);
    rig.call(|pim, cx, _| pim.start_link(cx, side, LinkParams::default(), own, Vec::new()));
    let groups = "224.0.0.0/4".parse().unwrap();
    rig.pim.params.rps = vec![StaticRp { address: ip(RP), groups }];
    let options = || vec![HelloOption::Holdtime(0xffff), HelloOption::DrPriority(0)];
    rig.hears_hello(UP, "10.0.0.1", options());
    rig.hears_hello(SIDE, "10.0.2.1", options());
    for number in 0..downstream {
        rig.hears_hello(LAN, &format!("10.0.1.{}", number + 1), options());
    }
    rig.until(6);
    rig.said.clear();
    rig
}

/// The entries that were sent on a link.
fn said(rig: &mut Rig, link: usize) -> Vec<String> {
    let words = |(_, words): (u64, String)| {
        let entries = words.split(": ").nth(1).unwrap();
        entries.trim_start_matches("239.1.1.1 ").trim_end_matches(", holdtime 210 s").to_owned()
    };
    rig.joins(link).into_iter().map(words).collect()
}

fn join_lan(rig: &mut Rig, joins: &[EncodedSource], prunes: &[EncodedSource]) {
    rig.receive(LAN, "10.0.1.1", &join_prune("10.0.1.5", GROUP, joins, prunes, 210)).unwrap();
}

// RFC7761-4.2.2-01, RFC7761-4.2-02, RFC7761-4.5.7-01
#[test]
fn the_last_hop_joins_the_source_with_the_first_datagram_and_prunes_it_at_the_rp_once_it_comes() {
    let mut rig = rig(0);
    rig.member(LAN, Branch::any(group(GROUP)), true);
    rig.joins(UP);
    rig.data(UP, aside());
    assert_eq!(said(&mut rig, SIDE), ["join 10.8.0.9"]);
    assert_eq!((said(&mut rig, UP), rig.entry(aside())), (vec![], (UP, vec![LAN])));
    rig.data(SIDE, aside());
    assert_eq!(said(&mut rig, UP), ["prune 10.8.0.9(rpt)"]);
    assert_eq!(rig.entry(aside()), (SIDE, vec![LAN]));
    // RFC7761-4.5.6-01
    rig.until(66);
    assert_eq!(said(&mut rig, UP), ["join *(10.9.0.1) prune 10.8.0.9(rpt)"]);
    // RFC7761-4.5.5-01: without datagrams the source is left, and wanted from the RP again.
    rig.until(6 + 211);
    assert_eq!(said(&mut rig, SIDE).last().unwrap(), "prune 10.8.0.9");
    assert_eq!(said(&mut rig, UP).last().unwrap(), "join 10.8.0.9(rpt)");
    assert_eq!(rig.entry(aside()), (UP, vec![LAN]));
}

/// On one way there is nothing to prune at the RP, and nothing to wait for.
#[test]
fn a_source_behind_the_rp_is_joined_and_not_pruned() {
    let mut rig = rig(0);
    rig.member(LAN, Branch::any(group(GROUP)), true);
    rig.joins(UP);
    rig.data(UP, from("10.9.0.9"));
    assert_eq!(said(&mut rig, UP), ["join 10.9.0.9"]);
    rig.member(LAN, Branch::any(group(GROUP)), false);
    assert_eq!(said(&mut rig, UP), ["prune *(10.9.0.1) 10.9.0.9"]);
}

/// A policy that RFC 7761 section 4.2.1 allows, and a router without members of its own.
#[test]
fn who_does_not_switch_stays_on_the_tree_of_the_rp() {
    let mut never = rig(0);
    never.pim.params.spt_switchover = SptSwitchover::Never;
    never.member(LAN, Branch::any(group(GROUP)), true);
    let mut between = rig(1);
    join_lan(&mut between, &[any()], &[]);
    for rig in [&mut never, &mut between] {
        rig.data(UP, aside());
        rig.data(SIDE, aside());
        assert_eq!((said(rig, SIDE), rig.entry(aside())), (vec![], (UP, vec![LAN])));
    }
}

/// Members that ask for the source by name have it joined before anything comes.
#[test]
fn a_flow_that_comes_already_comes_by_its_source_once_that_is_joined() {
    let mut rig = rig(1);
    join_lan(&mut rig, &[any()], &[]);
    rig.data(UP, aside());
    rig.member(LAN, Branch::of(aside()), true);
    assert_eq!(
        (said(&mut rig, SIDE), rig.entry(aside())),
        (vec!["join 10.8.0.9".to_owned()], (UP, vec![LAN]))
    );
    rig.data(SIDE, aside());
    assert_eq!(rig.entry(aside()), (SIDE, vec![LAN]));
}

// RFC7761-4.5.3-01
#[test]
fn a_prune_of_one_source_stops_that_source_after_the_override_interval() {
    let mut rig = rig(2);
    join_lan(&mut rig, &[any()], &[]);
    assert_eq!(said(&mut rig, UP), ["join *(10.9.0.1)"]);
    join_lan(&mut rig, &[], &[rpt()]);
    rig.until(8);
    assert_eq!(rig.entry(aside()), (UP, vec![LAN]));
    rig.until(9);
    assert_eq!(rig.entry(aside()), (UP, vec![]));
    assert_eq!(rig.entry(from("10.8.0.8")), (UP, vec![LAN]));
    // Nobody downstream wants it from the RP, and so the router does not either.
    assert_eq!(said(&mut rig, UP), ["prune 10.8.0.9(rpt)"]);
    join_lan(&mut rig, &[rpt()], &[]);
    assert_eq!(rig.entry(aside()), (UP, vec![LAN]));
    assert_eq!(said(&mut rig, UP), ["join 10.8.0.9(rpt)"]);
    // The Prune of one router is overridden by another one.
    join_lan(&mut rig, &[], &[rpt()]);
    join_lan(&mut rig, &[rpt()], &[]);
    rig.until(20);
    assert_eq!(rig.entry(aside()), (UP, vec![LAN]));
}

// RFC7761-4.5.3-01
#[test]
fn a_prune_of_the_only_neighbour_counts_at_once_and_for_its_holdtime() {
    let mut rig = rig(1);
    join_lan(&mut rig, &[any()], &[rpt()]);
    assert_eq!(rig.entry(aside()), (UP, vec![]));
    rig.receive(LAN, "10.0.1.1", &join_prune("10.0.1.5", GROUP, &[], &[rpt()], 20)).unwrap();
    rig.until(6 + 100);
    rig.receive(LAN, "10.0.1.1", &join_prune("10.0.1.5", GROUP, &[any()], &[rpt()], 180)).unwrap();
    rig.until(6 + 279);
    assert_eq!(rig.entry(aside()), (UP, vec![]));
    rig.receive(LAN, "10.0.1.1", &join_prune("10.0.1.5", GROUP, &[any()], &[rpt()], 210)).unwrap();
    join_lan(&mut rig, &[any()], &[rpt()]);
    rig.until(6 + 300);
    assert_eq!(rig.entry(aside()), (UP, vec![]));
}

// RFC7761-4.5.3-02
#[test]
fn a_join_of_the_group_takes_back_the_prunes_that_do_not_come_with_it() {
    let mut rig = rig(1);
    join_lan(&mut rig, &[any()], &[rpt()]);
    join_lan(&mut rig, &[any()], &[rpt()]);
    assert_eq!(rig.entry(aside()), (UP, vec![]));
    join_lan(&mut rig, &[any()], &[]);
    assert_eq!(rig.entry(aside()), (UP, vec![LAN]));
}

// RFC7761-4.8.1-02
#[test]
fn a_group_of_source_specific_multicast_has_no_prunes_of_the_rp_tree() {
    let mut rig = rig(1);
    let of = EncodedSource::source(ip("10.8.0.9"));
    for (joins, prunes) in [(vec![of], vec![]), (vec![], vec![rpt()])] {
        let message = join_prune("10.0.1.5", "232.1.1.1", &joins, &prunes, 210);
        rig.receive(LAN, "10.0.1.1", &message).unwrap();
    }
    let flow = Flow { group: group("232.1.1.1"), ..aside() };
    assert_eq!(rig.entry(flow), (SIDE, vec![LAN]));
}

// RFC7761-4.5.7-01
#[test]
fn a_prune_of_another_router_is_overridden_by_who_wants_the_source_from_the_rp() {
    let prune = join_prune("10.0.0.1", GROUP, &[], &[rpt()], 210);
    let mut wants = rig(1);
    join_lan(&mut wants, &[any()], &[]);
    let mut switched = rig(0);
    switched.member(LAN, Branch::any(group(GROUP)), true);
    switched.data(UP, aside());
    switched.data(SIDE, aside());
    let mut absent = rig(1);
    for (rig, answer) in [
        (&mut wants, vec!["join 10.8.0.9(rpt)".to_owned()]),
        (&mut switched, vec![]),
        (&mut absent, vec![]),
    ] {
        rig.hears_hello(UP, "10.0.0.2", vec![HelloOption::Holdtime(0xffff)]);
        rig.until(12);
        rig.joins(UP);
        rig.receive(UP, "10.0.0.2", &prune).unwrap();
        rig.until(15);
        assert_eq!(said(rig, UP), answer);
        // Not if somebody else was quicker.
        rig.receive(UP, "10.0.0.2", &prune).unwrap();
        let join = join_prune("10.0.0.1", GROUP, &[rpt()], &[], 210);
        rig.receive(UP, "10.0.0.2", &join).unwrap();
        rig.until(18);
        assert_eq!(said(rig, UP), [""; 0]);
    }
}
