//! What the bridge believes about members, and for how long.

use super::*;

#[test]
fn a_member_lives_for_the_membership_interval() {
    let mut world = World::new(Version::V2);
    world.report(0).until(2_000).report(0).until(10_000);
    assert_eq!(
        world.done(),
        [
            "0 port 0 239.1.1.1 true",
            "carried to [1, 2, 3]",
            "carried to [1, 2, 3]",
            // 750 ticks are 3 s, and the wheel rounds up to its next 64th tick.
            "5120 port 0 239.1.1.1 false"
        ]
    );
}

#[test]
fn without_any_querier_a_leave_counts_after_the_last_member_time() {
    let mut world = World::new(Version::V2);
    world.report(0).report(1).leave(0).done();
    assert_eq!(world.until(1_000).done(), ["608 port 0 239.1.1.1 false"]);
    // A Leave of a group without members changes nothing.
    world.message(0, HOST, G1, &Message::Leave { group: Ipv4Addr::new(239, 9, 9, 9) });
    assert_eq!(world.until(2_000).done(), ["carried to [1, 2, 3]"]);
}

#[test]
fn with_another_querier_its_query_counts_and_not_the_leave() {
    let mut world = World::snooping(Version::V2);
    world.report(0).report(1).leave(0).done();
    assert_eq!(world.until(2_000).done(), Vec::<String>::new());
    world.group_query(3, None).until(2_300).report(1).done();
    assert_eq!(world.until(2_500).done(), ["2432 port 0 239.1.1.1 false"]);
    assert_eq!(world.until(5_000).done(), Vec::<String>::new(), "port 1 has answered");
}

#[test]
fn queries_for_sources_end_nothing_and_suppressed_ones_only_in_version_2() {
    let v3 = |suppress, sources| {
        Some(V3Query { flags: 0, suppress, robustness: 2, interval_code: 125, sources })
    };
    for (version, suppress, sources, ends) in [
        (Version::V2, true, vec![], true),
        (Version::V3, true, vec![], false),
        (Version::V3, false, vec![], true),
        (Version::V2, false, vec![HOST], false),
    ] {
        let mut world = World::snooping(version);
        world.report(0).group_query(3, v3(suppress, sources)).done();
        assert_eq!(world.until(1_000).done().len(), usize::from(ends), "{version} {suppress}");
    }
}

#[test]
fn a_fast_leave_counts_at_once_on_its_port_only() {
    let mut world = World::snooping(Version::V2);
    world.report(2).leave(2);
    assert_eq!(world.done()[2], "300 port 2 239.1.1.1 false");
    world.v3_report(2, HOST, RecordKind::IsEx).v3_report(2, HOST, RecordKind::ToIn);
    assert_eq!(world.done()[2], "300 port 2 239.1.1.1 false");
    assert_eq!(world.report(0).leave(0).until(1_000).done().len(), 3);
}

#[test]
fn in_version_3_the_last_host_on_a_port_with_fast_leave_counts() {
    let mut world = World::snooping(Version::V3);
    let other = Ipv4Addr::new(10, 0, 0, 8);
    world.v3_report(2, HOST, RecordKind::ToEx).v3_report(2, other, RecordKind::ToEx);
    world.v3_report(2, HOST, RecordKind::ToIn).until(300).done();
    world.v3_report(2, other, RecordKind::ToIn);
    assert_eq!(world.done()[0], "300 port 2 239.1.1.1 false");
}

#[test]
fn in_version_2_reports_of_version_3_are_joins_and_leaves() {
    let mut world = World::new(Version::V2);
    world.v3_report(0, HOST, RecordKind::Allow).v3_report(0, HOST, RecordKind::IsIn);
    assert_eq!(world.done()[0], "0 port 0 239.1.1.1 true");
    assert_eq!(world.until(1_000).done(), ["608 port 0 239.1.1.1 false"]);
}

#[test]
fn in_version_3_an_end_counts_even_while_another_querier_is_there() {
    let mut world = World::snooping(Version::V3);
    world.v3_report(0, HOST, RecordKind::IsEx).v3_report(0, HOST, RecordKind::IsIn).done();
    assert_eq!(world.until(1_000).done(), Vec::<String>::new(), "IS_IN tells of no change");
    world.v3_report(0, HOST, RecordKind::ToIn).done();
    assert_eq!(world.until(2_000).done(), ["1632 port 0 239.1.1.1 false"]);
}

#[test]
fn a_port_that_goes_down_is_forgotten() {
    let mut world = World::snooping(Version::V2);
    world.report(0).report(3).done();
    world.act(|bridge, now, out| bridge.port(now, 3, false, out));
    assert_eq!(world.done(), ["300 port 3 239.1.1.1 false", "300 port 3 router false"]);
    // A port that is down neither hears nor sends.
    assert_eq!(world.report(3).data(1, G1).done(), ["carried to [0]"]);
    world.act(|bridge, now, out| bridge.port(now, 3, true, out)).report(3);
    assert_eq!(world.done()[0], "300 port 3 239.1.1.1 true");
}

#[test]
fn groups_of_the_link_have_no_members() {
    let mut world = World::new(Version::V2);
    let local = Ipv4Addr::new(224, 0, 0, 251);
    world.message(0, HOST, local, &Message::V2Report { group: local });
    assert_eq!(world.done(), ["carried to [1, 2, 3]"]);
}
