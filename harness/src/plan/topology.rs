//! Links, nodes and addresses.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use castnet::addr::Channel;
use castnet::router::config::{Config, InterfaceConfig, RouteConfig};
use ipnet::{IpNet, Ipv4Net};

use super::{Link, LinkId, Node, NodeId, Port, PortId, Role, Switch, injection, segment, subnets};
use crate::scenario::diagnostic::{Diagnostics, Spanned};
use crate::scenario::{self, Gaps, Scenario};

/// The topology under construction, and where names are looked up.
pub(super) struct Topology {
    pub(super) links: Vec<Link>,
    pub(super) nodes: Vec<Node>,
    pub(super) ports: Vec<Port>,
    /// Where each name is in `nodes`, and in `links`.
    node_ids: BTreeMap<String, NodeId>,
    link_ids: BTreeMap<String, LinkId>,
    /// How many addresses of each segment are given out.
    given: BTreeMap<LinkId, usize>,
    /// The addresses of switches that are queriers.
    queriers: BTreeMap<NodeId, Ipv4Addr>,
    /// Names that lead to nothing for a reason that was told.
    gaps: Gaps,
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
        });
        let nodes = scenario.nodes.iter().map(|node| Node {
            name: node.name.value.clone(),
            role: Role::Source,
            ports: Vec::new(),
            apart: matches!(&node.role, scenario::Role::Router(router) if router.apart),
        });
        let (links, nodes, gaps) = (links.collect(), nodes.collect(), gaps.clone());
        let (ports, given, queriers) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        // Of two with one name, which has been told, the first one counts.
        let ids = |names: Vec<&String>| -> BTreeMap<String, usize> {
            names.into_iter().cloned().enumerate().rev().map(|(id, name)| (name, id)).collect()
        };
        let node_ids = ids(scenario.nodes.iter().map(|node| &node.name.value).collect());
        let link_ids = ids(scenario.links.iter().map(|link| &link.name.value).collect());
        let mut topology = Self { links, nodes, ports, node_ids, link_ids, given, queriers, gaps };
        for (id, link) in scenario.links.iter().enumerate() {
            topology.attach(id, link, scenario, faults);
        }
        for (node, written) in topology.nodes.iter().zip(&scenario.nodes) {
            if node.ports.is_empty() && !topology.gaps.links.is_open() {
                let message = format!("{} is on no link", node.name);
                faults.error(&written.name.span, message, "name it in [links]");
            }
        }
        let roles: Vec<Role> = scenario
            .nodes
            .iter()
            .enumerate()
            .map(|(id, node)| topology.role(id, node, faults))
            .collect();
        for (node, role) in topology.nodes.iter_mut().zip(roles) {
            node.role = role;
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
                self.next_addresses(link, 1);
                continue;
            };
            if self.port_on(node, link).is_some() {
                let message = format!("{} is on {} twice", name.value, written.name.value);
                faults.error(&name.span, message, "the second time");
                continue;
            }
            let Some(address) = self.address(link, node, &scenario.nodes[node].role) else {
                let subnet = self.links[link].subnet;
                let message = format!("{subnet} has no address left for {}", name.value);
                let help = "give the link a larger subnet: { nodes = [...], subnet = \"...\" }";
                faults.error_with_help(&name.span, message, "one too many", help);
                self.gaps.links.add(written.name.value.clone());
                continue;
            };
            let number = |n: usize| u16::try_from(n).unwrap_or(u16::MAX).to_be_bytes();
            let ([l0, l1], [p0, p1]) = (number(link), number(position));
            // Locally administered (the second bit), and the same in every run.
            let mac = [0x02, 0xca, l0, l1, p0, p1];
            let port = self.ports.len();
            self.ports.push(Port { node, link, address, mac });
            self.links[link].ports.push(port);
            self.nodes[node].ports.push(port);
        }
    }

    /// The address of a node's new port; a switch has one for all its ports, and only to ask from.
    fn address(&mut self, link: LinkId, node: NodeId, role: &scenario::Role) -> Option<Ipv4Addr> {
        let scenario::Role::Switch(switch) = role else {
            return self.next_addresses(link, role.hosts());
        };
        if switch.querier && !self.queriers.contains_key(&node) {
            let address = self.next_addresses(link, 1)?;
            self.queriers.insert(node, address);
        }
        Some(Ipv4Addr::UNSPECIFIED)
    }

    /// The addresses of a segment are given out in the order of the file: the first of so many.
    fn next_addresses(&mut self, link: LinkId, hosts: usize) -> Option<Ipv4Addr> {
        let Link { segment, subnet, .. } = self.links[link];
        let given = self.given.entry(segment).or_default();
        let first = *given;
        *given += hosts;
        subnet.hosts().nth(*given - 1)?;
        subnet.hosts().nth(first)
    }

    fn role(&self, node: NodeId, written: &scenario::Node, faults: &mut Diagnostics) -> Role {
        match &written.role {
            scenario::Role::Source => Role::Source,
            scenario::Role::Listener(listener) => Role::Listener(listener.clone()),
            scenario::Role::Injector => Role::Injector(None),
            scenario::Role::Querier(querier) => self.querier(node, written, querier, faults),
            scenario::Role::Switch(switch) => self.switch(node, written, switch, faults),
            scenario::Role::Router(router) => {
                let before = faults.len();
                let config = self.router(node, router, faults);
                if let (true, Err(wrong)) = (faults.len() == before, config.check()) {
                    faults.error(&written.name.span, wrong.to_string(), "this router");
                }
                Role::Router(config)
            }
        }
    }

    fn switch(
        &self,
        node: NodeId,
        written: &scenario::Node,
        switch: &scenario::Switch,
        faults: &mut Diagnostics,
    ) -> Role {
        let Node { name, ports, .. } = &self.nodes[node];
        // One that is on no link has been spoken of already.
        if let ([port], false) = (ports.as_slice(), self.gaps.links.is_open()) {
            let link = &self.links[self.ports[*port].link].name;
            let message = format!("{name} is on {link} alone, and a switch joins links");
            faults.error(&written.name.span, message, "name it in another link too");
        }
        let alone = ports.iter().map(|&port| self.ports[port].link);
        for link in alone.filter(|&link| self.links[link].ports.len() == 1) {
            let message = format!("nobody but {name} is on {}", self.links[link].name);
            faults.error(&written.name.span, message, "a port that leads nowhere");
        }
        let mut fast_leave = Vec::new();
        for link in &switch.fast_leave {
            let Some(port) = self.port(node, link, faults) else { continue };
            if fast_leave.contains(&port) {
                let message = format!("{} stands twice", link.value);
                faults.error(&link.span, message, "the second time");
            }
            fast_leave.push(port);
        }
        Role::Switch(Switch {
            snooping: switch.snooping,
            querier: self.queriers.get(&node).copied(),
            igmp_version: switch.igmp_version,
            igmp: switch.igmp.clone(),
            fast_leave,
        })
    }

    fn querier(
        &self,
        node: NodeId,
        written: &scenario::Node,
        querier: &scenario::Querier,
        faults: &mut Diagnostics,
    ) -> Role {
        // A node on no link has been spoken of already.
        let Some(port) = self.only_port(node, None, &written.name, faults) else {
            return Role::Injector(None);
        };
        match injection::periodic(querier, port, self.ports[port].address) {
            Ok(injection) => Role::Injector(Some(injection)),
            Err(why) => {
                faults.error(&written.name.span, why, "this querier");
                Role::Injector(None)
            }
        }
    }

    fn router(&self, node: NodeId, written: &scenario::Router, faults: &mut Diagnostics) -> Config {
        let mut interfaces: Vec<InterfaceConfig> = self.nodes[node]
            .ports
            .iter()
            .map(|&port| InterfaceConfig {
                name: self.links[self.ports[port].link].name.clone(),
                addresses: vec![IpNet::V4(self.network_of(port))],
                igmp: Some(written.igmp.clone()),
                threshold: written.ttl_threshold,
                static_joins: BTreeSet::new(),
            })
            .collect();
        for join in &written.static_joins {
            let group = join.group.value;
            if group.is_link_local() {
                // RFC1112-7.2-05
                let message = format!("{group} stays on its link, so no router forwards it");
                let help = "take a group outside 224.0.0.0/24, such as 239.1.1.1";
                faults.error_with_help(&join.group.span, message, "cannot be joined", help);
            }
            let Some(port) = self.port(node, &join.link, faults) else { continue };
            let source = match &join.source {
                None => None,
                Some(name) => match self.only_address(name, faults) {
                    Some(address) => Some(IpAddr::V4(address)),
                    None => continue,
                },
            };
            let position = self.nodes[node].ports.iter().position(|&own| own == port);
            if let Some(interface) = position.and_then(|n| interfaces.get_mut(n)) {
                interface.static_joins.insert(Channel { source, group });
            }
        }
        let routes = written.routes.iter().filter_map(|route| {
            let to = self.link(&route.to, faults)?;
            self.port(node, &route.link, faults)?;
            let prefix = IpNet::V4(self.links[to].subnet);
            Some(RouteConfig { prefix, interface: route.link.value.clone() })
        });
        let routes = routes.collect();
        Config { interfaces, routes, keepalive: written.keepalive }
    }

    fn network_of(&self, port: PortId) -> Ipv4Net {
        let Port { address, link, .. } = self.ports[port];
        let prefix = self.links[link].subnet.prefix_len();
        Ipv4Net::new(address, prefix).unwrap_or_else(|_| Ipv4Net::from(address))
    }

    pub(super) fn node(&self, name: &Spanned<String>, faults: &mut Diagnostics) -> Option<NodeId> {
        let found = self.node_ids.get(&name.value).copied();
        if found.is_none() && !self.gaps.nodes.excuses(&name.value) {
            let known = self.nodes.iter().map(|node| node.name.as_str());
            faults.unknown("node", &name.value, &name.span, known);
        }
        found
    }

    pub(super) fn link(&self, name: &Spanned<String>, faults: &mut Diagnostics) -> Option<LinkId> {
        let found = self.link_ids.get(&name.value).copied();
        if found.is_none() && !self.gaps.links.excuses(&name.value) {
            let known = self.links.iter().map(|link| link.name.as_str());
            faults.unknown("link", &name.value, &name.span, known);
        }
        found
    }

    pub(super) fn port_on(&self, node: NodeId, link: LinkId) -> Option<PortId> {
        self.nodes[node].ports.iter().copied().find(|&port| self.ports[port].link == link)
    }

    /// The interface by which a node sends what is on the link: its own there, or another one on the
    /// same segment. Of a switch it is the first, whose Ethernet address is that of the switch.
    pub(super) fn sender_on(&self, node: NodeId, link: LinkId) -> Option<PortId> {
        let segment = self.links[link].segment;
        let mut ports = self.nodes[node].ports.iter().copied();
        if self.port_on(node, link).is_some() && !self.is_switch(node) {
            return self.port_on(node, link);
        }
        ports.find(|&port| self.links[self.ports[port].link].segment == segment)
    }

    fn is_switch(&self, node: NodeId) -> bool {
        matches!(self.nodes[node].role, Role::Switch(_))
    }

    /// The node's interface on the named link.
    pub(super) fn port(
        &self,
        node: NodeId,
        link: &Spanned<String>,
        faults: &mut Diagnostics,
    ) -> Option<PortId> {
        let found = self.port_on(node, self.link(link, faults)?);
        if found.is_none() {
            let name = &self.nodes[node].name;
            let on = self.links_of(&self.nodes[node].ports);
            // A node on no link has been spoken of already.
            if !on.is_empty() && !self.gaps.links.excuses(&link.value) {
                let message = format!("{name} is not on {}", link.value);
                let help = format!("{name} is on {}", on.join(", "));
                faults.error_with_help(&link.span, message, "another link", help);
            }
        }
        found
    }

    /// The interface of a node that needs no link to be named because it has only one.
    pub(super) fn only_port(
        &self,
        node: NodeId,
        link: Option<&Spanned<String>>,
        name: &Spanned<String>,
        faults: &mut Diagnostics,
    ) -> Option<PortId> {
        if let Some(link) = link {
            return self.port(node, link, faults);
        }
        match self.nodes[node].ports.as_slice() {
            [port] => Some(*port),
            // A node on no link has been spoken of already.
            [] => None,
            ports => {
                let message = format!("{} is on several links", name.value);
                let links = self.links_of(ports);
                let help = format!("say which: `link = \"{}\"`", links.join("\"` or `link = \""));
                faults.error_with_help(&name.span, message, "on which of them?", help);
                None
            }
        }
    }

    /// The address of a node with one interface.
    pub(super) fn only_address(
        &self,
        name: &Spanned<String>,
        faults: &mut Diagnostics,
    ) -> Option<Ipv4Addr> {
        let node = self.node(name, faults)?;
        match self.nodes[node].ports.as_slice() {
            [port] => Some(self.ports[*port].address),
            [port, ..] if self.ports[*port].address.is_unspecified() => {
                let message = format!("{} is a switch, and has no address of its own", name.value);
                faults.error(&name.span, message, "sends no datagrams");
                None
            }
            [] => None,
            ports => {
                let message = format!("{} is on several links", name.value);
                let help = format!(
                    "it has an address on each of {}, and here one is wanted: take a node with one",
                    self.links_of(ports).join(", ")
                );
                faults.error_with_help(&name.span, message, "which address?", help);
                None
            }
        }
    }

    /// The nodes on a link, or beyond the switches on it.
    pub(super) fn nodes_on(&self, link: LinkId) -> Vec<NodeId> {
        let segment = self.links[link].segment;
        let mut nodes: Vec<NodeId> = Vec::new();
        for link in self.links.iter().filter(|link| link.segment == segment) {
            for node in link.ports.iter().map(|&port| self.ports[port].node) {
                if !nodes.contains(&node) {
                    nodes.push(node);
                }
            }
        }
        nodes
    }

    fn links_of(&self, ports: &[PortId]) -> Vec<&str> {
        ports.iter().map(|&port| self.links[self.ports[port].link].name.as_str()).collect()
    }
}
