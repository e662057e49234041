//! How many packets there can be by plan, for limits that no run can go beyond.
//!
//! Datagrams are numbered, and a rule of every run is that none comes twice by the same port: what sources
//! send by plan, times the ports that may send it on, is the most. Of messages any device may send many.

use std::time::Duration;

use super::arithmetic::Length;
use super::{
    Act, ActId, Action, Fault, Filter, LinkId, Node, Port, Receiver, Role, Stream, Window,
};
use crate::scenario::diagnostic::Span;
use crate::scenario::{FaultAction, Listener, PacketKind};

/// More messages of group management in a second than any port of a link is made to send.
const MESSAGES: u64 = 1000;

/// The most that there can be.
#[derive(Clone, Copy)]
pub(super) enum Most {
    /// More break a rule of every run.
    Exactly(u64),
    /// More are hard to imagine.
    About(u64),
}

/// A scenario as far as limits depend on it.
pub(super) struct Planned<'a> {
    pub(super) acts: &'a [Act],
    pub(super) nodes: &'a [Node],
    pub(super) ports: &'a [Port],
    pub(super) struck: &'a [Fault],
    pub(super) tolerance: Duration,
    /// The tolerance as it is written, if it is.
    pub(super) written: Option<&'a Span>,
    pub(super) end: Duration,
}

impl Planned<'_> {
    /// The most packets like these that can be on the link in the window.
    pub(super) fn most_packets(&self, filter: &Filter, window: &Window) -> Most {
        if filter.kind == PacketKind::Data {
            let of = |stream: &Stream| filter.group.is_none_or(|group| group == stream.group);
            let senders = filter.from.map_or_else(|| self.forwarders([filter.link]), |_| 1);
            return Most::Exactly(self.in_window(of, window).saturating_mul(senders));
        }
        let ports = self.ports.iter().filter(|port| port.link == filter.link);
        let senders = ports.map(|port| match &self.nodes[port.node].role {
            Role::Listener(Listener::Population { count, .. }) => u64::from(*count),
            _ => 1,
        });
        let senders: u64 = senders.sum();
        let (from, to) = self.planned(window);
        let seconds = to.saturating_sub(from).as_secs().saturating_add(1);
        let injected = self.acts.iter().map(|act| match &act.action {
            Action::Inject(injection) => u64::from(injection.times),
            _ => 0,
        });
        let injected = injected.fold(0, u64::saturating_add).min(u64::from(u32::MAX) / 8);
        let sent = senders.saturating_mul(MESSAGES).saturating_mul(seconds);
        Most::About(sent.saturating_add(injected))
    }

    /// The most datagrams that the receiver can have in the window.
    pub(super) fn most_received(&self, receiver: &Receiver, window: &Window) -> Most {
        let links = self.nodes[receiver.node].ports.iter().map(|&port| self.ports[port].link);
        let sent = self.in_window(|stream| concerns(receiver, stream), window);
        Most::Exactly(sent.saturating_mul(self.forwarders(links)))
    }

    /// How many ports on these links may send a datagram there, each once.
    fn forwarders(&self, links: impl IntoIterator<Item = LinkId>) -> u64 {
        let links: Vec<LinkId> = links.into_iter().collect();
        let ports = self.ports.iter().filter(|port| links.contains(&port.link));
        let carry = ports.filter(|port| match self.nodes[port.node].role {
            Role::Router(_) | Role::Switch(_) | Role::Source => true,
            Role::Listener(_) => super::sends(self.acts, port.node),
            Role::Injector(_) => false,
        });
        carry.count() as u64
    }

    /// How many datagrams can be on their way in the window.
    fn in_window(&self, of: impl Fn(&Stream) -> bool, window: &Window) -> u64 {
        let (from, to) = self.planned(window);
        let early = from.saturating_sub(self.tolerance);
        // What a link keeps back may come at any time.
        let early = if self.struck.is_empty() { early } else { Duration::ZERO };
        self.sent(of, early, to.saturating_add(self.tolerance))
    }

    /// How many datagrams are sent by plan from one time to another one, with the copies of faults.
    pub(super) fn sent(&self, of: impl Fn(&Stream) -> bool, from: Duration, to: Duration) -> u64 {
        let streams = self.streams().filter(|(_, stream)| of(stream));
        let counts = streams.map(|(act, stream)| {
            let begins = self.acts[act].at.max(from);
            let time = self.over(act, stream).min(to).saturating_sub(begins);
            let every = stream.interval.max(Duration::from_nanos(1)).as_nanos();
            u64::try_from(time.as_nanos() / every).unwrap_or(u64::MAX).saturating_add(1)
        });
        let copies = self.struck.iter().map(|fault| match fault.action {
            FaultAction::Duplicate(copies) => u64::from(copies).saturating_add(1),
            _ => 1,
        });
        let copies = copies.fold(1, u64::saturating_mul);
        counts.fold(0, u64::saturating_add).saturating_mul(copies)
    }

    pub(super) fn streams(&self) -> impl Iterator<Item = (ActId, &Stream)> {
        self.acts.iter().enumerate().filter_map(|(id, act)| match &act.action {
            Action::Send(stream) => Some((id, stream)),
            _ => None,
        })
    }

    /// When the stream ends by plan.
    pub(super) fn over(&self, act: ActId, stream: &Stream) -> Duration {
        let begins = self.acts[act].at;
        let by_itself = stream.during.map_or(self.end, |during| begins.saturating_add(during));
        let stops = |later: &&Act| {
            later.node == self.acts[act].node && matches!(later.action, Action::Stop)
        };
        let stopped = self.acts.iter().skip(act).find(stops);
        stopped.map_or(by_itself, |stop| stop.at.min(by_itself))
    }

    /// When a window begins and ends by plan.
    pub(super) fn planned(&self, window: &Window) -> (Duration, Duration) {
        let from = window.from.planned(self.acts);
        let length = window.length.as_ref().map(Length::duration);
        (from, length.map_or(self.end, |length| from.saturating_add(length)))
    }
}

/// Whether the stream is for the receiver.
pub(super) fn concerns(receiver: &Receiver, stream: &Stream) -> bool {
    stream.group == receiver.group
        && receiver.sources.as_ref().is_none_or(|sources| sources.contains(&stream.source))
}
