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

#[test]
fn an_idle_flow_is_deleted() {
    let mut lab = forwarding();
    lab.run_to(keepalives(2) - NANO);
    assert!(lab.entry(S).is_some(), "one datagram was counted at the first look");
    lab.run_to(keepalives(2));
    assert_eq!(lab.entry(S), None);
    assert_eq!(lab.told(|event| *event == Event::Idle(flow(S, G))), 1);
}

#[test]
fn a_flow_without_a_single_datagram_is_deleted_at_the_first_look() {
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
        lab.run_to(keepalives(n) - secs(1.0));
        assert_eq!(lab.datagram(up(), S), [1]);
        lab.run_to(keepalives(n) + secs(1.0));
        assert!(lab.entry(S).is_some(), "after {n} looks");
    }
    lab.run_to(keepalives(7));
    assert_eq!(lab.entry(S), None);
}

#[test]
fn what_comes_in_on_a_wrong_interface_keeps_no_flow_alive() {
    let mut lab = forwarding();
    lab.run_to(keepalives(1) + secs(1.0));
    assert!(lab.entry(S).is_some());
    assert!(lab.datagram(wlan(), S).is_empty());
    lab.run_to(keepalives(2));
    assert_eq!(lab.entry(S), None);
}

#[test]
fn a_deleted_flow_is_installed_again_by_its_next_datagram() {
    let mut lab = forwarding();
    lab.run_to(keepalives(2));
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
    lab.run_to(keepalives(2));
    assert_eq!(lab.entry(S), None);
    assert!(lab.entry("10.0.0.8").is_some());
    lab.run_to(keepalives(2) + secs(100.0));
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
