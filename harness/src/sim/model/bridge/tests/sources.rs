//! Which sources a bridge of version 3 forwards where, and what it asks about them.

use super::*;

use RecordKind::{Allow, Block, IsEx, ToEx, ToIn};

const S1: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const S2: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
const S3: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 3);

/// The ports to which a datagram of each of the three sources goes, except the router's.
fn carried(world: &mut World) -> [Vec<usize>; 3] {
    [S1, S2, S3].map(|source| world.carried(3, source))
}

// RFC 3376 section 6.3: what is forwarded follows from filter mode and source timers.
#[test]
fn each_port_gets_the_sources_that_its_hosts_want() {
    let mut world = World::snooping(Version::V3);
    world.records(0, HOST, &[(Allow, &[S1])]).records(1, HOST, &[(ToEx, &[S2])]);
    assert_eq!(carried(&mut world), [vec![0, 1], vec![], vec![1]]);
    world.records(1, HOST, &[(ToIn, &[S2])]).until(1_000);
    assert_eq!(carried(&mut world), [vec![0], vec![1], vec![]], "after the Last Member Query Time");
    // The sender's own port gets nothing back.
    assert_eq!(world.carried(0, S1), [3]);
}

#[test]
fn a_source_that_is_left_goes_alone() {
    let mut world = World::snooping(Version::V3);
    world.records(0, HOST, &[(Allow, &[S1, S2])]).records(0, HOST, &[(Block, &[S1])]).done();
    assert_eq!(carried(&mut world), [vec![0], vec![0], vec![]], "it is to be asked about first");
    // The list is not reported again, only the entry of the source.
    assert_eq!(world.until(1_000).done(), ["928 port 0 (192.0.2.1, 239.1.1.1) false"]);
    assert_eq!(carried(&mut world), [vec![], vec![0], vec![]]);
    world.records(0, HOST, &[(Block, &[S2])]).until(2_000);
    let gone = ["1632 port 0 (192.0.2.2, 239.1.1.1) false", "1632 port 0 239.1.1.1 false"];
    assert_eq!(world.done()[1..], gone, "with the last source goes the port");
}

#[test]
fn as_querier_it_asks_about_a_source_after_the_interval_and_not_at_once() {
    let mut world = World::new(Version::V3);
    world.act(|bridge, now, _| bridge.set_querier(now, true)).until(300);
    world.records(0, HOST, &[(Allow, &[S1, S2])]).records(0, HOST, &[(Block, &[S1])]).done();
    let asked = world.until(890).done();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].starts_with("608 port 0 to 239.1.1.1"), "{asked:?}");
    assert!(asked[0].contains("sources {192.0.2.1}"), "{asked:?}");
    // It is refreshed in time.
    world.records(0, HOST, &[(Allow, &[S1])]).until(1_100).done();
    assert_eq!(carried(&mut world)[0], [0]);
}

#[test]
fn a_host_of_version_2_gets_no_source_that_others_want_one_by_one() {
    let mut world = World::snooping(Version::V3);
    world.records(0, HOST, &[(Allow, &[S1])]).report(1);
    assert_eq!(carried(&mut world), [vec![0], vec![1], vec![1]], "Linux makes no copy for it");
    world.report(0);
    assert_eq!(carried(&mut world)[1], [1], "and its Report leaves INCLUDE mode as it is");
    // A Report of version 3 sets it right.
    world.records(2, HOST, &[(IsEx, &[])]);
    assert_eq!(carried(&mut world), [vec![0, 2], vec![1, 2], vec![1, 2]]);
}

#[test]
fn a_router_port_gets_even_what_its_hosts_exclude() {
    let mut world = World::snooping(Version::V3);
    world.records(3, HOST, &[(IsEx, &[S1])]).done();
    assert_eq!(world.carried(0, S1), [3]);
}

#[test]
fn a_port_takes_32_sources_and_ignores_the_rest() {
    let mut world = World::snooping(Version::V3);
    let many: Vec<Ipv4Addr> = (1..=33).map(|n| Ipv4Addr::new(192, 0, 2, n)).collect();
    world.records(0, HOST, &[(Allow, &many)]);
    assert_eq!(world.carried(3, many[31]), [0]);
    assert_eq!(world.carried(3, many[32]), Vec::<usize>::new());
}

#[test]
fn the_last_host_that_leaves_a_source_on_a_port_with_fast_leave_ends_it_at_once() {
    let mut world = World::snooping(Version::V3);
    let other = Ipv4Addr::new(10, 0, 0, 8);
    world.records(2, HOST, &[(Allow, &[S1, S2])]).records(2, other, &[(Allow, &[S2])]);
    world.records(2, HOST, &[(Block, &[S1, S2])]).done();
    assert_eq!(carried(&mut world), [vec![], vec![2], vec![]]);
    world.records(2, other, &[(Block, &[S2])]);
    let done = world.done();
    assert!(done.contains(&"300 port 2 239.1.1.1 false".to_owned()), "{done:?}");
}

#[test]
fn a_full_database_ends_all_snooping_and_the_port_that_is_full_does_not() {
    let mut limited = settings(Version::V3);
    limited.knobs.querier_interval = Duration::from_secs(100);
    limited.knobs.port_max_groups = 2;
    let mut world = World::with(limited.clone());
    world.query_from(3, Ipv4Addr::new(10, 0, 0, 1)).until(300).done();
    // The group and its first source are two entries.
    world.records(0, HOST, &[(Allow, &[S1, S2])]).done();
    assert_eq!(carried(&mut world), [vec![0], vec![], vec![]]);
    limited.knobs.port_max_groups = 0;
    limited.knobs.hash_max = 2;
    let mut world = World::with(limited);
    world.query_from(3, Ipv4Addr::new(10, 0, 0, 1)).until(300).done();
    world.records(0, HOST, &[(Allow, &[S1])]).done();
    assert_eq!(carried(&mut world), [vec![0], vec![], vec![]]);
    world.records(0, HOST, &[(Allow, &[S2])]);
    assert_eq!(carried(&mut world), [[0, 1, 2], [0, 1, 2], [0, 1, 2]]);
}
