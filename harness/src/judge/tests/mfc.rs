//! What a router's forwarding cache holds.

use super::super::Outcome::{Fail, Pass, Vacuous};
use super::{NS, Run, S2, ms};

const LAN: Option<(&str, &[&str])> = Some(("r1:up", &["r1:lan"]));
const NOWHERE: Option<(&str, &[&str])> = Some(("r1:up", &[]));

/// A claim about (s1, 239.1.1.1) at 6.001 s.
fn at_leave(entry: &str) -> Run {
    let flow = "of = 'r1', group = '239.1.1.1', source = 's1'";
    Run::new(&format!("mfc = {{ {flow}, {entry} }}\nat = 'leave + LMQT'"))
}

fn to_lan() -> Run {
    at_leave("iif = 'up', oifs = ['lan']")
}

#[test]
fn the_state_just_before_the_time_counts() {
    for (since, until, outcome) in [
        (ms(2000), ms(9000), Pass),
        (ms(2000), ms(6001), Pass),
        (ms(2000), ms(6001) - NS, Fail),
        (ms(6001) - NS, ms(9000), Pass),
        (ms(6001), ms(9000), Fail),
        (ms(2000), ms(3000), Fail),
    ] {
        to_lan().entry(since, LAN).entry(until, None).comes_out(outcome);
    }
}

#[test]
fn all_of_the_entry_has_to_be_right() {
    for (claimed, outcome) in [
        ("iif = 'up', oifs = ['lan']", Pass),
        ("iif = 'up', oifs = []", Fail),
        ("iif = 'up', oifs = ['lan', 'up']", Fail),
        ("iif = 'lan', oifs = ['lan']", Fail),
        ("absent = true", Fail),
    ] {
        at_leave(claimed).entry(ms(2000), LAN).comes_out(outcome);
    }
    // The order in which the author names them does not matter.
    let entry = Some(("r1:up", &["r1:up", "r1:lan"][..]));
    at_leave("iif = 'up', oifs = ['lan', 'up']").entry(ms(2000), entry).comes_out(Pass);
}

#[test]
fn an_entry_of_another_flow_does_not_count() {
    let mut run = to_lan().entry(ms(2000), LAN);
    run.recording.mfc[0].source = S2.into();
    run.comes_out(Fail);
    let mut run = to_lan().entry(ms(2000), LAN);
    run.recording.mfc[0].group = super::group(super::OTHER_GROUP);
    run.comes_out(Fail);
    let mut run = to_lan().entry(ms(2000), LAN);
    run.recording.mfc[0].node = run.node("h1");
    run.comes_out(Fail);
}

#[test]
fn absence_has_to_follow_presence() {
    let absent = || at_leave("absent = true");
    absent().says(Vacuous, &["there never was such an entry, so its absence here proves nothing"]);
    absent().entry(ms(2000), None).comes_out(Vacuous);
    absent().entry(ms(2000), LAN).entry(ms(6001) - NS, None).comes_out(Pass);
    absent().entry(ms(2000), LAN).entry(ms(6001), None).comes_out(Fail);
    absent().entry(ms(9000), LAN).comes_out(Pass);
}

#[test]
fn a_failure_tells_the_entrys_history() {
    let run = to_lan()
        .entry(ms(1), None)
        .entry(ms(2000), NOWHERE)
        .entry(ms(3000), LAN)
        .entry(ms(5900), NOWHERE)
        .entry(ms(9000), LAN);
    run.says(
        Fail,
        &[
            "at leave at 5.001 s + LMQT (LMQC 2 x LMQI 0.500 s) 1.000 s = 6.001 s",
            "expected in r1:up out r1:lan",
            "found    in r1:up out nowhere",
            "   0.001000 s  no entry",
            "   2.000000 s  in r1:up out nowhere",
            "   3.000000 s  in r1:up out r1:lan",
            "   5.900000 s  in r1:up out nowhere",
            "   9.000000 s  in r1:up out r1:lan",
        ],
    );
    let finding = to_lan().finding();
    assert_eq!(finding.outcome, Fail);
    assert_eq!(finding.why[2..], ["found    no entry", "there never was one"]);
}
