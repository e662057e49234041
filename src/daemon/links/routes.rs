//! The kernel's unicast routes, and what a router that uses some of the devices learns of them.
//!
//! A route out of a device that the router does not use is none for it. Where the kernel's reports do not
//! say all, the routes have to be asked for anew: they go without a report when their device goes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;

use crate::addr::Family;
use crate::kernel::{Hop, Report, Route};
use crate::mfc::vif::Vif;
use crate::rib::{NextHop, RouteChange};

/// The preference of the kernel's routes: connected and configured ones come before.
const PREFERENCE: u32 = 2;

/// What distinguishes the kernel's routes: prefix and metric.
type Key = (IpNet, u32);

/// All unicast routes of the machine's main table.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    all: BTreeMap<Key, Vec<Vec<Hop>>>,
    /// Grows with every change.
    revision: u64,
}

/// What a router has learned of them.
#[derive(Clone, Debug, Default)]
pub struct Learned {
    all: BTreeMap<Key, Vec<NextHop>>,
    /// The routes and devices that it follows from.
    from: Option<(u64, BTreeMap<u32, Vif>)>,
}

impl Routes {
    /// Takes a report of a route; others change nothing. `false` if it does not fit what is known, so
    /// that the routes have to be asked for anew.
    pub fn apply(&mut self, report: Report) -> bool {
        self.revision += 1;
        match report {
            Report::Route(route) => self.add(route),
            Report::RouteReplaced(Route { prefix, metric, hops }) => {
                let known = self.all.entry((prefix, metric)).or_default();
                // Of several equal ones, the report does not say which one is replaced.
                let is_one = known.len() <= 1;
                *known = vec![hops];
                is_one
            }
            Report::RouteGone(Route { prefix, metric, hops }) => {
                let known = self.all.get_mut(&(prefix, metric));
                let place = known.as_ref().and_then(|all| all.iter().position(|own| *own == hops));
                let Some((known, place)) = known.zip(place) else { return false };
                known.remove(place);
                if known.is_empty() {
                    self.all.remove(&(prefix, metric));
                }
                true
            }
            _ => {
                self.revision -= 1;
                true
            }
        }
    }

    /// A further hop of an IPv6 route is reported as a route.
    fn add(&mut self, Route { prefix, metric, hops }: Route) -> bool {
        let known = self.all.entry((prefix, metric)).or_default();
        if known.contains(&hops) {
            return true;
        }
        known.push(hops);
        known.len() == 1 || matches!(prefix, IpNet::V4(_))
    }

    /// Takes the routes as a whole.
    pub fn replace(&mut self, reports: Vec<Report>) {
        self.all.clear();
        self.revision += 1;
        for report in reports {
            self.apply(report);
        }
    }

    /// Whether the kernel has a route to the address out of a device that `fits`, be it the default one.
    #[must_use]
    pub fn lead_to(&self, address: IpAddr, fits: impl Fn(u32) -> bool) -> bool {
        let reaching = self.all.iter().filter(|((prefix, _), _)| prefix.contains(&address));
        let longest = reaching.clone().map(|((prefix, _), _)| prefix.prefix_len()).max();
        let mut best = reaching.filter(|((prefix, _), _)| Some(prefix.prefix_len()) == longest);
        best.any(|(_, routes)| routes.iter().flatten().any(|hop| fits(hop.ifindex)))
    }
}

impl Learned {
    /// The changes by which a router of the family, which uses these devices, learns the routes.
    pub fn follow(
        &mut self,
        family: Family,
        routes: &Routes,
        devices: &BTreeMap<u32, Vif>,
    ) -> Vec<RouteChange> {
        if self.from.as_ref().is_some_and(|from| (from.0, &from.1) == (routes.revision, devices)) {
            return Vec::new();
        }
        self.from = Some((routes.revision, devices.clone()));
        let of_family =
            routes.all.iter().filter(|((prefix, _), _)| Family::of(prefix.addr()) == family);
        let now: BTreeMap<Key, Vec<NextHop>> = of_family
            .map(|(&key, routes)| {
                let hops = routes.iter().flatten();
                (key, hops.filter_map(|hop| next_hop(hop, key.1, devices)).collect())
            })
            .filter(|(_, hops): &(Key, Vec<NextHop>)| !hops.is_empty())
            .collect();
        let keys: BTreeSet<Key> = self.all.keys().chain(now.keys()).copied().collect();
        let changed = keys.into_iter().filter(|key| self.all.get(key) != now.get(key));
        let changes = changed.flat_map(|key| {
            let all = |of: &BTreeMap<Key, Vec<NextHop>>| of.get(&key).cloned().unwrap_or_default();
            let gone = all(&self.all).into_iter().map(move |hop| RouteChange::Remove(key.0, hop));
            gone.chain(all(&now).into_iter().map(move |hop| RouteChange::Add(key.0, hop)))
        });
        let changes = changes.collect();
        self.all = now;
        changes
    }
}

fn next_hop(hop: &Hop, metric: u32, devices: &BTreeMap<u32, Vif>) -> Option<NextHop> {
    let vif = *devices.get(&hop.ifindex)?;
    Some(NextHop { vif, via: hop.via, preference: PREFERENCE, metric })
}

#[cfg(test)]
mod tests;
