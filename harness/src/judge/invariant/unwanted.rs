//! A router sends a datagram only if it came in, and only onto a link that has a reason for it:
//! members, a router that has joined by PIM, a static join, or that it is a proxy's upstream link.
//!
//! Reasons are derived from the plan (static joins) and from what the router's own port heard: a
//! record that wants the source is a reason for Group Membership Interval, and only for Last Member
//! Query Time after a Leave of the group, or a BLOCK of the source, without an answer, each with the
//! tolerance and a grace. A Leave ends a reason only where the router had to act on it beyond doubt;
//! otherwise the member counts as silent. A router that acts on a Leave gives the members LMQT, even if
//! GMI would be over sooner (RFC2236-7-10). What is excluded while it flows may flow for GMI more.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use castnet::addr::Group;
use castnet::gmp::message::Version;
use castnet::time::{Instant, Seconds};

use super::joins::Joins;
use super::{Breach, Breaches, Trails};
use crate::capture::decode::Content;
use crate::judge::{Evidence, Seen};
use crate::knobs::{Knobs, Quantity, interval, interval_word};
use crate::plan::{Action, NodeId, PortId, RouterPort};
use crate::protocol::hearing::{Acts, GroupHearing, Hearing};

/// How much later than the tolerance a router may stop. This rule is to find a router that goes on,
/// not a machine that was too busy to let it stop in time; `none-after` claims that.
pub(in crate::judge) const GRACE: Duration = Duration::from_secs(1);

impl Evidence<'_> {
    pub(super) fn unwanted<'e>(&'e self, trails: &Trails<'e>) -> Vec<Breach<'e>> {
        let mut hearings = BTreeMap::<PortId, Hearing>::new();
        let mut joins = Joins::default();
        let disturbed = self.disturbed();
        let mut breaches = Breaches::<(PortId, Group, bool)>::new();
        // Of two events at one instant the received packet comes first.
        let mut in_order: Vec<&Seen> = self.seen.iter().collect();
        in_order.sort_by_key(|seen| (seen.at, seen.outgoing));
        for seen in in_order {
            let Some(interface) = self.interface(seen.port, seen.at) else { continue };
            match &seen.packet.content {
                Content::Gmp(message) if !seen.outgoing => {
                    let node = self.plan.ports[seen.port].node;
                    let acts = acts(interface, disturbed.contains(&node));
                    let (message, envelope) = (message.meaning(), seen.packet.envelope());
                    let hearing = hearings.entry(seen.port).or_default();
                    hearing.hear(seen.at, message, &envelope, acts);
                }
                Content::Other(_) if !seen.outgoing => joins.hear(self, seen),
                Content::Data(number) if seen.outgoing => {
                    let Some(group) = Group::new(seen.packet.destination) else { continue };
                    let trail = trails.get(number).map_or(&[][..], Vec::as_slice);
                    let came = self.arrivals(trail, seen.port, seen.at).next();
                    let registered = || self.registrations(*number, seen.port, seen.at).next();
                    if came.or_else(registered).is_none() {
                        breaches.add((seen.port, group, false), seen, || {
                            (format!("sent a datagram to {group} that had not come in"), Vec::new())
                        });
                    }
                    let source = seen.packet.source;
                    if interface.upstream {
                        continue; // RFC4605-3-04
                    }
                    if self.was_joined(seen) || joins.want(seen.port, group, source, seen.at) {
                        continue;
                    }
                    let heard = hearings.get(&seen.port);
                    let heard = heard.map(|hearing| hearing.of(group, seen.packet.source));
                    let heard = heard.unwrap_or_default();
                    let reason = self.reason(self.most_patient(seen.port), heard);
                    if reason.until.is_none_or(|until| seen.at > until) {
                        breaches.add((seen.port, group, true), seen, || {
                            let what = format!(
                                "sent a datagram of {source} to {group} that nobody wanted"
                            );
                            (what, vec![reason.text])
                        });
                    }
                }
                _ => {}
            }
        }
        breaches.in_order()
    }

    /// Routers that may have missed a Leave, because an act disturbed them.
    fn disturbed(&self) -> BTreeSet<NodeId> {
        let acts = self.plan.acts.iter().filter(|act| match act.action {
            Action::Kill
            | Action::Restart
            | Action::Interface { .. }
            | Action::Set(_)
            | Action::Exec(_) => true,
            Action::Join(..)
            | Action::RefusedJoin(..)
            | Action::OtherSocket(..)
            | Action::Leave(..)
            | Action::Churn(_)
            | Action::Send(_)
            | Action::RefusedSend(_)
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
            let until = replaced.map(|at| at + self.tolerance + self.grace);
            let in_force = *given <= seen.at && until.is_none_or(|until| seen.at <= until);
            in_force && seen.is_joined_statically(interface)
        })
    }

    /// Of all parameters of the port in the run, those with the longest membership.
    fn most_patient(&self, port: PortId) -> Option<&Knobs> {
        let knobs = self.configured[port].iter().map(|(_, own)| &own.knobs);
        knobs.max_by_key(|knobs| knobs.group_membership_interval())
    }

    /// Until when the port may send, and why.
    fn reason(&self, knobs: Option<&Knobs>, heard: GroupHearing) -> Reason {
        let (Some(knobs), Some(reported)) = (knobs, heard.reported) else {
            let text = "no member had been heard there, and there is no static join";
            return Reason { until: None, text: text.to_owned() };
        };
        let gmi = self.allowed("a Report", reported, knobs, "GMI");
        // A Leave of a group that was forgotten changes nothing.
        let after_leave = |at: Option<Instant>| {
            at.filter(|&at| Some(at) <= gmi.until)
                .map(|at| self.allowed("a Leave", at, knobs, "LMQT"))
        };
        let (asked, left) = (after_leave(heard.has_to_ask), after_leave(heard.left));
        let silent = left.into_iter().chain([gmi]).max_by_key(|reason| reason.until);
        let reason = asked.or(silent).unwrap_or_default();
        match heard.excluded.filter(|&at| Some(at) <= reason.until) {
            Some(at) => self.allowed("an exclusion of what flowed until then", at, knobs, "GMI"),
            None => reason,
        }
    }

    fn allowed(&self, what: &str, at: Instant, knobs: &Knobs, name: &'static str) -> Reason {
        let (length, formula) = match interval(name).map(|row| (row.of)(knobs)) {
            Some((Quantity::Time(length), formula)) => (length, format!(" ({formula})")),
            _ => (Duration::ZERO, String::new()),
        };
        let until = at + length + self.tolerance + self.grace;
        let (length, grace) = (Seconds(length, 3), Seconds(self.grace, 3));
        let tolerance = Seconds(self.tolerance, 3);
        let name = interval_word(name, knobs.family);
        let text = format!(
            "{what} was heard there last at {at}: + {name}{formula} {length} + tolerance \
             {tolerance} + grace {grace} = {until}"
        );
        Reason { until: Some(until), text }
    }
}

/// The end of the reason to send, and its arithmetic; `None` if there never was a reason.
#[derive(Default)]
struct Reason {
    until: Option<Instant>,
    text: String,
}

/// What the router acts on there beyond doubt.
fn acts(interface: &RouterPort, is_disturbed: bool) -> Acts {
    let Knobs { version, lightweight, source_specific, max_sources, max_group_sources, .. } =
        interface.knobs;
    Acts {
        // RFC2236-4-09: a router in version 1 mode ignores Leaves.
        on_leaves: version != Version::V1 && !is_disturbed,
        // RFC5790-5.1-01: a lightweight router lets a blocked source pass with all others.
        on_blocks: version == Version::V3 && !lightweight && !is_disturbed,
        channels: interface.knobs.source_specific_range,
        knows_channels: version == Version::V3 && source_specific,
        most_sources: usize::try_from(max_sources.min(max_group_sources)).unwrap_or(usize::MAX),
    }
}
