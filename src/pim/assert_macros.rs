//! The macros of RFC 7761 sections 4.6.1 to 4.6.5: who may assert, who has to listen, with which metric, and
//! what an Assert has taken away.
//!
//! Pure functions of the state and of [`Facts`], each with the RFC's name.

use super::assert::View;
use super::assert_metric::Metric;
use super::{Branch, Facts, Pim};
use crate::mfc::entry::Flow;
use crate::mfc::vif::Vif;

impl Pim {
    /// SPTbit(S,G), which counts as set for a group without RP: all its datagrams come from their source
    /// (RFC 7761 section 4.8.2).
    pub(super) fn comes_by_source(&self, flow: Flow) -> bool {
        self.rp(flow.group).is_none() || self.flows.is_spt(flow)
    }

    /// `spt_assert_metric(S,I)`, `rpt_assert_metric(G,I)`; infinite without a route.
    pub(super) fn route_metric(&self, facts: &impl Facts, branch: Branch, vif: Vif) -> Metric {
        let hop = self.root(branch).and_then(|root| facts.towards(root));
        let known = hop.zip(self.own(vif));
        let metric = known.map(|(hop, own)| Metric::of(hop, branch.source.is_none(), own));
        metric.unwrap_or(Metric::infinite())
    }

    /// `my_assert_metric(S,G,I)`, and for (*,G) what it can be there (RFC 7761 section 4.6.3).
    fn my_assert_metric(&self, facts: &impl Facts, branch: Branch, vif: Vif) -> Metric {
        let any = Branch::any(branch.group);
        let could = [branch, any].into_iter().find(|&of| self.could_assert(facts, of, vif));
        could.map_or(Metric::infinite(), |of| self.route_metric(facts, of, vif))
    }

    /// The interfaces by which both CouldAssert(S,G,I) and AssertTrackingDesired(S,G,I) begin: those of the
    /// RP's tree, unless lost there, and those with a Join of (S,G).
    fn is_asked_for(&self, facts: &impl Facts, flow: Flow, vif: Vif) -> bool {
        let any = Branch::any(flow.group);
        let by_rp = self.rp(flow.group).is_some()
            && self.wanted_rpt(facts, flow).contains(&vif)
            && !self.lost_assert(facts, any, vif);
        by_rp || self.downstream.joins(Branch::of(flow)).any(|joined| joined == vif)
    }

    /// CouldAssert(S,G,I), CouldAssert(*,G,I): the router forwards there, and the flow does not come from
    /// there (RFC7761-4.6.1-01).
    pub(super) fn could_assert(&self, facts: &impl Facts, branch: Branch, vif: Vif) -> bool {
        if self.rpf_interface(facts, branch).is_none_or(|rpf| rpf == vif) {
            return false;
        }
        let includes = || self.pim_include(facts, branch).contains(&vif);
        match branch.flow() {
            Some(flow) => {
                self.comes_by_source(flow) && (self.is_asked_for(facts, flow, vif) || includes())
            }
            None => self.downstream.joins(branch).any(|joined| joined == vif) || includes(),
        }
    }

    /// AssertTrackingDesired(S,G,I), AssertTrackingDesired(*,G,I): the winner matters to the router, because
    /// it might forward there itself, or because it joins there (RFC7761-4.6.1-02).
    fn is_assert_tracked(&self, facts: &impl Facts, branch: Branch, vif: Vif) -> bool {
        let any = Branch::any(branch.group);
        // Not `pim_include`, which a lost Assert ends: it would be forgotten at once.
        let serves = || {
            let is_dr = self.links.get(&vif).is_some_and(|link| link.is_dr());
            facts.includes(vif, branch) && (is_dr || self.asserts.is_won(branch, vif))
        };
        let joins_there =
            |of: Branch| self.rpf_interface(facts, of) == Some(vif) && self.join_desired(facts, of);
        let is_asked = match branch.flow() {
            Some(flow) => {
                self.is_asked_for(facts, flow, vif)
                    || !self.comes_by_source(flow) && joins_there(any)
            }
            None => self.could_assert(facts, any, vif),
        };
        is_asked || serves() || joins_there(branch)
    }

    /// What the machine of the branch on the interface has to know.
    pub(super) fn assert_view(&self, facts: &impl Facts, branch: Branch, vif: Vif) -> View {
        let lost = self.asserts.lost(branch, vif);
        let has_winner =
            lost.is_some_and(|lost| self.links.get(&vif).is_some_and(|link| link.knows(lost.to)));
        View {
            could_assert: self.could_assert(facts, branch, vif),
            is_tracked: self.is_assert_tracked(facts, branch, vif),
            own: self.my_assert_metric(facts, branch, vif),
            is_rpf: self.rpf_interface(facts, branch) == Some(vif),
            has_winner,
        }
    }

    /// `lost_assert(*,G,I)`, `lost_assert(S,G,I)`: another router forwards there. Until the flow comes by
    /// its source an Assert of (S,G) does not count that the router would win then (RFC 7761 section 4.6.5).
    pub(super) fn lost_assert(&self, facts: &impl Facts, branch: Branch, vif: Vif) -> bool {
        let Some(lost) = self.asserts.lost(branch, vif) else { return false };
        let counts = || {
            let own = self.route_metric(facts, branch, vif);
            branch.source.is_none() || lost.metric.is_better_than(&own)
        };
        self.rpf_interface(facts, branch) != Some(vif) && counts()
    }

    /// `lost_assert(S,G,rpt,I)`: another router forwards the flow there, which may come by its source.
    pub(super) fn lost_assert_rpt(&self, facts: &impl Facts, flow: Flow, vif: Vif) -> bool {
        let branch = Branch::of(flow);
        if self.asserts.lost(branch, vif).is_none() {
            return false;
        }
        let is_from = |of: Branch| self.rpf_interface(facts, of) == Some(vif);
        !(is_from(Branch::any(flow.group)) || is_from(branch) && self.flows.is_spt(flow))
    }
}
