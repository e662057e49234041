//! Reverse path forwarding: the one interface on which datagrams of a source may come in.

use std::net::IpAddr;

use ipnet::IpNet;

use super::vif::Vif;

/// The routes towards sources: prefixes that are connected or configured, each with its interface.
#[derive(Clone, Debug, Default)]
pub struct Routes(Vec<(IpNet, Vif)>);

impl Routes {
    /// The table with these routes. Where a prefix stands twice, the first counts.
    #[must_use]
    pub fn new(routes: impl IntoIterator<Item = (IpNet, Vif)>) -> Self {
        let mut routes: Vec<_> = routes.into_iter().map(|(net, vif)| (net.trunc(), vif)).collect();
        // A stable sort: the longest prefix is found first, and equals keep their order.
        routes.sort_by_key(|(net, _)| std::cmp::Reverse(net.prefix_len()));
        Self(routes)
    }

    /// The interface towards the source, by the longest prefix.
    #[must_use]
    pub fn towards(&self, source: IpAddr) -> Option<Vif> {
        self.0.iter().find(|(net, _)| net.contains(&source)).map(|&(_, vif)| vif)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(table: &[(&str, usize)]) -> Routes {
        Routes::new(table.iter().map(|&(net, n)| (net.parse().unwrap(), Vif::new(n).unwrap())))
    }

    #[test]
    fn the_longest_prefix_decides() {
        let table = routes(&[("10.0.0.0/8", 0), ("10.1.2.0/24", 1), ("10.1.0.0/16", 2)]);
        let towards = |text: &str| table.towards(text.parse().unwrap()).map(Vif::index);
        let given = ["10.1.2.3", "10.1.3.3", "10.2.0.1", "192.0.2.1", "2001:db8::1"];
        assert_eq!(given.map(towards), [Some(1), Some(2), Some(0), None, None]);
    }

    #[test]
    fn the_first_of_two_equal_routes_counts() {
        let table = routes(&[("10.1.2.9/24", 3), ("10.1.2.0/24", 4)]);
        assert_eq!(table.towards("10.1.2.3".parse().unwrap()), Vif::new(3));
    }
}
