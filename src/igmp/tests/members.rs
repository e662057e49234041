//! Members come, stay and fall silent: RFC 2236 sections 3 and 7.

use super::*;

// RFC2236-3-14, RFC2236-3-16, RFC2236-7-04, RFC2236-8.4-01
#[test]
fn a_report_makes_members_until_the_group_membership_interval_ends() {
    let mut link = Link::new();
    link.run_to(secs(5.0));
    link.said.clear();
    link.v2_report();
    assert_eq!(link.news(), [News::MembersPresent(group())]);
    assert!(link.has_members());
    link.assert_members_until(secs(265.0));
    assert_eq!(link.news(), [News::NoMembers(group())]);
}

// RFC2236-10-02
#[test]
fn messages_without_router_alert_are_ignored_where_it_is_required() {
    let bare = |to, message: &Message| {
        let header = ipv4::Ipv4Header { router_alert: false, ..ipv4::Ipv4Header::igmp(HOST, to) };
        header.encode(&message.encode().unwrap()).unwrap()
    };
    let report = bare(G, &Message::V2Report { group: G });
    let leave = bare(ALL_ROUTERS, &Message::Leave { group: G });
    let mut strict = Link::with(Params { require_router_alert: true, ..Params::v2() });
    assert!(matches!(strict.bytes(&report), Err(Ignored::Unwanted(_))));
    assert!(!strict.has_members());
    strict.v2_report();
    strict.said.clear();
    assert!(matches!(strict.bytes(&leave), Err(Ignored::Unwanted(_))));
    assert_eq!(strict.asked_group(), Vec::<Duration>::new());
    strict.leave().unwrap();
    assert_eq!(strict.asked_group().len(), 1);
    let mut lenient = Link::new();
    lenient.bytes(&report).unwrap();
    assert!(lenient.has_members());
}

// RFC2236-10-03
#[test]
fn version_1_messages_are_ignored_where_that_is_configured() {
    let report = Message::V1Report { group: G };
    let v1_query = query(0, Ipv4Addr::UNSPECIFIED);
    let ignoring = Params { ignore_version_1: true, ..Params::v2() };
    let mut link = Link::with(ignoring.clone());
    assert!(matches!(link.packet(HOST, G, &report), Err(Ignored::Unwanted(_))));
    assert!(!link.has_members());
    let heard = link.packet(router(1), ALL_HOSTS, &v1_query);
    assert!(matches!(heard, Err(Ignored::Unwanted(_))));
    assert_eq!(link.interface.role(), Role::Querier);
    // RFC2236-5-03 does not come in: a forged Report of version 1 keeps no Leave from being checked.
    link.v2_report();
    link.packet(HOST, G, &report).unwrap_err();
    link.said.clear();
    link.leave().unwrap();
    assert_eq!(link.asked_group().len(), 1);
    // A router of version 1 hears its hosts all the same.
    let mut old = Link::with(Params { version: Version::V1, ..ignoring });
    old.v1_report();
    assert!(old.has_members());
}

// RFC2236-3-15, RFC2236-7-04
#[test]
fn further_reports_restart_the_timer_and_are_no_news() {
    let mut link = Link::new();
    link.said.clear();
    for n in 0..5 {
        link.run_to(secs(100.0) * n);
        assert_eq!(link.has_members(), n > 0);
        link.v2_report();
    }
    assert_eq!(link.news(), [News::MembersPresent(group())]);
    link.assert_members_until(secs(660.0));
}

// RFC2236-3-15: one nanosecond before the end is in time.
#[test]
fn a_report_at_the_last_moment_is_in_time() {
    let mut link = Link::new();
    link.v2_report();
    link.run_to(secs(260.0) - NANO);
    link.said.clear();
    link.v2_report();
    link.run_to(secs(300.0));
    assert!(link.has_members());
    assert_eq!(link.news(), []);
}

// RFC2236-3-14: each group has its own timer.
#[test]
fn a_report_is_about_its_own_group_only() {
    let mut link = Link::new();
    let other = Ipv4Addr::new(239, 1, 1, 2);
    link.packet(HOST, other, &Message::V2Report { group: other }).unwrap();
    assert!(!link.has_members());
    let known: Vec<_> = link.interface.groups().keys().map(|group| group.addr()).collect();
    assert_eq!(known, [IpAddr::from(other)]);
}

// RFC2236-3-14: a router that is a member itself may be the one whose Report silences the others,
// so its own Report counts like any other.
#[test]
fn our_own_report_counts() {
    let mut link = Link::new();
    link.packet(OWN, G, &Message::V2Report { group: G }).unwrap();
    link.assert_members_until(secs(260.0));
}

// RFC2236-3-23, RFC2236-7-10: our own Leave counts like any other.
#[test]
fn our_own_leave_counts() {
    let mut link = Link::new();
    link.v2_report();
    link.packet(OWN, ALL_ROUTERS, &Message::Leave { group: G }).unwrap();
    link.assert_members_until(secs(2.0));
}
