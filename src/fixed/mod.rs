//! Static rules: which flows are forwarded where by configuration alone, with or without members.
//!
//! A rule names its incoming interface, so that no route towards the source is asked for. It holds for
//! one flow, for all sources of a group, or for prefixes of both. A rule without outgoing interfaces
//! stops its flows. Of several rules that hold, those of the interface on which the datagram came count
//! first, then the longest prefix of the group, then that of the source, and then the first one.
//!
//! Refuses rules that could hold for no flow, or only for flows that stay on their link.

use std::collections::BTreeSet;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::addr::{Family, Group, Source};
use crate::mfc::entry::Flow;
use crate::mfc::vif::Vif;

/// A static rule; an interface is an `I`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule<I> {
    /// The interface that its flows come in on.
    pub from: I,
    /// Its sources; every source of the family unless given.
    pub source: Option<IpNet>,
    /// Its groups.
    pub group: IpNet,
    /// The interfaces that its flows go out on; without any its flows are stopped.
    pub to: Vec<I>,
}

/// Why a rule cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRule {
    /// The group is a unicast network.
    #[error("{0} is no multicast group or prefix of groups")]
    NotOfGroups(IpNet),
    /// The source is a group.
    #[error("{0} is a network of groups, not of sources")]
    NotOfSources(IpNet),
    /// RFC1112-7.2-05
    #[error("{0} stays on its link and is never forwarded")]
    LinkLocal(IpNet),
    /// The source and the group are of two families.
    #[error("{0} and {1} are of two address families")]
    TwoFamilies(IpNet, IpNet),
}

impl<I> Rule<I> {
    /// The family of its flows.
    #[must_use]
    pub const fn family(&self) -> Family {
        match self.group {
            IpNet::V4(_) => Family::V4,
            IpNet::V6(_) => Family::V6,
        }
    }

    /// Checks that there are flows for which the rule holds.
    ///
    /// # Errors
    /// Why there are no such flows.
    pub fn check(&self) -> Result<(), InvalidRule> {
        let group = self.group;
        if !group.network().is_multicast() || !group.broadcast().is_multicast() {
            return Err(InvalidRule::NotOfGroups(group));
        }
        let is_local = |addr| Group::new(addr).is_none_or(Group::is_link_local);
        if is_local(group.network()) && is_local(group.broadcast()) {
            return Err(InvalidRule::LinkLocal(group)); // RFC1112-7.2-05
        }
        match self.source {
            Some(source) if Family::of(source.addr()) != self.family() => {
                Err(InvalidRule::TwoFamilies(source, group))
            }
            Some(source) if source.network().is_multicast() => {
                Err(InvalidRule::NotOfSources(source))
            }
            _ => Ok(()),
        }
    }

    /// Whether it is about the flows of another rule, from the same interface.
    #[must_use]
    pub fn is_for_same(&self, other: &Self) -> bool
    where
        I: PartialEq,
    {
        let flows = |rule: &Self| (rule.source.map(|net| net.trunc()), rule.group.trunc());
        self.from == other.from && flows(self) == flows(other)
    }

    /// The flow, if the rule holds for one flow only.
    #[must_use]
    pub fn flow(&self) -> Option<Flow> {
        let single = |net: IpNet| (net.prefix_len() == net.max_prefix_len()).then(|| net.addr());
        let (source, group) = (single(self.source?)?, single(self.group)?);
        Some(Flow { source: Source::new(source)?, group: Group::new(group)? })
    }

    fn holds(&self, flow: Flow) -> bool {
        let is_source = self.source.is_none_or(|net| net.contains(&flow.source.addr()));
        is_source && self.group.contains(&flow.group.addr())
    }

    /// How exact the rule is: the lengths of its prefixes, the group's first.
    fn exactness(&self) -> (u8, u8) {
        (self.group.prefix_len(), self.source.map_or(0, |net| net.prefix_len()))
    }
}

/// The static rules of a router.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules(Vec<Rule<Vif>>);

impl Rules {
    /// These rules, the first one first. Rules for equal flows from one interface are one rule to all of
    /// their interfaces.
    #[must_use]
    pub fn new(rules: impl IntoIterator<Item = Rule<Vif>>) -> Self {
        let mut all: Vec<Rule<Vif>> = Vec::new();
        for rule in rules {
            let key = |rule: &Rule<Vif>| {
                (rule.from, rule.source.map(|net| net.trunc()), rule.group.trunc())
            };
            match all.iter_mut().find(|other| key(other) == key(&rule)) {
                Some(known) => known.to.extend(rule.to),
                None => all.push(rule),
            }
        }
        Self(all)
    }

    /// The rule for a flow of which a datagram came in on `came`, if one did. Only rules from interfaces
    /// that are up count.
    pub fn of(
        &self,
        flow: Flow,
        came: Option<Vif>,
        is_up: impl Fn(Vif) -> bool,
    ) -> Option<&Rule<Vif>> {
        let holding = self.0.iter().filter(|rule| rule.holds(flow) && is_up(rule.from));
        // Of equal rules `max_by_key` would take the last one.
        holding.rev().max_by_key(|rule| (Some(rule.from) == came, rule.exactness()))
    }

    /// The flows that have a rule of their own.
    #[must_use]
    pub fn flows(&self) -> BTreeSet<Flow> {
        self.0.iter().filter_map(Rule::flow).collect()
    }
}

#[cfg(test)]
mod tests;
