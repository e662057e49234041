//! Static rules: which flows are forwarded where by configuration alone, with or without members.
//!
//! A rule names its incoming interface, so that no route towards the source is asked for. It holds for
//! one flow, for all sources of a group, or for prefixes of both, with exceptions: for a flow of these it is
//! as if the rule were not there. A rule without outgoing interfaces stops its flows. Of several rules that
//! hold, those of the interface on which the datagram came count first, then the longest prefix of the group,
//! then that of the source, and then the first one.
//!
//! A rule may have a second incoming interface, on which its flows are taken while they come only there.
//!
//! Refuses rules that could hold for no flow, or only for flows that stay on their link.

pub mod standby;

use std::collections::{BTreeMap, BTreeSet};

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
    /// Where they come in instead, as long as they come only there; see [`standby`].
    #[serde(default = "none")]
    pub standby: Option<I>,
    /// Its sources; every source of the family unless given.
    pub source: Option<IpNet>,
    /// Its groups.
    pub group: IpNet,
    /// Sources and groups for which it does not hold.
    #[serde(default)]
    pub except: Vec<IpNet>,
    /// The interfaces that its flows go out on; without any its flows are stopped.
    pub to: Vec<I>,
}

const fn none<I>() -> Option<I> {
    None
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
    /// The exception has nothing in common with the rule.
    #[error("the exception {0} is not within {1}, so that it excepts nothing")]
    ExceptsNothing(IpNet, IpNet),
    /// There is one way in, said twice.
    #[error("both incoming interfaces are the same one")]
    SameStandby,
    /// The exceptions leave no flow.
    #[error("the exception {0} is all of {1}, so that the rule holds for nothing")]
    ExceptsAll(IpNet, IpNet),
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
            _ => self.except.iter().try_for_each(|&except| self.check_exception(except)),
        }
    }

    /// Checks that the rule would hold for some flows of the exception, and holds for others.
    fn check_exception(&self, except: IpNet) -> Result<(), InvalidRule> {
        if Family::of(except.addr()) != self.family() {
            return Err(InvalidRule::TwoFamilies(except, self.group));
        }
        let any = self.family().all_addresses();
        let from =
            if except.addr().is_multicast() { self.group } else { self.source.unwrap_or(any) };
        if except.contains(&from) {
            return Err(InvalidRule::ExceptsAll(except, from));
        }
        match from.contains(&except) {
            true => Ok(()),
            false => Err(InvalidRule::ExceptsNothing(except, from)),
        }
    }

    /// The exception that the flow is of.
    #[must_use]
    pub fn exception(&self, flow: Flow) -> Option<IpNet> {
        let (source, group) = (flow.source.addr(), flow.group.addr());
        let mut all = self.except.iter().copied();
        all.find(|net| net.contains(&source) || net.contains(&group))
    }

    /// Whether it holds for the same flows, so that both are one rule to the interfaces of both.
    pub(crate) fn holds_like(&self, other: &Self) -> bool
    where
        I: PartialEq,
    {
        self.key() == other.key()
            && self.incoming().eq(other.incoming())
            && self.except == other.except
    }

    /// The flow, if the rule holds for one flow only.
    #[must_use]
    pub fn flow(&self) -> Option<Flow> {
        let single = |net: IpNet| (net.prefix_len() == net.max_prefix_len()).then(|| net.addr());
        let (source, group) = (single(self.source?)?, single(self.group)?);
        Some(Flow { source: Source::new(source)?, group: Group::new(group)? })
    }

    /// The interfaces that its flows may come in on, the preferred one first.
    pub fn incoming(&self) -> impl Iterator<Item = &I> {
        [&self.from].into_iter().chain(&self.standby)
    }

    /// Its groups and sources, without the bits that mean nothing.
    pub(crate) fn key(&self) -> Key {
        let any = self.family().all_addresses();
        (self.group.trunc(), self.source.map_or(any, |net| net.trunc()))
    }
}

/// The groups and the sources of a rule.
pub(crate) type Key = (IpNet, IpNet);

/// The static rules of a router.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Those for the same flows, the first one first.
    by_flows: BTreeMap<Key, Vec<Rule<Vif>>>,
    /// The lengths of the prefixes of groups and sources that there are, and how many rules have them.
    lengths: BTreeMap<(u8, u8), usize>,
}

impl Rules {
    /// These rules, the first one first. Rules for equal flows from one interface are one rule to all of
    /// their interfaces.
    #[must_use]
    pub fn new(rules: impl IntoIterator<Item = Rule<Vif>>) -> Self {
        let mut all = Self::default();
        rules.into_iter().for_each(|rule| all.add(rule));
        all
    }

    fn add(&mut self, rule: Rule<Vif>) {
        let key = rule.key();
        let of_flows = self.by_flows.entry(key).or_default();
        match of_flows.iter_mut().find(|other| other.holds_like(&rule)) {
            Some(known) => known.to.extend(rule.to),
            None => {
                of_flows.push(rule);
                *self.lengths.entry(lengths(key)).or_default() += 1;
            }
        }
    }

    /// For the flows of `of` there are these rules from now on, and no others.
    pub fn replace<I>(&mut self, of: &Rule<I>, rules: impl IntoIterator<Item = Rule<Vif>>) {
        let key = of.key();
        let gone = self.by_flows.remove(&key).map_or(0, |gone| gone.len());
        if let Some(count) = self.lengths.get_mut(&lengths(key)) {
            *count -= gone;
        }
        self.lengths.retain(|_, count| *count > 0);
        rules.into_iter().for_each(|rule| self.add(rule));
    }

    /// The rule for a flow of which a datagram came in on `came`, if one did. Only rules from interfaces
    /// that are up count.
    pub fn of(
        &self,
        flow: Flow,
        came: Option<Vif>,
        is_up: impl Fn(Vif) -> bool,
    ) -> Option<&Rule<Vif>> {
        let is_in = |rule: &Rule<Vif>| rule.incoming().any(|&vif| is_up(vif));
        self.first(flow, came, |rule| is_in(rule) && rule.exception(flow).is_none())
    }

    /// The rule that would count for the flow but for an exception.
    pub fn excepting(
        &self,
        flow: Flow,
        came: Option<Vif>,
        is_up: impl Fn(Vif) -> bool,
    ) -> Option<&Rule<Vif>> {
        let would = self.first(flow, came, |rule| rule.incoming().any(|&vif| is_up(vif)))?;
        would.exception(flow).is_some().then_some(would)
    }

    /// The rule that counts among those that hold.
    fn first(
        &self,
        flow: Flow,
        came: Option<Vif>,
        holds: impl Fn(&Rule<Vif>) -> bool,
    ) -> Option<&Rule<Vif>> {
        let mut best = None;
        // The most exact one first.
        for &(of_group, of_source) in self.lengths.keys().rev() {
            let within = |addr, length| IpNet::new(addr, length).ok().map(|net| net.trunc());
            let groups = within(flow.group.addr(), of_group);
            let key = groups.zip(within(flow.source.addr(), of_source));
            let rules = key.and_then(|key| self.by_flows.get(&key)).into_iter().flatten();
            let mut holding = rules.filter(|rule| holds(rule));
            let first = holding.next();
            let own = first
                .into_iter()
                .chain(holding)
                .find(|rule| rule.incoming().any(|&vif| Some(vif) == came));
            if own.is_some() {
                return own;
            }
            best = best.or(first);
        }
        best
    }

    /// The flows that have a rule of their own.
    #[must_use]
    pub fn flows(&self) -> BTreeSet<Flow> {
        self.by_flows.values().flatten().filter_map(Rule::flow).collect()
    }
}

fn lengths((group, source): Key) -> (u8, u8) {
    (group.prefix_len(), source.prefix_len())
}

#[cfg(test)]
mod tests;
