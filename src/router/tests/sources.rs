//! Hosts and a router of version 3 on one link, every message a packet: what sources get through.

use super::hosts::Lan;
use super::*;
use crate::gmp::reception::filter::SourceFilter;

/// Sources on `up`.
const SOURCES: [&str; 3] = ["10.0.0.7", "10.0.0.8", "10.0.0.9"];

fn include(sources: &[usize]) -> SourceFilter {
    SourceFilter::Include(sources.iter().map(|&n| SOURCES[n].parse().unwrap()).collect())
}

fn exclude(sources: &[usize]) -> SourceFilter {
    SourceFilter::Exclude(sources.iter().map(|&n| SOURCES[n].parse().unwrap()).collect())
}

/// A router of version 3, and hosts of these versions.
fn of_versions(hosts: &[Version]) -> Lan {
    let mut config = config();
    for interface in &mut config.interfaces {
        interface.igmp = Some(Params { version: Version::V3, ..Params::v2() });
    }
    let mut lan = Lan::with(config, 0);
    for (n, &version) in (101..).zip(hosts) {
        lan.add_of(version, Ipv4Addr::new(10, 0, 1, n));
    }
    lan
}

impl Lan {
    fn wish(&mut self, host: usize, wish: SourceFilter) {
        self.host(host, |host, now| host.listen(now, 0, group(), wish).unwrap());
        self.carry();
    }

    /// Which of the sources come through to the link.
    fn come_through(&mut self) -> Vec<usize> {
        (0..3).filter(|&n| self.lab.datagram(up(), SOURCES[n]) == [1]).collect()
    }
}

// RFC3376-6.3-01, RFC3376-6.4.2-01 to RFC3376-6.4.2-08: flows that exist follow each change.
#[test]
fn entries_follow_the_sources_that_members_want() {
    let mut lan = of_versions(&[Version::V3]);
    assert_eq!(lan.come_through(), [0_usize; 0]);
    let mut at = 0.0;
    for (wish, then) in [
        (include(&[0]), vec![0]),
        (include(&[0, 1]), vec![0, 1]),
        (include(&[1, 2]), vec![1, 2]),
        (exclude(&[0]), vec![1, 2]),
        (exclude(&[]), vec![0, 1, 2]),
        (exclude(&[1, 2]), vec![0]),
        (include(&[2]), vec![2]),
        (include(&[]), vec![]),
    ] {
        let before = lan.come_through();
        lan.wish(0, wish.clone());
        // RFC3376-6.4.2-10: what was wanted before flows until it was asked for, LMQT.
        let joined = lan.come_through();
        assert!(then.iter().chain(&before).all(|n| joined.contains(n)), "{wish:?}: {joined:?}");
        at += 5.0;
        lan.run_to(secs(at));
        assert_eq!(lan.come_through(), then, "{wish:?}");
    }
    assert!(lan.lab.router.igmp(super::lan()).unwrap().groups().is_empty());
}

// RFC3376-5.2-08, RFC3376-6.2.3-01: Queries and answers keep sources for as long as they are wanted.
#[test]
fn members_of_sources_stay_for_hours() {
    let mut lan = of_versions(&[Version::V3, Version::V3]);
    lan.wish(0, include(&[0]));
    lan.wish(1, exclude(&[0, 1]));
    for minute in 1..=120 {
        lan.run_to(secs(60.0) * minute);
        assert_eq!(lan.come_through(), [0, 2], "minute {minute}");
    }
    // One of them leaves: what the other one wants stays.
    lan.wish(1, include(&[]));
    lan.run_to(secs(7_210.0));
    assert_eq!(lan.come_through(), [0]);
}

// RFC3376-6.6.3.2-01, RFC3376-5.2-10: the other member answers the Query for the source.
#[test]
fn a_source_that_another_member_wants_is_kept_when_one_leaves_it() {
    let mut lan = of_versions(&[Version::V3, Version::V3]);
    lan.wish(0, include(&[0, 1]));
    lan.wish(1, include(&[1]));
    lan.run_to(secs(50.0));
    lan.wish(0, include(&[]));
    for tenth in 1..=300 {
        lan.run_to(secs(50.0) + secs(0.1) * tenth);
        assert!(lan.come_through().contains(&1), "{tenth} tenths after the leave");
    }
    assert_eq!(lan.come_through(), [1]);
}

// RFC3376-7.3.2-02: sources of some do not matter beside a host of version 2 that wants them all.
#[test]
fn a_host_of_version_2_gets_every_source() {
    let mut lan = of_versions(&[Version::V3, Version::V2]);
    lan.wish(0, include(&[0]));
    lan.join(1);
    assert_eq!(lan.come_through(), [0, 1, 2]);
    lan.run_to(secs(10.0));
    // Its BLOCK does not count, as the other one could not answer.
    lan.wish(0, exclude(&[1]));
    lan.run_to(secs(600.0));
    assert_eq!(lan.come_through(), [0, 1, 2]);
    lan.leave(1);
    lan.run_to(secs(1_000.0));
    assert_eq!(lan.come_through(), [0, 2], "the mode has ended");
}

// RFC3376-7.2.1-02: a host of version 3 speaks version 2 to a querier of version 2.
#[test]
fn a_router_of_version_2_serves_hosts_of_version_3() {
    let mut lan = Lan::with(config(), 0);
    lan.add_of(Version::V3, Ipv4Addr::new(10, 0, 1, 101));
    lan.run_to(secs(40.0)); // The second startup Query is heard at 31.25 s.
    lan.wish(0, include(&[0]));
    assert_eq!(lan.come_through(), [0, 1, 2]);
    lan.run_to(secs(1_000.0));
    assert!(lan.flows());
    lan.wish(0, include(&[]));
    lan.run_to(secs(1_002.0));
    assert!(!lan.flows());
    assert!(lan.said.iter().all(|(.., message)| !matches!(message, Message::V3Report(_))));
}

// RFC3376-6-01
#[test]
fn the_data_plane_listens_where_the_version_wants_it() {
    let heard = |lab: &Lab| lab.plane.listens.iter().filter(|(vif, _)| *vif == lan()).count();
    let mut lab = Lab::new();
    assert_eq!(heard(&lab), 1);
    for (version, groups) in [(Version::V3, 2), (Version::V1, 1)] {
        let mut other = config();
        other.interfaces[1].igmp = Some(Params { version, ..Params::v2() });
        lab.input(Input::Configure(other));
        assert_eq!(heard(&lab), groups, "{version}");
    }
}
