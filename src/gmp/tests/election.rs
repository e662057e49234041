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

/// The querier as seen at each of these seconds, with other queriers heard at theirs.
fn roles(heard: &[(f64, u8)], looks: &[f64]) -> Vec<Role> {
    let mut link = Link::new(Profile::Rfc2236);
    let mut heard = heard.iter().peekable();
    let role_at = |&look: &f64| {
        while let Some(&(at, from)) = heard.next_if(|(at, _)| *at <= look) {
            link.run_to(secs(at));
            link.query(router(from), &ask(None, "", false));
        }
        link.run_to(secs(look));
        link.interface.role()
    };
    looks.iter().map(role_at).collect()
}

// RFC2236-3-02, RFC2236-7-02: the lowest address heard within the last OQPI (255 s) is the querier.
#[test]
fn of_two_lower_routers_the_lowest_is_the_querier_while_its_timer_runs() {
    let (first, second) = (Role::NonQuerier(router(1)), Role::NonQuerier(router(2)));
    assert_eq!(roles(&[(1.0, 1), (2.0, 2)], &[3.0]), [first]);
    assert_eq!(roles(&[(1.0, 2), (2.0, 1)], &[1.5, 3.0]), [second, first]);
    let both = [(1.0, 1), (2.0, 2), (200.0, 2)];
    assert_eq!(roles(&both, &[255.9, 256.1, 454.9, 455.1]), [first, second, second, Role::Querier]);
}

// RFC2236-7-02: any lower address restarts the timer that keeps a Non-Querier silent.
#[test]
fn a_router_that_is_not_the_lowest_keeps_a_non_querier_silent() {
    let mut link = Link::new(Profile::Rfc2236);
    link.query(router(1), &ask(None, "", false));
    link.run_to(secs(200.0));
    link.query(router(2), &ask(None, "", false));
    link.said.clear();
    link.run_to(secs(455.0) - NANO);
    assert_eq!(link.news(), [News::Querier(Role::NonQuerier(router(2)))]);
    link.run_to(secs(455.0));
    assert_eq!(link.news(), [News::Querier(Role::Querier)]);
}

// RFC2236-3-02: a forger of many addresses costs no memory, and the lowest still counts.
#[test]
fn only_so_many_queriers_are_remembered() {
    let mut link = Link::new(Profile::Rfc2236);
    let forged = (0..50_000_u32).map(|n| IpAddr::from((0x0900_0000 + n).to_be_bytes()));
    for from in forged.chain([IpAddr::from([1, 0, 0, 1])]) {
        link.query(from, &ask(None, "", false));
    }
    assert_eq!(link.interface.role(), Role::NonQuerier(IpAddr::from([1, 0, 0, 1])));
    assert!(link.interface.other_queriers().len() <= 4);
}
