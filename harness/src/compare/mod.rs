//! Compares two recordings of one plan: whether two backends do the same.
//!
//! On each link the same ports must send the same messages in the same order, each within the
//! plan's tolerance of its twin, give or take the time by which earlier acts differ and the
//! laboratory was late. Differences that a protocol leaves to chance are allowed: a Report may come
//! at any time of its delay, from whichever member draws the shortest one, but there must be one in
//! both. Streams must pause at the same ports and times, give or take the time by which the causing
//! Reports differ. What a router's kernel reports of its own memberships is left out. Events that
//! chance decided otherwise in the other run (`chance`) are left out of the comparison and listed.

mod answers;
mod bounds;
mod chance;
mod messages;
mod streams;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use castnet::addr::Group;
use castnet::time::Instant;

use crate::capture::decode::{Content, Packet, decode};
use crate::plan::{LinkId, Plan, PortId, Role};
use crate::recording::Recording;
use crate::scenario::PacketKind;
use bounds::{Bounds, distance};

/// The result of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Messages, answers and pauses of streams that both have.
    pub shared: Shared,
    /// The greatest distance of a message, or of the end of a pause, from its twin.
    pub widest: Duration,
    /// Events that only one recording has, or has at another time; in the order of time.
    pub disagreements: Vec<Disagreement>,
    /// What was not compared, and why.
    pub left_out: Vec<String>,
}

/// How much of each kind was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shared {
    /// Messages that do not depend on chance.
    pub messages: usize,
    /// Reports, counted once for each cause.
    pub answers: usize,
    /// Pauses of streams at a port or at a socket, including those before the begin and after the
    /// end.
    pub pauses: usize,
}

/// A difference between two recordings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// The earlier of the two times.
    pub at: Instant,
    /// In words.
    pub text: String,
}

/// Compares two recordings of the plan.
#[must_use]
pub fn compare(plan: &Plan, one: &Recording, other: &Recording) -> Comparison {
    let sides = [Side::new(plan, one), Side::new(plan, other)];
    let mut pair = Pair {
        plan,
        sides,
        incomparable_groups: BTreeMap::new(),
        incomparable_segments: BTreeMap::new(),
        report_distances: BTreeMap::new(),
        found: Comparison::default(),
    };
    pair.leave_out_chance();
    pair.messages();
    pair.answers();
    pair.streams();
    let mut found = pair.found;
    found.disagreements.sort_by_key(|disagreement| disagreement.at);
    found
}

/// One recording, decoded.
struct Side<'a> {
    name: &'static str,
    recording: &'a Recording,
    /// What each port sent, in the order of time.
    sent: Vec<SentPacket>,
}

/// A packet that a port sent.
struct SentPacket {
    at: Instant,
    port: PortId,
    link: LinkId,
    packet: Packet,
    /// Whether it is a Report of a listener, whose time is random.
    is_answer: bool,
}

/// A group on a segment.
type Place = (LinkId, Group);

/// Two recordings under comparison.
struct Pair<'a> {
    plan: &'a Plan,
    sides: [Side<'a>; 2],
    /// The groups that are not comparable any more, and since when.
    incomparable_groups: BTreeMap<Place, Instant>,
    /// The segments that are not comparable any more, and since when.
    incomparable_segments: BTreeMap<LinkId, Instant>,
    /// By how much the Reports of a group differ, in nanoseconds: the least and the greatest instant of
    /// the second recording less that of the first.
    report_distances: BTreeMap<Place, (i64, i64)>,
    found: Comparison,
}

impl<'a> Side<'a> {
    fn new(plan: &Plan, recording: &'a Recording) -> Self {
        let outgoing = recording.frames.iter().filter(|frame| frame.outgoing);
        let sent = outgoing.filter_map(|frame| {
            let packet = decode(&frame.bytes)?;
            if is_of_router(plan, frame.port, &packet) {
                return None;
            }
            let link = plan.ports[frame.port].link;
            let from = listener(plan, plan.links[link].segment, &packet);
            let is_answer = from && packet.is(PacketKind::Report);
            Some(SentPacket { at: frame.at, port: frame.port, link, packet, is_answer })
        });
        Self { name: recording.backend, recording, sent: sent.collect() }
    }

    /// When the act was done; `None` if it was not.
    fn done(&self, act: usize) -> Option<Instant> {
        self.recording.acts.get(act).copied().flatten()
    }

    /// The last Report of version 1 or 2 about the group on the segment, before that time.
    fn last_report(
        &self,
        plan: &Plan,
        (segment, group): Place,
        before: Instant,
    ) -> Option<&SentPacket> {
        self.sent.iter().rev().find(|sent| {
            let form = sent.packet.is(PacketKind::V1Report) || sent.packet.is(PacketKind::V2Report);
            let here = plan.links[sent.link].segment == segment;
            form && here && sent.at <= before && sent.packet.names(group)
        })
    }
}

/// Whether a packet is from a listener on the segment.
fn listener(plan: &Plan, segment: LinkId, packet: &Packet) -> bool {
    plan.ports.iter().any(|port| {
        port.speaks_from() == Some(packet.source)
            && plan.links[port.link].segment == segment
            && matches!(plan.nodes[port.node].role, Role::Listener(_))
    })
}

/// Whether a router's kernel says what the router itself is a member of, at times of chance that no act
/// of the plan causes.
fn is_of_router(plan: &Plan, port: PortId, packet: &Packet) -> bool {
    let node = &plan.nodes[plan.ports[port].node];
    packet.is(PacketKind::Report) && matches!(node.role, Role::Router(_))
}

impl Pair<'_> {
    fn place(&self, link: LinkId, group: Group) -> Place {
        (self.plan.links[link].segment, group)
    }

    /// Whether something of the group is still comparable at that time.
    fn is_comparable(&self, place: Place, at: Instant) -> bool {
        let is_before = |since: Option<&Instant>| since.is_none_or(|&since| at < since);
        is_before(self.incomparable_groups.get(&place))
            && is_before(self.incomparable_segments.get(&place.0))
    }

    /// How far an event at that time may be from its twin: the tolerance, the distance of earlier
    /// acts, and the lateness of a laboratory.
    fn bounds(&self, at: Instant) -> Bounds {
        let [one, other] = &self.sides;
        let late = one.recording.lateness.by.saturating_add(other.recording.lateness.by);
        let bounds = Bounds::around(self.plan.tolerance.saturating_add(late));
        let acts = (0..self.plan.acts.len()).filter_map(|id| {
            let (one, other) = (one.done(id)?, other.done(id)?);
            (one.min(other) <= at).then(|| distance(one, other))
        });
        let (least, most) = acts.fold((0, 0), |(least, most), by| (least.min(by), most.max(by)));
        bounds.widened(least, most)
    }

    /// Whether both runs were under way at that time, and not about to end.
    fn is_early(&self, at: Instant) -> bool {
        at + self.plan.tolerance < Instant::ZERO + self.plan.end
    }

    fn disagree(&mut self, at: Instant, text: String) {
        self.found.disagreements.push(Disagreement { at, text });
    }

    fn agree(&mut self, one: Instant, other: Instant) {
        self.found.widest = self.found.widest.max(one.since(other)).max(other.since(one));
    }
}

/// The group of a packet, if it has one.
fn group(packet: &Packet) -> Option<Group> {
    match &packet.content {
        Content::Gmp(message) => message.meaning().groups().next(),
        Content::Data(_) => Group::new(packet.destination),
        Content::BadGmp(_) | Content::Other(_) => None,
    }
}
