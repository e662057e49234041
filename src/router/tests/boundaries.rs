//! Administrative boundaries: what does not pass an interface, by members, rules and routes.

use super::*;
use crate::fixed::Rule;

/// `lan` is the boundary of the scope of the group.
fn bounded(config: Config) -> Config {
    let mut config = config;
    config.interfaces[1].boundaries = vec!["239.0.0.0/8".parse().unwrap()];
    config
}

#[test]
fn members_beyond_a_boundary_are_heard_and_not_served() {
    let mut lab = Lab::with(bounded(config()));
    lab.report(lan());
    lab.report(wlan());
    assert_eq!(lab.router.members(lan()).unwrap().groups().len(), 1, "heard");
    assert_eq!(lab.datagram(up(), S), [2]);
    // Another group is of no scope.
    let wide = Ipv4Addr::new(233, 252, 0, 1);
    let report = Message::V2Report { group: wide };
    lab.packet(lan(), wide, &report);
    assert_eq!(lab.datagram_to(up(), S, wide), [1]);
    // Without the boundary the member is served at once, without another Report.
    lab.input(Input::Configure(config()));
    assert_eq!(lab.entry(S), Some((0, vec![1, 2])));
    lab.input(Input::Configure(bounded(config())));
    assert_eq!(lab.entry(S), Some((0, vec![2])));
}

#[test]
fn what_comes_in_over_a_boundary_goes_nowhere() {
    let mut lab = Lab::with(bounded(config()));
    lab.report(wlan());
    let from_lan = "10.0.1.7";
    assert_eq!(lab.datagram(lan(), from_lan), [0_usize; 0]);
    assert_eq!(lab.entry(from_lan), Some((1, vec![])), "the kernel asks no more");
    lab.input(Input::Configure(config()));
    assert_eq!(lab.entry(from_lan), Some((1, vec![2])));
}

#[test]
fn a_rule_of_more_groups_is_cut_at_a_boundary() {
    let rule = |from: &str, to: &[&str]| Rule {
        from: from.to_owned(),
        standby: None,
        source: None,
        group: "224.0.0.0/4".parse().unwrap(),
        except: Vec::new(),
        to: to.iter().map(|&name| name.to_owned()).collect(),
    };
    let rules = vec![rule("up", &["lan", "wlan"]), rule("lan", &["wlan"])];
    let mut lab = Lab::with(bounded(Config { rules, ..config() }));
    let wide = Ipv4Addr::new(233, 252, 0, 1);
    assert_eq!(lab.datagram(up(), "192.0.2.7"), [2]);
    assert_eq!(lab.datagram_to(up(), "192.0.2.7", wide), [1, 2]);
    assert_eq!(lab.datagram(lan(), "192.0.2.8"), [0_usize; 0]);
    assert_eq!(lab.datagram_to(lan(), "192.0.2.8", wide), [2]);
}

#[test]
fn a_static_join_that_does_not_pass_is_refused() {
    let why = bounded(joined(None)).check().map_err(|why| why.to_string());
    let told = "interface lan: (*, 239.1.1.1) cannot be joined statically";
    assert!(why.as_ref().is_err_and(|why| why.starts_with(told)), "{why:?}");
}
