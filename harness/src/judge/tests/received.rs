//! Claims about the number of datagrams that a receiver gets.

use std::net::Ipv4Addr;

use castnet::addr::Source;
use castnet::event::Event;
use castnet::gmp::News;
use castnet::mfc::entry::{Flow, MfcEntry};
use castnet::mfc::vif::Vif;

use super::super::Outcome::{Fail, Pass, Vacuous};
use super::{GROUP, LEAVE_ACT, OTHER_GROUP, Run, S1, S2, first, group, ms, second};
use crate::recording::Delivery;

fn vif(number: usize) -> Vif {
    Vif::new(number).unwrap()
}

fn flow(to: Ipv4Addr) -> Flow {
    Flow { source: Source::new(S1.into()).unwrap(), group: group(to) }
}

fn forwarding(to: Ipv4Addr, oifs: &[usize]) -> Event {
    let oifs = oifs.iter().map(|&oif| (vif(oif), 1)).collect();
    Event::Forwarding(MfcEntry { flow: flow(to), iif: vif(0), oifs })
}

fn received(count: &str, window: &str) -> Run {
    let claim = "delivery = { to = 'h1', group = '239.1.1.1' }";
    Run::new(&format!("{claim}\nreceived = '{count}'\n{window}"))
}

const AFTER_JOIN: &str = "after = 'join'\nwithin = '1s'";

#[test]
fn what_the_socket_received_in_the_window_counts() {
    received("2", AFTER_JOIN).through(ms(1500), 0).through(ms(1600), 1).comes_out(Pass);
    received("2", AFTER_JOIN).through(ms(1500), 0).comes_out(Fail);
    received("2", AFTER_JOIN).through(ms(1500), 0).through(ms(2101), 1).comes_out(Fail);
    let run = received("1", AFTER_JOIN).through(ms(1500), 0).through(ms(1600), 1);
    run.comes_out(Fail);
}

#[test]
fn what_another_node_or_another_groups_socket_received_does_not_count() {
    let run = received(">= 1", AFTER_JOIN).sent(ms(1500), 0).forwarded(ms(1500), 0);
    run.delivered(ms(1500), "h2", S1, first(0)).comes_out(Fail);
    let mut run = received(">= 1", AFTER_JOIN).through(ms(1500), 0);
    let group = super::group(super::OTHER_GROUP);
    let delivered = run.recording.deliveries.iter();
    run.recording.deliveries = delivered.map(|delivery| Delivery { group, ..delivery }).collect();
    run.comes_out(Fail);
}

#[test]
fn only_the_named_source_counts() {
    let claim = "delivery = { to = 'h1', group = '239.1.1.1', from = 's1' }\nreceived = '>= 1'";
    let from_s2 = |run: Run| {
        let run = run.data(ms(1500), "s2:up", S2, second(0), 32);
        run.delivered(ms(1500), "h1", S2, second(0))
    };
    from_s2(Run::new(claim)).sent(ms(1500), 0).comes_out(Fail);
    from_s2(Run::new(claim)).through(ms(1500), 0).comes_out(Pass);
    // s1 never sent, so the claim is vacuous.
    from_s2(Run::new(claim)).comes_out(Vacuous);
    from_s2(received(">= 1", "")).comes_out(Pass);
}

#[test]
fn a_datagram_that_is_lost_is_followed_to_where_it_was_last_seen() {
    let run = received(">= 3", AFTER_JOIN)
        .through(ms(900), 0)
        .through(ms(1500), 1)
        .sent(ms(1600), 2)
        .told(ms(1400), &forwarding(GROUP, &[1]))
        .told(ms(1550), &forwarding(GROUP, &[]))
        .told(ms(1560), &forwarding(OTHER_GROUP, &[1]))
        .told(ms(1565), &Event::Configured)
        .told(ms(1570), &Event::Gmp(vif(1), News::NoMembers(group(GROUP))))
        .told(ms(2800), &Event::Idle(flow(GROUP)));
    run.says(
        Fail,
        &[
            "expected at least 3, found 1",
            "from join at 1.000 s",
            "to   join at 1.000 s + 1.000 s + tolerance 0.100 s = 2.100 s",
            "in the whole run 2: the first one at 0.900 s, the last one at 1.500 s",
            "datagram 2 of stream 0, for one:",
            "   1.600000 s  s1:up -> r1:up, s2:up",
            "entered r1:up at 1.600 s, no entry, no members on lan, never left",
            "   1.400000 s  r1 told: (10.0.1.2, 239.1.1.1) in up out lan",
            "   1.550000 s  r1 told: (10.0.1.2, 239.1.1.1) in up out nowhere",
            "   1.570000 s  r1 told: lan: no members of 239.1.1.1",
        ],
    );
}

#[test]
fn too_many_are_no_loss() {
    let run = received("1", AFTER_JOIN).through(ms(1500), 0).through(ms(1600), 1);
    let run = run.sent(ms(1700), 2);
    run.says(
        Fail,
        &[
            "expected 1, found 2",
            "from join at 1.000 s",
            "to   join at 1.000 s + 1.000 s = 2.000 s",
            "in the whole run 2: the first one at 1.500 s, the last one at 1.600 s",
        ],
    );
}

#[test]
fn if_no_source_sent_the_routers_are_not_to_blame() {
    for count in [">= 1", "1", "0", "<= 5"] {
        received(count, "").says(Vacuous, &["no source sent any such datagram"]);
    }
}

#[test]
fn a_receiver_that_never_received_any_proves_nothing_by_receiving_none() {
    for count in ["0", "<= 5", "0..5"] {
        let run = received(count, AFTER_JOIN).sent(ms(1500), 0);
        run.says(
            Vacuous,
            &["the receiver never received any, so that it received none here proves nothing"],
        );
    }
    // And at most so many of those that nobody sent is no better.
    received("<= 5", AFTER_JOIN).through(ms(3000), 0).comes_out(Vacuous);
    received("<= 5", AFTER_JOIN).through(ms(1500), 0).comes_out(Pass);
}

#[test]
fn receiving_none_proves_something_only_while_a_source_sends() {
    let silent = |sent| received("0", AFTER_JOIN).through(ms(3000), 0).sent(ms(sent), 1);
    silent(1500).comes_out(Pass);
    silent(2500).says(
        Vacuous,
        &[
            "no source was sending then, so that none was received proves nothing",
            "from join at 1.000 s",
            "to   join at 1.000 s + 1.000 s = 2.000 s",
        ],
    );
}

// The kernel hands nothing to a socket that has left, though the router may flood the link.
#[test]
fn receiving_none_proves_nothing_after_the_receiver_has_left() {
    let after_leave = "after = 'leave + LMQT'\nwithin = '1s'";
    let run = || received("0", after_leave).through(ms(3000), 0).sent(ms(6500), 1);
    run().says(
        Vacuous,
        &[
            "the receiver wanted none of it then: whatever the routers did, its socket is silent",
            "(`none-after` looks at what reaches its interface)",
            "from leave at 5.001 s + LMQT (LMQC 2 x LMQI 0.500 s) 1.000 s + tolerance 0.100 s \
             = 6.101 s",
            "to   leave at 5.001 s + LMQT (LMQC 2 x LMQI 0.500 s) 1.000 s + 1.000 s = 7.001 s",
        ],
    );
    // From the very leave on.
    let run = received("0", "after = 'leave'\nwithin = '1s'");
    run.through(ms(3000), 0).sent(ms(5500), 1).comes_out(Vacuous);
    // It left in the middle of the window, or after it: then it could have received.
    for left in [ms(6101) + super::NS, ms(8000)] {
        let mut run = received("0", "after = '6001ms'\nwithin = '1s'");
        run.recording.acts[LEAVE_ACT] = Some(left);
        run.through(ms(3000), 0).sent(ms(6500), 1).comes_out(Pass);
    }
    // Before it joined.
    let run = received("0", "after = 'start'\nwithin = '999ms'");
    run.through(ms(3000), 0).sent(ms(500), 1).comes_out(Vacuous);
}
