//! The macros of RFC 7761 section 4.1.6: which interfaces a flow goes out on, and where it is joined.
//!
//! Pure functions of the state and of [`Facts`], each with the RFC's name; beside them what sections 4.2.1,
//! 4.2.2, 4.4.1 and 4.5.7 compute from them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::link::Link;
use super::params::SptSwitchover;
use super::upstream::Towards;
use super::{Branch, Facts, Pim};
use crate::addr::Group;
use crate::mfc::entry::Flow;
use crate::mfc::vif::Vif;

impl Pim {
    /// Whether the group is for source-specific multicast, so that it has no (*,G) state
    /// (RFC7761-4.8.1-01).
    pub(super) fn is_source_specific(group: Group) -> bool {
        group.is_source_specific(None)
    }

    /// RP(G); `None` for a group without RP (RFC7761-4.7-01).
    #[must_use]
    pub fn rp(&self, group: Group) -> Option<IpAddr> {
        if Self::is_source_specific(group) {
            return None;
        }
        self.params.rp(group)
    }

    /// Whether the router serves the members on the interface: as their Designated Router that has not lost an
    /// Assert, or as the winner of one.
    fn serves(&self, facts: &impl Facts, branch: Branch, vif: Vif, link: &Link) -> bool {
        let is_dr = link.is_dr() && !self.lost_assert(facts, branch, vif);
        is_dr || self.asserts.is_won(branch, vif)
    }

    fn served(&self, facts: &impl Facts, branch: Branch) -> impl Iterator<Item = Vif> {
        let served =
            self.links.iter().filter(move |&(&vif, link)| self.serves(facts, branch, vif, link));
        served.map(|(&vif, _)| vif)
    }

    /// `pim_include(*,G)`, `pim_include(S,G)`: where the router forwards to members.
    pub(super) fn pim_include(&self, facts: &impl Facts, branch: Branch) -> BTreeSet<Vif> {
        self.served(facts, branch).filter(|&vif| facts.includes(vif, branch)).collect()
    }

    /// `pim_exclude(S,G)`: where the members of a group do not want the source.
    pub(super) fn pim_exclude(&self, facts: &impl Facts, flow: Flow) -> BTreeSet<Vif> {
        let served = self.served(facts, Branch::any(flow.group));
        served.filter(|&vif| facts.excludes(vif, flow)).collect()
    }

    /// `immediate_olist(*,G)`, `immediate_olist(S,G)`; the register tunnel is one of the latter's interfaces
    /// (RFC 7761 section 4.4.1).
    pub(super) fn immediate_olist(&self, facts: &impl Facts, branch: Branch) -> BTreeSet<Vif> {
        let mut olist = self.pim_include(facts, branch);
        let passes = |vif: &Vif| !facts.is_boundary(*vif, branch.group);
        olist.extend(self.downstream.joins(branch).filter(passes));
        olist.retain(|&vif| !self.lost_assert(facts, branch, vif));
        if branch.flow().and_then(|flow| self.registers.tunnel(flow)).is_some() {
            olist.insert(Vif::REGISTER);
        }
        olist
    }

    /// `inherited_olist(S,G,rpt)`: where the flow goes that comes from the RP; empty for a group of
    /// source-specific multicast (RFC7761-4.8.1-02).
    pub(super) fn inherited_olist_rpt(&self, facts: &impl Facts, flow: Flow) -> BTreeSet<Vif> {
        if self.rp(flow.group).is_none() {
            return BTreeSet::new();
        }
        let mut olist = self.wanted_rpt(facts, flow);
        olist.retain(|&vif| {
            let any = Branch::any(flow.group);
            !self.lost_assert(facts, any, vif) && !self.lost_assert_rpt(facts, flow, vif)
        });
        olist
    }

    /// Where the flow is wanted that comes from the RP, whoever forwards it there.
    pub(super) fn wanted_rpt(&self, facts: &impl Facts, flow: Flow) -> BTreeSet<Vif> {
        let any = Branch::any(flow.group);
        let pruned = self.downstream_rpt.prunes(flow).collect();
        let passes = |vif: &Vif| !facts.is_boundary(*vif, flow.group);
        let joined: BTreeSet<Vif> = self.downstream.joins(any).filter(passes).collect();
        let members = &self.pim_include(facts, any) - &self.pim_exclude(facts, flow);
        &(&joined - &pruned) | &members
    }

    /// `inherited_olist(S,G)`: where the flow goes that comes from its source.
    pub(super) fn inherited_olist(&self, facts: &impl Facts, flow: Flow) -> BTreeSet<Vif> {
        let mut olist = self.inherited_olist_rpt(facts, flow);
        let branch = Branch::of(flow);
        olist.extend(self.immediate_olist(facts, branch));
        olist.retain(|&vif| !self.lost_assert(facts, branch, vif));
        olist
    }

    /// `JoinDesired(*,G)`, `JoinDesired(S,G)`.
    pub(super) fn join_desired(&self, facts: &impl Facts, branch: Branch) -> bool {
        let has_rp = || self.rp(branch.group).is_some();
        let may_be = branch.source.is_some() || has_rp(); // RFC7761-4.8.1-01
        let is_inherited =
            |flow: Flow| self.flows.is_alive(flow) && !self.inherited_olist(facts, flow).is_empty();
        let is_wanted = || !self.immediate_olist(facts, branch).is_empty();
        may_be && (is_wanted() || branch.flow().is_some_and(is_inherited))
    }

    /// `PruneDesired(S,G,rpt)`
    pub(super) fn prune_desired(&self, facts: &impl Facts, flow: Flow) -> bool {
        let any = Branch::any(flow.group);
        let elsewhere = || {
            let [rpt, spt] = [any, Branch::of(flow)].map(|at| self.rpf_neighbour(facts, at));
            self.flows.is_spt(flow) && rpt != spt
        };
        let is_joined = self.join_desired(facts, any);
        is_joined && (self.inherited_olist_rpt(facts, flow).is_empty() || elsewhere())
    }

    /// `CouldRegister(S,G)`: the RP that the flow is to be registered with. A router does not register with
    /// itself.
    pub(super) fn could_register(&self, facts: &impl Facts, flow: Flow) -> Option<IpAddr> {
        let rp = self.rp(flow.group).filter(|rp| !facts.is_own(*rp))?;
        let hop = facts.towards(flow.source.addr())?;
        let is_dr = self.links.get(&hop.vif)?.is_dr();
        (hop.via.is_none() && is_dr && self.flows.is_alive(flow)).then_some(rp)
    }

    /// `SwitchToSptDesired(S,G)`
    pub(super) fn switch_desired(&self) -> bool {
        self.params.spt_switchover == SptSwitchover::Immediate
    }

    /// The condition of `CheckSwitchToSpt(S,G)`: the router forwards the flow to members, and would rather
    /// join its source.
    pub(super) fn switches(&self, facts: &impl Facts, flow: Flow) -> bool {
        let any = self.pim_include(facts, Branch::any(flow.group));
        let members = &any - &self.pim_exclude(facts, flow);
        let named = || !self.pim_include(facts, Branch::of(flow)).is_empty();
        self.switch_desired() && (!members.is_empty() || named())
    }

    /// `RPF_interface(RP(G))`: at the RP itself it is the register interface, out of which datagrams come.
    pub(super) fn rpf_interface_of_rp(&self, facts: &impl Facts, group: Group) -> Option<Vif> {
        let rp = self.rp(group)?;
        if facts.is_own(rp) { Some(Vif::REGISTER) } else { Some(facts.towards(rp)?.vif) }
    }

    /// The condition of `Update_SPTbit(S,G,iif)`, if the last datagram of the flow came in there
    /// (RFC7761-4.2.2-01).
    pub(super) fn reaches_by_source(&self, facts: &impl Facts, flow: Flow) -> bool {
        let Some(hop) = facts.towards(flow.source.addr()) else { return false };
        if self.flows.came(flow) != Some(hop.vif) || !self.join_desired(facts, Branch::of(flow)) {
            return false;
        }
        let is_other = || self.rpf_interface_of_rp(facts, flow.group) != Some(hop.vif);
        let is_same_neighbour = || {
            let spt = self.rpf_neighbour(facts, Branch::of(flow));
            spt.is_some() && spt == self.rpf_neighbour(facts, Branch::any(flow.group))
        };
        hop.via.is_none()
            || is_other()
            || self.inherited_olist_rpt(facts, flow).is_empty()
            || is_same_neighbour()
            || self.asserts.lost(Branch::of(flow), hop.vif).is_some()
    }

    /// How the flow is forwarded, if a datagram of it came in on `came`: the interface that it comes in on,
    /// and those that it goes out on (RFC7761-4.2-02). `None` if no route says where it comes in.
    #[must_use]
    pub fn entry(
        &self,
        facts: &impl Facts,
        flow: Flow,
        came: Option<Vif>,
    ) -> Option<(Vif, BTreeSet<Vif>)> {
        let by_rp = self.rp(flow.group).is_some() && !self.flows.is_spt(flow);
        let (iif, mut oifs) = if by_rp {
            let iif = self.rpf_interface_of_rp(facts, flow.group);
            (iif, self.inherited_olist_rpt(facts, flow))
        } else {
            let iif = facts.towards(flow.source.addr()).map(|hop| hop.vif);
            (iif, self.inherited_olist(facts, flow))
        };
        oifs.remove(&iif?);
        // What goes nowhere is dropped where it comes, without an upcall each time.
        let iif = came.filter(|_| by_rp && oifs.is_empty()).or(iif)?;
        Some((iif, oifs))
    }

    /// The address that the branch is joined towards: the source, or RP(G).
    pub(super) fn root(&self, branch: Branch) -> Option<IpAddr> {
        match branch.source {
            Some(source) => Some(source.addr()),
            None => self.rp(branch.group),
        }
    }

    /// `RPF_interface` of the branch's root.
    pub(super) fn rpf_interface(&self, facts: &impl Facts, branch: Branch) -> Option<Vif> {
        match branch.source {
            Some(source) => Some(facts.towards(source.addr())?.vif),
            None => self.rpf_interface_of_rp(facts, branch.group),
        }
    }

    /// `RPF'(*,G)`, `RPF'(S,G)`: the neighbour towards the root, and its interface, which is the winner of
    /// an Assert if there was one (RFC7761-4.6.5-01). `None` if the root is the router itself or on its
    /// link, or if no neighbour is known there.
    pub(super) fn rpf_neighbour(&self, facts: &impl Facts, branch: Branch) -> Option<Towards> {
        let winner = self.assert_winner(facts, branch, branch);
        winner.or_else(|| self.next_hop(facts, branch))
    }

    /// `RPF'(S,G,rpt)`
    pub(super) fn rpf_neighbour_rpt(&self, facts: &impl Facts, flow: Flow) -> Option<Towards> {
        let any = Branch::any(flow.group);
        let winner = self.assert_winner(facts, any, Branch::of(flow));
        winner.or_else(|| self.rpf_neighbour(facts, any))
    }

    /// The router to which an Assert of `of` was lost on the interface towards the root of `branch`.
    fn assert_winner(&self, facts: &impl Facts, branch: Branch, of: Branch) -> Option<Towards> {
        let vif = self.rpf_interface(facts, branch)?;
        Some((vif, self.asserts.lost(of, vif)?.to))
    }

    /// `NBR(RPF_interface(root), MRIB.next_hop(root))`
    pub(super) fn next_hop(&self, facts: &impl Facts, branch: Branch) -> Option<Towards> {
        let root = self.root(branch)?;
        if facts.is_own(root) {
            return None;
        }
        let hop = facts.towards(root)?;
        // The RP itself may be on the link, and then it is the neighbour.
        let via = hop.via.unwrap_or(root);
        Some((hop.vif, self.links.get(&hop.vif)?.neighbour_with(via)?))
    }
}
