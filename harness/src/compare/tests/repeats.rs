//! Changes of sources that hosts say again at a random time, and what is asked then.

use super::*;

/// Two hosts want a source, and one of them leaves; r1 asks at 3.0 and 3.5 s.
const CHANNEL: &str = r#"
title = "a channel that one of two hosts leaves"

[links]
up = ["s1", "r1"]
lan = ["r1", "h1", "h2"]

[nodes]
s1 = { role = "source" }
r1 = { role = "router", igmp = { version = 3, query-interval = "20s", query-response-interval = "1s", last-member-query-interval = "500ms" } }
h1 = { role = "listener", igmp-version = 3 }
h2 = { role = "listener", igmp-version = 3 }

[[act]]
at = "300ms"
join = { who = "h1", group = "232.1.1.1", from = ["s1"] }

[[act]]
at = "300ms"
join = { who = "h2", group = "232.1.1.1", from = ["s1"] }

[[act]]
at = "3s"
leave = { who = "h2", group = "232.1.1.1" }

[[expect]]
packet = { on = "lan", kind = "source-query" }
count = ">= 1"
within = "9s"
"#;

/// The run with the second BLOCK of h2 at this time, an answer of h1 at the other one, and Queries of
/// r1 at these, in milliseconds.
fn playing(
    plan: &Plan,
    backend: &'static str,
    block: u64,
    answer: u64,
    asked: &[u64],
) -> Recording {
    let mut recording = run(plan, backend);
    let since = Instant::ZERO + Duration::from_secs(3);
    let first = |port: &str, kind: PacketKind| {
        let mut after = recording.frames.iter().filter(|frame| frame.at >= since);
        after.find(|frame| frame.outgoing && is(plan, frame, port, kind)).unwrap().clone()
    };
    let [block_of, answer_of] = ["h2:lan", "h1:lan"].map(|port| first(port, PacketKind::V3Report));
    let query = first("r1:lan", PacketKind::SourceQuery);
    recording.frames.retain(|frame| frame.at < since);
    let mut add = |frame: &Frame, at: u64| {
        let at = Instant::ZERO + Duration::from_millis(at);
        recording.frames.push(Frame { at, ..frame.clone() });
    };
    add(&block_of, 3_001);
    add(&block_of, block);
    add(&answer_of, answer);
    asked.iter().for_each(|&at| add(&query, at));
    recording.frames.sort_by_key(|frame| frame.at);
    recording
}

// RFC3376-5.1-05: the repeat restarts the check only if an answer has ended the first one.
#[test]
fn what_a_router_asks_after_a_repeat_depends_on_an_answer_before_it() {
    let plan = plan(CHANNEL);
    let once = playing(&plan, "sim", 3_200, 3_400, &[3_002, 3_502]);
    let again = playing(&plan, "netns", 3_700, 3_400, &[3_002, 3_502, 3_701, 4_201]);
    let found = compare(&plan, &once, &again);
    assert_eq!(found.disagreements, []);
    assert_eq!(found.left_out.len(), 2, "{:?}", found.left_out);
    assert!(found.left_out[0].contains("a host repeated its change after an answer to it"));
}

#[test]
fn a_router_that_asks_again_without_an_answer_is_told() {
    let plan = plan(CHANNEL);
    let once = playing(&plan, "sim", 3_200, 3_400, &[3_002, 3_502]);
    let again = playing(&plan, "netns", 3_300, 3_400, &[3_002, 3_502, 3_701]);
    let found = compare(&plan, &once, &again);
    let [told] = found.disagreements.as_slice() else { panic!("{:?}", found.disagreements) };
    assert!(told.text.contains("at 3.701 s in netns"), "{}", told.text);
}

/// A switch that is the querier asks at 3.5 s, and once more at 4 s if that is not too late.
const SWITCH: &str = r#"
title = "a source that the only host leaves, behind a switch"

[links]
c1 = ["s1", "sw"]
c2 = ["h1", "sw"]

[nodes]
s1 = { role = "source" }
sw = { role = "switch", igmp-version = 3, querier = true, query-interval = "20s", query-response-interval = "500ms", last-member-interval = "500ms" }
h1 = { role = "listener", stack = "castnet", igmp-version = 3, robustness = 1 }

[[act]]
at = "2s"
join = { who = "h1", group = "232.1.1.1", from = ["s1"] }

[[act]]
at = "3s"
leave = { who = "h1", group = "232.1.1.1" }

[[expect]]
packet = { on = "c2", kind = "source-query" }
count = ">= 1"
within = "9s"
"#;

#[test]
fn the_query_at_the_end_of_a_check_may_come_or_not_and_no_other_one() {
    let plan = plan(SWITCH);
    let query = |frame: &Frame| is(&plan, frame, "sw:c2", PacketKind::SourceQuery);
    // The first one is at 3.5 s, the last one at 4 s.
    for (dropped, disagreements) in [(3_900..5_000, 0), (3_400..3_900, 1)] {
        let (one, mut other) = (run(&plan, "sim"), run(&plan, "netns"));
        assert_eq!(one.frames.iter().filter(|frame| frame.outgoing && query(frame)).count(), 2);
        other.frames.retain(|frame| {
            !query(frame) || !dropped.contains(&frame.at.since_start().as_millis())
        });
        let found = compare(&plan, &one, &other);
        assert_eq!(found.disagreements.len(), disagreements, "{found:?}");
        assert_eq!(found.left_out.len(), 1 - disagreements, "{found:?}");
    }
}
