//! What is known of the flows that reach the router: the Keepalive Timers and SPTbits of (S,G).
//!
//! Owns RFC 7761 sections 4.2 and 4.2.2 as far as they are state; which datagram starts a timer, and when
//! an SPTbit is set, is for the machine. The data plane shows a router the first datagram of a flow, those
//! on a wrong interface, and counters, so that a timer may run a look of the cache too long, at most.

use std::collections::BTreeMap;

use super::Branch;
use crate::addr::Group;
use crate::mfc::entry::Flow;
use crate::mfc::vif::Vif;
use crate::time::{Instant, Timers};

/// All flows that are known.
#[derive(Clone, Debug, Default)]
pub(super) struct Flows {
    /// By group first. A flow is here as long as anything is known of it.
    known: BTreeMap<Branch, Known>,
    /// The Keepalive Timers.
    keepalive: Timers<Branch>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// Where the last datagram came in that the data plane has shown.
    came: Option<Vif>,
    /// SPTbit(S,G).
    is_spt: bool,
}

impl Flows {
    /// The flows of a group.
    pub(super) fn of(&self, group: Group) -> impl Iterator<Item = Flow> {
        let of_group = self.known.range(Branch::any(group)..).map(|(branch, _)| *branch);
        let of_group = of_group.take_while(move |branch| branch.group == group);
        of_group.filter_map(Branch::flow)
    }

    /// All groups of which a flow is known, in ascending order.
    pub(super) fn groups(&self) -> impl Iterator<Item = Group> {
        self.known.keys().map(|branch| branch.group)
    }

    /// Whether the Keepalive Timer of the flow runs.
    pub(super) fn is_alive(&self, flow: Flow) -> bool {
        self.keepalive.expiry(Branch::of(flow)).is_some()
    }

    /// SPTbit(S,G).
    pub(super) fn is_spt(&self, flow: Flow) -> bool {
        self.known.get(&Branch::of(flow)).is_some_and(|known| known.is_spt)
    }

    /// Where the flow came in the last time; `None` if it comes no more.
    pub(super) fn came(&self, flow: Flow) -> Option<Vif> {
        self.known.get(&Branch::of(flow))?.came
    }

    /// A datagram of the flow has come in there.
    pub(super) fn note(&mut self, flow: Flow, came: Vif) {
        self.known.entry(Branch::of(flow)).or_default().came = Some(came);
    }

    /// Lets the Keepalive Timer run that long, at least.
    pub(super) fn keep(&mut self, flow: Flow, until: Instant) {
        let branch = Branch::of(flow);
        self.known.entry(branch).or_default();
        if self.keepalive.expiry(branch).is_none_or(|ends| ends < until) {
            self.keepalive.set(branch, until);
        }
    }

    /// Sets or clears SPTbit(S,G).
    pub(super) fn set_spt(&mut self, flow: Flow, is_spt: bool) {
        let branch = Branch::of(flow);
        if is_spt {
            self.known.entry(branch).or_default().is_spt = true;
        } else if let Some(known) = self.known.get_mut(&branch) {
            known.is_spt = false;
            self.tidy(branch);
        }
    }

    /// The flow comes no more.
    pub(super) fn forget(&mut self, flow: Flow) {
        let branch = Branch::of(flow);
        if let Some(known) = self.known.get_mut(&branch) {
            known.came = None;
            self.tidy(branch);
        }
    }

    /// Forgets a flow of which nothing is known any more.
    fn tidy(&mut self, branch: Branch) {
        let is_empty = |known: &Known| known.came.is_none() && !known.is_spt;
        if self.known.get(&branch).is_some_and(is_empty) && self.keepalive.expiry(branch).is_none()
        {
            self.known.remove(&branch);
        }
    }

    /// When [`Flows::expire`] is to be called.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.keepalive.next().map(|deadline| deadline.at)
    }

    /// The group of the next flow whose Keepalive Timer is over.
    pub(super) fn expire(&mut self, now: Instant) -> Option<Group> {
        let branch = self.keepalive.pop_expired(now)?;
        self.tidy(branch);
        Some(branch.group)
    }
}
