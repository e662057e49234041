//! Load that was promised and not sent proves nothing, whatever the checks found.

use std::time::Duration;

use castnet::time::Instant;

use super::super::Outcome::{Broken, Pass, Vacuous};
use super::super::{Verdict, judge};
use super::{Run, S1, first, ms};
use crate::capture::encode::injected;
use crate::capture::ethernet;
use crate::plan::{Act, Action, Injection};

const ASKED: &str = "packet = { on = 'lan', kind = 'query' }\ncount = '>= 1'";
const ONCE: &str = "delivery = { to = 'h1', group = '239.1.1.1' }\nexactly-once = true\n\
                    after = 'start + 2s'\nwithin = '1s'";

/// A run in which s1 promises 100 datagrams a second for so long, and h1 gets those of these numbers.
fn promised(expectation: &str, seconds: u64, sent: impl Iterator<Item = u64>) -> Run {
    let mut run = Run::new(expectation).asks(ms(500));
    let Action::Send(stream) = &mut run.plan.acts[0].action else { panic!() };
    stream.during = Some(Duration::from_secs(seconds));
    sent.fold(run, |run, number| {
        let at = ms(number * 10);
        run.sent(at, number).delivered(at, "h1", S1, first(number))
    })
}

fn outcome(run: Run) -> (Verdict, String) {
    let verdict = run.verdict();
    let told = verdict.reasons.join("\n");
    (verdict, told)
}

#[test]
fn what_was_promised_has_to_be_sent() {
    let all = promised(ASKED, 4, 0..400).verdict();
    assert_eq!(all.outcome, Pass, "{all}");
    // A laboratory that did not come to its last datagrams, or lost one in ten, is forgiven.
    for sent in [389, 360] {
        assert_eq!(promised(ASKED, 4, 0..sent).verdict().outcome, Pass, "{sent}");
    }
    for sent in [0, 13, 359] {
        let (verdict, told) = outcome(promised(ASKED, 4, 0..sent));
        assert_eq!(verdict.outcome, Broken, "{sent}: {verdict}");
        assert!(told.contains(&format!("means 400 packets, and {sent} left")), "{told}");
    }
}

#[test]
fn a_failure_under_load_that_was_not_there_accuses_nobody() {
    let run = promised("packet = { on = 'lan', kind = 'query' }\ncount = 7", 4, 0..100);
    assert_eq!(run.verdict().outcome, Broken);
}

#[test]
fn datagrams_have_to_be_there_in_the_time_of_the_check_that_is_about_them() {
    // Half of the second is missing, which is one in forty of all.
    let gap = |expectation: &str| promised(expectation, 20, (0..220).chain(270..2000));
    let (verdict, told) = outcome(gap(ONCE));
    assert_eq!(verdict.outcome, Broken, "{verdict}");
    assert!(told.contains("means 100 packets from 2.000 s to 3.000 s, for line "), "{told}");
    for other in [
        // At another time, of another group, and about no datagrams.
        ONCE.replace("2s", "4s"),
        "packet = { on = 'up', kind = 'data', group = '239.1.1.1' }\ncount = '1..110'\n\
         after = 'start + 4s'\nwithin = '1s'"
            .to_owned(),
        ASKED.to_owned(),
    ] {
        let verdict = gap(&other).verdict();
        assert_eq!(verdict.outcome, Pass, "{other}: {verdict}");
    }
}

#[test]
fn nothing_is_promised_after_a_stop_or_while_the_link_is_down() {
    let stopped = |done| {
        let mut run = promised(ASKED, 4, 0..200);
        let (words, label) = ("s1 stops".to_owned(), "stop".to_owned());
        let (at, node) = (Duration::from_secs(2), run.node("s1"));
        run.plan.acts.push(Act { at, label, words, node, action: Action::Stop });
        run.recording.acts.push(done);
        run.verdict().outcome
    };
    assert_eq!(stopped(Some(ms(2000))), Pass);
    assert_eq!(stopped(Some(ms(3000))), Broken);
    // Down from 1 s to 3 s, and the link carries again within a second.
    let down = |port: &str, sent: &mut dyn Iterator<Item = u64>| {
        let mut run = promised(ASKED, 4, sent);
        let (node, port) = (run.node("r1"), run.port(port));
        for (seconds, up) in [(1, false), (3, true)] {
            let (at, action) = (Duration::from_secs(seconds), Action::Interface { port, up });
            let (label, words) = (format!("{up}"), String::new());
            run.plan.acts.push(Act { at, label, words, node, action });
            run.recording.acts.push(Some(Instant::ZERO + at));
        }
        run.verdict().outcome
    };
    assert_eq!(down("r1:up", &mut (0..100).chain(330..400)), Pass);
    assert_eq!(down("r1:up", &mut (0..50)), Broken);
    assert_eq!(down("r1:lan", &mut (0..100).chain(330..400)), Broken);
}

#[test]
fn an_injected_packet_has_to_leave_as_often_as_it_was_to() {
    let run = |times: u32, sent: u32| {
        let text = "title = 't'\nend = '10s'\nlinks = { lan = ['r1', 'i1'] }\n\
                    nodes = { r1 = { role = 'router' }, i1 = { role = 'injector' } }\n\
                    [[act]]\nat = '1s'\n\
                    inject = { who = 'i1', kind = 'v2-report', group = '239.1.1.1' }\n\
                    [[expect]]\npacket = { on = 'lan', kind = 'query' }\ncount = '>= 1'";
        let mut run = Run::new(ASKED);
        run.plan = crate::plan::compile("x.toml", text).unwrap_or_else(|e| panic!("{e}"));
        run.recording.acts = vec![Some(ms(1000))];
        let Action::Inject(injection) = &mut run.plan.acts[0].action else { panic!() };
        injection.times = times;
        injection.every = Duration::from_secs(1);
        let Injection { to, .. } = *injection;
        let packet = injected(injection).unwrap();
        let frame = ethernet::frame(run.plan.ports[injection.port].mac, to, &packet);
        let run = run.igmp(ms(1), "r1:lan", super::ALL_HOSTS, &super::query(5, [0; 4].into()));
        let sent = (0..sent)
            .fold(run, |run, nth| run.frame(ms(1000 + u64::from(nth) * 1000), "i1:lan", &frame));
        judge(&sent.plan, &sent.recording)
    };
    for (times, sent, outcome) in [(1, 1, Pass), (1, 0, Broken), (3, 3, Pass), (3, 2, Broken)] {
        let verdict = run(times, sent);
        assert_eq!(verdict.outcome, outcome, "{sent} of {times}: {verdict}");
    }
    // Of what goes on until the end only what is due before it.
    assert_eq!(run(u32::MAX, 9).outcome, Pass);
    assert_eq!(run(u32::MAX, 5).outcome, Broken);
}

#[test]
fn what_nobody_begins_is_no_load() {
    let run = promised(ONCE, 0, 0..0);
    assert_eq!(run.verdict().outcome, Vacuous);
}
