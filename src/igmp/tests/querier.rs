//! Startup, periodic Queries and the election: RFC 2236 sections 3 and 7.

use super::*;

fn from(host: u8) -> IpAddr {
    router(host).into()
}

// RFC2236-3-01, RFC2236-3-07, RFC2236-7-01, RFC2236-2.2-01, RFC2236-2.4-01, RFC2236-4-07
#[test]
fn entering_service_asks_everyone_at_once() {
    let mut link = Link::new();
    assert_eq!(link.interface.role(), Role::Querier);
    let expected = Asked {
        at: Duration::ZERO,
        destination: ALL_HOSTS,
        code: 100,
        group: Ipv4Addr::UNSPECIFIED,
    };
    assert_eq!(link.asked(), [expected]);
}

// RFC2236-3-05, RFC2236-3-06, RFC2236-8.6-01, RFC2236-8.7-01
#[test]
fn the_startup_queries_come_faster() {
    let mut link = Link::new();
    link.run_to(secs(31.25) - NANO);
    assert_eq!(link.asked_all(), [secs(0.0)]);
    link.run_to(secs(31.25));
    assert_eq!(link.asked_all(), [secs(31.25)]);
    link.run_to(secs(156.25) - NANO);
    assert_eq!(link.asked_all(), []);
    link.run_to(secs(410.0));
    assert_eq!(link.asked_all(), [156.25, 281.25, 406.25].map(secs));
}

// RFC2236-3-06, RFC2236-8.7-01: exactly the count, which follows robustness.
#[test]
fn startup_query_count_is_exact() {
    let asked = |params| {
        let mut link = Link::with(params);
        link.run_to(secs(124.9));
        link.asked_all().len()
    };
    let params = Params { startup_query_interval: Some(secs(10.0)), ..Params::v2() };
    for count in 1..=4 {
        let given = Params { startup_query_count: Some(count), ..params.clone() };
        assert_eq!(asked(given), usize::from(count));
        assert_eq!(asked(Params { robustness: count, ..params.clone() }), usize::from(count));
    }
}

// RFC2236-3-02
#[test]
fn a_query_from_a_lower_address_silences() {
    let mut link = Link::new();
    link.said.clear();
    link.general_query(1);
    assert_eq!(link.news(), [News::Querier(Role::NonQuerier(from(1)))]);
    link.run_to(secs(254.0));
    assert_eq!(link.asked_all(), []);
}

// RFC2236-3-03
#[test]
fn a_query_from_a_higher_address_changes_nothing() {
    let mut link = Link::new();
    link.run_to(secs(20.0));
    link.said.clear();
    link.general_query(9);
    assert_eq!(link.said, []);
    assert_eq!(link.interface.role(), Role::Querier);
    link.run_to(secs(160.0));
    assert_eq!(link.asked_all(), [31.25, 156.25].map(secs));
}

// RFC2236-3-04, RFC2236-7-03, RFC2236-8.5-01
#[test]
fn the_role_comes_back_after_the_other_querier_present_interval() {
    let mut link = Link::non_querier();
    link.run_to(secs(255.0) - NANO);
    assert_eq!(link.asked_all(), []);
    assert_eq!(link.interface.role(), Role::NonQuerier(from(1)));
    link.run_to(secs(255.0));
    assert_eq!(link.interface.role(), Role::Querier);
    assert_eq!(link.asked_all(), [secs(255.0)]);
    // The next one comes a whole Query Interval later: this is no startup.
    link.run_to(secs(510.0));
    assert_eq!(link.asked_all(), [380.0, 505.0].map(secs));
}

// RFC2236-7-02
#[test]
fn every_lower_query_restarts_the_wait() {
    let mut link = Link::non_querier();
    for n in 1..=5 {
        link.run_to(secs(100.0) * n);
        link.general_query(1);
    }
    link.run_to(secs(755.0) - NANO);
    assert_eq!(link.said, []);
    link.run_to(secs(755.0));
    assert_eq!(link.asked_all(), [secs(755.0)]);
}

// RFC2236-7-02: a Group-Specific Query counts as well.
#[test]
fn a_lower_group_query_restarts_the_wait() {
    let mut link = Link::non_querier();
    link.run_to(secs(100.0));
    link.group_query(1, 10);
    link.run_to(secs(355.0) - NANO);
    assert_eq!(link.asked_all(), []);
    link.run_to(secs(355.0));
    assert_eq!(link.asked_all(), [secs(355.0)]);
}

// RFC2236-3-03: a higher address does not keep a Non-Querier silent either.
#[test]
fn a_higher_query_does_not_prolong_the_wait() {
    let mut link = Link::non_querier();
    link.run_to(secs(100.0));
    link.general_query(9);
    link.run_to(secs(255.0));
    assert_eq!(link.asked_all(), [secs(255.0)]);
}

// RFC9776-6.6.2-01: by profile.
#[test]
fn only_before_rfc_9776_does_a_group_query_take_the_role() {
    for (profile, role) in [
        (Profile::Rfc2236, Role::NonQuerier(from(1))),
        (Profile::Rfc3376, Role::NonQuerier(from(1))),
        (Profile::Rfc9776, Role::Querier),
    ] {
        let mut link = Link::with(Params { profile: Some(profile), ..Params::v2() });
        link.group_query(1, 10);
        assert_eq!(link.interface.role(), role, "{profile:?}");
    }
}

// RFC2236-3-03: a switch without an address (RFC 4541 section 2.1.1) is not the lowest router.
#[test]
fn a_query_without_an_address_wins_no_election() {
    let mut link = Link::new();
    let general = query(100, Ipv4Addr::UNSPECIFIED);
    link.packet(Ipv4Addr::UNSPECIFIED, ALL_HOSTS, &general).unwrap();
    assert_eq!(link.interface.role(), Role::Querier);
}
