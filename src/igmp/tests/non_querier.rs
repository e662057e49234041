//! A Non-Querier follows and is silent: RFC 2236 sections 3 and 7.

use super::*;

/// A Non-Querier whose group has members since 0 s, and 10 s have passed.
fn with_members() -> Link {
    let mut link = Link::non_querier();
    link.v2_report();
    link.run_to(secs(10.0));
    link.said.clear();
    link
}

// RFC2236-3-27
#[test]
fn a_leave_is_ignored() {
    let mut link = with_members();
    assert_eq!(link.leave(), Err(Ignored::LeaveAsNonQuerier));
    assert_eq!(link.said, []);
    link.run_to(secs(250.0));
    link.general_query(1);
    link.assert_members_until(secs(260.0));
}

// RFC2236-3-29: Last Member Query Count times the time in the packet.
#[test]
fn a_group_query_lowers_the_timer() {
    for (code, end) in [(10, 12.0), (5, 11.0), (100, 30.0)] {
        let mut link = with_members();
        link.group_query(1, code);
        assert_eq!(link.news(), [News::CheckingMembership(group(), Instant::ZERO + secs(end))]);
        link.assert_members_until(secs(end));
    }
}

// RFC2236-3-29: the timer is lowered, never raised.
#[test]
fn a_group_query_never_raises_the_timer() {
    let mut link = Link::non_querier();
    link.v2_report();
    for at in [100.0, 200.0, 259.0] {
        link.run_to(secs(at));
        link.general_query(1);
    }
    link.group_query(1, 10);
    link.assert_members_until(secs(260.0));
}

// RFC2236-3-29: repeats of the Query do not raise the timer either.
#[test]
fn the_repeats_of_a_group_query_do_not_prolong_the_check() {
    let mut link = with_members();
    link.group_query(1, 10);
    link.run_to(secs(11.0));
    link.group_query(1, 10);
    link.assert_members_until(secs(12.0));
}

// RFC2236-3-29 is for a Non-Querier; a querier trusts the Leaves that it hears itself.
#[test]
fn a_querier_lowers_nothing_for_a_higher_router() {
    let mut link = Link::new();
    link.v2_report();
    link.group_query(9, 10);
    link.assert_members_until(secs(260.0));
}

// RFC2236-3-25, RFC2236-7-06
#[test]
fn a_report_restores_the_timer() {
    let mut link = with_members();
    link.group_query(1, 10);
    link.run_to(secs(12.0) - NANO);
    link.v2_report();
    link.run_to(secs(100.0));
    link.general_query(1);
    link.assert_members_until(secs(272.0) - NANO);
}

// RFC2236-7-12
#[test]
fn nothing_is_ever_transmitted() {
    let mut link = with_members();
    for n in 1..=30 {
        link.run_to(secs(10.0) * n);
        link.v2_report();
        let _ignored = link.leave();
        link.v1_report();
        link.group_query(1, 10);
        link.general_query(1);
    }
    assert_eq!(link.asked(), []);
    assert!(link.has_members());
}

// RFC2236-7-13
#[test]
fn v1_and_v2_reports_count_alike() {
    let mut link = Link::non_querier();
    link.v1_report();
    assert_eq!(link.news(), [News::MembersPresent(group())]);
    link.group_query(1, 10);
    link.assert_members_until(secs(2.0));
}
