//! The querier election, where the RFCs differ: RFC 9776 section 6.6.2.

use super::querier::Role;
use super::*;

fn role_after(profile: Profile, from: IpAddr, query: &Query) -> Role {
    let mut link = Link::new(profile);
    link.query(from, query);
    link.interface.role()
}

// RFC3376-6.6.2-01, RFC2236-3-02, RFC2236-3-03: compared as numbers, first octet first.
#[test]
fn the_lowest_address_queries() {
    let general = ask(None, "", false);
    for profile in [Profile::Rfc2236, Profile::Rfc3376, Profile::Rfc9776] {
        for lower in [router(4), IpAddr::from([9, 255, 255, 255])] {
            assert_eq!(role_after(profile, lower, &general), Role::NonQuerier(lower));
        }
        for higher in [router(6), IpAddr::from([10, 0, 1, 0]), IpAddr::from([192, 0, 2, 1])] {
            assert_eq!(role_after(profile, higher, &general), Role::Querier);
        }
    }
}

// RFC9776-6.6.2-01
#[test]
fn since_rfc_9776_only_a_general_query_takes_the_role() {
    let specific = ask(Some(g()), "", false);
    let lost = Role::NonQuerier(router(1));
    assert_eq!(role_after(Profile::Rfc2236, router(1), &specific), lost);
    assert_eq!(role_after(Profile::Rfc3376, router(1), &specific), lost);
    assert_eq!(role_after(Profile::Rfc9776, router(1), &specific), Role::Querier);
    assert_eq!(role_after(Profile::Rfc9776, router(1), &ask(None, "", false)), lost);
}

// RFC3376-4.1.5-01: S concerns timers, not the election.
#[test]
fn the_s_flag_does_not_save_the_role() {
    let suppressed = ask(Some(g()), "", true);
    let lost = Role::NonQuerier(router(1));
    assert_eq!(role_after(Profile::Rfc3376, router(1), &suppressed), lost);
}

// RFC9776-8.5-01, RFC3376-8.5-01
#[test]
fn the_loser_is_silent_for_the_other_querier_present_interval() {
    for profile in [Profile::Rfc3376, Profile::Rfc9776] {
        let mut link = Link::new(profile);
        link.query(router(1), &ask(None, "", false));
        link.said.clear();
        link.run_to(secs(255.0) - NANO);
        assert_eq!(link.said, []);
        link.run_to(secs(255.0));
        let expected = Query { max_resp: secs(10.0), ..ask(None, "", false) };
        assert!(link.said.contains(&(secs(255.0), Say::Query(expected))), "{:?}", link.said);
    }
}
