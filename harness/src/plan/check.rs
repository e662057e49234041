//! The checks: claims with every name resolved, and the readings that they need.

use std::collections::BTreeMap;
use std::net::IpAddr;

use castnet::addr::Group;
use castnet::gmp::message::Sources;
use castnet::time::Instant;
use serde::{Deserialize, Serialize};

use super::arithmetic::{Count, Length, Moment};
use super::{ActId, LinkId, NodeId, Place, Plan, PortId, ReadingId, SourceFilter};
use crate::scenario::{Lasting, PacketKind, ShareLimit};
use crate::vocabulary::field::{PacketField, Value};

/// Something that must come true.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Check {
    /// The line of the file with the expectation.
    pub line: usize,
    /// The claim in one line.
    pub text: String,
    /// The ids of the RFC clauses that it proves if it and all others pass.
    pub proves: Vec<String>,
    /// How many of them, from the first on, the expectation itself names; the others are the file's.
    #[serde(default)]
    pub named: usize,
    /// The claim.
    pub claim: Claim,
}

/// A claim.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Claim {
    /// The number of packets on a link.
    Packet {
        /// Which packets.
        filter: Filter,
        /// How many.
        count: Count,
        /// Time from each to the next.
        spacing: Option<Length>,
        /// The time of the packets.
        window: Window,
    },
    /// Packets come in this order.
    Order(Vec<Step>, Window),
    /// The number of datagrams received.
    Received(Receiver, Count, Window),
    /// Each datagram that is sent in the window is received exactly once.
    ExactlyOnce(Receiver, Window),
    /// No datagram reaches the receiver's interfaces in the window.
    NoneAfter(Receiver, Window),
    /// Each datagram that reaches the receiver's interfaces in the window has such a TTL.
    Ttl(Receiver, Count, Window),
    /// How well the datagrams arrive that are sent in the window.
    Quality(Quality),
    /// How long a join or a leave takes to have effect.
    Latency(Latency),
    /// A router's forwarding cache.
    Mfc {
        /// The router.
        router: NodeId,
        /// The source.
        source: IpAddr,
        /// The group.
        group: Group,
        /// When.
        at: Moment,
        /// The state of the entry.
        state: MfcState,
    },
    /// The ports on which a switch has seen members of a group.
    Mdb {
        /// The switch.
        switch: NodeId,
        /// The group.
        group: Group,
        /// When.
        at: Moment,
        /// The ports with members, with what is claimed about sources; none at all claims that there
        /// is no entry.
        ports: BTreeMap<PortId, Option<MembersOf>>,
    },
    /// Every router on the link has this port as the querier's.
    Querier(PortId, When),
    /// The groups with members on a link, as a router knows them.
    Members {
        /// The router's port on the link.
        port: PortId,
        /// All groups, except those that never leave a link, with what is claimed about sources.
        groups: BTreeMap<Group, Option<MembersOf>>,
        /// When.
        at: Moment,
    },
    /// What a command came to that an act runs.
    Command(Box<CommandResult>),
}

/// A claim about a command.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CommandResult {
    /// The act.
    pub act: ActId,
    /// Its exit status.
    pub exit: u8,
    /// What it writes.
    pub contains: Vec<String>,
    /// What it does not write.
    pub lacks: Vec<String>,
    /// How many lines it writes.
    pub lines: Option<Count>,
    /// When it ends.
    pub window: Window,
}

/// A claim about the sources of a group with members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembersOf {
    /// The filter mode, and the sources that are wanted or excluded.
    pub filter: SourceFilter,
    /// In EXCLUDE mode the sources whose timers run, if they are claimed.
    pub requested: Option<Sources>,
}

/// The time of a state.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum When {
    /// At that time.
    At(Moment),
    /// All the time.
    Throughout(Window),
}

/// The time in which something is counted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Window {
    /// The beginning.
    pub from: Moment,
    /// The length; until the run ends if `None`.
    pub length: Option<Length>,
}

/// A filter for packets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Filter {
    /// The link.
    pub link: LinkId,
    /// The kind.
    pub kind: PacketKind,
    /// The group that the message names, or the datagram's destination.
    pub group: Option<Group>,
    /// The interface that sent the packet first, even if switches have passed it on since; for a
    /// switch its first interface.
    pub from: Option<PortId>,
    /// Conditions on fields of the header and the message.
    pub fields: Vec<(PacketField, Value)>,
}

impl Filter {
    /// The condition on the field; `None` if there is none.
    #[must_use]
    pub fn wants(&self, field: PacketField) -> Option<&Value> {
        self.fields.iter().find(|(wanted, _)| *wanted == field).map(|(_, value)| value)
    }
}

/// One of several packets in an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Step {
    /// Which packet.
    pub filter: Filter,
    /// In words.
    pub text: String,
}

/// The time from a join to the first datagram, or from a leave to the last one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Latency {
    /// The receiver.
    pub receiver: Receiver,
    /// Its interface.
    pub port: PortId,
    /// Whether it is the latency of a join; otherwise of a leave.
    pub is_join: bool,
    /// The act.
    pub act: ActId,
    /// Whether it counts from the Report or Leave on the link; otherwise from the act.
    pub from_wire: bool,
    /// The lower limit.
    pub min: Option<Length>,
    /// The upper limit.
    pub max: Option<Length>,
}

/// How well the datagrams arrive that are sent in a window.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Quality {
    /// The receiver.
    pub receiver: Receiver,
    /// What is measured, and its limits.
    pub limits: Limits,
    /// When they are sent.
    pub window: Window,
}

/// The limits of what is measured of a stream.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Limits {
    /// How many of those sent never arrive.
    Loss(ShareLimit),
    /// How many arrive after a later one.
    Reordered(Count),
    /// A length of time.
    Lasting {
        /// Which one.
        what: Lasting,
        /// The lower limit.
        min: Option<Length>,
        /// The upper limit.
        max: Option<Length>,
    },
}

/// A claim about an entry of a forwarding cache.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum MfcState {
    /// The entry does not exist.
    Absent,
    /// The entry exists.
    Present {
        /// The interface in and the interfaces out; `None` claims nothing about them.
        entry: Option<(PortId, Vec<PortId>)>,
        /// The counters; `None` claims nothing about them.
        counted: Option<Counted>,
    },
}

/// A claim about the counters of an entry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Counted {
    /// The reading at that moment.
    pub reading: ReadingId,
    /// Datagrams that matched the entry.
    pub packets: Option<Count>,
    /// Their octets, IP headers included.
    pub bytes: Option<Count>,
    /// Datagrams that came in on another interface.
    pub wrong_if: Option<Count>,
}

/// A moment at which the counters of an entry must be read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reading {
    /// The router.
    pub router: NodeId,
    /// The source.
    pub source: IpAddr,
    /// The group.
    pub group: Group,
    /// When.
    pub at: Moment,
}

impl Reading {
    /// Whether it is taken just before this act, because the act is the first one of its time.
    #[must_use]
    pub fn is_before(&self, plan: &Plan, act: ActId) -> bool {
        plan.place(&self.at) == Place::At(act)
    }

    /// The time of the reading if it does not depend on when an act is done: the moment has no act,
    /// or comes before its act, and so counts from the act's planned time.
    #[must_use]
    pub fn at_once(&self, plan: &Plan) -> Option<Instant> {
        let planned = |act: ActId| plan.acts.get(act).map(|act| Instant::ZERO + act.at);
        let at = self.time(plan, planned)?;
        let anchor = self.at.anchor.as_ref().and_then(|(act, _)| planned(*act));
        anchor.is_none_or(|anchor| at < anchor).then_some(at)
    }

    /// The time of the reading if it counts from this act, which was done at `done`.
    #[must_use]
    pub fn after(&self, plan: &Plan, act: ActId, done: Instant) -> Option<Instant> {
        self.at.anchor.as_ref().filter(|(of, _)| *of == act)?;
        self.time(plan, |_| Some(done)).filter(|at| *at >= done)
    }

    /// `None` if it is taken just before an act.
    fn time(&self, plan: &Plan, act_at: impl Fn(ActId) -> Option<Instant>) -> Option<Instant> {
        let is_before_act = matches!(plan.place(&self.at), Place::At(_));
        if is_before_act { None } else { self.at.instant(act_at) }
    }
}

/// A receiver, a group and perhaps a source.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Receiver {
    /// The receiver.
    pub node: NodeId,
    /// The group.
    pub group: Group,
    /// The addresses of the source, if only its datagrams count.
    pub sources: Option<Vec<IpAddr>>,
}
