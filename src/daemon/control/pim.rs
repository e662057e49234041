//! PIM as answers show it: neighbours, the branches of trees, and RPs.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::look::routers;
use super::shown::MOST_ROWS;
use crate::addr::{Family, Group, Source};
use crate::daemon::service::Service;
use crate::event::Event;
use crate::pim::params::StaticRp;
use crate::time::Instant;

/// The neighbours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Neighbours {
    /// One row for each, in the order of interfaces.
    pub neighbours: Vec<Neighbour>,
    /// The interfaces on which PIM is spoken, each with its Designated Router.
    pub links: Vec<Link>,
}

/// A neighbour on an interface.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Neighbour {
    /// The interface.
    pub interface: String,
    /// Its primary address.
    pub address: IpAddr,
    /// Its other addresses.
    pub secondary: BTreeSet<IpAddr>,
    /// Its DR Priority, if it announces one.
    pub dr_priority: Option<u32>,
    /// Its generation ID, if it announces one.
    pub generation_id: Option<u32>,
    /// When it is forgotten without another Hello; none for never.
    pub expires_s: Option<f64>,
    /// Whether it is the Designated Router.
    pub is_dr: bool,
}

/// An interface on which PIM is spoken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Link {
    /// Its name.
    pub interface: String,
    /// The family.
    pub family: Family,
    /// The own address there.
    pub address: IpAddr,
    /// The Designated Router.
    pub dr: IpAddr,
}

/// The branches of trees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Joins {
    /// One row for each, in the order of groups.
    pub joins: Vec<Join>,
    /// How many more there are.
    pub left_out: usize,
}

/// A branch, (S,G) or (*,G).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Join {
    /// The source; none for all of them, over the RP.
    pub source: Option<Source>,
    /// The group.
    pub group: Group,
    /// The RP of the group.
    pub rp: Option<IpAddr>,
    /// Whether this router has joined it.
    pub joined: bool,
    /// The interface by which it is joined; none at the root of the tree, and without a neighbour there.
    pub upstream: Option<String>,
    /// The neighbour at which it is joined.
    pub neighbour: Option<IpAddr>,
    /// The interfaces on which other routers have joined it.
    pub downstream: Vec<String>,
}

/// The RPs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Rps {
    /// The configured ones, or the one of the group that was asked for.
    pub rps: Vec<Rp>,
}

/// An RP and its groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Rp {
    /// Its address.
    pub address: IpAddr,
    /// Its groups.
    pub groups: IpNet,
    /// Whether it is this router.
    pub is_own: bool,
}

/// The neighbours on all interfaces.
pub(super) fn neighbours<F: FnMut(Instant, Event)>(service: &Service<F>) -> Neighbours {
    let now = service.daemon().now();
    let (mut neighbours, mut links) = (Vec::new(), Vec::new());
    for (family, router) in routers(service) {
        let Some(pim) = router.pim() else { continue };
        let names = service.names(family);
        neighbours.extend(pim.neighbours().map(|neighbour| Neighbour {
            interface: names.of(neighbour.vif),
            address: neighbour.address,
            secondary: neighbour.secondary,
            dr_priority: neighbour.dr_priority,
            generation_id: neighbour.generation,
            expires_s: neighbour.expires.map(|at| at.since(now).as_secs_f64()),
            is_dr: neighbour.is_dr,
        }));
        let speaks = router.interfaces().filter_map(|(vif, config, _)| {
            let (interface, address) = (config.name.clone(), pim.own(vif)?);
            Some(Link { interface, family, address, dr: pim.dr(vif)? })
        });
        links.extend(speaks);
    }
    Neighbours { neighbours, links }
}

/// The branches of this group, or of all.
pub(super) fn joins<F: FnMut(Instant, Event)>(service: &Service<F>, group: Option<Group>) -> Joins {
    let (mut joins, mut left_out) = (Vec::new(), 0);
    for (family, router) in routers(service) {
        let Some(pim) = router.pim() else { continue };
        let names = service.names(family);
        let branches = pim.branches().into_iter();
        let is_meant = |of: Group| group.is_none_or(|group| group == of);
        let mut rows = branches.filter(|joined| is_meant(joined.branch.group)).map(|joined| Join {
            source: joined.branch.source,
            group: joined.branch.group,
            rp: pim.rp(joined.branch.group),
            joined: joined.is_joined,
            upstream: joined.upstream.map(|(vif, _)| names.of(vif)),
            neighbour: joined.upstream.map(|(_, neighbour)| neighbour),
            downstream: joined.downstream.into_iter().map(|vif| names.of(vif)).collect(),
        });
        joins.extend(rows.by_ref().take(MOST_ROWS - joins.len()));
        left_out += rows.count();
    }
    Joins { joins, left_out }
}

/// The RP of this group, or all that are configured.
pub(super) fn rps<F: FnMut(Instant, Event)>(service: &Service<F>, group: Option<Group>) -> Rps {
    let mut rps = Vec::new();
    for (_, router) in routers(service) {
        let Some(pim) = router.pim() else { continue };
        let holds = |rp: &&StaticRp| match group {
            Some(group) => pim.rp(group) == Some(rp.address) && rp.groups.contains(&group.addr()),
            None => true,
        };
        let meant = pim.params.rps.iter().filter(holds);
        rps.extend(meant.map(|&StaticRp { address, groups }| Rp {
            address,
            groups,
            is_own: router.is_own(address),
        }));
    }
    Rps { rps }
}
