//! The state of a router, as values that can be stored, sent and printed.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::Router;
use super::link::Link;
use crate::addr::{Group, Source};
use crate::fixed::Rule;
use crate::gmp::change::Filter;
use crate::gmp::interface::{Interface, TimerName};
use crate::gmp::querier::Role;
use crate::mfc::entry::{Flow, MfcEntry};
use crate::mfc::vif::Vif;
use crate::pim::Pim;
use crate::rib::NextHop;
use crate::time::Instant;

/// The state of a router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Its interfaces, in the order of their numbers.
    pub interfaces: Vec<InterfaceState>,
    /// The known flows, and their entries.
    pub flows: Vec<MfcEntry>,
    /// Routes towards sources: connected and configured ones first, then learned ones.
    pub routes: Vec<(IpNet, NextHop)>,
}

/// The state of one interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfaceState {
    /// Its number.
    pub vif: Vif,
    /// The kernel's name for it.
    pub name: String,
    /// Whether it is up.
    pub up: bool,
    /// Its addresses with their networks.
    pub addresses: Vec<IpNet>,
    /// The role on the link; `None` where group management is off.
    pub querier: Option<Role>,
    /// The groups with members.
    pub groups: BTreeMap<Group, GroupState>,
}

/// The members of a group on one interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupState {
    /// The filter mode and the sources.
    pub filter: Filter,
    /// When the group timer expires, if it runs.
    pub expires: Option<Instant>,
    /// Whether a Leave is being checked.
    pub is_checking: bool,
    /// Whether members speak version 1.
    pub has_v1_hosts: bool,
}

impl Router {
    /// The state of the router.
    #[must_use]
    pub fn state(&self) -> State {
        State {
            interfaces: self.links.0.values().map(interface).collect(),
            flows: self.flows().collect(),
            routes: self.rib.routes().collect(),
        }
    }

    /// Whether the address is one of the router's own.
    #[must_use]
    pub fn is_own(&self, address: IpAddr) -> bool {
        self.links.is_own(address)
    }

    /// PIM; `None` if the router does not speak it.
    #[must_use]
    pub const fn pim(&self) -> Option<&Pim> {
        self.pim.as_ref()
    }

    /// The known flows, and their entries.
    pub fn flows(&self) -> impl Iterator<Item = MfcEntry> {
        self.cache.entries()
    }

    /// How long the flow has been known, and in what time it goes if no datagram comes, unless it stays;
    /// `None` for a flow that is not known.
    #[must_use]
    pub fn lifetime(&self, flow: Flow, now: Instant) -> Option<(Duration, Option<Duration>)> {
        let (since, ends) = self.cache.lifetime(flow)?;
        Some((now.since(since), ends.map(|ends| ends.since(now))))
    }

    /// The route towards a source, with its network; `None` if no route that counts leads there.
    #[must_use]
    pub fn towards(&self, source: Source) -> Option<(IpNet, NextHop)> {
        let hop = self.rib.towards(source.addr())?;
        let leads = |(net, own): &(IpNet, NextHop)| *own == hop && net.contains(&source.addr());
        let mut routes: Vec<_> = self.rib.routes().filter(leads).collect();
        routes.sort_by_key(|(net, _)| net.prefix_len());
        routes.pop()
    }

    /// The static rule for a flow of which a datagram came in on `came`, if one did.
    #[must_use]
    pub fn rule(&self, flow: Flow, came: Option<Vif>) -> Option<&Rule<Vif>> {
        let is_up = |vif: Vif| self.links.get(vif).is_some_and(|link| link.up);
        self.rules.of(flow, came, is_up)
    }

    /// The static rule that would count for such a flow but for an exception.
    #[must_use]
    pub fn excepting(&self, flow: Flow, came: Option<Vif>) -> Option<&Rule<Vif>> {
        let is_up = |vif: Vif| self.links.get(vif).is_some_and(|link| link.up);
        self.rules.excepting(flow, came, is_up)
    }

    /// Whether the router forwards the flow onto the interface, wherever it comes in: for members, for a
    /// static join, or upstream from a proxy.
    #[must_use]
    pub fn wants(&self, flow: Flow, vif: Vif) -> bool {
        self.links.want(flow, vif)
    }

    /// Where datagrams of the source come in, whatever rule there is: by the route towards it, or on the
    /// upstream interface of a proxy.
    #[must_use]
    pub fn incoming(&self, source: Source) -> Option<Vif> {
        self.links.incoming(&self.rib, source.addr())
    }

    /// The members on an interface, also while it has no address to speak from; `None` where group
    /// management is off.
    #[must_use]
    pub fn members(&self, vif: Vif) -> Option<&Interface> {
        self.links.get(vif)?.igmp.as_ref()
    }
}

fn interface(link: &Link) -> InterfaceState {
    InterfaceState {
        vif: link.vif,
        name: link.config.name.clone(),
        up: link.up,
        addresses: link.config.addresses.clone(),
        querier: link.speaking().map(Interface::role),
        groups: link.igmp.as_ref().map(groups).unwrap_or_default(),
    }
}

fn groups(igmp: &Interface) -> BTreeMap<Group, GroupState> {
    let state = igmp.groups().iter().map(|(&group, membership)| {
        let state = GroupState {
            filter: membership.filter.clone(),
            expires: igmp.expiry(TimerName::Group(group)),
            is_checking: igmp.is_checking(group),
            has_v1_hosts: igmp.has_v1_hosts(group),
        };
        (group, state)
    });
    state.collect()
}
