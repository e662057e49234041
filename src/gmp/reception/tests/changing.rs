//! Reports of changes: RFC 9776 section 5.1.

use super::*;
use Record::{Allow, Block, ToEx, ToIn};

// RFC3376-5.1-01, RFC3376-5.1-02, RFC3376-5.1-03, RFC3376-5.1-04, RFC3376-5.1-05, RFC3376-4.2.12-03
#[test]
fn each_change_has_its_records() {
    for (before, after, expected) in [
        (include(""), exclude(""), vec![ToEx(set(""))]),
        (exclude(""), include(""), vec![ToIn(set(""))]),
        (include(""), include("ab"), vec![Allow(set("ab"))]),
        (include("ab"), include("bc"), vec![Allow(set("c")), Block(set("a"))]),
        (include("ab"), include(""), vec![Block(set("ab"))]),
        (exclude("ab"), exclude("bc"), vec![Allow(set("a")), Block(set("c"))]),
        (exclude(""), exclude("a"), vec![Block(set("a"))]),
        (include("a"), exclude("b"), vec![ToEx(set("b"))]),
        (exclude("a"), include("b"), vec![ToIn(set("b"))]),
    ] {
        let mut host = Host::settled(before.clone());
        host.wish(after.clone());
        let said = host.said.first().expect("at once").clone();
        assert_eq!((said.0, said.1.version), (secs(20.0), Version::V3));
        host.run_to(30.0);
        assert_eq!(host.of_group(), [expected.clone(), expected], "{before:?} to {after:?}");
    }
}

// RFC3376-5.1-06, RFC3376-8.11-01: RV Reports in all, each within (0, URI] of the one before it.
#[test]
fn a_change_is_reported_robustness_times() {
    for robustness in [0, 1, 2, 3, 7] {
        let mut host = Host::with(HostParams { robustness, ..HostParams::of(Version::V3) });
        host.wish(exclude(""));
        host.run_to(20.0);
        let times: Vec<Duration> = host.said.iter().map(|(at, _)| *at).collect();
        assert_eq!(times.len(), usize::from(robustness.max(1)), "robustness {robustness}");
        let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(gaps.clone().all(|gap| gap > Duration::ZERO && gap <= secs(1.0)), "{gaps:?}");
    }
}

/// A host that repeats three times, so that changes overlap.
fn thrice(wish: SourceFilter) -> Host {
    let mut host = Host::with(HostParams { robustness: 3, ..HostParams::of(Version::V3) });
    host.wish(wish);
    host
}

// RFC3376-5.1-07, RFC3376-5.1-08: each source is named in as many Reports as if it were alone.
#[test]
fn changes_of_sources_merge_and_each_source_is_named_as_often() {
    let mut host = thrice(include("a"));
    host.wish(include("ab"));
    host.wish(include("bc"));
    host.run_to(10.0);
    let allow = |names| Allow(set(names));
    let expected = [
        vec![allow("a")],
        vec![allow("ab")],
        vec![allow("bc"), Block(set("a"))],
        vec![allow("bc"), Block(set("a"))],
        vec![allow("c"), Block(set("a"))],
    ];
    assert_eq!(host.of_group(), expected);
}

// RFC3376-5.1-08: what is reported is the state at that time, not that of the change.
#[test]
fn a_source_that_comes_and_goes_is_blocked_as_often() {
    let mut host = thrice(include("a"));
    host.wish(include("ab"));
    host.wish(include("a"));
    host.run_to(10.0);
    let expected = [
        vec![Allow(set("a"))],
        vec![Allow(set("ab"))],
        vec![Allow(set("a")), Block(set("b"))],
        vec![Block(set("b"))],
        vec![Block(set("b"))],
    ];
    assert_eq!(host.of_group(), expected);
}

// RFC3376-5.1-09: RV Filter-Mode-Change records, with the list of the time, and then the rest of the
// sources' changes.
#[test]
fn a_change_of_mode_outweighs_changes_of_sources() {
    let mut host = thrice(exclude(""));
    host.wish(exclude("a"));
    host.wish(exclude("ab"));
    host.run_to(10.0);
    let expected = [
        vec![ToEx(set(""))],
        vec![ToEx(set("a"))],
        vec![ToEx(set("ab"))],
        vec![Block(set("ab"))],
        vec![Block(set("b"))],
    ];
    // The source that was blocked first has been named three times after the fourth Report.
    assert_eq!(host.of_group()[..4], expected[..4]);
}

// RFC3376-5.1-09: a second change of mode starts the count anew.
#[test]
fn a_join_and_a_leave_end_in_robustness_to_in_records() {
    let mut host = thrice(exclude(""));
    host.wish(include(""));
    host.run_to(10.0);
    let expected =
        [vec![ToEx(set(""))], vec![ToIn(set(""))], vec![ToIn(set(""))], vec![ToIn(set(""))]];
    assert_eq!(host.of_group(), expected);
    assert_eq!(host.reception.deadline(), None, "nothing is left behind");
}

// RFC3376-5.1-07: each group for itself.
#[test]
fn another_groups_change_does_not_hurry_a_repeat() {
    let mut host = Host::new();
    host.wish(exclude(""));
    host.listen(0, g(2), include("a"));
    assert_eq!(host.records(), [vec![(g(1), ToEx(set("")))], vec![(g(2), Allow(set("a")))]]);
    host.run_to(5.0);
    assert_eq!(host.records().len(), 2, "one repeat each");
}

// RFC3376-5-01, RFC3810-6-01
#[test]
fn all_hosts_is_never_reported() {
    let mut host = Host::new();
    host.listen(0, g(1).family().all_hosts(), exclude(""));
    host.query(&ask(None, "", 1.0));
    host.run_to(20.0);
    assert_eq!(host.records(), Vec::<Vec<_>>::new());
}

// RFC3376-4.2.16-01, RFC3376-4.2.16-02: 1500 octets hold 365 sources or 183 records.
#[test]
fn what_does_not_fit_goes_into_more_reports() {
    let many = |n: u32| (0..n).map(|n| IpAddr::from((0xc612_0000 + n).to_be_bytes())).collect();
    for (wish, sizes) in [
        (SourceFilter::Include(many(365)), vec![365]),
        (SourceFilter::Include(many(366)), vec![365, 1]),
        (SourceFilter::Exclude(many(800)), vec![365]),
        (SourceFilter::Include(many(800)), vec![365, 365, 70]),
    ] {
        let mut host = Host::new();
        host.wish(wish);
        let reported = host.of_group();
        let found: Vec<usize> = reported.iter().flatten().map(|r| r.sources().len()).collect();
        assert_eq!((reported.len(), found), (sizes.len(), sizes));
    }
    let mut host = Host::new();
    let groups =
        |n: u16| Group::new(IpAddr::from([239, 2, n.to_be_bytes()[0], n.to_be_bytes()[1]]));
    (0..200).for_each(|n| host.listen(0, groups(n).unwrap(), exclude("")));
    host.run_to(20.0);
    host.said.clear();
    host.query(&ask(None, "", 1.0));
    host.run_to(30.0);
    let sizes: Vec<usize> = host.records().iter().map(Vec::len).collect();
    assert_eq!(sizes, [183, 17]);
}

// RFC3376-5.1-01: routers may have forgotten the host, or be others.
#[test]
fn everything_is_reported_once_the_link_is_back() {
    let mut host = Host::settled(exclude("a"));
    host.listen(0, g(2), include("b"));
    host.run_to(30.0);
    host.said.clear();
    host.input(Reception::link_returned);
    let at_once = host.records();
    assert_eq!(at_once, [vec![(g(1), ToEx(set("a")))], vec![(g(2), Allow(set("b")))]]);
    host.run_to(40.0);
    let mut repeats = host.records();
    repeats.sort_by_key(|records| records[0].0);
    assert_eq!(repeats, at_once);
}
