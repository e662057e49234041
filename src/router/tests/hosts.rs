//! Hosts and a router on one link, every message a packet: RFC 2236 from end to end, in virtual time.

use super::*;
use crate::gmp::listener::GroupState;
use crate::gmp::message::Version;
use crate::gmp::params::HostParams;
use crate::host::Host;

/// The router and the hosts of `lan`, and every message of the hosts as it was on the wire.
pub(super) struct Lan {
    pub(super) lab: Lab,
    pub(super) hosts: Vec<Host>,
    /// The number of the router's packets that the hosts have seen.
    seen: usize,
    pub(super) said: Vec<(Instant, usize, Message)>,
}

impl Lan {
    fn new(hosts: usize) -> Self {
        Self::with(config(), hosts)
    }

    pub(super) fn with(config: Config, hosts: usize) -> Self {
        let hosts = (0..hosts).map(|n| Ipv4Addr::new(10, 0, 1, 101 + u8::try_from(n).unwrap()));
        let mut lan = Self { lab: Lab::with(config), hosts: vec![], seen: 0, said: vec![] };
        hosts.for_each(|address| lan.add(address));
        lan.carry();
        lan
    }

    fn add(&mut self, address: Ipv4Addr) {
        self.add_of(Version::V2, address);
    }

    /// Adds a host that speaks this version.
    pub(super) fn add_of(&mut self, version: Version, address: Ipv4Addr) {
        let rng = Rng::for_node(1, &address.to_string());
        self.hosts.push(Host::new(HostParams::of(version), address.into(), rng));
    }

    pub(super) fn join(&mut self, host: usize) {
        self.host(host, |host, now| host.join(now, group()).unwrap());
        self.carry();
    }

    pub(super) fn leave(&mut self, host: usize) {
        self.host(host, |host, now| host.leave(now, group()));
        self.carry();
    }

    /// Calls a host, and puts its messages on the wire.
    pub(super) fn host(&mut self, n: usize, act: impl FnOnce(&mut Host, Instant)) {
        act(&mut self.hosts[n], self.lab.now);
        while let Some(packet) = self.hosts[n].poll() {
            self.transmit(n, &packet.unwrap().encode().unwrap());
        }
    }

    fn transmit(&mut self, n: usize, bytes: &[u8]) {
        let packet = ipv4::decode(bytes).unwrap();
        let message = wire::decode(packet.payload, wire::Version::V3).unwrap().message;
        self.said.push((self.lab.now, n, message));
        self.lab.input(Input::octets(lan(), bytes));
        for other in (0..self.hosts.len()).filter(|&other| other != n) {
            self.hear(other, bytes);
        }
    }

    /// The host hears a packet of the link.
    fn hear(&mut self, n: usize, bytes: &[u8]) {
        self.host(n, |host, now| match host.receive(now, &Packet::decode(bytes).unwrap()) {
            // The other hosts hear a Leave too, those of version 2 the Reports of version 3, and the
            // host with the router's address its Queries.
            Ok(()) | Err(Ignored::LeaveAtHost | Ignored::Own | Ignored::UnknownType(0x22)) => {}
            Err(why) => panic!("{why}"),
        });
    }

    /// Carries the router's packets to the hosts, until there are no more.
    pub(super) fn carry(&mut self) {
        while let Some((_, vif, bytes)) = self.lab.plane.sent.get(self.seen).cloned() {
            self.seen += 1;
            for n in (0..self.hosts.len()).filter(|_| vif == lan()) {
                self.hear(n, &bytes);
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let hosts = self.hosts.iter().filter_map(Host::deadline);
        hosts.chain(self.lab.router.deadline()).min()
    }

    pub(super) fn run_to(&mut self, until: Duration) {
        let end = Instant::ZERO + until;
        while let Some(at) = self.deadline().filter(|&at| at <= end) {
            self.lab.now = at;
            self.lab.input(Input::Tick);
            self.carry();
            for n in 0..self.hosts.len() {
                self.host(n, Host::expire);
            }
            self.carry();
        }
        self.lab.now = end;
    }

    pub(super) fn flows(&mut self) -> bool {
        self.lab.datagram(up(), S) == [1]
    }

    /// The numbers of Reports and of Leaves since then.
    fn counted(&self, since: Duration) -> (usize, usize) {
        let since = Instant::ZERO + since;
        let (leaves, reports): (Vec<_>, Vec<_>) = self
            .said
            .iter()
            .filter(|(at, ..)| *at >= since)
            .partition(|(.., message)| matches!(message, Message::Leave { .. }));
        (reports.len(), leaves.len())
    }

    /// Group-Specific Queries since then.
    pub(super) fn asked(&self, since: Duration) -> Vec<Duration> {
        let specific = |(at, vif, bytes): &(Instant, Vif, Vec<u8>)| {
            let to = ipv4::decode(bytes).unwrap().destination;
            (to == G && *vif == lan()).then_some(at.since_start())
        };
        self.lab.plane.sent.iter().filter_map(specific).filter(|&at| at >= since).collect()
    }
}

// RFC2236-3-14, RFC2236-3-15, RFC2236-3-05
#[test]
fn a_member_gets_the_flow_at_once_and_for_as_long_as_it_stays() {
    let mut lan = Lan::new(1);
    assert!(!lan.flows());
    lan.join(0);
    for minute in 1..=60 {
        assert!(lan.flows(), "minute {minute}");
        lan.run_to(secs(60.0) * minute);
    }
}

// RFC2236-3-23, RFC2236-3-24
#[test]
fn when_the_last_member_leaves_the_router_asks_and_forgets() {
    let mut lan = Lan::new(1);
    lan.join(0);
    lan.run_to(secs(100.0));
    lan.leave(0);
    lan.run_to(secs(102.0) - NANO);
    assert!(lan.flows());
    lan.run_to(secs(102.0));
    assert!(!lan.flows());
    assert_eq!(lan.counted(secs(100.0)), (0, 1));
    assert_eq!(lan.asked(secs(0.0)), [100.0, 101.0].map(secs));
}

// RFC2236-3-13
#[test]
fn of_several_members_one_answers_each_query() {
    let mut lan = Lan::new(5);
    (0..5).for_each(|n| lan.join(n));
    lan.run_to(secs(150.0));
    // The Queries at 156.25 s, 281.25 s and 406.25 s.
    for query in [150.0, 275.0, 400.0] {
        lan.run_to(secs(query + 100.0));
        assert_eq!(lan.counted(secs(query)), (1, 0));
    }
    assert!(lan.flows());
}

// RFC2236-3-25, RFC2236-3-20
#[test]
fn when_one_of_two_members_leaves_the_flow_goes_on() {
    let mut lan = Lan::new(2);
    lan.join(0);
    lan.join(1);
    lan.run_to(secs(100.0));
    let last = usize::from(lan.hosts[1].reception().older().is_last_reporter(group()));
    lan.leave(last);
    lan.run_to(secs(101.0));
    assert_eq!(lan.counted(secs(100.0)), (1, 1), "the other answers within LMQI");
    lan.run_to(secs(1000.0));
    assert!(lan.flows());
    // Then the other host leaves: within LMQT forwarding stops.
    assert_eq!(lan.hosts[1 - last].reception().older().state(group()), GroupState::Idle);
    lan.leave(1 - last);
    lan.run_to(secs(1002.0));
    assert!(!lan.flows());
}

// RFC2236-3-20: a host that did not report last sends no Leave, so no Query is sent.
#[test]
fn a_silent_leave_disturbs_nobody() {
    let mut lan = Lan::new(2);
    lan.join(0);
    lan.join(1);
    lan.run_to(secs(200.0));
    let silent = usize::from(lan.hosts[0].reception().older().is_last_reporter(group()));
    lan.leave(silent);
    lan.run_to(secs(500.0));
    assert_eq!(lan.asked(secs(0.0)), []);
    assert!(lan.flows());
}

// RFC2236-3-16
#[test]
fn a_member_that_vanishes_is_forgotten_within_gmi() {
    let mut lan = Lan::new(1);
    lan.join(0);
    lan.run_to(secs(100.0));
    let last = lan.said.last().unwrap().0.since_start();
    lan.hosts.clear();
    lan.run_to(last + secs(260.0) - NANO);
    assert!(lan.flows());
    lan.run_to(last + secs(260.0));
    assert!(!lan.flows());
}

// RFC2236-3-14: the router's own host stack is a member too, and silences the others.
#[test]
fn a_member_that_our_own_reports_silence_keeps_the_flow() {
    let mut lan = Lan::new(1);
    lan.add(Ipv4Addr::new(10, 0, 1, 5));
    lan.join(0);
    lan.join(1);
    for minute in 1..=200 {
        lan.run_to(secs(60.0) * minute);
        assert!(lan.flows(), "minute {minute}");
    }
}

// RFC2236-4-04, RFC2236-4-05, RFC2236-4-09
#[test]
fn with_a_version_1_router_hosts_do_not_leave() {
    let mut config = config();
    let v1 = Params { version: Version::V1, ..Params::v2() };
    config.interfaces[1].igmp = Some(v1);
    let mut lan = Lan::with(config, 1);
    lan.join(0);
    lan.run_to(secs(100.0));
    assert!(lan.said.iter().all(|(.., message)| matches!(message, Message::V1Report { .. })));
    lan.leave(0);
    let last = lan.said.last().unwrap().0.since_start();
    lan.run_to(last + secs(260.0) - NANO);
    assert!(lan.flows());
    lan.run_to(last + secs(260.0));
    assert!(!lan.flows());
}
