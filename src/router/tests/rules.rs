//! Static rules beside members: where flows come in and go out, and when their entries are there.

use super::*;
use crate::fixed::Rule;

fn rule(from: &str, source: Option<&str>, group: &str, to: &[&str]) -> Rule<String> {
    let source = source.map(|net| net.parse().unwrap());
    let to = to.iter().map(|&name| name.to_owned()).collect();
    let (standby, except) = (None, Vec::new());
    let group = group.parse().unwrap();
    Rule { from: from.to_owned(), standby, source, group, except, to }
}

fn ruled(rules: Vec<Rule<String>>) -> Config {
    Config { rules, ..config() }
}

#[test]
fn a_flow_of_its_own_rule_has_its_entry_before_traffic_and_keeps_it() {
    let config = ruled(vec![rule("up", Some("192.0.2.7/32"), "239.1.1.1/32", &["wlan"])]);
    let mut lab = Lab::with(config);
    assert_eq!(lab.entry("192.0.2.7"), Some((0, vec![2])), "no route leads to the source");
    lab.run_to(KEEPALIVE * 3);
    assert_eq!(lab.entry("192.0.2.7"), Some((0, vec![2])));
    lab.input(Input::Flush);
    assert_eq!(lab.entry("192.0.2.7"), Some((0, vec![2])));
}

#[test]
fn a_range_has_an_entry_for_each_flow_that_comes() {
    let mut lab = Lab::with(ruled(vec![
        rule("up", None, "239.1.0.0/16", &["lan"]),
        rule("wlan", None, "239.1.0.0/16", &["lan", "up"]),
    ]));
    assert_eq!(lab.plane.cache.len(), 0);
    assert_eq!(lab.datagram(up(), "192.0.2.7"), [1]);
    assert_eq!(lab.datagram(wlan(), "192.0.2.8"), [0, 1], "the rule of where it came");
    assert_eq!(lab.datagram(lan(), "192.0.2.9"), [0_usize; 0], "no rule is from there");
    assert_eq!(lab.told(|event| matches!(event, Event::NoRoute(_))), 0);
    lab.run_to(KEEPALIVE * 2);
    assert_eq!(lab.plane.cache.len(), 0, "idle entries go");
}

#[test]
fn members_are_served_beside_a_rule_and_a_stop_stops_for_them_too() {
    let mut lab = Lab::with(ruled(vec![
        rule("up", None, "239.1.1.1/32", &["wlan"]),
        rule("up", Some("10.0.0.8/32"), "239.1.1.1/32", &[]),
    ]));
    lab.report(lan());
    assert_eq!(lab.datagram(up(), S), [1, 2]);
    assert_eq!(lab.datagram(up(), "10.0.0.8"), [0_usize; 0]);
    lab.leave(lan());
    lab.run_to(secs(3.0));
    assert_eq!(lab.entry(S), Some((0, vec![2])), "the rule stays");
}

#[test]
fn only_a_rule_sends_a_flow_back_to_where_it_came_from() {
    let mut lab = Lab::with(ruled(vec![rule("up", None, "239.1.1.1/32", &["up", "lan"])]));
    assert_eq!(lab.datagram(up(), S), [0, 1]);
}

#[test]
fn rules_follow_interfaces_that_go_and_come() {
    let mut lab =
        Lab::with(ruled(vec![rule("up", Some("192.0.2.7/32"), "239.1.1.1/32", &["wlan"])]));
    let link = |vif, up| Input::Link { vif, up, addresses: vec![] };
    lab.input(link(wlan(), false));
    assert_eq!(lab.entry("192.0.2.7"), Some((0, vec![])));
    lab.input(link(wlan(), true));
    assert_eq!(lab.entry("192.0.2.7"), Some((0, vec![2])));
    lab.input(link(up(), false));
    assert_eq!(lab.entry("192.0.2.7"), None);
    lab.input(link(up(), true));
    assert_eq!(lab.entry("192.0.2.7"), Some((0, vec![2])), "again before traffic");
}

#[test]
fn a_flow_that_was_dropped_follows_a_rule_that_comes_and_one_that_goes() {
    let mut lab = Lab::new();
    assert_eq!(lab.datagram(up(), "192.0.2.7"), [0_usize; 0]);
    lab.input(Input::Configure(ruled(vec![rule("up", None, "239.1.1.1/32", &["lan"])])));
    assert_eq!(lab.entry("192.0.2.7"), Some((0, vec![1])));
    lab.input(Input::Configure(config()));
    assert_eq!(lab.entry("192.0.2.7"), Some((0, vec![])));
}

#[test]
fn a_rule_of_an_unknown_interface_is_refused() {
    let why = ruled(vec![rule("up", None, "239.1.1.1/32", &["wan"])]).check().unwrap_err();
    let why = why.to_string();
    assert_eq!(why, "the rule for 239.1.1.1/32 names the interface wan, which is not configured");
}

#[test]
fn the_rules_of_some_flows_change_alone() {
    let mut lab = Lab::with(config());
    let own = |to: &[&str]| rule("up", Some("192.0.2.7/32"), "239.1.1.1/32", to);
    let change = |rules: Vec<_>| Input::Rules { of: own(&[]), rules };
    lab.input(change(vec![own(&["wlan"])]));
    assert_eq!(lab.entry("192.0.2.7"), Some((0, vec![2])), "before traffic");
    lab.input(change(vec![own(&["lan"])]));
    assert_eq!(lab.entry("192.0.2.7"), Some((0, vec![1])));
    lab.input(change(vec![]));
    assert_eq!(lab.entry("192.0.2.7"), None, "the kernel asks for the next datagram");
    // A flow that was dropped follows a rule for a range that comes and goes.
    assert_eq!(lab.datagram(up(), "192.0.2.8"), [0_usize; 0]);
    let range = rule("up", None, "239.1.0.0/16", &["lan"]);
    lab.input(Input::Rules { of: range.clone(), rules: vec![range.clone()] });
    assert_eq!(lab.entry("192.0.2.8"), Some((0, vec![1])));
    lab.input(Input::Rules { of: range, rules: vec![] });
    assert_eq!(lab.entry("192.0.2.8"), Some((0, vec![])));
}

#[test]
fn only_flows_that_the_kernel_has_asked_for_are_flushed() {
    let mut lab = Lab::with(ruled(vec![
        rule("up", Some("192.0.2.7/32"), "239.1.1.1/32", &["wlan"]),
        rule("up", None, "239.1.0.0/16", &["lan"]),
    ]));
    assert_eq!(lab.datagram(up(), "192.0.2.8"), [1]);
    lab.input(Input::FlushLearned);
    assert_eq!(lab.entry("192.0.2.8"), None);
    assert_eq!(lab.entry("192.0.2.7"), Some((0, vec![2])));
}

/// A rule from `up`, and else from `wlan`.
fn with_standby(source: Option<&str>) -> Lab {
    let own = rule("up", source, "239.1.1.1/32", &["lan"]);
    Lab::with(ruled(vec![Rule { standby: Some("wlan".to_owned()), ..own }]))
}

impl Lab {
    /// Ten datagrams a second come in on these interfaces for a time; returns how many go out to `lan`.
    fn stream(&mut self, on: &[Vif], seconds: u64) -> usize {
        let mut left = 0;
        for _ in 0..seconds * 10 {
            self.run_to(self.now.since(Instant::ZERO) + Duration::from_millis(100));
            left += on.iter().filter(|vif| self.datagram(**vif, "192.0.2.7") == [1]).count();
        }
        left
    }
}

#[test]
fn a_flow_is_taken_on_the_standby_interface_while_it_comes_only_there() {
    for source in [None, Some("192.0.2.7/32")] {
        let mut lab = with_standby(source);
        assert_eq!(lab.stream(&[up()], 10), 100);
        // What comes there is lost until three looks have seen nothing of it on the preferred one.
        let left = lab.stream(&[wlan()], 10);
        assert!((60..=80).contains(&left), "{left} of 100");
        assert_eq!(lab.entry("192.0.2.7"), Some((2, vec![1])));
        // Beside the standby one, the preferred one has to be steady.
        assert_eq!(lab.stream(&[up(), wlan()], 5), 50);
        assert_eq!(lab.entry("192.0.2.7"), Some((2, vec![1])), "not yet");
        assert_eq!(lab.stream(&[up(), wlan()], 10), 100);
        assert_eq!(lab.entry("192.0.2.7"), Some((0, vec![1])));
    }
}

#[test]
fn a_flow_side_by_side_stays_on_the_preferred_interface() {
    let mut lab = with_standby(Some("192.0.2.7/32"));
    let sets = lab.plane.sets;
    assert_eq!(lab.stream(&[wlan(), up()], 60), 600, "each once");
    // The source pauses, and some of its last datagrams come late by the other way.
    lab.stream(&[wlan()], 1);
    lab.stream(&[], 5);
    assert_eq!(lab.stream(&[up()], 10), 100);
    assert_eq!(lab.plane.sets, sets, "no entry was written");
}

#[test]
fn a_flow_that_begins_on_the_standby_interface_loses_nothing() {
    let mut lab = with_standby(None);
    assert_eq!(lab.stream(&[wlan()], 20), 200);
    // Once it is gone, so that a new beginning is not known from the old one.
    lab.run_to(lab.now.since(Instant::ZERO) + KEEPALIVE * 2);
    assert_eq!((lab.plane.cache.len(), lab.router.deadline().is_some()), (0, true));
    assert_eq!(lab.stream(&[up()], 10), 100);
}

#[test]
fn an_interface_that_goes_down_has_the_flow_move_at_once() {
    let mut lab = with_standby(None);
    lab.stream(&[up()], 3);
    lab.input(Input::Link { vif: up(), up: false, addresses: vec![] });
    assert_eq!(lab.stream(&[wlan()], 3), 30);
}
