//! The roles of nodes in the simulator: one small module each.

use std::net::{Ipv4Addr, Ipv6Addr};

use castnet::addr::Family;

use super::actor::Actor;
use super::forwarders::Forwarder;
use super::model::bridge::BridgeInet;
use super::model::host::HostInet;
use super::{host, listener, population, router, sender, switch};
use crate::plan::{NodeId, Plan, Role};
use crate::scenario::Listener;

/// Makes the actor of a node.
///
/// # Errors
/// The node has no address of the plan's family; the message names it.
pub(super) fn actor(
    plan: &Plan,
    node: NodeId,
    forwarders: &[Forwarder],
) -> Result<Box<dyn Actor>, String> {
    match plan.family {
        Family::V4 => of_family::<Ipv4Addr>(plan, node, forwarders),
        Family::V6 => of_family::<Ipv6Addr>(plan, node, forwarders),
    }
}

fn of_family<A: HostInet + BridgeInet + 'static>(
    plan: &Plan,
    node: NodeId,
    forwarders: &[Forwarder],
) -> Result<Box<dyn Actor>, String> {
    Ok(match &plan.nodes[node].role {
        Role::Router(written) => {
            let forwarder = Forwarder::place(forwarders, node);
            Box::new(router::RouterActor::<A>::new(plan, node, written, forwarder)?)
        }
        Role::Listener(Listener::Kernel { igmp_version, level }) => {
            Box::new(listener::ListenerActor::<A>::new(plan, node, *igmp_version, *level)?)
        }
        Role::Listener(Listener::Population { igmp_version, count }) => {
            Box::new(population::Population::<A>::new(plan, node, *igmp_version, *count)?)
        }
        Role::Listener(Listener::Castnet(knobs)) => {
            Box::new(host::HostActor::new(plan, node, knobs)?)
        }
        Role::Injector(periodic) => Box::new(sender::Sender::new(node, periodic.clone())),
        Role::Source => Box::new(sender::Sender::new(node, None)),
        Role::Switch(switch) => Box::new(switch::SwitchActor::<A>::new(plan, node, switch)?),
    })
}
