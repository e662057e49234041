//! A router that takes over a data plane in which another one has left its entries.

use super::*;

/// A router that has inherited these flows from `up`, with the numbers of the interfaces in another order
/// than the file's, and knows its links; the interfaces are `wlan` (vif0), `up` (vif1), `lan` (vif2).
fn heir(flows: &[(&str, &[usize])]) -> Lab {
    let numbers = [("wlan", 0), ("up", 1), ("lan", 2)];
    let numbers = numbers.map(|(name, n)| (name.to_owned(), Vif::new(n).unwrap()));
    let entry = |&(source, oifs): &(&str, &[usize])| MfcEntry {
        flow: flow(source, G),
        iif: Vif::new(1).unwrap(),
        oifs: oifs.iter().map(|&vif| (Vif::new(vif).unwrap(), 1)).collect(),
    };
    let entries: Vec<MfcEntry> = flows.iter().map(entry).collect();
    // No flow is idle in the time of a test.
    let config = Config { keepalive: secs(1000.0), ..config() };
    let mut lab = Lab::with(Config { interfaces: vec![], ..config.clone() });
    lab.input(Input::Inherit { numbers: numbers.into(), entries: entries.clone() });
    lab.input(Input::Configure(config));
    for (net, name) in ["up", "lan", "wlan"].into_iter().enumerate() {
        lab.link(lab.router.vif(name).unwrap(), true, &[&format!("10.0.{net}.5/24")]);
    }
    assert_eq!(lab.plane.sets, 0, "nothing is written before all links are known");
    for entry in entries {
        lab.plane.cache.insert(entry.flow, (entry, FlowCounters::default()));
    }
    lab.input(Input::Settle);
    lab
}

const WLAN: usize = 0;
const UP: usize = 1;
const LAN: usize = 2;

fn vif(number: usize) -> Vif {
    Vif::new(number).unwrap()
}

#[test]
fn interfaces_keep_their_numbers_and_entries_are_not_touched() {
    let lab = heir(&[(S, &[WLAN, LAN])]);
    let numbers = ["wlan", "up", "lan"].map(|name| lab.router.vif(name).unwrap().index());
    assert_eq!(numbers, [WLAN, UP, LAN]);
    assert_eq!((lab.plane.sets, lab.entry(S)), (0, Some((UP, vec![WLAN, LAN]))));
}

// RFC2236-8.4-01: by then each member has been asked and has answered, or is none.
#[test]
fn what_nobody_reports_ends_after_the_group_membership_interval() {
    let mut lab = heir(&[(S, &[WLAN, LAN])]);
    lab.run_to(secs(3.0));
    lab.report(vif(LAN));
    lab.run_to(secs(260.0) - NANO);
    assert_eq!(lab.entry(S), Some((UP, vec![WLAN, LAN])));
    lab.run_to(secs(260.0));
    assert_eq!(lab.entry(S), Some((UP, vec![LAN])));
    lab.run_to(secs(263.0));
    assert_eq!(lab.entry(S), Some((UP, vec![])), "nobody has reported again");
}

#[test]
fn a_leave_ends_what_was_inherited_once_it_has_been_checked() {
    let mut lab = heir(&[(S, &[LAN]), ("10.0.0.8", &[WLAN])]);
    lab.report(vif(LAN));
    lab.run_to(secs(10.0));
    lab.leave(vif(LAN));
    lab.run_to(secs(12.0));
    assert_eq!(lab.entry(S), Some((UP, vec![])));
    assert_eq!(lab.entry("10.0.0.8"), Some((UP, vec![WLAN])), "nobody has left there");
}

#[test]
fn a_link_that_goes_down_takes_what_was_inherited_with_it() {
    let mut lab = heir(&[(S, &[WLAN, LAN])]);
    lab.link(vif(LAN), false, &[]);
    lab.link(vif(LAN), true, &["10.0.1.5/24"]);
    assert_eq!(lab.entry(S), Some((UP, vec![WLAN])));
}

#[test]
fn an_entry_whose_interface_or_route_is_gone_is_written_anew_at_once() {
    // 10.9.0.1 is behind no interface any more.
    let lab = heir(&[("10.9.0.1", &[LAN]), (S, &[LAN, 7])]);
    assert_eq!(lab.entry("10.9.0.1"), Some((UP, vec![])));
    assert_eq!(lab.entry(S), Some((UP, vec![LAN])));
    assert_eq!(lab.plane.sets, 2);
}

#[test]
fn a_new_interface_gets_a_number_that_nobody_had() {
    let numbers = [("gone".to_owned(), vif(0)), ("lan".to_owned(), vif(1))];
    let mut lab = Lab::with(Config { interfaces: vec![], ..config() });
    lab.input(Input::Inherit { numbers: numbers.into(), entries: vec![] });
    lab.input(Input::Configure(config()));
    let numbers = ["up", "lan", "wlan"].map(|name| lab.router.vif(name).unwrap().index());
    assert_eq!(numbers, [2, 1, 3]);
}
