//! Routers that speak version 1, this one or another: RFC 2236 section 4.

use super::*;

fn warnings(link: &mut Link) -> usize {
    link.news().iter().filter(|news| matches!(news, News::OtherVersion(_))).count()
}

/// A Query of version 1 or 2 comes in ten times a second, 100 times.
fn hundred_queries(link: &mut Link, code: u8) {
    for n in 0..100 {
        link.run_to(secs(0.1) * n);
        link.packet(router(9), ALL_HOSTS, &query(code, Ipv4Addr::UNSPECIFIED)).unwrap();
    }
}

// RFC2236-4-06, RFC2236-4-08
#[test]
fn in_version_1_mode_queries_carry_no_response_time() {
    let mut link = Link::v1();
    link.run_to(secs(300.0));
    let asked = link.asked();
    assert_eq!(asked.len(), 4);
    let all = |query: &Asked| (query.destination, query.code) == (ALL_HOSTS, 0);
    assert!(asked.iter().all(all), "{asked:?}");
}

// RFC2236-4-09
#[test]
fn in_version_1_mode_leaves_are_ignored() {
    let mut link = Link::v1();
    link.v2_report();
    assert_eq!(link.leave(), Err(Ignored::LeaveInVersion1Mode));
    link.assert_members_until(secs(260.0));
    assert_eq!(link.asked_group(), []);
}

// RFC2236-4-10, RFC2236-4-11: at least once, and far fewer than a hundred times.
#[test]
fn a_query_of_the_other_version_is_warned_of_now_and_then() {
    for (mut link, code) in [(Link::new(), 0), (Link::v1(), 100)] {
        hundred_queries(&mut link, code);
        assert_eq!(warnings(&mut link), 1);
        link.run_to(secs(125.0));
        link.packet(router(9), ALL_HOSTS, &query(code, Ipv4Addr::UNSPECIFIED)).unwrap();
        assert_eq!(warnings(&mut link), 1, "and again a Query Interval later");
    }
}

// RFC2236-4-10, RFC2236-4-11
#[test]
fn a_query_of_the_same_version_is_not_warned_of() {
    for (mut link, code) in [(Link::new(), 100), (Link::new(), 1), (Link::v1(), 0)] {
        hundred_queries(&mut link, code);
        assert_eq!(warnings(&mut link), 0, "code {code}");
    }
}

// RFC2236-4-01: the group field of a version 1 Query has no meaning.
#[test]
fn a_version_1_query_asks_for_no_group() {
    let mut link = Link::non_querier();
    link.v2_report();
    link.group_query(1, 0);
    link.run_to(secs(100.0));
    link.general_query(1);
    link.assert_members_until(secs(260.0));
}

// RFC2236-3-02, RFC2236-4-01: a version 1 Query takes part in the election.
#[test]
fn a_version_1_query_from_a_lower_address_silences() {
    for profile in [Profile::Rfc2236, Profile::Rfc9776] {
        let mut link = Link::with(Params { profile: Some(profile), ..Params::v2() });
        link.packet(router(1), ALL_HOSTS, &query(0, Ipv4Addr::UNSPECIFIED)).unwrap();
        assert_eq!(link.interface.role(), Role::NonQuerier(router(1).into()));
    }
}
