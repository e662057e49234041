//! Where the tolerance goes: each bound on both sides, a nanosecond apart.

use std::time::Duration;

use castnet::time::Instant;

use super::super::Outcome::{self, Fail, Pass, Vacuous};
use super::{GROUP, LEAVE, LEAVE_ACT, NS, Run, ms, query};

/// The expectation, when r1 asks at these times.
#[track_caller]
fn asked(expectation: &str, at: &[Instant], outcome: Outcome) {
    let claim = r#"packet = { on = "lan", kind = "query", from = "r1" }"#;
    let run = Run::new(&format!("{claim}\n{expectation}"));
    at.iter().fold(run, |run, &at| run.asks(at)).comes_out(outcome);
}

#[test]
fn what_must_come_may_come_late_by_the_tolerance_but_never_early() {
    let expectation = "count = '>= 1'\nafter = 'leave'\nwithin = 'LMQT'";
    asked(expectation, &[LEAVE - NS], Fail);
    asked(expectation, &[LEAVE], Pass);
    asked(expectation, &[ms(6101) - NS], Pass);
    asked(expectation, &[ms(6101)], Fail);
}

#[test]
fn what_must_come_after_a_computed_time_must_not_come_before_it() {
    let expectation = "count = '>= 1'\nafter = 'leave + LMQT'\nwithin = '1s'";
    asked(expectation, &[ms(6001) - NS], Fail);
    asked(expectation, &[ms(6001)], Pass);
    asked(expectation, &[ms(7101) - NS], Pass);
    asked(expectation, &[ms(7101)], Fail);
}

#[test]
fn what_must_not_come_after_an_act_must_not_come_from_the_act_on() {
    let expectation = "count = 0\nafter = 'leave'\nwithin = 'LMQT'";
    asked(expectation, &[LEAVE - NS], Pass);
    asked(expectation, &[LEAVE], Fail);
    asked(expectation, &[ms(6001) - NS], Fail);
    asked(expectation, &[ms(6001)], Pass);
}

#[test]
fn what_must_cease_at_a_computed_time_may_cease_late_by_the_tolerance() {
    let expectation = "count = 0\nafter = 'leave + LMQT'\nwithin = '2s'";
    asked(expectation, &[ms(6101) - NS], Pass);
    asked(expectation, &[ms(6101)], Fail);
    asked(expectation, &[ms(8001) - NS], Fail);
    asked(expectation, &[ms(8001)], Pass);
}

#[test]
fn from_the_start_on_there_is_no_tolerance_and_after_it_there_is() {
    asked("count = 0\nwithin = '1s'", &[ms(0)], Fail);
    asked("count = 0\nafter = '2s'\nwithin = '1s'", &[ms(2100) - NS], Pass);
    asked("count = 0\nafter = '2s'\nwithin = '1s'", &[ms(2100)], Fail);
}

#[test]
fn an_exact_count_is_at_least_and_at_most_each_with_its_own_tolerance() {
    let expectation = "count = 1\nafter = 'leave + LMQT'\nwithin = '1s'";
    // Enough of them: early never, late by the tolerance.
    asked(expectation, &[ms(6001) - NS], Fail);
    asked(expectation, &[ms(6001)], Pass);
    asked(expectation, &[ms(7101) - NS], Pass);
    asked(expectation, &[ms(7101)], Fail);
    // Not too many: events that came late from before, or after the end, do not count.
    asked(expectation, &[ms(6101) - NS, ms(6500)], Pass);
    asked(expectation, &[ms(6101), ms(6500)], Fail);
    asked(expectation, &[ms(6500), ms(7001) - NS], Fail);
    asked(expectation, &[ms(6500), ms(7001)], Pass);
}

#[test]
fn a_range_is_judged_at_both_ends() {
    let expectation = "count = '1..2'\nafter = 'leave'\nwithin = 'LMQT'";
    asked(expectation, &[], Fail);
    asked(expectation, &[ms(5500)], Pass);
    asked(expectation, &[ms(5500), ms(5600)], Pass);
    asked(expectation, &[ms(5500), ms(5600), ms(5700)], Fail);
}

#[test]
fn a_selection_is_taken_as_it_stands() {
    for (lost, outcome) in
        [(ms(2000) - NS, Pass), (ms(2000), Fail), (ms(3000) - NS, Fail), (ms(3000), Pass)]
    {
        let expectation = "delivery = { to = 'h1', group = '239.1.1.1' }\nexactly-once = true\n\
             after = 'join + 1s'\nwithin = '1s'";
        Run::new(expectation).through(ms(2500), 0).sent(lost, 1).comes_out(outcome);
    }
}

#[test]
fn without_a_length_the_window_lasts_until_the_run_ends() {
    let expectation = "count = 0\nafter = 'leave + LMQT'";
    asked(expectation, &[ms(30_000) - NS], Fail);
    asked(expectation, &[ms(30_000)], Pass);
    asked("count = '>= 1'\nafter = 'leave'", &[ms(30_000) - NS], Pass);
    asked("count = '>= 1'\nafter = 'leave'", &[ms(30_000)], Fail);
}

// The plan refuses windows that are too short; an act that was done late shortens the others.
#[test]
fn a_window_that_the_tolerance_eats_up_proves_nothing() {
    let asked = |count: &str, tolerance_ms, at: &[Instant], outcome| {
        let claim = "packet = { on = 'lan', kind = 'query', from = 'r1' }";
        let window = "after = 'leave + LMQT'\nwithin = '200ms'";
        let mut run = Run::new(&format!("{claim}\ncount = '{count}'\n{window}"));
        run.recording.tolerance = Duration::from_millis(tolerance_ms);
        at.iter().fold(run, |run, &at| run.asks(at)).comes_out(outcome);
    };
    let control = [ms(2000)];
    asked("0", 199, &control, Pass);
    asked("0", 200, &control, Vacuous);
    asked("0", 201, &control, Vacuous);
    asked("<= 3", 200, &control, Vacuous);
    // An upper bound that cannot be judged; a lower one that can, and does not hold.
    asked("1", 200, &[ms(6050)], Vacuous);
    asked("1", 200, &control, Fail);
    asked(">= 1", 200, &[ms(6050)], Pass);

    let delivery = "delivery = { to = 'h1', group = '239.1.1.1' }";
    for expectation in [
        format!("{delivery}\nnone-after = 'leave + LMQT'"),
        format!("{delivery}\nreceived = 0\nafter = 'leave + LMQT'"),
    ] {
        let mut run = Run::new(&expectation).through(ms(2000), 0).sent(ms(29_950), 1);
        run.recording.acts[LEAVE_ACT] = Some(ms(28_900));
        run.says(
            Vacuous,
            &[
                "nothing is left of the window but its tolerance",
                "from leave at 28.900 s + LMQT (LMQC 2 x LMQI 0.500 s) 1.000 s + tolerance 0.100 s \
                 = 30.000 s",
                "to   end of the run at 30.000 s",
            ],
        );
    }
}

#[test]
fn a_window_after_an_act_that_was_not_done_proves_nothing() {
    let delivery = "delivery = { to = 'h1', group = '239.1.1.1' }";
    for expectation in [
        "packet = { on = 'lan', kind = 'query' }\ncount = 0\nafter = 'leave + LMQT'".to_owned(),
        "packet = { on = 'lan', kind = 'query' }\ncount = 1\nafter = 'leave + LMQT'".to_owned(),
        format!("{delivery}\nreceived = 1\nafter = 'leave + LMQT'"),
        format!("{delivery}\nexactly-once = true\nafter = 'leave + LMQT'"),
        format!("{delivery}\nnone-after = 'leave + LMQT'"),
        "mfc = { of = 'r1', group = '239.1.1.1', source = 's1', absent = true }\n\
         at = 'leave + LMQT'"
            .to_owned(),
    ] {
        let run = Run::new(&expectation).not_done(LEAVE_ACT).through(ms(2000), 0);
        let run = run.igmp(ms(2000), "r1:lan", GROUP, &query(5, GROUP));
        run.says(Vacuous, &["leave + LMQT did not come"]);
    }
}

#[test]
fn what_only_the_tolerance_let_pass_says_so() {
    let finding = |expectation: &str, at: &[Instant]| {
        let claim = "packet = { on = 'lan', kind = 'query', from = 'r1' }";
        let run = Run::new(&format!("{claim}\n{expectation}"));
        at.iter().fold(run, |run, &at| run.asks(at)).finding()
    };
    let late = "count = '>= 1'\nafter = 'leave'\nwithin = 'LMQT'";
    let by_tolerance = finding(late, &[ms(6050)]).by_tolerance;
    let words = "by the tolerance of 0.100 s; without it FAIL: expected at least 1, found 0";
    assert_eq!(by_tolerance.as_deref(), Some(words));
    assert_eq!(finding(late, &[ms(5500)]).by_tolerance, None);
    assert_eq!(finding(late, &[ms(7000)]).by_tolerance, None);
    let ceased = "count = 0\nafter = 'leave + LMQT'\nwithin = '1s'";
    let words = "by the tolerance of 0.100 s; without it FAIL: expected no, found 1";
    assert_eq!(finding(ceased, &[ms(6050)]).by_tolerance.as_deref(), Some(words));
    let spaced = "count = 2\nspacing = '1s'\nafter = 'leave'\nwithin = '3s'";
    let words = finding(spaced, &[ms(5500), ms(6505)]).by_tolerance.unwrap_or_default();
    assert!(words.starts_with("by the tolerance of 0.100 s; without it FAIL"), "{words}");
    assert_eq!(finding(spaced, &[ms(5500), ms(6500)]).by_tolerance, None);
}

/// An act at 8 s, which was done later than planned by 2 ms, and took 3 ms.
fn until_an_act(expectation: &str) -> Run {
    let act = "[[act]]\nat = '8s'\nname = 'down'\ndown = { who = 'r1', link = 'up' }";
    let mut run = Run::new(&format!("{expectation}\n{act}"));
    run.recording.acts.push(Some(ms(8005)));
    run.recording.begun = run.recording.acts.iter().map(|at| at.unwrap()).collect();
    run.recording.begun[4] = ms(8002);
    run
}

// However a window's end is written: where by plan an act is done, the window ends with the act, and
// what the act does is not in it. And so a window begins with it.
#[test]
fn a_window_that_ends_at_an_act_has_nothing_of_the_act_and_one_that_begins_there_has_all() {
    let query = "packet = { on = 'lan', kind = 'query', from = 'r1' }";
    let ends = ["after = 'leave'\nwithin = '3s'", "after = '7s'\nwithin = '1s'"];
    let begins = ["after = 'down'\nwithin = '2s'", "after = '8s'\nwithin = '2s'"];
    let judged = |expectation: &str, at: &[Instant]| {
        let run = until_an_act(&format!("{query}\n{expectation}"));
        at.iter().fold(run, |run, &at| run.asks(at)).finding().outcome
    };
    let control = ms(3000);
    for window in ends {
        let [none, some] = ["0", "'>= 1'"].map(|count| format!("count = {count}\n{window}"));
        for (at, is_in) in [(ms(8002) - NS, true), (ms(8002), false), (ms(8050), false)] {
            let outcomes = (judged(&none, &[control, at]), judged(&some, &[control, at]));
            let expected = if is_in { (Fail, Pass) } else { (Pass, Fail) };
            assert_eq!(outcomes, expected, "{window} {at}");
        }
    }
    for window in begins {
        let [none, some] = ["0", "'>= 1'"].map(|count| format!("count = {count}\n{window}"));
        for (at, is_in) in [(ms(8005) - NS, false), (ms(8005), true), (ms(9000), true)] {
            let outcomes = (judged(&none, &[control, at]), judged(&some, &[control, at]));
            let expected = if is_in { (Fail, Pass) } else { (Pass, Fail) };
            assert_eq!(outcomes, expected, "{window} {at}");
        }
    }
}

#[test]
fn each_kind_of_claim_ends_at_an_act_in_the_same_way() {
    let delivery = "delivery = { to = 'h1', group = '239.1.1.1' }";
    let window = "after = 'leave'\nwithin = '3s'";
    // What is right is there before; what is wrong comes at the act, or a nanosecond before it.
    let (act, before) = (ms(8002), ms(8002) - NS);
    let each = |expectation: String, run: &dyn Fn(Run, Instant) -> Run| {
        [act, before].map(|at| run(until_an_act(&expectation), at).finding().outcome)
    };
    let lost = |run: Run, at| run.through(ms(7000), 0).sent(at, 1);
    assert_eq!(each(format!("{delivery}\nexactly-once = true\n{window}"), &lost), [Pass, Fail]);
    let arrives = |run: Run, at| run.through(ms(3000), 0).sent(ms(7000), 1).forwarded(at, 2);
    let silent = format!("{delivery}\nnone-after = 'leave'\nfor = '3s'");
    assert_eq!(each(silent, &arrives), [Pass, Fail]);
    let received = |run: Run, at| run.through(ms(3000), 0).through(ms(7000), 1).through(at, 2);
    let most = format!("{delivery}\nreceived = '<= 2'\nafter = '2s'\nwithin = '6s'");
    assert_eq!(each(most, &received), [Pass, Fail]);
    assert_eq!(each(format!("{delivery}\nreceived = '>= 2'\n{window}"), &received), [Fail, Pass]);
    let ttl =
        |run: Run, at| run.through(ms(7000), 0).data(at, "r1:lan", super::S1, super::first(1), 5);
    assert_eq!(each(format!("{delivery}\nttl = 31\n{window}"), &ttl), [Pass, Fail]);
    let queries = "{ on = 'lan', kind = 'query' }";
    let asks = |run: Run, at| run.asks(ms(7000)).asks(at);
    assert_eq!(each(format!("order = [{queries}, {queries}]\n{window}"), &asks), [Fail, Pass]);
    // A state at the act is the one before it.
    let state = "mfc = { of = 'r1', group = '239.1.1.1', source = 's1', absent = true }\nat = '8s'";
    let goes = |run: Run, at| run.entry(ms(7000), Some(("r1:up", &[]))).entry(at, None);
    assert_eq!(each(state.to_owned(), &goes), [Fail, Pass]);
}
