//! Answers to Queries: RFC 9776 section 5.2.

use super::*;
use Record::{IsEx, IsIn};

// RFC3376-5.2-01, RFC3376-5.2-08, RFC3376-5.2-09: one Report with a record for each group.
#[test]
fn a_general_query_is_answered_once_within_the_time_that_it_grants() {
    let mut host = Host::settled(exclude("a"));
    host.listen(0, g(2), include("b"));
    host.run_to(30.0);
    host.said.clear();
    host.query(&ask(None, "", 10.0));
    assert_eq!(host.said, [], "never at once");
    host.run_to(40.0);
    let at = host.said[0].0;
    assert!(at > secs(30.0) && at <= secs(40.0), "{at:?}");
    assert_eq!(host.records(), [vec![(g(1), IsEx(set("a"))), (g(2), IsIn(set("b")))]]);
}

// RFC3376-5.2-05, RFC3376-5.2-10: each row is a state, the sources asked for, and the answer.
#[test]
fn a_query_for_sources_is_answered_with_those_that_are_wanted() {
    for (state, asked, expected) in [
        (include("ab"), "", Some(IsIn(set("ab")))),
        (exclude("a"), "", Some(IsEx(set("a")))),
        (exclude(""), "", Some(IsEx(set("")))),
        (include("ab"), "bc", Some(IsIn(set("b")))),
        (include("ab"), "c", None),
        (exclude("a"), "ac", Some(IsIn(set("c")))),
        (exclude("a"), "a", None),
    ] {
        let mut host = Host::settled(state.clone());
        host.query(&ask(Some(g(1)), asked, 1.0));
        host.run_to(21.0);
        let expected: Vec<Vec<Record>> = expected.into_iter().map(|record| vec![record]).collect();
        assert_eq!(host.of_group(), expected, "{asked} of {state:?}");
    }
}

// RFC3376-5.2-06, RFC3376-5.2-07: one answer, about everything that was asked for.
#[test]
fn queries_for_one_group_have_one_answer() {
    for (queries, expected) in [
        (["a", "b"], IsIn(set("ab"))),
        (["a", ""], IsIn(set("abc"))),
        (["", "a"], IsIn(set("abc"))),
    ] {
        let mut host = Host::settled(include("abc"));
        queries.iter().for_each(|sources| host.query(&ask(Some(g(1)), sources, 1.0)));
        host.run_to(30.0);
        assert_eq!(host.of_group(), [vec![expected]], "{queries:?}");
    }
}

// RFC3376-5.2-06: at the earlier time.
#[test]
fn a_shorter_query_hurries_the_answer() {
    let mut host = Host::settled(exclude(""));
    host.query(&ask(Some(g(1)), "", 1000.0));
    host.query(&ask(Some(g(1)), "", 0.1));
    host.run_to(20.1);
    assert_eq!(host.of_group(), [vec![IsEx(set(""))]]);
    host.run_to(2000.0);
    assert_eq!(host.of_group(), Vec::<Vec<_>>::new());
}

// RFC3376-5.2-03, RFC3376-5.2-04
#[test]
fn a_pending_general_answer_covers_what_may_come_later() {
    let mut host = Host::settled(exclude(""));
    host.query(&ask(None, "", 0.1));
    host.query(&ask(Some(g(1)), "", 1000.0));
    host.query(&ask(None, "", 1000.0));
    host.run_to(2000.0);
    assert_eq!(host.of_group(), [vec![IsEx(set(""))]]);

    let mut host = Host::settled(exclude(""));
    host.query(&ask(None, "", 1000.0));
    host.query(&ask(None, "", 0.1));
    host.run_to(20.1);
    assert_eq!(host.of_group().len(), 1, "the later one is replaced");
    host.run_to(2000.0);
    assert_eq!(host.of_group().len(), 0);
}

// RFC3376-5.2-02, RFC3376-5.2-11
#[test]
fn without_state_nothing_is_answered() {
    let mut host = Host::new();
    host.query(&ask(None, "", 1.0));
    host.query(&ask(Some(g(1)), "", 1.0));
    assert_eq!(host.reception.deadline(), None);

    let mut host = Host::settled(exclude(""));
    host.query(&ask(Some(g(2)), "", 1.0));
    assert_eq!(host.reception.deadline(), None, "another group");
    host.query(&ask(Some(g(1)), "", 1.0));
    host.wish(include(""));
    host.run_to(30.0);
    let records: Vec<Record> = host.of_group().concat();
    assert!(records.iter().all(|record| matches!(record, Record::ToIn(_))), "{records:?}");
}

// RFC3376-5-02, RFC9776-7.2.2-01
#[test]
fn another_hosts_report_suppresses_nothing() {
    let mut host = Host::settled(exclude(""));
    host.query(&ask(None, "", 1.0));
    let now = host.now;
    host.input(|reception, _| reception.heard_report(now, g(1)));
    host.run_to(21.0);
    assert_eq!(host.of_group(), [vec![IsEx(set(""))]]);
}
