//! The life of an entry: idle flows, and what the data plane refuses.

use super::*;

/// A router that forwards the flow of S to `lan` by a static join, the first datagram at 0 s.
fn forwarding() -> Lab {
    let mut lab = Lab::with(joined(None));
    lab.datagram(up(), S);
    lab
}

fn keepalives(n: u32) -> Duration {
    KEEPALIVE * n
}

/// How long an idle entry stays at least: it is looked at sixteen times in a keepalive time.
fn early() -> Duration {
    KEEPALIVE / 16 * 15 - NANO
}

#[test]
fn an_idle_flow_is_deleted() {
    let mut lab = forwarding();
    lab.run_to(keepalives(1) - NANO);
    assert!(lab.entry(S).is_some());
    lab.run_to(keepalives(1));
    assert_eq!(lab.entry(S), None);
    assert_eq!(lab.told(|event| *event == Event::Idle(flow(S, G))), 1);
}

#[test]
fn a_flow_without_a_single_datagram_is_deleted_too() {
    let mut lab = Lab::with(joined(None));
    let upcall = Upcall { kind: UpcallKind::NoCache, vif: up(), flow: flow(S, G) };
    lab.input(Input::Upcall(upcall));
    lab.run_to(keepalives(1) - NANO);
    assert!(lab.entry(S).is_some());
    lab.run_to(keepalives(1));
    assert_eq!(lab.entry(S), None);
}

#[test]
fn a_flow_that_flows_is_kept_and_looked_at_again() {
    let mut lab = forwarding();
    for n in 1..=5 {
        lab.run_to(early() * n);
        assert!(lab.entry(S).is_some(), "before datagram {n}");
        assert_eq!(lab.datagram(up(), S), [1]);
    }
    lab.run_to(early() * 6);
    assert!(lab.entry(S).is_some());
    lab.run_to(early() * 5 + KEEPALIVE);
    assert_eq!(lab.entry(S), None);
}

// Whenever its last datagram comes, an entry goes within the keepalive time, and not much earlier.
#[test]
fn an_entry_goes_within_the_keepalive_time_of_the_last_datagram() {
    for tenths in 0..600 {
        let mut lab = forwarding();
        let last = Duration::from_millis(tenths * 500);
        // At most one keepalive time apart.
        for at in [last / 3, last / 3 * 2, last] {
            lab.run_to(at);
            lab.datagram(up(), S);
        }
        lab.run_to(last + early());
        assert!(lab.entry(S).is_some(), "{last:?}");
        lab.run_to(last + KEEPALIVE);
        assert_eq!(lab.entry(S), None, "{last:?}");
    }
}

#[test]
fn what_comes_in_on_a_wrong_interface_keeps_no_flow_alive() {
    let mut lab = forwarding();
    lab.run_to(early());
    assert!(lab.entry(S).is_some());
    assert!(lab.datagram(wlan(), S).is_empty());
    lab.run_to(keepalives(1));
    assert_eq!(lab.entry(S), None);
}

#[test]
fn a_deleted_flow_is_installed_again_by_its_next_datagram() {
    let mut lab = forwarding();
    lab.run_to(keepalives(1));
    assert_eq!(lab.datagram(up(), S), [1]);
}

#[test]
fn a_flow_that_the_kernel_has_lost_is_forgotten() {
    let mut lab = forwarding();
    lab.plane.cache.clear();
    lab.run_to(keepalives(1));
    let refused = lab.told(|event| matches!(event, Event::Refused(_)));
    assert_eq!(refused, 0, "what is not there is not deleted");
    // A Report refreshes no entry that does not exist.
    lab.report(wlan());
    assert_eq!(lab.entry(S), None);
}

#[test]
fn an_answer_that_nobody_asked_for_changes_nothing() {
    let mut lab = forwarding();
    let counters = FlowCounters { packets: 9, ..FlowCounters::default() };
    for counters in [None, Some(counters)] {
        lab.input(Input::Counted(flow("10.0.0.99", G), counters));
    }
    assert_eq!(lab.plane.cache.len(), 1);
    assert_eq!(lab.told(|event| matches!(event, Event::Idle(_))), 0);
}

#[test]
fn every_flow_has_its_own_time() {
    let mut lab = forwarding();
    lab.run_to(secs(100.0));
    lab.datagram(up(), "10.0.0.8");
    lab.run_to(keepalives(1));
    assert_eq!(lab.entry(S), None);
    assert!(lab.entry("10.0.0.8").is_some());
    lab.run_to(keepalives(1) + secs(100.0));
    assert_eq!(lab.entry("10.0.0.8"), None);
}

#[test]
fn a_refused_entry_is_installed_by_the_next_upcall() {
    let mut lab = Lab::with(joined(None));
    lab.plane.refuse_sets = true;
    assert_eq!(lab.datagram(up(), S), [0_usize; 0]);
    assert!(lab.told(|event| *event == Event::Refused("no room".into())) > 0);
    lab.report(wlan());
    lab.plane.refuse_sets = false;
    lab.run_to(secs(1.0));
    lab.leave(wlan());
    lab.run_to(secs(5.0));
    assert_eq!(lab.plane.sets, 0, "what is not there is not changed");
    assert_eq!(lab.datagram(up(), S), [1]);
}

// The kernel would go on forwarding by the old entry, and never make an upcall.
#[test]
fn a_refused_change_does_not_leave_the_old_entry_behind() {
    let mut lab = Lab::new();
    lab.report(lan());
    lab.datagram(up(), S);
    lab.leave(lan());
    lab.plane.refuse_sets = true;
    lab.run_to(secs(2.0));
    assert_eq!(lab.datagram(up(), S), [0_usize; 0]);
}

// A burst of a configured flow must not wait for the router: the kernel holds four datagrams.
#[test]
fn a_configured_flow_is_in_the_kernel_before_its_first_datagram_and_stays() {
    let lab = Lab::with(joined(Some(S)));
    assert_eq!(lab.entry(S), Some((0, vec![1])));
    let mut lab = lab;
    lab.run_to(keepalives(3));
    assert_eq!(lab.entry(S), Some((0, vec![1])));
    assert_eq!(lab.told(|event| matches!(event, Event::Idle(_))), 0);
    // A member elsewhere changes the entry as it changes any other one.
    lab.report(wlan());
    assert_eq!(lab.entry(S), Some((0, vec![1, 2])));
}

#[test]
fn a_configured_flow_needs_a_known_way_in_and_another_way_out() {
    let lab = Lab::with(joined(Some("192.0.2.1")));
    assert_eq!(lab.entry("192.0.2.1"), None, "no route");
    let lab = Lab::with(joined(Some("10.0.1.9")));
    assert_eq!(lab.entry("10.0.1.9"), None, "it comes in where it is joined");
    let lab = Lab::with(joined(None));
    assert!(lab.plane.cache.is_empty(), "of which source is unknown");
}

#[test]
fn a_configured_flow_comes_with_its_route_and_goes_with_its_join() {
    let mut lab = Lab::with(joined(Some("192.0.2.1")));
    let mut config = joined(Some("192.0.2.1"));
    config.routes = vec![route("192.0.2.0/24", "wlan")];
    lab.input(Input::Configure(config.clone()));
    assert_eq!(lab.entry("192.0.2.1"), Some((2, vec![1])));
    lab.run_to(keepalives(2));
    config.interfaces[1].static_joins.clear();
    lab.input(Input::Configure(config));
    assert_eq!(lab.entry("192.0.2.1"), Some((2, vec![])));
    lab.run_to(keepalives(3));
    assert_eq!(lab.entry("192.0.2.1"), None, "an ordinary flow that is idle");
}

#[test]
fn a_configured_flow_survives_its_links() {
    let mut lab = Lab::with(joined(Some(S)));
    let net = |n: u8| vec![format!("10.0.{n}.5/24").parse().unwrap()];
    for (vif, n) in [(up(), 0), (lan(), 1)] {
        lab.input(Input::Link { vif, up: false, addresses: vec![] });
        lab.input(Input::Link { vif, up: true, addresses: net(n) });
        assert_eq!(lab.entry(S), Some((0, vec![1])), "{vif}");
    }
}

#[test]
fn one_flow_too_many_gets_no_entry_and_the_others_stay() {
    let mut config = joined(None);
    config.max_flows = 2;
    let mut lab = Lab::with(config);
    for (source, out) in [("10.0.0.7", vec![1]), ("10.0.0.8", vec![1]), ("10.0.0.9", vec![])] {
        assert_eq!(lab.datagram(up(), source), out, "{source}");
    }
    let too_many = Ignored::TooManyFlows { from: source_at("10.0.0.9"), group: group(), most: 2 };
    assert_eq!(lab.ignored(), [too_many]);
    // Another interface has a room of its own, and one flow less makes room.
    assert_eq!(lab.datagram(wlan(), "10.0.2.7"), [1]);
    lab.run_to(early());
    lab.datagram(up(), "10.0.0.7");
    lab.run_to(keepalives(1));
    assert_eq!(lab.datagram(up(), "10.0.0.9"), [1]);
    assert_eq!(lab.datagram(up(), "10.0.0.10"), [0_usize; 0]);
}
