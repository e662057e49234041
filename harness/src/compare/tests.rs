mod crowds;
mod excuses;
mod repeats;
mod starts;

use std::time::Duration;

use super::*;
use crate::recording::{Deliveries, Delivery, Frame};

/// Two listeners; one leaves, so that the querier sends Queries; then a stream and its end.
const SCENARIO: &str = r#"
title = "something of everything"

[links]
up = ["s1", "r1"]
lan = ["r1", "h1", "h2"]

[nodes]
s1 = { role = "source" }
r1 = { role = "router", igmp = { version = 2, query-interval = "4s", query-response-interval = "1s", last-member-query-interval = "500ms" } }
h1 = { role = "listener", igmp-version = 2 }
h2 = { role = "listener", igmp-version = 2 }

[[act]]
at = "300ms"
join = { who = "h1", group = "239.1.1.1" }

[[act]]
at = "400ms"
send = { who = "s1", group = "239.1.1.1", rate = "100pps" }

[[act]]
at = "6s"
leave = { who = "h1", group = "239.1.1.1" }

[[expect]]
packet = { on = "lan", kind = "query" }
count = ">= 1"
within = "9s"
"#;

fn plan(text: &str) -> Plan {
    crate::plan::compile("compared.toml", text).unwrap_or_else(|e| panic!("{}", e.render(false)))
}

fn run(plan: &Plan, backend: &'static str) -> Recording {
    Recording { backend, ..crate::sim::run(plan, |_| true).unwrap().unwrap() }
}

/// The run, and a changed copy of it.
fn changed(change: impl FnOnce(&Plan, &mut Recording)) -> Comparison {
    let plan = plan(SCENARIO);
    let (one, mut other) = (run(&plan, "sim"), run(&plan, "netns"));
    change(&plan, &mut other);
    compare(&plan, &one, &other)
}

/// The disagreements with the changed run, in words.
fn told(change: impl FnOnce(&Plan, &mut Recording)) -> Vec<String> {
    changed(change).disagreements.into_iter().map(|one| one.text).collect()
}

fn is(plan: &Plan, frame: &Frame, port: &str, kind: PacketKind) -> bool {
    let packet = decode(&frame.bytes);
    plan.port_name(frame.port) == port && packet.is_some_and(|packet| packet.is(kind))
}

#[test]
fn equal_runs_agree_in_everything() {
    let found = changed(|_, _| {});
    assert_eq!(found.disagreements, []);
    assert_eq!(found.widest, Duration::ZERO);
    // General Queries at 0, 1, 5 and 9 s on both links, two Group-Specific ones after the Leave,
    // and the Leave; answers to a join and two Queries; the stream begins and ends at s1, at r1 and
    // at the socket of h1.
    let wanted = Shared { messages: 11, answers: 3, pauses: 5 };
    assert_eq!(found.shared, wanted);
}

#[test]
fn what_chance_decides_is_no_disagreement() {
    let mut seeded = plan(SCENARIO);
    let one = run(&seeded, "sim");
    let answer = |recording: &Recording| {
        let of_h1 = |frame: &&Frame| is(&seeded, frame, "h1:lan", PacketKind::V2Report);
        recording.frames.iter().rev().find(of_h1).map(|frame| frame.at)
    };
    let before = answer(&one);
    seeded.seed = 7;
    let other = run(&seeded, "netns");
    let after = {
        let of_h1 = |frame: &&Frame| is(&seeded, frame, "h1:lan", PacketKind::V2Report);
        other.frames.iter().rev().find(of_h1).map(|frame| frame.at)
    };
    assert_ne!(before, after, "the seed changed nothing");
    assert_eq!(compare(&seeded, &one, &other).disagreements, []);
}

#[test]
fn a_late_message_is_told_with_both_times() {
    let told = told(|plan, other| {
        let late = Duration::from_millis(600);
        let query = other.frames.iter_mut().filter(|frame| {
            is(plan, frame, "r1:lan", PacketKind::GroupSpecificQuery) && frame.outgoing
        });
        query.last().unwrap().at = Instant::ZERO + Duration::from_millis(6500) + late;
    });
    assert_eq!(
        told,
        [
            "r1:lan sends 10.0.2.1 > 239.1.1.1 v2 Membership Query, group 239.1.1.1, max resp 0.5 s, \
          TTL 1 at 6.500 s in sim, at 7.100 s in netns: 0.599 s apart, and 0.100 s is allowed"
        ]
    );
}

#[test]
fn a_missing_message_and_one_too_many_are_told() {
    let missing = told(|plan, other| {
        other.frames.retain(|frame| !is(plan, frame, "h1:lan", PacketKind::Leave));
    });
    assert_eq!(
        missing,
        ["h1:lan sends 10.0.2.2 > 224.0.0.2 Leave Group 239.1.1.1, TTL 1 at 6.000 s in sim, the \
          first one; netns has 0 of them"]
    );
    let more = told(|plan, other| {
        let query = |frame: &&Frame| is(plan, frame, "r1:lan", PacketKind::GeneralQuery);
        let mut again = other.frames.iter().find(query).unwrap().clone();
        again.at = Instant::ZERO + Duration::from_secs(7);
        other.frames.push(again);
        other.frames.sort_by_key(|frame| frame.at);
    });
    let [more] = more.as_slice() else { panic!("{more:?}") };
    assert!(more.contains("general, max resp 1.0 s, TTL 1 at 9.000 s in sim, at 7.000 s in netns"));
}

#[test]
fn a_query_that_nobody_answers_is_told() {
    let silent = |from: u64, to: u64| {
        told(move |plan, other| {
            let (from, to) = (Duration::from_millis(from), Duration::from_millis(to));
            other.frames.retain(|frame| {
                let then = (from..to).contains(&frame.at.since_start());
                !then || !is(plan, frame, "h1:lan", PacketKind::V2Report)
            });
        })
    };
    let join = silent(0, 500);
    assert_eq!(
        join,
        [
            "after `h1 joins 239.1.1.1` at 0.300 s, 239.1.1.1 is reported on lan at 0.312 s in sim, and \
          not in netns"
        ]
    );
    let [query] = &silent(500, 4000)[..] else { panic!("{:?}", silent(500, 4000)) };
    assert!(query.starts_with("after a Query at 1.000 s, 239.1.1.1 is reported on lan at 1."));
    assert!(query.ends_with("s in sim, and not in netns"), "{query}");
}

#[test]
fn a_stream_that_stops_later_or_never_is_told() {
    let stop = |other: &mut Recording, plan: &Plan, from: u64, to: u64| {
        let (from, to) = (Duration::from_millis(from), Duration::from_millis(to));
        let cut = |at: Instant| (from..to).contains(&at.since_start());
        other.frames.retain(|frame| !cut(frame.at) || !is(plan, frame, "r1:lan", PacketKind::Data));
    };
    let paused = told(|plan, other| stop(other, plan, 2000, 3000));
    assert_eq!(
        paused,
        [
            "stream 0 to 239.1.1.1 out of r1:lan: not there from 1.990 s to 3.000 s in netns, and there \
          all the time in sim"
        ]
    );
    let early = told(|plan, other| stop(other, plan, 6000, 9000));
    assert_eq!(
        early,
        ["stream 0 to 239.1.1.1 out of r1:lan: sim stops at 6.990 s, netns at 5.990 s: 1.000 s \
          apart, and 0.100 s is allowed"]
    );
    let slightly = told(|plan, other| stop(other, plan, 6950, 9000));
    assert_eq!(slightly, <[&str; 0]>::default());
}

#[test]
fn an_act_that_was_late_and_a_late_laboratory_are_allowed_for() {
    let late = Duration::from_millis(400);
    let shift = |plan: &Plan, other: &mut Recording| {
        for frame in &mut other.frames {
            if is(plan, frame, "s1:up", PacketKind::Data)
                || is(plan, frame, "r1:lan", PacketKind::Data)
            {
                frame.at = frame.at + late;
            }
        }
        let delivered = other.deliveries.iter();
        other.deliveries =
            delivered.map(|delivery| Delivery { at: delivery.at + late, ..delivery }).collect();
        other.frames.sort_by_key(|frame| frame.at);
    };
    assert!(!told(|plan, other| shift(plan, other)).is_empty());
    let late_act = told(|plan, other| {
        shift(plan, other);
        other.acts[1] = other.acts[1].map(|at| at + late);
    });
    assert_eq!(late_act, <[&str; 0]>::default());
    let late_laboratory = told(|plan, other| {
        shift(plan, other);
        other.lateness.by = late;
    });
    assert_eq!(late_laboratory, <[&str; 0]>::default());
}

#[test]
fn a_group_whose_last_reporter_was_another_one_is_left_out() {
    let both = SCENARIO.replacen(
        "[[act]]",
        "[[act]]\nat = \"300ms\"\njoin = { who = \"h2\", group = \"239.1.1.1\" }\n\n[[act]]",
        1,
    );
    let mut plan = plan(&both);
    let one = run(&plan, "sim");
    // With some seed the other host answers last before h1 leaves.
    let parted = (2..40).find_map(|seed| {
        plan.seed = seed;
        let found = compare(&plan, &one, &run(&plan, "netns"));
        assert_eq!(found.disagreements, [], "seed {seed}");
        found.left_out.into_iter().next()
    });
    let parted = parted.unwrap();
    assert!(parted.starts_with("239.1.1.1 on lan from 6.000 s on: chance had it that 10.0.2."));
}

/// The scenario with another act before its own ones.
fn with(act: &str) -> String {
    SCENARIO.replacen("[[act]]", &format!("[[act]]\n{act}\n\n[[act]]"), 1)
}

#[test]
fn a_second_query_that_an_answer_in_time_spares_is_left_out() {
    let joins = with("at = \"300ms\"\njoin = { who = \"h2\", group = \"239.1.1.1\" }");
    let plan = plan(&joins);
    // In one run h2 answers at once, in the other one when it is too late.
    let answering = |at: u64, again: bool| {
        let mut recording = run(&plan, if again { "netns" } else { "sim" });
        let is_answer = |frame: &Frame| is(&plan, frame, "h2:lan", PacketKind::V2Report);
        let is_query = |frame: &Frame| is(&plan, frame, "r1:lan", PacketKind::GroupSpecificQuery);
        let query = recording.frames.iter().find(|frame| is_query(frame)).cloned();
        let answer = recording.frames.iter().find(|frame| is_answer(frame)).cloned();
        let asked = Duration::from_secs(6);
        recording.frames.retain(|frame| {
            frame.at.since_start() < asked || !(is_answer(frame) || is_query(frame))
        });
        let mut add = |frame: Option<Frame>, at: u64| {
            let at = Instant::ZERO + Duration::from_millis(at);
            recording.frames.extend(frame.map(|frame| Frame { at, ..frame }));
        };
        add(query.clone(), 6000);
        add(answer, at);
        if again {
            add(query, 6500);
        }
        recording.frames.sort_by_key(|frame| frame.at);
        recording
    };
    let found = compare(&plan, &answering(6100, false), &answering(6510, true));
    assert_eq!(found.disagreements, []);
    let [told] = found.left_out.as_slice() else { panic!("{:?}", found.left_out) };
    assert!(
        told.contains("group 239.1.1.1, max resp 0.5 s on lan at 6.500 s in netns: chance had")
    );
    // The answer was on its way when the second Query was sent.
    let found = compare(&plan, &answering(6100, false), &answering(6499, true));
    assert_eq!((found.disagreements, found.left_out.len()), (vec![], 1));
    // The Query was answered in time in both, but one sends another one.
    let found = compare(&plan, &answering(6100, false), &answering(6100, true));
    let [told] = found.disagreements.as_slice() else { panic!("{:?}", found.disagreements) };
    assert!(told.text.ends_with("at 6.500 s in netns, number 2 of its kind; sim has 1 of them"));
}

/// The deliveries that are kept, and one more at this time.
fn with_one_at(
    recording: &Recording,
    at: Instant,
    like: Delivery,
    is_kept: impl Fn(&Delivery) -> bool,
) -> Deliveries {
    let mut all: Vec<Delivery> = recording.deliveries.iter().filter(is_kept).collect();
    all.push(Delivery { at, ..like });
    all.sort_by_key(|delivery| delivery.at);
    all.into()
}

#[test]
fn what_comes_between_two_acts_of_one_time_is_left_to_chance() {
    let acts = with(
        "at = \"2s\"\ndown = { who = \"h1\", link = \"lan\" }\n\n[[act]]\nat = \"2s\"\n\
         join = { who = \"h2\", group = \"239.1.1.1\" }",
    );
    let plan = plan(&acts);
    let moment = Instant::ZERO + Duration::from_secs(2);
    let (one, mut other) = (run(&plan, "sim"), run(&plan, "netns"));
    let h2 = plan.nodes.iter().position(|node| node.name == "h2").unwrap();
    let first = other.deliveries.iter().find(|delivery| delivery.node == h2).unwrap();
    let is_later = |delivery: &Delivery| delivery.at.since(moment) > Duration::from_secs(1);
    other.deliveries =
        with_one_at(&other, moment, first, |delivery| delivery.node != h2 || is_later(delivery));
    let late = compare(&plan, &one, &other);
    let [told] = late.disagreements.as_slice() else { panic!("{:?}", late.disagreements) };
    assert!(told.text.starts_with("stream 0 to 239.1.1.1 at h2's socket: sim starts at 2.000 s"));
    // Without that datagram between the acts there is no disagreement.
    let mut without = other.clone();
    let kept = without.deliveries.iter();
    without.deliveries =
        kept.filter(|delivery| delivery.node != h2 || delivery.at != moment).collect();
    assert_eq!(compare(&plan, &without, &other).disagreements, []);
    // With one at another time there is.
    let later = moment + Duration::from_millis(600);
    without.deliveries = with_one_at(&without, later, first, |_| true);
    assert_eq!(compare(&plan, &without, &other).disagreements.len(), 1);
}

#[test]
fn whether_a_switch_asks_first_is_left_to_chance() {
    let scenario = r#"
title = "a switch that asks when the router is gone"
[links]
c1 = ["r1", "sw"]
c2 = ["h1", "sw"]
[nodes]
r1 = { role = "router", igmp = { query-interval = "2s", query-response-interval = "500ms" } }
sw = { role = "switch", querier = true, query-interval = "2s", query-response-interval = "500ms" }
h1 = { role = "listener" }
[[act]]
at = "3s"
kill = { who = "r1" }
[[expect]]
packet = { on = "c2", kind = "general-query", from = "sw" }
count = ">= 1"
within = "12s"
"#;
    let plan = plan(scenario);
    let (one, other) = (run(&plan, "sim"), run(&plan, "netns"));
    let asks = |frame: &&Frame| is(&plan, frame, "sw:c2", PacketKind::GeneralQuery);
    let last = other.frames.iter().rev().find(asks).unwrap();
    let asking_at = |milliseconds: u64| {
        let mut other = other.clone();
        let at = Instant::ZERO + Duration::from_millis(milliseconds);
        other.frames.push(Frame { at, ..last.clone() });
        other.frames.sort_by_key(|frame| frame.at);
        compare(&plan, &one, &other)
    };
    let at_the_start = asking_at(5);
    assert_eq!(at_the_start.disagreements, []);
    assert_eq!(
        at_the_start.left_out,
        [
            "what is asked and answered on c1 from 0.000 s on: chance had it that 10.0.1.1 asked first in sim, \
          and 10.0.1.1 and 10.0.1.2 in netns"
        ]
    );
    assert!(!asking_at(2500).disagreements.is_empty());
}

#[test]
fn a_router_that_is_silent_at_the_start_is_told() {
    let two = "h2 = { role = \"listener\", igmp-version = 2 }";
    let plan = plan(&SCENARIO.replace(two, "h2 = { role = \"router\" }"));
    let (one, mut other) = (run(&plan, "sim"), run(&plan, "netns"));
    other.frames.retain(|frame| !is(&plan, frame, "h2:lan", PacketKind::GeneralQuery));
    let found = compare(&plan, &one, &other);
    assert_eq!((found.left_out.len(), found.disagreements.len()), (0, 1), "{found:?}");
}
