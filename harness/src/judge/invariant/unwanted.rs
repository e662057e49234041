//! A router sends a datagram only if it came in, and only onto a link that has a reason for it:
//! members, or a static join.
//!
//! Reasons are derived from the plan (static joins) and from what the router's own port heard: a
//! Report is a reason for Group Membership Interval, and only for Last Member Query Time after a Leave
//! that nobody answers, each with the tolerance and a grace. A Leave ends a reason only where the router
//! had to act on it beyond doubt; otherwise it is as if the member had gone silent. But whoever acts on
//! a Leave gives the members that time, though their own may be over sooner (RFC2236-7-10).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use castnet::gmp::message::Version;
use castnet::igmp::ALL_ROUTERS;
use castnet::time::{Instant, Seconds};
use castnet::wire::igmp::{GroupRecord, Message, RecordKind};

use super::{Breach, Breaches, Trails};
use crate::capture::decode::{Content, Packet};
use crate::judge::{Evidence, Seen};
use crate::knobs::{Knobs, Quantity, interval};
use crate::plan::{Action, NodeId, PortId, RouterPort};

/// How much later than the tolerance a router may stop. Nobody has asked for this in time: what is to
/// be found is a router that goes on, and not a machine that was too busy to let it stop.
const GRACE: Duration = Duration::from_secs(1);

/// What a router's port has heard of one group.
#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    reported: Option<Instant>,
    /// The first Leave after that, if the router had to act on it.
    left: Option<Instant>,
    /// The last Leave after that, whether or not the router had to act on it.
    asked: Option<Instant>,
    /// Members that speak version 1 make Leaves mean nothing, for as long as nobody can tell.
    has_v1_hosts: bool,
}

/// What a router's port has heard.
#[derive(Debug, Default)]
struct Ear {
    groups: BTreeMap<IpAddr, Heard>,
    /// Somebody else asks too, so it may be somebody else who has to act on Leaves.
    has_other_queriers: bool,
}

impl Evidence<'_> {
    pub(super) fn unwanted<'e>(&'e self, trails: &Trails<'e>) -> Vec<Breach<'e>> {
        let mut ears = BTreeMap::<PortId, Ear>::new();
        let disturbed = self.disturbed();
        let mut breaches = Breaches::<(PortId, IpAddr, bool)>::new();
        // Where two things happen at the same instant, the one that is heard comes first.
        let mut in_order: Vec<&Seen> = self.seen.iter().collect();
        in_order.sort_by_key(|seen| (seen.at, seen.outgoing));
        for seen in in_order {
            let Some(interface) = self.interface(seen.port, seen.at) else { continue };
            match &seen.packet.content {
                Content::Igmp(message) if !seen.outgoing => {
                    let node = self.plan.ports[seen.port].node;
                    let ear = ears.entry(seen.port).or_default();
                    let acts = speaks_v2(interface) && !disturbed.contains(&node);
                    ear.hear(seen, message, acts);
                }
                Content::Data(number) if seen.outgoing => {
                    let group = seen.packet.destination;
                    let trail = trails.get(number).map_or(&[][..], Vec::as_slice);
                    if self.arrivals(trail, seen.port, seen.at).next().is_none() {
                        breaches.add((seen.port, group, false), seen, || {
                            (format!("sent a datagram to {group} that had not come in"), Vec::new())
                        });
                    }
                    if self.was_joined(seen) {
                        continue;
                    }
                    let heard = ears.get(&seen.port).and_then(|ear| ear.groups.get(&group));
                    let reason = self.reason(self.most_patient(seen.port), heard.copied());
                    if reason.until.is_none_or(|until| seen.at > until) {
                        breaches.add((seen.port, group, true), seen, || {
                            let what = format!("sent a datagram to {group} that nobody wanted");
                            (what, vec![reason.text])
                        });
                    }
                }
                _ => {}
            }
        }
        breaches.in_order()
    }

    /// Routers that may have missed a Leave, because something was done to them.
    fn disturbed(&self) -> BTreeSet<NodeId> {
        let acts = self.plan.acts.iter().filter(|act| match act.action {
            Action::Kill
            | Action::Restart
            | Action::Interface { .. }
            | Action::Set(_)
            | Action::Exec(_) => true,
            Action::Join(..)
            | Action::Leave(..)
            | Action::Churn(_)
            | Action::Send(_)
            | Action::Inject(_)
            | Action::Stop => false,
        });
        acts.map(|act| act.node).collect()
    }

    /// Whether a static join covers the packet, or did until a moment ago.
    fn was_joined(&self, seen: &Seen) -> bool {
        let interfaces = &self.configured[seen.port];
        let replaced = interfaces.iter().skip(1).map(|(at, _)| Some(*at)).chain([None]);
        interfaces.iter().zip(replaced).any(|((given, interface), replaced)| {
            let until = replaced.map(|at| at + self.plan.tolerance + GRACE);
            let in_force = *given <= seen.at && until.is_none_or(|until| seen.at <= until);
            in_force && seen.is_joined_statically(interface)
        })
    }

    /// Of all parameters that the port has in the run, those by which a member counts the longest.
    fn most_patient(&self, port: PortId) -> Option<&Knobs> {
        let knobs = self.configured[port].iter().map(|(_, own)| &own.knobs);
        knobs.max_by_key(|knobs| knobs.group_membership_interval())
    }

    /// Until when the port may send, and why.
    fn reason(&self, knobs: Option<&Knobs>, heard: Option<Heard>) -> Reason {
        let known = heard.unwrap_or_default();
        let (Some(knobs), Some(reported)) = (knobs, known.reported) else {
            let text = "no member had been heard there, and there is no static join";
            return Reason { until: None, text: text.to_owned() };
        };
        let gmi = self.allowed("a Report", reported, knobs, "GMI");
        // A Leave of a group that is forgotten changes nothing.
        let heard = |at: Option<Instant>| {
            at.filter(|&at| Some(at) <= gmi.until)
                .map(|at| self.allowed("a Leave", at, knobs, "LMQT"))
        };
        if let Some(left) = heard(known.left) {
            return left;
        }
        let asked = heard(known.asked);
        asked.into_iter().chain([gmi]).max_by_key(|reason| reason.until).unwrap_or_default()
    }

    fn allowed(&self, what: &str, at: Instant, knobs: &Knobs, name: &str) -> Reason {
        let (length, formula) = match interval(name).map(|row| (row.of)(knobs)) {
            Some((Quantity::Time(length), formula)) => (length, format!(" ({formula})")),
            _ => (Duration::ZERO, String::new()),
        };
        let until = at + length + self.plan.tolerance + GRACE;
        let (length, grace) = (Seconds(length, 3), Seconds(GRACE, 3));
        let tolerance = Seconds(self.plan.tolerance, 3);
        let text = format!(
            "{what} was heard there last at {at}: + {name}{formula} {length} + tolerance \
             {tolerance} + grace {grace} = {until}"
        );
        Reason { until: Some(until), text }
    }
}

/// Until when there is a reason to send, and how that was computed; no instant if there never was.
#[derive(Default)]
struct Reason {
    until: Option<Instant>,
    text: String,
}

impl Ear {
    /// `acts` is whether the router has to act on Leaves at all.
    fn hear(&mut self, seen: &Seen, message: &Message, acts: bool) {
        match message {
            Message::Query(_) => {
                self.has_other_queriers = true;
                self.groups.values_mut().for_each(|heard| heard.left = None);
            }
            Message::V1Report { group } => {
                let heard = self.report((*group).into(), seen.at);
                heard.has_v1_hosts = true;
            }
            Message::V2Report { group } => _ = self.report((*group).into(), seen.at),
            Message::V3Report(report) => {
                for record in report.records.iter().filter(|record| wants(record)) {
                    self.report(record.group.into(), seen.at);
                }
            }
            Message::Leave { group } => {
                let Some(heard) = self.groups.get_mut(&IpAddr::V4(*group)) else { return };
                heard.asked = Some(seen.at);
                if acts
                    && is_beyond_doubt(&seen.packet)
                    && !self.has_other_queriers
                    && !heard.has_v1_hosts
                {
                    // RFC2236-7-10: another Leave while this one is checked changes nothing.
                    heard.left.get_or_insert(seen.at);
                }
            }
            Message::Unknown { .. } => {}
        }
    }

    fn report(&mut self, group: IpAddr, at: Instant) -> &mut Heard {
        let heard = self.groups.entry(group).or_default();
        heard.reported = Some(at);
        (heard.left, heard.asked) = (None, None);
        heard
    }
}

/// RFC2236-4-09: a router in version 1 mode knows no Leave.
fn speaks_v2(interface: &RouterPort) -> bool {
    interface.knobs.version == Version::V2
}

/// A Leave that no reader of the RFC may ignore.
fn is_beyond_doubt(packet: &Packet) -> bool {
    packet.ttl == 1
        && packet.router_alert
        && packet.destination == ALL_ROUTERS
        && !packet.source.is_unspecified()
}

/// Whether a version 3 record asks for anything.
pub(in crate::judge) fn wants(record: &GroupRecord) -> bool {
    match record.kind {
        RecordKind::IsEx | RecordKind::ToEx => true,
        RecordKind::IsIn | RecordKind::ToIn | RecordKind::Allow => !record.sources.is_empty(),
        RecordKind::Block | RecordKind::Unknown(_) => false,
    }
}
