//! Asserts: who forwards onto a link, and whom the routers downstream join (RFC 7761 section 4.6).

use super::super::params::StaticRp;
use super::*;
use crate::wire::pim::Assert;

/// The group of a range with an RP, 10.9.0.1 behind 10.0.0.1 on `UP`.
const GROUP: &str = "239.1.1.1";

/// A router that forwards the channel onto `LAN`, for a neighbour there, beside 10.0.1.9.
fn rig() -> Rig {
    let mut rig = Rig::new();
    let groups = "239.0.0.0/8".parse().unwrap();
    rig.pim.params.rps = vec![StaticRp { address: ip("10.9.0.1"), groups }];
    for (link, from) in [(UP, "10.0.0.1"), (UP, "10.0.0.9"), (LAN, "10.0.1.1"), (LAN, "10.0.1.9")] {
        let generation = HelloOption::GenerationId(1);
        let options = vec![HelloOption::Holdtime(0xffff), HelloOption::DrPriority(0), generation];
        rig.hears_hello(link, from, options);
    }
    rig.until(6);
    rig
}

fn joined() -> Rig {
    let mut rig = rig();
    join(&mut rig, 0xffff);
    rig.said.clear();
    rig
}

fn join(rig: &mut Rig, holdtime: u16) {
    let joins = [EncodedSource::source(ip("10.9.0.9"))];
    let message = join_prune("10.0.1.5", "232.1.1.1", &joins, &[], holdtime);
    rig.receive(LAN, "10.0.1.1", &message).unwrap();
}

/// An Assert of the channel, or with the RPT bit.
fn assert_of(is_rpt: bool, preference: u32, metric: u32) -> Assert {
    let group = EncodedGroup::one(ip("232.1.1.1"));
    Assert { group, source: ip("10.9.0.9"), is_rpt, preference, metric }
}

fn cancel() -> Assert {
    assert_of(true, 0x7fff_ffff, u32::MAX)
}

fn hears(rig: &mut Rig, link: usize, from: &str, message: Assert) {
    rig.receive(link, from, &Message::Assert(message)).unwrap();
}

/// The Asserts on `LAN` since the last call: when, and in words.
fn asserts(rig: &mut Rig) -> Vec<(u64, String)> {
    let messages = rig.messages(LAN).into_iter();
    let asserts = messages.filter(|(_, message)| matches!(message, Message::Assert(_)));
    asserts.map(|(at, message)| (at.since_start().as_secs(), message.to_string())).collect()
}

const OWN: &str = "PIM Assert (10.9.0.9, 232.1.1.1): preference 1, metric 0";

fn own(at: u64) -> (u64, String) {
    (at, OWN.to_owned())
}

// RFC7761-4.2-03, RFC7761-4.6.1-01, RFC7761-4.6.1-03
#[test]
fn a_datagram_of_another_router_is_answered_by_an_assert_and_again_after_177_s() {
    let mut rig = joined();
    rig.data(UP, flow());
    assert_eq!(asserts(&mut rig), []);
    rig.data(LAN, flow());
    assert_eq!(asserts(&mut rig), [own(6)]);
    rig.until(6 + 2 * 177);
    assert_eq!(asserts(&mut rig), [own(6 + 177), own(6 + 354)]);
    assert_eq!(rig.oifs(flow()), [LAN]);
}

// RFC7761-4.2-04
#[test]
fn datagrams_cause_an_assert_every_three_seconds_at_most() {
    let mut rig = joined();
    for second in 6..=12 {
        rig.until(second);
        rig.data(LAN, flow());
    }
    assert_eq!(asserts(&mut rig), [own(6), own(9), own(12)]);
}

/// A datagram where the flow does not go out is nobody's business.
#[test]
fn a_datagram_on_another_wrong_interface_is_no_reason_to_assert() {
    let mut rig = rig();
    rig.said.clear();
    rig.data(LAN, flow());
    assert_eq!(asserts(&mut rig), []);
}

// RFC7761-4.6.1-01, RFC7761-4.6.1-03
#[test]
fn worse_asserts_are_answered_and_those_of_the_rp_tree() {
    for worse in [assert_of(false, 1, 1), assert_of(false, 2, 0), assert_of(true, 0, 0)] {
        let mut rig = joined();
        hears(&mut rig, LAN, "10.0.1.9", worse);
        hears(&mut rig, LAN, "10.0.1.9", worse);
        assert_eq!(asserts(&mut rig), [own(6), own(6)], "{worse:?}");
        assert_eq!(rig.oifs(flow()), [LAN]);
    }
    // Of equal ones that of the highest address is better.
    let mut rig = joined();
    hears(&mut rig, LAN, "10.0.1.1", assert_of(false, 1, 0));
    assert_eq!((asserts(&mut rig), rig.oifs(flow())), (vec![own(6)], vec![LAN]));
}

// RFC7761-4.6.1-02
#[test]
fn a_better_assert_stops_the_flow_for_180_s() {
    for is_winner in [false, true] {
        let mut rig = joined();
        if is_winner {
            rig.data(LAN, flow());
            asserts(&mut rig);
        }
        hears(&mut rig, LAN, "10.0.1.9", assert_of(false, 1, 0));
        assert_eq!((asserts(&mut rig), rig.oifs(flow())), (vec![], vec![]));
        // The winner's next Assert, and that of a still better one, count from then on.
        rig.until(100);
        hears(&mut rig, LAN, "10.0.1.9", assert_of(false, 1, 0));
        rig.until(120);
        hears(&mut rig, LAN, "10.0.1.1", assert_of(false, 0, 7));
        rig.until(299);
        assert_eq!(rig.oifs(flow()), [0_usize; 0]);
        rig.until(300);
        assert_eq!((asserts(&mut rig), rig.oifs(flow())), (vec![], vec![LAN]));
    }
}

// RFC7761-4.6.1-05
#[test]
fn the_loser_forwards_again_after_each_of_these() {
    type Cause = (&'static str, fn(&mut Rig));
    let causes: [Cause; 7] = [
        ("an AssertCancel", |rig| hears(rig, LAN, "10.0.1.9", cancel())),
        ("a worse Assert", |rig| hears(rig, LAN, "10.0.1.9", assert_of(false, 9, 0))),
        ("another generation", |rig| {
            let options = vec![HelloOption::Holdtime(0xffff), HelloOption::GenerationId(2)];
            rig.hears_hello(LAN, "10.0.1.9", options);
        }),
        ("a goodbye", |rig| rig.hears_hello(LAN, "10.0.1.9", vec![HelloOption::Holdtime(0)])),
        ("a Join", |rig| join(rig, 0xffff)),
        ("a better route", |rig| {
            let hop =
                NextHop { preference: 0, ..NextHop::configured(vif(UP), Some(ip("10.0.0.1"))) };
            rig.world.rib.replace_own([("10.9.0.0/24".parse().unwrap(), hop)]);
            rig.call(|pim, cx, facts| pim.refresh_all(cx, facts));
        }),
        ("the Assert Timer", |rig| rig.until(6 + 180)),
    ];
    for (cause, act) in causes {
        let mut rig = joined();
        hears(&mut rig, LAN, "10.0.1.9", assert_of(false, 1, 0));
        assert_eq!(rig.oifs(flow()), [0_usize; 0], "{cause}");
        act(&mut rig);
        assert_eq!(rig.oifs(flow()), [LAN], "{cause}");
    }
    // What others say is no reason.
    let mut rig = joined();
    hears(&mut rig, LAN, "10.0.1.9", assert_of(false, 1, 0));
    hears(&mut rig, LAN, "10.0.1.1", cancel());
    hears(&mut rig, LAN, "10.0.1.1", assert_of(false, 9, 0));
    assert_eq!(rig.oifs(flow()), [0_usize; 0]);
}

// RFC7761-4.6.1-04
#[test]
fn a_winner_without_a_join_any_more_cancels_its_assert() {
    let mut rig = joined();
    rig.data(LAN, flow());
    asserts(&mut rig);
    let prunes = [EncodedSource::source(ip("10.9.0.9"))];
    let message = join_prune("10.0.1.5", "232.1.1.1", &[], &prunes, 210);
    rig.receive(LAN, "10.0.1.1", &message).unwrap();
    assert_eq!(asserts(&mut rig), []);
    rig.until(9);
    assert_eq!(asserts(&mut rig), [(9, "PIM AssertCancel (10.9.0.9, 232.1.1.1)".to_owned())]);
    rig.until(400);
    assert_eq!(asserts(&mut rig), []);
}

// RFC7761-4.6-01
#[test]
fn asserts_of_strangers_and_of_addresses_that_are_none_change_nothing() {
    let mut rig = joined();
    let better = Message::Assert(assert_of(false, 0, 0));
    let stranger = Err(Ignored::NoNeighbour(ip("10.0.1.77")));
    assert_eq!(rig.receive(LAN, "10.0.1.77", &better), stranger);
    let range = EncodedGroup { mask: 8, ..EncodedGroup::one(ip("232.1.1.1")) };
    for wrong in [
        Assert { group: range, ..assert_of(false, 0, 0) },
        Assert { group: EncodedGroup::one(ip("224.0.0.5")), ..assert_of(false, 0, 0) },
        Assert { source: ip("232.1.1.1"), ..assert_of(false, 0, 0) },
        Assert { source: ip("2001:db8::1"), ..assert_of(false, 0, 0) },
    ] {
        assert!(rig.receive(LAN, "10.0.1.9", &Message::Assert(wrong)).is_err(), "{wrong:?}");
    }
    assert_eq!((asserts(&mut rig), rig.oifs(flow())), (vec![], vec![LAN]));
}

// RFC7761-4.6.5-01
#[test]
fn joins_go_to_the_winner_within_the_override_interval_and_back_when_it_is_gone() {
    let mut rig = joined();
    rig.until(10);
    rig.joins(UP);
    hears(&mut rig, UP, "10.0.0.9", assert_of(false, 1, 0));
    assert_eq!(rig.joins(UP), []);
    rig.until(13);
    let said = |rig: &mut Rig| -> Vec<String> {
        rig.joins(UP).into_iter().map(|(_, words)| words).collect()
    };
    let to = |upstream: &str| {
        format!("PIM Join/Prune to {upstream}: 232.1.1.1 join 10.9.0.9, holdtime 210 s")
    };
    assert_eq!(said(&mut rig), [to("10.0.0.9")]);
    rig.until(74);
    assert_eq!(said(&mut rig), [to("10.0.0.9")]);
    rig.hears_hello(UP, "10.0.0.9", vec![HelloOption::Holdtime(0)]);
    rig.until(77);
    assert_eq!(said(&mut rig), [to("10.0.0.1")]);
}

/// The Designated Router serves members unless it has lost, and any router that has won (RFC 7761 section
/// 4.1.6).
#[test]
fn members_are_served_by_the_winner_whoever_is_the_designated_router() {
    let mut rig = joined();
    rig.member(LAN, Branch::of(flow()), true);
    hears(&mut rig, LAN, "10.0.1.9", assert_of(false, 1, 0));
    let message =
        join_prune("10.0.1.5", "232.1.1.1", &[], &[EncodedSource::source(ip("10.9.0.9"))], 210);
    rig.receive(LAN, "10.0.1.1", &message).unwrap();
    rig.until(12);
    assert_eq!(rig.oifs(flow()), [0_usize; 0], "the loser is the Designated Router");
    let mut rig = joined();
    rig.hears_hello(
        LAN,
        "10.0.1.9",
        vec![HelloOption::Holdtime(0xffff), HelloOption::DrPriority(9)],
    );
    rig.member(LAN, Branch::of(flow()), true);
    rig.data(LAN, flow());
    rig.receive(LAN, "10.0.1.1", &message).unwrap();
    rig.until(20);
    assert_eq!(rig.oifs(flow()), [LAN], "the winner is not the Designated Router");
}

/// A router on the tree of the RP alone, with a Join of (*,G) on `LAN`.
fn shared() -> Rig {
    let mut rig = rig();
    let joins = [EncodedSource::any(ip("10.9.0.1"))];
    let message = join_prune("10.0.1.5", GROUP, &joins, &[], 0xffff);
    rig.receive(LAN, "10.0.1.1", &message).unwrap();
    rig.said.clear();
    rig
}

fn of_group(source: &str, is_rpt: bool, metric: u32) -> Assert {
    let group = EncodedGroup::one(ip(GROUP));
    Assert { group, source: ip(source), is_rpt, preference: 1, metric }
}

fn from(source: &str) -> Flow {
    Flow { source: Source::new(ip(source)).unwrap(), group: group(GROUP) }
}

// RFC7761-4.6.2-01, RFC7761-4.9.6-01
#[test]
fn an_assert_of_the_group_stops_all_of_its_sources_and_one_of_a_source_that_source_alone() {
    for source in ["0.0.0.0", "10.9.0.9"] {
        let mut rig = shared();
        hears(&mut rig, LAN, "10.0.1.9", of_group(source, true, 0));
        let oifs = ["10.9.0.9", "10.9.0.8"].map(|source| rig.oifs(from(source)));
        assert_eq!(oifs, [[0_usize; 0], [0_usize; 0]], "{source}");
    }
    let mut rig = shared();
    // The way to the source wins over the way to the RP, whatever they cost.
    hears(&mut rig, LAN, "10.0.1.9", of_group("10.9.0.9", false, 999));
    let oifs = ["10.9.0.9", "10.9.0.8"].map(|source| rig.oifs(from(source)));
    assert_eq!(oifs, [vec![], vec![LAN]]);
    // An Assert that the machine of the source takes is not one of the group.
    hears(&mut rig, LAN, "10.0.1.9", of_group("10.9.0.9", true, 0));
    assert_eq!(rig.oifs(from("10.9.0.8")), [LAN]);
}

// RFC7761-4.6.2-01, RFC7761-4.9.6-01
#[test]
fn on_the_tree_of_the_rp_the_assert_is_of_the_group_and_names_the_source_that_caused_it() {
    let mut rig = shared();
    rig.data(LAN, from("10.9.0.9"));
    let words = |source: &str, at| {
        let said =
            format!("PIM Assert ({source}, 239.1.1.1) on the RP's tree: preference 1, metric 0");
        (at, said)
    };
    assert_eq!(asserts(&mut rig), [words("10.9.0.9", 6)]);
    rig.until(6 + 177);
    assert_eq!(asserts(&mut rig), [words("0.0.0.0", 6 + 177)]);
    let prunes = [EncodedSource::any(ip("10.9.0.1"))];
    let message = join_prune("10.0.1.5", GROUP, &[], &prunes, 210);
    rig.receive(LAN, "10.0.1.1", &message).unwrap();
    rig.until(190);
    assert_eq!(asserts(&mut rig), [(186, "PIM AssertCancel (0.0.0.0, 239.1.1.1)".to_owned())]);
}

/// The link that goes takes its Asserts with it.
#[test]
fn a_link_that_stops_has_no_asserts_when_it_starts_again() {
    let mut rig = joined();
    hears(&mut rig, LAN, "10.0.1.9", assert_of(false, 1, 0));
    rig.call(|pim, cx, facts| pim.stop_link(cx, facts, vif(LAN), true));
    let params = LinkParams::default();
    rig.call(|pim, cx, _| pim.start_link(cx, vif(LAN), params, ip("10.0.1.5"), Vec::new()));
    rig.hears_hello(LAN, "10.0.1.9", ordinary(1));
    rig.hears_hello(LAN, "10.0.1.1", ordinary(1));
    join(&mut rig, 210);
    assert_eq!(rig.oifs(flow()), [LAN]);
}
