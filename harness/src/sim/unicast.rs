//! Unicast packets among routers, which the kernels of their nodes carry by the plan's routes.
//!
//! Only packets that a router has sent travel so: no other node of the simulator sends any to another link.
//! The next node is known without ARP or Neighbour Discovery. Refuses packets without a route.

use std::net::IpAddr;
use std::rc::Rc;

use castnet::wire::ip::lower_hop_limit;

use super::actor::Context;
use super::frame::Frame;
use crate::plan::{NodeId, Plan, PortId};

/// Sends a packet of the node's own.
///
/// # Errors
/// No route, no such neighbour, or an interface that is down; the text is the kernel's.
pub(super) fn send(
    cx: &mut Context<'_>,
    node: NodeId,
    to: IpAddr,
    packet: impl Into<Rc<[u8]>>,
) -> Result<(), String> {
    let (port, next) = route(cx.plan, node, to).ok_or("Network is unreachable")?;
    let neighbour = neighbour(cx.plan, port, next).ok_or("No route to host")?;
    let (source, destination) = (cx.seats[port].mac, cx.seats[neighbour].mac);
    cx.pass(port, Frame::to_port(source, destination, packet.into()))
}

/// Passes on a packet to another node that came in as a frame to this port.
pub(super) fn pass_on(cx: &mut Context<'_>, node: NodeId, port: PortId, to: IpAddr, frame: &Frame) {
    let mut packet = frame.packet.to_vec();
    if frame.destination == cx.seats[port].mac && lower_hop_limit(&mut packet) {
        // What cannot go on is lost, as anywhere.
        _ = send(cx, node, to, packet);
    }
}

/// The port with this address on the segment of another one.
fn neighbour(plan: &Plan, port: PortId, address: IpAddr) -> Option<PortId> {
    let segment = plan.links[plan.ports[port].link].segment;
    let links = plan.links.iter().filter(|link| link.segment == segment);
    links.flat_map(|link| &link.ports).copied().find(|&other| plan.ports[other].has(address))
}

/// The port towards an address, and the next address on the way.
fn route(plan: &Plan, node: NodeId, to: IpAddr) -> Option<(PortId, IpAddr)> {
    let node = &plan.nodes[node];
    let on_link = node
        .ports
        .iter()
        .copied()
        .find(|&port| plan.links[plan.ports[port].link].subnet.contains(&to));
    let routed = || {
        let routes = node.routes.iter().filter(|route| route.to.contains(&to));
        let route = routes.max_by_key(|route| route.to.prefix_len())?;
        Some((route.port, route.via))
    };
    on_link.map(|port| (port, to)).or_else(routed)
}
