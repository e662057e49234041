//! Installs the unicast routes of a plan in the kernel.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::interfaces::ifindex;
use crate::lab::{Built, LabError, Netns, UnicastRoute, Way, unicast};
use crate::plan::{Node, Plan, PortId, Role};

/// All groups of IPv4.
const GROUPS: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(224, 0, 0, 0), 4);

/// Gives every node its routes, and a host of level 0 one that keeps it from sending to groups (RFC1112-3-01).
pub(super) fn install(plan: &Plan, netns: &[Netns], built: &Built) -> Result<(), LabError> {
    let of_node = |node: &Node| {
        let mut routes = routes(plan, node, built, |_| true);
        if matches!(&node.role, Role::Listener(listener) if listener.is_mute()) {
            routes.push(UnicastRoute { to: GROUPS.into(), way: Way::Prohibited });
        }
        routes
    };
    let all: Vec<Vec<UnicastRoute>> = plan.nodes.iter().map(of_node).collect();
    unicast::install(netns, &all)
}

/// Restores a node's routes by one interface: the kernel forgets them when the interface goes down.
pub(super) fn restore(
    plan: &Plan,
    netns: &[Netns],
    built: &Built,
    port: PortId,
) -> Result<(), LabError> {
    let node = plan.ports[port].node;
    let routes = routes(plan, &plan.nodes[node], built, |own| own == port);
    unicast::install(&netns[node..=node], &[routes])
}

fn routes(
    plan: &Plan,
    node: &Node,
    built: &Built,
    by: impl Fn(PortId) -> bool,
) -> Vec<UnicastRoute> {
    let routes = node.routes.iter().filter(|route| by(route.port));
    let route = |route: &crate::plan::Route| UnicastRoute {
        to: route.to,
        way: Way::Via(route.via, ifindex(plan, built, route.port)),
    };
    routes.map(route).collect()
}
