//! The TTL that datagrams arrive with.

use super::super::Outcome::{Fail, Pass, Vacuous};
use super::{LEAVE, NS, Run, S1, S2, first, ms, second};

fn ttl(ttl: &str) -> Run {
    let claim = "delivery = { to = 'h1', group = '239.1.1.1', from = 's1' }";
    Run::new(&format!("{claim}\nttl = {ttl}\nafter = 'join'\nwithin = '1s'"))
}

#[test]
fn every_datagram_that_reaches_the_interface_has_it() {
    ttl("31").forwarded(ms(1500), 0).forwarded(ms(1600), 1).comes_out(Pass);
    ttl("30").forwarded(ms(1500), 0).comes_out(Fail);
    ttl("32").forwarded(ms(1500), 0).comes_out(Fail);
    ttl("'30..31'").forwarded(ms(1500), 0).comes_out(Pass);
    ttl("'>= 31'").forwarded(ms(1500), 0).comes_out(Pass);
    let run = ttl("31").forwarded(ms(1500), 0).data(ms(1600), "r1:lan", S1, first(1), 30);
    let finding = run.finding();
    assert_eq!((finding.outcome, finding.at), (Fail, Some(ms(1600))));
    assert_eq!(finding.why[0], "expected TTL 31, found 30 in 1 of 2 datagrams");
    assert_eq!(finding.measured.len(), 2);
}

#[test]
fn only_what_arrives_in_the_window_from_the_source_counts() {
    let right = || ttl("31").forwarded(ms(1500), 0);
    for at in [ms(1000) - NS, ms(2000), LEAVE] {
        right().data(at, "r1:lan", S1, first(1), 5).comes_out(Pass);
    }
    right().data(ms(2000) - NS, "r1:lan", S1, first(1), 5).comes_out(Fail);
    right().data(ms(1600), "r1:lan", S2, second(1), 5).comes_out(Pass);
    // What h1 would send itself, and what is on another link.
    right().data(ms(1600), "h1:lan", S1, first(1), 5).comes_out(Pass);
    right().sent(ms(1600), 1).comes_out(Pass);
}

#[test]
fn without_a_datagram_there_is_no_ttl() {
    ttl("31").sent(ms(1500), 0).says(
        Vacuous,
        &[
            "no datagram reached it, so there was no TTL to see",
            "from join at 1.000 s",
            "to   join at 1.000 s + 1.000 s = 2.000 s",
        ],
    );
}
