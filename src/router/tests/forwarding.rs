//! Which interfaces get a flow: members, static joins, reverse path forwarding.

use super::*;

#[test]
fn a_flow_leaves_exactly_where_there_are_members() {
    let mut lab = Lab::new();
    assert_eq!(lab.datagram(up(), "10.0.0.8"), [0_usize; 0], "nobody wants it");
    lab.report(lan());
    assert_eq!(lab.datagram(up(), S), [1]);
    assert_eq!(lab.datagram_to(up(), S, Ipv4Addr::new(239, 1, 1, 2)), [0_usize; 0]);
}

#[test]
fn a_flow_never_goes_back_to_where_it_came_from() {
    let mut lab = Lab::new();
    [up(), lan(), wlan()].into_iter().for_each(|vif| lab.report(vif));
    assert_eq!(lab.datagram(up(), S), [1, 2]);
    assert_eq!(lab.datagram(lan(), "10.0.1.7"), [0, 2]);
    // It is not forwarded there when the entry is changed later either.
    lab.leave(wlan());
    lab.run_to(secs(2.0));
    assert_eq!(lab.entry(S), Some((0, vec![1])));
    assert_eq!(lab.entry("10.0.1.7"), Some((1, vec![0])));
}

// RFC2236-7-04: routing is notified, and acts at once.
#[test]
fn a_member_that_comes_later_changes_the_entry() {
    let mut lab = Lab::new();
    lab.datagram(up(), S);
    lab.datagram(up(), "10.0.0.8");
    assert_eq!(lab.entry(S), Some((0, vec![])));
    lab.report(lan());
    assert_eq!(lab.entry(S), Some((0, vec![1])));
    assert_eq!(lab.entry("10.0.0.8"), Some((0, vec![1])), "every flow of the group");
    lab.report(wlan());
    assert_eq!(lab.entry(S), Some((0, vec![1, 2])));
}

#[test]
fn a_refresh_of_what_is_known_touches_nothing() {
    let mut lab = Lab::new();
    lab.report(lan());
    lab.datagram(up(), S);
    lab.datagram_to(up(), S, Ipv4Addr::new(239, 1, 1, 2));
    let sets = lab.plane.sets;
    lab.report(lan());
    assert_eq!(lab.plane.sets, sets);
}

// RFC2236-3-24, RFC2236-7-10
#[test]
fn when_the_last_member_leaves_the_flow_stops_at_lmqt() {
    let mut lab = Lab::new();
    lab.report(lan());
    lab.report(wlan());
    lab.datagram(up(), S);
    lab.run_to(secs(10.0));
    lab.leave(lan());
    lab.run_to(secs(12.0) - NANO);
    assert_eq!(lab.datagram(up(), S), [1, 2], "still asked for");
    lab.run_to(secs(12.0));
    assert_eq!(lab.datagram(up(), S), [2]);
    assert_eq!(lab.told(|event| *event == Event::Gmp(lan(), News::NoMembers(group()))), 1);
}

// RFC2236-3-16, RFC2236-8.4-01
#[test]
fn when_members_fall_silent_the_flow_stops_at_gmi() {
    let mut lab = Lab::new();
    lab.report(lan());
    lab.run_to(secs(260.0) - NANO);
    assert_eq!(lab.datagram(up(), S), [1]);
    lab.run_to(secs(260.0));
    assert_eq!(lab.datagram(up(), S), [0_usize; 0]);
}

#[test]
fn a_static_join_of_a_group_takes_every_source() {
    let mut lab = Lab::with(joined(None));
    assert_eq!(lab.datagram(up(), S), [1]);
    assert_eq!(lab.datagram(up(), "10.0.0.8"), [1]);
}

#[test]
fn a_static_join_of_a_source_takes_that_source_only() {
    let mut lab = Lab::with(joined(Some(S)));
    assert_eq!(lab.datagram(up(), S), [1]);
    assert_eq!(lab.datagram(up(), "10.0.0.8"), [0_usize; 0]);
    assert_eq!(lab.datagram_to(up(), S, Ipv4Addr::new(239, 1, 1, 2)), [0_usize; 0]);
}

#[test]
fn a_static_join_outlives_the_members() {
    let mut lab = Lab::with(joined(None));
    lab.report(lan());
    lab.datagram(up(), S);
    lab.leave(lan());
    lab.run_to(secs(10.0));
    assert_eq!(lab.datagram(up(), S), [1]);
}

#[test]
fn each_outgoing_interface_has_its_own_threshold() {
    let mut config = config();
    config.interfaces[2].threshold = 32;
    let mut lab = Lab::with(config);
    assert_eq!(lab.plane.vifs, BTreeMap::from([(up(), 1), (lan(), 1), (wlan(), 32)]));
    lab.report(lan());
    lab.report(wlan());
    lab.datagram(up(), S);
    let (entry, _) = &lab.plane.cache[&flow(S, G)];
    assert_eq!(entry.oifs, BTreeMap::from([(lan(), 1), (wlan(), 32)]));
}

#[test]
fn a_flow_comes_in_where_the_longest_prefix_leads() {
    let mut config = config();
    config.routes = vec![
        route("0.0.0.0/0", "up"),
        route("192.0.2.0/24", "lan"),
        route("192.0.2.128/25", "wlan"),
        route("10.0.2.0/24", "up"), // connected to wlan, which counts
    ];
    let mut lab = Lab::with(config);
    for (source, iif) in [
        ("203.0.113.1", 0),
        ("192.0.2.127", 1),
        ("192.0.2.128", 2),
        ("10.0.1.7", 1),
        ("10.0.2.7", 2),
    ] {
        lab.datagram(up(), source);
        assert_eq!(lab.entry(source).map(|entry| entry.0), Some(iif), "{source}");
    }
}

#[test]
fn a_flow_on_the_wrong_interface_is_not_forwarded() {
    let mut lab = Lab::new();
    [up(), lan(), wlan()].into_iter().for_each(|vif| lab.report(vif));
    assert_eq!(lab.datagram(lan(), S), [0_usize; 0], "S is on up");
    assert_eq!(lab.entry(S), Some((0, vec![1, 2])), "and is forwarded from there");
}

#[test]
fn a_wrong_interface_changes_nothing() {
    let mut lab = Lab::new();
    lab.report(wlan());
    lab.datagram(up(), S);
    let (entry, deadline, sets) = (lab.entry(S), lab.router.deadline(), lab.plane.sets);
    lab.datagram(lan(), S);
    assert_eq!((lab.entry(S), lab.router.deadline(), lab.plane.sets), (entry, deadline, sets));
}

#[test]
fn without_a_route_the_flow_goes_nowhere_and_it_is_told() {
    let mut lab = Lab::with(joined(None));
    lab.report(wlan());
    assert_eq!(lab.datagram(up(), "192.0.2.1"), [0_usize; 0]);
    assert_eq!(lab.entry("192.0.2.1"), Some((0, vec![])));
    assert_eq!(lab.told(|event| *event == Event::NoRoute(flow("192.0.2.1", G))), 1);
    lab.report(lan());
    lab.leave(wlan());
    lab.run_to(secs(3.0));
    assert_eq!(lab.entry("192.0.2.1"), Some((0, vec![])), "nor after members came and went");
}

// RFC1112-7.2-05: neither by configuration nor by Reports; the first address after the range is
// forwarded.
#[test]
fn link_local_groups_are_never_forwarded() {
    let mut lab = Lab::new();
    for last in [1, 2, 5, 251, 255] {
        let group = Ipv4Addr::new(224, 0, 0, last);
        lab.packet(lan(), group, &Message::V2Report { group });
        assert_eq!(lab.datagram_to(up(), S, group), [0_usize; 0]);
    }
    assert!(lab.plane.cache.is_empty());
    let first = Ipv4Addr::new(224, 0, 1, 0);
    lab.packet(lan(), first, &Message::V2Report { group: first });
    assert_eq!(lab.datagram_to(up(), S, first), [1]);
}
