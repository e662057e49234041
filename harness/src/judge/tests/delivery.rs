//! Each datagram exactly once, and none after.

use castnet::event::Event;
use castnet::gmp::News;
use castnet::mfc::vif::Vif;

use super::super::Outcome::{Fail, Pass, Vacuous};
use super::{GROUP, NS, Run, S1, S2, first, group, ms, second};

fn exactly_once() -> Run {
    Run::new(
        "delivery = { to = 'h1', group = '239.1.1.1' }\nexactly-once = true\n\
         after = 'join'\nwithin = '1s'",
    )
}

fn none_after() -> Run {
    Run::new(
        "delivery = { to = 'h1', group = '239.1.1.1' }\nnone-after = 'leave + LMQT'\nfor = '2s'",
    )
}

#[test]
fn each_datagram_that_was_sent_in_the_window_must_arrive() {
    exactly_once().through(ms(1000), 0).through(ms(1500), 1).comes_out(Pass);
    exactly_once().through(ms(1500), 0).sent(ms(900), 1).sent(ms(2100), 2).comes_out(Pass);
    let run = exactly_once().through(ms(1500), 0).sent(ms(1600), 1);
    let lan = Vif::new(1).unwrap();
    let present = Event::Gmp(lan, News::MembersPresent(group(GROUP)));
    run.forwarded(ms(1700), 1).told(ms(1650), &present).says(
        Fail,
        &[
            "of 2 sent, 1 did not arrive, 0 more than once",
            "from join at 1.000 s",
            "to   join at 1.000 s + 1.000 s = 2.000 s",
            "datagram 1 of stream 0 arrived 0 times:",
            "   1.600000 s  s1:up -> r1:up, s2:up",
            "   1.700000 s  r1:lan -> h1:lan, h2:lan",
            "entered r1:up at 1.600 s, left r1:lan at 1.700 s",
            "entered h1:lan at 1.700 s, no socket of h1 received it though it was a member",
            "   1.650000 s  r1 told: lan: members present of 239.1.1.1",
        ],
    );
}

#[test]
fn a_datagram_counts_when_it_was_sent_and_not_when_it_arrived() {
    let run = exactly_once().sent(ms(2000) - NS, 0).forwarded(ms(2900), 0);
    run.delivered(ms(2900), "h1", S1, first(0)).comes_out(Pass);
}

#[test]
fn a_datagram_that_arrives_twice_is_wrong() {
    let run = exactly_once().through(ms(1500), 0).through(ms(1600), 1);
    let finding = run.delivered(ms(2500), "h1", S1, first(0)).finding();
    assert_eq!(finding.outcome, Fail);
    assert_eq!(finding.why[0], "of 2 sent, 0 did not arrive, 1 more than once");
    assert_eq!(finding.why[3], "datagram 0 of stream 0 arrived 2 times:");
}

#[test]
fn of_many_losses_one_of_each_kind_is_followed() {
    let sent = (0..100).fold(exactly_once(), |run, n| run.sent(ms(1000 + 10 * n), n));
    // The last ten went on to lan and were lost there, and one of these came twice.
    let run = (90..100).fold(sent, |run, n| run.forwarded(ms(1001 + 10 * n), n));
    let run = (0..2).fold(run, |run, n| run.delivered(ms(2500 + n), "h1", S1, first(99)));
    let why = run.finding().why;
    assert_eq!(why[0], "of 100 sent, 99 did not arrive, 1 more than once");
    let followed = |why: &&String| why.ends_with("times:") || why.contains(" alike");
    let followed: Vec<&String> = why.iter().filter(followed).collect();
    assert_eq!(
        followed,
        [
            "datagram 0 of stream 0 arrived 0 times:",
            "and 89 alike, up to datagram 89 of stream 0",
            "datagram 90 of stream 0 arrived 0 times:",
            "and 8 alike, up to datagram 98 of stream 0",
            "datagram 99 of stream 0 arrived 2 times:",
        ]
    );
}

#[test]
fn what_stopped_for_another_reason_at_the_same_place_is_followed_too() {
    let sent = (0..10).fold(exactly_once(), |run, n| run.sent(ms(1000 + 100 * n), n));
    let why = sent.entry(ms(1500), Some(("r1:up", &[]))).finding().why;
    for reason in ["no entry, no members on lan, never left", "s, no members on lan, never left"] {
        assert!(why.iter().any(|why| why.ends_with(reason)), "{reason}: {why:#?}");
    }
    assert_eq!(why.last().unwrap(), "and 9 alike, up to datagram 9 of stream 0");
}

#[test]
fn with_two_sources_each_ones_datagrams_are_its_own() {
    let both = |delivered: bool| {
        let run = exactly_once().through(ms(1500), 0).data(ms(1500), "s2:up", S2, second(0), 32);
        if delivered { run.delivered(ms(1500), "h1", S2, second(0)) } else { run }
    };
    both(true).comes_out(Pass);
    // A datagram of the other stream with an equal sequence number is no substitute.
    both(false).comes_out(Fail);
    let claim = "delivery = { to = 'h1', group = '239.1.1.1', from = 's1' }\nexactly-once = true";
    let run = Run::new(claim).through(ms(1500), 0).data(ms(1500), "s2:up", S2, second(0), 32);
    run.comes_out(Pass);
}

#[test]
fn what_routers_send_was_not_sent_by_a_source() {
    exactly_once().through(ms(1500), 0).forwarded(ms(1600), 7).comes_out(Pass);
    // Back to the link of the sources, which hear it.
    let run = exactly_once().through(ms(1500), 0).data(ms(1600), "r1:up", S1, first(7), 31);
    run.comes_out(Pass);
}

#[test]
fn exactly_once_of_nothing_proves_nothing() {
    exactly_once().through(ms(2500), 0).says(
        Vacuous,
        &[
            "no source sent any such datagram",
            "from join at 1.000 s",
            "to   join at 1.000 s + 1.000 s = 2.000 s",
        ],
    );
}

#[test]
fn none_may_reach_the_interface_though_the_socket_is_silent() {
    // From 6.101 s to 8.001 s.
    let before = || none_after().through(ms(3000), 0).sent(ms(7000), 1);
    before().comes_out(Pass);
    before().forwarded(ms(6101) - NS, 1).comes_out(Pass);
    before().forwarded(ms(6101), 1).comes_out(Fail);
    before().forwarded(ms(8001) - NS, 1).comes_out(Fail);
    before().forwarded(ms(8001), 1).comes_out(Pass);
    before().forwarded(ms(7000), 1).forwarded(ms(7418), 2).says(
        Fail,
        &[
            "none may arrive after leave at 5.001 s + LMQT (LMQC 2 x LMQI 0.500 s) 1.000 s \
             + tolerance 0.100 s = 6.101 s",
            "2 arrived at h1:lan, the last one at 7.418 s",
            "the first one is 7.000 s  h1:lan  10.0.1.2 > 239.1.1.1 datagram 1 of stream 0:",
            "   7.000000 s  s1:up -> r1:up, s2:up",
            "   7.000000 s  r1:lan -> h1:lan, h2:lan",
            "entered r1:up at 7.000 s, left r1:lan at 7.000 s",
        ],
    );
}

#[test]
fn silence_proves_something_only_after_noise() {
    none_after()
        .sent(ms(3000), 0)
        .sent(ms(7000), 1)
        .says(Vacuous, &["none arrived before either, so the silence proves nothing"]);
    // What h1 itself would send is not what it received.
    let run = none_after().sent(ms(7000), 1).data(ms(3000), "h1:lan", S1, first(0), 31);
    run.comes_out(Vacuous);
}

#[test]
fn silence_proves_something_only_while_a_source_sends() {
    none_after().through(ms(3000), 0).sent(ms(9000), 1).says(
        Vacuous,
        &[
            "no source was sending any more, so the silence proves nothing",
            "from leave at 5.001 s + LMQT (LMQC 2 x LMQI 0.500 s) 1.000 s + tolerance 0.100 s \
             = 6.101 s",
            "to   leave at 5.001 s + LMQT (LMQC 2 x LMQI 0.500 s) 1.000 s + 2.000 s = 8.001 s",
        ],
    );
}

#[test]
fn another_group_or_another_source_may_go_on() {
    let other_group = super::data_frame(S1, super::OTHER_GROUP, first(9), 31);
    let run = none_after().through(ms(3000), 0).sent(ms(7000), 1);
    run.frame(ms(7000), "r1:lan", &other_group).comes_out(Pass);
    let claim = "delivery = { to = 'h1', group = '239.1.1.1', from = 's1' }\n\
         none-after = 'leave + LMQT'";
    let run = Run::new(claim).through(ms(3000), 0).sent(ms(7000), 1);
    run.data(ms(7000), "r1:lan", S2, second(0), 31).comes_out(Pass);
    let run = Run::new(claim).through(ms(3000), 0).sent(ms(7000), 1);
    run.forwarded(ms(7000), 1).comes_out(Fail);
}

#[test]
fn a_datagram_that_nobody_received_or_nobody_sent_is_followed_all_the_same() {
    let mut run = exactly_once().sent(ms(1500), 0).forwarded(ms(1600), 0);
    let (s1, h1) = (run.port("s1:up"), run.port("h1:lan"));
    run.recording.frames.retain(|frame| [s1, h1].contains(&frame.port));
    let finding = run.finding();
    let hops = [
        "   1.500000 s  s1:up -> nobody, not r1:up, s2:up",
        "   1.600000 s  ? -> h1:lan",
        "entered h1:lan at 1.600 s, no socket of h1 received it though it was a member",
    ];
    assert_eq!(finding.why[4..], hops);
}
