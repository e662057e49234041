//! PIM on interfaces that change: addresses, parameters, and messages that cannot be sent.

use super::*;
use crate::pim;
use crate::wire::icmpv6::Ends;
use crate::wire::ip::Header;
use crate::wire::pim::{Hello, HelloOption, Message as PimMessage, decode};

/// The configuration with PIM on `up` and `lan`.
fn speaking() -> Config {
    let mut config = config();
    config.pim = Some(pim::params::Params::default());
    config.interfaces[0].pim = Some(pim::params::LinkParams::default());
    config.interfaces[1].pim = Some(pim::params::LinkParams::default());
    config
}

/// A Hello as the link has seen it.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    at: Duration,
    from: String,
    holdtime: u16,
    priority: u32,
    generation: u32,
    secondary: Vec<String>,
}

impl Lab {
    /// The Hellos on `lan` since then, in seconds.
    fn hellos(&self, since: f64) -> Vec<Said> {
        let since = Instant::ZERO + secs(since);
        let sent = self.plane.sent.iter().filter(|(at, on, _)| *on == lan() && *at >= since);
        sent.filter_map(|(at, _, bytes)| hello(*at, bytes)).collect()
    }

    fn join_prunes(&self, since: f64) -> Vec<Duration> {
        let since = Instant::ZERO + secs(since);
        let sent = self.plane.sent.iter().filter(|(at, on, _)| *on == up() && *at >= since);
        let joins =
            sent.filter(|(_, _, bytes)| matches!(pim_of(bytes), Some(PimMessage::JoinPrune(_))));
        joins.map(|(at, ..)| at.since_start()).collect()
    }

    /// A Hello of 10.0.0.1, a neighbour on `up`.
    fn neighbour(&mut self) {
        let options = vec![HelloOption::Holdtime(u16::MAX), HelloOption::GenerationId(1)];
        let message = PimMessage::Hello(Hello { options });
        let packet = pim::encode("10.0.0.1".parse().unwrap(), &message).unwrap();
        self.input(Input::octets(up(), &packet.encode().unwrap()));
    }
}

fn pim_of(bytes: &[u8]) -> Option<PimMessage> {
    let packet = Packet::decode(bytes).unwrap();
    let Header { source, destination, protocol, .. } = packet.header;
    (protocol == PIM)
        .then(|| decode(packet.payload, Ends::of(source, destination)).unwrap().message)
}

fn hello(at: Instant, bytes: &[u8]) -> Option<Said> {
    let Some(PimMessage::Hello(hello)) = pim_of(bytes) else { return None };
    let from = Packet::decode(bytes).unwrap().header.source.to_string();
    let (mut holdtime, mut priority, mut generation, mut secondary) = (0, 0, 0, Vec::new());
    for option in hello.options {
        match option {
            HelloOption::Holdtime(seconds) => holdtime = seconds,
            HelloOption::DrPriority(own) => priority = own,
            HelloOption::GenerationId(own) => generation = own,
            HelloOption::AddressList(all) => {
                secondary = all.iter().map(ToString::to_string).collect();
            }
            _ => {}
        }
    }
    let at = at.since_start();
    Some(Said { at, from, holdtime, priority, generation, secondary })
}

// RFC7761-4.3.1-11, RFC7761-4.3.1-06: a router with another address is another neighbour. The old address
// can say goodbye no more.
#[test]
fn a_link_with_another_address_starts_anew() {
    let mut lab = Lab::with(speaking());
    lab.run_to(secs(100.0));
    let before = lab.hellos(0.0).pop().unwrap();
    lab.link(lan(), true, &["10.0.1.8/24"]);
    lab.run_to(secs(105.0));
    let [now] = &lab.hellos(100.0)[..] else { panic!("one Hello") };
    assert_eq!((now.from.as_str(), now.holdtime), ("10.0.1.8", 105));
    assert_ne!(now.generation, before.generation);
    lab.link(lan(), true, &[]);
    lab.run_to(secs(300.0));
    assert_eq!(lab.hellos(135.5), [], "nothing can be sent without an address");
    lab.link(lan(), true, &LAN);
    lab.run_to(secs(305.0));
    assert_eq!(lab.hellos(135.5).len(), 1);
}

const LAN: [&str; 1] = ["10.0.1.5/24"];

// RFC7761-4.3.1-08
#[test]
fn a_secondary_address_is_announced_at_once() {
    let mut lab = Lab::with(speaking());
    lab.run_to(secs(100.0));
    let before = lab.hellos(0.0).pop().unwrap();
    lab.link(lan(), true, &["10.0.1.5/24", "10.0.1.6/24"]);
    let [now] = &lab.hellos(100.0)[..] else { panic!("one Hello") };
    assert_eq!(now.secondary, ["10.0.1.6"]);
    assert_eq!((now.at, now.generation), (secs(100.0), before.generation));
    lab.link(lan(), true, &["10.0.1.5/24", "10.0.1.6/24"]);
    assert_eq!(lab.hellos(100.0).len(), 1, "nothing has changed");
}

#[test]
fn another_priority_is_announced_at_once() {
    let mut lab = Lab::with(speaking());
    lab.run_to(secs(100.0));
    let mut config = speaking();
    config.interfaces[1].pim.as_mut().unwrap().dr_priority = 7;
    lab.input(Input::Configure(config));
    let [now] = &lab.hellos(100.0)[..] else { panic!("one Hello") };
    assert_eq!((now.priority, now.holdtime), (7, 105));
}

// RFC7761-4.3.1-11
#[test]
fn pim_that_is_configured_no_more_says_goodbye_and_can_start_again() {
    let mut lab = Lab::with(speaking());
    lab.run_to(secs(100.0));
    let mut config = speaking();
    config.interfaces[1].pim = None;
    lab.input(Input::Configure(config));
    let [now] = &lab.hellos(100.0)[..] else { panic!("one Hello") };
    assert_eq!(now.holdtime, 0);
    let routers = Family::V4.pim_routers();
    assert!(!lab.plane.listens.contains(&(lan(), routers)));
    assert!(lab.plane.listens.contains(&(up(), routers)));
    lab.run_to(secs(200.0));
    lab.input(Input::Configure(speaking()));
    lab.run_to(secs(205.0));
    assert_eq!(lab.hellos(100.5).len(), 1);
    let mut config = speaking();
    config.pim = None;
    lab.input(Input::Configure(config));
    assert!(!lab.plane.vifs.contains_key(&Vif::REGISTER));
}

// RFC7761-4.3.1-11
#[test]
fn a_router_that_ends_says_goodbye_on_each_link_once() {
    let mut lab = Lab::with(speaking());
    lab.run_to(secs(100.0));
    lab.input(Input::End);
    lab.input(Input::End);
    let [now] = &lab.hellos(100.0)[..] else { panic!("one Hello") };
    assert_eq!(now.holdtime, 0);
}

// While an address is tentative nothing can be sent. The next Hello would come after 30 s, and the next
// Join after 60 s.
#[test]
fn what_could_not_be_sent_is_sent_again_soon() {
    let mut config = speaking();
    config.routes = vec![route("10.9.0.0/24", "up")];
    config.routes[0].via = Some("10.0.0.1".parse().unwrap());
    config.interfaces[1].static_joins.insert(Channel {
        source: Some(source_at("10.9.0.9")),
        group: Group::new(Ipv4Addr::new(232, 1, 1, 1).into()).unwrap(),
    });
    let mut lab = Lab::with(config);
    lab.run_to(secs(100.0));
    lab.plane.refuse_sends = true;
    lab.neighbour();
    lab.run_to(secs(106.0));
    assert_eq!((lab.hellos(100.0).len(), lab.join_prunes(100.0)), (0, vec![]));
    lab.plane.refuse_sends = false;
    lab.run_to(secs(108.0));
    assert_eq!(lab.join_prunes(100.0).len(), 1);
    lab.run_to(secs(160.0));
    assert_eq!(lab.join_prunes(100.0).len(), 1, "once is enough");
}
