//! PIM tells what it knows.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::Branch;
use super::link::Link;
use super::machine::Pim;
use super::show::{Joined, Neighbour};
use crate::addr::Group;
use crate::mfc::entry::Flow;
use crate::mfc::vif::Vif;

impl Pim {
    /// The Designated Router of a link; `None` where PIM is not spoken.
    #[must_use]
    pub fn dr(&self, vif: Vif) -> Option<IpAddr> {
        self.links.get(&vif).map(Link::dr)
    }

    /// NBR(I, A): the neighbour on the link that has this address.
    #[must_use]
    pub fn neighbour_with(&self, vif: Vif, address: IpAddr) -> Option<IpAddr> {
        self.links.get(&vif)?.neighbour_with(address)
    }

    /// All neighbours, by links.
    pub fn neighbours(&self) -> impl Iterator<Item = Neighbour> {
        self.links.values().flat_map(Link::shown)
    }

    /// Whether other routers have joined the flow on the link, by itself or with its group.
    #[must_use]
    pub fn is_joined_on(&self, flow: Flow, vif: Vif) -> bool {
        let branches = [Branch::of(flow), Branch::any(flow.group)];
        branches.into_iter().any(|branch| self.downstream.joins(branch).any(|joined| joined == vif))
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
