//! The role of each node, with every name resolved, and its routes.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use castnet::addr::Family;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::devices::Devices;
use super::routes::Routes;
use super::topology::Topology;
use super::{Device, Node, NodeId, Role, Router, RouterPort, Switch, injection};
use crate::scenario::diagnostic::{Diagnostics, Spanned};
use crate::scenario::{self, Scenario};

/// The range of all groups of a family.
fn all_groups(family: Family) -> IpNet {
    match family {
        Family::V4 => Ipv4Net::new_assert(Ipv4Addr::new(224, 0, 0, 0), 4).into(),
        Family::V6 => Ipv6Net::new_assert(Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8).into(),
    }
}

impl Topology {
    /// Gives each node its routes and its role.
    pub(super) fn cast(
        &mut self,
        scenario: &Scenario,
        devices: &Devices<'_>,
        faults: &mut Diagnostics,
    ) {
        let routes = Routes::new(scenario, self, faults);
        for (id, written) in scenario.nodes.iter().enumerate() {
            self.nodes[id].routes = routes.unicast(id, &self.links);
            let mut role = self.role(id, written, &routes, faults);
            if let (Role::Router(router), scenario::Role::Router(written)) =
                (&mut role, &written.role)
            {
                router.who = devices.of(&self.nodes[id].name, written, faults);
                // Only programs can be software of others.
                self.nodes[id].is_process |= router.who != Device::Castnet;
            }
            self.nodes[id].role = role;
        }
    }

    fn role(
        &self,
        node: NodeId,
        written: &scenario::Node,
        routes: &Routes,
        faults: &mut Diagnostics,
    ) -> Role {
        match &written.role {
            scenario::Role::Source => Role::Source,
            scenario::Role::Listener(listener) => Role::Listener(listener.clone()),
            scenario::Role::Injector => Role::Injector(None),
            scenario::Role::Querier(querier) => self.querier(node, written, querier, faults),
            scenario::Role::Switch(switch) => self.switch(node, written, switch, faults),
            scenario::Role::Router(router) => {
                let before = faults.len();
                let router = Router {
                    routes: routes.towards_sources(node, &self.links),
                    ..self.router(node, router, faults)
                };
                let checked = router.check(|port| self.link_name(port));
                if let (true, Err(wrong)) = (faults.len() == before, checked) {
                    faults.error(&written.name.span, wrong, "this router");
                }
                Role::Router(router)
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
        // A node on no link has been reported already.
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
            knobs: switch.knobs.clone(),
            address: self.queriers.get(&node).copied(),
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
        // A node on no link has been reported already.
        let Some(port) = self.only_port(node, None, &written.name, faults) else {
            return Role::Injector(None);
        };
        match injection::periodic(querier, port, &self.ports[port]) {
            Ok(injection) => Role::Injector(Some(injection)),
            Err(why) => {
                faults.error(&written.name.span, why, "this querier");
                Role::Injector(None)
            }
        }
    }

    fn router(&self, node: NodeId, written: &scenario::Router, faults: &mut Diagnostics) -> Router {
        let ports = self.nodes[node].ports.iter();
        let interfaces = ports.map(|&port| RouterPort {
            port,
            knobs: written.knobs.clone(),
            threshold: written.ttl_threshold,
            static_joins: BTreeSet::new(),
            upstream: false,
            only_forwarder: false,
            boundaries: Vec::new(),
            rules: Vec::new(),
            dr_priority: written.pim.as_ref().map_or(0, |pim| pim.dr_priority),
        });
        let mut interfaces: Vec<RouterPort> = interfaces.collect();
        for (link, threshold) in &written.ttl_thresholds {
            let Some(port) = self.port(node, link, faults) else { continue };
            if let Some(interface) = interfaces.iter_mut().find(|own| own.port == port) {
                interface.threshold = *threshold;
            }
        }
        for (link, priority) in written.pim.iter().flat_map(|pim| &pim.dr_priorities) {
            let Some(port) = self.port(node, link, faults) else { continue };
            if let Some(interface) = interfaces.iter_mut().find(|own| own.port == port) {
                interface.dr_priority = *priority;
            }
        }
        for boundary in &written.fixed.boundaries {
            let Some(port) = self.port(node, &boundary.link, faults) else { continue };
            if let Some(interface) = interfaces.iter_mut().find(|own| own.port == port) {
                interface.boundaries.extend(boundary.range);
            }
        }
        self.rule(node, &written.fixed.rules, &mut interfaces, faults);
        self.side_of_proxy(node, written, &mut interfaces, faults);
        self.join_statically(node, &written.static_joins, &mut interfaces, faults);
        let keepalive = written.keepalive;
        let pim = written.pim.as_ref().map(|pim| pim.knobs.clone());
        let rps = self.rps(written.pim.as_ref().map_or(&[], |pim| &pim.rps), faults);
        Router { who: Device::default(), interfaces, routes: Vec::new(), keepalive, pim, rps }
    }

    /// Marks the interfaces of a proxy.
    fn side_of_proxy(
        &self,
        node: NodeId,
        written: &scenario::Router,
        interfaces: &mut [RouterPort],
        faults: &mut Diagnostics,
    ) {
        let Some(upstream) = &written.upstream else {
            if let Some(link) = written.only_forwarder.first() {
                let message = "`only-forwarder` is for a proxy, which has an `upstream` link";
                faults.error(&link.span, message, "this router forwards to all members");
            }
            return;
        };
        if let Some(port) = self.port(node, upstream, faults) {
            if interfaces.len() == 1 {
                let message = format!("{} is upstream, and there is no other link", upstream.value);
                faults.error(&upstream.span, message, "a proxy forwards to others");
            }
            let own = interfaces.iter_mut().filter(|own| own.port == port);
            own.for_each(|own| own.upstream = true);
        }
        for link in &written.only_forwarder {
            let Some(port) = self.port(node, link, faults) else { continue };
            let own = interfaces.iter_mut().filter(|own| own.port == port);
            own.for_each(|own| own.only_forwarder = true);
        }
    }

    /// The addresses of RPs, each with its range of groups.
    fn rps(
        &self,
        written: &[(Option<IpNet>, Spanned<String>)],
        faults: &mut Diagnostics,
    ) -> Vec<(IpNet, IpAddr)> {
        let rps = written.iter().filter_map(|(range, rp)| {
            let range = range.unwrap_or_else(|| all_groups(self.family));
            Some((range, self.rp(rp, faults)?))
        });
        rps.collect()
    }

    /// The address of an RP; for a router that on its first link.
    fn rp(&self, rp: &Spanned<String>, faults: &mut Diagnostics) -> Option<IpAddr> {
        let address = match rp.value.parse::<IpAddr>() {
            Ok(given) => Some(given),
            Err(_) => {
                let port = self.nodes[self.node(rp, faults)?].ports.first().copied();
                port.and_then(|port| self.ports[port].address)
            }
        };
        let fits = |address: &IpAddr| {
            Family::of(*address) == self.family
                && !address.is_multicast()
                && !address.is_unspecified()
        };
        let address = address.filter(fits);
        if address.is_none() {
            let message = format!("{} is no unicast address of this run", rp.value);
            faults.error(&rp.span, message, "cannot be an RP");
        }
        address
    }
}
