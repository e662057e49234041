//! Why a silence proves nothing: whoever would have been heard was dead or cut off, or faults kept all
//! datagrams from the way.
//!
//! A way leads from a source over routers and switches and over interfaces that are up. Whether a
//! router *should* have forwarded is not asked here: that is what the claim is about. A daemon that was
//! killed speaks no more, but its kernel might forward.

use std::collections::BTreeSet;

use super::delivery::is_for;
use super::window::Span;
use super::{Evidence, Seen};
use crate::capture::decode::{Content, decode};
use crate::plan::{Action, Filter, LinkId, NodeId, PortId, Receiver, Role};
use crate::recording::{Number, Struck};
use crate::scenario::{FaultAction, PacketKind};
use crate::vocabulary::field::{PacketField, Value};

/// Where a fault keeps frames from those who would have them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cut {
    /// From everybody on the link.
    Link(LinkId),
    /// From this port.
    Port(PortId),
}

/// Where datagrams may be looked for.
#[derive(Clone, Copy)]
enum Goal<'a> {
    /// At one of these ports, as they come in.
    Ports(&'a [PortId]),
    /// On this link, as they are sent.
    Link(LinkId),
}

impl Evidence<'_> {
    /// Why no datagram could come to the receiver in the span, whatever the routers did.
    pub(super) fn is_cut_off(&self, receiver: &Receiver, span: &Span) -> Option<String> {
        let ports = &self.plan.nodes[receiver.node].ports;
        if ports.iter().all(|&port| self.is_down(port, span).is_some()) {
            return Some("its interface was down".to_owned());
        }
        let links: BTreeSet<LinkId> =
            ports.iter().map(|&port| self.plan.ports[port].link).collect();
        let is_meant = |seen: &Seen| is_for(receiver, &seen.packet);
        let here = self.recording.struck.iter().filter(|struck| {
            self.is_lost(struck)
                && span.contains(struck.at)
                && links.contains(&self.plan.ports[struck.port].link)
                && struck.to.is_none_or(|to| ports.contains(&to))
                && decode(&struck.bytes).is_some_and(|packet| {
                    matches!(packet.content, Content::Data(_)) && is_for(receiver, &packet)
                })
        });
        match here.count() {
            0 => self.no_way(&Goal::Ports(ports), span, is_meant),
            lost => Some(format!("a fault kept {lost} from it")),
        }
    }

    /// Why none of the packets could be on the link in the span, whatever the devices did.
    pub(super) fn is_silenced(&self, filter: &Filter, span: &Span) -> Option<String> {
        let mute = match filter.from {
            Some(from) => self.is_mute(from, filter.kind, span),
            None => {
                let mut senders = self
                    .on_segment(filter.link)
                    .filter(|&port| self.may_send(self.plan.ports[port].node, filter.kind));
                let first = senders.next().and_then(|port| self.is_mute(port, filter.kind, span));
                first
                    .filter(|_| senders.all(|port| self.is_mute(port, filter.kind, span).is_some()))
            }
        };
        if let Some(mute) = mute {
            return Some(mute);
        }
        if filter.kind != PacketKind::Data {
            return None;
        }
        let is_meant = |seen: &Seen| {
            filter.group.is_none_or(|group| seen.packet.names(group))
                && filter
                    .wants(PacketField::Source)
                    .is_none_or(|source| *source == Value::Address(seen.packet.source))
        };
        self.no_way(&Goal::Link(filter.link), span, is_meant)
    }

    /// The ports on the link, and beyond the switches on it.
    pub(super) fn on_segment(&self, link: LinkId) -> impl Iterator<Item = PortId> {
        let of = |link: LinkId| self.plan.links[link].segment;
        (0..self.plan.ports.len()).filter(move |&port| of(self.plan.ports[port].link) == of(link))
    }

    /// That no such packet could come from the port in the span, whatever its node did.
    fn is_mute(&self, port: PortId, kind: PacketKind, span: &Span) -> Option<String> {
        // The kernel may forward after the death of a daemon, and then this shows it.
        let dead = self.is_dead(port, span).filter(|_| kind != PacketKind::Data);
        dead.or_else(|| self.is_down(port, span))
    }

    /// That the port's router was dead in all of the span.
    fn is_dead(&self, port: PortId, span: &Span) -> Option<String> {
        let node = self.plan.ports[port].node;
        let since = self.dead_since(node, span.from)?;
        let starts = self.deeds(node).any(|(at, killed)| !killed && span.contains(at));
        (!starts).then(|| format!("{} was killed at {since}", self.plan.nodes[node].name))
    }

    /// That the port was down in all of the span.
    fn is_down(&self, port: PortId, span: &Span) -> Option<String> {
        let since = self.down_since(port, span.from)?;
        let comes_up = self.plan.acts.iter().enumerate().any(|(id, act)| {
            matches!(act.action, Action::Interface { port: of, up: true } if of == port)
                && self.done(id).is_some_and(|at| span.contains(at))
        });
        (!comes_up).then(|| format!("{} was down since {since}", self.plan.port_name(port)))
    }

    /// Why no datagram that was sent in the span had a way to the goal.
    fn no_way(
        &self,
        goal: &Goal<'_>,
        span: &Span,
        is_meant: impl Fn(&Seen) -> bool,
    ) -> Option<String> {
        let sent =
            self.sent_by_sources().filter(|(_, seen)| span.contains(seen.at) && is_meant(seen));
        let sent = sent.map(|(number, seen)| (self.plan.ports[seen.port].node, number));
        let sent: BTreeSet<(NodeId, Number)> = sent.collect();
        let down: Vec<Option<String>> =
            (0..self.plan.ports.len()).map(|port| self.is_down(port, span)).collect();
        let sources: BTreeSet<NodeId> = sent.iter().map(|(node, _)| *node).collect();
        let leads = |from: NodeId, cut: Option<Cut>| self.leads(from, goal, &down, cut);
        if sources.iter().all(|&source| !leads(source, None)) {
            let why: BTreeSet<&str> = down.iter().flatten().map(String::as_str).collect();
            let why: Vec<&str> = why.into_iter().collect();
            return Some(format!("no way led there: {}", why.join(", ")));
        }
        let lost = self.recording.struck.iter().filter(|struck| self.is_lost(struck));
        let lost = lost.filter_map(|struck| {
            let Content::Data(number) = decode(&struck.bytes)?.content else { return None };
            let link = self.plan.ports[struck.port].link;
            Some((number, struck.to.map_or(Cut::Link(link), Cut::Port)))
        });
        let lost: BTreeSet<(Number, Cut)> = lost.collect();
        let is_kept = |&(source, number): &(NodeId, Number)| {
            let mut cuts = lost.iter().filter(|(of, _)| *of == number);
            cuts.any(|(_, cut)| !leads(source, Some(*cut)))
        };
        let all = sent.len();
        sent.iter()
            .all(is_kept)
            .then(|| format!("faults kept all {all} that were sent then from the way"))
    }

    /// Whether a way leads from the node to the goal.
    fn leads(
        &self,
        from: NodeId,
        goal: &Goal<'_>,
        down: &[Option<String>],
        cut: Option<Cut>,
    ) -> bool {
        let (mut links, mut known, mut next) =
            (BTreeSet::new(), BTreeSet::from([from]), vec![from]);
        while let Some(node) = next.pop() {
            for &out in &self.plan.nodes[node].ports {
                let link = self.plan.ports[out].link;
                if down[out].is_some() || !links.insert(link) || cut == Some(Cut::Link(link)) {
                    continue;
                }
                for &into in &self.plan.links[link].ports {
                    let node = self.plan.ports[into].node;
                    let carries =
                        matches!(self.plan.nodes[node].role, Role::Router(_) | Role::Switch(_));
                    let takes = down[into].is_none() && cut != Some(Cut::Port(into));
                    if carries && takes && known.insert(node) {
                        next.push(node);
                    }
                }
            }
        }
        match goal {
            Goal::Link(link) => links.contains(link),
            Goal::Ports(ports) => ports.iter().any(|&port| {
                let link = self.plan.ports[port].link;
                let is_cut = [Cut::Port(port), Cut::Link(link)].map(Some).contains(&cut);
                links.contains(&link) && down[port].is_none() && !is_cut
            }),
        }
    }

    /// Whether the node sends such packets by itself, or carries them.
    fn may_send(&self, node: NodeId, kind: PacketKind) -> bool {
        match &self.plan.nodes[node].role {
            // It sends what the file says, and is no device.
            Role::Injector(_) => false,
            Role::Switch(_) => true,
            Role::Source => kind == PacketKind::Data,
            Role::Listener(_) if kind == PacketKind::Data => self.plan.is_sender(node),
            Role::Listener(_) => kind.is_of_host(),
            Role::Router(_) => !kind.is_of_host(),
        }
    }

    /// Whether the fault kept the frame from somebody.
    fn is_lost(&self, struck: &Struck) -> bool {
        let action = struck.fault.map(|fault| &self.plan.faults[fault].action);
        matches!(action, Some(FaultAction::Drop | FaultAction::Partition(_)))
    }
}
