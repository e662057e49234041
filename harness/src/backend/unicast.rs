//! Installs the unicast routes of a plan in the kernel.

use super::interfaces::ifindex;
use crate::lab::{Built, LabError, Netns, Unicast, UnicastRoute, unicast};
use crate::plan::{Node, Plan, PortId, Role};

/// Gives every node its routes, and makes the routers forward.
pub(super) fn install(plan: &Plan, netns: &[Netns], built: &Built) -> Result<(), LabError> {
    let of_node = |node: &Node| Unicast {
        forwards: matches!(node.role, Role::Router(_)),
        routes: routes(plan, node, built, |_| true),
    };
    let all: Vec<Unicast> = plan.nodes.iter().map(of_node).collect();
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
    unicast::install(&netns[node..=node], &[Unicast { forwards: false, routes }])
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
