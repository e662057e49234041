//! A router of the lightweight protocols: RFC 5790 section 5.

use super::*;

fn lightweight() -> Link {
    Link::with(Params { version: Version::V3, lightweight: true, ..Params::v2() })
}

// RFC5790-5.3-01, RFC5790-5.4-01, RFC5790-6.1.2-01: each row is a state, a record, the state after it,
// and the Queries: for the group, and for sources.
#[test]
fn records_set_timers_and_exclude_nothing() {
    for (before, record, after, asks_group, asks) in [
        (include("ab"), Record::IsIn(set("bc")), include("abc"), false, ""),
        (include("ab"), Record::Allow(set("bc")), include("abc"), false, ""),
        (include("ab"), Record::IsEx(set("")), exclude("ab", ""), false, ""),
        (include("ab"), Record::ToEx(set("bc")), exclude("ab", ""), false, ""),
        (include("ab"), Record::Block(set("bc")), include("ab"), false, "b"),
        (include("ab"), Record::ToIn(set("bc")), include("abc"), false, "a"),
        (exclude("ab", ""), Record::Allow(set("bc")), exclude("abc", ""), false, ""),
        (exclude("ab", ""), Record::IsEx(set("c")), exclude("ab", ""), false, ""),
        (exclude("ab", ""), Record::Block(set("bc")), exclude("ab", ""), false, "b"),
        (exclude("ab", ""), Record::ToIn(set("bc")), exclude("abc", ""), true, "a"),
    ] {
        let mut link = lightweight();
        if matches!(before, Filter::Exclude { .. }) {
            link.report(Record::IsEx(set(""))).unwrap();
        }
        link.report(Record::Allow(before.timed().clone())).unwrap();
        link.run_to(secs(20.0));
        link.said.clear();
        link.report(record.clone()).unwrap();
        assert_eq!(link.filter(), after, "{record:?} in {before:?}");
        let mut expected = Vec::new();
        expected.extend(asks_group.then(|| (secs(20.0), set(""), false)));
        expected.extend((!asks.is_empty()).then(|| (secs(20.0), set(asks), false)));
        assert_eq!(link.asked(), expected, "{record:?} in {before:?}");
    }
}

// RFC5790-5.1-01: a source that ends is deleted, and flows on while all sources are wanted.
#[test]
fn a_source_that_ends_is_not_blocked() {
    let mut link = lightweight();
    link.report(Record::IsEx(set(""))).unwrap();
    link.report(Record::Allow(set("a"))).unwrap();
    link.report(Record::Block(set("a"))).unwrap();
    link.run_to(secs(2.0));
    assert_eq!(link.filter(), exclude("", ""));
    assert!(link.interface.wants(source('a'), g()));
    link.report(Record::ToIn(set("b"))).unwrap();
    link.run_to(secs(4.0));
    assert_eq!(link.filter(), include("b"), "the group timer has ended");
}
