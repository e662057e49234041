//! From one side of a router to the other.

use super::super::super::Outcome::{Fail, Pass};
use super::super::{NS, Run, S1, first, ms};
use super::run;
use crate::scenario::Invariant::{NoReturn, TtlByOne};

/// A datagram comes in on `up` with TTL 32 at 2 s.
fn comes_in() -> Run {
    run().reports(ms(1000)).sent(ms(2000), 0)
}

#[test]
fn the_ttl_goes_down_by_exactly_one() {
    for (ttl, outcome) in [(31, Pass), (32, Fail), (30, Fail), (33, Fail), (0, Fail), (255, Fail)] {
        comes_in().data(ms(2001), "r1:lan", S1, first(0), ttl).is(TtlByOne, outcome);
    }
    // A datagram that comes in with TTL 0 may not be forwarded, with 255 least of all.
    let spent = || run().data(ms(2000), "s1:up", S1, first(0), 0);
    spent().data(ms(2001), "r1:lan", S1, first(0), 255).is(TtlByOne, Fail);
    // Nor may one with TTL 1: no datagram is on a link with TTL 0 (RFC 1812 section 5.3.1).
    let last = || run().data(ms(2000), "s1:up", S1, first(0), 1);
    last()
        .data(ms(2001), "r1:lan", S1, first(0), 0)
        .breaks_and_says(TtlByOne, &["r1:lan sent a datagram with TTL 0 at 2.001 s"]);
}

#[test]
fn the_wrong_ttl_is_told_with_where_the_datagram_went() {
    comes_in().data(ms(2001), "r1:lan", S1, first(0), 32).breaks_and_says(
        TtlByOne,
        &[
            "r1:lan sent a datagram with TTL 32 that came with 32 at 2.001 s",
            "the first one is 2.001 s  r1:lan  10.0.1.2 > 239.1.1.1 datagram 0 of stream 0",
        ],
    );
}

#[test]
fn only_what_came_before_explains_a_ttl() {
    // It came with 32 and with 20, and either may be what was sent on.
    let both = || comes_in().data(ms(2001), "s1:up", S1, first(0), 20);
    for ttl in [31, 19] {
        both().data(ms(2001), "r1:lan", S1, first(0), ttl).keeps(TtlByOne);
    }
    both().data(ms(2001) - NS, "r1:lan", S1, first(0), 19).breaks(TtlByOne);
    both().data(ms(2001), "r1:lan", S1, first(0), 25).breaks(TtlByOne);
}

#[test]
fn hosts_lower_nothing_and_what_never_came_in_cannot_be_compared() {
    comes_in().data(ms(2001), "h1:lan", S1, first(0), 32).keeps(TtlByOne);
    run().data(ms(2001), "r1:lan", S1, first(0), 32).keeps(TtlByOne);
    // Another datagram came in with that TTL, not this one.
    comes_in().data(ms(2001), "r1:lan", S1, first(1), 32).keeps(TtlByOne);
}

#[test]
fn nothing_goes_back_to_where_it_came_from() {
    comes_in().data(ms(2001), "r1:lan", S1, first(0), 31).keeps(NoReturn);
    comes_in().data(ms(2001), "r1:up", S1, first(0), 31).breaks_and_says(
        NoReturn,
        &["r1:up sent a datagram back to where it came from at 2.001 s"],
    );
    // A right copy does not make a wrong one right.
    let both = comes_in().data(ms(2001), "r1:lan", S1, first(0), 31);
    both.data(ms(2001), "r1:up", S1, first(0), 31).breaks(NoReturn);
}

#[test]
fn a_copy_that_came_in_elsewhere_may_be_the_one_that_is_sent() {
    // Another router on lan was faster; r1 still forwards the copy from up.
    let faster = || comes_in().data(ms(2001), "h2:lan", S1, first(0), 31);
    faster().data(ms(2002), "r1:lan", S1, first(0), 31).keeps(NoReturn);
    // A later copy on the port does not count.
    let later = run().data(ms(2000), "r1:lan", S1, first(0), 31);
    later.data(ms(2000) + NS, "h2:lan", S1, first(0), 31).keeps(NoReturn);
    // A host may answer anything on its only interface.
    comes_in().data(ms(2001), "s2:up", S1, first(0), 31).keeps(NoReturn);
}
