//! Why routers and switches changed their minds: the packet, timer or act that a change of state follows
//! from.

use std::net::IpAddr;
use std::time::Duration;

use castnet::addr::Group;
use castnet::time::Instant;

use super::cause::{Fate, groups, leaves};
use super::label::Label;
use super::scene::{Scene, Sent};
use crate::plan::{Act, Action, Node, NodeId, PortId, Role};
use crate::recording::{MdbChange, MfcChange, StateChange};
use crate::scenario::PacketKind;

/// A change of state and its label.
pub(super) struct Turn {
    pub(super) at: Instant,
    pub(super) node: NodeId,
    pub(super) group: Option<Group>,
    pub(super) label: Label,
    pub(super) what: String,
}

/// Who goes by an address: the node, or the address itself.
pub(super) fn who(scene: &Scene<'_>, address: IpAddr) -> String {
    let plan = scene.plan;
    let of_switch =
        |node: &&Node| matches!(&node.role, Role::Switch(one) if one.querier == Some(address));
    let port = plan.ports.iter().find(|port| port.address == Some(address));
    let node = port.map(|port| &plan.nodes[port.node]);
    let node = node.or_else(|| plan.nodes.iter().find(of_switch));
    node.map_or_else(|| address.to_string(), |node| node.name.clone())
}

impl Scene<'_> {
    /// What routers told of members and queriers.
    pub(super) fn turns(&self, fates: &[Fate]) -> Vec<Turn> {
        let told = self.recording.events.iter();
        let turns = told.filter_map(|event| {
            let (at, node) = (event.at, event.node);
            match event.what? {
                StateChange::Members { port, group, present } if !group.is_link_local() => {
                    let label = match present {
                        true => self.reported(at, port, group, fates),
                        false => self.forgotten(at, port, group, fates),
                    };
                    let word = if present { "members present" } else { "no members" };
                    let what = format!("{}: {word} of {group}", self.link_name(port));
                    Some(Turn { at, node, group: Some(group), label, what })
                }
                StateChange::Querier { port, querier } => {
                    let label = self.elected(at, port, fates);
                    let link = self.link_name(port);
                    let what = match Some(querier) == self.plan.ports[port].address {
                        true => format!("{link}: querier"),
                        false => format!("{link}: non-querier, {} queries", who(self, querier)),
                    };
                    Some(Turn { at, node, group: None, label, what })
                }
                _ => None,
            }
        });
        turns.collect()
    }

    pub(super) fn link_name(&self, port: PortId) -> &str {
        &self.plan.links[self.plan.ports[port].link].name
    }

    /// The members on the segment of `port` that were so by plan all the time, and undisturbed.
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
                Action::Join(port, group)
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

    /// The last packet on the port's segment by then that is wanted, and why it was sent.
    fn heard<'f>(
        &self,
        at: Instant,
        port: PortId,
        fates: &'f [Fate],
        wanted: impl Fn(&Sent) -> bool,
    ) -> Option<(&Sent, &'f Fate)> {
        let segment = self.segment(port);
        let mut heard = self.sent.iter().zip(fates).filter(|(sent, _)| {
            sent.at <= at && self.segment(sent.port) == segment && wanted(sent)
        });
        heard.next_back()
    }

    fn reported(&self, at: Instant, port: PortId, group: Group, fates: &[Fate]) -> Label {
        let reports = |sent: &Sent| {
            sent.packet.is(PacketKind::Report) && !leaves(&sent.packet) && sent.packet.names(group)
        };
        match self.heard(at, port, fates, reports) {
            Some((report, Fate::Told(label))) if self.follows(at, report.at) => label.clone(),
            // By chance it was this one, and not another.
            _ => self.membership_changed(at, port, group),
        }
    }

    fn membership_changed(&self, at: Instant, port: PortId, group: Group) -> Label {
        let segment = self.segment(port);
        self.latest(at, |act| self.changes_membership(act, segment, group)).after()
    }

    fn forgotten(&self, at: Instant, port: PortId, group: Group, fates: &[Fate]) -> Label {
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
        if let Some((leave, Fate::Told(label))) = self.heard(at, port, fates, left) {
            // Of a switch, what a Query of its querier did counts.
            let fast = self.follows(at, leave.at);
            let passed = at.since(leave.at);
            if fast || passed <= last_member + self.slack(port, last_member) * 2 {
                return if fast { label.clone() } else { label.plus(1, "LMQT", last_member) };
            }
        }
        if let Some((_, Fate::Told(label))) = self.heard(at, port, fates, asked)
            && at <= Instant::ZERO + label.planned + last_member + self.slack(port, last_member) * 2
        {
            return label.plus(1, "LMQT", last_member);
        }
        // Since the last Report, and when that came is left to chance.
        let interval = knobs.group_membership_interval();
        self.membership_changed(at, port, group).plus(1, "GMI", interval)
    }

    fn elected(&self, at: Instant, port: PortId, fates: &[Fate]) -> Label {
        let segment = self.segment(port);
        let matters = |act: &Act| self.is_upheaval(act, segment);
        let foreign = |sent: &Sent| sent.origin != port && sent.packet.is(PacketKind::GeneralQuery);
        let heard = self.heard(at, port, fates, foreign);
        if let Some((query, Fate::Told(label))) = heard
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
        if let (Some((query, Fate::Told(label))), Some(interval)) = (heard, interval)
            && self.follows(at, query.at + interval)
        {
            return label.plus(1, "OQPI", interval);
        }
        self.latest(at, matters).after()
    }

    /// The changes of forwarding caches.
    pub(super) fn mfc_turns(&self, turns: &[Turn]) -> Vec<(&MfcChange, Label)> {
        let mut labelled: Vec<(&MfcChange, Label)> = Vec::new();
        for change in &self.recording.mfc {
            let flow = |other: &MfcChange| {
                (other.node, other.source, other.group)
                    == (change.node, change.source, change.group)
            };
            let last = labelled.iter().rev().find(|(other, _)| flow(other));
            let held = last.and_then(|(other, _)| other.entry.as_ref());
            if held == change.entry.as_ref() {
                continue;
            }
            let label = self.decided(change, turns);
            labelled.push((change, label));
        }
        labelled
    }

    /// By the nearest cause before it: what happened to the router, news of members, a new stream.
    fn decided(&self, change: &MfcChange, turns: &[Turn]) -> Label {
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
        let news = turns.iter().filter(|turn| {
            turn.node == *node
                && turn.group == Some(*group)
                && turn.at <= *at
                && at.since(turn.at) <= self.plan.tolerance
        });
        let news = news.map(|turn| (turn.at, turn.label.clone()));
        let nearest = acts.chain(news).max_by_key(|(at, _)| *at);
        nearest.map_or_else(|| self.latest(*at, matters).after(), |(_, label)| label)
    }

    /// The changes of switches' databases.
    pub(super) fn mdb_turns(&self, fates: &[Fate]) -> Vec<(&MdbChange, Label)> {
        let mut labelled: Vec<(&MdbChange, Label)> = Vec::new();
        for change in self.recording.mdb.iter().filter(|change| !change.group.is_link_local()) {
            let same = |other: &MdbChange| (other.node, other.group) == (change.node, change.group);
            let held = labelled.iter().rev().find(|(other, _)| same(other));
            let held: &[PortId] = held.map_or(&[], |(other, _)| &other.ports);
            let grows = change.ports.iter().any(|port| !held.contains(port));
            let concerned = match grows {
                true => change.ports.iter().find(|port| !held.contains(port)),
                false => held.iter().find(|port| !change.ports.contains(port)),
            };
            let Some(&port) = concerned else { continue };
            let label = match grows {
                true => self.reported(change.at, port, change.group, fates),
                false => self.forgotten(change.at, port, change.group, fates),
            };
            labelled.push((change, label));
        }
        labelled
    }
}
