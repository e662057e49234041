//! Installs the unicast routes of a plan in the kernel.

use super::interfaces::ifindex;
use crate::lab::{Built, LabError, Netns, UnicastRoute, unicast};
use crate::plan::{Node, Plan, PortId};

/// Gives every node its routes.
pub(super) fn install(plan: &Plan, netns: &[Netns], built: &Built) -> Result<(), LabError> {
    let of_node = |node: &Node| routes(plan, node, built, |_| true);
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
        via: route.via,
        ifindex: ifindex(plan, built, route.port),
    };
    routes.map(route).collect()
}
