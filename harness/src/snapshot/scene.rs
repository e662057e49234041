//! Plan and recording, taken apart for a trace: control packets, each once at the port that sent
//! it; flows of datagrams per port and per receiver; acts by the time they were done.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use castnet::addr::Group;
use castnet::time::Instant;

use super::label::Label;
use crate::capture::decode::{Content, Packet, decode};
use crate::knobs::{Knobs, interval_word};
use crate::plan::{Act, Action, LinkId, Node, NodeId, Plan, PortId, Role, Stream};
use crate::recording::{Number, Recording};

pub(super) struct Scene<'a> {
    pub(super) plan: &'a Plan,
    pub(super) recording: &'a Recording,
    /// In the order of time.
    pub(super) sent: Vec<Sent>,
    /// The flows that ports sent, in the order of their ports.
    pub(super) flows: Vec<PacketTrain>,
    /// The flows that listeners received, in the order of their nodes.
    pub(super) received: Vec<PacketTrain>,
}

/// A control packet at the port that sent it.
pub(super) struct Sent {
    pub(super) at: Instant,
    pub(super) port: PortId,
    /// The port that sent it first, if a switch passed it on.
    pub(super) origin: PortId,
    pub(super) packet: Packet,
}

/// The port or node of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Whose {
    Port(PortId),
    Node(NodeId),
}

/// Consecutive datagrams of one source and group.
#[derive(Clone, Debug)]
pub(super) struct PacketTrain {
    pub(super) whose: Whose,
    pub(super) source: IpAddr,
    pub(super) group: Group,
    pub(super) stream: u32,
    pub(super) first: Instant,
    pub(super) last: Instant,
    pub(super) count: usize,
}

/// The number of datagrams that may be missing in a flow for other reasons.
const FEW: u128 = 3;

/// The port or node, source, group and stream.
type Key = (Whose, IpAddr, Group, u32);

impl<'a> Scene<'a> {
    pub(super) fn new(plan: &'a Plan, recording: &'a Recording) -> Self {
        let mut scene =
            Self { plan, recording, sent: Vec::new(), flows: Vec::new(), received: Vec::new() };
        let mut data = BTreeMap::<Key, Vec<(Instant, u64)>>::new();
        for frame in recording.frames.iter().filter(|frame| frame.outgoing) {
            if !scene.is_in_time(frame.at) {
                continue;
            }
            let Some(packet) = decode(&frame.bytes) else { continue };
            let group = Group::new(packet.destination);
            match (&packet.content, group) {
                (Content::Data(Number { stream, sequence }), Some(group)) => {
                    let key = (Whose::Port(frame.port), packet.source, group, *stream);
                    data.entry(key).or_default().push((frame.at, *sequence));
                }
                (Content::Data(_) | Content::Other(_), _) => {}
                _ => {
                    let origin = scene.origin(frame.port, frame.bytes.get(6..12));
                    scene.sent.push(Sent { at: frame.at, port: frame.port, origin, packet });
                }
            }
        }
        scene.flows = scene.split(data);
        let mut data = BTreeMap::<Key, Vec<(Instant, u64)>>::new();
        for one in recording.deliveries.iter() {
            let key = (Whose::Node(one.node), one.source, one.group, one.number.stream);
            data.entry(key).or_default().push((one.at, one.number.sequence));
        }
        scene.received = scene.split(data);
        scene
    }

    /// Whether it happened before the run ended. A laboratory that is late with its removal still
    /// records what nobody claims anything of any more.
    pub(super) fn is_in_time(&self, at: Instant) -> bool {
        at <= Instant::ZERO + self.plan.end
    }

    /// The port with this Ethernet address on the segment; without one, the sending port.
    fn origin(&self, port: PortId, mac: Option<&[u8]>) -> PortId {
        let ports = self.plan.ports.iter();
        let of = |one: PortId| mac == Some(&self.plan.ports[one].mac[..]);
        let found = ports.enumerate().map(|(id, _)| id).find(|&id| of(id));
        // A switch sends from one address on all of its ports.
        let is_other = |id: &PortId| self.node(*id) != self.node(port);
        let found = found.filter(|&id| self.segment(id) == self.segment(port));
        found.filter(is_other).unwrap_or(port)
    }

    /// If more datagrams are missing than lateness explains, a flow has ended, and another begins.
    /// Lateness of the source itself is no gap.
    fn split(&self, data: BTreeMap<Key, Vec<(Instant, u64)>>) -> Vec<PacketTrain> {
        let mut flows = Vec::new();
        for ((whose, source, group, stream), datagrams) in data {
            let late = self.plan.tolerance.as_nanos();
            let late = late.checked_div(self.interval(stream).as_nanos()).unwrap_or(0);
            let follows = |one: &(Instant, u64), next: &(Instant, u64)| {
                u128::from(next.1.saturating_sub(one.1)) <= late + FEW
            };
            for run in datagrams.chunk_by(follows) {
                let (Some(&(first, _)), Some(&(last, _))) = (run.first(), run.last()) else {
                    continue;
                };
                let count = run.len();
                flows.push(PacketTrain { whose, source, group, stream, first, last, count });
            }
        }
        flows
    }

    /// The stream of this number, and the act that starts it.
    pub(super) fn stream(&self, id: u32) -> Option<(usize, &Stream)> {
        self.plan.acts.iter().enumerate().find_map(|(act, done)| match &done.action {
            Action::Send(stream) if stream.id == id => Some((act, stream)),
            _ => None,
        })
    }

    /// Time from one datagram of the stream to the next.
    pub(super) fn interval(&self, stream: u32) -> Duration {
        self.stream(stream).map_or(Duration::ZERO, |(_, stream)| stream.interval)
    }

    /// The label of an act: the name of the first named one of its time, or the time.
    pub(super) fn label(&self, act: &Act) -> Label {
        // An act without a name is labelled by what it does.
        let is_named = |other: &&Act| other.at == act.at && other.label != other.words;
        let named = self.plan.acts.iter().find(is_named);
        named.map_or_else(|| Label::literal(act.at), |one| Label::named(act.at, &one.label))
    }

    /// The acts that were done, and when, in the order of the plan.
    pub(super) fn done(&self) -> impl DoubleEndedIterator<Item = (Instant, &'a Act)> {
        let plan: &'a Plan = self.plan;
        let acts = plan.acts.iter().zip(&self.recording.acts);
        acts.filter_map(|(act, done)| Some(((*done)?, act)))
    }

    pub(super) fn node(&self, port: PortId) -> NodeId {
        self.plan.ports[port].node
    }

    pub(super) fn role(&self, port: PortId) -> &Role {
        &self.plan.nodes[self.node(port)].role
    }

    pub(super) fn segment(&self, port: PortId) -> LinkId {
        self.plan.links[self.plan.ports[port].link].segment
    }

    /// The intervals of a router or of a switch that is a querier.
    pub(super) fn knobs(&self, port: PortId) -> Option<&Knobs> {
        match self.role(port) {
            Role::Router(router) => {
                let own = router.interfaces.iter().find(|own| own.port == port);
                own.map(|own| &own.knobs)
            }
            Role::Switch(switch) => Some(&switch.knobs.igmp),
            _ => None,
        }
    }

    /// How late something of the port may be after this time: timers of a bridge are coarse.
    pub(super) fn slack(&self, port: PortId, after: Duration) -> Duration {
        let coarse =
            if matches!(self.role(port), Role::Switch(_)) { after / 8 } else { Duration::ZERO };
        self.plan.tolerance + coarse
    }

    /// The label of an act that was done at `expected`, if `at` is within the tolerance after it.
    pub(super) fn follows(&self, at: Instant, expected: Instant) -> bool {
        let early = self.plan.tolerance / 8;
        at + early >= expected && at <= expected + self.plan.tolerance
    }

    /// The latest act up to `at` for which `matters` is true; the start if there is none.
    pub(super) fn latest(&self, at: Instant, matters: impl Fn(&Act) -> bool) -> Label {
        let mut done = self.done().filter(|(done, act)| *done <= at && matters(act));
        done.next_back().map_or_else(Label::start, |(_, act)| self.label(act))
    }

    /// The last act for which `matters` is true and that has this as its immediate effect.
    pub(super) fn at_once(&self, at: Instant, matters: impl Fn(&Act) -> bool) -> Option<Label> {
        let mut done = self.done().filter(|(done, act)| self.follows(at, *done) && matters(act));
        done.next_back().map(|(_, act)| self.label(act))
    }

    /// Whether the act changes which nodes live and are connected on the segment.
    pub(super) fn is_upheaval(&self, act: &Act, segment: LinkId) -> bool {
        let here = |port: &PortId| self.segment(*port) == segment;
        match &act.action {
            Action::Interface { port, .. } => here(port),
            Action::Kill | Action::Restart => self.plan.nodes[act.node].ports.iter().any(here),
            Action::Exec(_) => true,
            _ => false,
        }
    }

    /// Whether the act may change the members on the segment, or which nodes can report them.
    pub(super) fn changes_membership(&self, act: &Act, segment: LinkId, group: Group) -> bool {
        let here = |port| self.segment(port) == segment;
        match &act.action {
            Action::Join(port, of, _) | Action::Leave(port, of) => here(*port) && *of == group,
            Action::Inject(injection) => here(injection.port),
            _ => self.is_upheaval(act, segment),
        }
    }

    /// Whether the port belongs to a source.
    pub(super) fn is_source(&self, port: PortId) -> bool {
        self.plan.is_sender(self.node(port))
    }

    pub(super) fn node_name(&self, port: PortId) -> &str {
        &self.plan.nodes[self.node(port)].name
    }

    pub(super) fn link_name(&self, port: PortId) -> &str {
        &self.plan.links[self.plan.ports[port].link].name
    }

    /// The word of the run's protocol for the interval with this word of IGMP's.
    pub(super) fn word(&self, word: &'static str) -> &'static str {
        interval_word(word, self.plan.family)
    }

    /// The node with an address, or the address itself.
    pub(super) fn name(&self, address: IpAddr) -> String {
        let plan = self.plan;
        let of_switch = |node: &&Node| matches!(&node.role, Role::Switch(one) if one.queries_from() == Some(address));
        let port = plan.ports.iter().find(|port| port.has(address));
        let node = port.map(|port| &plan.nodes[port.node]);
        let node = node.or_else(|| plan.nodes.iter().find(of_switch));
        node.map_or_else(|| address.to_string(), |node| node.name.clone())
    }

    /// The members on the segment of `port` that were members all the time by plan, and
    /// undisturbed.
    pub(super) fn steady_members(
        &self,
        port: PortId,
        from: Duration,
        until: Duration,
    ) -> Vec<(PortId, Group)> {
        let segment = self.segment(port);
        let margin = self.plan.tolerance * 2;
        let mut members = Vec::new();
        for act in &self.plan.acts {
            let then = act.at;
            match act.action {
                Action::Join(port, group, _)
                    if self.segment(port) == segment && then + margin <= from =>
                {
                    members.push((port, group));
                }
                Action::Leave(port, group) if then <= until => {
                    members.retain(|member| *member != (port, group));
                }
                _ if self.is_upheaval(act, segment) && from <= then + margin && then <= until => {
                    return Vec::new();
                }
                _ => {}
            }
        }
        members.retain(|(_, group)| !group.is_link_local());
        members
    }
}
