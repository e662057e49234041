//! Looks up names of a topology: nodes, links, interfaces, addresses; reports names without a
//! meaning, or with several.

use std::net::IpAddr;

use castnet::addr::Family;
use ipnet::IpNet;

use super::topology::Topology;
use super::{LinkId, NodeId, PortId, Role};
use crate::scenario::diagnostic::{Diagnostics, Spanned};
use crate::scenario::other_family;

impl Topology {
    pub(super) fn node(&self, name: &Spanned<String>, faults: &mut Diagnostics) -> Option<NodeId> {
        let found = self.node_ids.get(&name.value).copied();
        if found.is_none() && !self.gaps.nodes.excuses(&name.value) {
            if self.is_of_other_family(name, faults) {
                return None;
            }
            let known = self.nodes.iter().map(|node| node.name.as_str());
            faults.unknown("node", &name.value, &name.span, known);
        }
        found
    }

    pub(super) fn link(&self, name: &Spanned<String>, faults: &mut Diagnostics) -> Option<LinkId> {
        let found = self.link_ids.get(&name.value).copied();
        if found.is_none() && !self.gaps.links.excuses(&name.value) {
            if self.is_of_other_family(name, faults) {
                return None;
            }
            let known = self.links.iter().map(|link| link.name.as_str());
            faults.unknown("link", &name.value, &name.span, known);
        }
        found
    }

    pub(super) fn port_on(&self, node: NodeId, link: LinkId) -> Option<PortId> {
        self.nodes[node].ports.iter().copied().find(|&port| self.ports[port].link == link)
    }

    /// The interface by which a node sends onto the link: its own there, or another one on the
    /// segment. A switch uses its first interface, whose Ethernet address is the switch's.
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
            // A node on no link has been reported already.
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
            // A node on no link has been reported already.
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

    /// The address that is named by itself, or the primary one of a node with one interface.
    pub(super) fn only_address(
        &self,
        name: &Spanned<String>,
        faults: &mut Diagnostics,
    ) -> Option<IpAddr> {
        // The name of a node begins with a letter.
        if let Ok(address) = name.value.parse()
            && Family::of(address) == self.family
        {
            let is_known = (0..self.nodes.len()).any(|id| self.addresses_of(id).contains(&address));
            if !is_known && !self.gaps.nodes.is_open() && !self.gaps.links.is_open() {
                faults.error(&name.span, format!("nobody has the address {address}"), "not here");
            }
            return Some(address);
        }
        let node = self.node(name, faults)?;
        match self.nodes[node].ports.as_slice() {
            [port, ..] if self.ports[*port].address.is_none() => {
                let message = format!("{} is a switch, and has no address of its own", name.value);
                faults.error(&name.span, message, "sends no datagrams");
                None
            }
            [] => None,
            [port] => self.ports[*port].address,
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

    /// Whether the name is an address or a network of the family that the run is not of, which is
    /// then reported as such.
    fn is_of_other_family(&self, name: &Spanned<String>, faults: &mut Diagnostics) -> bool {
        let network = name.value.parse().map(|net: IpNet| net.addr());
        let address = name.value.parse().or(network);
        let other = address.map(Family::of).ok().filter(|of| *of != self.family);
        if let Some(of) = other {
            other_family(&name.value, of, &name.span, faults);
        }
        other.is_some()
    }
}
