//! The causes of state changes in routers and switches: a packet, a timer or an act.

use castnet::addr::Group;
use castnet::time::Instant;

use super::packets::{Reason, groups, leaves};
use crate::plan::{Act, Action, NodeId, PortId};
use crate::recording::{MdbChange, MfcChange, StateChange};
use crate::scenario::PacketKind;
use crate::snapshot::label::Label;
use crate::snapshot::scene::{Scene, Sent};

/// A change of state and its label.
pub(in crate::snapshot) struct LabelledChange {
    pub(in crate::snapshot) at: Instant,
    pub(in crate::snapshot) node: NodeId,
    pub(in crate::snapshot) group: Option<Group>,
    pub(in crate::snapshot) label: Label,
    pub(in crate::snapshot) what: String,
}

impl Scene<'_> {
    /// The routers' reports about members and queriers.
    pub(in crate::snapshot) fn news(&self, reasons: &[Reason]) -> Vec<LabelledChange> {
        let in_time = self.recording.events.iter().filter(|event| self.is_in_time(event.at));
        let changes = in_time.filter_map(|event| {
            let (at, node) = (event.at, event.node);
            match *event.change.as_ref()? {
                StateChange::Members { port, group, present } if !group.is_link_local() => {
                    let label = match present {
                        true => self.reported(at, port, group, reasons),
                        false => self.forgotten(at, port, group, reasons),
                    };
                    let word = if present { "members present" } else { "no members" };
                    let what = format!("{}: {word} of {group}", self.link_name(port));
                    Some(LabelledChange { at, node, group: Some(group), label, what })
                }
                StateChange::Querier { port, querier } => {
                    let label = self.elected(at, port, reasons);
                    let link = self.link_name(port);
                    let what = match Some(querier) == self.plan.ports[port].speaks_from() {
                        true => format!("{link}: querier"),
                        false => format!("{link}: non-querier, {} queries", self.name(querier)),
                    };
                    Some(LabelledChange { at, node, group: None, label, what })
                }
                _ => None,
            }
        });
        changes.collect()
    }

    /// The last packet by then on the port's segment that is wanted, and its cause.
    fn heard<'f>(
        &self,
        at: Instant,
        port: PortId,
        reasons: &'f [Reason],
        wanted: impl Fn(&Sent) -> bool,
    ) -> Option<(&Sent, &'f Reason)> {
        let segment = self.segment(port);
        let mut heard = self.sent.iter().zip(reasons).filter(|(sent, _)| {
            sent.at <= at && self.segment(sent.port) == segment && wanted(sent)
        });
        heard.next_back()
    }

    fn reported(&self, at: Instant, port: PortId, group: Group, reasons: &[Reason]) -> Label {
        let reports = |sent: &Sent| {
            sent.packet.is(PacketKind::Report) && !leaves(&sent.packet) && sent.packet.names(group)
        };
        match self.heard(at, port, reasons, reports) {
            Some((report, Reason::At(label))) if self.follows(at, report.at) => label.clone(),
            // Chance decided which of several packets it was.
            _ => self.membership_changed(at, port, group),
        }
    }

    fn membership_changed(&self, at: Instant, port: PortId, group: Group) -> Label {
        let segment = self.segment(port);
        self.latest(at, |act| self.changes_membership(act, segment, group)).after()
    }

    fn forgotten(&self, at: Instant, port: PortId, group: Group, reasons: &[Reason]) -> Label {
        let segment = self.segment(port);
        if let Some(label) = self.at_once(at, |act| self.is_upheaval(act, segment)) {
            return label;
        }
        let Some(knobs) = self.knobs(port) else {
            return self.membership_changed(at, port, group);
        };
        let left = |sent: &Sent| leaves(&sent.packet) && sent.packet.names(group);
        let asked = |sent: &Sent| {
            let of = groups(&sent.packet).contains(&group);
            of && sent.packet.is(PacketKind::GroupSpecificQuery)
        };
        let last_member = knobs.last_member_query_time();
        if let Some((leave, Reason::At(label))) = self.heard(at, port, reasons, left) {
            // For a switch, the Query of its querier counts.
            let fast = self.follows(at, leave.at);
            let passed = at.since(leave.at);
            if fast || passed <= last_member + self.slack(port, last_member) * 2 {
                return if fast {
                    label.clone()
                } else {
                    label.plus(1, self.word("LMQT"), last_member)
                };
            }
        }
        if let Some((_, Reason::At(label))) = self.heard(at, port, reasons, asked)
            && at <= Instant::ZERO + label.planned + last_member + self.slack(port, last_member) * 2
        {
            return label.plus(1, self.word("LMQT"), last_member);
        }
        // GMI counts from the last Report, whose time is random.
        let interval = knobs.group_membership_interval();
        self.membership_changed(at, port, group).plus(1, self.word("GMI"), interval)
    }

    fn elected(&self, at: Instant, port: PortId, reasons: &[Reason]) -> Label {
        let segment = self.segment(port);
        let matters = |act: &Act| self.is_upheaval(act, segment);
        let foreign = |sent: &Sent| sent.origin != port && sent.packet.is(PacketKind::GeneralQuery);
        let heard = self.heard(at, port, reasons, foreign);
        if let Some((query, Reason::At(label))) = heard
            && self.follows(at, query.at)
        {
            return label.clone();
        }
        if at <= Instant::ZERO + self.plan.tolerance {
            return Label::start();
        }
        if let Some(label) = self.at_once(at, matters) {
            return label;
        }
        let interval = self.knobs(port).map(|knobs| knobs.other_querier_present_interval());
        if let (Some((query, Reason::At(label))), Some(interval)) = (heard, interval)
            && self.follows(at, query.at + interval)
        {
            return label.plus(1, self.word("OQPI"), interval);
        }
        self.latest(at, matters).after()
    }

    /// The changes of forwarding caches.
    pub(in crate::snapshot) fn mfc_changes(
        &self,
        news: &[LabelledChange],
    ) -> Vec<(&MfcChange, Label)> {
        let mut labelled: Vec<(&MfcChange, Label)> = Vec::new();
        for change in self.recording.mfc.iter().filter(|change| self.is_in_time(change.at)) {
            let flow = |other: &MfcChange| {
                (other.node, other.source, other.group)
                    == (change.node, change.source, change.group)
            };
            let last = labelled.iter().rev().find(|(other, _)| flow(other));
            let held = last.and_then(|(other, _)| other.entry.as_ref());
            if held == change.entry.as_ref() {
                continue;
            }
            let label = self.decided(change, news);
            labelled.push((change, label));
        }
        labelled
    }

    /// The nearest cause before it: an act on the router, news of members, a new stream.
    fn decided(&self, change: &MfcChange, news: &[LabelledChange]) -> Label {
        let MfcChange { at, node, source, group, .. } = change;
        let matters = |act: &Act| match &act.action {
            Action::Send(stream) => {
                stream.group == *group && self.plan.ports[stream.port].address == Some(*source)
            }
            _ => {
                let ports = &self.plan.nodes[*node].ports;
                ports.iter().any(|&port| self.is_upheaval(act, self.segment(port)))
            }
        };
        let acts = self.done().filter(|(done, act)| self.follows(*at, *done) && matters(act));
        let acts = acts.map(|(done, act)| (done, self.label(act)));
        let news = news.iter().filter(|news| {
            news.node == *node
                && news.group == Some(*group)
                && news.at <= *at
                && at.since(news.at) <= self.plan.tolerance
        });
        let news = news.map(|news| (news.at, news.label.clone()));
        let nearest = acts.chain(news).max_by_key(|(at, _)| *at);
        nearest.map_or_else(|| self.latest(*at, matters).after(), |(_, label)| label)
    }

    /// The changes of switches' databases.
    pub(in crate::snapshot) fn mdb_changes(&self, reasons: &[Reason]) -> Vec<(&MdbChange, Label)> {
        let mut labelled: Vec<(&MdbChange, Label)> = Vec::new();
        let in_time = self.recording.mdb.iter().filter(|change| self.is_in_time(change.at));
        for change in in_time.filter(|change| !change.group.is_link_local()) {
            let same = |other: &MdbChange| (other.node, other.group) == (change.node, change.group);
            let held = labelled.iter().rev().find(|(other, _)| same(other));
            let held: Vec<PortId> =
                held.map_or_else(Vec::new, |(other, _)| other.ports.keys().copied().collect());
            let grows = change.ports.keys().any(|port| !held.contains(port));
            let concerned = match grows {
                true => change.ports.keys().find(|port| !held.contains(port)),
                false => held.iter().find(|port| !change.ports.contains_key(port)),
            };
            let Some(&port) = concerned else { continue };
            let label = match grows {
                true => self.reported(change.at, port, change.group, reasons),
                false => self.forgotten(change.at, port, change.group, reasons),
            };
            labelled.push((change, label));
        }
        labelled
    }
}
