//! Excused differences, and similar ones that are not excused.

use super::*;
use crate::backend::Cancel;

/// The scenario with h1's Leave at another time, in milliseconds.
fn leaving_at(milliseconds: u64) -> Plan {
    let at = |milliseconds| format!("at = \"{milliseconds}\"\nleave");
    plan(&SCENARIO.replace(&at("6s".to_owned()), &at(format!("{milliseconds}ms"))))
}

/// The disagreements if the other run lacks h1's Reports between these times, in milliseconds.
fn without_reports(plan: &Plan, kind: PacketKind, [from, to]: [u64; 2]) -> Comparison {
    let (one, mut other) = (run(plan, "sim"), run(plan, "netns"));
    let [from, to] = [from, to].map(Duration::from_millis);
    let frames = other.frames.len();
    other.frames.retain(|frame| {
        let then = (from..to).contains(&frame.at.since_start());
        !then || !is(plan, frame, "h1:lan", kind)
    });
    assert!(other.frames.len() < frames, "there was no such Report");
    compare(plan, &one, &other)
}

// A host may answer a tolerance late, and leave before.
#[test]
fn a_query_need_not_be_answered_by_who_leaves_before_a_late_answer() {
    // The Query comes at 5 s, and grants a second.
    for (left, disagreements) in [(6_050, 0), (6_300, 1)] {
        let plan = leaving_at(left);
        let found = without_reports(&plan, PacketKind::V2Report, [5_000, 6_100]);
        assert_eq!(found.disagreements.len(), disagreements, "{left}: {found:?}");
    }
}

// RFC1112 hosts answer too, in their own form.
#[test]
fn a_query_that_a_version_1_host_does_not_answer_is_told() {
    let plan = plan(&SCENARIO.replace(
        "h1 = { role = \"listener\", igmp-version = 2 }",
        "h1 = { role = \"listener\", igmp-version = 1 }",
    ));
    let found = without_reports(&plan, PacketKind::V1Report, [500, 4_000]);
    let [told] = found.disagreements.as_slice() else { panic!("{found:?}") };
    assert!(told.text.starts_with("after a Query at 1.000 s, 239.1.1.1 is reported on lan at 1."));
}

// RFC2236-3-19, RFC2236-3-20: the last Report before the leave decides whether there is a Leave.
#[test]
fn who_reports_after_a_leave_excuses_nothing() {
    let plan = plan(&with("at = \"300ms\"\njoin = { who = \"h2\", group = \"239.1.1.1\" }"));
    let (one, mut other) = (run(&plan, "sim"), run(&plan, "netns"));
    let report = |frame: &&Frame| is(&plan, frame, "h1:lan", PacketKind::V2Report);
    let again = other.frames.iter().find(report).unwrap().clone();
    // The very last Report of the run.
    other.frames.push(Frame { at: Instant::ZERO + plan.end, ..again });
    other.frames.sort_by_key(|frame| frame.at);
    let found = compare(&plan, &one, &other);
    assert_eq!(found.left_out, <[&str; 0]>::default());
}

#[test]
fn a_switch_does_not_excuse_a_router_that_is_silent_at_the_start() {
    let plan = plan(
        r#"
title = "two routers behind a switch that asks nobody"
[links]
c1 = ["r1", "sw"]
c2 = ["r2", "sw"]
c3 = ["h1", "sw"]
[nodes]
r1 = { role = "router", igmp = { query-interval = "4s", query-response-interval = "1s" } }
r2 = { role = "router", igmp = { query-interval = "4s", query-response-interval = "1s" } }
sw = { role = "switch" }
h1 = { role = "listener" }
[[expect]]
packet = { on = "c3", kind = "general-query" }
count = ">= 1"
within = "9s"
"#,
    );
    let (one, mut other) = (run(&plan, "sim"), run(&plan, "netns"));
    let r2 = plan.ports.iter().position(|port| plan.nodes[port.node].name == "r2").unwrap();
    other.frames.retain(|frame| {
        let packet = decode(&frame.bytes);
        !packet.is_some_and(|packet| {
            packet.is(PacketKind::GeneralQuery) && Some(packet.source) == plan.ports[r2].address
        })
    });
    let found = compare(&plan, &one, &other);
    assert_eq!(found.left_out, <[&str; 0]>::default());
    assert!(!found.disagreements.is_empty());
}

/// A host of version 3 beside a querier of version 2, that joins a group twice.
const TWICE: &str = r#"
title = "a member joins again"

[links]
lan = ["r1", "h1"]

[nodes]
r1 = { role = "router", igmp = { version = 2, query-interval = "20s", query-response-interval = "1s" } }
h1 = { role = "listener" }

[[act]]
at = "2s"
join = { who = "h1", group = "239.1.1.1", from = ["10.0.9.1"] }
# BETWEEN
[[act]]
at = "9s"
name = "again"
join = { who = "h1", group = "239.1.1.1", from = ["10.0.9.1", "10.0.9.2"] }

[[expect]]
packet = { on = "lan", kind = "report" }
count = ">= 1"
within = "11s"
"#;

// RFC2236-6-07: the Report of a join is said again at a random time, which may follow another act.
#[test]
fn a_report_right_after_a_member_joins_again_may_be_due_to_the_first_join() {
    let leaves = "[[act]]\nat = \"8s\"\nleave = { who = \"h1\", group = \"239.1.1.1\" }";
    for (between, disagreements) in [("", 0), (leaves, 1)] {
        let plan = plan(&TWICE.replace("# BETWEEN", between));
        let runs = ["sim", "netns"].map(|backend| {
            let mut recording = run(&plan, backend);
            let is_report = |frame: &&Frame| is(&plan, frame, "h1:lan", PacketKind::V2Report);
            let first = recording.frames.iter().find(is_report).unwrap().clone();
            let again = Duration::from_secs(9)..Duration::from_secs(10);
            recording.frames.retain(|frame| !again.contains(&frame.at.since_start()));
            if backend == "netns" {
                let at = Instant::ZERO + Duration::from_millis(9_020);
                recording.frames.push(Frame { at, ..first });
                recording.frames.sort_by_key(|frame| frame.at);
            }
            recording
        });
        let found = compare(&plan, &runs[0], &runs[1]);
        assert_eq!(found.disagreements.len(), disagreements, "{found:?}");
    }
}

// RFC3810-6.2-02: an answer names each group, those too that a Report alone is not recorded for. With this seed
// h1 joins before its answer to the Query at 31.25 s, and with the other one after it.
#[test]
fn groups_of_a_kernel_itself_are_reported_beside_others_or_not() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/pim/rp/shared-tree.toml");
    let mut plan = crate::plan::load(std::path::Path::new(file)).unwrap().remove(1);
    // As backends record it: without noise.
    let recorded = |plan: &Plan| crate::backend::sim::run(plan, &Cancel::new()).unwrap();
    let one = recorded(&plan);
    plan.seed = 19;
    assert_eq!(compare(&plan, &one, &recorded(&plan)).disagreements, []);
}
