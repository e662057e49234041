//! How long joins and leaves take.

use castnet::time::Instant;
use castnet::wire::igmp::{GroupRecord, Message, RecordKind, V3Report};

use super::super::Outcome::{Fail, Pass, Vacuous};
use super::super::{Measure, Value};
use super::{GROUP, LEAVE, LEAVE_ACT, NS, OTHER_GROUP, Run, ms};

const TO_H1: &str = "delivery = { to = 'h1', group = '239.1.1.1' }";

/// h1 joins at 1 s.
fn join(limit: &str) -> Run {
    Run::new(&format!("{TO_H1}\njoin-latency = '{limit}'"))
}

/// h1 leaves at 5.001 s; a datagram every second reaches it until 5 s.
fn leave(limit: &str) -> Run {
    let run = Run::new(&format!("{TO_H1}\nleave-latency = '{limit}'"));
    (2..=5).fold(run, |run, n| run.through(ms(1000 * n), n))
}

/// A latency from the host's Report or Leave on the wire.
fn since_wire(run: &str, limit: &str) -> Run {
    Run::new(&format!("{TO_H1}\n{run}-latency = '{limit}'\nsince = 'wire'"))
}

impl Run {
    fn says_so(self, at: Instant, message: &Message) -> Self {
        self.igmp(at, "h1:lan", GROUP, message)
    }
}

const REPORT: Message = Message::V2Report { group: GROUP };
const DONE: Message = Message::Leave { group: GROUP };

#[test]
fn a_join_takes_until_the_first_datagram_is_received() {
    let received = |at| join("<= 200ms").sent(ms(1000), 0).through(at, 1).through(ms(3000), 2);
    // No tolerance is added to what was measured.
    received(ms(1200)).comes_out(Pass);
    received(ms(1200) + NS).comes_out(Fail);
    received(ms(1132)).comes_out(Pass);
    // A datagram that only reaches the interface does not count.
    let run = join("<= 200ms").sent(ms(1000), 0).forwarded(ms(1100), 0);
    run.through(ms(3000), 1).comes_out(Fail);
    // A datagram received before the join belongs to an earlier time.
    join("<= 200ms").through(ms(900), 0).sent(ms(1000), 1).through(ms(1201), 2).comes_out(Fail);
    let measured = received(ms(1200)).finding().measured;
    let time = std::time::Duration::from_millis(200);
    assert_eq!(measured, [Measure { name: "join-latency", value: Value::Time(time) }]);
}

#[test]
fn a_join_that_takes_too_long_shows_the_arithmetic_and_what_was_lost() {
    join("<= 200ms").sent(ms(1100), 0).through(ms(1400), 1).says(
        Fail,
        &[
            "expected at most 0.200 s, found 0.400000 s",
            "from join at 1.000 s",
            "to   the first datagram at 1.400 s",
            "datagram 0 of stream 0, sent at 1.100 s, for one:",
            "   1.100000 s  s1:up -> r1:up, s2:up",
            "entered r1:up at 1.100 s, no entry, no members on lan, never left",
        ],
    );
    let finding = join("<= LMQT").sent(ms(1100), 0).finding();
    let expected = "expected at most LMQT (LMQC 2 x LMQI 0.500 s) 1.000 s, found none at all";
    assert_eq!((finding.outcome, finding.why[0].as_str()), (Fail, expected));
}

#[test]
fn a_join_says_nothing_while_no_source_sends() {
    let why = "no source was sending after join at 1.000 s";
    join("<= 200ms").through(ms(900), 0).says(Vacuous, &[why]);
    // The run is over before a later datagram could be received.
    join("<= 200ms").through(ms(1200), 0).comes_out(Pass);
    join("<= 200ms").through(ms(1201), 0).says(
        Vacuous,
        &["a source was sending only at 1.201 s, and not within 0.200 s after join at 1.000 s"],
    );
    join("<= 200ms").sent(ms(1200), 0).through(ms(1301), 1).comes_out(Fail);
    // After the leave it has changed its mind.
    join("<= 3s").through(LEAVE + NS, 0).comes_out(Vacuous);
    join("<= 200ms").sent(ms(1100), 0).not_done(2).comes_out(Vacuous);
}

#[test]
fn a_join_may_be_claimed_to_take_at_least_so_long_and_nothing_is_early() {
    let received = |at| join(">= 200ms").sent(ms(1000), 0).through(at, 1);
    received(ms(1200)).comes_out(Pass);
    received(ms(1200) - NS).comes_out(Fail);
    let range = |at| join("200ms..300ms").sent(ms(1000), 0).through(at, 1);
    range(ms(1200)).comes_out(Pass);
    range(ms(1300)).comes_out(Pass);
    range(ms(1300) + NS).comes_out(Fail);
    range(ms(1199)).comes_out(Fail);
    // The latency could not have been shorter.
    join(">= 200ms").through(ms(1200), 0).comes_out(Vacuous);
    join(">= 200ms").sent(ms(1000), 0).comes_out(Vacuous);
}

#[test]
fn a_join_may_count_from_the_report_on_the_link() {
    let run =
        |at| since_wire("join", "<= 200ms").sent(ms(1000), 0).sent(ms(2000), 1).through(at, 2);
    run(ms(2200)).says_so(ms(2000), &REPORT).comes_out(Pass);
    run(ms(2200) + NS).says_so(ms(2000), &REPORT).comes_out(Fail);
    run(ms(2300)).says(Vacuous, &["h1:lan sent no Report after join"]);
    let other = Message::V2Report { group: OTHER_GROUP };
    run(ms(2300)).says_so(ms(2000), &other).comes_out(Vacuous);
    // Another host's Report is not its own.
    run(ms(2300)).igmp(ms(2000), "h2:lan", GROUP, &REPORT).comes_out(Vacuous);
    run(ms(1500)).says_so(ms(2000), &REPORT).says(
        Vacuous,
        &["it received one at 1.500 s already, before the Report at 2.000 s, 1.000 s after join"],
    );
    let v3 = |kind| Message::V3Report(V3Report::new(vec![GroupRecord::new(kind, GROUP, vec![])]));
    run(ms(2200)).says_so(ms(2000), &v3(RecordKind::ToEx)).comes_out(Pass);
    run(ms(2300)).says_so(ms(2000), &v3(RecordKind::ToIn)).comes_out(Vacuous);
}

#[test]
fn a_leave_takes_until_the_last_datagram_reaches_the_interface() {
    let last = |at| leave("<= LMQT").forwarded(at, 6).sent(ms(9000), 7);
    last(ms(6001)).comes_out(Pass);
    last(ms(6001) + NS).comes_out(Fail);
    // Its own socket is silent anyway.
    leave("<= LMQT")
        .sent(ms(9000), 7)
        .delivered(ms(8000), "h1", super::S1, super::first(6))
        .comes_out(Pass);
    let measured = last(LEAVE + std::time::Duration::from_millis(7)).finding().measured;
    assert_eq!(measured[0].to_string(), "leave-latency 0.007000 s");
    let found = last(ms(6201)).finding();
    assert_eq!(found.at, Some(ms(6201)));
    let lines = [
        "expected at most LMQT (LMQC 2 x LMQI 0.500 s) 1.000 s, found 1.200000 s",
        "from leave at 5.001 s",
        "to   the last one: 6.201 s  h1:lan  10.0.1.2 > 239.1.1.1 datagram 6 of stream 0",
    ];
    assert_eq!(found.why[..3], lines);
}

#[test]
fn a_leave_may_not_be_over_too_soon() {
    let last = |at| leave(">= LMQT - 10ms").forwarded(at, 6).sent(ms(9000), 7);
    last(ms(5991)).comes_out(Pass);
    last(ms(5991) - NS).comes_out(Fail);
    leave(">= LMQT - 10ms").sent(ms(9000), 7).says(
        Fail,
        &[
            "expected at least LMQT (LMQC 2 x LMQI 0.500 s) 1.000 s - 0.010 s = 0.990 s, found \
             0.000000 s",
            "from leave at 5.001 s",
            "to   the same: none arrived after it",
        ],
    );
}

#[test]
fn a_leave_says_nothing_unless_a_source_goes_on() {
    leave("<= LMQT")
        .forwarded(ms(5500), 6)
        .says(Vacuous, &["no source was sending after 5.500 s, so the silence proves nothing"]);
    let claim = format!("{TO_H1}\nleave-latency = '<= LMQT'");
    let why = "none arrived before either, so the silence proves nothing";
    Run::new(&claim).sent(ms(5500), 6).says(Vacuous, &[why]);
    leave("<= LMQT").sent(ms(9000), 7).not_done(LEAVE_ACT).comes_out(Vacuous);
}

#[test]
fn a_leave_may_count_from_the_message_on_the_link() {
    let run = |last| {
        let run = since_wire("leave", "<= LMQT").through(ms(2000), 0);
        run.forwarded(last, 6).sent(ms(9000), 7)
    };
    run(ms(6500)).says_so(ms(5500), &DONE).comes_out(Pass);
    run(ms(6500) + NS).says_so(ms(5500), &DONE).comes_out(Fail);
    run(ms(6600)).says(Vacuous, &["h1:lan sent no Leave after leave"]);
    run(ms(6600)).says_so(ms(5500), &REPORT).comes_out(Vacuous);
    let done = GroupRecord::new(RecordKind::ToIn, GROUP, vec![]);
    let done = Message::V3Report(V3Report::new(vec![done]));
    run(ms(6500)).says_so(ms(5500), &done).comes_out(Pass);
}
