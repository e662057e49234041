//! The bridge as a querier, and its elections.

use super::*;

const GENERAL: &str = "v2 Membership Query, general, max resp 0.2 s";

fn querier(igmp_version: Version) -> World {
    let mut world = World::new(igmp_version);
    world.act(|bridge, now, _| bridge.set_querier(now, true));
    world
}

/// The Queries sent on port 0, without the port.
fn asked(world: &mut World) -> Vec<String> {
    let done = world.done();
    let asked = done.iter().filter(|done| done.contains(" port 0 to "));
    asked.map(|done| done.replace(" port 0 to 224.0.0.1 ", " ")).collect()
}

#[test]
fn it_asks_all_ports_twice_soon_and_then_now_and_again() {
    let mut world = querier(Version::V2);
    world.until(4);
    let first = |port| format!("4 port {port} to 224.0.0.1 {GENERAL}");
    assert_eq!(world.done(), [0, 1, 2, 3].map(first));
    world.until(9_000);
    assert_eq!(asked(&mut world), [format!("1024 {GENERAL}"), format!("5120 {GENERAL}")]);
    // Switching the querier on twice starts nothing anew; switched off, the bridge is silent.
    world.act(|bridge, now, _| bridge.set_querier(now, true)).until(9_100);
    assert_eq!(world.done(), Vec::<String>::new());
    world.act(|bridge, now, _| bridge.set_querier(now, false)).until(30_000);
    assert_eq!(world.done(), Vec::<String>::new());
}

#[test]
fn it_snoops_by_itself_once_the_first_answers_are_in() {
    let mut world = querier(Version::V2);
    world.until(100).done();
    assert_eq!(world.data(1, G1).done(), ["carried to [0, 2, 3]"]);
    assert_eq!(world.until(300).data(1, G1).done(), Vec::<String>::new());
}

#[test]
fn a_leave_is_followed_by_one_query_to_all_and_a_general_one_when_its_time_is_up() {
    let mut world = querier(Version::V2);
    world.until(1_500).report(0).report(1).done();
    world.until(2_000).leave(0).until(3_000);
    let specific = "2000 port 0 to 224.0.0.1 v2 Membership Query, group 239.1.1.1, max resp 0.3 s";
    let general = format!("2624 port 0 to 224.0.0.1 {GENERAL}");
    let gone = "2624 port 0 239.1.1.1 false";
    let carried = "carried to [1, 2, 3]";
    assert_eq!(world.done(), [specific, carried, gone, &general]);
}

#[test]
fn in_version_3_an_end_is_followed_by_queries_to_the_group() {
    let mut world = querier(Version::V3);
    world.until(1_500).v3_report(0, HOST, RecordKind::ToEx).done();
    world.until(2_000).v3_report(0, HOST, RecordKind::ToIn).until(3_000);
    let asked = |ms, flags| {
        format!(
            "{ms} port 0 to 239.1.1.1 v3 Membership Query, group 239.1.1.1, \
             max resp 0.3 s{flags}, QRV 2, QQI 4 s"
        )
    };
    assert_eq!(
        world.done(),
        [
            asked(2_000, ""),
            "carried to [1, 2, 3]".to_owned(),
            asked(2_304, ", S"),
            "2624 port 0 239.1.1.1 false".to_owned()
        ]
    );
}

#[test]
fn an_answer_ends_the_check_but_not_its_queries() {
    let mut world = querier(Version::V3);
    world.until(1_500).v3_report(0, HOST, RecordKind::ToEx).done();
    world.until(2_000).v3_report(0, HOST, RecordKind::ToIn).v3_report(0, HOST, RecordKind::IsEx);
    world.done();
    world.until(4_000);
    assert_eq!(world.done().len(), 1);
}

#[test]
fn a_lower_address_silences_it_and_a_higher_one_is_nothing_to_it() {
    let mut world = querier(Version::V2);
    world.until(100).done();
    world.query_from(3, Ipv4Addr::new(10, 0, 0, 77)).until(900);
    assert_eq!(world.done(), ["carried to [0, 1, 2]"]);
    world.query_from(3, Ipv4Addr::new(10, 0, 0, 3)).until(2_800);
    assert_eq!(world.done(), ["900 port 3 router true", "carried to [0, 1, 2]"]);
    // The other querier has been silent for 2 s.
    world.until(3_500);
    let begun: Vec<String> = world.done();
    assert!(begun.contains(&"2912 port 3 router false".to_owned()), "{begun:?}");
    assert!(begun.contains(&format!("2916 port 0 to 224.0.0.1 {GENERAL}")), "{begun:?}");
}

#[test]
fn whoever_asked_before_it_silences_it_whatever_the_address() {
    let mut world = World::new(Version::V2);
    world.query_from(3, Ipv4Addr::new(10, 0, 0, 77)).done();
    world.act(|bridge, now, _| bridge.set_querier(now, true)).until(1_000);
    assert_eq!(world.done(), Vec::<String>::new());
    // A third querier with a higher address does not count either, so it makes no router port.
    assert_eq!(world.query_from(0, Ipv4Addr::new(10, 0, 0, 99)).done(), ["carried to [1, 2, 3]"]);
    // A querier without an address does count.
    assert_eq!(world.query_from(1, NOBODY).done()[0], "1000 port 1 router true");
}

#[test]
fn a_port_that_changes_makes_it_begin_anew_on_all() {
    let mut world = querier(Version::V2);
    world.until(6_000).act(|bridge, now, out| bridge.port(now, 3, false, out)).done();
    world.until(8_000);
    assert_eq!(asked(&mut world), [format!("6004 {GENERAL}"), format!("7008 {GENERAL}")]);
    assert!(world.bridge.ports[0].is_up && !world.bridge.ports[3].is_up);
}

#[test]
fn the_code_of_a_long_interval_is_cut_to_an_octet() {
    let mut settings = settings(Version::V3);
    settings.knobs.query_interval = Duration::from_secs(300);
    let mut world = World::with(settings);
    world.act(|bridge, now, _| bridge.set_querier(now, true)).until(4);
    assert!(world.done()[0].ends_with("QRV 2, QQI 44 s"));
}
