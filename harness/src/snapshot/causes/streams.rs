//! When streams began and ended at each port and at each receiver, and the causes.

use std::time::Duration;

use castnet::time::Instant;

use super::Causes;
use crate::plan::{Act, Action, NodeId, PortId};
use crate::snapshot::label::Label;
use crate::snapshot::scene::{PacketTrain, Scene, Whose};

/// A flow with the labels of its ends.
pub(in crate::snapshot) struct LabelledFlow<'a> {
    pub(in crate::snapshot) flow: &'a PacketTrain,
    pub(in crate::snapshot) begin: Label,
    pub(in crate::snapshot) end: Label,
}

/// An end of a flow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    First,
    Last,
}

impl Edge {
    const fn of(self, flow: &PacketTrain) -> Instant {
        match self {
            Self::First => flow.first,
            Self::Last => flow.last,
        }
    }

    const fn label<'f>(self, flow: &'f LabelledFlow<'_>) -> &'f Label {
        match self {
            Self::First => &flow.begin,
            Self::Last => &flow.end,
        }
    }
}

impl Scene<'_> {
    /// Every flow on a link, and then every flow that was received.
    pub(in crate::snapshot) fn labelled<'s>(
        &'s self,
        causes: &Causes<'_>,
    ) -> Vec<LabelledFlow<'s>> {
        let mut labelled: Vec<LabelledFlow<'s>> = Vec::new();
        for flow in self.flows.iter().chain(&self.received) {
            let begin = self.begin(flow, causes);
            let end = self.end(flow, causes);
            labelled.push(LabelledFlow { flow, begin, end });
        }
        // A socket hears what its link carries, from then on.
        for index in 0..labelled.len() {
            let flow = labelled[index].flow;
            let Whose::Node(node) = flow.whose else { continue };
            let [begin, end] = [Edge::First, Edge::Last].map(|edge| {
                let own = edge.label(&labelled[index]);
                let mut on_link = labelled.iter().filter(|other| {
                    self.reaches(other.flow, flow, node) && self.are_near(edge, other.flow, flow)
                });
                let found = if own.is_certain() { None } else { on_link.next() };
                found.map_or(own, |other| edge.label(other)).clone()
            });
            labelled[index] = LabelledFlow { flow, begin, end };
        }
        labelled
    }

    /// Whether both flows began or ended at one time, within the second one's lag.
    fn are_near(&self, edge: Edge, one: &PacketTrain, flow: &PacketTrain) -> bool {
        let (one, other) = (edge.of(one), edge.of(flow));
        one.since(other).max(other.since(one)) <= self.lag(flow)
    }

    /// How long after its cause the first or last datagram of a flow may come.
    fn lag(&self, flow: &PacketTrain) -> Duration {
        self.plan.tolerance + self.interval(flow.stream)
    }

    fn reaches(&self, sent: &PacketTrain, received: &PacketTrain, node: NodeId) -> bool {
        let Whose::Port(port) = sent.whose else { return false };
        let link = self.plan.ports[port].link;
        (sent.source, sent.group, sent.stream) == (received.source, received.group, received.stream)
            && self.node(port) != node
            && self.plan.links[link].ports.iter().any(|&other| self.node(other) == node)
    }

    /// When the source began, if the flow began with it.
    fn sent_at_once(&self, flow: &PacketTrain) -> Option<Label> {
        let (act, _) = self.stream(flow.stream)?;
        let done = self.recording.acts.get(act).copied().flatten()?;
        self.follows(flow.first, done).then(|| self.label(&self.plan.acts[act]))
    }

    fn begin(&self, flow: &PacketTrain, causes: &Causes<'_>) -> Label {
        if let Some(label) = self.sent_at_once(flow) {
            return label;
        }
        let caused = |at: Instant| at <= flow.first && flow.first <= at + self.lag(flow);
        let label = match flow.whose {
            Whose::Node(node) => self.at_once(flow.first, |act| {
                act.node == node
                    && matches!(act.action, Action::Join(_, group, _) if group == flow.group)
            }),
            Whose::Port(port) => self.forwarded(flow, port, Edge::First, causes, caused),
        };
        let matters = |act: &Act| self.concerns(act, flow);
        let at_once = || match flow.whose {
            // A receiver's flow follows from that on its link.
            Whose::Node(_) => None,
            Whose::Port(_) => self.at_once(flow.first, matters),
        };
        label.or_else(at_once).unwrap_or_else(|| self.latest(flow.first, matters).after())
    }

    /// Why the flow began or ended at a port: its forwarding changed, or the incoming flow did.
    fn forwarded(
        &self,
        flow: &PacketTrain,
        port: PortId,
        edge: Edge,
        causes: &Causes<'_>,
        caused: impl Fn(Instant) -> bool,
    ) -> Option<Label> {
        self.switched(flow, port, edge == Edge::First, causes, caused).or_else(|| {
            let upstream = self.upstream(flow, port)?;
            self.are_near(edge, upstream, flow).then(|| match edge {
                Edge::First => self.begin(upstream, causes),
                Edge::Last => self.end(upstream, causes),
            })
        })
    }

    /// The latest flow that came in on another link of the machine before this one went out.
    fn upstream(&self, flow: &PacketTrain, port: PortId) -> Option<&PacketTrain> {
        let node = self.node(port);
        let candidates = self.flows.iter().filter(|other| {
            let Whose::Port(sender) = other.whose else { return false };
            let link = self.plan.ports[sender].link;
            let of = |one: &PacketTrain| (one.source, one.group, one.stream);
            of(other) == of(flow)
                && self.node(sender) != node
                && link != self.plan.ports[port].link
                && self.plan.links[link].ports.iter().any(|&here| self.node(here) == node)
                && other.first < flow.first
        });
        candidates.max_by_key(|other| other.first)
    }

    fn end(&self, flow: &PacketTrain, causes: &Causes<'_>) -> Label {
        let lag = self.lag(flow);
        if flow.last + lag >= Instant::ZERO + self.plan.end {
            return Label::end(self.plan.end);
        }
        if let Some(label) = self.stopped(flow) {
            return label;
        }
        let caused = |at: Instant| at + lag >= flow.last && at <= flow.last + lag;
        let label = match flow.whose {
            Whose::Node(node) => {
                let mut left = self.done().rev().filter(|(done, act)| {
                    act.node == node
                        && caused(*done)
                        && matches!(act.action, Action::Leave(_, group) if group == flow.group)
                });
                left.next().map(|(_, act)| self.label(act))
            }
            Whose::Port(port) => self.forwarded(flow, port, Edge::Last, causes, caused),
        };
        let matters = |act: &Act| self.concerns(act, flow);
        label.unwrap_or_else(|| {
            let mut near = self.done().rev().filter(|(done, act)| caused(*done) && matters(act));
            let near = near.next().map(|(_, act)| self.label(act));
            near.unwrap_or_else(|| self.latest(flow.last, matters).after())
        })
    }

    /// The end of the stream itself, if the flow ended here and then.
    fn stopped(&self, flow: &PacketTrain) -> Option<Label> {
        let (act, stream) = self.stream(flow.stream)?;
        let begun = self.recording.acts.get(act).copied().flatten()?;
        let label = self.label(&self.plan.acts[act]);
        let lag = self.lag(flow);
        if let Some(length) = stream.during {
            let until = begun + length;
            if flow.last + lag >= until {
                return Some(Label::literal(label.planned + length));
            }
        }
        let source = self.node(stream.port);
        let mut stops = self.done().filter(|(done, act)| {
            act.node == source && matches!(act.action, Action::Stop) && *done > begun
        });
        let (done, stop) = stops.next()?;
        (flow.last + lag >= done).then(|| self.label(stop))
    }

    /// The latest cause for which the flow is forwarded there from then on, or no longer.
    fn switched(
        &self,
        flow: &PacketTrain,
        port: PortId,
        on: bool,
        causes: &Causes<'_>,
        caused: impl Fn(Instant) -> bool,
    ) -> Option<Label> {
        let node = self.node(port);
        let mut mfc = causes.mfc.iter().rev().filter(|(change, _)| {
            (change.node, change.source, change.group) == (node, flow.source, flow.group)
                && caused(change.at)
                && on == change.entry.as_ref().is_some_and(|entry| entry.oifs.contains(&port))
        });
        let mut mdb = causes.mdb.iter().rev().filter(|(change, _)| {
            (change.node, change.group) == (node, flow.group)
                && caused(change.at)
                && on == change.ports.contains_key(&port)
        });
        let mfc = mfc.next().map(|(_, label)| label);
        mfc.or_else(|| mdb.next().map(|(_, label)| label)).cloned()
    }

    /// Whether the act may begin or end the flow.
    fn concerns(&self, act: &Act, flow: &PacketTrain) -> bool {
        match &act.action {
            Action::Join(_, group, _)
            | Action::RefusedJoin(_, group, _)
            | Action::OtherSocket(_, group, ..)
            | Action::Leave(_, group) => *group == flow.group,
            Action::Churn(churn) => churn.group == flow.group,
            Action::Send(stream) | Action::RefusedSend(stream) => stream.id == flow.stream,
            Action::Inject(_) | Action::Stop => true,
            Action::Interface { .. }
            | Action::Kill
            | Action::Restart
            | Action::Set(_)
            | Action::Exec(_) => true,
        }
    }
}
