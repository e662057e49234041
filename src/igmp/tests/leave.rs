//! The last member may have left: RFC 2236 sections 3 and 7, Checking Membership.

use super::*;

/// A Querier whose group has members since 0 s, and 10 s have passed.
fn with_members() -> Link {
    let mut link = Link::new();
    link.v2_report();
    link.run_to(secs(10.0));
    link.said.clear();
    link
}

// RFC2236-3-23, RFC2236-7-14, RFC2236-2.4-01, RFC2236-8.8-01, RFC2236-8.9-01
#[test]
fn a_leave_makes_the_querier_ask_the_group() {
    let mut link = with_members();
    link.leave().unwrap();
    link.run_to(secs(20.0));
    let asked = |at| Asked { at: secs(at), destination: G, code: 10, group: G };
    assert_eq!(link.asked(), [asked(10.0), asked(11.0)]);
}

// RFC2236-3-23: LMQC Queries, one per LMQI, with LMQI as Max Response Time.
#[test]
fn last_member_query_count_and_interval_are_exact() {
    for count in 1..=4 {
        let mut link = Link::with(Params {
            last_member_query_count: Some(count),
            last_member_query_interval: secs(0.5),
            ..Params::v2()
        });
        link.v2_report();
        link.said.clear();
        link.leave().unwrap();
        let end = secs(0.5) * u32::from(count);
        link.assert_members_until(end); // RFC2236-7-10
        link.run_to(secs(10.0));
        let asked = link.asked();
        assert!(asked.iter().all(|query| query.code == 5), "{asked:?}");
        let expected: Vec<_> = (0..count).map(|n| secs(0.5) * u32::from(n)).collect();
        assert_eq!(asked.iter().map(|query| query.at).collect::<Vec<_>>(), expected);
    }
}

// RFC2236-3-24, RFC2236-7-10
#[test]
fn without_an_answer_the_group_ends_at_the_last_member_query_time() {
    let mut link = with_members();
    link.leave().unwrap();
    let until = Instant::ZERO + secs(12.0);
    assert_eq!(link.news(), [News::CheckingMembership(group(), until)]);
    link.assert_members_until(secs(12.0));
    assert_eq!(link.news(), [News::NoMembers(group())]);
}

// RFC2236-7-10: the timer is set, even where it would have ended sooner.
#[test]
fn a_leave_just_before_the_end_still_gives_time_to_answer() {
    let mut link = Link::new();
    link.v2_report();
    link.run_to(secs(259.5));
    link.leave().unwrap();
    link.assert_members_until(secs(261.5));
}

// RFC2236-3-25, RFC2236-7-06
#[test]
fn a_report_in_time_keeps_the_group() {
    for answer in [secs(10.0), secs(11.5), secs(12.0) - NANO] {
        let mut link = with_members();
        link.leave().unwrap();
        link.run_to(answer);
        link.said.clear();
        link.v2_report();
        link.assert_members_until(answer + secs(260.0));
        assert_eq!(link.news(), [News::NoMembers(group())]);
    }
}

// RFC2236-7-06: the retransmit timer is cleared.
#[test]
fn a_report_ends_the_queries() {
    let mut link = with_members();
    link.leave().unwrap();
    link.run_to(secs(10.5));
    link.v2_report();
    link.run_to(secs(20.0));
    assert_eq!(link.asked_group(), [secs(10.0)]);
}

// RFC2236-7-06: Members Present again, so the next Leave is checked anew.
#[test]
fn a_leave_after_the_answer_is_checked_anew() {
    let mut link = with_members();
    link.leave().unwrap();
    link.run_to(secs(10.5));
    link.v2_report();
    link.leave().unwrap();
    link.assert_members_until(secs(12.5));
    assert_eq!(link.asked_group(), [10.0, 10.5, 11.5].map(secs));
}

// RFC2236-7-10: in Checking Membership a Leave is no event.
#[test]
fn a_second_leave_does_not_prolong_the_check() {
    let mut link = with_members();
    link.leave().unwrap();
    link.run_to(secs(11.5));
    assert_eq!(link.leave(), Err(Ignored::LeaveWhileChecking));
    link.assert_members_until(secs(12.0));
    assert_eq!(link.asked_group(), [10.0, 11.0].map(secs));
}

// RFC2236-3-26
#[test]
fn leave_queries_go_on_after_the_election_is_lost() {
    let mut link = with_members();
    link.leave().unwrap();
    link.run_to(secs(10.5));
    link.general_query(1);
    link.assert_members_until(secs(12.0));
    assert_eq!(link.asked_group(), [10.0, 11.0].map(secs));
}

// RFC2236-3-28, and RFC2236-3-23 for the positive side.
#[test]
fn a_leave_without_members_is_ignored() {
    let mut link = Link::new();
    link.said.clear();
    assert_eq!(link.leave(), Err(Ignored::LeaveWithoutMembers));
    assert_eq!(link.said, []);
    assert!(link.interface.groups().is_empty());
    link.v2_report();
    assert_eq!(link.leave(), Ok(()));
}

// RFC2236-3-22
#[test]
fn a_leave_sent_to_the_group_is_accepted() {
    let mut link = with_members();
    link.packet(HOST, G, &Message::Leave { group: G }).unwrap();
    link.assert_members_until(secs(12.0));
    assert_eq!(link.asked_group(), [10.0, 11.0].map(secs));
}

// RFC2236-2.4-01, RFC2236-7-10: others are not affected.
#[test]
fn a_leave_is_about_its_own_group_only() {
    let mut link = with_members();
    let other = Ipv4Addr::new(239, 1, 1, 2);
    link.packet(HOST, other, &Message::V2Report { group: other }).unwrap();
    link.packet(HOST, ALL_ROUTERS, &Message::Leave { group: other }).unwrap();
    link.assert_members_until(secs(260.0));
    assert!(link.asked().iter().all(|query| query.group != G));
}

// RFC2236-7-10: the group has no members, so the retransmit timer is cleared.
#[test]
fn a_group_that_ends_early_ends_its_queries() {
    let mut link = with_members();
    link.leave().unwrap();
    link.group_query(1, 1); // The new querier checks too, with a shorter Max Response Time.
    link.assert_members_until(secs(10.2));
    assert_eq!(link.interface.expiry(TimerName::Retransmit(group())), None);
    link.run_to(secs(20.0));
    assert_eq!(link.asked_group(), [secs(10.0)]);
}

// RFC2236-7-10, RFC3376-6.4.2-01: a version 3 host that answers with IS_EX({}) ends the check as a Report does.
#[test]
fn a_leave_is_heard_after_an_earlier_check_was_answered_in_version_3() {
    for profile in [Profile::Rfc3376, Profile::Rfc9776] {
        let mut link = Link::with(Params { profile: Some(profile), ..Params::v2() });
        link.v2_report();
        link.record(&Record::ToIn(Sources::new()));
        assert_eq!(link.leave(), Err(Ignored::LeaveWhileChecking));
        link.record(&Record::IsEx(Sources::new()));
        link.run_to(secs(20.0));
        link.said.clear();
        assert_eq!(link.leave(), Ok(()));
        link.assert_members_until(secs(22.0));
        assert_eq!(link.asked_group(), [secs(20.0), secs(21.0)]);
    }
}

// RFC3376-6.5-01: the group timer is gone, and with it the check that lowered it.
#[test]
fn a_check_ends_with_the_group_timer_where_sources_are_still_wanted() {
    let mut link = Link::with(Params { profile: Some(Profile::Rfc3376), ..Params::v2() });
    link.record(&Record::IsEx(Sources::new()));
    assert_eq!(link.leave(), Ok(()));
    assert_eq!(link.leave(), Err(Ignored::LeaveWhileChecking));
    link.record(&Record::Allow(Sources::from([IpAddr::from([198, 51, 100, 1])])));
    link.run_to(secs(20.0));
    assert!(link.has_members());
    assert_eq!(link.leave(), Ok(()));
}
