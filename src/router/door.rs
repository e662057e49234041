//! The inputs and the outputs of a router.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::config::Config;
use crate::addr::Group;
use crate::event::Event;
use crate::fixed::Rule;
use crate::mfc::cache::MfcOp;
use crate::mfc::entry::{Flow, FlowCounters, MfcEntry};
use crate::mfc::upcall::Upcall;
use crate::mfc::vif::{Vif, VifKind};
use crate::rib::RouteChange;
use crate::wire::Malformed;
use crate::wire::ip::{Datagram, Packet};

/// An input of a router.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Input<'a> {
    /// A packet came in on the interface.
    Packet {
        /// The interface.
        vif: Vif,
        /// The packet.
        packet: Packet<'a>,
    },
    /// Octets that are no IP packet came in on the interface.
    Malformed {
        /// The interface.
        vif: Vif,
        /// What is wrong with the octets.
        why: Malformed,
    },
    /// The data plane made an upcall.
    Upcall(Upcall),
    /// An upcall of [`UpcallKind::WholePacket`](crate::mfc::upcall::UpcallKind), and its datagram.
    WholePacket {
        /// The upcall.
        upcall: Upcall,
        /// The datagram from its IP header on.
        datagram: &'a [u8],
    },
    /// The answer to [`MfcOp::Count`]; `None` if there is no such entry.
    Counted(Flow, Option<FlowCounters>),
    /// The data plane refused an output.
    Refused(Refusal),
    /// Another configuration, as a whole. An interface of the same name keeps its number, its state and
    /// the addresses that [`Input::Link`] reported; the others go, and new ones are down until
    /// [`Input::Link`] reports them.
    Configure(Config),
    /// For the flows of `of`, from whatever interface, there are these static rules, and no others.
    Rules {
        /// Any rule for the flows.
        of: Rule<String>,
        /// The rules.
        rules: Vec<Rule<String>>,
    },
    /// What another router left in the data plane. Before the first [`Input::Configure`], and without
    /// interfaces: an interface that had a number gets it again.
    Inherit {
        /// The numbers of interfaces by their names.
        numbers: BTreeMap<String, Vif>,
        /// The entries, all of these interfaces.
        entries: Vec<MfcEntry>,
    },
    /// After [`Input::Inherit`]: configuration, links and routes are known as they are now. Until then no
    /// entry is written, or what is forwarded would follow a router that learns of its links one by one.
    Settle,
    /// The state of an interface. Every interface is up at the start, with its configured
    /// addresses.
    Link {
        /// The interface.
        vif: Vif,
        /// Whether it carries packets.
        up: bool,
        /// All its addresses with their networks, the primary one of a family first.
        addresses: Vec<IpNet>,
    },
    /// Learned routes were added or removed.
    Routes(Vec<RouteChange>),
    /// Forget all flows, so that the kernel asks for each again; configured ones get new entries at once.
    Flush,
    /// Forget the flows that have entries only because the kernel has asked for them.
    FlushLearned,
    /// The router is about to end, and the data plane with it: those who have to know it are told.
    End,
    /// Time has passed.
    Tick,
}

impl<'a> Input<'a> {
    /// The octets of a whole IP packet that came in on the interface.
    #[must_use]
    pub fn octets(vif: Vif, bytes: &'a [u8]) -> Self {
        match Packet::decode(bytes) {
            Ok(packet) => Self::Packet { vif, packet },
            Err(why) => Self::Malformed { vif, why },
        }
    }
}

/// How a packet leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Way {
    /// Out of this interface, whatever the routing table says.
    Link(Vif),
    /// By the routing table.
    Route,
}

/// An output of a router.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Output {
    /// Send this packet.
    Send {
        /// How it leaves.
        by: Way,
        /// The packet.
        packet: Datagram,
    },
    /// Add the interface to multicast routing (`MRT_ADD_VIF`).
    AddVif {
        /// The interface.
        vif: Vif,
        /// What it stands for.
        kind: VifKind,
        /// Its TTL threshold.
        threshold: u8,
    },
    /// Take the interface out of multicast routing, and out of all entries (`MRT_DEL_VIF`). It may be
    /// gone already.
    DelVif(Vif),
    /// Receive packets to this group on the interface.
    Listen(Vif, Group),
    /// No longer receive packets to this group on the interface.
    Unlisten(Vif, Group),
    /// Change the forwarding cache, or read it.
    Mfc(MfcOp),
    /// An event for the log.
    Event(Event),
}

/// An output that the data plane refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The output.
    pub output: Output,
    /// The data plane's reason.
    pub why: String,
}
