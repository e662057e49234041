//! A Linux bridge that snoops IGMP or MLD (net/bridge/br_multicast.c), without a spanning tree.
//!
//! Decides to which ports a frame is forwarded, what the bridge believes about members and routers,
//! and which Queries it sends. Without a querier, and until the first answers to it are in, the
//! bridge forwards every frame everywhere. Reports of version 1 and 2 go to routers only; version 3
//! Reports, Leaves and Queries go everywhere. In version 3 it forwards by source.

mod addresses;
mod changes;
mod channels;
mod hosts;
mod inet;
mod octets;
mod querier;
mod snoop;
mod table;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use castnet::time::Instant;
use castnet::wire::igmp::Version;

use super::jiffies::ticks;
use super::wheel::Wheel;
use crate::knobs::BridgeKnobs;
use crate::recording::Holds;
use addresses::Addresses;
pub use inet::BridgeInet;
use querier::{Own, Querier};
use snoop::Carried;
use table::Table;

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
    /// An entry of the database of members, as it is from now on.
    Mdb {
        /// The group.
        group: A,
        /// The source, if the entry is of one.
        source: Option<A>,
        /// The port that the entry is about.
        port: usize,
        /// What it holds; `None` if it is gone.
        holds: Option<Holds<A>>,
    },
    /// A port leads to a router from now on, or no longer does.
    Router {
        /// The port.
        port: usize,
        /// Whether it leads to a router.
        on: bool,
    },
}

/// The time of a call, and where what the bridge does and reports goes.
struct Cx<'a, A> {
    now: Instant,
    out: &'a mut Vec<BridgeOut<A>>,
}

/// The timers of a bridge, each with its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due<A> {
    /// The membership of the group behind the port expires.
    Member(A, usize),
    /// The next Query about the group or its sources is due on the port.
    AskAgain(A, usize),
    /// The port no longer wants, or from now on excludes, this source of the group.
    Source(A, usize, A),
    /// An entry without ports goes: that of the group, or that of a source.
    Empty(A, Option<A>),
    /// On a port with fast leave, all hosts that named a source of the group are forgotten.
    Named(A, usize, A),
    /// On a port with fast leave, one host that named a source, which comes last, is forgotten.
    NamedBy(A, usize, A, A),
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
    table: Table<A>,
    querier: Querier<A>,
    timers: Wheel<Due<A>>,
}

/// The most sources that are kept for a port and a group, and for a host (`PG_SRC_ENT_LIMIT`).
const MOST_SOURCES: usize = 32;

/// A group, and a port with members of it.
type Place<A> = (A, usize);

/// A port.
#[derive(Clone, Debug)]
struct Port {
    is_up: bool,
    own: Own,
    /// The number of the port's entries in the database.
    entries: u32,
    /// The number of hosts that are known behind the port, each once for each group.
    hosts: usize,
}

impl<A: BridgeInet> Bridge<A> {
    /// A bridge with so many ports, all up, that sends no Queries yet.
    #[must_use]
    pub fn new(settings: Settings<A>, ports: usize) -> Self {
        let port = Port { is_up: true, own: Own::default(), entries: 0, hosts: 0 };
        Self {
            settings,
            ports: vec![port; ports],
            addresses: Addresses::default(),
            table: Table::default(),
            querier: Querier::default(),
            timers: Wheel::new(),
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
            match self.snoop(&mut Cx { now, out }, port, packet) {
                Carried::Nowhere => return,
                Carried::ToMembers(source, group) if self.snoops() => {
                    let wanted = self.table.wanted_by(self.settings.knobs.version, source, group);
                    wanted.into_iter().chain(self.routers()).collect()
                }
                Carried::ToRouters if self.snoops() => self.routers().collect(),
                Carried::Everywhere | Carried::ToMembers(..) | Carried::ToRouters => self.all(),
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
            for group in self.table.groups_at(port) {
                self.forget(&mut Cx { now, out }, (group, port));
            }
            if self.timers.runs(Due::Router(port)) {
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
        self.timers.deadline()
    }

    /// Serves the timers whose time has come; harmless at any time.
    pub fn expire(&mut self, now: Instant, out: &mut Vec<BridgeOut<A>>) {
        let cx = &mut Cx { now, out };
        while let Some(due) = self.timers.pop_expired(now) {
            match due {
                Due::Member(group, port) => self.end(cx, (group, port)),
                Due::Source(group, port, source) => self.end_source(cx, (group, port), source),
                Due::AskAgain(group, port) => self.ask_again(cx, (group, port)),
                Due::Empty(group, source) => self.end_empty(group, source),
                Due::Named(group, port, source) => self.unname_by_all((group, port), source),
                Due::NamedBy(group, port, source, host) => {
                    self.unname((group, port), host, source);
                }
                Due::Router(port) => cx.out.push(BridgeOut::Router { port, on: false }),
                Due::OtherQuerier => self.begin(now),
                Due::FirstAnswers => {}
                Due::Own => self.ask_itself(now),
                Due::OwnOn(port) => self.ask_on(cx, port),
            }
        }
    }

    /// Whether members and routers decide where a frame goes.
    fn snoops(&self) -> bool {
        let has_querier = self.querier.is_on || self.timers.runs(Due::OtherQuerier);
        has_querier && !self.timers.runs(Due::FirstAnswers)
    }

    fn is_up(&self, port: usize) -> bool {
        self.ports.get(port).is_some_and(|port| port.is_up)
    }

    fn all(&self) -> BTreeSet<usize> {
        (0..self.ports.len()).collect()
    }

    /// The ports that lead to a router.
    fn routers(&self) -> impl Iterator<Item = usize> {
        (0..self.ports.len()).filter(|&port| self.timers.runs(Due::Router(port)))
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
