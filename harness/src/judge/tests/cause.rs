//! What a fault did stands first in each failure that it explains, and in no other.

use castnet::wire::igmp::Message;
use castnet::wire::ipv4::Ipv4Header;

use super::super::Outcome::Fail;
use super::{GROUP, H1, LEAVE, OTHER_GROUP, Run, S1, data_frame, first, igmp_frame, ms};
use crate::recording::Strike;
use std::net::Ipv4Addr;
use std::time::Duration;

const ROUTERS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 2);
const ASKED: &str = "packet = { on = 'lan', kind = 'group-specific-query', group = '239.1.1.1' }\n\
                     count = 'LMQC'\nafter = 'leave'\nwithin = 'LMQT'";
const CAUSE: &str = "likely cause: Leave Group 239.1.1.1 from h1:lan dropped (line 7) at 5.001 s";

fn leave(group: Ipv4Addr) -> Vec<u8> {
    igmp_frame(&Ipv4Header::igmp(H1, ROUTERS), &Message::Leave { group })
}

/// What the only failure says of its likely causes, which comes before all else.
#[track_caller]
fn causes(run: Run) -> Vec<String> {
    let finding = run.finding();
    assert_eq!(finding.outcome, Fail, "{:#?}", finding.why);
    let is_cause = |line: &&String| line.starts_with("likely cause: ");
    let first: Vec<String> = finding.why.iter().take_while(is_cause).cloned().collect();
    assert_eq!(finding.why.iter().filter(is_cause).count(), first.len(), "{:#?}", finding.why);
    first
}

#[test]
fn the_leave_that_was_lost_explains_that_nobody_asks() {
    let run = Run::new(ASKED).struck(5001, "h1:lan", None, leave(GROUP));
    assert_eq!(causes(run), [CAUSE]);
    // The datagrams that go on arriving are of the same cause.
    let claim = "delivery = { to = 'h1', group = '239.1.1.1' }\n\
                 none-after = 'leave + LMQT'\nfor = '2s'";
    let run = Run::new(claim).through(ms(4000), 0).through(ms(7000), 1);
    assert_eq!(causes(run.struck(5001, "h1:lan", None, leave(GROUP))), [CAUSE]);
}

#[test]
fn what_is_of_another_group_link_or_time_explains_nothing() {
    let none: [String; 0] = [];
    let run = || Run::new(ASKED);
    assert_eq!(causes(run().struck(5001, "h1:lan", None, leave(OTHER_GROUP))), none);
    assert_eq!(causes(run().struck(5001, "s2:up", None, leave(GROUP))), none);
    assert_eq!(causes(run().struck(6102, "h1:lan", None, leave(GROUP))), none);
    let data = data_frame(S1, GROUP, first(0), 32);
    assert_eq!(causes(run().struck(5001, "s1:up", None, data)), none);
}

#[test]
fn what_got_through_later_explains_nothing() {
    let lost = |at| Run::new(ASKED).struck(at, "h1:lan", None, leave(GROUP));
    assert_eq!(causes(lost(2000)).len(), 1);
    assert_eq!(causes(lost(2000).frame(ms(3000), "h1:lan", &leave(GROUP))), [""; 0]);
    // The second one was lost too.
    let twice = lost(2000).struck(3000, "h1:lan", None, leave(GROUP));
    let cause = "likely cause: 2 x Leave Group 239.1.1.1 from h1:lan dropped (line 7), \
                 from 2.000 s to 3.000 s";
    assert_eq!(causes(twice.frame(ms(3000), "h1:lan", &leave(GROUP))), [cause]);
    // Only what got through before the claim's time begins makes it good.
    assert_eq!(causes(lost(2000).frame(LEAVE, "h1:lan", &leave(GROUP))).len(), 1);
}

#[test]
fn what_was_delayed_or_spoiled_is_a_cause_and_what_was_not_harmed_is_none() {
    let struck = |strike| {
        let mut run = Run::new(ASKED).struck(5001, "h1:lan", None, leave(GROUP));
        run.recording.struck[0].strike = strike;
        causes(run)
    };
    let delayed = struck(Strike::Delayed(Duration::from_secs(9)));
    assert_eq!(delayed, [CAUSE.replace("dropped", "delayed 9.000 s")]);
    assert_eq!(struck(Strike::Corrupted), [CAUSE.replace("dropped", "corrupted")]);
    assert_eq!(struck(Strike::Unharmed), [""; 0]);
}

#[test]
fn datagrams_that_were_lost_are_counted_once_for_all() {
    let claim = "delivery = { to = 'h1', group = '239.1.1.1' }\nexactly-once = true";
    let lost = (0..40).fold(Run::new(claim), |run, n| {
        let (at, data) = (2000 + 10 * n, data_frame(S1, GROUP, first(n), 32));
        run.sent(ms(at), n).struck(at, "s1:up", Some("r1:up"), data)
    });
    let cause = "likely cause: 40 x datagram of stream 0 from s1:up dropped (line 7) \
                 on its way to r1:up, from 2.000 s to 2.390 s";
    assert_eq!(causes(lost), [cause]);
}

#[test]
fn a_rule_of_every_run_says_its_cause_too() {
    let run = Run::new(ASKED).struck(5001, "h1:lan", None, leave(GROUP));
    let run = run.sent(ms(6000), 0).forwarded(ms(6000), 0).forwarded(ms(6001), 0);
    let rules = run.verdict().invariants;
    let broken: Vec<_> = rules.iter().filter(|rule| rule.outcome() == Fail).collect();
    assert!(!broken.is_empty());
    for rule in broken {
        assert_eq!(rule.violations[0], CAUSE, "{rule:#?}");
    }
}
