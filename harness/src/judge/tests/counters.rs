//! Claims about the counters of an entry of a forwarding cache.

use castnet::time::Instant;

use super::super::Outcome::{Fail, Pass, Vacuous};
use super::super::{Measure, Value};
use super::{Run, S1, S2, first, ms};
use crate::recording::{CountersRead, FlowCounters};

const FLOW: &str = "of = 'r1', group = '239.1.1.1', source = 's1'";

fn claim(counters: &str) -> Run {
    Run::new(&format!("mfc = {{ {FLOW}, {counters} }}\nat = 'leave'"))
}

fn read(at: Instant, counters: Option<(u64, u64, u64)>) -> Option<CountersRead> {
    let counters =
        counters.map(|(packets, bytes, wrong_if)| FlowCounters { packets, bytes, wrong_if });
    Some(CountersRead { at, counters })
}

impl Run {
    /// The readings at the moment and a tolerance later.
    fn counted(mut self, then: Option<(u64, u64, u64)>, late: Option<(u64, u64, u64)>) -> Self {
        assert_eq!(self.plan.readings.len(), 2);
        self.recording.counters = vec![None; 2];
        let crate::plan::Claim::Mfc {
            state: crate::plan::MfcState::Present { counted: Some(counted), .. },
            ..
        } = &self.plan.checks[0].claim
        else {
            panic!("counters are claimed")
        };
        self.recording.counters[counted.then] = read(ms(5001), then);
        self.recording.counters[counted.late] = read(ms(5101), late);
        self
    }

    fn packets(self, then: u64, late: u64) -> Self {
        self.counted(Some((then, then * 92, 0)), Some((late, late * 92, 0)))
    }
}

#[test]
fn the_plan_asks_for_each_claim_at_its_moment_and_a_tolerance_later() {
    let run = claim("packets = 5");
    let mut at: Vec<Instant> = run
        .plan
        .readings
        .iter()
        .filter_map(|reading| reading.at.instant(|act| run.recording.acts[act]))
        .collect();
    at.sort_unstable();
    assert_eq!(at, [ms(5001), ms(5101)]);
    let plain = Run::new(&format!("mfc = {{ {FLOW}, iif = 'up', oifs = ['lan'] }}\nat = 'leave'"));
    assert!(plain.plan.readings.is_empty());
}

#[test]
fn there_may_not_be_too_many_at_the_moment_and_not_too_few_a_tolerance_later() {
    claim("packets = '<= 100'").packets(100, 110).comes_out(Pass);
    claim("packets = '<= 100'").packets(101, 110).comes_out(Fail);
    claim("packets = '>= 100'").packets(95, 100).comes_out(Pass);
    claim("packets = '>= 100'").packets(95, 99).comes_out(Fail);
    claim("packets = 100").packets(100, 100).comes_out(Pass);
    claim("packets = 100").packets(98, 102).comes_out(Pass);
    claim("packets = 100").packets(101, 102).comes_out(Fail);
    claim("packets = '90..100'").packets(80, 89).comes_out(Fail);
}

#[test]
fn each_counter_is_judged_by_itself() {
    let run = |claimed| claim(claimed).counted(Some((10, 920, 3)), Some((10, 920, 3)));
    run("packets = 10, bytes = 920, wrong-if = 3").comes_out(Pass);
    run("packets = 10, bytes = 919, wrong-if = 3").comes_out(Fail);
    run("packets = 10, bytes = 920, wrong-if = 2").comes_out(Fail);
    run("bytes = '>= 921'").comes_out(Fail);
    run("wrong-if = '>= 1'").comes_out(Pass);
    let measured = run("packets = 10").finding().measured;
    let number = |name, number| Measure { name, value: Value::Number(number) };
    assert_eq!(measured, [number("packets", 10), number("bytes", 920), number("wrong-if", 3)]);
}

#[test]
fn a_failure_tells_both_readings_and_what_the_capture_saw() {
    let run = claim("packets = '>= 100'").packets(3, 4).sent(ms(2000), 0).sent(ms(9000), 1);
    let run = run.data(ms(2000), "s2:up", S2, super::second(0), 32);
    run.data(ms(3000), "h1:lan", S1, first(2), 32).says(
        Fail,
        &[
            "at leave at 5.001 s (tolerance 0.100 s)",
            "expected at least 100 packets",
            "found    4 at 5.101 s",
            "   5.001 s  3 packets, 276 octets, 0 on a wrong interface",
            "   5.101 s  4 packets, 368 octets, 0 on a wrong interface",
            "on the links by 5.101 s: 1 had entered r1:up, 1 had entered r1:lan",
        ],
    );
}

#[test]
fn an_entry_has_to_be_there_and_may_come_or_go_within_the_tolerance() {
    let of = |then, late| claim("packets = '>= 5'").counted(then, late);
    of(None, Some((5, 0, 0))).comes_out(Pass);
    of(Some((5, 0, 0)), None).comes_out(Pass);
    of(None, None).says(
        Fail,
        &[
            "at leave at 5.001 s (tolerance 0.100 s)",
            "there was no entry",
            "on the links by 5.101 s: none had entered",
        ],
    );
    let both = "iif = 'up', oifs = ['lan'], packets = '>= 5'";
    let lan = Some(("r1:up", &["r1:lan"][..]));
    claim(both).packets(5, 5).entry(ms(2000), lan).comes_out(Pass);
    claim(both).packets(5, 5).comes_out(Fail);
    claim(both).packets(4, 4).entry(ms(2000), lan).comes_out(Fail);
}

#[test]
fn that_nothing_was_counted_proves_something_only_if_something_came() {
    claim("packets = 0").packets(0, 0).comes_out(Vacuous);
    claim("packets = 0").packets(0, 0).sent(ms(2000), 0).comes_out(Pass);
    claim("packets = 0").packets(0, 0).sent(ms(5002), 0).comes_out(Vacuous);
    claim("wrong-if = 0").packets(7, 7).comes_out(Pass);
    claim("wrong-if = 0").packets(0, 0).comes_out(Vacuous);
    let mut run = claim("packets = 5").packets(5, 5);
    run.recording.counters = vec![None; 2];
    run.says(Vacuous, &["the counters were not read"]);
    claim("packets = 5").packets(5, 5).not_done(super::LEAVE_ACT).comes_out(Vacuous);
}
