//! What is to be judged: claims with every name resolved, and what has to be read for them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use castnet::addr::Group;
use castnet::time::Instant;
use serde::{Deserialize, Serialize};

use super::arithmetic::{Count, Length, Moment};
use super::{ActId, LinkId, NodeId, Plan, PortId, ReadingId};
use crate::scenario::PacketKind;
use crate::vocabulary::field::{PacketField, Value};

/// Something that must come true.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Check {
    /// The line of the file where it stands.
    pub line: usize,
    /// The claim in one line.
    pub text: String,
    /// The claim.
    pub claim: Claim,
}

/// What can be claimed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Claim {
    /// So many packets on a link.
    Packet {
        /// Which packets.
        filter: Filter,
        /// How many.
        count: Count,
        /// Time from each to the next.
        spacing: Option<Length>,
        /// When.
        window: Window,
    },
    /// Packets come in this order.
    Order(Vec<Step>, Window),
    /// So many datagrams are received.
    Received(Receiver, Count, Window),
    /// Each datagram that is sent in the window is received exactly once.
    ExactlyOnce(Receiver, Window),
    /// No datagram reaches the receiver's interfaces in the window.
    NoneAfter(Receiver, Window),
    /// Each datagram that reaches the receiver's interfaces in the window has such a TTL.
    Ttl(Receiver, Count, Window),
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
        /// What is to be there.
        state: MfcState,
    },
    /// Where a switch has seen members of a group.
    Mdb {
        /// The switch.
        switch: NodeId,
        /// The group.
        group: Group,
        /// When.
        at: Moment,
        /// The ports with members; none claims that there is no entry.
        ports: Vec<PortId>,
    },
    /// Every router on the link holds this port for its querier's.
    Querier(PortId, When),
    /// The groups of which a router knows members on a link.
    Members {
        /// The router's port on the link.
        port: PortId,
        /// All of them, but for those that never leave a link.
        groups: BTreeSet<Group>,
        /// When.
        at: Moment,
    },
}

/// When a state is to be so.
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
    /// Its beginning.
    pub from: Moment,
    /// Its length; until the run ends if `None`.
    pub length: Option<Length>,
}

/// Which packets count.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Filter {
    /// The link.
    pub link: LinkId,
    /// What kind.
    pub kind: PacketKind,
    /// The group in the message, or that the datagram is sent to.
    pub group: Option<Group>,
    /// The interface that it comes from, however many switches have passed it on since; of a
    /// switch, its first one.
    pub from: Option<PortId>,
    /// What its header and its message hold besides.
    pub fields: Vec<(PacketField, Value)>,
}

impl Filter {
    /// What is wanted of the field; anything if `None`.
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

/// How long it takes from a join to the first datagram, or from a leave to the last one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Latency {
    /// The receiver.
    pub receiver: Receiver,
    /// Its interface.
    pub port: PortId,
    /// Whether it is that of a join, or else of a leave.
    pub is_join: bool,
    /// The act.
    pub act: ActId,
    /// Whether it counts from the Report (the Leave) on the link, and not from the act.
    pub from_wire: bool,
    /// At least so long.
    pub min: Option<Length>,
    /// At most so long.
    pub max: Option<Length>,
}

/// What can be claimed of an entry of a forwarding cache.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum MfcState {
    /// There is none.
    Absent,
    /// There is one.
    Present {
        /// The interface in and the interfaces out, if that matters.
        entry: Option<(PortId, Vec<PortId>)>,
        /// What it has counted, if that matters.
        counted: Option<Counted>,
    },
}

/// What an entry of a forwarding cache is to have counted. It only ever counts up: it has not counted
/// too much at the moment that is meant, and enough no later than the tolerance after it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Counted {
    /// The reading at that moment.
    pub then: ReadingId,
    /// The reading a tolerance later.
    pub late: ReadingId,
    /// Datagrams that met the entry.
    pub packets: Option<Count>,
    /// Their octets, IP headers included.
    pub bytes: Option<Count>,
    /// Those of them that came in on another interface.
    pub wrong_if: Option<Count>,
}

/// A moment at which the counters of an entry of a forwarding cache are to be read.
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
    /// When it is due, if that does not depend on when an act is done: there is none in it, or it comes
    /// before its act, and so counts from the time for which the act is planned.
    #[must_use]
    pub fn at_once(&self, plan: &Plan) -> Option<Instant> {
        let planned = |act: ActId| plan.acts.get(act).map(|act| Instant::ZERO + act.at);
        let at = self.at.instant(planned)?;
        let anchor = self.at.anchor.as_ref().and_then(|(act, _)| planned(*act));
        anchor.is_none_or(|anchor| at < anchor).then_some(at)
    }

    /// When it is due if it counts from this act, which was done then.
    #[must_use]
    pub fn after(&self, act: ActId, done: Instant) -> Option<Instant> {
        self.at.anchor.as_ref().filter(|(of, _)| *of == act)?;
        self.at.instant(|_| Some(done)).filter(|at| *at >= done)
    }
}

/// Who receives what.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Receiver {
    /// The receiver.
    pub node: NodeId,
    /// The group.
    pub group: Group,
    /// The addresses of the source, if only its datagrams count.
    pub sources: Option<Vec<IpAddr>>,
}
