//! What PIM knows, as values that can be sent and printed.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::link::Link;
use super::{Branch, Pim};
use crate::addr::Group;
use crate::mfc::vif::Vif;
use crate::time::Instant;

/// A neighbour on a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// The link.
    pub vif: Vif,
    /// Its primary address.
    pub address: IpAddr,
    /// Its other addresses.
    pub secondary: BTreeSet<IpAddr>,
    /// Its DR Priority, if it announces one.
    pub dr_priority: Option<u32>,
    /// Its generation ID, if it announces one.
    pub generation: Option<u32>,
    /// When it is forgotten without another Hello; `None` for never.
    pub expires: Option<Instant>,
    /// Whether it is the Designated Router.
    pub is_dr: bool,
}

/// A branch of a tree on this router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The branch.
    pub branch: Branch,
    /// Whether the router has joined it.
    pub is_joined: bool,
    /// The link and the neighbour at which it has joined; `None` at the root, and without a neighbour there.
    pub upstream: Option<(Vif, IpAddr)>,
    /// The links on which other routers have joined it.
    pub downstream: BTreeSet<Vif>,
}

impl Pim {
    /// The Designated Router of a link; `None` where PIM is not spoken.
    #[must_use]
    pub fn dr(&self, vif: Vif) -> Option<IpAddr> {
        self.links.get(&vif).map(Link::dr)
    }

    /// All neighbours, by links.
    pub fn neighbours(&self) -> impl Iterator<Item = Neighbour> {
        self.links.values().flat_map(Link::shown)
    }

    /// All branches that are joined, here or by others, in the order of their groups.
    #[must_use]
    pub fn branches(&self) -> Vec<Joined> {
        let groups: BTreeSet<Group> =
            self.upstream.groups().chain(self.downstream.groups()).collect();
        let branches = groups
            .into_iter()
            .flat_map(|group| self.upstream.branches(group).chain(self.downstream.branches(group)));
        let branches: BTreeSet<Branch> = branches.collect();
        let joined = branches.into_iter().map(|branch| Joined {
            branch,
            is_joined: self.upstream.is_joined(branch),
            upstream: self.upstream.towards(branch),
            downstream: self.downstream.joins(branch).collect(),
        });
        joined.collect()
    }
}
