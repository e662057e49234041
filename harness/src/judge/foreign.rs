//! What is read of routers with software of others: off the wire and out of the kernel, never off reports
//! of their own.
//!
//! The querier of a link is whoever sent the last General Query there. A group has members on a link if
//! the kernel's cache forwards it there. What cannot be read in this way is not judged, and said so. So
//! is the start of software that is ready late: it is started before time zero.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use castnet::addr::Group;
use castnet::time::Instant;

use super::{Evidence, Judged, Outcome};
use crate::plan::arithmetic::Moment;
use crate::plan::{Claim, Device, MembersOf, PortId, Quality, Role, Router, SourceFilter, When};
use crate::recipe::Starts;
use crate::recording::MfcEntry;

impl Evidence<'_> {
    /// The name of the software at the port, if it is that of others.
    pub(super) fn software(&self, port: PortId) -> Option<&str> {
        match &self.plan.nodes[self.plan.ports[port].node].role {
            Role::Router(router) if router.who != Device::Castnet => Some(router.who.name()),
            _ => None,
        }
    }

    /// The outcome of a check that accuses software of others, if it may accuse it wrongly: of what it did
    /// at its start.
    pub(super) fn unless_unreadable(&self, claim: &Claim, judged: Judged) -> Judged {
        if judged.outcome == Outcome::Pass {
            return judged;
        }
        let Some(name) = self.started_before() else { return judged };
        // With intervals of the protocol in it, a time is one after the router's start.
        let asks_or_answers =
            matches!(claim, Claim::Packet { .. } | Claim::Order(..) | Claim::Querier(..));
        let is_start = |moment: &Moment| {
            let has_intervals = moment.parts.iter().any(|part| part.is_interval);
            let is_zero = moment.parts.is_empty() && asks_or_answers;
            moment.anchor.is_none() && (is_zero || has_intervals)
        };
        match moment(claim).is_some_and(is_start) {
            true => Judged::unsupported(format!(
                "{name} was started before time zero, so that this time does not count from its start; \
                 an act `restart` shows that"
            )),
            false => judged,
        }
    }

    /// Software that was started before time zero.
    fn started_before(&self) -> Option<&str> {
        self.plan.nodes.iter().find_map(|node| match &node.role {
            Role::Router(Router { who: Device::Foreign(software), .. })
                if software.recipe.starts == Starts::BeforeTheRun =>
            {
                Some(software.name.as_str())
            }
            _ => None,
        })
    }

    /// The source of the last General Query on the port's segment.
    pub(super) fn last_to_query(&self, port: PortId, at: Instant) -> Option<IpAddr> {
        let asked = self.general_queries(port).rfind(|seen| seen.at <= at);
        asked.map(|seen| seen.packet.source)
    }

    /// The groups that the kernel forwards to the port at that time, and all groups of which it has a
    /// flow then.
    pub(super) fn forwarded_to(
        &self,
        port: PortId,
        at: Instant,
    ) -> (BTreeMap<Group, MembersOf>, BTreeSet<Group>) {
        let node = self.plan.ports[port].node;
        let mut entries: BTreeMap<(Group, IpAddr), Option<&MfcEntry>> = BTreeMap::new();
        let changes = self.recording.mfc.iter();
        for change in changes.filter(|change| change.node == node && change.at <= at) {
            entries.insert((change.group, change.source), change.entry.as_ref());
        }
        let (mut members, mut known) = (BTreeMap::new(), BTreeSet::new());
        for ((group, _), entry) in entries {
            let Some(entry) = entry else { continue };
            known.insert(group);
            if entry.oifs.contains(&port) {
                members.insert(group, MembersOf { filter: SourceFilter::all(), requested: None });
            }
        }
        (members, known)
    }

    /// Why members at the port cannot be read; `None` if they can.
    pub(super) fn members_unreadable(
        &self,
        port: PortId,
        groups: &BTreeMap<Group, Option<MembersOf>>,
        at: Instant,
    ) -> Option<Judged> {
        let name = self.software(port)?;
        if groups.values().any(Option::is_some) {
            return Some(Judged::unsupported(format!(
                "{name} does not show which sources it keeps"
            )));
        }
        let (_, known) = self.forwarded_to(port, at);
        if known.is_empty() {
            let why = "its members show by what it forwards, and it had no flow then";
            return Some(Judged::unsupported(format!("{name}: {why}")));
        }
        let unknown = groups.keys().find(|group| !known.contains(group))?;
        Some(Judged::unsupported(format!(
            "{name}: members of {unknown} show by what it forwards, and no datagram of {unknown} came \
             by then"
        )))
    }
}

/// The time from which on the claim looks, or of which it speaks.
const fn moment(claim: &Claim) -> Option<&Moment> {
    match claim {
        Claim::Packet { window, .. }
        | Claim::Order(_, window)
        | Claim::Received(_, _, window)
        | Claim::ExactlyOnce(_, window)
        | Claim::NoneAfter(_, window)
        | Claim::Ttl(_, _, window)
        | Claim::Quality(Quality { window, .. })
        | Claim::Querier(_, When::Throughout(window)) => Some(&window.from),
        Claim::Mfc { at, .. }
        | Claim::Mdb { at, .. }
        | Claim::Members { at, .. }
        | Claim::Querier(_, When::At(at)) => Some(at),
        Claim::Latency(_) | Claim::Command(_) => None,
    }
}
