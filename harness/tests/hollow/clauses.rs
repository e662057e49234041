//! A clause counts as proved only by an expectation that could have shown its breach.

use super::{QUERY, TO_H1, refused_with, scenario};

/// A Report of h1, which answers a Query.
const REPORT: &str = "packet = { on = 'lan', kind = 'report', from = 'h1' }\ncount = '>= 1'";
/// A host's duty, a router's, and everybody's.
const HOST: &str = "RFC2236-3-17";
const ROUTER: &str = "RFC2236-3-06";
const BOTH: &str = "RFC2236-2-02";

fn query() -> String {
    format!("{QUERY}\ncount = '>= 1'")
}

fn of_file(id: &str) -> String {
    format!("proves = ['{id}']")
}

/// The clauses of each check, where the first has `own` ones besides.
fn bound(top: &str, expectation: &str) -> Vec<Vec<String>> {
    let plan = scenario(top, "", expectation).unwrap_or_else(|told| panic!("{told}"));
    plan.checks.into_iter().map(|check| check.proves).collect()
}

#[test]
fn a_clause_of_the_file_is_shown_only_by_what_looks_at_whose_duty_it_is() {
    let both = format!("{REPORT}\n[[expect]]\n{}", query());
    assert_eq!(bound(&of_file(HOST), &both), [vec![HOST], vec![]]);
    assert_eq!(bound(&of_file(ROUTER), &both), [vec![], vec![ROUTER]]);
    assert_eq!(bound(&of_file(BOTH), &both), [[BOTH], [BOTH]]);
    let delivery = format!("{TO_H1}\nreceived = '>= 1'\nafter = 'join'\nwithin = '1s'");
    for (clause, claim) in [(HOST, query()), (HOST, delivery), (ROUTER, REPORT.to_owned())] {
        refused_with(&of_file(clause), "", &claim, clause, "no expectation shows");
    }
}

#[test]
fn a_clause_of_an_expectation_is_shown_by_that_one_alone() {
    let both = format!("{REPORT}\nproves = ['{BOTH}']\n[[expect]]\n{}", query());
    assert_eq!(bound("", &both), [vec![BOTH], vec![]]);
    assert_eq!(bound(&of_file(BOTH), &both), [vec![BOTH], vec![]]);
    let plan = scenario(&of_file(ROUTER), "", &both).unwrap();
    assert_eq!(plan.proves, [ROUTER, BOTH]);
}

#[test]
fn an_expectation_shows_no_duty_of_those_whom_it_does_not_look_at() {
    let delivery = format!("{TO_H1}\nreceived = '>= 1'\nafter = 'join'\nwithin = '1s'");
    let members = "members = { of = 'r1', on = 'lan', groups = ['239.1.1.1'] }\nat = 'join + 1s'";
    for (claim, id, whose) in [
        (query(), HOST, "a duty of hosts"),
        (members.to_owned(), HOST, "a duty of hosts"),
        (REPORT.to_owned(), ROUTER, "a duty of routers"),
    ] {
        refused_with("", "", &format!("{claim}\nproves = ['{id}']"), id, whose);
    }
    let by_router = REPORT.replace("'h1'", "'r1'");
    for (claim, id) in [(&delivery, HOST), (&delivery, ROUTER), (&by_router, ROUTER)] {
        assert_eq!(bound("", &format!("{claim}\nproves = ['{id}']")), [[id]]);
    }
}

#[test]
fn a_clause_of_another_protocol_or_of_no_catalogue_is_refused() {
    for (id, why) in [
        ("RFC2710-4-01", "this scenario speaks IGMP"),
        ("RFC3810-3-01", "this scenario speaks IGMP"),
        ("RFC7761-4.3.1-01", "no router of this scenario speaks PIM"),
        ("RFC2236", "not in the catalogue"),
    ] {
        refused_with(&of_file(id), "", &query(), id, why);
        refused_with("", "", &format!("{}\nproves = ['{id}']", query()), id, why);
    }
    let twice = format!("{}\nproves = ['{BOTH}', '{BOTH}']", query());
    refused_with("", "", &twice, BOTH, "stands twice");
}
