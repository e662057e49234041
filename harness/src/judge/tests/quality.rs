//! What is lost of a stream, how long none of it comes, and how evenly it comes.

use std::time::Duration;

use super::super::Outcome::{Fail, Pass, Vacuous};
use super::super::{Measure, Value};
use super::{NS, Run, S1, S2, first, ms, second};

/// A claim about what is sent from 1 s to 2 s.
fn claim(key: &str, limit: &str) -> Run {
    Run::new(&format!(
        "delivery = {{ to = 'h1', group = '239.1.1.1' }}\n{key} = '{limit}'\n\
         after = 'join'\nwithin = '1s'"
    ))
}

impl Run {
    /// A datagram of s1 that is under way for some milliseconds.
    fn takes(self, sent: u64, sequence: u64, transit: u64) -> Self {
        let at = ms(sent + transit);
        self.sent(ms(sent), sequence).delivered(at, "h1", S1, first(sequence))
    }

    /// Datagrams of these numbers, one each 10 ms from 1 s on; those of `lost` never arrive.
    fn stream(self, numbers: std::ops::Range<u64>, lost: &[u64]) -> Self {
        numbers.fold(self, |run, n| match lost.contains(&n) {
            true => run.sent(ms(1000 + 10 * n), n),
            false => run.through(ms(1000 + 10 * n), n),
        })
    }

    fn measures(self, name: &'static str, value: Value) {
        assert_eq!(self.finding().measured, [Measure { name, value }]);
    }
}

const fn time(milliseconds: u64) -> Value {
    Value::Time(Duration::from_millis(milliseconds))
}

#[test]
fn a_loss_is_a_part_of_what_was_really_sent() {
    claim("loss", "<= 2%").stream(0..100, &[7, 8]).comes_out(Pass);
    claim("loss", "<= 1.9999%").stream(0..100, &[7, 8]).comes_out(Fail);
    claim("loss", "0%").stream(0..100, &[]).comes_out(Pass);
    claim("loss", ">= 2%").stream(0..100, &[7, 8]).comes_out(Pass);
    claim("loss", ">= 2.0001%").stream(0..100, &[7, 8]).comes_out(Fail);
    // What is sent before the window or after it does not count.
    let run = claim("loss", "0%").stream(0..100, &[]).sent(ms(999), 200).sent(ms(2000), 201);
    run.comes_out(Pass);
    // However late it comes, and however often, it is not lost.
    let run = claim("loss", "0%").takes(1999, 0, 900).delivered(ms(3000), "h1", S1, first(0));
    run.comes_out(Pass);
    let share = Value::Share { found: 2, of: 100 };
    claim("loss", "<= 5%").stream(0..100, &[7, 8]).measures("loss", share);
    let measure = Measure { name: "loss", value: Value::Share { found: 1, of: 300 } };
    assert_eq!(measure.to_string(), "loss 0.3333% (1 of 300)");
}

#[test]
fn a_loss_shows_what_became_of_the_lost() {
    let run = claim("loss", "<= 1%").stream(0..3, &[1]);
    run.says(
        Fail,
        &[
            "expected at most 1%, lost 1 of 3 sent",
            "from join at 1.000 s",
            "to   join at 1.000 s + 1.000 s = 2.000 s",
            "datagram 1 of stream 0 arrived 0 times:",
            "   1.010000 s  s1:up -> r1:up, s2:up",
            "entered r1:up at 1.010 s, no entry, no members on lan, never left",
        ],
    );
}

#[test]
fn the_longest_time_without_a_datagram_is_a_gap() {
    let run = |limit| claim("gap", limit).through(ms(1000), 0).through(ms(1200), 1);
    run("<= 200ms").through(ms(1300), 2).comes_out(Pass);
    run("<= 199ms").through(ms(1300), 2).comes_out(Fail);
    run(">= 200ms").through(ms(1300), 2).comes_out(Pass);
    run(">= 201ms").through(ms(1300), 2).comes_out(Fail);
    run("<= 250ms").through(ms(1300), 2).measures("gap", time(200));
    // Two streams make one silence together.
    let both = |limit| {
        let run = run(limit).through(ms(1300), 2).data(ms(1100), "s2:up", S2, second(0), 32);
        run.delivered(ms(1100), "h1", S2, second(0))
    };
    both("<= 100ms").comes_out(Pass);
}

#[test]
fn a_gap_does_not_hide_at_the_edges_and_a_delay_is_none() {
    // The first ones, or the last ones, never arrive.
    claim("gap", "<= 49ms").stream(0..20, &[0, 1, 2, 3, 4]).comes_out(Fail);
    claim("gap", "<= 50ms").stream(0..20, &[0, 1, 2, 3, 4]).comes_out(Pass);
    claim("gap", "<= 49ms").stream(0..20, &[15, 16, 17, 18, 19]).comes_out(Fail);
    claim("gap", "<= 50ms").stream(0..20, &[15, 16, 17, 18, 19]).comes_out(Pass);
    // All of them are under way for 700 ms.
    let late = (0..20).fold(claim("gap", "<= 10ms"), |run, n| run.takes(1000 + 10 * n, n, 700));
    late.comes_out(Pass);
    let all: Vec<u64> = (0..20).collect();
    claim("gap", "<= 189ms").stream(0..20, &all).comes_out(Fail);
}

#[test]
fn a_gap_fails_by_the_length_that_it_is_too_long() {
    let run = claim("gap", "<= 200ms").through(ms(1000), 0).through(ms(1200) + NS, 1);
    let finding = run.finding();
    assert_eq!((finding.outcome, finding.missed_by), (Fail, Some(NS)));
    let why = [
        "expected at most 0.200 s, found 0.200000 s",
        "from join at 1.000 s",
        "to   join at 1.000 s + 1.000 s = 2.000 s",
        "between datagram 0 of stream 0, received at 1.000 s",
        "and     datagram 1 of stream 0, received at 1.200 s",
    ];
    assert_eq!(finding.why[..5], why);
}

#[test]
fn an_outage_lasts_from_the_first_lost_to_the_first_again() {
    // 5 to 9 are lost, from 1.050 s on; 10 comes at 1.100 s.
    let run = |limit| claim("outage", limit).stream(0..100, &[5, 6, 7, 8, 9]);
    run("<= 50ms").comes_out(Pass);
    run("<= 49ms").comes_out(Fail);
    run(">= 50ms").comes_out(Pass);
    run(">= 51ms").comes_out(Fail);
    run("<= 60ms").measures("outage", time(50));
    claim("outage", "<= 60ms").stream(0..100, &[]).measures("outage", time(0));
    // The longest one counts, not the first one.
    claim("outage", "<= 20ms").stream(0..100, &[5, 20, 21, 22]).comes_out(Fail);
    // Two streams that take turns are two.
    let run = claim("outage", "<= 10ms").stream(0..20, &[5]);
    let run = run.data(ms(1055), "s2:up", S2, second(0), 32);
    run.delivered(ms(1055), "h1", S2, second(0)).comes_out(Pass);
}

#[test]
fn an_outage_begins_with_what_was_under_way_and_may_last_beyond_the_window() {
    // The last one before the join arrives, and the next two, sent before the window, do not.
    let begun = |limit| {
        let run = claim("outage", limit).through(ms(970), 0).sent(ms(980), 1).sent(ms(990), 2);
        run.sent(ms(1000), 3).through(ms(1010), 4).through(ms(1500), 5)
    };
    begun("<= 30ms").comes_out(Pass);
    begun("<= 29ms").comes_out(Fail);
    // None had arrived before: there was no stream yet.
    let run = claim("outage", "<= 10ms").sent(ms(980), 1).sent(ms(1000), 3);
    run.through(ms(1010), 4).through(ms(1500), 5).comes_out(Pass);
    let ends = |limit| {
        let run = claim("outage", limit).through(ms(1900), 0).sent(ms(1990), 1).sent(ms(2100), 2);
        run.through(ms(2190), 3)
    };
    ends("<= 200ms").comes_out(Pass);
    ends("<= 199ms").comes_out(Fail);
}

#[test]
fn an_outage_without_an_end_is_never_short_enough() {
    let lost: Vec<u64> = (5..100).collect();
    claim("outage", "<= 900ms").stream(0..100, &lost).comes_out(Fail);
    claim("outage", ">= 900ms").stream(0..100, &lost).comes_out(Pass);
    // It ended with the source, and could have been shorter or longer than that.
    claim("outage", "<= 950ms").stream(0..100, &[98, 99]).says(
        Vacuous,
        &[
            "none arrived again, and the last one was sent at 1.990 s",
            "from join at 1.000 s",
            "to   join at 1.000 s + 1.000 s = 2.000 s",
        ],
    );
    claim("outage", ">= 100ms").stream(0..100, &[98, 99]).comes_out(Vacuous);
}

#[test]
fn a_datagram_that_comes_after_a_later_one_is_reordered() {
    // 2 and 1 come after 3; a second copy of 0 is none of them.
    let run = |limit| {
        let run = claim("reordered", limit).takes(1000, 0, 0).takes(1010, 1, 50);
        run.takes(1020, 2, 30).takes(1030, 3, 5).delivered(ms(1100), "h1", S1, first(0))
    };
    run("<= 2").comes_out(Pass);
    run("<= 1").comes_out(Fail);
    run(">= 2").comes_out(Pass);
    run("3..4").comes_out(Fail);
    run("2").measures("reordered", Value::Number(2));
    // At one instant the order of the socket counts.
    let run = claim("reordered", "1").takes(1010, 1, 0).takes(1000, 0, 10);
    run.comes_out(Pass);
    // A lost one is not late, and each stream has its own order.
    claim("reordered", "0").stream(0..9, &[3]).comes_out(Pass);
    let run = claim("reordered", "0").stream(5..9, &[]);
    let run = run.data(ms(1081), "s2:up", S2, second(0), 32);
    run.delivered(ms(1081), "h1", S2, second(0)).comes_out(Pass);
}

#[test]
fn jitter_is_the_smoothed_one_of_rfc_3550() {
    // |D| = 16 ms makes J = 1 ms; the way back makes it 1 + (16 - 1) / 16 = 1.9375 ms.
    let run = |limit| {
        let run = claim("jitter", limit).takes(1000, 0, 0).takes(1100, 1, 16);
        run.takes(1200, 2, 0).takes(1300, 3, 0)
    };
    run("<= 2ms").comes_out(Pass);
    run("<= 1ms").comes_out(Fail);
    run(">= 1ms").comes_out(Pass);
    run(">= 2ms").comes_out(Fail);
    run("<= 2ms").measures("jitter", Value::Time(Duration::from_nanos(1_937_500)));
    // A steady delay is no jitter, and neither is the way of another stream.
    let steady = claim("jitter", "<= 1ms").takes(1000, 0, 300).takes(1100, 1, 300);
    let steady = steady.data(ms(1050), "s2:up", S2, second(0), 32);
    steady.delivered(ms(1050), "h1", S2, second(0)).measures("jitter", time(0));
}

#[test]
fn what_was_not_sent_or_never_arrived_proves_nothing() {
    for (key, limit) in [
        ("loss", "0%"),
        ("gap", "<= 1ms"),
        ("outage", "<= 1ms"),
        ("reordered", "0"),
        ("jitter", "<= 1ms"),
    ] {
        let run = claim(key, limit).through(ms(500), 0).sent(ms(2000), 1);
        let finding = run.finding();
        let why = "no source sent any such datagram";
        assert_eq!((finding.outcome, finding.why[0].as_str()), (Vacuous, why), "{key}");
        claim(key, limit).stream(0..9, &[]).not_done(2).comes_out(Vacuous);
    }
    // Sources were sending for less time than the limit.
    claim("gap", "<= 190ms").stream(0..20, &[]).comes_out(Vacuous);
    claim("gap", "<= 189ms").stream(0..20, &[]).comes_out(Pass);
    claim("outage", "<= 190ms").stream(0..20, &[]).comes_out(Vacuous);
    claim("outage", "<= 189ms").stream(0..20, &[]).comes_out(Pass);
    for key in ["reordered", "jitter"] {
        let limit = if key == "jitter" { "<= 1ms" } else { "0" };
        claim(key, limit).stream(0..9, &[1, 2, 3, 4, 5, 6, 7, 8]).comes_out(Vacuous);
        claim(key, limit).stream(0..9, &[2, 3, 4, 5, 6, 7, 8]).comes_out(Pass);
    }
    // Whoever never received any loses all without the help of a router.
    claim("loss", ">= 50%").stream(0..2, &[0, 1]).comes_out(Vacuous);
    claim("loss", ">= 50%").stream(0..2, &[0, 1]).through(ms(2500), 2).comes_out(Pass);
    claim("gap", ">= 10ms").stream(0..9, &[0, 1, 2, 3, 4, 5, 6, 7, 8]).comes_out(Vacuous);
}
