//! Why a datagram did not go on, as far as the recording tells.

use std::net::Ipv4Addr;

use castnet::addr::Channel;
use castnet::time::Instant;

use super::{GROUP, NS, OTHER_GROUP, Run, S1, S2, first, group, ms};
use crate::plan::{Action, Role};
use crate::recording::{StateChange, UpcallKind};

const LAN: Option<(&str, &[&str])> = Some(("r1:up", &["r1:lan"]));
const NOWHERE: Option<(&str, &[&str])> = Some(("r1:up", &[]));

/// A datagram that is sent at 3 s, when h1 is a member, and never received.
fn lost() -> Run {
    let claim = "delivery = { to = 'h1', group = '239.1.1.1' }\nexactly-once = true";
    Run::new(claim).sent(ms(3000), 0)
}

impl Run {
    fn lan_has_members(self, at: Instant, present: bool) -> Self {
        let (port, group) = (self.port("r1:lan"), group(GROUP));
        self.tells(at, StateChange::Members { port, group, present })
    }

    fn upcall(self, at: Instant, kind: UpcallKind) -> Self {
        let (port, source, group) = (self.port("r1:up"), S1.into(), group(GROUP));
        self.tells(at, StateChange::Upcall { port, kind, source, group })
    }

    /// The line about r1 has these words between its first and its last ones.
    #[track_caller]
    fn never_left_because(self, reasons: &str) {
        let why = self.finding().why;
        let line = format!("entered r1:up at 3.000 s, {reasons}, never left");
        assert!(why.contains(&line), "{line:?} is not in {why:#?}");
    }
}

#[test]
fn a_flow_without_members_goes_nowhere() {
    lost().never_left_because("no entry, no members on lan");
    lost().entry(ms(2000), NOWHERE).never_left_because("no members on lan");
    let asked = || lost().upcall(ms(3001), UpcallKind::NoCache);
    asked().never_left_because("upcall NOCACHE, no entry, no members on lan");
    // The datagram waits for the entry that is made for it.
    asked().entry(ms(3002), NOWHERE).never_left_because("upcall NOCACHE, no members on lan");
}

#[test]
fn an_upcall_explains_the_datagram_that_it_follows() {
    let no_cache = UpcallKind::NoCache;
    lost()
        .upcall(ms(3000), no_cache)
        .never_left_because("upcall NOCACHE, no entry, no members on lan");
    lost()
        .upcall(ms(3100), no_cache)
        .never_left_because("upcall NOCACHE, no entry, no members on lan");
    lost().upcall(ms(3100) + NS, no_cache).never_left_because("no entry, no members on lan");
    lost().upcall(ms(2999), no_cache).never_left_because("no entry, no members on lan");
    let mut other = lost().upcall(ms(3000), no_cache);
    if let Some(StateChange::Upcall { source, .. }) = &mut other.recording.events[0].change {
        *source = S2.into();
    }
    other.never_left_because("no entry, no members on lan");
}

#[test]
fn what_comes_in_on_the_wrong_side_is_dropped_whoever_wants_it() {
    lost()
        .entry(ms(2000), Some(("r1:lan", &["r1:up"])))
        .lan_has_members(ms(1000), true)
        .never_left_because("its entry takes it in on r1:lan");
}

#[test]
fn a_copy_on_the_wrong_side_is_told_apart_from_the_one_that_went_on() {
    let run = lost().data(ms(3001), "h2:lan", S1, first(0), 32).entry(ms(2000), LAN);
    let why = run.forwarded(ms(3002), 0).finding().why;
    for line in [
        "entered r1:up at 3.000 s, left r1:lan at 3.002 s",
        "entered r1:lan at 3.001 s, its entry takes it in on r1:up, never left",
    ] {
        assert!(why.iter().any(|found| found == line), "{line:?} is not in {why:#?}");
    }
}

#[test]
fn a_flow_whose_source_no_route_reaches_goes_nowhere_whoever_wants_it() {
    let told = |at, source: Ipv4Addr| {
        let no_route = StateChange::NoRoute { source: source.into(), group: group(GROUP) };
        lost().lan_has_members(ms(1000), true).tells(at, no_route)
    };
    let run = || told(ms(2000), S1).entry(ms(2000), NOWHERE);
    run().never_left_because("no route to its source");
    // A route came later, or it is another flow's source.
    run().entry(ms(2500), LAN).never_left_because("though its entry leads to lan");
    let other = told(ms(2000), S2).entry(ms(2000), NOWHERE);
    other.never_left_because("though lan has members");
    told(ms(3101), S1).entry(ms(2000), NOWHERE).never_left_because("though lan has members");
}

#[test]
fn what_does_not_explain_itself_is_said() {
    lost().entry(ms(2000), LAN).never_left_because("though its entry leads to lan");
    let members = || lost().entry(ms(2000), NOWHERE).lan_has_members(ms(1000), true);
    members().never_left_because("though lan has members");
    let mut joined = lost().entry(ms(2000), NOWHERE);
    let r1 = joined.node("r1");
    if let Role::Router(router) = &mut joined.plan.nodes[r1].role {
        let channel = Channel { source: None, group: group(GROUP) };
        router.interfaces[1].static_joins.insert(channel);
    }
    joined.never_left_because("though lan has a static join");
}

#[test]
fn members_are_those_of_that_time_and_group() {
    let run = || lost().entry(ms(2000), NOWHERE);
    run().lan_has_members(ms(3000), true).never_left_because("though lan has members");
    run().lan_has_members(ms(3000) + NS, true).never_left_because("no members on lan");
    let gone = run().lan_has_members(ms(1000), true).lan_has_members(ms(3000), false);
    gone.never_left_because("no members on lan");
    let mut other = run().lan_has_members(ms(1000), true);
    if let Some(StateChange::Members { group: of, .. }) = &mut other.recording.events[0].change {
        *of = group(OTHER_GROUP);
    }
    other.never_left_because("no members on lan");
}

#[test]
fn a_ttl_that_does_not_reach_is_the_reason() {
    for (ttl, reason) in [
        (1, "TTL 1 not above the threshold 1 of lan"),
        (2, "though its entry leads to lan"),
        (0, "TTL 0 not above the threshold 1 of lan"),
    ] {
        let claim = "delivery = { to = 'h1', group = '239.1.1.1' }\nexactly-once = true";
        let run = Run::new(claim).data(ms(3000), "s1:up", S1, first(0), ttl);
        run.entry(ms(2000), LAN).never_left_because(reason);
    }
    let mut run = lost().entry(ms(2000), LAN);
    let r1 = run.node("r1");
    if let Role::Router(router) = &mut run.plan.nodes[r1].role {
        router.interfaces[1].threshold = 32;
    }
    run.never_left_because("TTL 32 not above the threshold 32 of lan");
}

#[test]
fn a_dead_router_forwards_nothing_and_a_new_one_has_forgotten() {
    let killed = |at: u64, restarted: Option<u64>| {
        let mut run = lost().entry(ms(500), NOWHERE).lan_has_members(ms(600), true);
        let r1 = run.node("r1");
        let acts = [(Action::Kill, Some(at)), (Action::Restart, restarted)];
        for (action, done) in acts {
            let act = run.plan.acts[0].clone();
            run.plan.acts.push(crate::plan::Act { node: r1, action, ..act });
            run.recording.acts.push(done.map(ms));
        }
        run
    };
    killed(2000, None).never_left_because("r1 was killed at 2.000 s");
    killed(3001, None).never_left_because("though lan has members");
    killed(2000, Some(3001)).never_left_because("r1 was killed at 2.000 s");
    killed(2000, Some(2500)).never_left_because("no members on lan");
}

#[test]
fn copies_on_one_link_belong_to_who_sent_them() {
    let mut run = lost();
    let ports = [run.port("r1:lan"), run.port("h2:lan")];
    for (n, port) in ports.into_iter().enumerate() {
        let mac = run.plan.ports[port].mac;
        let from = run.recording.frames.len();
        let name = run.plan.port_name(port);
        run = run.data(ms(3001), &name, S1, first(0), 31);
        for frame in &mut run.recording.frames[from..] {
            frame.bytes[6..12].copy_from_slice(&mac);
            // What is received is received later than both are sent.
            frame.at = if frame.outgoing { ms(3001) } else { ms(3002 + n as u64) };
        }
    }
    let why = run.finding().why;
    for line in
        ["   3.001000 s  r1:lan -> h1:lan, h2:lan", "   3.001000 s  h2:lan -> r1:lan, h1:lan"]
    {
        assert!(why.iter().any(|found| found == line), "{line:?} is not in {why:#?}");
    }
}
