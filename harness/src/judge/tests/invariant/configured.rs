//! A router whose configuration changed: old and new reasons to send.

use std::time::Duration;

use castnet::addr::Channel;
use castnet::time::Instant;

use super::super::super::Outcome::{self, Fail, Pass};
use super::super::{GROUP, NS, Run, group, ms};
use super::run;
use crate::plan::{Act, Action, Role, Router, RouterPort, Setting};
use crate::scenario::Invariant::NoUnwanted;

const LATE: Duration = Duration::from_millis(1100);

impl Run {
    /// r1 gets another configuration, by an act that is planned for 7 s.
    fn set(mut self, done: Instant, change: impl FnOnce(&mut RouterPort)) -> Self {
        let node = self.node("r1");
        let mut router = self.routers().pop().unwrap();
        // lan is the second interface.
        change(&mut router.interfaces[1]);
        let at = Duration::from_secs(7);
        let action = Action::Set(Setting::Router(router));
        self.plan.acts.push(Act {
            at,
            label: "set".to_owned(),
            words: String::new(),
            node,
            action,
        });
        self.recording.acts.push(Some(done));
        self
    }

    /// All configurations of r1.
    fn routers(&self) -> Vec<Router> {
        let Role::Router(first) = &self.plan.nodes[self.node("r1")].role else { panic!("r1") };
        let set = self.plan.acts.iter().filter_map(|act| match &act.action {
            Action::Set(Setting::Router(router)) => Some(router.clone()),
            _ => None,
        });
        std::iter::once(first.clone()).chain(set).collect()
    }

    #[track_caller]
    fn sends_at(self, at: Instant, outcome: Outcome) {
        self.sent(at, 0).forwarded(at, 0).is(NoUnwanted, outcome);
    }
}

fn join(interface: &mut RouterPort) {
    interface.static_joins.insert(Channel { source: None, group: group(GROUP) });
}

#[test]
fn a_static_join_is_a_reason_from_when_it_was_given() {
    run().set(ms(7005), join).sends_at(ms(7005) - NS, Fail);
    run().set(ms(7005), join).sends_at(ms(7005), Pass);
    run().set(ms(7005), join).sends_at(ms(20_000), Pass);
}

#[test]
fn a_static_join_that_is_taken_back_may_be_followed_late() {
    let joined_until = || run().set(ms(1000), join).set(ms(7005), |own| own.static_joins.clear());
    joined_until().sends_at(ms(7005) + LATE, Pass);
    joined_until().sends_at(ms(7005) + LATE + NS, Fail);
}

/// Which of its intervals the router counted by is unknown.
#[test]
fn a_member_counts_for_the_longest_of_the_intervals() {
    let seconds = |qi| {
        move |own: &mut RouterPort| {
            own.knobs.query_interval = Duration::from_secs(qi);
        }
    };
    // 2 x 125 s + 1 s, and 2 x 4 s + 1 s.
    let long = ms(2000) + Duration::from_secs(251) + LATE;
    run().set(ms(7005), seconds(4)).reports(ms(2000)).sends_at(long, Pass);
    run().set(ms(7005), seconds(4)).reports(ms(2000)).sends_at(long + NS, Fail);
    // 2 x 200 s + 1 s.
    let longer = ms(2000) + Duration::from_secs(401) + LATE;
    run().set(ms(7005), seconds(200)).reports(ms(2000)).sends_at(longer, Pass);
    run().set(ms(7005), seconds(200)).reports(ms(2000)).sends_at(longer + NS, Fail);
}
