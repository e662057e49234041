//! Links, nodes and addresses; what the nodes do is added by [`super::cast`].

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use castnet::addr::{Channel, Family, Source};

use super::addresses::{self, Addresses};
use super::{
    FlowRule, Link, LinkId, Node, NodeId, Port, PortId, Role, RouterPort, segment, subnets,
};
use crate::scenario::diagnostic::{Diagnostics, Spanned};
use crate::scenario::{self, Gaps, Scenario, Verb};

/// The topology under construction, and where names are looked up.
pub(super) struct Topology {
    /// The family of all addresses.
    pub(super) family: Family,
    pub(super) links: Vec<Link>,
    pub(super) nodes: Vec<Node>,
    pub(super) ports: Vec<Port>,
    /// The position of each name in `nodes`, and in `links`.
    pub(super) node_ids: BTreeMap<String, NodeId>,
    pub(super) link_ids: BTreeMap<String, LinkId>,
    addresses: Addresses,
    /// The addresses of switches that are queriers, if only at times.
    pub(super) queriers: BTreeMap<NodeId, IpAddr>,
    /// Switches that acts make queriers during the run.
    become_queriers: BTreeSet<NodeId>,
    /// Names whose meaning is unknown because of errors already reported.
    pub(super) gaps: Gaps,
}

impl Topology {
    pub(super) fn new(scenario: &Scenario, gaps: &Gaps, faults: &mut Diagnostics) -> Self {
        let segments = segment::segments(scenario, faults);
        let subnets = subnets::subnets(scenario, &segments, faults);
        let networks = subnets.into_iter().zip(segments);
        let links = scenario.links.iter().zip(networks).map(|(link, (subnet, segment))| Link {
            name: link.name.value.clone(),
            subnet,
            segment,
            ports: Vec::new(),
            pace: link.pace,
        });
        let nodes = scenario.nodes.iter().map(|node| Node {
            name: node.name.value.clone(),
            role: Role::Source,
            ports: Vec::new(),
            is_process: matches!(&node.role, scenario::Role::Router(router) if router.is_process),
            as_distributed: node.as_distributed,
            routes: Vec::new(),
        });
        let (links, nodes, gaps): (Vec<Link>, _, _) =
            (links.collect(), nodes.collect(), gaps.clone());
        // Of two with one name, which was reported, the first one counts.
        let ids = |names: Vec<&String>| -> BTreeMap<String, usize> {
            names.into_iter().cloned().enumerate().rev().map(|(id, name)| (name, id)).collect()
        };
        let mut topology = Self {
            family: scenario.family,
            node_ids: ids(scenario.nodes.iter().map(|node| &node.name.value).collect()),
            link_ids: ids(scenario.links.iter().map(|link| &link.name.value).collect()),
            addresses: Addresses::new(scenario, &links, &gaps, faults),
            ports: Vec::new(),
            queriers: BTreeMap::new(),
            become_queriers: become_queriers(scenario),
            links,
            nodes,
            gaps,
        };
        for (id, link) in scenario.links.iter().enumerate() {
            topology.attach(id, link, scenario, faults);
        }
        for (node, written) in topology.nodes.iter().zip(&scenario.nodes) {
            if node.ports.is_empty() && !topology.gaps.links.is_open() {
                let message = format!("{} is on no link", node.name);
                faults.error(&written.name.span, message, "name it in [links]");
            }
        }
        topology
    }

    fn attach(
        &mut self,
        link: LinkId,
        written: &scenario::Link,
        scenario: &Scenario,
        faults: &mut Diagnostics,
    ) {
        if written.nodes.is_empty() {
            let message = format!("nobody is on {}", written.name.value);
            faults.error(&written.name.span, message, "name its nodes, or leave it out");
        }
        for (position, name) in written.nodes.iter().enumerate() {
            let Some(node) = self.node(name, faults) else {
                self.addresses.next(&self.links[link], 1);
                continue;
            };
            if self.port_on(node, link).is_some() {
                let message = format!("{} is on {} twice", name.value, written.name.value);
                faults.error(&name.span, message, "the second time");
                continue;
            }
            // Locally administered (the second bit), and the same in every run.
            let number = |n: usize| u16::try_from(n).unwrap_or(u16::MAX).to_be_bytes();
            let ([l0, l1], [p0, p1]) = (number(link), number(position));
            let mac = [0x02, 0xca, l0, l1, p0, p1];
            let own = self.addresses(link, node, mac, &scenario.nodes[node].role);
            let Some((address, secondary)) = own else {
                let subnet = self.links[link].subnet;
                let message = format!("{subnet} has no address left for {}", name.value);
                let help = "give the link a larger subnet: { nodes = [...], subnet = \"...\" }";
                faults.error_with_help(&name.span, message, "one too many", help);
                self.gaps.links.add(written.name.value.clone());
                continue;
            };
            let port = self.ports.len();
            let link_local = address.filter(IpAddr::is_ipv6).map(|_| addresses::link_local(mac));
            self.ports.push(Port { node, link, address, secondary, link_local, mac });
            self.links[link].ports.push(port);
            self.nodes[node].ports.push(port);
        }
    }

    /// The primary address of a node's new port, and the others; a switch has one for all its
    /// ports, for its Queries only.
    fn addresses(
        &mut self,
        link: LinkId,
        node: NodeId,
        mac: [u8; 6],
        role: &scenario::Role,
    ) -> Option<(Option<IpAddr>, Vec<IpAddr>)> {
        let written = &self.links[link];
        let scenario::Role::Switch(switch) = role else {
            let mut all =
                self.addresses.of(link, written, &self.nodes[node].name, role.hosts())?.into_iter();
            return Some((Some(all.next()?), all.collect()));
        };
        let asks = switch.knobs.querier || self.become_queriers.contains(&node);
        if asks && !self.queriers.contains_key(&node) {
            let next = self.addresses.next(written, 1)?;
            // Queries of MLD come from a link-local address (RFC2710-3-01); that of the first port is
            // the switch's, as its Ethernet address is.
            let address = if next.is_ipv6() { addresses::link_local(mac).into() } else { next };
            self.queriers.insert(node, address);
        }
        Some((None, Vec::new()))
    }

    /// Adds static joins to the interfaces of a router.
    pub(super) fn join_statically(
        &self,
        node: NodeId,
        joins: &[scenario::StaticJoin],
        interfaces: &mut [RouterPort],
        faults: &mut Diagnostics,
    ) {
        for join in joins {
            let group = join.group.value;
            if group.is_link_local() {
                // RFC1112-7.2-05
                let message = format!("{group} stays on its link, so no router forwards it");
                let help = match self.family {
                    Family::V4 => "take a group outside 224.0.0.0/24, such as 239.1.1.1",
                    Family::V6 => "take a group of a wider scope than ff02::/16, such as ff1e::1",
                };
                faults.error_with_help(&join.group.span, message, "cannot be joined", help);
            }
            let Some(port) = self.port(node, &join.link, faults) else { continue };
            let source = match &join.source {
                None => None,
                Some(name) => match self.only_address(name, faults).and_then(Source::new) {
                    Some(source) => Some(source),
                    None => continue,
                },
            };
            if let Some(interface) = interfaces.iter_mut().find(|own| own.port == port) {
                interface.static_joins.insert(Channel { source, group });
            }
        }
    }

    /// Adds static rules to the interfaces of a router.
    pub(super) fn rule(
        &self,
        node: NodeId,
        rules: &[scenario::FlowRule],
        interfaces: &mut [RouterPort],
        faults: &mut Diagnostics,
    ) {
        for rule in rules {
            let address = |name: &Spanned<String>, faults: &mut Diagnostics| {
                self.only_address(name, faults).and_then(Source::new)
            };
            let source = rule.source.as_ref().map(|name| address(name, faults));
            let except = rule.except.as_ref().map(|name| address(name, faults));
            let ways = rule.from.value.iter().map(|link| self.port(node, link, faults));
            let ways: Option<Vec<PortId>> = ways.collect();
            let (None | Some(Some(_)), None | Some(Some(_)), Some(ways)) = (source, except, ways)
            else {
                continue;
            };
            let (Some(&from), standby) = (ways.first(), ways.get(1).copied()) else { continue };
            let channel = Channel { source: source.flatten(), group: rule.group.value };
            let own = FlowRule { channel, except: except.flatten(), from, standby };
            for link in &rule.to {
                let Some(port) = self.port(node, link, faults) else { continue };
                let meant = interfaces.iter_mut().filter(|of| of.port == port);
                meant.for_each(|interface| interface.rules.push(own.clone()));
            }
        }
    }

    /// The name of a port's link, and so of the interface.
    pub(super) fn link_name(&self, port: PortId) -> &str {
        &self.links[self.ports[port].link].name
    }

    /// All addresses of a node.
    pub(super) fn addresses_of(&self, node: NodeId) -> Vec<IpAddr> {
        let ports = self.nodes[node].ports.iter();
        ports.flat_map(|&port| self.ports[port].addresses()).collect()
    }
}

fn become_queriers(scenario: &Scenario) -> BTreeSet<NodeId> {
    let told = scenario.acts.iter().filter_map(|act| match &act.verb {
        Verb::Set(set) if set.querier.as_ref().is_some_and(|on| on.value) => Some(&set.who.value),
        _ => None,
    });
    let node = |who: &String| scenario.nodes.iter().position(|node| node.name.value == *who);
    told.filter_map(node).collect()
}
