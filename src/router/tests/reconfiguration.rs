//! Another configuration while the router serves.

use super::*;
use crate::gmp::News;
use crate::gmp::querier::Role;
use crate::rib::RouteChange;

impl Lab {
    fn configure(&mut self, change: impl FnOnce(&mut Config)) {
        let mut config = config();
        change(&mut config);
        self.input(Input::Configure(config));
    }

    /// Why the last configuration was refused.
    fn refusal(&self) -> Option<String> {
        let last = self.plane.events.iter().rev().find_map(|(_, event)| match event {
            Event::NotConfigured(why) => Some(Some(why.clone())),
            Event::Configured => Some(None),
            _ => None,
        });
        last.flatten()
    }
}

fn igmp_of(config: &mut Config, link: usize) -> &mut Params {
    config.interfaces[link].igmp.as_mut().unwrap()
}

// RFC2236-8.2-01
#[test]
fn the_query_interval_of_one_link_changes_there_alone() {
    let mut lab = Lab::new();
    lab.run_to(secs(40.0));
    lab.plane.sent.clear();
    lab.configure(|config| {
        *igmp_of(config, 1) = Params { query_interval: secs(11.0), ..Params::v2() };
    });
    lab.run_to(secs(80.0));
    let sent: Vec<_> = lab.plane.sent.iter().map(|(at, vif, _)| (at.since_start(), *vif)).collect();
    // The last one was sent at 31.25 s; on the other links the next one is due at 156.25 s.
    let expected = [42.25, 53.25, 64.25, 75.25].map(|at| (secs(at), lan()));
    assert_eq!(sent, expected);
    assert_eq!(lab.refusal(), None);
}

#[test]
fn a_flow_follows_static_joins_thresholds_and_routes() {
    let mut lab = Lab::with(joined(None));
    assert_eq!(lab.datagram(up(), S), [1]);
    lab.configure(|config| {
        let join = Channel { source: None, group: group() };
        config.interfaces[2].static_joins.insert(join);
        config.interfaces[2].threshold = 7;
    });
    assert_eq!(lab.entry(S), Some((0, vec![2])));
    assert_eq!(lab.plane.cache[&flow(S, G)].0.oifs[&wlan()], 7);
    // A source elsewhere comes in where the new route says, and its flow goes out by all other
    // interfaces.
    assert_eq!(lab.datagram(up(), "192.0.2.1"), [0; 0]);
    lab.configure(|config| {
        *config = joined(None);
        config.routes.push(route("192.0.2.0/24", "wlan"));
    });
    assert_eq!(lab.entry("192.0.2.1"), Some((2, vec![1])));
    assert_eq!(lab.entry(S), Some((0, vec![1])));
    // Without the route the flow is not forwarded.
    lab.configure(|config| *config = joined(None));
    assert_eq!(lab.entry("192.0.2.1"), Some((2, vec![])));
}

#[test]
fn what_stays_the_same_is_not_touched() {
    let mut lab = Lab::with(joined(None));
    lab.report(wlan());
    lab.datagram(up(), S);
    let (sets, sent) = (lab.plane.sets, lab.plane.sent.len());
    lab.configure(|config| *config = joined(None));
    assert_eq!((lab.plane.sets, lab.plane.sent.len()), (sets, sent));
    assert_eq!(lab.entry(S), Some((0, vec![1, 2])));
}

#[test]
fn igmp_that_is_turned_off_forgets_and_turned_on_begins_anew() {
    let mut lab = Lab::new();
    lab.report(lan());
    lab.datagram(up(), S);
    assert_eq!(lab.entry(S), Some((0, vec![1])));
    lab.configure(|config| config.interfaces[1].igmp = None);
    assert_eq!(lab.entry(S), Some((0, vec![])));
    let gone = Event::Gmp(lan(), News::NoMembers(group()));
    assert_eq!(lab.told(|event| *event == gone), 1);
    lab.report(lan());
    assert_eq!(lab.ignored(), [Ignored::ProtocolOff(2)]);

    lab.plane.sent.clear();
    lab.configure(|_| {});
    let began = Event::Gmp(lan(), News::Querier(Role::Querier));
    assert_eq!(lab.told(|event| *event == began), 2);
    assert_eq!(lab.plane.sent.len(), 1, "a General Query, on this link alone");
    lab.report(lan());
    assert_eq!(lab.entry(S), Some((0, vec![1])));
    assert_eq!(lab.told(|event| matches!(event, Event::Refused(_))), 0);
}

// RFC 1122 section 3.2.1.3 and RFC2236-3-02: Queries and elections use the present address.
#[test]
fn reported_addresses_win_over_those_of_a_configuration() {
    let mut lab = Lab::with(joined(None));
    lab.link(up(), true, &["10.7.0.5/24"]);
    lab.link(wlan(), false, &[]);
    lab.configure(|config| {
        *config = joined(None);
        igmp_of(config, 0).robustness = 3;
    });
    assert_eq!(lab.refusal(), None);
    let own = |lab: &Lab, vif| lab.router.igmp(vif).map(|igmp| igmp.own().to_string());
    assert_eq!(own(&lab, up()).as_deref(), Some("10.7.0.5"));
    assert_eq!(lab.router.igmp(up()).unwrap().params().robustness, 3);
    assert_eq!(lab.role(wlan()), None, "down");
    assert_eq!(lab.datagram(up(), "10.7.0.7"), [1]);
    assert_eq!(lab.datagram(up(), S), [] as [usize; 0]);
    // Nobody reported the addresses of `lan`, so the configuration decides them.
    lab.configure(|config| config.interfaces[1].addresses = vec!["10.9.0.1/24".parse().unwrap()]);
    assert_eq!(lab.refusal(), None);
    assert_eq!(own(&lab, lan()).as_deref(), Some("10.9.0.1"));
}

// An operator lists interfaces in any order: each one is known by its name.
#[test]
fn the_order_of_interfaces_means_nothing() {
    let mut lab = Lab::with(joined(None));
    lab.report(wlan());
    lab.datagram(up(), S);
    let (sets, sent) = (lab.plane.sets, lab.plane.sent.len());
    lab.configure(|config| {
        *config = joined(None);
        config.interfaces.reverse();
    });
    assert_eq!(lab.refusal(), None);
    assert_eq!((lab.plane.sets, lab.plane.sent.len()), (sets, sent));
    assert_eq!(lab.entry(S), Some((0, vec![1, 2])));
    assert_eq!(lab.router.vif("wlan"), Some(wlan()));
}

#[test]
fn an_interface_that_is_no_longer_configured_goes_with_all_that_led_there() {
    let mut lab = Lab::with(joined(None));
    lab.report(wlan());
    lab.datagram(up(), S);
    lab.configure(|config| {
        *config = joined(None);
        config.interfaces.pop();
    });
    assert_eq!(lab.entry(S), Some((0, vec![1])));
    assert!(!lab.plane.vifs.contains_key(&wlan()));
    assert!(lab.plane.listens.iter().all(|(vif, _)| *vif != wlan()));
    assert_eq!(lab.told(|event| *event == Event::Link { vif: wlan(), up: false }), 1);
    lab.report(wlan());
    assert_eq!(lab.ignored(), [Ignored::NoSuchInterface]);
    // The upstream one: its flows are deleted, so that they may come in elsewhere.
    lab.configure(|config| {
        config.interfaces.remove(0);
        config.interfaces.pop();
    });
    assert_eq!(lab.entry(S), None);
    assert_eq!(lab.told(|event| matches!(event, Event::Refused(_))), 0);
}

// The kernel's entries name interfaces by number. The data plane of these tests refuses a number
// that an entry still has.
#[test]
fn a_number_is_given_again_only_when_no_entry_has_it() {
    let mut lab = Lab::with(joined(None));
    lab.report(wlan());
    lab.datagram(up(), S);
    let near = "10.0.0.0/25".parse().unwrap();
    let learned = RouteChange::Add(near, NextHop::configured(wlan(), None));
    lab.input(Input::Routes(vec![learned]));
    lab.datagram(wlan(), S);
    assert_eq!(lab.entry(S), Some((2, vec![1])));
    lab.configure(|config| {
        *config = joined(None);
        config.interfaces[2].name = "dmz".into();
    });
    // It is down, and does nothing, until its driver reports it.
    assert_eq!(lab.router.vif("dmz"), Some(wlan()));
    assert!(!lab.plane.vifs.contains_key(&wlan()));
    assert_eq!(lab.entry(S), Some((0, vec![1])));
    lab.link(wlan(), true, &["10.0.3.5/24"]);
    assert_eq!(lab.role(wlan()), Some(Role::Querier));
    // Neither the member of the old interface nor the route out of it is one of the new interface.
    assert_eq!(lab.datagram(up(), S), [1]);
    assert_eq!(lab.told(|event| matches!(event, Event::Refused(_))), 0);
}

#[test]
fn what_cannot_be_taken_changes_nothing_and_says_why() {
    let mut lab = Lab::with(joined(None));
    lab.datagram(up(), S);
    for (change, why) in [
        ((|config| igmp_of(config, 2).robustness = 0) as fn(&mut Config), "robustness"),
        (|config| config.interfaces[1].name = "up".into(), "stands twice"),
        (|config| config.routes = vec![route("192.0.2.0/24", "dmz")], "is not configured"),
        (|config| config.keepalive = Duration::ZERO, "keepalive"),
    ] {
        let (sets, sent) = (lab.plane.sets, lab.plane.sent.len());
        // The wrong configuration would also remove the static join.
        lab.configure(change);
        let refusal = lab.refusal().unwrap_or_default();
        assert!(refusal.contains(why), "{refusal}");
        assert_eq!((lab.plane.sets, lab.plane.sent.len()), (sets, sent));
        assert_eq!(lab.entry(S), Some((0, vec![1])));
    }
}
