//! Version 3, which a host speaks until it hears an older querier.

use super::*;

#[test]
fn a_join_is_told_twice_and_so_is_its_end() {
    let mut world = World::new(None);
    world.join(G1).until(20_000);
    let said = world.said();
    assert_eq!(said[0], "12 224.0.0.22 v3 Membership Report, TO_EX(239.1.1.1, {})");
    assert!(said[1].ends_with(" 224.0.0.22 v3 Membership Report, TO_EX(239.1.1.1, {})"));
    let second: u64 = said[1].split(' ').next().unwrap().parse().unwrap();
    assert!((24..=1_156).contains(&second), "{second}");
    assert_eq!(said.len(), 2);

    world.leave(G1).until(40_000);
    let said = world.said();
    assert_eq!(said[0], "20012 224.0.0.22 v3 Membership Report, TO_IN(239.1.1.1, {})");
    assert_eq!(said.len(), 2);
    assert_eq!(world.host.deadline(), None);
}

#[test]
fn changes_are_told_together_the_last_one_first_and_those_left_before_those_joined() {
    let mut world = World::new(None);
    world.join(G1).join(G2).until(20_000);
    let both = "224.0.0.22 v3 Membership Report, TO_EX(239.1.1.2, {}), TO_EX(239.1.1.1, {})";
    assert_eq!(world.said_untimed(), [both, both]);
    let g3 = Ipv4Addr::new(239, 1, 1, 3);
    world.leave(G1).join(g3).until(40_000);
    let mixed = "224.0.0.22 v3 Membership Report, TO_IN(239.1.1.1, {}), TO_EX(239.1.1.3, {})";
    assert_eq!(world.said_untimed(), [mixed, mixed]);
}

#[test]
fn a_change_in_between_brings_the_repeat_forward() {
    let mut world = World::new(None);
    world.join(G1).until(16).join(G2).until(20_000);
    let said = world.said();
    assert_eq!(
        said[1],
        "28 224.0.0.22 v3 Membership Report, TO_EX(239.1.1.2, {}), TO_EX(239.1.1.1, {})"
    );
    // The first group has been reported twice by then.
    assert!(said[2].ends_with("v3 Membership Report, TO_EX(239.1.1.2, {})"));
    assert_eq!(said.len(), 3);
}

#[test]
fn a_group_joined_again_is_not_told_as_left() {
    let mut world = World::new(None);
    world.join(G1).until(20_000).said();
    world.leave(G1).join(G1).until(40_000);
    let told = "224.0.0.22 v3 Membership Report, TO_EX(239.1.1.1, {})";
    assert_eq!(world.said_untimed(), [told, told]);
}

#[test]
fn a_general_query_is_answered_in_one_report() {
    let mut world = World::new(None);
    world.join(G1).join(G2).until(20_000).said();
    world.query(v3_query(NOBODY, 10, 2, 125)).until(22_000);
    let said = world.said();
    let report = " 224.0.0.22 v3 Membership Report, IS_EX(239.1.1.2, {}), IS_EX(239.1.1.1, {})";
    assert!(said[0].ends_with(report), "{said:?}");
    assert_eq!(said.len(), 1);

    // A second Query can only bring the answer forward.
    world.query(v3_query(NOBODY, 1, 2, 125));
    let soon = world.host.deadline();
    world.query(v3_query(NOBODY, 100, 2, 125));
    assert_eq!(world.host.deadline(), soon);
    assert_eq!(world.until(40_000).said().len(), 1);
}

#[test]
fn a_host_without_groups_is_silent() {
    let mut world = World::new(None);
    world.query(v3_query(NOBODY, 10, 2, 125)).until(20_000);
    assert_eq!(world.said(), Vec::<String>::new());
}

#[test]
fn a_group_specific_query_is_answered_for_its_group_whatever_the_sources() {
    let mut world = World::new(None);
    world.join(G1).join(G2).until(20_000).said();
    let mut query = v3_query(G1, 10, 2, 125);
    world.query(query.clone()).until(22_000);
    query.v3.as_mut().unwrap().sources = vec![QUERIER];
    world.query(query.clone()).until(24_000);
    let report = "224.0.0.22 v3 Membership Report, IS_EX(239.1.1.1, {})";
    assert_eq!(world.said_untimed(), [report, report]);

    // A General Query with sources is ignored.
    query.group = NOBODY;
    assert_eq!(world.query(query).until(40_000).said(), Vec::<String>::new());
}

#[test]
fn suppression_reaches_single_answers_but_not_the_one_for_all() {
    let other = Ipv4Addr::new(10, 0, 0, 3);
    let mut world = World::new(None);
    world.join(G1).until(20_000).said();
    world.query(v3_query(G1, 10, 2, 125));
    world.hear(other, G1, &Message::V2Report { group: G1 }).until(22_000);
    assert_eq!(world.said(), Vec::<String>::new());
    world.query(v3_query(NOBODY, 10, 2, 125));
    world.hear(other, G1, &Message::V2Report { group: G1 }).until(24_000);
    assert_eq!(world.said().len(), 1);
}

#[test]
fn robustness_and_interval_are_the_queriers() {
    let mut world = World::new(None);
    // QRV 4: four Reports of a change.
    world.query(v3_query(NOBODY, 1, 4, 1)).until(1_000).join(G1).until(20_000);
    assert_eq!(world.said().len(), 4);
    // QQI 1 s leaves no response interval, so an older querier counts as present for 4 x 1 s.
    world.query(older_query(NOBODY, 1)).until(24_000).said();
    world.join(G2).until(24_020);
    assert!(world.said()[0].contains("TO_EX(239.1.1.2, {})"));
    // QRV 0 and QQI 0 mean the host's own values.
    world.until(40_000).said();
    world.query(v3_query(NOBODY, 1, 0, 0)).until(41_000).said();
    world.leave(G2).until(60_000);
    assert_eq!(world.said().len(), 2);
}

#[test]
fn an_older_query_silences_the_reports_of_changes() {
    let mut world = World::new(None);
    world.join(G1).until(20_000).said();
    world.leave(G1).query(older_query(NOBODY, 10)).until(40_000);
    assert_eq!(world.said(), Vec::<String>::new());
}

#[test]
fn a_long_answer_is_cut_into_packets() {
    let mut world = World::new(None);
    (0..200).for_each(|n| _ = world.join(Ipv4Addr::new(239, 2, 0, n)));
    world.until(20_000).said();
    world.query(v3_query(NOBODY, 10, 2, 125)).until(22_000);
    let records = |said: &String| said.matches("IS_EX").count();
    assert_eq!(world.said().iter().map(records).collect::<Vec<_>>(), [183, 17]);
}
