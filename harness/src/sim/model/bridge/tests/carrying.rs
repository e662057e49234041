//! To which ports a frame is forwarded.

use super::*;

#[test]
fn without_a_querier_everything_goes_everywhere() {
    let mut world = World::new(Version::V2);
    world.report(0).data(1, G1).data(1, Ipv4Addr::new(239, 9, 9, 9)).leave(0);
    assert_eq!(
        world.done(),
        [
            "0 port 0 239.1.1.1 true",
            "carried to [1, 2, 3]",
            "carried to [0, 2, 3]",
            "carried to [0, 2, 3]",
            "carried to [1, 2, 3]"
        ]
    );
}

#[test]
fn it_snoops_once_the_first_answers_to_a_query_are_in() {
    let mut world = World::new(Version::V2);
    world.report(0).query_from(3, HOST).done();
    assert_eq!(world.until(199).data(1, G1).done(), ["carried to [0, 2, 3]"]);
    assert_eq!(world.until(260).data(1, G1).done(), ["carried to [0, 3]"]);
    // The querier is gone.
    assert_eq!(world.until(2_300).data(1, G1).done().last().unwrap(), "carried to [0, 2, 3]");
}

#[test]
fn data_goes_to_members_and_routers_but_never_back() {
    let mut world = World::snooping(Version::V2);
    world.report(0).report(1).done();
    assert_eq!(world.data(2, G1).data(0, G1).done(), ["carried to [0, 1, 3]", "carried to [1, 3]"]);
    // A group without members is forwarded to routers only, a group of the link to all.
    assert_eq!(world.data(0, Ipv4Addr::new(239, 9, 9, 9)).done(), ["carried to [3]"]);
    assert_eq!(world.data(0, Ipv4Addr::new(224, 0, 0, 251)).done(), ["carried to [1, 2, 3]"]);
}

#[test]
fn older_reports_go_to_routers_only_and_all_other_messages_everywhere() {
    let mut world = World::snooping(Version::V2);
    assert_eq!(world.report(0).done()[1], "carried to [3]");
    let everywhere = ["carried to [1, 2, 3]"];
    assert_eq!(world.v3_report(0, HOST, RecordKind::ToEx).done(), everywhere);
    assert_eq!(world.leave(0).done(), everywhere);
    assert_eq!(world.query_from(0, Ipv4Addr::new(10, 0, 0, 200)).done(), everywhere);
    let local = Ipv4Addr::new(224, 0, 0, 251);
    world.message(0, HOST, local, &Message::V2Report { group: local });
    assert_eq!(world.done(), ["carried to [3]"]);
}

#[test]
fn what_is_damaged_or_no_query_is_not_carried() {
    let mut world = World::snooping(Version::V2);
    let report = Message::V2Report { group: G1 }.encode().unwrap();
    let query = Query { max_resp_code: 2, group: NOBODY, v3: None };
    let query = Message::Query(query).encode().unwrap();
    let mut damaged = report.clone();
    damaged[3] ^= 1;
    let lengthened = [&query[..], &[0]].concat();
    for (to, payload) in [
        (G1, &damaged[..]),
        (G1, &report[..7]),
        (ALL_HOSTS, &lengthened),
        (Ipv4Addr::new(224, 0, 0, 2), &query),
    ] {
        world.packet(0, Ipv4Header::igmp(HOST, to).encode(payload).unwrap());
        assert_eq!(world.done(), Vec::<String>::new(), "{to}");
    }
    // A message of an unknown type is data like any other.
    let unknown = Message::Unknown { kind: 0x99 };
    assert_eq!(world.message(0, HOST, G1, &unknown).done(), ["carried to [3]"]);
    assert_eq!(world.message(0, HOST, ALL_HOSTS, &unknown).done(), ["carried to [1, 2, 3]"]);
}

#[test]
fn a_bridge_that_does_not_snoop_believes_nothing() {
    let mut off = settings(Version::V2);
    off.knobs.snooping = false;
    let mut world = World::with(off);
    world.query_from(3, HOST).report(0).act(|bridge, now, _| bridge.set_querier(now, true));
    assert_eq!(world.done(), ["carried to [0, 1, 2]", "carried to [1, 2, 3]"]);
    assert_eq!(world.until(10_000).done(), Vec::<String>::new());
}

#[test]
fn a_frame_to_one_address_goes_where_that_was_seen() {
    let mut world = World::new(Version::V2);
    let (a, b) = ([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
    let frame = |port, from, to| {
        move |bridge: &mut Bridge, now, out: &mut Vec<BridgeOut>| {
            bridge.receive(now, port, from, to, &[0u8].as_slice().into(), out);
        }
    };
    world.act(frame(0, a, b)).act(frame(1, b, a)).act(frame(0, a, b)).act(frame(0, b, a));
    assert_eq!(
        world.done(),
        ["carried to [1, 2, 3]", "carried to [0]", "carried to [1]"],
        "and not back to where it came from"
    );
    world.until(300_000).act(frame(1, a, b));
    assert_eq!(world.done(), ["carried to [0, 2, 3]"]);
    world.act(frame(1, a, [0xff; 6]));
    assert_eq!(world.done(), ["carried to [0, 2, 3]"]);
}
