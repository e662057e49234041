//! The network of each segment: the given one, or 10.0.n.0/24 or fd00:0:0:n::/64 where its first link is
//! the n-th of the file, or in IPv4 a larger one elsewhere for as many hosts as that does not hold.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use castnet::addr::Family;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::LinkId;
use crate::scenario::Scenario;
use crate::scenario::diagnostic::Diagnostics;

/// The network of each link, in their order, equal for all links of a segment. A segment without a
/// given network gets the one of its position, or a later one if another link was given that.
pub(super) fn subnets(
    scenario: &Scenario,
    segments: &[LinkId],
    faults: &mut Diagnostics,
) -> Vec<IpNet> {
    let links = &scenario.links;
    let family = scenario.family;
    let nth = |n| nth(family, n);
    let given: Vec<Option<IpNet>> =
        links.iter().map(|link| Some(link.subnet.as_ref()?.value.trunc())).collect();
    let all_given: Vec<IpNet> = given.iter().flatten().copied().collect();
    let mut of_segments = BTreeMap::new();
    for (given, &segment) in given.iter().zip(segments) {
        given.iter().for_each(|given| _ = of_segments.entry(segment).or_insert(*given));
    }
    let mut taken = Taken::default();
    let hosts = hosts(scenario, segments);
    let mut pools = Pools { given: all_given.clone(), next: [0; POOLS.len()] };
    let mut subnets: Vec<IpNet> = Vec::new();
    for (n, (link, own)) in links.iter().zip(&given).enumerate() {
        let segment = segments[n];
        let of_segment = of_segments.get(&segment).copied();
        let subnet = match (of_segment, subnets.get(segment)) {
            (Some(subnet), _) => subnet,
            (None, Some(first)) => *first,
            (None, None) if family == Family::V4 && hosts[segment] > SMALL => {
                pools.take(hosts[segment]).unwrap_or(nth(n + 1))
            }
            // Steps of the number of links never meet the default of another one.
            (None, None) => (n + 1..=usize::from(u16::MAX))
                .step_by(links.len())
                .map(nth)
                .find(|net| !all_given.iter().any(|given| overlap(given, net)))
                .unwrap_or(nth(n + 1)),
        };
        subnets.push(subnet);
        if own.is_none() && (of_segment.is_some() || segment != n) {
            // The network is checked at the link that gives it, or at the first one.
            continue;
        }
        let span = link.subnet.as_ref().map_or(&link.name.span, |subnet| &subnet.span);
        let met = taken.take(subnet, n, |other| segments[other] != segment);
        if own.is_some_and(|own| own != subnet) {
            let message = format!("a switch makes {} part of {subnet}", link.name.value);
            faults.error(span, message, "another network");
        } else if let Some(why) = unusable(&subnet) {
            let message = format!("{subnet} is no network for hosts");
            let example = match family {
                Family::V4 => "for example \"10.1.2.0/24\"",
                Family::V6 => "for example \"fd00:0:1:2::/64\"",
            };
            faults.error_with_help(span, message, why, example);
        } else if let Some(other) = met {
            let other = format!("{} of {}", subnets[other], links[other].name.value);
            let message = format!("{subnet} overlaps with {other}");
            faults.error(span, message, "each link has a network of its own");
        }
    }
    subnets
}

/// The networks that links have, by their first addresses, each with its first link.
#[derive(Default)]
struct Taken(BTreeMap<IpAddr, (IpNet, LinkId)>);

impl Taken {
    /// Gives the network to a link; returns a link whose network it overlaps with, if that matters.
    fn take(
        &mut self,
        subnet: IpNet,
        link: LinkId,
        matters: impl Fn(LinkId) -> bool,
    ) -> Option<LinkId> {
        // Of two networks that overlap one holds the other: it begins before, or within.
        let before = self.0.range(..=subnet.network()).next_back();
        let within = self.0.range(subnet.network()..=subnet.broadcast());
        let met = before.into_iter().chain(within).map(|(_, taken)| *taken);
        let met = met.filter(|(other, _)| overlap(other, &subnet)).map(|(_, other)| other);
        let met = met.filter(|&other| matters(other)).min();
        self.0.entry(subnet.network()).or_insert((subnet, link));
        met
    }
}

/// How many hosts each segment has.
fn hosts(scenario: &Scenario, segments: &[LinkId]) -> Vec<usize> {
    let of_node: BTreeMap<&str, usize> =
        scenario.nodes.iter().map(|node| (node.name.value.as_str(), node.role.hosts())).collect();
    let mut hosts = vec![0; segments.len()];
    for (link, &segment) in scenario.links.iter().zip(segments) {
        let on_link = link.nodes.iter().map(|name| of_node.get(name.value.as_str()).unwrap_or(&1));
        hosts[segment] += on_link.sum::<usize>();
    }
    hosts
}

/// As many hosts as a network of the n-th link holds.
const SMALL: usize = 254;

/// Where larger networks are: private ones, those of providers' inner nets, of tests, and what is left.
const POOLS: [(Ipv4Addr, u8); 4] = [
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(24, 0, 0, 0), 6),
];

/// What is left of the pools.
struct Pools {
    given: Vec<IpNet>,
    /// Addresses of each that are taken.
    next: [u64; POOLS.len()],
}

impl Pools {
    /// A network for so many hosts, if there is room for one.
    fn take(&mut self, hosts: usize) -> Option<IpNet> {
        let size = (hosts as u64 + 2).next_power_of_two();
        let length = u8::try_from(32_u32.saturating_sub(size.trailing_zeros())).ok()?;
        for ((first, pool), next) in POOLS.iter().zip(&mut self.next) {
            loop {
                let from = next.next_multiple_of(size);
                if from + size > 1 << (32 - pool) {
                    break;
                }
                *next = from + size;
                let network = u32::from(*first) + u32::try_from(from).ok()?;
                let network = IpNet::V4(Ipv4Net::new(network.into(), length).ok()?);
                if !self.given.iter().any(|given| overlap(given, &network)) {
                    return Some(network);
                }
            }
        }
        None
    }
}

/// The network of the n-th link, unless something else is wanted.
fn nth(family: Family, n: usize) -> IpNet {
    let n = u16::try_from(n).unwrap_or(u16::MAX);
    let [high, low] = n.to_be_bytes();
    match family {
        Family::V4 => Ipv4Net::new_assert(Ipv4Addr::new(10, high, low, 0), 24).into(),
        // Unique local addresses (RFC 4193).
        Family::V6 => Ipv6Net::new_assert(Ipv6Addr::new(0xfd00, 0, 0, n, 0, 0, 0, 0), 64).into(),
    }
}

fn overlap(one: &IpNet, other: &IpNet) -> bool {
    one.contains(other) || other.contains(one)
}

fn unusable(subnet: &IpNet) -> Option<&'static str> {
    match subnet {
        IpNet::V4(subnet) => unusable_v4(*subnet),
        IpNet::V6(subnet) => unusable_v6(*subnet),
    }
}

/// RFC 4291 section 2.4: what is neither a group nor has another use.
fn unusable_v6(subnet: Ipv6Net) -> Option<&'static str> {
    let has = |first: Ipv6Addr, length| {
        Ipv6Net::new(first, length).is_ok_and(|net| overlap(&net.into(), &subnet.into()))
    };
    if has(Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8) {
        Some("reaches into multicast addresses")
    } else if has(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10) {
        Some("reaches into link-local addresses, which every interface has anyway")
    } else if has(Ipv6Addr::UNSPECIFIED, 8) {
        Some("holds the unspecified, loopback or embedded IPv4 addresses")
    } else {
        None
    }
}

fn unusable_v4(subnet: Ipv4Net) -> Option<&'static str> {
    let (first, last) = (subnet.network(), subnet.broadcast());
    // RFC1112-4-01: addresses from 224.0.0.0 on are groups or reserved.
    if last.octets()[0] >= 224 {
        Some("reaches into multicast or reserved addresses")
    } else if first.octets()[0] == 0 {
        Some("begins with the addresses of \"this network\"")
    } else if first.octets()[0] <= 127 && last.octets()[0] >= 127 {
        Some("holds loopback addresses")
    } else {
        None
    }
}
