//! What expires when, and its effect on forwarding: RFC 9776 sections 6.2, 6.3 and 6.5.

use super::*;

// RFC3376-6.2.2-01, RFC3376-6.5-01
#[test]
fn the_group_timer_ends_exclude_mode_and_leaves_the_sources_that_run() {
    let mut link = Link::new(Profile::Rfc3376);
    link.record(&Record::IsEx(set("b")));
    link.run_to(secs(100.0));
    link.record(&Record::Allow(set("a")));
    link.run_to(secs(260.0) - NANO);
    assert_eq!(link.filter(), exclude("a", "b"));
    link.run_to(secs(260.0));
    assert_eq!(link.filter(), include("a"));
    link.run_to(secs(360.0) - NANO);
    assert_eq!(link.filter(), include("a"));
    link.run_to(secs(360.0));
    assert!(link.interface.groups().is_empty());
}

// RFC3376-6.2.2-01: without running sources the group is deleted.
#[test]
fn the_group_timer_deletes_a_group_without_running_sources() {
    let mut link = Link::new(Profile::Rfc3376);
    link.record(&Record::IsEx(set("b")));
    link.run_to(secs(260.0));
    assert!(link.interface.groups().is_empty());
    let changed = News::SourcesChanged(g(), exclude("", "b"));
    let news = [News::MembersPresent(g()), changed, News::NoMembers(g())];
    assert_eq!(link.news(), news, "told once each");
}

// RFC3376-6.2.3-01
#[test]
fn in_include_mode_each_source_is_removed_at_its_own_time() {
    let mut link = Link::new(Profile::Rfc3376);
    link.record(&Record::Allow(set("a")));
    link.run_to(secs(50.0));
    link.record(&Record::IsIn(set("b")));
    link.run_to(secs(260.0) - NANO);
    assert_eq!(link.filter(), include("ab"));
    link.run_to(secs(260.0));
    assert_eq!(link.filter(), include("b"));
    link.run_to(secs(310.0) - NANO);
    assert_eq!(link.filter(), include("b"));
    link.run_to(secs(310.0));
    assert!(link.interface.groups().is_empty());
    let changed = |sources| News::SourcesChanged(g(), include(sources));
    let expected = [
        News::MembersPresent(g()),
        changed("a"),
        changed("ab"),
        changed("b"),
        News::NoMembers(g()),
    ];
    assert_eq!(link.news(), expected);
}

// RFC3376-6.2.3-02, RFC3376-6.4.2-10
#[test]
fn in_exclude_mode_a_source_that_ends_is_blocked() {
    let mut link = Link::new(Profile::Rfc3376);
    link.record(&Record::IsEx(set("")));
    link.record(&Record::Block(set("a")));
    link.run_to(secs(2.0) - NANO);
    assert!(link.interface.wants(source('a'), g()), "still flows while it is asked for");
    link.run_to(secs(2.0));
    assert!(!link.interface.wants(source('a'), g()));
    assert!(link.interface.wants(source('b'), g()));
    assert_eq!(link.filter(), exclude("", "a"));
}

// RFC3376-6.3-01
#[test]
fn forwarding_follows_the_filter_mode() {
    let wanted = |filter: Filter| ('a'..='e').filter(|&n| filter.wants(source(n))).collect();
    let wanted: [String; 4] =
        [include("ab"), include(""), exclude("ab", "cd"), exclude("", "")].map(wanted);
    assert_eq!(wanted, ["ab", "", "abe", "abcde"]);
}

// RFC3376-8.4-01, RFC9776-8.4-01
#[test]
fn the_profile_decides_how_long_a_member_counts() {
    for (profile, gmi) in
        [(Profile::Rfc2236, 260.0), (Profile::Rfc3376, 260.0), (Profile::Rfc9776, 270.0)]
    {
        let mut link = Link::new(profile);
        link.record(&Record::IsEx(set("")));
        link.run_to(secs(gmi) - NANO);
        assert!(link.interface.wants(source('a'), g()), "{profile:?}");
        link.run_to(secs(gmi));
        assert!(!link.interface.wants(source('a'), g()), "{profile:?}");
    }
}

// RFC3376-6.4.1-04, RFC3376-6.2.3-02: a deleted source leaves no timer behind.
#[test]
fn a_deleted_source_does_not_come_back_blocked() {
    let mut link = Link::new(Profile::Rfc3376);
    link.record(&Record::IsEx(set("")));
    link.record(&Record::Allow(set("a")));
    link.run_to(secs(1.0));
    link.record(&Record::IsEx(set("")));
    link.run_to(secs(260.5));
    assert_eq!(link.filter(), exclude("", ""));
}
