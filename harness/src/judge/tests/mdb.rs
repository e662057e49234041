//! Claims about the ports on which a switch has seen members, and about traffic across it.

use super::super::Outcome::{Fail, Pass, Vacuous};
use super::*;
use castnet::gmp::message::Sources;

use crate::plan::{MembersOf, SourceFilter};
use crate::recording::MdbChange;

const SWITCHED: &str = r#"
title = "A switch between r1 and two hosts"
end = "30s"
links = { c1 = ["r1", "sw"], c2 = ["h1", "sw"], c3 = ["h2", "sw"], up = ["s1", "r1"] }

[nodes]
s1 = { role = "source" }
r1 = { role = "router", igmp = { query-response-interval = "1s", last-member-query-interval = "500ms" } }
sw = { role = "switch" }
h1 = { role = "listener" }
h2 = { role = "listener" }

[[act]]
at = "1s"
join = { who = "h1", group = "239.1.1.1" }

[[act]]
at = "5s"
name = "leave"
leave = { who = "h1", group = "239.1.1.1" }

[[expect]]
"#;

fn run(expectation: &str) -> Run {
    let text = format!("{SWITCHED}{expectation}");
    let plan = compile("x.toml", &text).unwrap_or_else(|rejected| panic!("{rejected}"));
    let recording = Recording {
        acts: vec![Some(ms(1000)), Some(LEAVE)],
        ..Run::new(
            "mfc = { of = 'r1', group = '239.1.1.1', source = 's1', absent = true }\nat = 'leave'",
        )
        .recording
    };
    Run { plan, recording }
}

/// A claim about 239.1.1.1 at 6.001 s.
fn at_leave(entry: &str) -> Run {
    run(&format!("mdb = {{ of = 'sw', group = '239.1.1.1', {entry} }}\nat = 'leave + LMQT'"))
}

impl Run {
    /// The ports with members of the group from now on.
    fn members(mut self, at: Instant, ports: &[&str]) -> Self {
        let of = || MembersOf { filter: SourceFilter::all(), requested: Some(Sources::new()) };
        let ports = ports.iter().map(|port| (self.port(port), of())).collect();
        let (node, group) = (self.node("sw"), group(GROUP));
        self.recording.mdb.push(MdbChange { at, node, group, ports });
        self
    }

    /// A Report of h1 at one port, as the port of its sender or the one that passes it on.
    fn report(mut self, at: Instant, port: &str) -> Self {
        let source = self.address("h1:c2");
        let message = Message::V2Report { group: GROUP };
        let mut bytes = igmp_frame(&Ipv4Header::igmp(source, GROUP), &message);
        bytes[6..12].copy_from_slice(&self.plan.ports[self.port("h1:c2")].mac);
        let (port, outgoing, original_len) = (self.port(port), true, bytes.len());
        self.recording.frames.push(Frame { at, port, outgoing, bytes, original_len });
        self
    }
}

#[test]
fn the_ports_just_before_the_time_count() {
    for (since, until, outcome) in [
        (ms(2000), ms(9000), Pass),
        (ms(2000), ms(6001), Pass),
        (ms(2000), ms(6001) - NS, Fail),
        (ms(6001) - NS, ms(9000), Pass),
        (ms(6001), ms(9000), Fail),
    ] {
        let claim = at_leave("ports = ['c2']");
        claim.members(since, &["sw:c2"]).members(until, &[]).comes_out(outcome);
    }
}

#[test]
fn the_ports_are_exactly_the_claimed_ones_in_any_order() {
    for (claimed, outcome) in [
        ("ports = ['c3', 'c2']", Pass),
        ("ports = ['c2', 'c3']", Pass),
        ("ports = ['c2']", Fail),
        ("ports = ['c1', 'c2', 'c3']", Fail),
        ("absent = true", Fail),
    ] {
        at_leave(claimed).members(ms(2000), &["sw:c2", "sw:c3"]).comes_out(outcome);
    }
    let mut other = at_leave("ports = ['c2']").members(ms(2000), &["sw:c2"]);
    other.recording.mdb[0].group = group(OTHER_GROUP);
    other.comes_out(Fail);
}

#[test]
fn what_a_port_wants_is_claimed_as_of_a_routers_members() {
    let s1 = IpAddr::from(at_leave("absent = true").address("s1:up"));
    let s2 = IpAddr::from([10, 0, 9, 9]);
    let include = MembersOf { filter: SourceFilter::Include([s1].into()), requested: None };
    let exclude =
        MembersOf { filter: SourceFilter::Exclude([s2].into()), requested: Some([s1].into()) };
    for (claimed, of, outcome) in [
        ("{ c2 = { include = ['s1'] } }", &include, Pass),
        ("['c2']", &include, Pass),
        ("{ c2 = { include = ['s1', '10.0.9.9'] } }", &include, Fail),
        ("{ c2 = { exclude = ['s1'] } }", &include, Fail),
        ("{ c2 = { include = ['s1'] }, c3 = { exclude = [] } }", &include, Fail),
        ("{ c3 = { include = ['s1'] } }", &include, Fail),
        ("{ c2 = { exclude = ['10.0.9.9'] } }", &exclude, Pass),
        ("{ c2 = { exclude = ['10.0.9.9'], requested = ['s1'] } }", &exclude, Pass),
        ("{ c2 = { exclude = ['10.0.9.9'], requested = [] } }", &exclude, Fail),
        ("{ c2 = { exclude = [] } }", &exclude, Fail),
    ] {
        let mut run = at_leave(&format!("ports = {claimed}")).members(ms(2000), &["sw:c2"]);
        let port = run.port("sw:c2");
        run.recording.mdb[0].ports.insert(port, of.clone());
        run.comes_out(outcome);
    }
}

#[test]
fn absence_has_to_follow_presence() {
    let absent = || at_leave("absent = true");
    absent().comes_out(Vacuous);
    absent().members(ms(2000), &["sw:c2"]).members(ms(6001) - NS, &[]).comes_out(Pass);
    absent().members(ms(2000), &["sw:c2"]).members(ms(6001), &[]).comes_out(Fail);
}

#[test]
fn a_failure_tells_the_entrys_history() {
    at_leave("ports = ['c2', 'c3']").members(ms(2000), &["sw:c2"]).members(ms(4000), &[]).says(
        Fail,
        &[
            "at leave at 5.001 s + LMQT (LMQC 2 x LMQI 0.500 s) 1.000 s = 6.001 s",
            "expected at sw:c2, sw:c3",
            "found    no entry",
            "   2.000000 s  at sw:c2",
            "   4.000000 s  no entry",
        ],
    );
}

/// A packet that a switch has passed on still counts for its first sender, once on each link.
#[test]
fn a_packet_is_from_its_first_sender_on_every_link() {
    let from = |on: &str, from: &str| {
        run(&format!("packet = {{ on = '{on}', kind = 'report', from = '{from}' }}\ncount = 1"))
    };
    for (on, sender, outcome) in [
        ("c2", "h1", Pass),
        ("c1", "h1", Pass),
        ("c1", "sw", Fail),
        ("c1", "h2", Fail),
        ("c3", "h1", Fail),
    ] {
        let seen = from(on, sender).report(ms(2000), "h1:c2").report(ms(2000), "sw:c1");
        seen.comes_out(outcome);
    }
}

/// Absence behind a switch proves something only if the packet was there in the window.
#[test]
fn what_a_switch_keeps_back_was_on_another_of_its_links() {
    let none = || run("packet = { on = 'c3', kind = 'report' }\ncount = 0\nwithin = '3s'");
    none().comes_out(Vacuous);
    none().report(ms(2000), "h1:c2").comes_out(Pass);
    none().report(ms(3100) + NS, "h1:c2").comes_out(Vacuous);
    none().report(ms(2000), "h1:c2").report(ms(2000), "sw:c3").comes_out(Fail);
}

#[test]
fn what_a_switch_did_with_a_datagram_is_told_port_by_port() {
    let claim = "delivery = { to = 'h1', group = '239.1.1.1' }\nnone-after = 'leave'\nfor = '2s'\n\
                 [[act]]\nat = '6s'\nsend = { who = 's1', group = '239.1.1.1', rate = '1pps' }";
    let passed = || {
        let run = run(claim).data(ms(6000), "r1:c1", S1, first(0), 31);
        run.data(ms(6001), "sw:c2", S1, first(0), 31)
    };
    for (run, line) in [
        (passed(), "no members seen on c3"),
        (passed().members(ms(5000), &["sw:c2", "sw:c3"]), "though c3 has members"),
        (passed().members(ms(6001), &["sw:c2", "sw:c3"]), "no members seen on c3"),
    ] {
        let why = run.finding().why;
        let line = format!("entered sw:c1 at 6.000 s, {line}, left sw:c2 at 6.001 s");
        assert!(why.contains(&line), "{line:?} is not in {why:#?}");
    }
}
