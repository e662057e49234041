//! What happened in a run: every backend yields a recording, and the judge reads it.
//!
//! Times count from the start of the run. Only `backend` depends on which backend it was.

mod deliveries;
mod member_ports;
mod program;
mod struck;

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use castnet::addr::Group;
use castnet::gmp::message::Sources;
use castnet::time::Instant;
use serde::{Deserialize, Deserializer, Serialize};

use crate::plan::{ActId, MembersOf, NodeId, Plan, PortId, SourceFilter};
use crate::scenario::Backend;

/// What stands for the backend where a capture is replayed.
pub const CAPTURE: &str = "capture";

pub use deliveries::Deliveries;
pub use member_ports::{Holds, MdbReport, MemberPorts};
pub use program::{Origin, ProgramOutput};
pub use struck::{Strike, Struck};

/// The name of a backend. Without a name of its own the derived reader would take it for borrowed from
/// what is read.
type Name = &'static str;

/// Everything that a run leaves behind.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Recording {
    /// The name of the backend, for reports.
    #[serde(deserialize_with = "backend")]
    pub backend: Name,
    /// The kernel that it ran on, in words: `Linux 6.12.117`; empty if it ran on none.
    pub kernel: String,
    /// The start of the run, since 1970.
    pub epoch: Duration,
    /// Every frame at every port, in the order of time.
    pub frames: Vec<Frame>,
    /// Every datagram that a listener's socket received, in the order of time.
    pub deliveries: Deliveries,
    /// How late the witness may be: what is due may come so much later.
    pub tolerance: Duration,
    /// When each act of the plan was done; `None` if it was not. An act that ends something counts
    /// from its completion, every other one from its beginning.
    pub acts: Vec<Option<Instant>>,
    /// When each act was begun; empty where an act takes no time.
    pub begun: Vec<Instant>,
    /// Every change of a router's forwarding cache, in the order of time.
    pub mfc: Vec<MfcChange>,
    /// The counters of forwarding caches at each of the plan's readings; `None` where none was
    /// taken.
    pub counters: Vec<Option<CountersRead>>,
    /// Every change of a switch's database of members, in the order of time.
    pub mdb: Vec<MdbChange>,
    /// The events that routers and switches reported, in the order of time.
    pub events: Vec<NodeEvent>,
    /// What fault rules did to frames, in the order of time.
    pub struck: Vec<Struck>,
    /// What was counted instead of kept.
    pub unkept: Unkept,
    /// What programs wrote, in the order in which they were started.
    pub outputs: Vec<ProgramOutput>,
    /// When the laboratory itself was late, and by how much.
    pub lateness: Lateness,
    /// Every time that the laboratory stood still for longer than the tolerance.
    pub stalls: Vec<Lateness>,
    /// Further reasons, in words, why nobody is to be accused of what was seen.
    pub doubts: Vec<String>,
    /// Why the run itself cannot be trusted; empty if it can.
    pub broken: Vec<String>,
}

/// A backend, or a capture that is replayed.
fn backend<'de, D: Deserializer<'de>>(from: D) -> Result<&'static str, D::Error> {
    let name = String::deserialize(from)?;
    let known = [Backend::Netns.word(), Backend::Sim.word(), CAPTURE];
    let found = known.into_iter().find(|word| *word == name);
    found.ok_or_else(|| serde::de::Error::custom(format!("no backend is called {name}")))
}

impl Recording {
    /// When the act was begun; `None` if it was not done.
    #[must_use]
    pub fn begun(&self, act: ActId) -> Option<Instant> {
        let done = self.acts.get(act).copied().flatten()?;
        Some(self.begun.get(act).copied().unwrap_or(done))
    }

    /// An empty recording.
    #[must_use]
    pub const fn new(backend: &'static str, epoch: Duration, tolerance: Duration) -> Self {
        Self {
            backend,
            kernel: String::new(),
            epoch,
            tolerance,
            frames: Vec::new(),
            deliveries: Deliveries::new(),
            acts: Vec::new(),
            begun: Vec::new(),
            mfc: Vec::new(),
            counters: Vec::new(),
            mdb: Vec::new(),
            events: Vec::new(),
            struck: Vec::new(),
            unkept: Unkept { frames: 0, reads: 0, noise: 0 },
            outputs: Vec::new(),
            lateness: Lateness { what: Late::Timer, at: Instant::ZERO, by: Duration::ZERO },
            stalls: Vec::new(),
            doubts: Vec::new(),
            broken: Vec::new(),
        }
    }
}

/// What a run has counted without keeping it one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unkept {
    /// Frames at ports that no claim looks at.
    pub frames: u64,
    /// Datagrams that hosts of populations have read. [`Recording::deliveries`] has each such
    /// datagram once, however many hosts have read it.
    pub reads: u64,
    /// Frames of IPv6 that kernels sent unasked and that are in no claim (`capture::noise`), each once.
    #[serde(default)]
    pub noise: u64,
}

/// The worst delay of the laboratory itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lateness {
    /// What was late.
    pub what: Late,
    /// When it was due, at the earliest.
    pub at: Instant,
    /// How much later it was done, at most.
    pub by: Duration,
}

/// What of the laboratory can be late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Late {
    /// A timer of the laboratory or of a router.
    #[default]
    Timer,
    /// The kernel, in noticing that this port's cable has lost or gained its carrier.
    Carrier(PortId),
    /// The kernel, in carrying a frame to this port.
    Frame(PortId),
    /// An ordinary thread, as the kernel has for work that it puts off.
    Worker,
}

/// A frame at a port.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Frame {
    /// When the frame crossed the port.
    pub at: Instant,
    /// The port.
    pub port: PortId,
    /// Whether the port sent it, or else received it.
    pub outgoing: bool,
    /// The octets from the Ethernet header on, as far as they were captured.
    pub bytes: Vec<u8>,
    /// The frame's whole length in octets.
    pub original_len: usize,
}

/// A datagram in the hands of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// When the listener received it.
    pub at: Instant,
    /// The listener.
    pub node: NodeId,
    /// Its source.
    pub source: IpAddr,
    /// Its group.
    pub group: Group,
    /// Its number.
    pub number: Number,
}

/// The number that a datagram carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Number {
    /// The stream.
    pub stream: u32,
    /// The position in the stream, from 0.
    pub sequence: u64,
}

impl fmt::Display for Number {
    /// `datagram 17 of stream 0`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "datagram {} of stream {}", self.sequence, self.stream)
    }
}

/// A change of a router's forwarding cache.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MfcChange {
    /// When the change happened.
    pub at: Instant,
    /// The router.
    pub node: NodeId,
    /// The source.
    pub source: IpAddr,
    /// The group.
    pub group: Group,
    /// The entry from now on; `None` if the flow has no entry, or an unresolved one.
    pub entry: Option<MfcEntry>,
}

/// An entry of a router's forwarding cache.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MfcEntry {
    /// The interface that the flow comes in on.
    pub iif: PortId,
    /// The interfaces that it goes out on, in ascending order.
    pub oifs: Vec<PortId>,
}

/// The counters of an entry of a router's forwarding cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountersRead {
    /// When they were read.
    pub at: Instant,
    /// The counters; `None` if there was no entry.
    pub counters: Option<FlowCounters>,
}

/// What a router's kernel counted for one flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowCounters {
    /// Datagrams that matched the entry, including those on a wrong interface.
    pub packets: u64,
    /// Their octets, including IP headers.
    pub bytes: u64,
    /// Datagrams that came in on another interface than `iif`.
    pub wrong_if: u64,
}

/// A change of a switch's database of members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MdbChange {
    /// When the change happened.
    pub at: Instant,
    /// The switch.
    pub node: NodeId,
    /// The group.
    pub group: Group,
    /// The ports with members from now on, and what they want; empty if there is no entry.
    pub ports: BTreeMap<PortId, MembersOf>,
}

/// An event that a router or a switch reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeEvent {
    /// When it happened.
    pub at: Instant,
    /// The router or switch.
    pub node: NodeId,
    /// The group that the event is about, if it is about one.
    pub group: Option<Group>,
    /// The event in words.
    pub text: String,
    /// The change of the router's state, if the event is one.
    pub change: Option<StateChange>,
}

impl NodeEvent {
    /// A switch reported that the port leads to a router from now on, or no longer does.
    #[must_use]
    pub fn router_port(plan: &Plan, node: NodeId, at: Instant, port: PortId, on: bool) -> Self {
        let name = plan.port_name(port);
        let text = match on {
            true => format!("{name} leads to a router"),
            false => format!("{name} leads to no router any more"),
        };
        Self { at, node, group: None, text, change: None }
    }
}

/// Why a router's kernel asked what to do with a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UpcallKind {
    /// The flow has no entry.
    NoCache,
    /// The datagram came in on another interface than its entry's `iif`.
    WrongInterface,
}

impl fmt::Display for UpcallKind {
    /// The kernel's word without `IGMPMSG_`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoCache => "NOCACHE",
            Self::WrongInterface => "WRONGVIF",
        })
    }
}

/// A change of a router's state, or an upcall that caused one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum StateChange {
    /// From now on the link of the port has members of the group, or no longer has any. Unless a
    /// [`StateChange::Sources`] follows they want all sources.
    Members {
        /// The router's port.
        port: PortId,
        /// The group.
        group: Group,
        /// Whether it has members.
        present: bool,
    },
    /// The sources that the members of a group want from now on.
    Sources {
        /// The router's port.
        port: PortId,
        /// The group.
        group: Group,
        /// The filter mode, and the sources that are wanted or excluded.
        filter: SourceFilter,
        /// In EXCLUDE mode the sources whose timers run.
        requested: Sources,
    },
    /// The querier on the link of the port, as the router sees it.
    Querier {
        /// The router's port.
        port: PortId,
        /// The querier's address on the link; the port's own if it is the router itself.
        querier: IpAddr,
    },
    /// A datagram came in for which the kernel has no entry, or from the wrong interface.
    Upcall {
        /// The port that it came in on.
        port: PortId,
        /// The reason of the upcall.
        kind: UpcallKind,
        /// The datagram's source.
        source: IpAddr,
        /// The datagram's group.
        group: Group,
    },
    /// The kernel has not done what the router wanted of it.
    Refused {
        /// What was wanted, and the kernel's reason.
        why: String,
    },
    /// The flow is not forwarded, because no route leads to its source.
    NoRoute {
        /// The flow's source.
        source: IpAddr,
        /// The flow's group.
        group: Group,
    },
}
