//! Versions 1 and 2: Reports group by group, suppression, Leaves, and falling back from version 3.

use super::*;

#[test]
fn a_join_is_reported_at_once_and_once_more_within_10_s() {
    let mut world = World::new(Some(2));
    world.join(G1).until(60_000);
    let said = world.said();
    assert_eq!(said[0], "12 239.1.1.1 v2 Membership Report 239.1.1.1");
    assert_eq!(said.len(), 2);
    let times: Vec<u64> = {
        let mut world = World::new(Some(1));
        world.join(G1).until(60_000);
        world.times()
    };
    assert_eq!(times[0], 12);
    assert!((20..=11_532).contains(&times[1]), "{times:?}");
}

#[test]
fn version_1_reports_in_its_own_words_and_leaves_without_any() {
    let mut world = World::new(Some(1));
    world.join(G1).until(12).leave(G1).until(60_000);
    assert_eq!(world.said(), ["12 239.1.1.1 v1 Membership Report 239.1.1.1"]);
}

#[test]
fn only_the_last_socket_leaves_and_only_who_reported_last_says_so() {
    let mut world = World::new(Some(2));
    world.join(G1).join(G1).until(60_000).said();
    assert_eq!(world.leave(G1).said(), Vec::<String>::new());
    assert!(world.host.is_member(G1));
    assert_eq!(world.leave(G1).said(), ["60000 224.0.0.2 Leave Group 239.1.1.1"]);
    assert!(!world.host.is_member(G1));
    // There is no group to leave.
    assert_eq!(world.leave(G1).until(120_000).said(), Vec::<String>::new());

    // The group is left before its first Report.
    assert_eq!(world.join(G1).leave(G1).until(180_000).said(), Vec::<String>::new());
}

#[test]
fn a_report_of_somebody_else_ends_repeats_and_the_right_to_leave() {
    let mut world = World::new(Some(2));
    let other = Ipv4Addr::new(10, 0, 0, 3);
    world.join(G1).join(G2).until(12);
    assert_eq!(world.times(), [12, 12]);
    world.hear(other, G1, &Message::V2Report { group: G1 });
    world.hear(other, G2, &Message::V1Report { group: G2 }).until(60_000);
    assert_eq!(world.leave(G1).leave(G2).until(61_000).said(), Vec::<String>::new());

    // A Report to the host's own address, and one for another group, suppress nothing.
    world.join(G1).until(61_020).said();
    world.hear(other, OWN, &Message::V2Report { group: G1 });
    world.hear(other, G1, &Message::V2Report { group: G2 });
    assert_eq!(world.leave(G1).said(), ["61020 224.0.0.2 Leave Group 239.1.1.1"]);
}

#[test]
fn each_group_answers_a_general_query_by_itself() {
    let mut world = World::new(Some(2));
    world.join(G1).join(G2).until(60_000).said();
    world.query(older_query(NOBODY, 20)).until(63_000);
    let mut said = world.said.clone();
    said.iter_mut().for_each(|said| *said = said.split_once(' ').unwrap().1.to_owned());
    said.sort();
    let report = |group| format!("{group} v2 Membership Report {group}");
    assert_eq!(said, [report(G1), report(G2)]);
    // Two ticks and one of the wheel at least; the largest draw and the wheel's delay at most.
    assert!(world.times().iter().all(|ms| (60_012..=62_304).contains(ms)));
}

#[test]
fn a_group_specific_query_asks_its_group_only() {
    let mut world = World::new(Some(2));
    world.join(G1).join(G2).until(60_000).said();
    world.query(older_query(G2, 10)).until(62_000);
    assert_eq!(world.said_untimed(), ["239.1.1.2 v2 Membership Report 239.1.1.2"]);
}

#[test]
fn a_query_shortens_a_delay_but_never_prolongs_it() {
    let mut world = World::new(Some(2));
    world.join(G1).until(60_000).said();
    world.query(older_query(NOBODY, 255)).query(older_query(NOBODY, 1));
    let soon = world.host.deadline().unwrap();
    assert!(soon <= world.now + Duration::from_millis(160), "{soon}");
    world.query(older_query(NOBODY, 255));
    assert_eq!(world.host.deadline(), Some(soon));
    assert_eq!(world.until(120_000).said().len(), 1);
}

#[test]
fn a_query_ends_the_unsolicited_reports() {
    let mut world = World::new(Some(2));
    // The first Report waits; the Query comes early enough to make it the only one.
    world.join(G1).query(older_query(NOBODY, 100)).until(60_000);
    assert_eq!(world.times(), [12]);
}

#[test]
fn an_older_query_makes_the_host_speak_its_version_for_260_s() {
    for (code, spoken) in [(10, "v2"), (0, "v1")] {
        let mut world = World::new(None);
        world.until(20_000).query(older_query(NOBODY, code));
        world.until(279_980).join(G1).until(279_999);
        assert_eq!(
            world.said(),
            [format!("279992 239.1.1.1 {spoken} Membership Report 239.1.1.1")]
        );
        world.until(280_000).join(G2).until(280_012);
        assert_eq!(world.said(), ["280012 224.0.0.22 v3 Membership Report, TO_EX(239.1.1.2, {})"]);
    }
    let mut world = World::new(None);
    world.query(older_query(NOBODY, 0)).join(G1).until(20);
    assert_eq!(world.said(), ["12 239.1.1.1 v1 Membership Report 239.1.1.1"]);
    // Version 1 takes precedence over version 2.
    world.query(older_query(NOBODY, 10)).join(G2).until(40);
    assert_eq!(world.said()[0], "32 239.1.1.2 v1 Membership Report 239.1.1.2");
}

#[test]
fn a_version_1_query_asks_for_all_groups_within_10_s() {
    let mut world = World::new(None);
    world.query(older_query(NOBODY, 0)).join(G1).join(G2).until(60_000).said();
    // The group field of a version 1 Query has no meaning.
    world.query(older_query(G1, 0)).until(72_000);
    let mut said = world.said_untimed();
    said.sort();
    let report = |group| format!("{group} v1 Membership Report {group}");
    assert_eq!(said, [report(G1), report(G2)]);
    // A forced version 1 takes a version 3 Query for a version 1 Query.
    world.query(v3_query(G1, 1, 2, 125)).until(84_000);
    assert_eq!(world.said().len(), 2);
}

#[test]
fn link_local_groups_are_members_that_nobody_hears_of() {
    for forced in [None, Some(2)] {
        let mut world = World::new(forced);
        let local = Ipv4Addr::new(224, 0, 0, 251);
        world.join(local).query(older_query(NOBODY, 10)).until(20_000);
        assert!(world.host.is_member(local) && world.host.is_member(ALL_HOSTS));
        assert_eq!(world.leave(local).until(40_000).said(), Vec::<String>::new());
    }
}
