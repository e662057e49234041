//! An interface that goes down sends nothing, and reports every group anew when it is back.

use super::*;

#[test]
fn an_interface_that_is_back_reports_its_groups_anew() {
    for (forced, report) in [
        (None, "224.0.0.22 v3 Membership Report, TO_EX(239.1.1.1, {})"),
        (Some(2), "239.1.1.1 v2 Membership Report 239.1.1.1"),
    ] {
        let mut world = World::new(forced);
        world.join(G1).until(20_000).said();
        world.host.down(world.now);
        assert_eq!(world.host.deadline(), None);
        world.query(older_query(NOBODY, 10)).until(30_000);
        assert_eq!(world.said(), Vec::<String>::new());
        world.up();
        world.until(50_000);
        assert_eq!(world.said_untimed(), [report, report]);
    }
}

#[test]
fn what_is_left_while_down_is_told_to_nobody_in_version_2() {
    let mut world = World::new(Some(2));
    world.join(G1).join(G2).until(20_000).said();
    world.host.down(world.now);
    world.leave(G1).until(30_000);
    world.up();
    world.until(50_000);
    let report = "239.1.1.2 v2 Membership Report 239.1.1.2";
    assert_eq!(world.said_untimed(), [report, report]);
}
