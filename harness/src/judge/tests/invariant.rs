//! What holds in every run: each rule broken, each rule kept where it looks broken, and both sides of
//! each bound, a nanosecond apart.

mod configured;
mod hop;
mod igmp;
mod unwanted;

use super::super::Outcome::{self, Fail, Pass, Vacuous};
use super::super::invariant::Standing;
use super::{LEAVE, Run, ms};
use crate::recording::{Strike, Struck};
use crate::scenario::Invariant;

const ASKED: &str = "packet = { on = 'lan', kind = 'query' }\ncount = '>= 1'";

/// A run of which only the rules matter.
fn run() -> Run {
    Run::new(ASKED)
}

/// A run as [`run`] makes it, excused from a rule.
fn run_without(rule: &str) -> Run {
    let off = format!("[{{ name = \"{rule}\", because = \"two ways lead there\" }}]");
    Run::new(&format!("{ASKED}\n[invariants]\noff = {off}"))
}

impl Run {
    fn standing(self, rule: Invariant) -> Standing {
        let mut standings = self.verdict().invariants.into_iter();
        standings.find(|standing| standing.invariant == rule).unwrap()
    }

    #[track_caller]
    fn keeps(self, rule: Invariant) {
        let standing = self.standing(rule);
        assert_eq!((standing.outcome(), standing.violations), (Pass, Vec::new()));
    }

    #[track_caller]
    fn breaks(self, rule: Invariant) {
        let standing = self.standing(rule);
        assert_eq!(standing.outcome(), Fail);
        assert!(!standing.violations.is_empty());
    }

    /// Breaks the rule, and says all this first.
    #[track_caller]
    fn breaks_and_says(self, rule: Invariant, lines: &[&str]) {
        let standing = self.standing(rule);
        assert_eq!(standing.violations[..lines.len().min(standing.violations.len())], *lines);
    }

    #[track_caller]
    fn is(self, rule: Invariant, outcome: Outcome) {
        match outcome {
            Pass => self.keeps(rule),
            _ => self.breaks(rule),
        }
    }
}

fn outcomes(run: Run) -> Vec<Outcome> {
    run.verdict().invariants.iter().map(Standing::outcome).collect()
}

#[test]
fn every_rule_stands_in_every_verdict_and_nothing_seen_breaks_none() {
    let verdict = run().verdict();
    let rules: Vec<Invariant> = verdict.invariants.iter().map(|s| s.invariant).collect();
    assert_eq!(rules, Invariant::WORDS.map(|(_, rule)| rule));
    assert_eq!(outcomes(run()), [Pass; 5]);
    // The claim fails here: a missing occasion breaks no rule.
    assert_eq!(verdict.findings[0].outcome, Fail);
}

#[test]
fn a_sound_run_breaks_none() {
    let sound = run().reports(ms(1000)).through(ms(2000), 0).through(ms(2010), 1).asks(LEAVE);
    let verdict = sound.verdict();
    assert_eq!(verdict.outcome, Pass, "{verdict:#?}");
}

#[test]
fn a_broken_rule_fails_a_run_whose_claims_all_came_true() {
    let broken = run().asks(LEAVE).through(ms(2000), 0).verdict();
    assert_eq!((broken.findings[0].outcome, broken.outcome), (Pass, Fail));
    // It is worse than Vacuous, too.
    let mut vacuous = Run::new("packet = { on = 'lan', kind = 'leave' }\ncount = 0");
    vacuous = vacuous.through(ms(2000), 0);
    assert_eq!((vacuous.finding().outcome, Vacuous), (Vacuous, Vacuous));
}

#[test]
fn a_rule_that_is_off_does_not_count_but_is_still_looked_at() {
    let off = run_without("no-unwanted").asks(LEAVE).through(ms(2000), 0);
    let verdict = off.verdict();
    assert_eq!(verdict.outcome, Pass);
    let standing = &verdict.invariants[0];
    assert_eq!(standing.off.as_deref(), Some("two ways lead there"));
    assert!(!standing.violations.is_empty());
    // Only this rule is off: the others count.
    let other = run_without("no-duplicate").asks(LEAVE).through(ms(2000), 0);
    assert_eq!(other.verdict().outcome, Fail);
}

#[test]
fn no_port_sends_or_receives_a_datagram_twice() {
    let rule = Invariant::NoDuplicate;
    let wanted = || run().reports(ms(1000));
    wanted().through(ms(2000), 0).through(ms(2010), 1).keeps(rule);
    // An equal sequence number of another stream is another datagram.
    let other = super::second(0);
    wanted().sent(ms(2000), 0).data(ms(2000), "s2:up", super::S2, other, 32).keeps(rule);
    // One datagram on two links is one hop each.
    wanted().sent(ms(2000), 0).forwarded(ms(2001), 0).keeps(rule);
    for again in [ms(2000), ms(9000)] {
        wanted().sent(ms(2000), 0).sent(again, 0).breaks(rule);
        wanted().through(ms(2000), 0).forwarded(again, 0).breaks(rule);
    }
}

#[test]
fn only_what_a_fault_has_copied_may_come_twice() {
    let fault = "[[fault]]\non = 'up'\nkind = 'data'\nduplicate = 1";
    let twice = || {
        let run = Run::new(&format!("{ASKED}\n{fault}")).reports(ms(1000)).sent(ms(2000), 0);
        run.forwarded(ms(2001), 0).forwarded(ms(2002), 0)
    };
    let struck = |run: Run, port: &str, sequence| {
        let bytes = super::data_frame(super::S1, super::GROUP, super::first(sequence), 32);
        let (at, port, strike) = (ms(2000), run.port(port), Strike::Duplicated(1));
        let mut run = run;
        let struck = Struck { at, fault: None, port, to: None, bytes, strike, line: Some(9) };
        run.recording.struck.push(struck);
        run
    };
    let rule = Invariant::NoDuplicate;
    struck(twice(), "s1:up", 0).keeps(rule);
    twice().breaks(rule);
    struck(twice(), "s1:up", 1).breaks(rule);
    // On this link no fault makes copies.
    struck(twice(), "r1:lan", 0).breaks(rule);
}

#[test]
fn a_datagram_that_two_send_onto_a_link_arrives_twice() {
    let rule = Invariant::NoDuplicate;
    let twice =
        || run().through(ms(2000), 0).data(ms(2001), "h2:lan", super::S1, super::first(0), 31);
    // Each of them sent it once, and so h1 alone received it twice.
    twice().breaks_and_says(
        rule,
        &[
            "h1:lan received a datagram again at 2.001 s",
            "the first one is 2.001 s  h1:lan  10.0.1.2 > 239.1.1.1 datagram 0 of stream 0",
        ],
    );
}

#[test]
fn what_is_broken_at_many_places_is_told_of_the_first_ones() {
    let mut many = run();
    for port in ["s1:up", "r1:up", "r1:lan", "h1:lan", "h2:lan"] {
        for _ in 0..2 {
            many = many.data(ms(2000), port, super::S1, super::first(0), 31);
        }
    }
    let told = many.standing(Invariant::NoDuplicate).violations;
    assert_eq!(told.iter().filter(|line| line.starts_with("the first one is")).count(), 3);
    assert_eq!(told.last().unwrap(), "and the same at 8 more places");
}
