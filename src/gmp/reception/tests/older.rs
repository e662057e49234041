//! A host of version 3 beside queriers of older versions: RFC 9776 section 7.2.

use super::*;

fn older(version: Version, group: Option<Group>) -> Query {
    let max_resp = if version == Version::V1 { 0.0 } else { 10.0 };
    Query::older(version, group, secs(max_resp))
}

/// The versions of the messages since the last call, and whether each is a Leave.
fn said(host: &mut Host) -> Vec<(Version, bool)> {
    host.said.drain(..).map(|(_, report)| (report.version, report.is_leave())).collect()
}

fn params(profile: Profile) -> HostParams {
    HostParams { profile, ..HostParams::of(Version::V3) }
}

// RFC3376-7.2.1-02, RFC3376-8.12-01, RFC9776-8.12-01: 2 x 125 s + 10 s, or 2 x 125 s + 10 x 10 s.
#[test]
fn an_older_querier_counts_for_its_interval() {
    for (profile, seconds) in [(Profile::Rfc3376, 260.0), (Profile::Rfc9776, 350.0)] {
        for version in [Version::V1, Version::V2] {
            let mut host = Host::with(params(profile));
            host.query(&older(version, None));
            host.run_to(seconds - 0.001);
            assert_eq!(host.reception.mode(host.now), version, "{profile:?}");
            host.run_to(seconds);
            assert_eq!(host.reception.mode(host.now), Version::V3, "{profile:?}");
        }
    }
}

// RFC3376-8.12-01: the Query Interval in the last Query of version 3.
#[test]
fn the_interval_follows_from_the_last_query_of_version_3() {
    let mut host = Host::with(params(Profile::Rfc9776));
    host.query(&Query { qqi: Some(secs(20.0)), ..ask(None, "", 1.0) });
    host.query(&older(Version::V2, None));
    host.run_to(140.0 - 0.001);
    assert_eq!(host.reception.mode(host.now), Version::V2);
    host.run_to(140.0);
    assert_eq!(host.reception.mode(host.now), Version::V3);
}

// RFC3376-7.2.1-02: version 1 wins while its querier is present.
#[test]
fn the_oldest_querier_decides() {
    let mut host = Host::new();
    host.query(&older(Version::V1, None));
    host.run_to(100.0);
    host.query(&older(Version::V2, None));
    assert_eq!(host.reception.mode(host.now), Version::V1);
    host.run_to(350.0);
    assert_eq!(host.reception.mode(host.now), Version::V2);
    host.run_to(450.0);
    assert_eq!(host.reception.mode(host.now), Version::V3);
}

// RFC9776-7.2.1-01: and it is answered.
#[test]
fn a_group_specific_query_of_version_2_changes_no_mode() {
    let mut host = Host::settled(include("a"));
    host.query(&older(Version::V2, Some(g(1))));
    assert_eq!(host.reception.mode(host.now), Version::V3);
    host.run_to(30.0);
    assert_eq!(host.of_group(), [vec![Record::IsIn(set("a"))]]);
}

// RFC3376-7.2.1-03: joins, answers and leaves in the querier's version; sources have no word there.
#[test]
fn an_older_querier_is_spoken_to_in_its_version() {
    for (version, leaves) in [(Version::V1, vec![]), (Version::V2, vec![(Version::V2, true)])] {
        let mut host = Host::settled(include("a"));
        host.query(&older(version, None));
        host.run_to(30.0);
        assert_eq!(said(&mut host), [(version, false)], "the answer");
        host.wish(include("ab"));
        host.wish(exclude("c"));
        host.run_to(60.0);
        assert_eq!(said(&mut host), [], "sources have no word");
        host.query(&ask(Some(g(1)), "a", 1.0));
        host.run_to(70.0);
        assert_eq!(said(&mut host), [(version, false)], "a Query of version 3 is answered too");
        host.listen(0, g(2), include("a"));
        host.run_to(100.0);
        assert_eq!(said(&mut host), [(version, false); 2], "a join and its repeat");
        host.wish(include(""));
        assert_eq!(said(&mut host), leaves);
    }
}

// RFC3376-7.2.1-05
#[test]
fn a_change_of_mode_cancels_what_is_pending() {
    let mut host = Host::new();
    host.wish(exclude(""));
    host.query(&ask(None, "", 10.0));
    host.query(&ask(Some(g(1)), "", 10.0));
    host.said.clear();
    host.query(&older(Version::V2, None));
    host.run_to(20.0);
    assert_eq!(said(&mut host), [(Version::V2, false)], "only the answer in version 2");
    // Just before the querier is forgotten, another answer becomes due for afterwards.
    host.run_to(349.9);
    host.query(&Query::older(Version::V3, None, secs(1000.0)));
    host.run_to(350.0);
    assert_eq!(host.reception.deadline(), None);
    assert_eq!(said(&mut host), []);
}

// RFC3376-7.2.1-02: with its querier gone, the host speaks version 3 of what it still wants.
#[test]
fn back_in_version_3_the_wishes_are_those_of_the_sockets() {
    let mut host = Host::settled(include("a"));
    host.query(&older(Version::V2, None));
    host.wish(exclude("b"));
    host.run_to(400.0);
    host.said.clear();
    host.query(&ask(None, "", 1.0));
    host.run_to(410.0);
    assert_eq!(host.of_group(), [vec![Record::IsEx(set("b"))]]);
    host.wish(include(""));
    assert_eq!(host.of_group(), [vec![Record::ToIn(set(""))]]);
}

// RFC2236-8.11-01: a host of version 2 never speaks version 3.
#[test]
fn a_host_of_version_2_stays_one() {
    let mut host = Host::with(HostParams::default());
    host.wish(include("a"));
    host.query(&ask(None, "", 1.0));
    host.run_to(50.0);
    host.wish(include(""));
    let said = said(&mut host);
    assert!(said.len() >= 3 && said.iter().all(|(version, _)| *version == Version::V2), "{said:?}");
    assert_eq!(said.last(), Some(&(Version::V2, true)));
}
