//! A Linux bridge that snoops IGMP or MLD (net/bridge/br_multicast.c), without a spanning tree.
//!
//! Decides to which ports a frame is forwarded, what the bridge believes about members and routers,
//! and which Queries it sends. Without a querier, and until the first answers to it are in, the
//! bridge forwards every frame everywhere. Reports of version 1 and 2 go to routers only; version 3
//! Reports, Leaves and Queries go everywhere. Refuses source lists: in version 3 a host that wants
//! some sources of a group counts as a member of all.

mod addresses;
mod inet;
mod octets;
mod querier;
mod snoop;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use castnet::time::{Instant, Timers};

use super::jiffies::{after, ticks};
use crate::knobs::BridgeKnobs;
use addresses::Addresses;
pub use inet::BridgeInet;
use querier::{Own, Querier};
use snoop::Carried;

/// The bridge's settings.
#[derive(Clone, Debug)]
pub struct Settings<A = Ipv4Addr> {
    /// Its attributes; [`Bridge::set_querier`] alone decides whether it queries.
    pub knobs: BridgeKnobs,
    /// The source address of its Queries; the unspecified one if the bridge has no address.
    pub address: A,
    /// For each port, whether a Leave takes effect at once.
    pub fast_leave: Vec<bool>,
}

/// An effect or a report of the bridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BridgeOut<A = Ipv4Addr> {
    /// The frame leaves through the port as it came.
    Forward {
        /// The port.
        port: usize,
        /// The whole IP packet; all ports share it.
        packet: Rc<[u8]>,
    },
    /// The bridge itself sends a packet, from its own Ethernet address.
    Send {
        /// The port.
        port: usize,
        /// The IP destination.
        to: A,
        /// The whole IP packet.
        packet: Vec<u8>,
    },
    /// A change of the database of members.
    Mdb {
        /// The group.
        group: A,
        /// The port that has members from now on, or no longer has any.
        port: usize,
        /// Whether it has members.
        on: bool,
    },
    /// A port leads to a router from now on, or no longer does.
    Router {
        /// The port.
        port: usize,
        /// Whether it leads to a router.
        on: bool,
    },
}

/// The timers of a bridge, each with its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due<A> {
    /// The membership of the group behind the port expires.
    Member(A, usize),
    /// The next Group-Specific Query for the group is due on the port.
    AskAgain(A, usize),
    /// The port stops leading to a router.
    Router(usize),
    /// The other querier expires.
    OtherQuerier,
    /// The first answers to the first Query are in.
    FirstAnswers,
    /// The next General Query of the bridge to itself.
    Own,
    /// The next General Query on the port.
    OwnOn(usize),
}

/// A bridge and its state.
#[derive(Clone, Debug)]
pub struct Bridge<A = Ipv4Addr> {
    settings: Settings<A>,
    ports: Vec<Port>,
    addresses: Addresses,
    members: BTreeMap<(A, usize), Member<A>>,
    querier: Querier<A>,
    timers: Timers<Due<A>>,
}

/// A port.
#[derive(Clone, Debug)]
struct Port {
    is_up: bool,
    own: Own,
}

/// The members of one group behind one port.
#[derive(Clone, Debug)]
struct Member<A> {
    /// The number of Queries still to be sent for the group.
    asks_left: u8,
    /// On a port with fast leave, the version 3 hosts and when each one's membership expires.
    hosts: BTreeMap<A, Instant>,
}

impl<A> Default for Member<A> {
    fn default() -> Self {
        Self { asks_left: 0, hosts: BTreeMap::new() }
    }
}

impl<A: BridgeInet> Bridge<A> {
    /// A bridge with so many ports, all up, that sends no Queries yet.
    #[must_use]
    pub fn new(settings: Settings<A>, ports: usize) -> Self {
        let port = Port { is_up: true, own: Own::default() };
        Self {
            settings,
            ports: vec![port; ports],
            addresses: Addresses::default(),
            members: BTreeMap::new(),
            querier: Querier::default(),
            timers: Timers::new(),
        }
    }

    /// Replaces the settings; running timers keep their deadlines.
    pub fn configure(&mut self, now: Instant, settings: Settings<A>) {
        let begins = settings.knobs.snooping && !self.settings.knobs.snooping;
        self.settings = settings;
        if begins {
            self.begin(now);
        }
    }

    /// A frame with these Ethernet addresses and this IP packet came in on the port.
    pub fn receive(
        &mut self,
        now: Instant,
        port: usize,
        source: [u8; 6],
        destination: [u8; 6],
        packet: &Rc<[u8]>,
        out: &mut Vec<BridgeOut<A>>,
    ) {
        // A group address is never a frame's source.
        if !self.is_up(port) || source[0] & 1 == 1 {
            return;
        }
        self.addresses.learn(now, source, port);
        let is_multicast = destination[0] & 1 == 1 && destination != [0xff; 6];
        let to: BTreeSet<usize> = if is_multicast && self.settings.knobs.snooping {
            match self.snoop(now, port, packet, out) {
                Carried::Nowhere => return,
                Carried::ToMembers(group) if self.snoops() => self.interested(group),
                Carried::ToRouters if self.snoops() => self.routers().collect(),
                Carried::Everywhere | Carried::ToMembers(_) | Carried::ToRouters => self.all(),
            }
        } else {
            let known = self.addresses.port(now, destination);
            known.map_or_else(|| self.all(), |known| BTreeSet::from([known]))
        };
        let to = to.into_iter().filter(|&to| to != port && self.is_up(to));
        out.extend(to.map(|port| BridgeOut::Forward { port, packet: packet.clone() }));
    }

    /// The port goes down, which ends everything known behind it, or comes up. Either way the
    /// bridge starts its Queries anew on all ports that are up.
    pub fn port(&mut self, now: Instant, port: usize, is_up: bool, out: &mut Vec<BridgeOut<A>>) {
        let Some(changed) = self.ports.get_mut(port) else { return };
        changed.is_up = is_up;
        if !is_up {
            let groups: Vec<_> = self
                .members
                .keys()
                .filter(|(_, at)| *at == port)
                .map(|&(group, _)| group)
                .collect();
            groups.into_iter().for_each(|group| self.forget(group, port, out));
            if self.timers.expiry(Due::Router(port)).is_some() {
                self.timers.cancel(Due::Router(port));
                out.push(BridgeOut::Router { port, on: false });
            }
            self.timers.cancel(Due::OwnOn(port));
            self.addresses.forget(port);
        }
        self.begin_on_ports(now);
    }

    /// When [`Self::expire`] must be called, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.timers.next().map(|deadline| deadline.at)
    }

    /// Serves the timers whose time has come; harmless at any time.
    pub fn expire(&mut self, now: Instant, out: &mut Vec<BridgeOut<A>>) {
        while let Some(due) = self.timers.pop_expired(now) {
            match due {
                Due::Member(group, port) => self.forget(group, port, out),
                Due::AskAgain(group, port) => self.ask_again(now, group, port, out),
                Due::Router(port) => out.push(BridgeOut::Router { port, on: false }),
                Due::OtherQuerier => self.begin(now),
                Due::FirstAnswers => {}
                Due::Own => self.ask_itself(now),
                Due::OwnOn(port) => self.ask_on(now, port, out),
            }
        }
    }

    /// Whether members and routers decide where a frame goes.
    fn snoops(&self) -> bool {
        let has_querier = self.querier.is_on || self.timers.expiry(Due::OtherQuerier).is_some();
        has_querier && self.timers.expiry(Due::FirstAnswers).is_none()
    }

    fn is_up(&self, port: usize) -> bool {
        self.ports.get(port).is_some_and(|port| port.is_up)
    }

    fn all(&self) -> BTreeSet<usize> {
        (0..self.ports.len()).collect()
    }

    /// The ports that lead to a router.
    fn routers(&self) -> impl Iterator<Item = usize> {
        (0..self.ports.len()).filter(|&port| self.timers.expiry(Due::Router(port)).is_some())
    }

    /// The ports with members of the group, and those that lead to a router.
    fn interested(&self, group: A) -> BTreeSet<usize> {
        self.ports_of(group).chain(self.routers()).collect()
    }

    fn ports_of(&self, group: A) -> impl Iterator<Item = usize> {
        self.members.range((group, 0)..=(group, usize::MAX)).map(|(&(_, port), _)| port)
    }

    /// Adds a membership of the group behind the port.
    fn add(&mut self, now: Instant, group: A, port: usize, out: &mut Vec<BridgeOut<A>>) {
        let lives = after(now, hundredths(self.settings.knobs.membership_interval));
        self.timers.set(Due::Member(group, port), lives);
        self.members.entry((group, port)).or_insert_with(|| {
            out.push(BridgeOut::Mdb { group, port, on: true });
            Member::default()
        });
    }

    /// Removes the membership of the group behind the port.
    fn forget(&mut self, group: A, port: usize, out: &mut Vec<BridgeOut<A>>) {
        self.timers.cancel(Due::Member(group, port));
        self.timers.cancel(Due::AskAgain(group, port));
        if self.members.remove(&(group, port)).is_some() {
            out.push(BridgeOut::Mdb { group, port, on: false });
        }
    }

    /// Last Member Query Time, in ticks.
    fn last_member_time(&self) -> u64 {
        hundredths(self.settings.knobs.last_member_interval)
            * u64::from(self.settings.knobs.last_member_count)
    }
}

/// A setting in ticks, rounded to the hundredths of a second in which the kernel takes it.
fn hundredths(time: Duration) -> u64 {
    const HUNDREDTH: Duration = Duration::from_millis(10);
    let whole = time.as_nanos() / HUNDREDTH.as_nanos();
    ticks(HUNDREDTH.saturating_mul(u32::try_from(whole).unwrap_or(u32::MAX)))
}
