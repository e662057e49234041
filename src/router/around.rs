//! What PIM asks the rest of the router: its members and static joins are the local receivers, and its
//! routes the MRIB (RFC 7761 section 2.2).

use std::net::IpAddr;

use super::link::{Link, Links};
use super::*;
use crate::addr::Source;
use crate::gmp::change::Filter;
use crate::pim::{Branch, Facts};

/// What PIM may know of the router.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) links: &'a Links,
    pub(super) rib: &'a Rib,
}

impl Around<'_> {
    fn filter(&self, vif: Vif, group: Group) -> Option<&Filter> {
        let igmp = self.links.get(vif).filter(|link| link.up)?.igmp.as_ref()?;
        igmp.groups().get(&group).map(|membership| &membership.filter)
    }
}

impl Facts for Around<'_> {
    fn towards(&self, address: IpAddr) -> Option<NextHop> {
        self.rib.towards(address)
    }

    fn is_own(&self, address: IpAddr) -> bool {
        self.links.is_own(address)
    }

    fn reached_by(&self, vif: Vif, family: Family) -> Option<IpAddr> {
        let first = self.links.get(vif).into_iter();
        let links = first.chain(self.links.0.values()).filter(|link| link.up);
        let addresses = links.flat_map(|link| &link.config.addresses).map(IpNet::addr);
        let mut addresses = addresses.filter(|address| Family::of(*address) == family);
        let is_wide = |address: &IpAddr| match address {
            IpAddr::V4(_) => true,
            IpAddr::V6(own) => !own.is_unicast_link_local(),
        };
        addresses.find(is_wide)
    }

    fn includes(&self, vif: Vif, Branch { group, source }: Branch) -> bool {
        let is_open = |link: &&Link| link.up && !link.is_boundary(group);
        let Some(link) = self.links.get(vif).filter(is_open) else { return false };
        let joined = || {
            let mut joins = link.config.static_joins.iter();
            joins.any(|join| join.group == group && join.source == source)
        };
        let reported = match (self.filter(vif, group), source) {
            (Some(Filter::Include { wanted }), Some(source)) => wanted.contains(&source.addr()),
            (Some(Filter::Exclude { .. }), None) => true,
            _ => false,
        };
        reported || joined()
    }

    fn is_boundary(&self, vif: Vif, group: Group) -> bool {
        self.links.get(vif).is_some_and(|link| link.is_boundary(group))
    }

    fn excludes(&self, vif: Vif, flow: Flow) -> bool {
        let filter = self.filter(vif, flow.group);
        matches!(filter, Some(Filter::Exclude { excluded, .. }) if excluded.contains(&flow.source.addr()))
    }

    fn sources(&self, group: Group) -> BTreeSet<Source> {
        let vifs = self.links.0.keys();
        let wanted = vifs.filter_map(|&vif| match self.filter(vif, group)? {
            Filter::Include { wanted } => Some(wanted),
            Filter::Exclude { excluded, .. } => Some(excluded),
        });
        let reported = wanted.flatten().filter_map(|&source| Source::new(source));
        let joins = self.links.0.values().flat_map(|link| &link.config.static_joins);
        let joined = joins.filter(|join| join.group == group).filter_map(|join| join.source);
        reported.chain(joined).collect()
    }

    fn groups(&self) -> BTreeSet<Group> {
        let links = self.links.0.values();
        let reported = links.clone().filter_map(|link| link.igmp.as_ref());
        let reported = reported.flat_map(|igmp| igmp.groups().keys().copied());
        let joined = links.flat_map(|link| link.config.static_joins.iter().map(|join| join.group));
        reported.chain(joined).filter(|group| !group.is_link_local()).collect()
    }
}
