//! A run whose laboratory stood still, was late or struck nothing proves no more than it has shown.

use std::time::Duration;

use castnet::event::Event;

use super::super::Outcome::{Broken, Fail, Pass, Vacuous};
use super::super::{Verdict, judge};
use super::{LEAVE, LEAVE_ACT, NS, Run, ms};
use crate::plan::Plan;
use crate::recording::{Late, Lateness, Strike, Struck};

/// Nobody asks from 6.1 s (the leave, one second, the tolerance) to 10 s.
const SILENCE: &str =
    "packet = { on = 'lan', kind = 'query' }\ncount = 0\nafter = 'leave + 1s'\nwithin = '4s'";
const ASKED: &str = "packet = { on = 'lan', kind = 'query' }\ncount = '>= 1'";

/// A run in which r1 asked once, before the silence, and the laboratory stood still.
fn stopped(expectation: &str, at: u64, by: u64) -> Verdict {
    let mut run = Run::new(expectation).asks(ms(5500));
    let stall = Lateness { what: Late::Timer, at: ms(at), by: Duration::from_millis(by) };
    run.recording.lateness = stall;
    run.recording.stalls.push(stall);
    run.verdict()
}

#[test]
fn a_silence_is_proved_only_where_the_laboratory_was_awake() {
    let awake = Run::new(SILENCE).asks(ms(5500)).verdict();
    assert_eq!((awake.outcome, awake.notes.len()), (Pass, 0), "{awake}");
    for (at, by, outcome) in [
        // Over before the window, and after its end.
        (4000, 2000, Pass),
        (10_500, 2000, Pass),
        // What was due in a short stop comes right after it, within the window.
        (7000, 500, Pass),
        // Nobody knows what would have come until the end.
        (9900, 150, Broken),
        (9000, 1002, Broken),
        // A stop of the greater part leaves too little to see.
        (7000, 1500, Broken),
        (6000, 9000, Broken),
    ] {
        let verdict = stopped(SILENCE, at, by);
        assert_eq!(verdict.outcome, outcome, "{at} for {by}: {verdict}");
        // A stop is told in any case.
        let told = if outcome == Pass { &verdict.notes } else { &verdict.reasons };
        let still = if outcome == Pass { "the machine is overloaded" } else { "stood still for" };
        assert!(told[0].contains(still), "{at} for {by}: {told:?}");
    }
}

#[test]
fn several_stops_add_up() {
    let mut run = Run::new(SILENCE).asks(ms(5500));
    for at in [6500, 7500, 8500] {
        run.recording.stalls.push(Lateness {
            what: Late::Timer,
            at: ms(at),
            by: Duration::from_millis(400),
        });
    }
    let verdict = run.verdict();
    assert_eq!(verdict.outcome, Broken, "{verdict}");
}

#[test]
fn what_must_not_change_is_not_looked_for_in_a_stop() {
    for (claim, outcome) in [
        ("members = { of = 'r1', on = 'lan', groups = [] }\nat = 'leave + 2s'", Broken),
        ("querier = { on = 'lan', is = 'r1' }\nafter = 'leave + 2s'\nwithin = '1s'", Broken),
        (
            "delivery = { to = 'h1', group = '239.1.1.1' }\nreceived = 0\nafter = 'leave'\nwithin = '3s'",
            Broken,
        ),
        // Something that has come has come.
        (ASKED, Pass),
    ] {
        let run = Run::new(claim).asks(ms(5500));
        let check = &run.plan.checks[0];
        let mut recording = run.recording.clone();
        recording.stalls.push(Lateness {
            what: Late::Timer,
            at: ms(6500),
            by: Duration::from_millis(1600),
        });
        let evidence = super::super::Evidence::new(&run.plan, &recording);
        assert_eq!(evidence.in_doubt(check).is_some(), outcome == Broken, "{claim}");
    }
}

#[test]
fn an_act_that_is_done_late_accuses_nobody_and_is_told() {
    let late = |asks: bool| {
        let run = Run::new("packet = { on = 'lan', kind = 'query' }\ncount = 1\nwithin = '1s'");
        let mut run = if asks { run.asks(ms(500)) } else { run };
        run.recording.acts[LEAVE_ACT] = Some(LEAVE + Duration::from_millis(100));
        run.verdict()
    };
    let told = "`leave` was to be done at 5.000 s and was done 0.101 s later";
    let failed = late(false);
    assert_eq!((failed.outcome, failed.findings[0].outcome), (Broken, Fail));
    assert_eq!(failed.reasons, [told]);
    let passed = late(true);
    assert_eq!((passed.outcome, passed.notes), (Pass, vec![told.to_owned()]));
}

// A clock that was set, or a worker of the kernel that was late, is told by the laboratory in its own words.
#[test]
fn what_the_laboratory_doubts_is_no_failure() {
    let mut run = Run::new("packet = { on = 'lan', kind = 'query' }\ncount = 2");
    run.recording.doubts.push("the wall clock was set".to_owned());
    let failed = judge(&run.plan, &run.recording);
    assert_eq!(
        (failed.outcome, failed.reasons),
        (Broken, vec!["the wall clock was set".to_owned()])
    );
    let run = run.asks(ms(1)).asks(ms(2));
    let passed = judge(&run.plan, &run.recording);
    assert_eq!((passed.outcome, passed.notes), (Pass, vec!["the wall clock was set".to_owned()]));
}

fn struck_by(plan: &Plan, fault: Option<usize>) -> Struck {
    let (at, port, strike) = (ms(10), plan.links[1].ports[0], Strike::Dropped);
    Struck { at, fault, port, to: None, bytes: Vec::new(), strike, line: None }
}

#[test]
fn a_fault_that_struck_nothing_proves_nothing() {
    let faults = "\n[[fault]]\non = 'lan'\nkind = 'leave'\nnth = '5'\ndrop = true\n\
                  [[fault]]\non = 'lan'\nkind = 'query'\ndelay = '1ms'";
    let run = |struck: &[Option<usize>]| {
        let mut run = Run::new(&format!("{ASKED}{faults}")).asks(LEAVE);
        let struck = struck.iter().map(|fault| struck_by(&run.plan, *fault));
        let struck = struck.collect();
        run.recording.struck = struck;
        run
    };
    assert_eq!(run(&[Some(0), Some(1), Some(1)]).verdict().outcome, Pass);
    for (struck, idle) in [(&[Some(1)][..], &[0][..]), (&[Some(0), None], &[1]), (&[None], &[0, 1])]
    {
        let run = run(struck);
        let lines: Vec<String> = idle
            .iter()
            .map(|&fault: &usize| {
                let line = run.plan.faults[fault].line;
                format!(
                    "the fault of line {line} struck nothing, so that nothing is proved about it"
                )
            })
            .collect();
        let verdict = run.verdict();
        assert_eq!((verdict.outcome, verdict.reasons), (Vacuous, lines));
    }
    // A failure stays one, and tells its likely cause.
    let mut failed = run(&[]);
    failed.recording.frames.clear();
    let verdict = failed.verdict();
    assert_eq!((verdict.outcome, verdict.reasons.len()), (Fail, 2));
}

#[test]
fn a_rule_that_is_off_is_told_though_all_is_well() {
    let off = "\n[invariants]\noff = [{ name = 'no-return', because = 'r1 has one leg' }]";
    let verdict = Run::new(&format!("{ASKED}{off}")).asks(LEAVE).verdict();
    assert_eq!(verdict.outcome, Pass);
    assert_eq!(verdict.notes, ["the rule no-return is off, because r1 has one leg"]);
    let rules = ["no-unwanted", "no-duplicate", "ttl-by-one", "no-return", "well-formed-igmp"];
    let all = rules.map(|rule| format!("{{ name = '{rule}', because = 'x' }}")).join(", ");
    let run = Run::new(&format!("{ASKED}\n[invariants]\noff = [{all}]")).asks(LEAVE);
    let notes = run.verdict().notes;
    assert_eq!((notes.len(), notes[0].as_str()), (6, "no rule of every run counts in this one"));
}

#[test]
fn a_laboratory_that_was_no_later_than_the_tolerance_is_in_time() {
    let tolerance = Duration::from_millis(100);
    for (by, notes) in [(tolerance, 0), (tolerance + NS, 1)] {
        let mut run = Run::new(ASKED).asks(LEAVE);
        run.recording.lateness = Lateness { what: Late::Timer, at: ms(1), by };
        assert_eq!(run.verdict().notes.len(), notes, "{by:?}");
    }
}

#[test]
fn a_failure_names_what_kernels_refused() {
    let why = "lan: transmit: Network is unreachable";
    let run = || {
        let run = Run::new("packet = { on = 'lan', kind = 'query' }\ncount = 1\nwithin = '1s'");
        let refused = Event::Refused(why.to_owned());
        run.told(ms(100), &refused).told(ms(500), &refused).asks(ms(900))
    };
    let failed = run().asks(ms(950)).verdict();
    assert_eq!(failed.outcome, Fail);
    let line = format!("the kernel of r1 refused 2 times, from 0.100 s to 0.500 s: {why}");
    assert_eq!(failed.reasons, [line]);
    let passed = run().verdict();
    assert_eq!((passed.outcome, passed.reasons.len()), (Pass, 0), "{passed}");
}
