//! A scenario as an author writes it: a topology, a timeline and what must come true, in one TOML
//! file.
//!
//! `drafts` reads the text into a [`Scenario`], or into several of them if there is a matrix, and
//! refuses text without a meaning; [`crate::plan`] checks whether names fit together. Every value
//! keeps its place in the files.

pub mod clauses;
pub mod diagnostic;
pub mod expr;
pub mod hex;
pub mod page;
pub mod schema;

mod act;
mod address;
mod backend;
mod boundary;
mod cache;
mod claim;
mod command;
mod daemon;
mod document;
mod entry;
mod expect;
mod extent;
mod family;
mod fault;
mod flow_rule;
mod gap;
mod generate;
mod golden;
mod inject;
mod invariant;
mod level;
mod matrix;
mod membership;
mod named;
mod node;
mod pace;
mod packet;
mod parse;
mod pim;
mod quality;
mod ramp;
mod reach;
mod reader;
mod scope;
mod set;
mod share;
mod source;
mod sources;
mod span;
mod speaks;
mod state;
mod switch;
mod template;
mod threshold;
mod time;
mod timers;
mod values;
mod verb;
pub mod walk;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::time::Duration;

use castnet::addr::{Family, Group};
use ipnet::IpNet;

use crate::knobs::{HostKnobs, Knobs, Level, PimKnobs, RouteCost, SwitchKnobs};
use crate::recipe::Recipe;
use diagnostic::Spanned;
use serde::{Deserialize, Serialize};

pub use crate::vocabulary::act::SMALLEST_PAYLOAD;
pub use crate::vocabulary::kind::PacketKind;
pub use backend::{Backend, Backends, Record};
pub use claim::{
    Claim, CommandClaim, Delivered, DeliveryClaim, Expectation, GivenField, Lasting, LatencyClaim,
    MdbClaim, MembersClaim, MembersOf, MfcClaim, MfcCounters, MfcEntryClaim, MfcPresent,
    OrderClaim, PacketClaim, PacketFilter, QualityLimit, QuerierClaim, When, Window, Written,
};
pub use fault::{Fault, FaultAction, HELD_AT_MOST};
pub use golden::Golden;
pub use invariant::{Invariant, Waiver};
pub use pace::Pace;
pub use share::{ShareLimit, WHOLE};
pub use source::{Source, Sources};
pub use template::{Kind, is_template, kind};
pub use time::LONGEST;
pub use timers::Timers;
pub use verb::{
    Act, Churn, Inject, InjectedMessage, InjectedQuery, InjectedRecord, JoinedSources,
    ListedSource, Membership, Repeat, Send, Set, Verb,
};

pub(crate) use family::other as other_family;
pub(crate) use gap::{Gap, Gaps};
pub(crate) use parse::{Draft, drafts};
pub(crate) use reach::Reach;
pub(crate) use source::{Unreadable, read};
pub(crate) use switch::complete;

/// A scenario as it was written.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// One line with the scenario's claim.
    pub title: Spanned<String>,
    /// The family of all its addresses.
    pub family: Family,
    /// The ids of the RFC clauses that it proves.
    pub proves: Vec<Spanned<String>>,
    /// How late a real machine may be; added to every bound in time.
    pub tolerance: Option<Spanned<Duration>>,
    /// When the run ends; by default when everything can be judged.
    pub end: Option<Spanned<Duration>>,
    /// Whose timers it has where time is virtual, if it says so.
    pub timers: Option<Spanned<Timers>>,
    /// Which runs are compared with goldens.
    pub golden: Option<Golden>,
    /// Whether links and nodes were generated; then only routers have routes, and only to the
    /// source.
    pub is_generated: bool,
    /// The links, in the order of the file.
    pub links: Vec<Link>,
    /// The nodes, in the order of the file.
    pub nodes: Vec<Node>,
    /// The timeline, in the order of the file.
    pub acts: Vec<Act>,
    /// The faults of the links, in the order of the file.
    pub faults: Vec<Fault>,
    /// The rules of every run from which this one is excused.
    pub waivers: Vec<Waiver>,
    /// The backends that it runs on, if not on all.
    pub backends: Option<Backends>,
    /// Which frames of a run are kept.
    pub record: Record,
    /// What must come true.
    pub expectations: Vec<Expectation>,
}

/// A link and its nodes.
#[derive(Clone, Debug)]
pub struct Link {
    /// Its name, which is also the name of the nodes' interfaces on it.
    pub name: Spanned<String>,
    /// The nodes on it, in the order of their addresses.
    pub nodes: Vec<Spanned<String>>,
    /// Its network; assigned by position if `None`.
    pub subnet: Option<Spanned<IpNet>>,
    /// The addresses that it gives to nodes; other nodes get free ones.
    pub addresses: Vec<Given>,
    /// Its delay and bandwidth.
    pub pace: Pace,
}

/// The addresses that a node is given on a link.
#[derive(Clone, Debug)]
pub struct Given {
    /// The node.
    pub who: Spanned<String>,
    /// Its addresses, at least one; the first is the primary one.
    pub addresses: Vec<Spanned<IpAddr>>,
}

/// A node and its role.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name.
    pub name: Spanned<String>,
    /// Its role.
    pub role: Role,
    /// Whether its kernel keeps the limits and habits of the distribution.
    pub as_distributed: bool,
}

/// The role of a node.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Role {
    /// castnet's routing core over the kernel's multicast routing.
    Router(Router),
    /// Sockets that join groups; the kernel speaks IGMP for them.
    Listener(Listener),
    /// A sender of numbered datagrams.
    Source,
    /// A sender of any IGMP message.
    Injector,
    /// A scripted foreign querier.
    Querier(Querier),
    /// A bridge that snoops IGMP.
    Switch(Switch),
}

/// The keys of a router.
#[derive(Clone, Debug)]
pub struct Router {
    /// Its parameters of group management, on every link.
    pub knobs: Knobs,
    /// Its parameters of PIM, if it speaks it.
    pub pim: Option<Box<Pim>>,
    /// Its upstream link, if it is a proxy.
    pub upstream: Option<Spanned<String>>,
    /// The links on which a proxy forwards to members whoever is the querier.
    pub only_forwarder: Vec<Spanned<String>>,
    /// Channels that it forwards to a link without members.
    pub static_joins: Vec<StaticJoin>,
    /// What it does by configuration alone.
    pub fixed: Box<Fixed>,
    /// Whether it has routes to all networks of the topology, or only to its own and by `routes`.
    pub derive_routes: bool,
    /// The link that leads to a network, where it differs from the derived one.
    pub routes: Vec<Route>,
    /// The TTL threshold of interfaces without one of their own.
    pub ttl_threshold: u8,
    /// The TTL thresholds of interfaces that have one, by their links.
    pub ttl_thresholds: Vec<(Spanned<String>, u8)>,
    /// How long a flow may be idle before its entry goes.
    pub keepalive: Duration,
    /// Whether its daemon is a process of its own even without an act `kill`.
    pub is_process: bool,
    /// Its software: the name of a recipe, or the path of one from the file on; castnet's own if `None`.
    pub device: Option<Spanned<String>>,
    /// The program of its own that it runs instead.
    pub own: Option<Box<OwnDaemon>>,
}

/// A daemon that the scenario itself names.
#[derive(Clone, Debug)]
pub struct OwnDaemon {
    /// The place of the key `daemon`.
    pub span: diagnostic::Span,
    /// How it is started, and when it is ready; a `config` that is a file is not in it yet.
    pub recipe: Recipe,
    /// The file that is its configuration, from the scenario's folder on.
    pub config: Option<Spanned<String>>,
}

/// The parameters of PIM of a router.
#[derive(Clone, Debug)]
pub struct Pim {
    /// Those of all its links.
    pub knobs: PimKnobs,
    /// The DR Priority of links without one of their own.
    pub dr_priority: u32,
    /// The DR Priorities of links that have one.
    pub dr_priorities: Vec<(Spanned<String>, u32)>,
    /// The RPs, routers or addresses, each with its range of groups; all groups if `None`.
    pub rps: Vec<(Option<IpNet>, Spanned<String>)>,
}

/// A channel that is forwarded to a link whether or not it has members.
#[derive(Clone, Debug)]
pub struct StaticJoin {
    /// The link.
    pub link: Spanned<String>,
    /// The group.
    pub group: Spanned<Group>,
    /// The sending node; any source if `None`.
    pub source: Option<Spanned<String>>,
}

/// What a router does by configuration alone, whoever wants it otherwise.
#[derive(Clone, Debug, Default)]
pub struct Fixed {
    /// Ranges of groups that do not pass a link.
    pub boundaries: Vec<Boundary>,
    /// Static rules.
    pub rules: Vec<FlowRule>,
}

/// A link that groups of a range do not pass.
#[derive(Clone, Debug)]
pub struct Boundary {
    /// The link.
    pub link: Spanned<String>,
    /// The range, if there is one in the run's family.
    pub range: Option<IpNet>,
}

/// A static rule.
#[derive(Clone, Debug)]
pub struct FlowRule {
    /// The links where it comes in, the preferred one first.
    pub from: Spanned<Vec<Spanned<String>>>,
    /// The group.
    pub group: Spanned<Group>,
    /// The sending node; any source if `None`.
    pub source: Option<Spanned<String>>,
    /// A node whose datagrams the rule is not for.
    pub except: Option<Spanned<String>>,
    /// The links where it goes out.
    pub to: Vec<Spanned<String>>,
}

/// A route of the scenario: the network of `to` is reached through `link`.
#[derive(Clone, Debug)]
pub struct Route {
    /// The link to be reached.
    pub to: Spanned<String>,
    /// The link of the router that leads there.
    pub link: Spanned<String>,
    /// What it costs; `None` if that is not said.
    pub cost: Option<Spanned<RouteCost>>,
}

/// The IGMP stack of a listener.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Listener {
    /// The kernel, with a fixed version if given; otherwise it follows the querier.
    Kernel {
        /// The version.
        igmp_version: Option<u8>,
        /// How much of IP multicast it supports.
        level: Level,
    },
    /// Many hosts with a kernel each, on one link.
    Population {
        /// The version to which their kernels are fixed.
        igmp_version: Option<u8>,
        /// How many.
        count: u32,
    },
    /// castnet's own host machine.
    Castnet(HostKnobs),
}

impl Listener {
    /// Whether it is a host that sends to no groups.
    #[must_use]
    pub fn is_mute(&self) -> bool {
        matches!(self, Self::Kernel { level, .. } if !level.sends())
    }
}

impl Role {
    /// The number of addresses that it needs on a link.
    #[must_use]
    pub const fn hosts(&self) -> usize {
        match self {
            Self::Listener(Listener::Population { count, .. }) => *count as usize,
            _ => 1,
        }
    }
}

/// The keys of a querier.
#[derive(Clone, Debug)]
pub struct Querier {
    /// Time from one General Query to the next; from the start of the run, until it is stopped.
    pub query_interval: Duration,
    /// Their Max Response Time; zero makes them Queries of version 1.
    pub max_resp: Duration,
}

/// The keys of a switch.
#[derive(Clone, Debug)]
pub struct Switch {
    /// How it snoops and queries.
    pub knobs: SwitchKnobs,
    /// The links on which a Leave takes effect at once.
    pub fast_leave: Vec<Spanned<String>>,
}
