//! A router as its driver sees it: inputs in, outputs carried out by a small model of the kernel's
//! multicast routing, in virtual time.
//!
//! The network: `up` (vif0, 10.0.0.0/24), `lan` (vif1, 10.0.1.0/24), `wlan` (vif2, 10.0.2.0/24).

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::config::{KEEPALIVE, MAX_FLOWS, RouteConfig};
use super::*;
use crate::addr::{Channel, Source};
use crate::drive::{self, DataPlane};
use crate::gmp::params::Params;
use crate::igmp;
use crate::igmp::ALL_ROUTERS;
use crate::mfc::entry::FlowCounters;
use crate::rib::Cost;
use crate::wire::igmp::{self as wire, Message};
use crate::wire::ip::Datagram;
use crate::wire::ipv4;

mod boundaries;
mod configuration;
mod discovery;
mod door;
mod flows;
mod forwarding;
mod hosts;
mod inheriting;
mod ipv6;
mod links;
mod pim;
mod properties;
mod proxy;
mod reconfiguration;
mod rules;
mod sources;

/// The kernel's multicast routing, as far as a router can tell.
#[derive(Default)]
struct Plane {
    /// The time of the turn.
    now: Instant,
    vifs: BTreeMap<Vif, u8>,
    listens: BTreeSet<(Vif, Group)>,
    cache: BTreeMap<Flow, (MfcEntry, FlowCounters)>,
    sent: Vec<(Instant, Vif, Vec<u8>)>,
    events: Vec<(Instant, Event)>,
    sets: usize,
    refuse_sets: bool,
    refuse_sends: bool,
}

impl DataPlane for Plane {
    fn send(&mut self, by: Way, packet: &Datagram) -> Result<(), String> {
        let Way::Link(vif) = by else { return Err("no such way".into()) };
        if self.refuse_sends {
            return Err("the network is down".into());
        }
        self.sent.push((self.now, vif, packet.encode().unwrap()));
        Ok(())
    }

    fn add_vif(&mut self, vif: Vif, kind: VifKind, threshold: u8) -> Result<(), String> {
        let mut entries = self.cache.values().map(|(entry, _)| entry);
        let stale = entries.find(|entry| entry.iif == vif || entry.oifs.contains_key(&vif));
        assert_eq!(stale, None, "the kernel forwards by it out of whatever {vif} is now");
        let number = if vif == Vif::REGISTER { VifKind::Register } else { VifKind::Device };
        assert_eq!((kind, self.vifs.insert(vif, threshold)), (number, None));
        Ok(())
    }

    fn delete_vif(&mut self, vif: Vif) -> Result<(), String> {
        self.vifs.remove(&vif).map(drop).ok_or("no such interface".into())
    }

    fn listen(&mut self, vif: Vif, group: Group) -> Result<(), String> {
        assert!(self.listens.insert((vif, group)), "{group} is heard twice on {vif}");
        Ok(())
    }

    fn unlisten(&mut self, vif: Vif, group: Group) -> Result<(), String> {
        assert!(self.listens.remove(&(vif, group)), "{group} was not heard on {vif}");
        Ok(())
    }

    fn set_entry(&mut self, _: Instant, entry: &MfcEntry) -> Result<(), String> {
        if self.refuse_sets {
            return Err("no room".into());
        }
        self.sets += 1;
        let counters = self.cache.get(&entry.flow).map(|known| known.1);
        self.cache.insert(entry.flow, (entry.clone(), counters.unwrap_or_default()));
        Ok(())
    }

    fn delete_entry(&mut self, flow: Flow) -> Result<(), String> {
        self.cache.remove(&flow).map(drop).ok_or("no such entry".into())
    }

    fn count(&mut self, flow: Flow) -> Result<Option<FlowCounters>, String> {
        Ok(self.cache.get(&flow).map(|known| known.1))
    }

    fn observe(&mut self, now: Instant, event: &Event) {
        self.events.push((now, event.clone()));
    }
}

/// A router with its data plane and the time.
struct Lab {
    router: Router,
    plane: Plane,
    now: Instant,
}

impl Lab {
    fn new() -> Self {
        Self::with(config())
    }

    fn with(config: Config) -> Self {
        let router = Router::new(config, Instant::ZERO, Rng::for_node(1, "r1")).unwrap();
        let mut lab = Self { router, plane: Plane::default(), now: Instant::ZERO };
        drive::settle(&mut lab.router, &mut lab.plane, lab.now);
        lab
    }

    fn input(&mut self, input: Input<'_>) {
        self.plane.now = self.now;
        drive::turn(&mut self.router, &mut self.plane, self.now, input);
    }

    fn packet(&mut self, on: Vif, to: Ipv4Addr, message: &Message) {
        let host = Ipv4Addr::new(10, 0, u8::try_from(on.index()).unwrap(), 100);
        let bytes = ipv4::encode_igmp(host, to, message).unwrap();
        self.input(Input::octets(on, &bytes));
    }

    fn report(&mut self, on: Vif) {
        self.packet(on, G, &Message::V2Report { group: G });
    }

    fn leave(&mut self, on: Vif) {
        self.packet(on, ALL_ROUTERS, &Message::Leave { group: G });
    }

    /// Lets time pass until then, stopping at every deadline.
    fn run_to(&mut self, until: Duration) {
        let end = Instant::ZERO + until;
        assert!(end >= self.now, "time runs forwards");
        while let Some(at) = self.router.deadline().filter(|&at| at <= end) {
            self.now = at;
            self.input(Input::Tick);
            assert!(self.router.deadline().is_none_or(|next| next > at), "no progress at {at}");
        }
        self.now = end;
    }

    /// A datagram from `source` to the group comes in on `vif`; returns where it goes out. The
    /// kernel holds a datagram without an entry until the router has decided.
    fn datagram(&mut self, on: Vif, source: &str) -> Vec<usize> {
        self.datagram_to(on, source, G)
    }

    fn datagram_to(&mut self, on: Vif, source: &str, to: Ipv4Addr) -> Vec<usize> {
        let flow = flow(source, to);
        if !self.plane.cache.contains_key(&flow) {
            self.input(Input::Upcall(Upcall { kind: UpcallKind::NoCache, vif: on, flow }));
        }
        let Some((entry, counters)) = self.plane.cache.get_mut(&flow) else { return vec![] };
        counters.packets += 1;
        if entry.iif == on {
            return entry.oifs.keys().map(|vif| vif.index()).collect();
        }
        counters.wrong_if += 1;
        self.input(Input::Upcall(Upcall { kind: UpcallKind::WrongVif, vif: on, flow }));
        vec![]
    }

    /// The entry of the flow from `source`: its incoming and outgoing interfaces.
    fn entry(&self, source: &str) -> Option<(usize, Vec<usize>)> {
        let (entry, _) = self.plane.cache.get(&flow(source, G))?;
        Some((entry.iif.index(), entry.oifs.keys().map(|vif| vif.index()).collect()))
    }

    fn told(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        self.plane.events.iter().filter(|(_, event)| wanted(event)).count()
    }

    fn ignored(&self) -> Vec<Ignored> {
        let why = |(_, event): &(_, Event)| match event {
            Event::Ignored(_, why) => Some(why.clone()),
            _ => None,
        };
        self.plane.events.iter().filter_map(why).collect()
    }
}

const NANO: Duration = Duration::from_nanos(1);
const G: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 1);
/// A source on `up`.
const S: &str = "10.0.0.7";

fn up() -> Vif {
    Vif::new(0).unwrap()
}

fn lan() -> Vif {
    Vif::new(1).unwrap()
}

fn wlan() -> Vif {
    Vif::new(2).unwrap()
}

fn secs(secs: f64) -> Duration {
    Duration::from_secs_f64(secs)
}

fn group() -> Group {
    Group::new(G.into()).unwrap()
}

fn source_at(address: &str) -> Source {
    Source::new(address.parse().unwrap()).unwrap()
}

fn flow(source: &str, group: Ipv4Addr) -> Flow {
    Flow { source: source_at(source), group: Group::new(group.into()).unwrap() }
}

fn interface(name: &str, net: u8) -> InterfaceConfig {
    InterfaceConfig {
        name: name.into(),
        addresses: vec![format!("10.0.{net}.5/24").parse().unwrap()],
        igmp: Some(Params::v2()),
        threshold: 1,
        static_joins: BTreeSet::new(),
        upstream: false,
        only_forwarder: false,
        pim: None,
        discovery: None,
        boundaries: Vec::new(),
    }
}

fn config() -> Config {
    let names = ["up", "lan", "wlan"];
    let interfaces = (0..).zip(names).map(|(net, name)| interface(name, net)).collect();
    Config {
        family: Family::V4,
        interfaces,
        routes: vec![],
        keepalive: KEEPALIVE,
        rules: Vec::new(),
        max_flows: MAX_FLOWS,
        pim: None,
    }
}

/// The configuration with a static join on `lan`, of one source or of all.
fn joined(source: Option<&str>) -> Config {
    let mut config = config();
    let source = source.map(source_at);
    config.interfaces[1].static_joins.insert(Channel { source, group: group() });
    config
}

fn route(prefix: &str, interface: &str) -> RouteConfig {
    let (prefix, interface) = (prefix.parse().unwrap(), interface.into());
    RouteConfig { prefix, interface, via: None, cost: Cost::default() }
}

fn query(max_resp_code: u8, group: Ipv4Addr) -> Message {
    Message::Query(wire::Query { max_resp_code, group, v3: None })
}
