//! A version 1 router on the link: RFC 2236 section 4, and the second diagram of section 6.

use super::*;

// RFC2236-4-01, RFC1112-I-01: within 10 s, spread, whatever the Query's other fields are.
#[test]
fn a_version_1_query_grants_ten_seconds() {
    for max_resp in [Duration::ZERO, secs(0.1), secs(25.5)] {
        let mut host = Host::new();
        (1..=50).for_each(|n| host.join(g(n)));
        host.run(20.0);
        let query = QueryHeard { version: Version::V1, group: None, max_resp };
        host.input(|listener, cx| listener.heard_query(cx, query));
        let delays: BTreeSet<Duration> = (1..=50).map(|n| host.delay(g(n)).unwrap()).collect();
        assert_eq!(delays.len(), 50);
        assert!(*delays.first().unwrap() > Duration::ZERO && *delays.last().unwrap() <= secs(10.0));
        assert!(*delays.last().unwrap() > secs(9.0));
    }
}

// RFC1112-I-01: version 1 knows no Group-Specific Query.
#[test]
fn a_version_1_query_asks_for_every_group() {
    let mut host = Host::idle(g(1));
    let query = QueryHeard { version: Version::V1, group: Some(g(9)), max_resp: Duration::ZERO };
    host.input(|listener, cx| listener.heard_query(cx, query));
    host.run(10.0);
    assert_eq!(host.said(), [v1(g(1))]);
}

// RFC2236-8.11-01: just before and at the timeout, also with a timeout that is configured.
#[test]
fn a_version_1_router_is_forgotten_after_the_timeout() {
    for timeout in [400.0, 4.0] {
        let mut host = Host::with(HostParams {
            v1_router_present_timeout: secs(timeout),
            ..HostParams::default()
        });
        assert!(!host.listener.v1_router_present(host.now));
        host.v1_query();
        host.run(timeout - 0.001);
        assert!(host.listener.v1_router_present(host.now));
        host.join(g(1));
        // At the timeout itself, whether or not the timer has been served by then.
        host.now = host.now + secs(0.001);
        assert!(!host.listener.v1_router_present(host.now));
        host.join(g(2));
        assert_eq!(host.said(), [v1(g(1)), v2(g(2))]);
    }
}

// RFC2236-6-09: Queries at 0 and 300 s; 500 s is within 400 s of the second, 701 s is not.
#[test]
fn each_version_1_query_restarts_the_timer() {
    let mut host = Host::new();
    host.v1_query();
    host.run(300.0);
    host.v1_query();
    let until = host.now + secs(400.0);
    let timer = ListenerTimer::V1RouterPresent;
    assert_eq!(host.listener.deadline(), Some(Deadline { at: until, timer }));
    host.run(200.0);
    host.join(g(1));
    assert_eq!(host.said(), [v1(g(1))]);
    host.run(201.0);
    host.said();
    host.join(g(2));
    assert_eq!(host.said(), [v2(g(2))]);
}

// RFC2236-4-03, RFC2236-4-04: a newer Query does not end the state.
#[test]
fn version_1_reports_answer_version_2_queries_while_the_timer_runs() {
    let mut host = Host::idle(g(1));
    host.v1_query();
    host.run(10.0);
    host.query(None, 1.0);
    host.run(1.0);
    host.join(g(2));
    host.run(10.0);
    assert_eq!(host.said(), [v1(g(1)), v1(g(1)), v1(g(2)), v1(g(2))]);
}

// RFC2236-4-04: the moment of sending counts, not the moment at which the timer was set.
#[test]
fn a_report_takes_the_version_of_its_own_moment() {
    let mut host = Host::new();
    host.join(g(1));
    host.v1_query();
    host.run(10.0);
    assert_eq!(host.said(), [v2(g(1)), v1(g(1))]);
    host.run(389.0);
    host.query(None, 25.5);
    assert!(host.delay(g(1)).unwrap() > secs(1.0), "by this seed");
    host.run(30.0);
    assert_eq!(host.said(), [v2(g(1))]);
}

// RFC2236-4-05, RFC2236-6-06: no Leave with a version 1 router, and one after it as positive
// control.
#[test]
fn nobody_says_goodbye_to_a_version_1_router() {
    let mut host = Host::new();
    host.v1_query();
    host.join(g(1));
    host.join(g(2));
    assert!(host.listener.is_last_reporter(g(1)));
    host.leave(g(1));
    assert_eq!(host.listener.state(g(1)), GroupState::NonMember);
    host.run(399.999);
    assert!(!host.said().contains(&bye(g(1))));
    host.run(0.001);
    host.leave(g(2));
    assert_eq!(host.said(), [bye(g(2))]);
}

// RFC2236-4-02: the state belongs to the interface, and so to one listener.
#[test]
fn another_link_is_not_concerned() {
    let (mut here, mut there) = (Host::new(), Host::new());
    here.v1_query();
    here.join(g(1));
    there.join(g(1));
    assert_eq!((here.said(), there.said()), (vec![v1(g(1))], vec![v2(g(1))]));
}

// A driver that overslept: the Report is late, and no state outlives its time.
#[test]
fn late_and_early_calls_are_harmless() {
    let mut host = Host::idle(g(1));
    host.v1_query();
    host.input(|listener, cx| listener.expire(cx));
    assert_eq!(host.said(), [], "early");
    assert_eq!(host.listener.state(g(1)), GroupState::Delaying);
    host.now = host.now + secs(1000.0);
    assert!(!host.listener.v1_router_present(host.now));
    host.join(g(2));
    assert_eq!(host.said(), [v2(g(2))]);
    host.input(|listener, cx| listener.expire(cx));
    assert_eq!(host.said(), [v2(g(1))], "late");
    host.run(10.0);
    assert_eq!(host.said(), [v2(g(2))]);
    assert_eq!(host.listener.deadline(), None);
}
