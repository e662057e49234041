//! What an author writes: a topology, a timeline and what must come true, in one TOML file.
//!
//! `drafts` reads the text into a [`Scenario`], or into several of them if there is a matrix, and
//! refuses what has no meaning by itself; whether names fit together is the business of
//! [`crate::plan`]. Every value keeps its place in the files.

pub mod clauses;
pub mod diagnostic;
pub mod expr;
pub mod page;
pub mod schema;

mod act;
mod address;
mod backend;
mod cache;
mod claim;
mod document;
mod expect;
mod family;
mod fault;
mod gap;
mod generate;
mod golden;
mod igmp;
mod inject;
mod invariant;
mod matrix;
mod node;
mod pace;
mod packet;
mod parse;
mod reader;
mod set;
mod source;
mod span;
mod state;
mod switch;
mod template;
mod threshold;
mod time;
mod values;
mod verb;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::time::Duration;

use castnet::addr::Group;
use ipnet::IpNet;

use crate::knobs::{HostKnobs, Knobs};
use diagnostic::Spanned;
use serde::{Deserialize, Serialize};

pub use crate::vocabulary::act::SMALLEST_PAYLOAD;
pub use crate::vocabulary::kind::PacketKind;
pub use backend::{Backend, Backends, Record};
pub use claim::{
    Claim, Delivered, DeliveryClaim, Expectation, GivenField, LatencyClaim, MdbClaim, MembersClaim,
    MfcClaim, MfcCounters, MfcEntryClaim, MfcPresent, OrderClaim, PacketClaim, PacketFilter,
    QuerierClaim, When, Window, Written,
};
pub use fault::{Fault, FaultAction, HELD_AT_MOST};
pub use golden::Golden;
pub use invariant::{Invariant, Waiver};
pub use pace::Pace;
pub use source::{Source, Sources};
pub use template::is_template;
pub use time::LONGEST;
pub use verb::{Act, Churn, Inject, InjectedMessage, Membership, Repeat, Send, Set, Verb};

pub(crate) use gap::{Gap, Gaps};
pub(crate) use parse::{Draft, drafts};
pub(crate) use source::{Unreadable, read};
pub(crate) use switch::complete;

/// A scenario as it was written.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// One line that says what it claims.
    pub title: Spanned<String>,
    /// The ids of the RFC clauses that it proves.
    pub proves: Vec<Spanned<String>>,
    /// What a real machine may be late by; added to every bound in time.
    pub tolerance: Option<Spanned<Duration>>,
    /// When the run ends; by default when everything can be judged.
    pub end: Option<Spanned<Duration>>,
    /// Which runs are compared with what is kept of earlier ones.
    pub golden: Option<Golden>,
    /// Whether links and nodes were generated, where only routers know ways, and only to the source.
    pub is_generated: bool,
    /// The links, in the order of the file.
    pub links: Vec<Link>,
    /// The nodes, in the order of the file.
    pub nodes: Vec<Node>,
    /// The timeline, in the order of the file.
    pub acts: Vec<Act>,
    /// What goes wrong on the links, in the order of the file.
    pub faults: Vec<Fault>,
    /// The rules of every run that do not hold in this one.
    pub waivers: Vec<Waiver>,
    /// The backends that it runs on, if not on all.
    pub backends: Option<Backends>,
    /// What is kept of a run.
    pub record: Record,
    /// What must come true.
    pub expectations: Vec<Expectation>,
}

/// A link and who is on it.
#[derive(Clone, Debug)]
pub struct Link {
    /// Its name, which is also the name of the nodes' interfaces on it.
    pub name: Spanned<String>,
    /// The nodes on it, in the order of their addresses.
    pub nodes: Vec<Spanned<String>>,
    /// Its network; given out by position if there is none.
    pub subnet: Option<Spanned<IpNet>>,
    /// Who is given which addresses there; the others get free ones.
    pub addresses: Vec<Given>,
    /// How long it takes.
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

/// A node and what it does.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name.
    pub name: Spanned<String>,
    /// What it does.
    pub role: Role,
}

/// Who may sit on a node.
#[derive(Clone, Debug)]
pub enum Role {
    /// castnet's routing core over the kernel's multicast routing.
    Router(Router),
    /// Sockets that join groups; the kernel speaks IGMP for them.
    Listener(Listener),
    /// A sender of numbered datagrams.
    Source,
    /// A sender of any IGMP message.
    Injector,
    /// Somebody else's querier, by script.
    Querier(Querier),
    /// A bridge that listens in on IGMP.
    Switch(Switch),
}

/// The keys of a router.
#[derive(Clone, Debug)]
pub struct Router {
    /// Its IGMP parameters, on every link.
    pub igmp: Knobs,
    /// Channels that it forwards to a link unasked.
    pub static_joins: Vec<StaticJoin>,
    /// Whether it knows all networks of the topology, or only those that it is on and `routes`.
    pub derive_routes: bool,
    /// Which link leads to a network, where that is not the derived one.
    pub routes: Vec<Route>,
    /// The TTL threshold of every interface,
    pub ttl_threshold: u8,
    /// but for those that have one of their own, by their links.
    pub ttl_thresholds: Vec<(Spanned<String>, u8)>,
    /// How long a flow may be idle before its entry goes.
    pub keepalive: Duration,
    /// Whether its daemon is a process of its own, even if nobody kills it.
    pub apart: bool,
}

/// A channel that is forwarded to a link whether or not it has members.
#[derive(Clone, Debug)]
pub struct StaticJoin {
    /// The link.
    pub link: Spanned<String>,
    /// The group.
    pub group: Spanned<Group>,
    /// The sending node, if only its datagrams are meant.
    pub source: Option<Spanned<String>>,
}

/// A route of the scenario's own: what is there is reached through this link.
#[derive(Clone, Debug)]
pub struct Route {
    /// The link to be reached.
    pub to: Spanned<String>,
    /// The link of the router that leads there.
    pub link: Spanned<String>,
}

/// Who speaks IGMP for a listener.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Listener {
    /// The kernel, held to a version; by default it follows the querier.
    Kernel {
        /// The version.
        igmp_version: Option<u8>,
    },
    /// Many hosts with a kernel each, on one link.
    Population {
        /// The version that their kernels are held to.
        igmp_version: Option<u8>,
        /// How many.
        count: u32,
    },
    /// castnet's own host machine.
    Castnet(HostKnobs),
}

impl Role {
    /// How many addresses it needs on a link.
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
    /// Whether it sends a group only where its members are.
    pub snooping: bool,
    /// Whether it asks itself.
    pub querier: bool,
    /// The version of its Queries: 2 or 3.
    pub igmp_version: u8,
    /// Its intervals; what it has learned lives for the Group Membership Interval.
    pub igmp: Knobs,
    /// The links on which a Leave counts at once.
    pub fast_leave: Vec<Spanned<String>>,
}
