//! What a router of castnet's tells, as the recording keeps it.

use std::net::{IpAddr, Ipv4Addr};

use castnet::event::Event;
use castnet::gmp::News;
use castnet::gmp::querier::Role;
use castnet::mfc::upcall::Upcall;
use castnet::mfc::vif::Vif;
use castnet::time::Instant;

use super::{NodeEvent, StateChange};
use crate::plan::{NodeId, Plan, PortId};

impl NodeEvent {
    /// What the router on the node told; its interfaces are in the order of the node's ports.
    #[must_use]
    pub fn told(plan: &Plan, node: NodeId, at: Instant, event: &Event) -> Self {
        let ports = &plan.nodes[node].ports;
        let name = |vif: Vif| {
            let port = ports.get(vif.index());
            port.map_or_else(String::new, |&port| plan.links[plan.ports[port].link].name.clone())
        };
        let (text, what) = (event.describe(name), state_change(plan, ports, event));
        Self { at, node, text, what }
    }
}

/// What of an event changes the state of the router, whose ports are these.
fn state_change(plan: &Plan, ports: &[PortId], event: &Event) -> Option<StateChange> {
    let port = |vif: Vif| {
        let port = *ports.get(vif.index())?;
        Some((port, plan.ports[port].address))
    };
    Some(match *event {
        Event::Gmp(vif, News::MembersPresent(group)) => {
            StateChange::Members { port: port(vif)?.0, group, present: true }
        }
        Event::Gmp(vif, News::NoMembers(group)) => {
            StateChange::Members { port: port(vif)?.0, group, present: false }
        }
        Event::Gmp(vif, News::Querier(role)) => {
            let (port, own) = port(vif)?;
            let querier = match role {
                Role::Querier => own,
                Role::NonQuerier(other) => v4(other)?,
            };
            StateChange::Querier { port, querier }
        }
        Event::Upcall(Upcall { kind, vif, flow }) => {
            let (source, group) = (v4(flow.source)?, flow.group);
            StateChange::Upcall { port: port(vif)?.0, kind, source, group }
        }
        Event::NoRoute(flow) => {
            StateChange::NoRoute { source: v4(flow.source)?, group: flow.group }
        }
        _ => return None,
    })
}

const fn v4(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    }
}
