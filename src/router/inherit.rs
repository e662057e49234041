//! What a router takes over from one that served the same data plane before it: the numbers of
//! interfaces, and the forwarding entries.
//!
//! An inherited entry goes on forwarding until the router knows better: a Report, a Leave that was
//! checked, a link that went down, or else the Group Membership Interval, in which every member has
//! been asked (RFC2236-8.4-01). It asks nobody itself: a start does. No entry is written before the
//! router knows its links again.

use std::collections::BTreeMap;

use super::*;

/// What was inherited, and is not known better yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Inherited {
    numbers: BTreeMap<String, Vif>,
    /// The interfaces where a flow went out.
    oifs: BTreeMap<Flow, BTreeSet<Vif>>,
    /// When nothing of it counts any more; `None` as long as no configuration says so.
    until: Option<Instant>,
    /// The entries as the data plane has them, until the router knows its links.
    unsettled: Option<BTreeMap<Flow, MfcEntry>>,
}

impl Inherited {
    /// Whether no entry may be written yet.
    pub(super) const fn is_unsettled(&self) -> bool {
        self.unsettled.is_some()
    }

    /// The number that the interface had.
    pub(super) fn number(&self, name: &str) -> Option<Vif> {
        self.numbers.get(name).copied()
    }

    /// Whether an interface of another name had the number.
    pub(super) fn is_taken(&self, vif: Vif) -> bool {
        self.numbers.values().any(|&taken| taken == vif)
    }

    /// Where the flow went out, as far as nothing better is known.
    pub(super) fn oifs(&self, flow: Flow) -> impl Iterator<Item = Vif> {
        self.oifs.get(&flow).into_iter().flatten().copied()
    }

    /// From now on the interface's members count, and nothing that was inherited.
    pub(super) fn forget(&mut self, vif: Vif, group: Option<Group>) {
        let is_meant = |flow: &Flow| group.is_none_or(|group| flow.group == group);
        for (_, oifs) in self.oifs.iter_mut().filter(|(flow, _)| is_meant(flow)) {
            oifs.remove(&vif);
        }
        self.oifs.retain(|_, oifs| !oifs.is_empty());
    }

    /// Members of the group are known: where a flow is wanted, it will not be once they leave.
    pub(super) fn claim(&mut self, group: Group, wants: impl Fn(Flow, Vif) -> bool) {
        for (&flow, oifs) in self.oifs.iter_mut().filter(|(flow, _)| flow.group == group) {
            oifs.retain(|&vif| !wants(flow, vif));
        }
        self.oifs.retain(|_, oifs| !oifs.is_empty());
    }

    /// When [`Inherited::expire`] is to be called.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.until.filter(|_| !self.oifs.is_empty())
    }

    /// Forgets everything once its time is over; whether there was anything.
    pub(super) fn expire(&mut self, now: Instant) -> bool {
        let is_over = self.deadline().is_some_and(|until| until <= now);
        if is_over {
            self.oifs.clear();
        }
        is_over
    }
}

impl Router {
    /// Takes over entries, and the numbers of interfaces that a configuration will name.
    pub(super) fn inherit(
        &mut self,
        now: Instant,
        numbers: BTreeMap<String, Vif>,
        entries: Vec<MfcEntry>,
    ) {
        let mut oifs = BTreeMap::new();
        let mut unsettled = BTreeMap::new();
        for entry in entries {
            unsettled.insert(entry.flow, entry.clone());
            let MfcEntry { flow, iif, oifs: to } = entry;
            oifs.insert(flow, to.keys().copied().collect());
            self.cache.inherit(now, flow, Entry { iif, oifs: to });
        }
        self.inherited = Inherited { numbers, oifs, until: None, unsettled: Some(unsettled) };
    }

    /// Writes what is wanted now, where it differs from what was inherited.
    pub(super) fn settle(&mut self) {
        let Some(known) = self.inherited.unsettled.take() else { return };
        self.inherited.numbers.clear();
        let is_new = |entry: &MfcEntry| known.get(&entry.flow) != Some(entry);
        self.set_all(self.cache.entries().filter(is_new).collect());
    }

    /// With the first configuration it is known how long members may stay silent.
    pub(super) fn bound_inheritance(&mut self, now: Instant) {
        let params = self.links.0.values().filter_map(|link| link.config.igmp.as_ref());
        let longest = params.map(|params| params.group_membership_interval()).max();
        self.inherited.until.get_or_insert(now + longest.unwrap_or_default());
    }
}
