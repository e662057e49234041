//! What follows for a group from the state as it is: registering, Joins, Prunes and SPTbits.
//!
//! One step after the other, each from what the steps before it have left: whether the first hop registers
//! (RFC 7761 section 4.4.1), what is joined upstream (4.5.4, 4.5.5), by which tree a flow comes (4.2.2),
//! what of the RP's tree is not wanted (4.5.7), and which Asserts end (4.6). What is due is sent by [`Pim::flush`].

use std::collections::BTreeSet;

use super::join_prune::Entry;
use super::machine::Pim;
use super::upstream::{Rpf, Send, Towards};
use super::{Branch, Cx, Facts, Say};
use crate::addr::Group;
use crate::mfc::entry::Flow;

impl Pim {
    pub(super) fn settle_all(&mut self, cx: &mut Cx<'_>, facts: &impl Facts) {
        let mut groups = facts.groups();
        groups.extend(self.upstream.groups());
        groups.extend(self.downstream.groups());
        groups.extend(self.flows.groups());
        groups.extend(self.asserts.groups());
        groups.into_iter().for_each(|group| self.settle(cx, facts, group));
    }

    /// Lets the state of a group follow what is wanted.
    pub(super) fn settle(&mut self, cx: &mut Cx<'_>, facts: &impl Facts, group: Group) {
        if group.is_link_local() {
            return;
        }
        self.settle_once(cx, facts, group);
        // What an Assert that has ended leaves may end another one.
        while self.settle_asserts(cx, facts, group) {
            self.settle_once(cx, facts, group);
        }
        cx.say(Say::Changed(group));
    }

    fn settle_once(&mut self, cx: &mut Cx<'_>, facts: &impl Facts, group: Group) {
        let sources = facts.sources(group).into_iter();
        let mut flows: BTreeSet<Flow> = sources.map(|source| Flow { source, group }).collect();
        flows.extend(self.flows.of(group));
        flows.extend(self.registers.of(group));
        for &flow in &flows {
            let rp = self.could_register(facts, flow);
            self.registers.settle(flow, rp);
        }
        let mut branches = self.downstream.branches(group);
        branches.extend(self.upstream.branches(group));
        branches.extend(flows.iter().copied().map(Branch::of));
        branches.insert(Branch::any(group));
        branches.into_iter().for_each(|branch| self.settle_branch(cx, facts, branch));
        flows.extend(self.downstream_rpt.of(group));
        flows.extend(self.upstream_rpt.pruned(group));
        flows.into_iter().for_each(|flow| self.settle_rpt(facts, flow));
    }

    fn settle_branch(&mut self, cx: &mut Cx<'_>, facts: &impl Facts, branch: Branch) {
        let desired = self.join_desired(facts, branch);
        let to = self.rpf_neighbour(facts, branch);
        let rpf = Rpf { to, hop: self.next_hop(facts, branch) };
        if let Some(to) = self.upstream.follow_assert(branch, rpf).filter(|_| desired)
            && let Some(link) = self.links.get(&to.0)
        {
            let by = cx.now + link.until_override(cx);
            self.upstream.hurry(branch, to, by);
        }
        let period = self.params.join_prune_period;
        for Send { to, is_join } in self.upstream.settle(cx.now, branch, desired, rpf, period) {
            self.owe(to, branch, is_join);
        }
        let Some(flow) = branch.flow() else { return };
        if !desired {
            self.flows.set_spt(flow, false); // RFC7761-4.5.5-01
        } else if self.reaches_by_source(facts, flow) {
            self.flows.set_spt(flow, true);
        }
    }

    /// Prunes the flow from the RP's tree, or joins it there again.
    fn settle_rpt(&mut self, facts: &impl Facts, flow: Flow) {
        let desired = self.prune_desired(facts, flow);
        let any = Branch::any(flow.group);
        let is_changed = self.upstream_rpt.settle(flow, desired);
        if is_changed
            && self.join_desired(facts, any)
            && let Some(to) = self.rpf_neighbour_rpt(facts, flow)
        {
            self.due.add(to, Entry::rpt(flow, !desired));
        }
    }

    /// Has an entry sent with the next message to the neighbour. A Join of (*,G) has the Prunes of (S,G,rpt)
    /// with it that shall last (RFC7761-4.5.6-01).
    pub(super) fn owe(&mut self, to: Towards, branch: Branch, is_join: bool) {
        let rp = self.rp(branch.group);
        self.due.add(to, Entry::of(branch, rp, is_join));
        if is_join && branch.source.is_none() {
            for flow in self.upstream_rpt.pruned(branch.group) {
                self.due.add(to, Entry::rpt(flow, false));
            }
        }
    }

    /// Sends what is due, each after a Hello if the neighbour may not know the router yet.
    pub(super) fn flush(&mut self, cx: &mut Cx<'_>) {
        for (vif, message) in self.due.take(self.params.join_prune_holdtime()) {
            if let Some(link) = self.links.get_mut(&vif) {
                link.introduce(cx);
                cx.say(Say::Link(vif, message));
            }
        }
    }
}
