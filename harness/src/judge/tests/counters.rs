//! Claims about the counters of an entry of a forwarding cache.

use castnet::time::Instant;

use super::super::Outcome::{Fail, Pass, Vacuous};
use super::super::{Measure, Value};
use super::{LEAVE, LEAVE_ACT, Run, S1, S2, first, ms};
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
    /// The reading at the moment.
    fn counted(mut self, read_then: Option<(u64, u64, u64)>) -> Self {
        assert_eq!(self.plan.readings.len(), 1);
        self.recording.counters = vec![read(ms(5001), read_then)];
        self
    }

    fn packets(self, packets: u64) -> Self {
        self.counted(Some((packets, packets * 92, 0)))
    }
}

#[test]
fn the_counters_of_a_claim_are_read_once_at_its_moment() {
    let due = |moment: &str| {
        let run = Run::new(&format!("mfc = {{ {FLOW}, packets = 5 }}\nat = '{moment}'"));
        let reading = &run.plan.readings[0];
        let after = reading.after(&run.plan, LEAVE_ACT, LEAVE);
        (reading.is_before(&run.plan, LEAVE_ACT), reading.at_once(&run.plan), after)
    };
    // What the act does is not in it yet.
    assert_eq!(due("leave"), (true, None, None));
    assert_eq!(due("start + 5s"), (true, None, None));
    assert_eq!(due("join + 4s"), (true, None, None));
    assert_eq!(due("leave + 1s"), (false, None, Some(ms(6001))));
    assert_eq!(due("leave - 1s"), (false, Some(ms(4000)), None));
    assert_eq!(due("start + 6s"), (false, Some(ms(6000)), None));
    let plain = Run::new(&format!("mfc = {{ {FLOW}, iif = 'up', oifs = ['lan'] }}\nat = 'leave'"));
    assert!(plain.plan.readings.is_empty());
}

#[test]
fn of_two_counts_that_contradict_each_other_one_is_false() {
    claim("packets = '<= 100'").packets(100).comes_out(Pass);
    claim("packets = '>= 101'").packets(100).comes_out(Fail);
    claim("packets = '<= 100'").packets(101).comes_out(Fail);
    claim("packets = '>= 101'").packets(101).comes_out(Pass);
    claim("packets = 100").packets(100).comes_out(Pass);
    claim("packets = 100").packets(99).comes_out(Fail);
    claim("packets = '90..100'").packets(89).comes_out(Fail);
}

#[test]
fn each_counter_is_judged_by_itself() {
    let run = |claimed| claim(claimed).counted(Some((10, 920, 3)));
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
fn a_failure_tells_the_counters_and_what_the_capture_saw() {
    let run = claim("packets = '>= 100'").packets(4).sent(ms(2000), 0).sent(ms(9000), 1);
    let run = run.data(ms(2000), "s2:up", S2, super::second(0), 32);
    run.data(ms(3000), "h1:lan", S1, first(2), 32).says(
        Fail,
        &[
            "at leave at 5.001 s",
            "expected at least 100 packets",
            "found    4",
            "   5.001 s  4 packets, 368 octets, 0 on a wrong interface",
            "on the links by 5.001 s: 1 had entered r1:up, 1 had entered r1:lan",
        ],
    );
}

#[test]
fn an_entry_has_to_be_there() {
    claim("packets = '>= 5'").counted(None).says(
        Fail,
        &["at leave at 5.001 s", "there was no entry", "on the links by 5.001 s: none had entered"],
    );
    let both = "iif = 'up', oifs = ['lan'], packets = '>= 5'";
    let lan = Some(("r1:up", &["r1:lan"][..]));
    claim(both).packets(5).entry(ms(2000), lan).comes_out(Pass);
    claim(both).packets(5).comes_out(Fail);
    claim(both).packets(4).entry(ms(2000), lan).comes_out(Fail);
}

#[test]
fn that_nothing_was_counted_proves_something_only_if_something_came() {
    claim("packets = 0").packets(0).comes_out(Vacuous);
    claim("packets = 0").packets(0).sent(ms(2000), 0).comes_out(Pass);
    claim("packets = 0").packets(0).sent(ms(5002), 0).comes_out(Vacuous);
    // Where the datagrams come in on one interface alone none of them can come in on a wrong one.
    let right = |claimed| claim(claimed).packets(7).sent(ms(2000), 0);
    right("wrong-if = 0").comes_out(Vacuous);
    right("packets = 7, wrong-if = 0").comes_out(Pass);
    let wrong = right("wrong-if = 0").data(ms(3000), "h1:lan", S1, first(2), 32);
    wrong.comes_out(Pass);
    claim("wrong-if = 0").packets(0).comes_out(Vacuous);
    let mut run = claim("packets = 5").packets(5);
    run.recording.counters = vec![None];
    run.says(Vacuous, &["the counters were not read"]);
    claim("packets = 5").packets(5).not_done(LEAVE_ACT).comes_out(Vacuous);
}
