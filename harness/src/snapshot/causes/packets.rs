//! Why each control packet was sent: because of an act, a timer of its sender, a Query, or chance.
//!
//! A packet that follows from an act or a timer gets its label. RFC 2236 section 3 leaves it to
//! chance when a host answers, repeats itself or is suppressed, so that differs between runs: such
//! a Report is an answer to its Query or a repetition, and has no line of its own. A Report without
//! a cause has one.

use std::time::Duration;

use castnet::addr::Group;
use castnet::gmp::message::{Message, Query, Version};
use castnet::time::Instant;

use crate::capture::decode::{Packet, decode_ip};
use crate::capture::encode::injected;
use crate::knobs::HostKnobs;
use crate::plan::{Act, Action, Injection, Role};
use crate::protocol::wish::takes_back;
use crate::scenario::{Listener, PacketKind};
use crate::snapshot::label::Label;
use crate::snapshot::scene::{Scene, Sent};

/// The most Group-Specific Queries that may follow from one Leave.
const MOST_QUERIES: u32 = 16;

/// The cause of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::snapshot) enum Reason {
    /// A cause with a time; the packet has a line of its own.
    At(Label),
    /// It is an answer to the Query with this index.
    Answers(usize),
    /// It repeats a Report, or is about a group that never leaves the link.
    Repeats,
}

/// The groups that a packet names.
pub(in crate::snapshot) fn groups(packet: &Packet) -> Vec<Group> {
    packet.meaning().into_iter().flat_map(Message::groups).collect()
}

/// Whether the packet ends a membership.
pub(in crate::snapshot) fn leaves(packet: &Packet) -> bool {
    packet.meaning().is_some_and(takes_back)
}

pub(in crate::snapshot) fn query(packet: &Packet) -> Option<&Query> {
    match packet.meaning()? {
        Message::Query(query) => Some(query),
        _ => None,
    }
}

impl Scene<'_> {
    /// The cause of each of [`Scene::sent`].
    pub(in crate::snapshot) fn reasons(&self) -> Vec<Reason> {
        let mut reasons = Vec::with_capacity(self.sent.len());
        for index in 0..self.sent.len() {
            let reason = self.reason(index, &reasons);
            reasons.push(reason);
        }
        reasons
    }

    fn reason(&self, index: usize, before: &[Reason]) -> Reason {
        let sent = &self.sent[index];
        if sent.origin != sent.port
            && let Some(first) = self.passed_on(index)
        {
            return before[first].clone();
        }
        if let Some(reason) = self.injected(sent) {
            return reason;
        }
        let groups = groups(&sent.packet);
        match query(&sent.packet) {
            Some(query) if query.group.is_none() => return Reason::At(self.general(index, before)),
            Some(_) => return self.specific(index, before),
            None => {}
        }
        match groups.iter().find(|group| !group.is_link_local()) {
            None if !groups.is_empty() => Reason::Repeats,
            None => Reason::At(self.of_node(sent)),
            Some(group) => self.membership(index, *group, before),
        }
    }

    /// The packet before a switch passed it on.
    fn passed_on(&self, index: usize) -> Option<usize> {
        let sent = &self.sent[index];
        self.sent[..index].iter().rposition(|first| {
            first.port == sent.origin
                && first.packet == sent.packet
                && sent.at.since(first.at) <= self.plan.tolerance
        })
    }

    /// When an injector was to send it; `None` if no injector did.
    fn injected(&self, sent: &Sent) -> Option<Reason> {
        let Role::Injector(own) = self.role(sent.port) else { return None };
        let own = own.iter().map(|injection| (Instant::ZERO, Label::start(), injection));
        let acts = self.done().filter_map(|(done, act)| match &act.action {
            Action::Inject(injection) => Some((done, self.label(act), injection)),
            _ => None,
        });
        let same = |injection: &Injection| {
            let decoded = injected(injection).ok().and_then(|packet| decode_ip(&packet).ok());
            injection.port == sent.port && decoded.as_ref() == Some(&sent.packet)
        };
        let due = own.chain(acts).filter_map(|(from, label, injection)| {
            let Injection { every, times, .. } = injection;
            let passed = (sent.at + self.plan.tolerance / 8).since(from);
            let turn = passed.as_nanos().checked_div(every.as_nanos()).unwrap_or(0);
            let turn = u32::try_from(turn).ok().filter(|turn| turn < times)?;
            let expected = from + *every * turn;
            // How far a burst has come by then depends on the machine.
            let reason = match turn {
                0 => Reason::At(label),
                _ if *every <= self.plan.tolerance * 2 => Reason::Repeats,
                _ => Reason::At(Label::literal(label.planned + *every * turn)),
            };
            (same(injection) && self.follows(sent.at, expected)).then_some((expected, reason))
        });
        due.max_by_key(|(expected, _)| *expected).map(|(_, reason)| reason)
    }

    /// A General Query: at the start of its sender, an interval after its last one, or when the
    /// Other Querier Present timer expires.
    fn general(&self, index: usize, before: &[Reason]) -> Label {
        let sent = &self.sent[index];
        let segment = self.segment(sent.port);
        let matters = |act: &Act| self.is_upheaval(act, segment);
        if sent.at <= Instant::ZERO + self.plan.tolerance {
            return Label::start();
        }
        if let Some(label) = self.at_once(sent.at, matters) {
            return label;
        }
        let is_own = |other: &Sent| other.port == sent.port && other.origin == sent.origin;
        let own = self.last_general(index, is_own);
        let foreign = self.last_general(index, |other| other.origin != sent.origin);
        let knobs = self.knobs(sent.port);
        let candidates = knobs.map(|knobs| {
            [
                (own, "SQI", knobs.startup_query_interval()),
                (own, "QI", knobs.query_interval),
                (foreign, self.word("OQPI"), knobs.other_querier_present_interval()),
            ]
        });
        for (cause, name, interval) in candidates.into_iter().flatten() {
            if let Some(label) = cause.and_then(|cause| {
                self.later(sent, &self.sent[cause], &before[cause], 1, name, interval)
            }) {
                return label;
            }
        }
        self.latest(sent.at, matters).after()
    }

    fn last_general(&self, index: usize, wanted: impl Fn(&Sent) -> bool) -> Option<usize> {
        let segment = self.segment(self.sent[index].port);
        self.sent[..index].iter().rposition(|other| {
            self.segment(other.port) == segment
                && other.packet.is(PacketKind::GeneralQuery)
                && wanted(other)
        })
    }

    /// The label of a packet sent a number of intervals after its cause; `None` if the times do not
    /// fit.
    fn later(
        &self,
        sent: &Sent,
        cause: &Sent,
        reason: &Reason,
        times: u32,
        name: &str,
        interval: Duration,
    ) -> Option<Label> {
        let Reason::At(label) = reason else { return None };
        let passed = sent.at.since(cause.at);
        let due = interval * times;
        // The cause may have been late itself, but its timer was started in time.
        let fits =
            passed + self.plan.tolerance >= due && passed <= due + self.slack(sent.port, due);
        fits.then(|| label.plus(times, name, interval))
    }

    /// A Group-Specific Query: with the Leave before it, or some Last Member Query Intervals later.
    /// Where a member must answer the first one, chance decides whether another one is sent.
    fn specific(&self, index: usize, before: &[Reason]) -> Reason {
        let sent = &self.sent[index];
        let segment = self.segment(sent.port);
        let groups = groups(&sent.packet);
        let concerns = |other: &Sent| {
            self.segment(other.port) == segment
                && leaves(&other.packet)
                && groups.iter().any(|group| other.packet.names(*group))
        };
        let left = self.sent[..index].iter().rposition(concerns);
        let interval = self.knobs(sent.port).map(|knobs| knobs.last_member_query_interval);
        if let (Some(left), Some(interval)) = (left, interval) {
            let cause = &self.sent[left];
            let passed = (sent.at.since(cause.at) + interval / 2).as_nanos();
            let times = passed.checked_div(interval.as_nanos()).unwrap_or(0);
            let times = u32::try_from(times).unwrap_or(u32::MAX).min(MOST_QUERIES);
            let label = self.later(sent, cause, &before[left], times, self.word("LMQI"), interval);
            match label.map(|label| (times, label)) {
                Some((1.., label)) if self.somebody_answers(sent, &label) => {
                    return Reason::Repeats;
                }
                Some((_, label)) => return Reason::At(label),
                None => {}
            }
        }
        let matters =
            |act: &Act| groups.iter().any(|group| self.changes_membership(act, segment, *group));
        Reason::At(self.latest(sent.at, matters).after())
    }

    fn somebody_answers(&self, sent: &Sent, label: &Label) -> bool {
        let members = self.steady_members(sent.port, label.planned, label.planned);
        members.iter().any(|(_, group)| sent.packet.names(*group))
    }

    /// A Report or Leave of a host.
    fn membership(&self, index: usize, group: Group, before: &[Reason]) -> Reason {
        let sent = &self.sent[index];
        let back = leaves(&sent.packet);
        let own = |act: &Act| match act.action {
            Action::Join(port, joined, _) => !back && (port, joined) == (sent.origin, group),
            Action::Leave(port, left) => back && (port, left) == (sent.origin, group),
            _ => false,
        };
        if let Some(label) = self.at_once(sent.at, own) {
            return Reason::At(label);
        }
        if back {
            let last = self.done().rfind(|(done, act)| *done <= sent.at && own(act));
            let repeats = last.is_some_and(|(done, _)| self.repeats(sent, done));
            return if repeats { Reason::Repeats } else { Reason::At(self.of_node(sent)) };
        }
        if let Some(asked) = self.asked(index, group, before) {
            return Reason::Answers(asked);
        }
        let joined = self.done().rfind(|(done, act)| *done <= sent.at && own(act));
        if joined.is_some_and(|(done, _)| self.repeats(sent, done)) {
            return Reason::Repeats;
        }
        let segment = self.segment(sent.port);
        let matters = |act: &Act| self.changes_membership(act, segment, group);
        Reason::At(self.latest(sent.at, matters).after())
    }

    /// The latest Query that the packet may answer; of several in a row for a group the first one.
    fn asked(&self, index: usize, group: Group, before: &[Reason]) -> Option<usize> {
        let sent = &self.sent[index];
        let segment = self.segment(sent.port);
        let is_query = |other: &Sent| {
            let of_group = |query: &Query| query.asks_about(group);
            self.segment(other.port) == segment && query(&other.packet).is_some_and(of_group)
        };
        let last = self.sent[..index].iter().rposition(is_query)?;
        let until = self.sent[last].at + query(&self.sent[last].packet)?.granted();
        if sent.at > until + self.plan.tolerance {
            return None;
        }
        let has_time =
            |query: &usize| is_query(&self.sent[*query]) && matches!(before[*query], Reason::At(_));
        (0..=last).rev().find(has_time)
    }

    /// Whether it may be one of a host's unsolicited Reports after its join at that time.
    fn repeats(&self, sent: &Sent, done: Instant) -> bool {
        let longest = match self.role(sent.origin) {
            Role::Listener(Listener::Castnet(knobs)) => knobs.longest_repetition(),
            // The kernel speaks an older version beside an older querier, and repeats more slowly.
            _ => HostKnobs::of(Version::V2).longest_repetition(),
        };
        sent.at.since(done) <= longest + self.plan.tolerance
    }

    /// Another packet of a node.
    fn of_node(&self, sent: &Sent) -> Label {
        let node = self.node(sent.origin);
        let own = |act: &Act| act.node == node;
        self.at_once(sent.at, own).unwrap_or_else(|| self.latest(sent.at, own).after())
    }
}
