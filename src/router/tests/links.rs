//! Interfaces that go down, come up and change their addresses, and routes that come and go.

use super::*;
use crate::gmp::querier::Role;
use crate::rib::RouteChange;

impl Lab {
    pub(super) fn link(&mut self, vif: Vif, up: bool, addresses: &[&str]) {
        let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
        self.input(Input::Link { vif, up, addresses });
    }

    fn down(&mut self, vif: Vif) {
        self.link(vif, false, &[]);
    }

    /// When Queries left the interface since then.
    fn asked(&self, vif: Vif, since: f64) -> Vec<Duration> {
        let since = Instant::ZERO + secs(since);
        let sent = self.plane.sent.iter().filter(|(at, on, _)| *on == vif && *at >= since);
        sent.map(|(at, ..)| at.since_start()).collect()
    }

    pub(super) fn role(&self, vif: Vif) -> Option<Role> {
        self.router.igmp(vif).map(Interface::role)
    }
}

const LAN: [&str; 1] = ["10.0.1.5/24"];

// RFC2236-7-01, RFC2236-3-06: entering service, as at the start.
#[test]
fn a_link_that_comes_back_is_asked_as_at_the_start() {
    let mut lab = Lab::new();
    lab.run_to(secs(1000.0));
    lab.down(lan());
    lab.run_to(secs(2000.0));
    assert_eq!(lab.asked(lan(), 1000.5), []);
    lab.link(lan(), true, &LAN);
    lab.run_to(secs(2200.0));
    assert_eq!(lab.asked(lan(), 2000.0), [2000.0, 2031.25, 2156.25].map(secs));
    assert_eq!(lab.told(|event| matches!(event, Event::Link { up: true, .. })), 1);
}

// RFC2236-7-01: a Query that did not leave has told nobody, and a startup Query is still due.
#[test]
fn a_query_that_could_not_be_sent_is_tried_again() {
    let mut lab = Lab::new();
    lab.run_to(secs(1000.0));
    lab.plane.refuse_sends = true;
    lab.down(lan());
    lab.link(lan(), true, &LAN);
    let refused = |lab: &Lab| lab.told(|event| matches!(event, Event::Refused(_)));
    // At once, and after 1, 2 and 4 s.
    lab.run_to(secs(1007.5));
    assert_eq!(refused(&lab), 4);
    lab.plane.refuse_sends = false;
    lab.run_to(secs(1250.0));
    assert_eq!(lab.asked(lan(), 1000.5), [1015.0, 1046.25, 1171.25].map(secs));
    // A later failure is tried again soon too, and never later than the next Query is due.
    lab.plane.refuse_sends = true;
    lab.run_to(secs(1500.0));
    lab.plane.refuse_sends = false;
    lab.run_to(secs(1000.0) + secs(1000.0));
    let asked = lab.asked(lan(), 1250.5);
    assert!(asked[0] <= secs(1500.0 + 125.0), "{asked:?}");
    assert!(asked.windows(2).all(|pair| pair[1] - pair[0] <= secs(125.0)), "{asked:?}");
}

// RFC2236-7-01: a link that is entered anew has no known members.
#[test]
fn members_of_a_link_that_goes_down_are_gone() {
    let mut lab = Lab::new();
    lab.report(lan());
    lab.report(wlan());
    assert_eq!(lab.datagram(up(), S), [1, 2]);
    lab.down(lan());
    assert_eq!(lab.entry(S), Some((0, vec![2])));
    assert_eq!(lab.told(|event| *event == Event::Gmp(lan(), News::NoMembers(group()))), 1);
    assert!(!lab.plane.vifs.contains_key(&lan()));
    assert!(lab.plane.listens.iter().all(|(vif, _)| *vif != lan()));
    lab.link(lan(), true, &LAN);
    assert_eq!(lab.entry(S), Some((0, vec![2])));
    assert_eq!(lab.plane.vifs.get(&lan()), Some(&1));
    lab.report(lan());
    assert_eq!(lab.entry(S), Some((0, vec![1, 2])));
    assert_eq!(lab.told(|event| matches!(event, Event::Refused(_))), 0);
}

// The kernel leaves an interface that does not exist out of the entries that are set.
#[test]
fn static_joins_are_served_again_when_their_link_is_back() {
    let mut lab = Lab::with(joined(None));
    assert_eq!(lab.datagram(up(), S), [1]);
    lab.down(lan());
    assert_eq!(lab.datagram(up(), S), [] as [usize; 0]);
    lab.link(lan(), true, &LAN);
    assert_eq!(lab.datagram(up(), S), [1]);
}

// A flow whose source became unreachable must not block the interface on which it returns.
#[test]
fn flows_from_a_link_that_goes_down_are_forgotten() {
    let mut lab = Lab::with(joined(None));
    lab.datagram(up(), S);
    lab.down(up());
    assert_eq!(lab.entry(S), None);
    lab.link(up(), true, &["10.0.0.5/24"]);
    assert_eq!(lab.datagram(up(), S), [1]);
    assert_eq!(lab.told(|event| matches!(event, Event::Refused(_))), 0);
}

// RFC 1122 section 3.2.1.3 and RFC2236-3-02: Queries and elections use the present address.
#[test]
fn another_address_is_spoken_from_and_elected_by() {
    let mut lab = Lab::new();
    let general = query(100, Ipv4Addr::UNSPECIFIED);
    let bytes = ipv4::encode_igmp([10, 0, 1, 3].into(), igmp::ALL_HOSTS, &general).unwrap();
    lab.input(Input::octets(lan(), &bytes));
    assert_eq!(lab.role(lan()), Some(Role::NonQuerier([10, 0, 1, 3].into())));
    lab.run_to(secs(10.0));
    lab.link(lan(), true, &["10.0.1.2/24", "10.0.1.5/24"]);
    assert_eq!(lab.role(lan()), Some(Role::Querier));
    let (at, _, bytes) = lab.plane.sent.last().unwrap();
    let source = ipv4::decode(bytes).unwrap().source;
    assert_eq!((at.since_start(), source), (secs(10.0), Ipv4Addr::new(10, 0, 1, 2)));
    lab.input(Input::octets(lan(), &bytes_of([10, 0, 1, 1], &general)));
    lab.link(lan(), true, &["10.0.1.4/24"]);
    assert_eq!(lab.role(lan()), Some(Role::NonQuerier([10, 0, 1, 1].into())));
}

fn bytes_of(source: [u8; 4], message: &Message) -> Vec<u8> {
    ipv4::encode_igmp(source.into(), igmp::ALL_HOSTS, message).unwrap()
}

// RFC2236-7-12: without an address no Query can be sent, and with one service starts anew.
#[test]
fn a_link_without_an_address_is_silent_until_it_has_one() {
    let mut lab = Lab::new();
    lab.report(lan());
    lab.run_to(secs(5.0));
    lab.link(lan(), true, &["2001:db8::5/64"]);
    assert_eq!(lab.role(lan()), None);
    lab.run_to(secs(300.0));
    assert_eq!(lab.asked(lan(), 1.0), []);
    lab.link(lan(), true, &LAN);
    assert_eq!(lab.asked(lan(), 1.0), [secs(300.0)]);
    assert!(lab.router.igmp(lan()).unwrap().groups().is_empty());
}

// A lease that is exchanged leaves the link without an address for a moment (RFC 1122 section 3.2.1.3).
#[test]
fn members_outlive_a_moment_without_an_address() {
    let mut lab = Lab::new();
    lab.report(lan());
    lab.datagram(up(), S);
    lab.run_to(secs(10.0));
    lab.link(lan(), true, &[]);
    assert_eq!((lab.role(lan()), lab.entry(S)), (None, Some((0, vec![1]))));
    lab.run_to(secs(20.0));
    assert_eq!(lab.asked(lan(), 1.0), []);
    // The address is another router's now.
    let general = query(100, Ipv4Addr::UNSPECIFIED);
    lab.input(Input::octets(lan(), &bytes_of([10, 0, 1, 5], &general)));
    assert_eq!(lab.ignored(), []);
    lab.link(lan(), true, &["10.9.0.1/24"]);
    assert_eq!(lab.entry(S), Some((0, vec![1])));
    lab.run_to(secs(60.0));
    // RFC2236-7-01: the startup Queries, from the new address.
    assert_eq!(lab.asked(lan(), 1.0), [20.0, 51.25].map(secs));
    let (.., bytes) = lab.plane.sent.iter().rfind(|(_, vif, _)| *vif == lan()).unwrap();
    assert_eq!(ipv4::decode(bytes).unwrap().source, Ipv4Addr::new(10, 9, 0, 1));
    // Nobody answers, and the flow goes on.
    lab.run_to(secs(200.0));
    lab.datagram(up(), S);
    lab.run_to(secs(262.0));
    assert_eq!(lab.datagram(up(), S), [] as [usize; 0]);
}

// RFC 7761 section 4.5.1: the RPF interface follows the unicast routes.
#[test]
fn flows_follow_learned_routes() {
    let mut lab = Lab::with(joined(None));
    let far = "192.0.2.1";
    assert_eq!(lab.datagram(wlan(), far), [] as [usize; 0]);
    let through = |vif, metric| NextHop { metric, ..NextHop::configured(vif, None) };
    let prefix = "192.0.2.0/24".parse().unwrap();
    lab.input(Input::Routes(vec![RouteChange::Add(prefix, through(wlan(), 20))]));
    assert_eq!(lab.entry(far), Some((2, vec![1])));
    lab.input(Input::Routes(vec![RouteChange::Add(prefix, through(up(), 10))]));
    assert_eq!(lab.entry(far), Some((0, vec![1])));
    lab.input(Input::Routes(vec![RouteChange::Remove(prefix, through(up(), 10))]));
    assert_eq!(lab.entry(far), Some((2, vec![1])));
}

// RFC 7761 section 4.5.1: the RPF interface must be able to carry the datagram, whichever route is
// the longest.
#[test]
fn learned_routes_through_a_link_count_only_while_it_is_up() {
    let mut lab = Lab::with(joined(None));
    let near = "10.0.0.0/25".parse().unwrap();
    let learned = RouteChange::Add(near, NextHop::configured(wlan(), None));
    lab.input(Input::Routes(vec![learned]));
    lab.datagram(wlan(), S);
    assert_eq!(lab.entry(S), Some((2, vec![1])));
    lab.down(wlan());
    assert_eq!(lab.datagram(up(), S), [1]);
    let routes = lab.router.state().routes;
    assert!(routes.iter().all(|(_, hop)| hop.vif != wlan()), "{routes:?}");
    lab.link(wlan(), true, &["10.0.2.5/24"]);
    assert_eq!(lab.entry(S), Some((2, vec![1])));
    assert_eq!(lab.told(|event| matches!(event, Event::Refused(_))), 0);
}

// Operators and control programs read the state; it survives being stored.
#[test]
fn the_state_names_groups_flows_and_routes() {
    let mut lab = Lab::new();
    lab.report(lan());
    lab.datagram(up(), S);
    lab.down(wlan());
    let state = lab.router.state();
    let lan = &state.interfaces[1];
    assert_eq!((lan.name.as_str(), lan.querier), ("lan", Some(Role::Querier)));
    assert_eq!(lan.groups[&group()].expires, Some(Instant::ZERO + secs(260.0)));
    assert_eq!((state.interfaces[2].up, state.interfaces[2].querier), (false, None));
    assert_eq!(state.flows[0].flow, flow(S, G));
    let prefixes: Vec<String> = state.routes.iter().map(|(net, _)| net.to_string()).collect();
    assert_eq!(prefixes, ["10.0.0.0/24", "10.0.1.0/24"]);
}
