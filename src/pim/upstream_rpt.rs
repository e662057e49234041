//! What the router itself does not want of the RP's tree: the (S,G,rpt) machines towards the RP.
//!
//! Owns RFC 7761 section 4.5.7. The whole group must be joined, or there is nothing to prune. A router that
//! wants a source overrides the Prune that another one sends of it.

use std::collections::BTreeSet;

use super::Branch;
use crate::addr::Group;
use crate::mfc::entry::Flow;
use crate::time::{Instant, Timers};

/// The flows that are pruned, and those whose Prune is to be overridden.
#[derive(Clone, Debug, Default)]
pub(super) struct UpstreamRpt {
    pruned: BTreeSet<Branch>,
    /// The Override Timers.
    overrides: Timers<Branch>,
}

impl UpstreamRpt {
    /// The flows of the group that are pruned.
    pub(super) fn pruned(&self, group: Group) -> impl Iterator<Item = Flow> {
        let of_group = self.pruned.range(Branch::any(group)..);
        of_group.take_while(move |branch| branch.group == group).filter_map(|branch| branch.flow())
    }

    /// PruneDesired(S,G,rpt) is so; returns whether that has changed (RFC7761-4.5.7-01).
    pub(super) fn settle(&mut self, flow: Flow, is_desired: bool) -> bool {
        let branch = Branch::of(flow);
        if !is_desired {
            return self.pruned.remove(&branch);
        }
        self.overrides.cancel(branch);
        self.pruned.insert(branch)
    }

    /// Another router has pruned the flow at the neighbour that the group is joined at.
    pub(super) fn hurry(&mut self, flow: Flow, by: Instant) {
        let branch = Branch::of(flow);
        let is_later = self.overrides.expiry(branch).is_none_or(|due| by < due);
        if is_later && !self.pruned.contains(&branch) {
            self.overrides.set(branch, by);
        }
    }

    /// Another router has overridden the Prune.
    pub(super) fn spare(&mut self, flow: Flow) {
        self.overrides.cancel(Branch::of(flow));
    }

    /// When [`UpstreamRpt::expire`] is to be called.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.overrides.next().map(|deadline| deadline.at)
    }

    /// The next flow that is to be joined against a Prune.
    pub(super) fn expire(&mut self, now: Instant) -> Option<Flow> {
        self.overrides.pop_expired(now)?.flow()
    }
}
