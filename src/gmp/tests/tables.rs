//! RFC 9776 sections 6.4.1 and 6.4.2, row by row: the state, the timers, the Queries.

use super::*;

/// One row. In every row the group was built up at 0 s and each running source refreshed at 10 s;
/// the record comes in at 20 s.
struct Row {
    clause: &'static str,
    before: Filter,
    record: Record,
    after: Filter,
    /// Sources whose timers keep running.
    kept: &'static str,
    /// Sources whose timers are set to the Group Membership Interval.
    at_gmi: &'static str,
    /// Sources whose timers are set to the group timer.
    at_group_timer: &'static str,
    /// Whether the group timer is restarted.
    group_restarts: bool,
    /// Whether Q(G) is sent.
    asks_group: bool,
    /// The sources of the Q(G,S), if one is sent.
    asks: &'static str,
}

const GMI: f64 = 260.0;
const LMQT: f64 = 2.0;

/// A is "ab" and B is "bc" in INCLUDE mode.
fn including(clause: &'static str, record: Record, after: Filter) -> Row {
    Row {
        clause,
        before: include("ab"),
        record,
        after,
        kept: "",
        at_gmi: "",
        at_group_timer: "",
        group_restarts: false,
        asks_group: false,
        asks: "",
    }
}

/// X is "ab", Y is "cd", and A is "ace" in EXCLUDE mode: one of X, one of Y, one new.
fn excluding(clause: &'static str, record: Record, after: Filter) -> Row {
    Row { before: exclude("ab", "cd"), ..including(clause, record, after) }
}

fn current_state() -> Vec<Row> {
    vec![
        Row {
            kept: "a",
            at_gmi: "bc",
            ..including("RFC3376-6.4.1-01", Record::IsIn(set("bc")), include("abc"))
        },
        Row {
            kept: "b",
            group_restarts: true,
            ..including("RFC3376-6.4.1-02", Record::IsEx(set("bc")), exclude("b", "c"))
        },
        Row {
            kept: "b",
            at_gmi: "ace",
            ..excluding("RFC3376-6.4.1-03", Record::IsIn(set("ace")), exclude("abce", "d"))
        },
        Row {
            kept: "a",
            at_gmi: "e",
            group_restarts: true,
            ..excluding("RFC3376-6.4.1-04", Record::IsEx(set("ace")), exclude("ae", "c"))
        },
    ]
}

fn state_change() -> Vec<Row> {
    vec![
        Row {
            kept: "a",
            at_gmi: "bc",
            ..including("RFC3376-6.4.2-01", Record::Allow(set("bc")), include("abc"))
        },
        Row {
            kept: "ab",
            asks: "b",
            ..including("RFC3376-6.4.2-02", Record::Block(set("bc")), include("ab"))
        },
        Row {
            kept: "b",
            group_restarts: true,
            asks: "b",
            ..including("RFC3376-6.4.2-03", Record::ToEx(set("bc")), exclude("b", "c"))
        },
        Row {
            kept: "a",
            at_gmi: "bc",
            asks: "a",
            ..including("RFC3376-6.4.2-04", Record::ToIn(set("bc")), include("abc"))
        },
        Row {
            kept: "b",
            at_gmi: "ace",
            ..excluding("RFC3376-6.4.2-05", Record::Allow(set("ace")), exclude("abce", "d"))
        },
        Row {
            kept: "ab",
            at_group_timer: "e",
            asks: "ae",
            ..excluding("RFC3376-6.4.2-06", Record::Block(set("ace")), exclude("abe", "cd"))
        },
        Row {
            kept: "a",
            at_group_timer: "e",
            group_restarts: true,
            asks: "ae",
            ..excluding("RFC3376-6.4.2-07", Record::ToEx(set("ace")), exclude("ae", "c"))
        },
        Row {
            kept: "b",
            at_gmi: "ace",
            asks_group: true,
            asks: "b",
            ..excluding("RFC3376-6.4.2-08", Record::ToIn(set("ace")), exclude("abce", "d"))
        },
    ]
}

/// The link at 20 s, just before the record.
fn stage(row: &Row, querier: bool) -> Link {
    let mut link = Link::new(Profile::Rfc3376);
    if !querier {
        link.query(router(1), &ask(None, "", false));
    }
    if let Filter::Exclude { requested, excluded } = &row.before {
        link.record(&Record::IsEx(requested | excluded));
    }
    link.run_to(secs(10.0));
    link.record(&Record::Allow(row.before.timed().clone()));
    link.run_to(secs(20.0));
    assert_eq!(link.filter(), row.before, "{}: the stage", row.clause);
    link.said.clear();
    link
}

/// When each source stops counting by the table.
fn expected_timer(row: &Row, name: char) -> Option<Duration> {
    let group_timer = 0.0 + GMI;
    let table =
        [(row.kept, 10.0 + GMI), (row.at_gmi, 20.0 + GMI), (row.at_group_timer, group_timer)];
    table.iter().find(|(names, _)| names.contains(name)).map(|&(_, at)| secs(at))
}

fn expected_group_timer(row: &Row) -> Option<Duration> {
    match row.after {
        Filter::Include { .. } => None,
        Filter::Exclude { .. } if row.group_restarts => Some(secs(20.0 + GMI)),
        Filter::Exclude { .. } => Some(secs(GMI)),
    }
}

/// A Non-Querier follows the tables but sends no Queries and lowers no timers, so its timers show
/// the tables plainly.
fn check_tables(row: &Row) {
    let mut link = stage(row, false);
    link.record(&row.record);
    assert_eq!(link.filter(), row.after, "{}", row.clause);
    for name in 'a'..='e' {
        assert_eq!(link.source_timer(name), expected_timer(row, name), "{} {name}", row.clause);
    }
    assert_eq!(link.group_timer(), expected_group_timer(row), "{}: group timer", row.clause);
    assert_eq!(link.asked(), [], "{}: a Non-Querier asks nothing", row.clause);
}

fn check_queries(row: &Row) {
    let mut link = stage(row, true);
    link.record(&row.record);
    assert_eq!(link.filter(), row.after, "{}", row.clause);
    let (of_group, of_sources): (Vec<_>, Vec<_>) =
        link.asked().into_iter().partition(|(_, sources, _)| sources.is_empty());
    let now = secs(20.0);
    let group_query = row.asks_group.then(|| (now, Sources::new(), false));
    assert_eq!(of_group, Vec::from_iter(group_query), "{}: Q(G)", row.clause);
    let source_query = (!row.asks.is_empty()).then(|| (now, set(row.asks), false));
    assert_eq!(of_sources, Vec::from_iter(source_query), "{}: Q(G,S)", row.clause);
    for name in 'a'..='e' {
        let lowered = row.asks.contains(name).then(|| secs(20.0 + LMQT));
        let expected = lowered.or(expected_timer(row, name));
        assert_eq!(link.source_timer(name), expected, "{} {name}", row.clause);
    }
    let lowered = row.asks_group.then(|| secs(20.0 + LMQT));
    let expected = lowered.or(expected_group_timer(row));
    assert_eq!(link.group_timer(), expected, "{}: group timer", row.clause);
}

// RFC3376-6.4.1-01, RFC3376-6.4.1-02, RFC3376-6.4.1-03, RFC3376-6.4.1-04
#[test]
fn current_state_records_change_state_and_timers() {
    current_state().iter().for_each(check_tables);
}

// RFC3376-6.1-01, RFC3376-6.4.1-01, RFC3376-6.4.1-02, RFC3376-6.4.1-03, RFC3376-6.4.1-04
#[test]
fn current_state_records_never_make_the_querier_ask() {
    current_state().iter().for_each(check_queries);
}

// RFC3376-6.4.2-01, RFC3376-6.4.2-02, RFC3376-6.4.2-03, RFC3376-6.4.2-04,
// RFC3376-6.4.2-05, RFC3376-6.4.2-06, RFC3376-6.4.2-07, RFC3376-6.4.2-08
#[test]
fn state_change_records_change_state_and_timers() {
    state_change().iter().for_each(check_tables);
}

// RFC3376-6.4.2-01, RFC3376-6.4.2-02, RFC3376-6.4.2-03, RFC3376-6.4.2-04,
// RFC3376-6.4.2-05, RFC3376-6.4.2-06, RFC3376-6.4.2-07, RFC3376-6.4.2-08
#[test]
fn state_change_records_make_the_querier_ask() {
    state_change().iter().for_each(check_queries);
}

// RFC3376-6.4.2-02: A*B is empty, so no Query is due.
#[test]
fn blocking_what_nobody_wanted_asks_nothing() {
    let mut link = Link::new(Profile::Rfc3376);
    link.record(&Record::Allow(set("a")));
    link.record(&Record::Block(set("b")));
    assert_eq!(link.asked(), []);
    assert_eq!(link.filter(), include("a"));
}

// RFC3376-6.4.1-01, RFC3376-6.4.2-02, RFC3376-6.4.2-04: INCLUDE({}) is no state at all.
#[test]
fn records_that_want_nothing_make_no_state() {
    let mut link = Link::new(Profile::Rfc3376);
    for record in [Record::IsIn(set("")), Record::ToIn(set("")), Record::Block(set("a"))] {
        link.record(&record);
        assert!(link.interface.groups().is_empty(), "{record:?}");
        assert_eq!(link.said, [], "{record:?}");
    }
}
