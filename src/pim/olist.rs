//! The macros of RFC 7761 section 4.1.6: which interfaces a flow goes out on, and where it is joined.
//!
//! Pure functions of the state and of [`Facts`], each with the RFC's name. Without Assert state no
//! interface is lost, and RPF' is the neighbour of the route.

use std::collections::BTreeSet;
use std::net::IpAddr;

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
    pub(super) fn rp(&self, group: Group) -> Option<IpAddr> {
        if Self::is_source_specific(group) {
            return None;
        }
        self.params.rp(group)
    }

    /// `pim_include(*,G)`, `pim_include(S,G)`: where the router forwards to members.
    pub(super) fn pim_include(&self, facts: &impl Facts, branch: Branch) -> BTreeSet<Vif> {
        let of_dr = self.links.iter().filter(|(_, link)| link.is_dr()).map(|(&vif, _)| vif);
        of_dr.filter(|&vif| facts.includes(vif, branch)).collect()
    }

    /// `pim_exclude(S,G)`: where the members of a group do not want the source.
    fn pim_exclude(&self, facts: &impl Facts, flow: Flow) -> BTreeSet<Vif> {
        let of_dr = self.links.iter().filter(|(_, link)| link.is_dr()).map(|(&vif, _)| vif);
        of_dr.filter(|&vif| facts.excludes(vif, flow)).collect()
    }

    /// `immediate_olist(*,G)`, `immediate_olist(S,G)`.
    pub(super) fn immediate_olist(&self, facts: &impl Facts, branch: Branch) -> BTreeSet<Vif> {
        let mut olist = self.pim_include(facts, branch);
        olist.extend(self.downstream.joins(branch));
        olist
    }

    /// `inherited_olist(S,G,rpt)`: where the flow goes that comes from the RP; empty for a group of
    /// source-specific multicast (RFC7761-4.8.1-02).
    pub(super) fn inherited_olist_rpt(&self, facts: &impl Facts, flow: Flow) -> BTreeSet<Vif> {
        if self.rp(flow.group).is_none() {
            return BTreeSet::new();
        }
        let any = Branch::any(flow.group);
        let excluded = self.pim_exclude(facts, flow);
        let mut olist: BTreeSet<Vif> = &self.pim_include(facts, any) - &excluded;
        olist.extend(self.downstream.joins(any));
        olist
    }

    /// `inherited_olist(S,G)`: where the flow goes that comes from its source.
    pub(super) fn inherited_olist(&self, facts: &impl Facts, flow: Flow) -> BTreeSet<Vif> {
        let mut olist = self.inherited_olist_rpt(facts, flow);
        olist.extend(self.immediate_olist(facts, Branch::of(flow)));
        olist
    }

    /// `JoinDesired(*,G)`, `JoinDesired(S,G)`.
    pub(super) fn join_desired(&self, facts: &impl Facts, branch: Branch) -> bool {
        let has_rp = || self.rp(branch.group).is_some();
        let may_be = branch.source.is_some() || has_rp(); // RFC7761-4.8.1-01
        may_be && !self.immediate_olist(facts, branch).is_empty()
    }

    /// Whether the flow comes in over the RP: nothing here has joined its source by name, and neither the
    /// source nor the RP is right here. The router never switches to the tree of a source by itself, which
    /// is one of the policies that RFC 7761 section 4.2.1 allows.
    pub(super) fn comes_from_rp(&self, facts: &impl Facts, flow: Flow) -> bool {
        let Some(rp) = self.rp(flow.group) else { return false };
        let hop = facts.towards(flow.source.addr());
        let is_connected = hop.is_some_and(|hop| hop.via.is_none());
        !facts.is_own(rp) && !is_connected && !self.join_desired(facts, Branch::of(flow))
    }

    /// The address that the branch is joined towards: the source, or RP(G).
    pub(super) fn root(&self, branch: Branch) -> Option<IpAddr> {
        match branch.source {
            Some(source) => Some(source.addr()),
            None => self.rp(branch.group),
        }
    }

    /// `RPF'(*,G)`, `RPF'(S,G)`: the neighbour towards the root, and its interface. `None` if the root is
    /// the router itself or on its link, or if no neighbour is known there.
    pub(super) fn rpf_neighbour(
        &self,
        facts: &impl Facts,
        branch: Branch,
    ) -> Option<(Vif, IpAddr)> {
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
