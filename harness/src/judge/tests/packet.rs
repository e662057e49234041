//! Claims about the number of packets on a link.

use castnet::wire::igmp::Message;

use super::super::Outcome::{Fail, Pass, Vacuous};
use super::{ALL_HOSTS, GROUP, LEAVE, NS, Run, first, ip_frame, ms, query};

const FROM_LEAVE: &str = "after = 'leave'\nwithin = 'LMQT'";

fn queries(count: &str) -> Run {
    let claim = "packet = { on = 'lan', kind = 'group-specific-query', group = '239.1.1.1' }";
    Run::new(&format!("{claim}\ncount = '{count}'\n{FROM_LEAVE}"))
}

#[test]
fn each_packet_counts_once_on_its_link_however_many_receive_it() {
    queries("LMQC").asks(LEAVE).asks(ms(5500)).comes_out(Pass);
    queries("LMQC").asks(LEAVE).comes_out(Fail);
    queries("LMQC").asks(LEAVE).asks(ms(5500)).asks(ms(5900)).comes_out(Fail);
}

#[test]
fn what_is_on_another_link_does_not_count() {
    let run = queries(">= 1").igmp(ms(5500), "r1:up", GROUP, &query(5, GROUP));
    run.comes_out(Fail);
}

#[test]
fn too_few_are_shown_with_their_neighbours_in_time_and_in_kind() {
    let run = queries("LMQC")
        .asks(ms(1000))
        .asks(ms(2000))
        .asks(ms(5002))
        .asks(ms(6101) + NS)
        .asks(ms(9000))
        .igmp(ms(5400), "r1:lan", super::OTHER_GROUP, &query(5, super::OTHER_GROUP))
        .igmp(ms(5500), "r1:lan", ALL_HOSTS, &query(10, ALL_HOSTS))
        .frame(ms(5600), "r1:lan", &malformed());
    let asks = "r1:lan  10.0.2.1 > 239.1.1.1 v2 Membership Query, group 239.1.1.1, max resp 0.5 s";
    run.says(
        Fail,
        &[
            "expected LMQC 2, found 1",
            "from leave at 5.001 s",
            "to   leave at 5.001 s + LMQT (LMQC 2 x LMQI 0.500 s) 1.000 s + tolerance 0.100 s \
             = 6.101 s",
            &format!("   5.002 s  {asks}"),
            &format!("before:     2.000 s  {asks}"),
            &format!("after:      6.101 s  {asks}"),
            "unlike:     5.400 s  r1:lan  10.0.2.1 > 239.1.1.2 v2 Membership Query, group \
             239.1.1.2, max resp 0.5 s",
            "unlike:     5.500 s  r1:lan  10.0.2.1 > 224.0.0.1 v2 Membership Query, group \
             224.0.0.1, max resp 1.0 s",
            "unlike:     5.600 s  r1:lan  10.0.2.1 > 239.1.1.1 malformed IGMP message: checksum \
             at octet 2: 0x0000, should be 0xfef7",
        ],
    );
}

#[test]
fn what_is_just_within_the_window_is_not_shown_as_a_neighbour_too() {
    for edge in [LEAVE, ms(6101) - NS] {
        let finding = queries("LMQC").asks(edge).finding();
        assert_eq!(finding.outcome, Fail);
        assert_eq!(finding.why[0], "expected LMQC 2, found 1");
        assert_eq!(finding.why.len(), 4, "{:#?}", finding.why);
    }
    // Whoever reads why must find the packet that was outside by a hair.
    for (edge, neighbour) in [(LEAVE - NS, "before: "), (ms(6101), "after:  ")] {
        let finding = queries("LMQC").asks(edge).finding();
        assert_eq!(finding.why[0], "expected LMQC 2, found 0");
        assert!(finding.why[3].starts_with(neighbour), "{:#?}", finding.why);
    }
}

/// A Query for the group with checksum 0.
fn malformed() -> Vec<u8> {
    let header = castnet::wire::ipv4::Ipv4Header::igmp(super::R1_LAN, GROUP);
    ip_frame(&header.encode(&[0x11, 5, 0, 0, 239, 1, 1, 1]).unwrap())
}

#[test]
fn of_too_many_the_first_and_the_last_are_shown() {
    let at = |n: u64| ms(6200 + 10 * n);
    let claim = "packet = { on = 'lan', kind = 'data' }\ncount = 0\n\
         after = 'leave + LMQT'\nwithin = '2s'";
    let run = (0..100).fold(Run::new(claim), |run, n| run.forwarded(at(n), n));
    let finding = run.finding();
    assert_eq!(finding.outcome, Fail);
    assert_eq!(finding.why[0], "expected no, found 100");
    assert_eq!(
        finding.why[1],
        "from leave at 5.001 s + LMQT (LMQC 2 x LMQI 0.500 s) 1.000 s + tolerance 0.100 s = 6.101 s"
    );
    let datagram = "r1:lan  10.0.1.2 > 239.1.1.1 datagram";
    assert_eq!(finding.why[3], format!("   6.200 s  {datagram} 0 of stream 0"));
    assert_eq!(finding.why[11], "and 92 more, the last one");
    assert_eq!(finding.why[12..], [format!("   7.190 s  {datagram} 99 of stream 0")]);
}

#[test]
fn absence_proves_something_only_if_there_was_presence() {
    queries("0").says(
        Vacuous,
        &[
            "no such packet was on lan at any time, so its absence here proves nothing",
            "from leave at 5.001 s",
            "to   leave at 5.001 s + LMQT (LMQC 2 x LMQI 0.500 s) 1.000 s + tolerance 0.100 s \
             = 6.101 s",
        ],
    );
    queries("0").asks(ms(2000)).comes_out(Pass);
    queries("0").asks(ms(9000)).comes_out(Pass);
    // The control must be of that kind and on that link.
    queries("0").igmp(ms(2000), "r1:lan", ALL_HOSTS, &query(10, ALL_HOSTS)).comes_out(Vacuous);
    queries("0").igmp(ms(2000), "r1:up", GROUP, &query(5, GROUP)).comes_out(Vacuous);
    // "At most two" of something that never was is no better.
    queries("<= 2").comes_out(Vacuous);
    queries("0..2").comes_out(Vacuous);
    queries("<= 2").asks(ms(5100)).comes_out(Pass);
    queries("<= 2").asks(ms(2000)).comes_out(Pass);
}

// A datagram may stray onto any link, but only one that was sent.
#[test]
fn no_datagram_proves_something_only_while_one_is_sent() {
    let claim = "packet = { on = 'lan', kind = 'data', group = '239.1.1.1' }\ncount = 0\n\
                 after = 'leave + LMQT'\nwithin = '2s'";
    let claimed = || Run::new(claim);
    claimed().sent(ms(6500), 1).comes_out(Pass);
    claimed().sent(ms(6500), 1).forwarded(ms(6501), 1).comes_out(Fail);
    // An earlier datagram proves nothing about a time in which the source is silent.
    let before = claimed().sent(ms(2000), 0).forwarded(ms(2001), 0);
    let finding = before.finding();
    assert_eq!(finding.outcome, Vacuous);
    let why = "no source sent such a datagram then, so its absence here proves nothing";
    assert_eq!(finding.why[0], why);
}

#[test]
fn spacing_is_exact_up_to_the_tolerance_on_both_sides() {
    let spaced = |gap| {
        let claim = "packet = { on = 'lan', kind = 'query' }\ncount = '>= 1'\nspacing = 'LMQI'";
        Run::new(&format!("{claim}\n{FROM_LEAVE}")).asks(ms(5010)).asks(ms(5010) + gap)
    };
    let gap = |milliseconds| std::time::Duration::from_millis(milliseconds);
    spaced(gap(600)).comes_out(Pass);
    spaced(gap(600) + NS).comes_out(Fail);
    spaced(gap(400)).comes_out(Pass);
    spaced(gap(400) - NS).comes_out(Fail);
    let asks = "r1:lan  10.0.2.1 > 239.1.1.1 v2 Membership Query, group 239.1.1.1, max resp 0.5 s";
    spaced(gap(250)).says(
        Fail,
        &[
            "expected LMQI apart (0.500 s +- tolerance 0.100 s), found 0.250000 s",
            &format!("   5.010 s  {asks}"),
            &format!("   5.260 s  {asks}"),
        ],
    );
    // Each pair counts, and not only the first.
    spaced(gap(500)).asks(ms(5710)).comes_out(Fail);
    // The gap to one outside of the window does not.
    spaced(gap(500)).asks(ms(4900)).comes_out(Pass);
}

#[test]
fn one_packet_has_no_spacing() {
    let claim = "packet = { on = 'lan', kind = 'query' }\ncount = '>= 1'\nspacing = 'LMQI'";
    let run = Run::new(&format!("{claim}\n{FROM_LEAVE}")).asks(ms(5010));
    run.says(Vacuous, &["one packet has no spacing"]);
}

#[test]
fn a_frame_that_is_not_ip_at_all_is_no_packet() {
    let run = queries("LMQC").asks(LEAVE).asks(ms(5500));
    let arp = [[0xff; 6].as_slice(), &[2; 6], &[8, 6], &[0; 46]].concat();
    run.frame(ms(5600), "h1:lan", &arp).frame(ms(5700), "h1:lan", &[]).comes_out(Pass);
}

#[test]
fn a_leave_and_a_datagram_are_not_queries() {
    let run = queries(">= 1")
        .igmp(ms(5100), "h1:lan", ALL_HOSTS, &Message::Leave { group: GROUP })
        .data(ms(5200), "r1:lan", super::S1, first(0), 31);
    run.comes_out(Fail);
}
