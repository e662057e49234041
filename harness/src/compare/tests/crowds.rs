//! Crowds of equal messages.

use super::*;

#[test]
fn one_more_or_less_of_a_crowd_is_no_disagreement() {
    let injector = SCENARIO
        .replace("h2 = { role = \"listener\", igmp-version = 2 }", "h2 = { role = \"injector\" }")
        .replacen(
            "[[act]]",
            "[[act]]\nat = \"2s\"\nreport = { who = \"h2\", group = \"239.9.9.9\", every = \"5ms\", \
             times = 50 }\n\n[[act]]",
            1,
        );
    let plan = plan(&injector);
    let without = |count: usize, from_end: bool| {
        let (one, mut other) = (run(&plan, "sim"), run(&plan, "netns"));
        let is_it = |frame: &Frame| is(&plan, frame, "h2:lan", PacketKind::V2Report);
        let all: Vec<Instant> =
            other.frames.iter().filter(|frame| is_it(frame)).map(|frame| frame.at).collect();
        let from = if from_end { all.len() - count } else { 10 };
        let gone = &all[from..from + count];
        other.frames.retain(|frame| !is_it(frame) || !gone.contains(&frame.at));
        compare(&plan, &one, &other).disagreements.len()
    };
    assert_eq!([without(1, false), without(1, true)], [0, 0]);
    // Half of them at the end, or a gap in the middle.
    assert_eq!([without(25, true), without(24, false)], [1, 1]);
}
