//! The limits of a link, and leaving without a check.

use super::*;

fn group(n: u8) -> Group {
    Group::new(IpAddr::from([239, 1, 2, n])).unwrap()
}

/// A version 3 Report of one record.
fn report(link: &mut Link, group: Group, record: Record) -> Result<(), Ignored> {
    let records = vec![(group, record)];
    link.hear(100, Message::Report(Report { version: Version::V3, records }))
}

fn limited(max_groups: u32, max_group_sources: u32, max_sources: u32) -> Link {
    let version = Version::V3;
    Link::with(Params { version, max_groups, max_group_sources, max_sources, ..<_>::default() })
}

#[test]
fn a_group_too_many_is_ignored_and_the_others_stay() {
    let mut link = limited(2, 100, 100);
    for n in [1, 2] {
        assert_eq!(report(&mut link, group(n), Record::IsEx(set(""))), Ok(()));
    }
    let refused = Err(Ignored::TooManyGroups { group: group(3), most: 2 });
    assert_eq!(report(&mut link, group(3), Record::IsEx(set(""))), refused);
    assert_eq!(report(&mut link, group(3), Record::Allow(set("a"))), refused);
    let v2 = Message::Report(Report::of_group(Version::V2, group(3)));
    assert_eq!(link.hear(100, v2), refused);
    assert_eq!(link.interface.compatibility(group(3)), Version::V3, "and nothing is left of it");
    // Members of a group within the limit are refreshed.
    link.run_to(secs(200.0));
    assert_eq!(report(&mut link, group(1), Record::IsEx(set(""))), Ok(()));
    link.run_to(secs(300.0));
    assert_eq!(link.interface.groups().keys().copied().collect::<Vec<_>>(), [group(1)]);
    assert_eq!(report(&mut link, group(3), Record::IsEx(set(""))), Ok(()), "there is room again");
}

// A router's own kernel and each host of IPv6 report groups that never leave the link.
#[test]
fn groups_of_the_link_and_all_others_have_a_limit_each() {
    let mut link = limited(2, 100, 100);
    let local = |n: u8| Group::new(IpAddr::from([224, 0, 0, n])).unwrap();
    let all = [local(100), group(1), local(101), group(2)];
    for wanted in all {
        assert_eq!(report(&mut link, wanted, Record::IsEx(set(""))), Ok(()), "{wanted}");
    }
    for refused in [local(102), group(3)] {
        let told = Err(Ignored::TooManyGroups { group: refused, most: 2 });
        assert_eq!(report(&mut link, refused, Record::IsEx(set(""))), told);
    }
    // All end, and there is room again for as many of each.
    link.run_to(secs(300.0));
    for wanted in all {
        assert_eq!(report(&mut link, wanted, Record::IsEx(set(""))), Ok(()), "{wanted}");
    }
}

#[test]
fn a_source_too_many_is_ignored_and_the_state_stays() {
    for (mut link, most) in [(limited(9, 100, 2), 2), (limited(9, 2, 100), 2)] {
        assert_eq!(report(&mut link, group(1), Record::Allow(set("ab"))), Ok(()));
        let refused = Err(Ignored::TooManySources { group: group(1), most });
        for record in [Record::Allow(set("c")), Record::IsEx(set("cde")), Record::ToIn(set("bc"))] {
            assert_eq!(report(&mut link, group(1), record), refused);
        }
        let known = link.interface.groups()[&group(1)].filter.clone();
        assert_eq!(known, include("ab"));
        // What does not grow the state counts.
        assert_eq!(report(&mut link, group(1), Record::ToEx(set("bc"))), Ok(()));
        assert_eq!(link.interface.groups()[&group(1)].filter, exclude("b", "c"));
    }
}

// The sources of all groups count together, and those that end make room.
#[test]
fn the_sources_of_a_link_are_counted_over_its_groups() {
    let mut link = limited(9, 3, 100);
    assert_eq!(report(&mut link, group(1), Record::Allow(set("ab"))), Ok(()));
    link.run_to(secs(100.0));
    assert_eq!(report(&mut link, group(2), Record::IsEx(set("a"))), Ok(()));
    let refused = Err(Ignored::TooManySources { group: group(3), most: 3 });
    assert_eq!(report(&mut link, group(3), Record::Allow(set("a"))), refused);
    assert!(!link.interface.groups().contains_key(&group(3)));
    assert_eq!(report(&mut link, group(3), Record::IsEx(set(""))), Ok(()));
    link.run_to(secs(280.0));
    assert_eq!(
        report(&mut link, group(3), Record::Block(set("ab"))),
        Ok(()),
        "after group 1 ended"
    );
}

// A record of many sources is refused as a whole: nothing of it may be forwarded by halves.
#[test]
fn forged_groups_and_sources_cost_bounded_memory() {
    let mut link = limited(100, 50, 10);
    for n in 0..5_000_u32 {
        let group = Group::new(IpAddr::from((0xef02_0000 + n).to_be_bytes())).unwrap();
        let sources = (0..n % 13).map(|m| IpAddr::from((0xc633_6400 + m).to_be_bytes())).collect();
        let _ = report(&mut link, group, Record::IsEx(sources));
    }
    let sources: usize = link.interface.groups().values().map(|known| known.filter.sources()).sum();
    assert!(link.interface.groups().len() <= 100 && sources <= 50);
    assert!(sources > 40, "the limit was reached: {sources}");
}

fn immediate(version: Version) -> Link {
    Link::with(Params { version, immediate_leave: true, ..Params::v2() })
}

// Each row is a state, a record, and the state right after it.
#[test]
fn an_immediate_leave_asks_nobody() {
    for (before, record, after) in [
        (exclude("", ""), Record::ToIn(set("")), include("")),
        (exclude("ab", ""), Record::ToIn(set("bc")), include("bc")),
        (include("ab"), Record::Block(set("bc")), include("a")),
        (include("ab"), Record::Block(set("ab")), include("")),
        (include("ab"), Record::ToIn(set("bc")), include("bc")),
        (include("ab"), Record::ToEx(set("bc")), exclude("", "bc")),
        (exclude("", "c"), Record::Block(set("ac")), exclude("", "ac")),
        (exclude("", "c"), Record::ToEx(set("ac")), exclude("", "ac")),
        (include("ab"), Record::IsIn(set("c")), include("abc")),
        (exclude("", ""), Record::IsEx(set("")), exclude("", "")),
    ] {
        let mut link = immediate(Version::V3);
        if let Filter::Exclude { excluded, .. } = &before {
            link.report(Record::IsEx(excluded.clone())).unwrap();
        }
        link.report(Record::Allow(before.timed().clone())).unwrap();
        assert_eq!(link.filter(), before, "the stage");
        link.said.clear();
        link.report(record.clone()).unwrap();
        assert_eq!(link.filter(), after, "{record:?} in {before:?}");
        assert_eq!(link.asked(), []);
    }
}

// RFC2236-3-27: a Non-Querier leaves it to the querier.
#[test]
fn a_leave_of_version_2_is_immediate_at_the_querier_only() {
    let mut link = immediate(Version::V2);
    link.older_report(Version::V2);
    link.said.clear();
    assert_eq!(link.leave(), Ok(()));
    assert_eq!(link.news(), [News::NoMembers(g())]);
    assert!(link.interface.groups().is_empty());

    let mut link = immediate(Version::V3);
    link.query(router(1), &ask(None, "", false));
    link.older_report(Version::V2);
    assert_eq!(link.leave(), Ok(()));
    assert!(!link.interface.groups().is_empty());
}
