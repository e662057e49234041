//! The address of each node: those that links give, and the next free ones for the other nodes.
//!
//! Refuses addresses outside of the link's network, the network's own addresses, duplicates, and
//! addresses for nodes that cannot use them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

use super::{Link, LinkId};
use crate::scenario::diagnostic::{Diagnostics, Spanned};
use crate::scenario::{Gaps, Given, Role, Scenario};

/// The addresses of all segments.
pub(super) struct Addresses {
    /// The given addresses, by link and node; the first is the primary one.
    given: BTreeMap<(LinkId, String), Vec<IpAddr>>,
    /// The given addresses of each segment.
    taken: BTreeMap<LinkId, BTreeSet<IpAddr>>,
    /// The number of addresses of each segment that went to nodes without a given one.
    handed_out: BTreeMap<LinkId, usize>,
}

impl Addresses {
    /// `links` are those of the scenario, in its order.
    pub(super) fn new(
        scenario: &Scenario,
        links: &[Link],
        gaps: &Gaps,
        faults: &mut Diagnostics,
    ) -> Self {
        let (given, taken) = (BTreeMap::new(), BTreeMap::new());
        let mut all = Self { given, taken, handed_out: BTreeMap::new() };
        for (id, written) in scenario.links.iter().enumerate() {
            for Given { who, addresses } in &written.addresses {
                check_owner(scenario, written, who, gaps, faults);
                let mut own = Vec::new();
                for address in addresses {
                    all.check(&links[id], address, faults);
                    own.push(address.value);
                }
                all.given.insert((id, who.value.clone()), own);
            }
        }
        all
    }

    fn check(&mut self, link: &Link, address: &Spanned<IpAddr>, faults: &mut Diagnostics) {
        let (subnet, name, value) = (link.subnet, &link.name, address.value);
        if !subnet.contains(&value) {
            let message = format!("{value} is not on {subnet}, the network of {name}");
            let help = "the key `subnet` gives a link its network";
            faults.error_with_help(&address.span, message, "on another network", help);
        } else if host_at(&subnet, 0) > Some(value) {
            let message = format!("{value} is the network {subnet} itself");
            faults.error(&address.span, message, "no host can have it");
        } else if subnet.addr().is_ipv4() && subnet.prefix_len() < 31 && value == subnet.broadcast()
        {
            let message = format!("{value} is the broadcast address of {subnet}");
            faults.error(&address.span, message, "no host can have it");
        } else if !self.taken.entry(link.segment).or_default().insert(value) {
            let message = format!("{value} is given twice");
            faults.error(&address.span, message, "the second time");
        }
    }

    /// The addresses of a node on a link, or the first address of a population; `None` if the
    /// network has no free one left.
    pub(super) fn of(
        &mut self,
        id: LinkId,
        link: &Link,
        node: &str,
        hosts: usize,
    ) -> Option<Vec<IpAddr>> {
        match self.given.get(&(id, node.to_owned())) {
            Some(given) => Some(given.clone()),
            None => Some(vec![self.next(link, hosts)?]),
        }
    }

    /// The first address of the next so many consecutive free ones, in the order of the network.
    pub(super) fn next(&mut self, link: &Link, hosts: usize) -> Option<IpAddr> {
        let at = |position: usize| host_at(&link.subnet, position);
        let position = self.handed_out.entry(link.segment).or_default();
        let taken = self.taken.get(&link.segment);
        loop {
            let first = at(*position)?;
            let last = last_of(&link.subnet, *position, hosts)?;
            let in_the_way = taken.and_then(|taken| taken.range(first..=last).next_back());
            let Some(&taken) = in_the_way else {
                *position += hosts;
                return Some(first);
            };
            while at(*position)? <= taken {
                *position += 1;
            }
        }
    }
}

/// The longest prefix of a network of IPv6 in which hosts have the digits of their numbers.
const WITH_DIGITS: u8 = 96;

/// The address of the host at this position of a network; `None` if it has no such address. In IPv6
/// the host with the number 10 is `::10`, as it is `.10` in IPv4, unless the network is small.
fn host_at(subnet: &IpNet, position: usize) -> Option<IpAddr> {
    let number = match subnet {
        // The lowest address is that of all routers of the network (RFC 4291 section 2.6.1).
        IpNet::V6(net) if net.prefix_len() <= WITH_DIGITS => digits(position + 1)?,
        IpNet::V6(net) if net.prefix_len() < 127 => position + 1,
        _ => position,
    };
    subnet.hosts().nth(number)
}

/// The last of so many consecutive addresses, of which the first is at this position; `None` if the
/// network does not hold them all.
fn last_of(subnet: &IpNet, position: usize, hosts: usize) -> Option<IpAddr> {
    match host_at(subnet, position)? {
        IpAddr::V4(_) => host_at(subnet, position + hosts - 1),
        // As the digits of numbers grow faster than numbers, the next host's address is free.
        IpAddr::V6(first) => {
            let last = Ipv6Addr::from_bits(first.to_bits().checked_add(hosts as u128 - 1)?);
            subnet.contains(&IpAddr::V6(last)).then_some(last.into())
        }
    }
}

/// The number whose hexadecimal digits are the decimal ones of this number.
fn digits(number: usize) -> Option<usize> {
    usize::from_str_radix(&number.to_string(), 16).ok()
}

/// The link-local address of an interface with this Ethernet address (RFC 4291 section 2.5.6 and
/// appendix A).
pub(super) const fn link_local([a, b, c, d, e, f]: [u8; 6]) -> Ipv6Addr {
    let identifier = u64::from_be_bytes([a ^ 0x02, b, c, 0xff, 0xfe, d, e, f]);
    Ipv6Addr::from_bits((0xfe80 << 112) | identifier as u128)
}

/// Addresses are for nodes that are on the link and have a use for them.
fn check_owner(
    scenario: &Scenario,
    link: &crate::scenario::Link,
    who: &Spanned<String>,
    gaps: &Gaps,
    faults: &mut Diagnostics,
) {
    let name = &who.value;
    let node = scenario.nodes.iter().find(|node| node.name.value == *name);
    if gaps.nodes.excuses(name) {
        return;
    }
    let Some(node) = node else {
        let known = link.nodes.iter().map(|node| node.value.as_str());
        return faults.unknown("node", name, &who.span, known);
    };
    if !link.nodes.iter().any(|node| node.value == *name) {
        let message = format!("{name} is not on {}", link.name.value);
        let on: Vec<&str> = link.nodes.iter().map(|node| node.value.as_str()).collect();
        let help = format!("on {} are {}", link.name.value, on.join(", "));
        faults.error_with_help(&who.span, message, "has no use for an address there", help);
    } else if matches!(node.role, Role::Switch(_)) {
        let message = format!("the ports of the switch {name} have no addresses");
        let help = "a switch that is a querier takes the next free one";
        faults.error_with_help(&who.span, message, "cannot be given one", help);
    }
}
