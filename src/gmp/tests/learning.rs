//! What version 3 Queries carry, and what a Non-Querier takes from them: RFC 9776 section 4.1.

use super::querier::Role;
use super::*;

/// A General Query of version 3 with these fields.
fn general(qrv: u8, qqi: f64) -> Query {
    let (qrv, qqi) = (Some(qrv), Some(secs(qqi)));
    Query { qrv, qqi, ..Query::older(Version::V3, None, secs(10.0)) }
}

fn queries(link: &Link) -> Vec<Query> {
    let query = |(_, say): &(_, Say)| match say {
        Say::Query(query) => Some(query.clone()),
        Say::News(_) => None,
    };
    link.said.iter().filter_map(query).collect()
}

/// RV and QI as the router uses them.
fn used(link: &Link) -> (u8, Duration) {
    (link.interface.in_force().robustness, link.interface.in_force().query_interval)
}

// RFC3376-4.1.6-01, RFC3376-4.1.7-01, RFC3376-4.1.8-01: RV up to 7, and zero beyond.
#[test]
fn a_query_of_version_3_carries_robustness_and_interval() {
    for (robustness, qrv) in [(1, 1), (7, 7), (8, 0), (255, 0)] {
        let mut link = Link::with(Params {
            version: Version::V3,
            robustness,
            query_interval: secs(60.0),
            ..Params::v2()
        });
        link.run_to(secs(60.0));
        let expected = Query { qrv: Some(qrv), ..general(0, 60.0) };
        assert_eq!(queries(&link).first(), Some(&expected), "robustness {robustness}");
    }
}

// RFC3376-4.1.6-01, RFC3376-8.8-01: specific Queries carry them too, with LMQI.
#[test]
fn a_specific_query_carries_robustness_and_interval() {
    let mut link = Link::v3();
    link.report(Record::Allow(set("a"))).unwrap();
    link.report(Record::Block(set("a"))).unwrap();
    let expected =
        Query { group: Some(g()), sources: set("a"), max_resp: secs(1.0), ..general(2, 125.0) };
    assert_eq!(queries(&link).last(), Some(&expected));
}

// RFC3376-4.1.6-02, RFC3376-4.1.7-02: GMI = 3 x 20 s + 2 x 10 s, OQPI = 3 x 20 s + 5 s.
#[test]
fn a_non_querier_computes_with_the_queriers_values() {
    let mut link = Link::v3();
    link.query(router(1), &general(3, 20.0));
    assert_eq!(used(&link), (3, secs(20.0)));
    link.report(Record::IsEx(set(""))).unwrap();
    assert_eq!(link.group_timer(), Some(secs(80.0)));
    link.query(router(1), &ask(Some(g()), "", false));
    assert_eq!(link.group_timer(), Some(secs(3.0)), "LMQC is RV");
    link.run_to(secs(65.0) - NANO);
    assert_eq!(link.interface.role(), Role::NonQuerier(router(1)));
    link.run_to(secs(65.0));
    assert_eq!(link.interface.role(), Role::Querier);
    assert_eq!(used(&link), (2, secs(125.0)), "the querier uses its own");
}

// RFC3376-4.1.6-02, RFC3376-4.1.7-02: the last Query counts; zero, and a Query without the fields,
// mean the configured values.
#[test]
fn zero_and_older_queries_mean_the_configured_values() {
    for last in [general(0, 0.0), ask(None, "", false)] {
        let mut link = Link::v3();
        link.query(router(1), &general(5, 30.0));
        assert_eq!(used(&link), (5, secs(30.0)));
        link.query(router(1), &last);
        assert_eq!(used(&link), (2, secs(125.0)), "{last:?}");
    }
}

// RFC3376-4.1.6-02: only the querier's values count.
#[test]
fn nobody_else_changes_the_values() {
    let mut link = Link::v3();
    link.query(router(9), &general(7, 1.0));
    assert_eq!(used(&link), (2, secs(125.0)), "this router is the querier");
    link.query(router(1), &general(3, 20.0));
    link.query(router(3), &general(7, 1.0));
    assert_eq!(used(&link), (3, secs(20.0)), "10.0.0.1 is the querier");
}

// RFC3376-4.1.6-02, RFC3376-4.1.7-02: who follows the querier counts for as long as its own Query says, and
// what it says counts from when the querier is gone. 10.0.0.1: 3 x 20 s + 5 s; 10.0.0.3: 4 x 50 s + 5 s.
#[test]
fn the_next_querier_is_heard_by_its_own_values() {
    let mut link = Link::v3();
    link.query(router(1), &general(3, 20.0));
    link.run_to(secs(65.0) - NANO);
    link.query(router(3), &general(4, 50.0));
    assert_eq!(link.interface.role(), Role::NonQuerier(router(1)));
    link.run_to(secs(65.0));
    assert_eq!(link.interface.role(), Role::NonQuerier(router(3)));
    assert_eq!(used(&link), (4, secs(50.0)));
    link.run_to(secs(65.0) - NANO + secs(205.0) - NANO);
    assert_eq!(link.interface.role(), Role::NonQuerier(router(3)));
    link.run_to(secs(65.0) - NANO + secs(205.0));
    assert_eq!(link.interface.role(), Role::Querier);
}

// RFC3376-4.1.6-02: another configuration does not undo what was learnt.
#[test]
fn what_was_learnt_outlasts_another_configuration() {
    let mut link = Link::v3();
    link.query(router(1), &general(3, 20.0));
    let params = Params { query_interval: secs(50.0), ..link.interface.params().clone() };
    link.input(|interface, cx| interface.configure(cx, params));
    assert_eq!(used(&link), (3, secs(20.0)));
    link.query(router(1), &general(0, 0.0));
    assert_eq!(used(&link), (2, secs(50.0)));
}
