//! A router of version 3 beside hosts and routers of older versions: RFC 9776 section 7.3.

use super::*;

fn warnings(link: &mut Link) -> usize {
    link.news().iter().filter(|news| matches!(news, News::OtherVersion(_))).count()
}

// RFC3376-7.3.2-01, RFC3376-8.13-01: both sides of the end of Older Host Present (260 s), where GMI is
// 270 s, so that the group outlives the mode.
#[test]
fn the_oldest_host_that_is_present_decides_about_the_mode() {
    let mut link = Link::v3();
    assert_eq!(link.interface.compatibility(g()), Version::V3);
    link.older_report(Version::V2);
    assert_eq!(link.interface.compatibility(g()), Version::V2);
    link.run_to(secs(100.0));
    link.older_report(Version::V1);
    link.run_to(secs(200.0));
    link.older_report(Version::V2);
    link.run_to(secs(360.0) - NANO);
    assert_eq!(link.interface.compatibility(g()), Version::V1);
    link.run_to(secs(360.0));
    assert_eq!(link.interface.compatibility(g()), Version::V2);
    link.run_to(secs(460.0) - NANO);
    assert_eq!(link.interface.compatibility(g()), Version::V2);
    link.run_to(secs(460.0));
    assert_eq!(link.interface.compatibility(g()), Version::V3);
    assert!(!link.interface.groups().is_empty());
}

// RFC3376-7.3.2-02
#[test]
fn beside_hosts_of_version_2_blocks_and_the_sources_of_to_ex_mean_nothing() {
    let mut link = Link::v3();
    link.older_report(Version::V2);
    assert_eq!(link.filter(), exclude("", ""));
    assert_eq!(link.report(Record::Block(set("a"))), Err(Ignored::BlockWithOlderHosts));
    assert_eq!(link.report(Record::ToEx(set("ab"))), Ok(()));
    assert_eq!(link.filter(), exclude("", ""));
    assert_eq!(link.asked(), [], "nobody is asked");
    assert_eq!(link.report(Record::ToIn(set("a"))), Ok(()));
    assert_eq!(link.asked(), [(secs(0.0), set(""), false)], "a TO_IN counts");
}

// RFC3376-7.3.2-02: the control of what the mode ignores.
#[test]
fn without_older_hosts_blocks_and_the_sources_of_to_ex_count() {
    let mut link = Link::v3();
    link.report(Record::IsEx(set(""))).unwrap();
    link.report(Record::ToEx(set("ab"))).unwrap();
    assert_eq!(link.filter(), exclude("ab", ""), "for as long as they are asked for");
    link.report(Record::Block(set("c"))).unwrap();
    assert_eq!(link.filter(), exclude("abc", ""));
    assert_eq!(link.asked(), [(secs(0.0), set("ab"), false), (secs(0.0), set("abc"), false)]);
}

// RFC3376-7.3.2-03
#[test]
fn beside_hosts_of_version_1_nobody_leaves() {
    let mut link = Link::v3();
    link.older_report(Version::V1);
    assert_eq!(link.leave(), Err(Ignored::LeaveWithVersion1Hosts));
    assert_eq!(link.report(Record::ToIn(set(""))), Err(Ignored::LeaveWithVersion1Hosts));
    assert_eq!(link.report(Record::Block(set("a"))), Err(Ignored::BlockWithOlderHosts));
    assert_eq!(link.asked(), []);
    assert_eq!(link.group_timer(), Some(secs(270.0)));
}

// RFC3376-7.3.2-02, RFC3376-6.6.3.1-01: a Leave is TO_IN({}), and the Queries are those of version 3.
#[test]
fn a_leave_of_version_2_is_checked_by_queries_of_version_3() {
    let mut link = Link::v3();
    link.older_report(Version::V2);
    link.said.clear();
    assert_eq!(link.leave(), Ok(()));
    link.run_to(secs(0.5));
    link.older_report(Version::V2);
    link.run_to(secs(5.0));
    let of_query = |(at, say): &(Duration, Say)| match say {
        Say::Query(query) => Some((*at, query.version, query.suppress, query.max_resp)),
        Say::News(_) => None,
    };
    let queries: Vec<_> = link.said.iter().filter_map(of_query).collect();
    let asked = |at, suppress| (secs(at), Version::V3, suppress, secs(1.0));
    assert_eq!(queries, [asked(0.0, false), asked(1.0, true)], "the answer ends no retransmission");
    assert_eq!(link.group_timer(), Some(secs(270.5)));
}

// RFC3376-6.4.2-09: hosts repeat a state change, which makes no further Queries.
#[test]
fn a_repeated_to_in_does_not_hurry_the_queries() {
    let mut link = Link::v3();
    link.report(Record::IsEx(set(""))).unwrap();
    link.report(Record::ToIn(set(""))).unwrap();
    link.run_to(secs(0.7));
    link.report(Record::ToIn(set(""))).unwrap();
    link.run_to(secs(2.0) - NANO);
    assert!(!link.interface.groups().is_empty());
    link.run_to(secs(10.0));
    assert_eq!(link.asked(), [(secs(0.0), set(""), false), (secs(1.0), set(""), false)]);
    assert!(link.interface.groups().is_empty());
}

// RFC3376-6.4.2-08, RFC3376-6.6.3.1-01: a TO_IN after an answer is checked anew.
#[test]
fn a_to_in_after_an_answer_is_checked_anew() {
    let mut link = Link::v3();
    link.report(Record::IsEx(set(""))).unwrap();
    link.report(Record::ToIn(set(""))).unwrap();
    link.run_to(secs(0.5));
    link.report(Record::IsEx(set(""))).unwrap();
    link.report(Record::ToIn(set(""))).unwrap();
    assert_eq!(link.group_timer(), Some(secs(2.5)));
}

// RFC3376-6.4.2-08: the table knows no difference between querier and Non-Querier.
#[test]
fn a_non_querier_of_version_3_waits_for_the_queriers_query_after_a_leave() {
    let mut link = Link::v3();
    link.query(router(1), &ask(None, "", false));
    link.older_report(Version::V2);
    link.said.clear();
    assert_eq!(link.leave(), Ok(()));
    assert_eq!((link.asked(), link.group_timer()), (vec![], Some(secs(270.0))));
    link.query(router(1), &ask(Some(g()), "", false));
    assert_eq!(link.group_timer(), Some(secs(2.0)));
}

// RFC3376-7.3.1-03: at most once a Query Interval.
#[test]
fn queries_of_other_versions_are_warned_of_now_and_then() {
    for (configured, heard, expected) in [
        (Version::V3, Version::V1, 1),
        (Version::V3, Version::V2, 1),
        (Version::V3, Version::V3, 0),
        (Version::V2, Version::V3, 1),
    ] {
        let mut link = Link::with(Params { version: configured, ..Params::v2() });
        for n in 0..100 {
            link.run_to(secs(0.1) * n);
            let query = Query::older(heard, None, secs(10.0));
            link.hear(9, Message::Query(query)).unwrap();
        }
        assert_eq!(warnings(&mut link), expected, "{configured} hears {heard}");
    }
}

// RFC3376-4.2.12-02: a record that is ignored does not spoil the others of the Report.
#[test]
fn the_records_of_a_report_count_each_for_itself() {
    let mut link = Link::v3();
    link.older_report(Version::V2);
    let other = Group::new("239.1.1.2".parse().unwrap()).unwrap();
    let all_hosts = g().family().all_hosts();
    let records = vec![
        (g(), Record::Block(set("a"))),
        (all_hosts, Record::ToEx(set(""))),
        (other, Record::Allow(set("b"))),
    ];
    let report = Message::Report(Report { version: Version::V3, records });
    assert_eq!(link.hear(100, report), Err(Ignored::BlockWithOlderHosts), "the first reason");
    assert!(link.interface.wants(source('b'), other));
    assert!(!link.interface.groups().contains_key(&all_hosts));
}

// RFC3376-7.3.2-01: a forgotten group starts without older hosts.
#[test]
fn older_hosts_are_forgotten_with_the_group() {
    let mut link = Link::v3();
    link.older_report(Version::V2);
    link.leave().unwrap();
    link.run_to(secs(2.0));
    assert!(link.interface.groups().is_empty());
    assert_eq!(link.interface.compatibility(g()), Version::V3);
}

/// The results of these records about a group, one Report with all of them.
fn about(link: &mut Link, group: &str, records: Vec<Record>) -> Result<(), Ignored> {
    let group = Group::new(group.parse().unwrap()).unwrap();
    let records = records.into_iter().map(|record| (group, record)).collect();
    link.hear(100, Message::Report(Report { version: Version::V3, records }))
}

// RFC4604-3.1-01, RFC4604-3.1-02, RFC4604-3.5-01, RFC4604-3.7-01, RFC9776-6.4-01
#[test]
fn a_group_of_source_specific_multicast_knows_sources_only() {
    const SSM: &str = "232.1.1.1";
    let group = Group::new(SSM.parse().unwrap()).unwrap();
    let ignored = Err(Ignored::WithoutSources(group));
    let mut link = Link::v3();
    for record in [Record::IsEx(set("")), Record::ToEx(set("a"))] {
        assert_eq!(about(&mut link, SSM, vec![record.clone()]), ignored, "{record:?}");
    }
    for older in [
        Report::of_group(Version::V1, group),
        Report::of_group(Version::V2, group),
        Report::leave(group),
    ] {
        assert_eq!(link.hear(100, Message::Report(older)), ignored);
    }
    assert!(link.interface.groups().is_empty());
    assert_eq!(link.interface.compatibility(group), Version::V3);
    let records = vec![Record::ToEx(set("")), Record::Allow(set("a"))];
    assert_eq!(about(&mut link, SSM, records), ignored, "and the other record counts");
    assert!(link.interface.wants(source('a'), group));
    assert_eq!(about(&mut link, SSM, vec![Record::Block(set("a"))]), Ok(()));
    link.run_to(secs(2.0));
    assert!(link.interface.groups().is_empty());
}

// RFC4604-2-01: elsewhere, in older versions, and where it is configured, all sources are a wish.
#[test]
fn only_a_router_that_is_aware_of_source_specific_multicast_ignores_others() {
    let aware = Params { version: Version::V3, ..Params::v2() };
    for (params, group) in [
        (aware.clone(), "233.1.1.1"),
        (Params { source_specific: false, ..aware }, "232.1.1.1"),
        (Params::v2(), "232.1.1.1"),
    ] {
        let mut link = Link::with(params);
        assert_eq!(about(&mut link, group, vec![Record::ToEx(set(""))]), Ok(()));
        assert_eq!(link.interface.groups().len(), 1);
    }
}
