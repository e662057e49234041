//! Traces of runs that are made up here: two members that leave one after the other, with everything that
//! chance and a busy machine may do differently.

mod golden;
mod made;
mod review;
mod shown;

use std::time::Duration;

use castnet::time::Instant;
use proptest::prelude::*;

use super::{Detail, trace};
use crate::judge::{Outcome, Verdict};
use made::{Made, general_query, lan_query, ms};

fn passed() -> Verdict {
    let (findings, invariants, reasons) = (Vec::new(), Vec::new(), Vec::new());
    Verdict { outcome: Outcome::Pass, findings, invariants, reasons, notes: Vec::new() }
}

fn normal(made: &Made) -> String {
    trace(&made.plan, &made.recording, &passed(), Detail::Normal)
}

const TRACE: &str = "\
Two members leave
proves RFC2236-3-23
PASS

start                               act  h1 joins 239.1.1.1
start                               up   r1 > 224.0.0.1  v2 Membership Query, general, max resp 1.0 s
start                               lan  h1 > 239.1.1.1  v2 Membership Report 239.1.1.1
start                               lan  r1 > 224.0.0.1  v2 Membership Query, general, max resp 1.0 s
start                               r1   lan: members present of 239.1.1.1
start                               r1   lan: querier
0.500 s                             act  s1 sends to 239.1.1.1
0.500 s                             up   s1 > 239.1.1.1, 100 pps, until end
0.500 s                             lan  s1 > 239.1.1.1, sent on by r1, 100 pps, until last + LMQT
0.500 s                             h1   received s1 > 239.1.1.1, 100 pps, until first
0.500 s                             r1   (s1, 239.1.1.1) in up out lan
1.000 s                             act  h2 joins 239.1.1.1
1.000 s                             lan  h2 > 239.1.1.1  v2 Membership Report 239.1.1.1
1.000 s                             h2   received s1 > 239.1.1.1, 100 pps, until last
start + SQI                         up   r1 > 224.0.0.1  v2 Membership Query, general, max resp 1.0 s
start + SQI                         lan  r1 > 224.0.0.1  v2 Membership Query, general, max resp 1.0 s
start + SQI, within max resp        lan  239.1.1.1 is answered for by a member
first                               act  h1 leaves 239.1.1.1
first                               lan  h1 > 224.0.0.2  Leave Group 239.1.1.1
first                               lan  r1 > 239.1.1.1  v2 Membership Query, group 239.1.1.1, max resp 0.5 s
first, within max resp              lan  239.1.1.1 is answered for by h2, v2 Membership Report
last                                act  h2 leaves 239.1.1.1
last                                lan  h2 > 224.0.0.2  Leave Group 239.1.1.1
last                                lan  r1 > 239.1.1.1  v2 Membership Query, group 239.1.1.1, max resp 0.5 s
last + LMQI                         lan  r1 > 239.1.1.1  v2 Membership Query, group 239.1.1.1, max resp 0.5 s
last + LMQT                         r1   (s1, 239.1.1.1) in up out nowhere
last + LMQT                         r1   lan: no members of 239.1.1.1
";

#[test]
fn a_run_in_time_has_every_line_at_what_it_follows_from() {
    assert_eq!(normal(&Made::new(|_| 0)), TRACE);
}

proptest! {
    // A machine that is late by less than its tolerance, hosts that answer and repeat themselves at
    // random, and routers that send another Query while an answer is under way.
    #[test]
    fn chance_and_a_busy_machine_change_nothing(seed: u64) {
        let mut state = seed;
        let chance = |most: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % (most + 1)
        };
        prop_assert_eq!(normal(&Made::new(chance)), TRACE);
    }
}

/// The lines that only `more` has, and those that only `less` has.
fn difference(less: &str, more: &str) -> (Vec<String>, Vec<String>) {
    let words = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    };
    let (less, more) = (words(less), words(more));
    let not_in = |one: &[String], other: &[String]| {
        one.iter().filter(|line| !other.contains(line)).cloned().collect()
    };
    (not_in(&less, &more), not_in(&more, &less))
}

fn added(made: Made) -> Vec<String> {
    let (removed, added) = difference(TRACE, &normal(&made));
    assert_eq!(removed, <[String; 0]>::default());
    added
}

#[test]
fn one_more_query_is_one_more_line() {
    let made = Made::new(|_| 0).sends(ms(6000), "r1:lan", &lan_query());
    let query = "lan r1 > 239.1.1.1 v2 Membership Query, group 239.1.1.1, max resp 0.5 s";
    assert_eq!(added(made), [format!("last + 2*LMQI {query}")]);
    // At no time at which it could be due.
    let made = Made::new(|_| 0).sends(ms(6700), "r1:lan", &lan_query());
    assert_eq!(added(made), [format!("after last {query}")]);
}

#[test]
fn what_comes_after_the_end_is_no_part_of_the_run() {
    let made = Made::new(|_| 0);
    let late = Instant::ZERO + made.plan.end + Duration::from_millis(1);
    assert_eq!(added(made.sends(late, "r1:lan", &general_query())), <[String; 0]>::default());
}

#[test]
fn a_report_that_nothing_explains_is_told() {
    let report = made::report(made::H1);
    let made = Made::new(|_| 0).sends(ms(11_900), "h1:lan", &report);
    let line = "after last lan h1 > 239.1.1.1 v2 Membership Report 239.1.1.1";
    assert_eq!(added(made), [line]);
    // Within URI of its join it may be the repetition of its first Report.
    assert_eq!(
        added(Made::new(|_| 0).sends(ms(9000), "h1:lan", &report)),
        <[String; 0]>::default()
    );
}

#[test]
fn what_a_header_has_wrong_is_told() {
    let made = Made::new(|_| 0).sends(ms(5000), "r1:lan", &made::with_ttl(9, &lan_query()));
    let line =
        "last lan r1 > 239.1.1.1 v2 Membership Query, group 239.1.1.1, max resp 0.5 s, TTL 9";
    assert_eq!(added(made), [line]);
}

#[test]
fn a_stream_that_stops_early_says_when() {
    let mut made = Made::new(|_| 0);
    let port = made.port("r1:lan");
    made.recording
        .frames
        .retain(|frame| frame.port != port || frame.at < ms(4000) || frame.bytes.len() < 60);
    let (_, added) = difference(TRACE, &normal(&made));
    let line = "0.500 s lan s1 > 239.1.1.1, sent on by r1, 100 pps, until after first";
    assert!(added.contains(&line.to_owned()), "{added:?}");
}

#[test]
fn an_act_that_was_not_done_is_told() {
    let mut made = Made::new(|_| 0);
    made.recording.acts[0] = None;
    assert!(normal(&made).contains("act  h1 joins 239.1.1.1, but it was not done\n"));
}

#[test]
fn the_exact_trace_has_every_instant() {
    let made = Made::new(|most| most / 3);
    let text = trace(&made.plan, &made.recording, &passed(), Detail::Exact);
    let starts = |line: &str| text.lines().any(|one| one.starts_with(line));
    for frame in
        made.recording.frames.iter().filter(|frame| frame.outgoing && frame.bytes.len() < 60)
    {
        let at: Instant = frame.at;
        assert!(starts(&format!("{:>12}", format!("{at:.6}"))), "{at:.6} is missing in\n{text}");
    }
    assert!(text.contains("last + LMQI"), "{text}");
    assert!(text.contains("s1 > 239.1.1.1 x 1150, 100 pps, until "), "{text}");
}
