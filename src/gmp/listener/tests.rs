//! The host's clauses of RFC 2236, each on a quiet link with one host in virtual time.

use std::collections::{BTreeSet, VecDeque};

use super::*;
use crate::rng::Rng;

mod sequences;
mod v1_router;

/// One host with its link: time, randomness, and all its messages.
struct Host {
    listener: Listener,
    rng: Rng,
    now: Instant,
    heard: Vec<(Instant, Say)>,
}

impl Host {
    fn new() -> Self {
        Self::with(HostParams::default())
    }

    fn with(params: HostParams) -> Self {
        let rng = Rng::for_node(1, "h1");
        Self { listener: Listener::new(params), rng, now: Instant::ZERO, heard: Vec::new() }
    }

    /// A host whose join of `group` is long over, so that it is an Idle Member.
    fn idle(group: Group) -> Self {
        let mut host = Self::new();
        host.join(group);
        host.run(20.0);
        host.heard.clear();
        assert_eq!(host.listener.state(group), GroupState::Idle);
        host
    }

    fn input(&mut self, input: impl FnOnce(&mut Listener, &mut Cx<'_>)) {
        let mut out = VecDeque::new();
        let mut cx = Cx { now: self.now, rng: &mut self.rng, out: &mut out };
        input(&mut self.listener, &mut cx);
        self.heard.extend(out.into_iter().map(|say| (self.now, say)));
    }

    fn join(&mut self, group: Group) {
        self.input(|listener, cx| listener.join(cx, group));
    }

    fn leave(&mut self, group: Group) {
        self.input(|listener, cx| listener.leave(cx, group));
    }

    fn query(&mut self, group: Option<Group>, max_resp: f64) {
        let query = QueryHeard { version: Version::V2, group, max_resp: secs(max_resp) };
        self.input(|listener, cx| listener.heard_query(cx, query));
    }

    fn v1_query(&mut self) {
        let query = QueryHeard { version: Version::V1, group: None, max_resp: Duration::ZERO };
        self.input(|listener, cx| listener.heard_query(cx, query));
    }

    /// Lets so many seconds pass, serving every timer at its instant.
    fn run(&mut self, seconds: f64) {
        let end = self.now + secs(seconds);
        while let Some(deadline) = self.listener.deadline().filter(|next| next.at <= end) {
            self.now = deadline.at;
            self.input(|listener, cx| listener.expire(cx));
        }
        self.now = end;
    }

    /// The messages since the last call.
    fn said(&mut self) -> Vec<Say> {
        self.heard.drain(..).map(|(_, say)| say).collect()
    }

    fn delay(&self, group: Group) -> Option<Duration> {
        let at = self.listener.timers.expiry(ListenerTimer::Delay(group))?;
        Some(at.since(self.now))
    }
}

fn secs(secs: f64) -> Duration {
    Duration::from_secs_f64(secs)
}

fn group(text: &str) -> Group {
    Group::new(text.parse().unwrap()).unwrap()
}

/// 239.1.1.`n`
fn g(n: u8) -> Group {
    group(&format!("239.1.1.{n}"))
}

fn v1(group: Group) -> Say {
    Say::Report { version: Version::V1, group }
}

fn v2(group: Group) -> Say {
    Say::Report { version: Version::V2, group }
}

fn bye(group: Group) -> Say {
    Say::Leave { group }
}

// RFC2236-3-08, RFC2236-3-12
#[test]
fn a_general_query_is_answered_once_for_every_group() {
    let mut host = Host::new();
    (1..=3).for_each(|n| host.join(g(n)));
    host.run(20.0);
    host.said();
    host.query(None, 10.0);
    assert_eq!(host.said(), [], "the answer waits for its timer");
    host.run(10.0);
    let mut said = host.said();
    said.sort_by_key(|say| format!("{say:?}"));
    assert_eq!(said, [v2(g(1)), v2(g(2)), v2(g(3))]);
    assert_eq!(host.listener.state(g(1)), GroupState::Idle);
    host.run(300.0);
    assert_eq!(host.said(), []);
}

// RFC2236-3-09
#[test]
fn each_group_draws_its_own_delay_up_to_the_max_response_time() {
    let mut host = Host::new();
    (1..=5).for_each(|n| host.join(g(n)));
    host.run(20.0);
    let mut delays = BTreeSet::new();
    for _ in 0..50 {
        host.query(None, 2.0);
        delays.extend((1..=5).map(|n| host.delay(g(n)).unwrap()));
        host.run(2.0);
        assert!((1..=5).all(|n| host.listener.state(g(n)) == GroupState::Idle));
    }
    assert_eq!(delays.len(), 250, "no two alike");
    assert!(!delays.contains(&Duration::ZERO));
    assert!(*delays.first().unwrap() < secs(0.1) && *delays.last().unwrap() > secs(1.9));
    assert!(*delays.last().unwrap() <= secs(2.0));
}

// RFC2236-3-10
#[test]
fn a_group_specific_query_asks_for_one_joined_group() {
    let mut host = Host::idle(g(1));
    host.join(g(2));
    host.run(20.0);
    host.said();
    host.query(Some(g(2)), 1.0);
    host.query(Some(g(3)), 1.0);
    assert_eq!(host.listener.state(g(1)), GroupState::Idle);
    assert_eq!(host.listener.state(g(2)), GroupState::Delaying);
    assert_eq!(host.listener.state(g(3)), GroupState::NonMember);
    host.run(1.0);
    assert_eq!(host.said(), [v2(g(2))]);
}

// RFC2236-3-11: redrawn below the time left, kept at the time left and above it.
#[test]
fn a_running_timer_is_redrawn_only_if_the_query_is_in_more_of_a_hurry() {
    for (short_by, redrawn) in [(1, true), (0, false)] {
        let mut host = Host::idle(g(1));
        host.query(None, 10.0);
        let left = host.delay(g(1)).unwrap();
        let max_resp = left - Duration::from_nanos(short_by);
        let query = QueryHeard { version: Version::V2, group: Some(g(1)), max_resp };
        host.input(|listener, cx| listener.heard_query(cx, query));
        assert_eq!(host.delay(g(1)).unwrap() != left, redrawn);
        assert!(host.delay(g(1)).unwrap() <= left);
    }
    let mut host = Host::idle(g(1));
    host.query(None, 0.1);
    let left = host.delay(g(1));
    host.query(None, 10.0);
    assert_eq!(host.delay(g(1)), left);
    host.run(20.0);
    assert_eq!(host.said(), [v2(g(1))]);
}

// RFC2236-3-13, RFC2236-5-01, RFC2236-6-05: in either version.
#[test]
fn a_report_by_somebody_else_takes_the_place_of_ones_own() {
    let mut host = Host::idle(g(1));
    host.join(g(2));
    host.run(20.0);
    host.said();
    host.query(None, 10.0);
    host.listener.heard_report(g(1));
    assert_eq!(host.listener.state(g(1)), GroupState::Idle);
    assert!(!host.listener.is_last_reporter(g(1)) && host.listener.is_last_reporter(g(2)));
    host.run(300.0);
    assert_eq!(host.said(), [v2(g(2))], "the other group is not concerned");
    // RFC2236-3-20
    host.leave(g(1));
    host.leave(g(2));
    assert_eq!(host.said(), [bye(g(2))]);
}

// RFC2236-6-03: with the positive control that the flag could have been cleared.
#[test]
fn a_report_heard_while_idle_or_not_a_member_changes_nothing() {
    let mut host = Host::idle(g(1));
    host.listener.heard_report(g(1));
    host.listener.heard_report(g(2));
    assert!(host.listener.is_last_reporter(g(1)));
    assert_eq!(host.listener.state(g(2)), GroupState::NonMember);
    host.leave(g(1));
    assert_eq!(host.said(), [bye(g(1))]);
    assert_eq!(host.listener.deadline(), None);
}

// RFC2236-6-05: the next own Report sets the flag again.
#[test]
fn the_last_report_decides_who_says_goodbye() {
    let mut host = Host::idle(g(1));
    host.query(None, 10.0);
    host.listener.heard_report(g(1));
    host.query(None, 10.0);
    host.run(10.0);
    assert!(host.listener.is_last_reporter(g(1)));
    host.leave(g(1));
    assert_eq!(host.said(), [v2(g(1)), bye(g(1))]);
    assert!(!host.listener.is_last_reporter(g(1)));
}

// RFC2236-3-17, RFC2236-3-18, RFC2236-6-07
#[test]
fn a_join_is_reported_at_once_and_again_within_the_unsolicited_report_interval() {
    let mut gaps = BTreeSet::new();
    let mut host = Host::new();
    for _ in 0..100 {
        let start = host.now;
        host.join(g(1));
        assert_eq!(host.heard, [(start, v2(g(1)))]);
        assert_eq!(host.listener.state(g(1)), GroupState::Delaying);
        host.run(30.0);
        assert_eq!(host.heard.len(), 2, "robustness 2: once, and once again");
        gaps.insert(host.heard[1].0.since(start));
        host.leave(g(1));
        host.heard.clear();
    }
    assert_eq!(gaps.len(), 100);
    assert!(*gaps.first().unwrap() > Duration::ZERO && *gaps.last().unwrap() <= secs(10.0));
    assert!(*gaps.first().unwrap() < secs(0.5) && *gaps.last().unwrap() > secs(9.5));
}

// RFC2236-3-18: as often as the Robustness Variable says, each time after a new delay.
#[test]
fn robustness_counts_the_reports_of_a_join() {
    for (robustness, reports) in [(0, 1), (1, 1), (2, 2), (3, 3), (255, 255)] {
        let mut host = Host::with(HostParams { robustness, ..HostParams::default() });
        host.join(g(1));
        host.run(10.0 * 255.0);
        assert_eq!(host.heard.len(), reports);
        let gaps = host.heard.windows(2).map(|pair| pair[1].0.since(pair[0].0));
        assert!(gaps.into_iter().all(|gap| !gap.is_zero() && gap <= secs(10.0)));
        assert!(host.heard.iter().all(|(_, say)| *say == v2(g(1))));
    }
}

// RFC2236-3-11, RFC2236-3-18: one timer serves both, and the answer counts as a repeat.
#[test]
fn a_query_hurries_a_repeat_up() {
    let mut host = Host::with(HostParams {
        unsolicited_report_interval: secs(1000.0),
        ..HostParams::default()
    });
    host.join(g(1));
    assert!(host.delay(g(1)).unwrap() > secs(1.0), "by this seed");
    host.query(None, 1.0);
    host.run(1.0);
    assert_eq!(host.said(), [v2(g(1)), v2(g(1))]);
    host.run(2000.0);
    assert_eq!(host.said(), []);
}

// RFC2236-3-13, RFC2236-6-05
#[test]
fn a_report_by_somebody_else_ends_all_repeats() {
    let mut host = Host::with(HostParams { robustness: 3, ..HostParams::default() });
    host.join(g(1));
    host.listener.heard_report(g(1));
    host.run(100.0);
    // One repeat would be left if only the pending one had been suppressed.
    host.query(None, 1.0);
    host.run(100.0);
    assert_eq!(host.said(), [v2(g(1)), v2(g(1))]);
}

// RFC2236-3-19, RFC2236-6-04
#[test]
fn a_leave_while_a_timer_runs_stops_it() {
    let mut host = Host::new();
    host.join(g(1));
    host.leave(g(1));
    assert_eq!(host.said(), [v2(g(1)), bye(g(1))]);
    assert_eq!(host.listener.state(g(1)), GroupState::NonMember);
    assert_eq!(host.listener.deadline(), None);
    host.query(None, 1.0);
    host.query(Some(g(1)), 1.0);
    host.run(100.0);
    assert_eq!(host.said(), []);
}

// RFC1112-7.2-03: only the first join and the last leave matter.
#[test]
fn joining_or_leaving_twice_is_joining_or_leaving_once() {
    let mut host = Host::new();
    host.join(g(1));
    let left = host.delay(g(1));
    host.join(g(1));
    assert_eq!(host.delay(g(1)), left);
    host.leave(g(1));
    host.leave(g(1));
    assert_eq!(host.said(), [v2(g(1)), bye(g(1))]);
}

// RFC2236-6-08, RFC1112-7.2-04: the next group is the positive control.
#[test]
fn all_hosts_is_idle_for_ever_and_never_spoken_of() {
    let (all_hosts, next) = (group("224.0.0.1"), group("224.0.0.2"));
    let mut host = Host::new();
    assert_eq!(host.listener.state(all_hosts), GroupState::Idle);
    [all_hosts, next].iter().for_each(|&group| host.join(group));
    host.query(None, 1.0);
    host.query(Some(all_hosts), 1.0);
    assert_eq!(host.listener.state(all_hosts), GroupState::Idle);
    host.v1_query();
    host.run(500.0);
    [all_hosts, next].iter().for_each(|&group| host.leave(group));
    assert_eq!(host.said(), [v2(next), v1(next), bye(next)]);
    assert_eq!(host.listener.state(all_hosts), GroupState::Idle);
    host.listener.heard_report(all_hosts);
    host.query(Some(all_hosts), 1.0);
    assert_eq!(host.listener.deadline(), None);
}

// RFC2710-5-03, RFC2710-5-04: scopes 0 and 1 are never reported, link-local scope is.
#[test]
fn ipv6_groups_that_stay_on_the_host_are_never_spoken_of() {
    for (text, spoken_of) in [
        ("ff02::1", false),
        ("ff00::5", false),
        ("ff01::5", false),
        ("ff02::5", true),
        ("ff02::1:ff00:1", true),
        ("ff11::5", false),
    ] {
        let mut host = Host::new();
        host.join(group(text));
        host.run(20.0);
        host.query(None, 1.0);
        host.query(Some(group(text)), 1.0);
        host.run(20.0);
        assert_eq!(host.listener.state(group(text)), GroupState::Idle);
        host.leave(group(text));
        assert_eq!(host.said().len(), if spoken_of { 4 } else { 0 }, "{text}");
    }
}

// RFC2710-4-10: in a version where zero does not mark an older querier.
#[test]
fn a_max_response_time_of_zero_asks_for_an_answer_at_once() {
    let mut host = Host::idle(group("ff05::5"));
    host.query(None, 0.0);
    host.run(0.0);
    assert_eq!(host.said(), [v2(group("ff05::5"))]);
}

// RFC2236-3-17, RFC2236-3-18: after the link was down no router needs to know of any membership.
#[test]
fn every_group_is_reported_and_repeated_once_the_link_is_back() {
    let mut host = Host::idle(g(1));
    host.join(g(2));
    host.listener.heard_report(g(2));
    host.said();
    host.input(Listener::link_returned);
    assert_eq!(host.said(), [v2(g(1)), v2(g(2))], "at once");
    host.run(10.0);
    let mut repeats = host.said();
    repeats.sort_unstable_by_key(|said| format!("{said:?}"));
    assert_eq!(repeats, [v2(g(1)), v2(g(2))], "once more within the Unsolicited Report Interval");
    host.run(300.0);
    assert_eq!(host.said(), []);
    // The host itself reported last, so that it is the one to tell of its leaving.
    host.leave(g(2));
    assert_eq!(host.said(), [bye(g(2))]);
    host.input(Listener::link_returned);
    assert_eq!(host.said(), [v2(g(1))], "what was left is not reported");
}
