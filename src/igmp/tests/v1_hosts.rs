//! Hosts that speak version 1: RFC 2236 sections 5 and 7, Version 1 Members Present.

use super::*;

// RFC2236-7-05
#[test]
fn a_v1_report_makes_members_and_starts_both_timers() {
    let mut link = Link::new();
    link.said.clear();
    link.v1_report();
    assert_eq!(link.news(), [News::MembersPresent(group())]);
    let v1_hosts = link.interface.expiry(TimerName::OlderHostPresent(group(), Version::V1));
    assert_eq!(v1_hosts, Some(Instant::ZERO + secs(260.0)));
    link.assert_members_until(secs(260.0));
    assert_eq!(link.interface.expiry(TimerName::OlderHostPresent(group(), Version::V1)), None);
}

// RFC2236-5-03
#[test]
fn a_leave_is_ignored_while_there_are_v1_hosts() {
    let mut link = Link::new();
    link.v1_report();
    assert_eq!(link.leave(), Err(Ignored::LeaveWithVersion1Hosts));
    link.assert_members_until(secs(260.0));
    assert_eq!(link.asked_group(), []);
}

// RFC2236-5-02, RFC2236-7-08, RFC2236-7-09: both sides of the end of the timer.
#[test]
fn a_leave_is_checked_once_the_v1_hosts_are_forgotten() {
    for (at, result) in [
        (secs(260.0) - NANO, Err(Ignored::LeaveWithVersion1Hosts)),
        (secs(260.0), Ok(())),
        (secs(262.0), Ok(())),
    ] {
        let mut link = Link::new();
        link.v1_report();
        link.run_to(secs(200.0));
        link.v2_report();
        link.run_to(at);
        assert_eq!(link.leave(), result, "{at:?}");
        let asked = if result.is_ok() { vec![at] } else { vec![] };
        assert_eq!(link.asked_group(), asked);
    }
}

// RFC2236-5-02: every version 1 Report restarts the timer.
#[test]
fn another_v1_report_renews_the_v1_hosts() {
    let mut link = Link::new();
    link.v1_report();
    link.run_to(secs(200.0));
    link.v1_report();
    link.run_to(secs(460.0) - NANO);
    assert_eq!(link.leave(), Err(Ignored::LeaveWithVersion1Hosts));
}

// RFC2236-7-08
#[test]
fn a_v2_report_does_not_hide_the_v1_hosts() {
    let mut link = Link::new();
    link.v1_report();
    link.run_to(secs(100.0));
    link.v2_report();
    assert_eq!(link.leave(), Err(Ignored::LeaveWithVersion1Hosts));
    link.assert_members_until(secs(360.0));
}

// RFC2236-7-07
#[test]
fn a_v1_report_answers_a_leave() {
    let mut link = Link::new();
    link.v2_report();
    link.leave().unwrap();
    link.run_to(secs(0.5));
    link.v1_report();
    assert_eq!(link.leave(), Err(Ignored::LeaveWithVersion1Hosts));
    link.assert_members_until(secs(260.5));
    assert_eq!(link.asked_group(), [secs(0.0)]);
}

// RFC2236-7-05: a forgotten group starts without version 1 hosts.
#[test]
fn the_v1_hosts_are_forgotten_with_the_group() {
    let mut link = Link::non_querier();
    link.v1_report();
    link.group_query(1, 10);
    link.run_to(secs(3.0));
    assert!(!link.has_members());
    link.run_to(secs(255.0));
    link.v2_report();
    assert_eq!(link.leave(), Ok(()));
}

// RFC2236-5-02: each group has its own timer.
#[test]
fn v1_hosts_of_one_group_say_nothing_about_another() {
    let mut link = Link::new();
    let other = Ipv4Addr::new(239, 1, 1, 2);
    link.packet(HOST, other, &Message::V1Report { group: other }).unwrap();
    link.v2_report();
    assert_eq!(link.leave(), Ok(()));
}

// RFC9776-8.13-01, RFC9776-8.4-01: shorter than the membership.
#[test]
fn under_rfc_9776_v1_hosts_are_forgotten_before_their_membership() {
    let mut link = Link::with(Params { profile: Some(Profile::Rfc9776), ..Params::v2() });
    link.v1_report();
    link.run_to(secs(260.0) - NANO);
    assert_eq!(link.leave(), Err(Ignored::LeaveWithVersion1Hosts));
    link.run_to(secs(260.0));
    assert!(link.has_members());
    assert_eq!(link.leave(), Ok(()));
}
