//! Routes towards sources: which interface a datagram of a source may come in on (reverse path
//! forwarding, RFC 7761 section 4.5.1), and through which neighbour it should.
//!
//! The longest prefix decides; then the lowest preference, the lowest metric, and the route that
//! was added first (RFC 7761 section 4.6.3 compares preference and metric in this order). Connected
//! and configured routes are replaced as a whole; learned ones change one by one. A route out of an
//! interface that is down does not count until the interface is up again.

mod trie;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::mfc::vif::Vif;
use trie::Trie;

/// What a configured route costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cost {
    /// The metric preference (administrative distance); lower is better.
    pub preference: u32,
    /// The metric among routes of one preference; lower is better.
    pub metric: u32,
}

impl Default for Cost {
    fn default() -> Self {
        Self { preference: 1, metric: 0 }
    }
}

/// Where a route leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextHop {
    /// The interface.
    pub vif: Vif,
    /// The neighbour; `None` on a connected network.
    pub via: Option<IpAddr>,
    /// The metric preference (administrative distance); lower is better.
    pub preference: u32,
    /// The metric among routes of one preference; lower is better.
    pub metric: u32,
}

impl NextHop {
    /// A connected network behind the interface.
    #[must_use]
    pub const fn connected(vif: Vif) -> Self {
        Self { vif, via: None, preference: 0, metric: 0 }
    }

    /// A configured route out of the interface, through this neighbour if one is known.
    #[must_use]
    pub const fn configured(vif: Vif, via: Option<IpAddr>) -> Self {
        Self::costing(vif, via, Cost { preference: 1, metric: 0 })
    }

    /// A configured route with its cost.
    #[must_use]
    pub const fn costing(vif: Vif, via: Option<IpAddr>, cost: Cost) -> Self {
        let Cost { preference, metric } = cost;
        Self { vif, via, preference, metric }
    }
}

/// A change of learned routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RouteChange {
    /// Adds this route. The bits of the network beyond its prefix length do not count.
    Add(IpNet, NextHop),
    /// Removes this route; nothing happens if it does not exist.
    Remove(IpNet, NextHop),
}

/// All routes of a router.
#[derive(Clone, Debug, Default)]
pub struct Rib {
    own: Table,
    learned: Table,
    down: BTreeSet<Vif>,
}

impl Rib {
    /// Replaces the connected and configured routes.
    pub fn replace_own(&mut self, routes: impl IntoIterator<Item = (IpNet, NextHop)>) {
        self.own = Table::default();
        for (prefix, hop) in routes {
            self.own.add(prefix, hop);
        }
    }

    /// Adds or removes a learned route.
    pub fn change(&mut self, change: RouteChange) {
        match change {
            RouteChange::Add(prefix, hop) => self.learned.add(prefix, hop),
            RouteChange::Remove(prefix, hop) => self.learned.remove(prefix, hop),
        }
    }

    /// An interface went down or came up; every interface is up at the start.
    pub fn link_is(&mut self, vif: Vif, up: bool) {
        if up {
            self.down.remove(&vif);
        } else {
            self.down.insert(vif);
        }
    }

    /// Forgets an interface, and the learned routes out of it: its number may soon be another one's.
    pub fn forget(&mut self, vif: Vif) {
        self.down.remove(&vif);
        let lost = |(net, hops): (IpNet, &Vec<NextHop>)| {
            let out_of = hops.iter().copied().filter(|hop| hop.vif == vif);
            out_of.map(|hop| (net, hop)).collect::<Vec<_>>()
        };
        let lost: Vec<_> = self.learned.0.all().into_iter().flat_map(lost).collect();
        lost.into_iter().for_each(|(net, hop)| self.learned.remove(net, hop));
    }

    /// The best route towards the source out of an interface that is up; `None` if no such route
    /// leads there.
    #[must_use]
    pub fn towards(&self, source: IpAddr) -> Option<NextHop> {
        let counts = |hop: &NextHop| self.counts(hop);
        let tables = [&self.own, &self.learned].into_iter();
        let found = tables.filter_map(|table| table.find(source, counts));
        let best = found.min_by_key(|&(length, hop)| (Reverse(length), hop.preference, hop.metric));
        best.map(|(_, hop)| hop)
    }

    /// Every route that counts, with its prefix: own ones first, each part in the order of prefixes.
    pub fn routes(&self) -> impl Iterator<Item = (IpNet, NextHop)> {
        let all = [&self.own, &self.learned].into_iter().flat_map(|table| table.0.all());
        let all = all.flat_map(|(net, hops)| hops.iter().map(move |&hop| (net, hop)));
        all.filter(|(_, hop)| self.counts(hop))
    }

    fn counts(&self, hop: &NextHop) -> bool {
        !self.down.contains(&hop.vif)
    }
}

/// The routes of each prefix, in the order of arrival.
#[derive(Clone, Debug, Default)]
struct Table(Trie<Vec<NextHop>>);

impl Table {
    fn add(&mut self, prefix: IpNet, hop: NextHop) {
        self.0.entry(prefix).push(hop);
    }

    fn remove(&mut self, prefix: IpNet, hop: NextHop) {
        let Some(hops) = self.0.get_mut(prefix) else { return };
        let Some(place) = hops.iter().position(|own| *own == hop) else { return };
        hops.remove(place);
        if hops.is_empty() {
            self.0.remove(prefix);
        }
    }

    /// The best route that counts of the longest prefix that has one, and that prefix's length.
    fn find(&self, source: IpAddr, counts: impl Fn(&NextHop) -> bool) -> Option<(u8, NextHop)> {
        self.0.longest(source, |hops| {
            let hops = hops.iter().copied().filter(|hop| counts(hop));
            // Among equals, `min_by_key` returns the first.
            hops.min_by_key(|hop| (hop.preference, hop.metric))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(vif: usize) -> NextHop {
        NextHop::connected(Vif::new(vif).unwrap())
    }

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    fn own(routes: &[(&str, usize)]) -> Rib {
        let mut rib = Rib::default();
        rib.replace_own(routes.iter().map(|&(prefix, vif)| (net(prefix), hop(vif))));
        rib
    }

    fn towards(rib: &Rib, source: &str) -> Option<usize> {
        rib.towards(source.parse().unwrap()).map(|hop| hop.vif.index())
    }

    // RFC 1812 section 5.2.4.3: longest match.
    #[test]
    fn the_longest_prefix_decides_in_each_family() {
        let rib = own(&[
            ("10.0.0.0/8", 0),
            ("10.1.2.0/24", 1),
            ("10.1.0.0/16", 2),
            ("2001:db8::/32", 3),
            ("2001:db8:1::/48", 4),
        ]);
        let given = ["10.1.2.3", "10.1.3.3", "10.2.0.1", "192.0.2.1", "2001:db8::1"];
        let found = given.map(|source| towards(&rib, source));
        assert_eq!(found, [Some(1), Some(2), Some(0), None, Some(3)]);
        assert_eq!(towards(&rib, "2001:db8:1::1"), Some(4));
        assert_eq!(towards(&own(&[("0.0.0.0/0", 5)]), "2001:db8::1"), None);
    }

    #[test]
    fn the_first_of_two_equal_routes_counts() {
        assert_eq!(towards(&own(&[("10.1.2.9/24", 3), ("10.1.2.0/24", 4)]), "10.1.2.3"), Some(3));
    }

    // RFC 7761 section 4.6.3: preference before metric, and both only between equal prefixes.
    #[test]
    fn preference_counts_before_metric() {
        let mut rib = own(&[("10.0.0.0/8", 0)]);
        let route = |vif, preference, metric| NextHop { preference, metric, ..hop(vif) };
        let steps = [
            (route(1, 110, 20), 1),
            (route(2, 110, 10), 2),
            (route(3, 20, 900), 3),
            (route(4, 20, 900), 3),
        ];
        for (learned, best) in steps {
            rib.change(RouteChange::Add(net("10.1.0.0/16"), learned));
            assert_eq!(towards(&rib, "10.1.0.1"), Some(best));
        }
        rib.change(RouteChange::Add(net("10.0.0.0/8"), route(5, 20, 0)));
        assert_eq!(towards(&rib, "10.2.0.1"), Some(0), "connected is preferred");
        for (gone, best) in [(steps[2].0, 4), (steps[3].0, 2), (steps[1].0, 1), (steps[0].0, 0)] {
            rib.change(RouteChange::Remove(net("10.1.0.0/16"), gone));
            assert_eq!(towards(&rib, "10.1.0.1"), Some(best));
        }
        rib.change(RouteChange::Remove(net("10.1.0.0/16"), route(1, 0, 0)));
        assert_eq!(rib.routes().count(), 2);
    }

    // RFC 7761 section 4.5.1: no datagram comes in on an interface that is down.
    #[test]
    fn a_route_out_of_an_interface_that_is_down_is_passed_over() {
        let mut rib = own(&[("10.0.0.0/8", 0), ("10.1.0.0/16", 1), ("10.1.0.0/16", 2)]);
        rib.change(RouteChange::Add(net("10.1.2.0/24"), hop(3)));
        let mut best = |vif, up| {
            rib.link_is(Vif::new(vif).unwrap(), up);
            (towards(&rib, "10.1.2.3"), rib.routes().count())
        };
        let down = [3, 1, 2, 0].map(|vif| best(vif, false));
        assert_eq!(down, [(Some(1), 3), (Some(2), 2), (Some(0), 1), (None, 0)]);
        let up = [0, 2, 1, 3].map(|vif| best(vif, true));
        assert_eq!(up, [(Some(0), 1), (Some(2), 2), (Some(1), 3), (Some(3), 4)]);
    }

    #[test]
    fn learned_routes_outlive_a_change_of_own_ones() {
        let mut rib = own(&[("10.0.0.0/24", 0)]);
        rib.change(RouteChange::Add(net("192.0.2.0/24"), hop(1)));
        rib.replace_own([(net("10.9.0.0/24"), hop(2))]);
        let given = ["10.0.0.1", "10.9.0.1", "192.0.2.1"];
        assert_eq!(given.map(|source| towards(&rib, source)), [None, Some(2), Some(1)]);
    }
}
