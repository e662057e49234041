//! How the findings make the verdict of a run.

use super::super::Outcome::{self, Broken, Fail, Pass, Unsupported, Vacuous};
use super::super::{Verdict, judge};
use super::{LEAVE, LEAVE_ACT, NS, Run, ms};
use crate::recording::{Late, Lateness};

const ASKED: &str = "packet = { on = 'lan', kind = 'query' }\ncount = '>= 1'";
const NEVER_ASKED: &str = "\n[[expect]]\npacket = { on = 'lan', kind = 'leave' }\ncount = 0";
const ASKED_TWICE: &str = "\n[[expect]]\npacket = { on = 'lan', kind = 'query' }\ncount = 2";

#[test]
fn the_worst_finding_is_the_verdict_and_vacuous_is_no_pass() {
    for (more, outcome) in [
        (String::new(), Pass),
        (NEVER_ASKED.to_owned(), Vacuous),
        (ASKED_TWICE.to_owned(), Fail),
        (format!("{NEVER_ASKED}{ASKED_TWICE}"), Fail),
        (format!("{ASKED_TWICE}{NEVER_ASKED}"), Fail),
    ] {
        let verdict = Run::new(&format!("{ASKED}{more}")).asks(LEAVE).verdict();
        assert_eq!(verdict.outcome, outcome, "{more}");
        assert_eq!(verdict.reasons, [""; 0]);
    }
}

#[test]
fn findings_are_in_the_order_of_the_file_with_their_lines() {
    let verdict = Run::new(&format!("{ASKED}{ASKED_TWICE}{NEVER_ASKED}")).asks(LEAVE).verdict();
    let outcomes: Vec<Outcome> = verdict.findings.iter().map(|found| found.outcome).collect();
    assert_eq!(outcomes, [Pass, Fail, Vacuous]);
    let lines: Vec<usize> = verdict.findings.iter().map(|found| found.line).collect();
    assert_eq!(lines, [lines[0], lines[0] + 3, lines[0] + 6]);
    assert_eq!(verdict.findings[1].claim, "lan: 2 query");
}

#[test]
fn an_act_that_was_not_done_breaks_the_run_though_every_check_passes() {
    let verdict = Run::new(ASKED).asks(ms(2000)).not_done(LEAVE_ACT).verdict();
    assert_eq!((verdict.outcome, verdict.findings[0].outcome), (Broken, Pass));
    assert_eq!(verdict.reasons, ["`leave` was not done"]);
    // A recording that ends before the act is no better.
    let mut run = Run::new(ASKED).asks(ms(2000));
    run.recording.acts.truncate(LEAVE_ACT);
    assert_eq!(run.verdict().reasons, ["`leave` was not done"]);
    // The backend said why: once is enough.
    let mut run = Run::new(ASKED).not_done(LEAVE_ACT).not_done(0);
    run.recording.broken.push("`leave`: IP_DROP_MEMBERSHIP: EINVAL".to_owned());
    let reasons = ["`leave`: IP_DROP_MEMBERSHIP: EINVAL", "`s1 sends to 239.1.1.1` was not done"];
    assert_eq!(run.verdict().reasons, reasons);
}

#[test]
fn a_recording_that_cannot_be_trusted_is_broken_though_every_check_passes_or_fails() {
    for expectation in [ASKED.to_owned(), format!("{ASKED}{ASKED_TWICE}")] {
        let mut run = Run::new(&expectation).asks(LEAVE);
        run.recording.broken.push("h1: its socket had no room for 3 datagrams".to_owned());
        let verdict = run.verdict();
        assert_eq!(verdict.outcome, Broken);
        assert_eq!(verdict.reasons, ["h1: its socket had no room for 3 datagrams"]);
    }
}

#[test]
fn no_expectations_prove_nothing() {
    let mut run = Run::new(ASKED).asks(LEAVE);
    run.plan.checks.clear();
    let verdict = judge(&run.plan, &run.recording);
    let reason = "there is nothing to judge: the scenario expects nothing".to_owned();
    let expected = Verdict {
        outcome: Vacuous,
        findings: Vec::new(),
        invariants: verdict.invariants.clone(),
        reasons: vec![reason],
        notes: Vec::new(),
    };
    assert_eq!(verdict, expected);
}

#[test]
fn outcomes_get_worse_in_this_order() {
    let order = [Pass, Unsupported, Broken, Vacuous, Fail];
    assert!(order.is_sorted() && order.windows(2).all(|pair| pair[0] != pair[1]));
    assert_eq!(format!("{:<8}|", Vacuous), "VACUOUS |");
}

// A late observer sees late; a run that passes all the same has proved its claims.
#[test]
fn a_laboratory_that_was_later_than_the_tolerance_does_not_accuse() {
    let claim = "packet = { on = 'lan', kind = 'query' }\ncount = 1\nwithin = '1s'";
    let run = |asks: bool, by| {
        let run = Run::new(claim);
        let mut run = if asks { run.asks(ms(500)) } else { run };
        run.recording.lateness = Lateness { at: ms(1000), by, ..Lateness::default() };
        judge(&run.plan, &run.recording)
    };
    let tolerance = ms(100).since_start();
    assert_eq!(run(false, tolerance).outcome, Outcome::Fail);
    let late = run(false, tolerance + NS);
    assert_eq!(late.outcome, Outcome::Broken);
    assert!(late.reasons[0].contains("at 1.000 s it did 0.100 s later"), "{:?}", late.reasons);
    assert_eq!(run(true, tolerance + NS).outcome, Outcome::Pass);
}

// The kernel has its own workers, and one that waits for a CPU is no fault of a router.
#[test]
fn a_carrier_that_the_kernel_noticed_late_is_named() {
    let mut run = Run::new("packet = { on = 'lan', kind = 'query' }\ncount = 1\nwithin = '1s'");
    let (at, by) = (ms(1500), ms(760).since_start());
    run.recording.lateness = Lateness { what: Late::Carrier(0), at, by };
    let verdict = judge(&run.plan, &run.recording);
    assert_eq!(verdict.outcome, Outcome::Broken);
    let told = format!(
        "the machine is overloaded: the carrier of {} changed at 1.500 s, and the kernel noticed it \
         0.760 s later, and the tolerance is 0.100 s",
        run.plan.port_name(0)
    );
    assert_eq!(verdict.reasons, [told]);
}

// A limit that was missed by less than the laboratory was late may have been missed by the laboratory.
#[test]
fn a_laboratory_that_was_late_by_as_much_as_a_limit_was_missed_does_not_accuse() {
    let claim = "delivery = { to = 'h1', group = '239.1.1.1' }\njoin-latency = '<= 50ms'";
    let run = |late: u64| {
        let mut run = Run::new(claim).sent(ms(1000), 0).through(ms(1060), 1).sent(ms(1070), 2);
        run.recording.lateness =
            Lateness { what: Late::Timer, at: ms(1040), by: ms(late).since_start() };
        judge(&run.plan, &run.recording)
    };
    assert_eq!(run(9).outcome, Outcome::Fail);
    let late = run(10);
    assert_eq!(late.outcome, Outcome::Broken);
    assert_eq!(
        late.reasons,
        [
            "the limit of line 35 was missed by 0.010000 s, and what the laboratory had to do at 1.040 s \
          it did 0.010000 s later"
        ]
    );
    // A state that came late by as much is the same.
    let claim = "mfc = { of = 'r1', group = '239.1.1.1', source = 's1', iif = 'up', oifs = [] }\n\
         at = 'leave + LMQT'";
    let state = |late: u64| {
        let mut run = Run::new(claim).entry(ms(6010), Some(("r1:up", &[])));
        run.recording.lateness =
            Lateness { what: Late::Timer, at: ms(5000), by: ms(late).since_start() };
        judge(&run.plan, &run.recording).outcome
    };
    assert_eq!((state(8), state(9)), (Outcome::Fail, Outcome::Broken));
}
