//! What to build, to do and to judge: a scenario with every name resolved, every address given and
//! every protocol interval turned into arithmetic.
//!
//! A backend reads the topology and the timeline, the judge reads the checks. Neither reads TOML.

pub mod arithmetic;

mod about;
mod addresses;
mod cache;
mod cast;
mod check;
mod claim;
mod command;
mod compile;
mod contrary;
mod delivery;
mod devices;
mod evidence;
mod fault;
mod fits;
mod in_force;
mod injection;
mod kept;
mod limits;
mod lookup;
mod own;
mod packet;
mod place;
mod planned;
mod port;
mod proof;
mod quality;
mod refusal;
mod resolve;
mod router;
mod routes;
mod segment;
mod setting;
mod sources;
mod state;
mod subnets;
mod timeline;
mod timing;
mod topology;
mod wanting;
mod whereabouts;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::time::Duration;

use castnet::addr::{Family, Group};
use castnet::time::Instant;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::knobs::SwitchKnobs;
use crate::scenario::{Backend, Backends, Listener, Pace, Record, Timers, Waiver};

pub use check::{
    Check, Claim, CommandResult, Counted, Filter, Latency, Limits, MembersOf, MfcState, Quality,
    Reading, Receiver, Step, When, Window,
};
pub use compile::{LoadError, SEED, Wishes, compile, compile_all, load, load_with, load_within};
pub use devices::Swap;
pub use fault::Fault;
pub use injection::{Flaws, Injection, Payload};
pub use place::Place;
pub use port::{LINK_LOCAL_LENGTH, Port};
pub use router::{Device, FlowRule, Router, RouterPort, Software, SourceRoute};

pub use crate::protocol::filter::SourceFilter;

/// A compiled scenario.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The scenario's name: its path below `scenarios/`, without the ending, and the combination.
    pub name: String,
    /// Which combination of its matrix it is: `version=2,lmqi=500ms`; empty if it has none.
    pub combination: String,
    /// The software that the user wanted on routers instead of the scenario's: `r1=frr`.
    #[serde(default)]
    pub swaps: Vec<String>,
    /// The file, as the user named it.
    pub path: String,
    /// One line with the scenario's claim.
    pub title: String,
    /// The family of all its addresses.
    pub family: Family,
    /// The ids of the RFC clauses that it proves, each by at least one of its checks.
    pub proves: Vec<String>,
    /// How late a real machine may be: as the file says, or else the usual.
    pub tolerance: Duration,
    /// How late a run in virtual time may be: as the file says, or else not at all.
    pub virtual_tolerance: Duration,
    /// What is allowed in the file and rarely meant, each with its place, for people.
    pub remarks: Vec<String>,
    /// Whose timers its nodes have.
    pub timers: Timers,
    /// The line that says that its times belong to the file's timers, if one does.
    pub own_timers: Option<usize>,
    /// The plan with the RFCs' timers, which takes the place of this one where time is virtual.
    #[serde(default)]
    pub by_default: Option<Box<Plan>>,
    /// When the run ends.
    pub end: Duration,
    /// The seed of castnet's hosts' random delays and of the chances of faults.
    pub seed: u64,
    /// The links.
    pub links: Vec<Link>,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Where nodes meet links.
    pub ports: Vec<Port>,
    /// The timeline, in the order of time.
    pub acts: Vec<Act>,
    /// The faults of the links, in the order of the file.
    pub faults: Vec<Fault>,
    /// The rules of every run from which this one is excused.
    pub waivers: Vec<Waiver>,
    /// The backends that it runs on, if not on all.
    pub backends: Option<Backends>,
    /// Which frames of the run are kept.
    pub record: Record,
    /// What must come true, in the order of the file.
    pub checks: Vec<Check>,
    /// When the counters of forwarding caches must be read for the checks.
    pub readings: Vec<Reading>,
    /// Whether runs are compared with goldens.
    pub golden: Option<Golden>,
}

/// Which runs are compared with goldens.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Golden {
    /// The line of the file with the key.
    pub line: usize,
    /// The backends whose runs are compared.
    pub backends: Vec<Backend>,
}

/// The position of a link in [`Plan::links`].
pub type LinkId = usize;
/// The position of a node in [`Plan::nodes`].
pub type NodeId = usize;
/// The position of a port in [`Plan::ports`].
pub type PortId = usize;
/// The position of an act in [`Plan::acts`].
pub type ActId = usize;
/// The position of a reading in [`Plan::readings`].
pub type ReadingId = usize;

/// A link.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Link {
    /// Its name, and that of every interface on it.
    pub name: String,
    /// Its network.
    pub subnet: IpNet,
    /// The first link of the segment that switches make; the link itself if no switch is on it.
    pub segment: LinkId,
    /// The ports on it.
    pub ports: Vec<PortId>,
    /// Its delay and bandwidth.
    pub pace: Pace,
}

/// A node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// Its interfaces, in the order of the links.
    pub ports: Vec<PortId>,
    /// Whether its daemon must be a process of its own.
    pub is_process: bool,
    /// Whether its kernel keeps the limits and habits of the distribution.
    #[serde(default)]
    pub as_distributed: bool,
    /// Its unicast routes to other networks.
    pub routes: Vec<Route>,
}

/// A unicast route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The destination network.
    pub to: IpNet,
    /// The next router.
    pub via: IpAddr,
    /// The node's interface that leads there.
    pub port: PortId,
}

/// The role of a node.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Role {
    /// A router.
    Router(Router),
    /// A host that joins groups.
    Listener(Listener),
    /// A host that sends.
    Source,
    /// A sender of IGMP messages; the one given is sent from the start of the run.
    Injector(Option<Injection>),
    /// A bridge that snoops IGMP.
    Switch(Switch),
}

/// A switch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Switch {
    /// How it snoops and queries.
    pub knobs: SwitchKnobs,
    /// The source of its Queries; `None` if it never becomes a querier.
    pub address: Option<IpAddr>,
    /// The ports on which a Leave takes effect at once.
    pub fast_leave: Vec<PortId>,
}

impl Switch {
    /// The source of its Queries, if it is a querier now.
    #[must_use]
    pub fn queries_from(&self) -> Option<IpAddr> {
        self.address.filter(|_| self.knobs.querier)
    }
}

/// An act.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Act {
    /// Its time from the start of the run.
    pub at: Duration,
    /// Its name, or its words.
    pub label: String,
    /// The act in words.
    pub words: String,
    /// The node that does it.
    pub node: NodeId,
    /// The action.
    pub action: Action,
}

/// What an act does.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Action {
    /// Want these sources of a group on an interface from now on: join it, or change the filter.
    Join(PortId, Group, SourceFilter),
    /// Try to join a group, which the host has to refuse (RFC4604-2.1-01, RFC1112-3-02).
    RefusedJoin(PortId, Group, SourceFilter),
    /// Want these sources of a group by another socket, which reads no datagrams; none to leave it.
    OtherSocket(PortId, Group, u32, SourceFilter),
    /// Leave it.
    Leave(PortId, Group),
    /// Hosts of a population join and leave at random.
    Churn(Churn),
    /// Send numbered datagrams.
    Send(Stream),
    /// Try to send numbered datagrams, each of which the host has to refuse (RFC1112-3-01).
    RefusedSend(Stream),
    /// Send an IGMP message.
    Inject(Injection),
    /// Stop all sending.
    Stop,
    /// The interface goes down, or comes up.
    Interface {
        /// The interface.
        port: PortId,
        /// Whether it comes up.
        up: bool,
    },
    /// Kill the daemon, as `kill -9` does.
    Kill,
    /// Start the daemon again.
    Restart,
    /// Use another configuration.
    Set(Setting),
    /// Run a program in the node's namespace.
    Exec(Vec<String>),
}

/// The whole configuration of a node from some time on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Setting {
    /// A router; its interfaces stay.
    Router(Router),
    /// The version that a listener's kernel is fixed to.
    IgmpVersion(u8),
    /// What a scripted querier sends.
    Querier(Injection),
    /// A switch; its ports stay.
    Switch(Switch),
}

/// Hosts that join at random and stay for a random time, both exponentially distributed (a Poisson
/// process).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Churn {
    /// The population's interface.
    pub port: PortId,
    /// What they join.
    pub group: Group,
    /// The sources that they want.
    pub filter: SourceFilter,
    /// Mean time from one join to the next.
    pub interval: Duration,
    /// Mean time that a host stays.
    pub stay: Duration,
    /// How long hosts keep joining; until the run ends if `None`.
    pub during: Option<Duration>,
}

/// A stream of numbered datagrams.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stream {
    /// Its number, which every datagram carries.
    pub id: u32,
    /// The interface that it leaves on.
    pub port: PortId,
    /// Its IP source, an address of that interface.
    pub source: IpAddr,
    /// Its group.
    pub group: Group,
    /// Time from one datagram to the next.
    pub interval: Duration,
    /// How long; until the run ends if `None`.
    pub during: Option<Duration>,
    /// The IP TTL.
    pub ttl: u8,
    /// Octets of UDP payload.
    pub size: usize,
}

impl Stream {
    /// When a datagram of a stream that began at `began` is due; `None` if the stream is over
    /// before.
    #[must_use]
    pub fn due(&self, began: Instant, sequence: u64) -> Option<Instant> {
        let nanos = u64::try_from(self.interval.as_nanos()).unwrap_or(u64::MAX);
        let after = Duration::from_nanos(nanos.saturating_mul(sequence));
        self.during.is_none_or(|during| after < during).then(|| began + after)
    }
}

/// Whether an act has the node send datagrams.
fn sends(acts: &[Act], node: NodeId) -> bool {
    acts.iter().any(|act| act.node == node && matches!(act.action, Action::Send(_)))
}

impl Plan {
    /// Whether datagrams begin at the node: a source, or a host that an act has send.
    #[must_use]
    pub fn is_sender(&self, node: NodeId) -> bool {
        matches!(self.nodes[node].role, Role::Source) || sends(&self.acts, node)
    }

    /// Whether castnet must carry each frame of the link itself: faults may strike it, or it has a
    /// delay or bandwidth.
    #[must_use]
    pub fn is_wire(&self, link: LinkId) -> bool {
        let written = &self.links[link];
        written.pace != Pace::default() || self.faults.iter().any(|fault| fault.link == link)
    }

    /// A port in words: `r1:lan`.
    #[must_use]
    pub fn port_name(&self, port: PortId) -> String {
        let Port { node, link, .. } = self.ports[port];
        format!("{}:{}", self.nodes[node].name, self.links[link].name)
    }

    /// Whether a switch is on the link.
    #[must_use]
    pub fn is_switched(&self, link: LinkId) -> bool {
        let nodes = self.links[link].ports.iter().map(|&port| self.ports[port].node);
        nodes.into_iter().any(|node| matches!(self.nodes[node].role, Role::Switch(_)))
    }
}
