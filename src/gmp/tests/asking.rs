//! Queries for a group and for its sources: RFC 9776 section 6.6.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::*;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A Non-Querier that knows of a group in EXCLUDE mode.
fn non_querier(profile: Profile) -> Link {
    let mut link = Link::new(profile);
    link.query(router(1), &ask(None, "", false));
    link.record(&Record::IsEx(set("")));
    link.record(&Record::Allow(set("a")));
    link
}

// RFC3376-6.6.3.1-01, RFC3376-6.4.2-09
#[test]
fn a_group_is_asked_for_lmqc_times_at_lmqi() {
    for count in 1..=3 {
        let mut link = Link::with(Params {
            profile: Some(Profile::Rfc3376),
            last_member_query_count: Some(count),
            last_member_query_interval: millis(500),
            ..Params::v2()
        });
        link.record(&Record::IsEx(set("")));
        link.record(&Record::ToIn(set("")));
        let end = millis(500) * u32::from(count);
        assert_eq!(link.group_timer(), Some(end));
        link.run_to(end + secs(10.0));
        let expected: Vec<_> =
            (0..count).map(|n| (millis(500) * u32::from(n), set(""), false)).collect();
        assert_eq!(link.asked(), expected);
    }
}

// RFC3376-6.6.3.1-01
#[test]
fn the_repeat_of_an_answered_group_query_has_the_s_flag() {
    let mut link = Link::new(Profile::Rfc3376);
    link.record(&Record::IsEx(set("")));
    link.record(&Record::ToIn(set("")));
    link.run_to(secs(0.5));
    link.record(&Record::IsEx(set("")));
    link.run_to(secs(10.0));
    assert_eq!(link.asked(), [(secs(0.0), set(""), false), (secs(1.0), set(""), true)]);
    assert_eq!(link.group_timer(), Some(secs(260.5)), "sending with S=1 lowers nothing");
}

// RFC3376-6.6.3.1-01: the timer is lowered, so one that ends sooner is left alone.
#[test]
fn asking_for_a_group_never_raises_its_timer() {
    let mut link = Link::new(Profile::Rfc3376);
    link.record(&Record::IsEx(set("")));
    link.run_to(secs(259.0));
    link.record(&Record::ToIn(set("")));
    assert_eq!(link.group_timer(), Some(secs(260.0)));
}

// RFC3376-6.6.3.2-01
#[test]
fn the_repeat_splits_into_answered_and_open_sources() {
    let mut link = Link::new(Profile::Rfc3376);
    link.record(&Record::Allow(set("ab")));
    link.record(&Record::Block(set("ab")));
    link.run_to(secs(0.3));
    link.record(&Record::IsIn(set("a")));
    link.run_to(secs(10.0));
    let mut asked = link.asked();
    asked.sort();
    let expected =
        [(secs(0.0), set("ab"), false), (secs(1.0), set("a"), true), (secs(1.0), set("b"), false)];
    assert_eq!(asked, expected);
    assert_eq!(link.filter(), include("a"));
}

// RFC3376-4.1.8-01, RFC3810-5.1.10-01: 1500 octets hold 366 sources of IPv4 and 89 of IPv6.
#[test]
fn more_sources_than_fit_a_packet_are_asked_for_in_several_queries() {
    let v4 = |n: u32| IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + n));
    let v6 = |n: u32| IpAddr::V6(Ipv6Addr::from_bits((0xfd00 << 112) + u128::from(n)));
    let asked = |sources: Sources| {
        let mut link = Link::new(Profile::Rfc3376);
        link.record(&Record::Allow(sources.clone()));
        link.record(&Record::ToIn(set("")));
        let asked = link.asked();
        let all: Sources = asked.iter().flat_map(|(_, part, _)| part).copied().collect();
        assert_eq!(all, sources);
        asked.into_iter().map(|(_, part, _)| part.len()).collect::<Vec<_>>()
    };
    assert_eq!(asked((1..=366).map(v4).collect()), [366]);
    assert_eq!(asked((1..=367).map(v4).collect()), [366, 1]);
    assert_eq!(asked((1..=89).map(v6).collect()), [89]);
    assert_eq!(asked((1..=190).map(v6).collect()), [89, 89, 12]);
}

// RFC3376-6.6.3.2-01: on both sides of the Last Member Query Time.
#[test]
fn only_sources_that_outlive_lmqt_are_asked_for() {
    let at = |block_at: Duration| {
        let mut link = Link::new(Profile::Rfc3376);
        link.record(&Record::Allow(set("a")));
        link.run_to(block_at);
        link.record(&Record::Block(set("a")));
        link.asked().len()
    };
    assert_eq!(at(secs(258.0) - NANO), 1);
    assert_eq!(at(secs(258.0)), 0);
}

// RFC3376-6.4.2-09
#[test]
fn a_second_block_joins_the_queries_of_the_first() {
    let mut link = Link::new(Profile::Rfc3376);
    link.record(&Record::Allow(set("ab")));
    link.record(&Record::Block(set("a")));
    link.run_to(secs(0.3));
    link.record(&Record::Block(set("b")));
    link.run_to(secs(10.0));
    let asked = link.asked();
    for name in ['a', 'b'] {
        let times = asked.iter().filter(|(_, sources, _)| sources.contains(&source(name))).count();
        assert_eq!(times, 2, "LMQC Queries for {name} in {asked:?}");
    }
    assert!(link.interface.groups().is_empty());
}

// RFC3376-6.4.2-09, RFC3376-6.6.3.2-01: a host sends its changes RV times.
#[test]
fn a_repeated_block_does_not_hurry_the_queries() {
    let mut link = Link::new(Profile::Rfc3376);
    link.record(&Record::Allow(set("a")));
    link.record(&Record::Block(set("a")));
    link.run_to(secs(0.1));
    link.record(&Record::Block(set("a")));
    link.run_to(secs(10.0));
    assert_eq!(link.asked(), [(secs(0.0), set("a"), false), (secs(1.0), set("a"), false)]);
}

// RFC3376-6.6.1-01
#[test]
fn a_query_heard_lowers_what_it_asks_for_to_lmqt() {
    for profile in [Profile::Rfc3376, Profile::Rfc9776] {
        let gmi = Params { profile: Some(profile), ..Params::v2() }.group_membership_interval();
        let timers = |sources, suppress| {
            let mut link = non_querier(profile);
            link.run_to(secs(1.0));
            link.query(router(1), &ask(Some(g()), sources, suppress));
            (link.group_timer().unwrap(), link.source_timer('a').unwrap())
        };
        assert_eq!(timers("", false), (secs(3.0), gmi), "Q(G)");
        assert_eq!(timers("a", false), (gmi, secs(3.0)), "Q(G,S)");
        // RFC3376-4.1.5-01
        assert_eq!(timers("", true), (gmi, gmi), "Q(G) with S");
        assert_eq!(timers("a", true), (gmi, gmi), "Q(G,S) with S");
    }
}

// RFC3376-6.6.1-01: the timer is never raised.
#[test]
fn a_query_heard_never_raises_a_timer() {
    let mut link = non_querier(Profile::Rfc3376);
    link.run_to(secs(259.0));
    link.query(router(1), &ask(Some(g()), "", false));
    link.query(router(1), &ask(Some(g()), "a", false));
    assert_eq!(link.group_timer(), Some(secs(260.0)));
    assert_eq!(link.source_timer('a'), Some(secs(260.0)));
}

// RFC2236-7-10, RFC2236-7-12, RFC3376-6.4.2-08
#[test]
fn a_non_querier_follows_the_tables_in_silence() {
    let mut link = non_querier(Profile::Rfc3376);
    link.record(&Record::ToIn(set("")));
    link.record(&Record::Block(set("a")));
    link.run_to(secs(20.0));
    assert_eq!(link.asked(), []);
    assert_eq!(link.group_timer(), Some(secs(260.0)));
}
