//! What routers and switches tell, as the recording keeps it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use castnet::addr::Group;
use castnet::event::Event;
use castnet::gmp::News;
use castnet::gmp::querier::Role;
use castnet::mfc::upcall::Upcall;
use castnet::mfc::vif::Vif;
use castnet::time::Instant;

use super::{MdbChange, NodeEvent, StateChange};
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

    /// What a switch told: that the port leads to a router from now on, or to none any more.
    #[must_use]
    pub fn router_port(plan: &Plan, node: NodeId, at: Instant, port: PortId, on: bool) -> Self {
        let what = if on { "leads to a router" } else { "leads to no router any more" };
        Self { at, node, text: format!("{} {what}", plan.port_name(port)), what: None }
    }
}

/// The ports with members of each group, as far as a switch has told.
#[derive(Clone, Debug, Default)]
pub struct MemberPorts(BTreeMap<Group, BTreeSet<PortId>>);

impl MemberPorts {
    /// Takes note that the port has members of the group from now on, or none any more; returns what
    /// that changes.
    pub fn change(
        &mut self,
        at: Instant,
        node: NodeId,
        group: Group,
        port: PortId,
        on: bool,
    ) -> Option<MdbChange> {
        let members = self.0.entry(group).or_default();
        let is_news = if on { members.insert(port) } else { members.remove(&port) };
        let ports = members.iter().copied().collect();
        is_news.then_some(MdbChange { at, node, group, ports })
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
