//! Claims about the querier of a link and its members, as routers see them.

use std::net::Ipv4Addr;

use castnet::time::Instant;

use super::super::Outcome::{Fail, Pass, Vacuous};
use super::{ALL_HOSTS, GROUP, H1, NS, OTHER_GROUP, R1_LAN, Run, group, ms, query};
use crate::plan::{Act, Action, Role};
use crate::recording::StateChange;

const H2: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 3);

/// At 5.001 s.
const AT_LEAVE: &str = "at = 'leave'";
/// From 5.001 s to 6.001 s.
const FOR_LMQT: &str = "after = 'leave'\nwithin = 'LMQT'";

fn querier(is: &str, when: &str) -> Run {
    Run::new(&format!("querier = {{ on = 'lan', is = '{is}' }}\n{when}"))
}

fn members(groups: &str) -> Run {
    Run::new(&format!("members = {{ of = 'r1', on = 'lan', groups = {groups} }}\nat = 'leave'"))
}

impl Run {
    /// From now on r1 has this address as the querier of lan.
    fn holds(self, at: Instant, querier: Ipv4Addr) -> Self {
        let (port, querier) = (self.port("r1:lan"), querier.into());
        self.tells(at, StateChange::Querier { port, querier })
    }

    fn has(self, at: Instant, of: Ipv4Addr, present: bool) -> Self {
        let (port, group) = (self.port("r1:lan"), group(of));
        self.tells(at, StateChange::Members { port, group, present })
    }

    /// h1 is a scripted querier, which has asked at this time.
    fn asked_by_h1(mut self, at: Instant) -> Self {
        let h1 = self.node("h1");
        self.plan.nodes[h1].role = Role::Injector(None);
        self.igmp(at, "h1:lan", ALL_HOSTS, &query(10, Ipv4Addr::UNSPECIFIED))
    }

    fn done_to_r1(mut self, action: Action, at: Instant) -> Self {
        let (node, act) = (self.node("r1"), self.plan.acts[0].clone());
        self.plan.acts.push(Act { node, action, ..act });
        self.recording.acts.push(Some(at));
        self
    }
}

#[test]
fn the_querier_is_whom_the_router_holds_for_it_just_before() {
    for (since, until, outcome) in [
        (ms(0), ms(9000), Pass),
        (ms(0), ms(5001), Pass),
        (ms(0), ms(5001) - NS, Fail),
        (ms(5001) - NS, ms(9000), Pass),
        (ms(5001), ms(9000), Fail),
    ] {
        querier("r1", AT_LEAVE).holds(since, R1_LAN).holds(until, H1).comes_out(outcome);
    }
    querier("r1", AT_LEAVE).comes_out(Fail);
}

#[test]
fn what_a_router_holds_on_another_link_does_not_count() {
    let run = querier("r1", AT_LEAVE);
    let port = run.port("r1:up");
    run.tells(ms(0), StateChange::Querier { port, querier: R1_LAN.into() }).comes_out(Fail);
}

#[test]
fn somebody_elses_querier_has_to_ask_and_to_be_held_for_it() {
    let held = || querier("h1", AT_LEAVE).holds(ms(2000), H1);
    held().asked_by_h1(ms(1000)).comes_out(Pass);
    held().asked_by_h1(ms(5001) - NS).comes_out(Pass);
    held().asked_by_h1(ms(5001)).comes_out(Fail);
    querier("h1", AT_LEAVE).holds(ms(0), R1_LAN).asked_by_h1(ms(1000)).comes_out(Fail);
    querier("r1", AT_LEAVE).holds(ms(0), H1).asked_by_h1(ms(1000)).comes_out(Fail);
}

#[test]
fn all_routers_on_the_link_have_to_agree() {
    let two = || {
        let mut run = querier("r1", AT_LEAVE).holds(ms(0), R1_LAN);
        let (r1, h2) = (run.node("r1"), run.node("h2"));
        run.plan.nodes[h2].role = run.plan.nodes[r1].role.clone();
        run
    };
    let other_holds = |at, querier: Ipv4Addr| {
        let run = two();
        let (port, querier) = (run.port("h2:lan"), querier.into());
        run.tells(at, StateChange::Querier { port, querier })
    };
    two().comes_out(Fail);
    other_holds(ms(0), H2).comes_out(Fail);
    other_holds(ms(5001) - NS, R1_LAN).comes_out(Pass);
    other_holds(ms(5001), R1_LAN).comes_out(Fail);
}

#[test]
fn a_dead_router_is_no_querier_and_a_new_one_has_to_say_so_again() {
    let killed = |at| querier("r1", AT_LEAVE).holds(ms(0), R1_LAN).done_to_r1(Action::Kill, at);
    killed(ms(5001) - NS).comes_out(Fail);
    killed(ms(5001)).comes_out(Pass);
    let again = || killed(ms(2000)).done_to_r1(Action::Restart, ms(3000));
    again().comes_out(Fail);
    again().holds(ms(3000), R1_LAN).comes_out(Pass);
}

#[test]
fn all_the_time_is_from_the_tolerance_on_to_the_end() {
    let stays = || querier("r1", FOR_LMQT);
    stays().holds(ms(0), R1_LAN).comes_out(Pass);
    stays().holds(ms(5101), R1_LAN).comes_out(Pass);
    stays().holds(ms(5101) + NS, R1_LAN).comes_out(Fail);
    for (lost, outcome) in [(ms(5001) + NS, Fail), (ms(6001) - NS, Fail), (ms(6001), Pass)] {
        stays().holds(ms(0), R1_LAN).holds(lost, H1).comes_out(outcome);
    }
    // It is back soon, but was away.
    stays().holds(ms(0), R1_LAN).holds(ms(5500), H1).holds(ms(5501), R1_LAN).comes_out(Fail);
}

#[test]
fn a_wrong_querier_is_told_with_what_each_router_holds() {
    querier("r1", AT_LEAVE)
        .holds(ms(0), H1)
        .says(Fail, &["at leave at 5.001 s", "expected r1:lan 10.0.2.1", "r1 holds 10.0.2.2"]);
    querier("r1", FOR_LMQT).holds(ms(0), R1_LAN).done_to_r1(Action::Kill, ms(5500)).says(
        Fail,
        &[
            "from leave at 5.001 s",
            "to   leave at 5.001 s + LMQT (LMQC 2 x LMQI 0.500 s) 1.000 s = 6.001 s",
            "it may begin a tolerance of 0.100 s later",
            "at 5.500 s it was not so:",
            "expected r1:lan 10.0.2.1",
            "r1 holds nothing: it was killed at 5.500 s",
        ],
    );
}

#[test]
fn the_members_are_exactly_those_groups_just_before() {
    let both = || members("['239.1.1.1', '239.1.1.2']").has(ms(1000), GROUP, true);
    both().comes_out(Fail);
    both().has(ms(5001) - NS, OTHER_GROUP, true).comes_out(Pass);
    both().has(ms(5001), OTHER_GROUP, true).comes_out(Fail);
    let one = || members("['239.1.1.1']").has(ms(1000), GROUP, true);
    one().comes_out(Pass);
    one().has(ms(5001) - NS, GROUP, false).comes_out(Fail);
    one().has(ms(5001), GROUP, false).comes_out(Pass);
    one().has(ms(2000), OTHER_GROUP, true).comes_out(Fail);
    one().has(ms(2000), Ipv4Addr::new(224, 0, 0, 22), true).comes_out(Pass);
    one().done_to_r1(Action::Kill, ms(3000)).comes_out(Fail);
}

#[test]
fn no_members_have_to_follow_members() {
    let none = || members("[]");
    let why = "there never were any, so that there are none here proves nothing";
    none().says(Vacuous, &[why]);
    none().has(ms(1000), Ipv4Addr::new(224, 0, 0, 22), true).comes_out(Vacuous);
    none().has(ms(1000), GROUP, true).has(ms(5001) - NS, GROUP, false).comes_out(Pass);
    none().has(ms(1000), GROUP, true).has(ms(5001), GROUP, false).says(
        Fail,
        &[
            "at leave at 5.001 s",
            "expected none",
            "found    239.1.1.1",
            "   1.000 s  members of 239.1.1.1",
            "   5.001 s  no members of 239.1.1.1",
            "it was so at 5.001000 s, 0.000000 s later",
        ],
    );
}
