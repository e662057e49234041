//! What a claim is about: its links, its groups and its time.

use castnet::addr::Group;
use castnet::time::Instant;

use super::{ActId, Claim, Filter, LinkId, Plan, PortId, Quality, When, Window};
use crate::scenario::PacketKind;

impl Claim {
    /// The links that the claim is about, in ascending order.
    #[must_use]
    pub fn links(&self, plan: &Plan) -> Vec<LinkId> {
        let of_node = |node: usize| {
            plan.nodes[node].ports.iter().map(|&port| plan.ports[port].link).collect()
        };
        let of_port = |port: &PortId| vec![plan.ports[*port].link];
        let mut links: Vec<LinkId> = match self {
            Self::Packet { filter, .. } => vec![filter.link],
            Self::Order(steps, _) => steps.iter().map(|step| step.filter.link).collect(),
            Self::Received(receiver, ..)
            | Self::ExactlyOnce(receiver, _)
            | Self::NoneAfter(receiver, _)
            | Self::Ttl(receiver, ..)
            | Self::Quality(Quality { receiver, .. }) => of_node(receiver.node),
            Self::Latency(latency) => of_port(&latency.port),
            Self::Mfc { router: node, .. } | Self::Mdb { switch: node, .. } => of_node(*node),
            Self::Querier(port, _) | Self::Members { port, .. } => of_port(port),
            Self::Command(command) => of_node(plan.acts[command.act].node),
        };
        links.sort_unstable();
        links.dedup();
        links
    }

    /// The groups that the claim is about; empty if it is about no group in particular.
    #[must_use]
    pub fn groups(&self) -> Vec<Group> {
        match self {
            Self::Packet { filter, .. } => filter.group.into_iter().collect(),
            Self::Order(steps, _) => steps.iter().filter_map(|step| step.filter.group).collect(),
            Self::Received(receiver, ..)
            | Self::ExactlyOnce(receiver, _)
            | Self::NoneAfter(receiver, _)
            | Self::Ttl(receiver, ..)
            | Self::Quality(Quality { receiver, .. }) => vec![receiver.group],
            Self::Latency(latency) => vec![latency.receiver.group],
            Self::Mfc { group, .. } | Self::Mdb { group, .. } => vec![*group],
            Self::Members { groups, .. } => groups.keys().copied().collect(),
            Self::Querier(..) | Self::Command(_) => Vec::new(),
        }
    }

    /// When the time that the claim is about begins, and when it ends, the end of the run aside;
    /// `done` is when acts were done.
    #[must_use]
    pub fn time(
        &self,
        done: impl Fn(ActId) -> Option<Instant>,
    ) -> Option<(Instant, Option<Instant>)> {
        match self {
            Self::Packet { window, .. }
            | Self::Order(_, window)
            | Self::Received(_, _, window)
            | Self::ExactlyOnce(_, window)
            | Self::NoneAfter(_, window)
            | Self::Ttl(_, _, window)
            | Self::Quality(Quality { window, .. })
            | Self::Querier(_, When::Throughout(window)) => window.time(done),
            Self::Mfc { at, .. }
            | Self::Mdb { at, .. }
            | Self::Querier(_, When::At(at))
            | Self::Members { at, .. } => at.instant(done).map(|at| (at, Some(at))),
            Self::Latency(latency) => done(latency.act).map(|at| (at, None)),
            Self::Command(command) => command.window.time(done),
        }
    }

    /// Whether a datagram that is lost can make the claim fail.
    #[must_use]
    pub fn wants_datagrams(&self) -> bool {
        let is_data = |filter: &Filter| filter.kind == PacketKind::Data;
        match self {
            Self::Packet { filter, count, .. } => is_data(filter) && count.min > 0,
            Self::Order(steps, _) => steps.iter().any(|step| is_data(&step.filter)),
            Self::Received(_, count, _) => count.min > 0,
            Self::ExactlyOnce(..) | Self::Latency(_) | Self::Ttl(..) | Self::Quality(_) => true,
            Self::NoneAfter(..)
            | Self::Mfc { .. }
            | Self::Mdb { .. }
            | Self::Querier(..)
            | Self::Members { .. }
            | Self::Command(_) => false,
        }
    }
}

impl Window {
    fn time(&self, done: impl Fn(ActId) -> Option<Instant>) -> Option<(Instant, Option<Instant>)> {
        let from = self.from.instant(&done)?;
        let until = self.length.as_ref().map(|length| {
            let mut until = self.from.clone();
            until.parts.extend(length.parts.iter().cloned());
            until
        });
        Some((from, until.and_then(|until| until.instant(done))))
    }
}
