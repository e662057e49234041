//! What routers and switches tell, as the recording keeps it, wherever they run.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use castnet::addr::Group;
use castnet::event::Event;
use castnet::gmp::News;
use castnet::gmp::querier::Role;
use castnet::mfc::entry::Flow;
use castnet::mfc::upcall::Upcall;
use castnet::mfc::vif::Vif;
use castnet::time::Instant;
use serde::{Deserialize, Serialize};

use super::{MdbChange, NodeEvent, StateChange};
use crate::plan::{NodeId, Plan, Port, PortId};

impl NodeEvent {
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

/// Puts the events of one router into the words of a recording.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Teller {
    node: NodeId,
    /// The router's interfaces by their [`Vif`].
    interfaces: Vec<Interface>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Interface {
    link: String,
    port: PortId,
    /// A router has one on each interface.
    address: Option<IpAddr>,
}

impl Teller {
    /// For the router on the node; its interfaces are in the order of the node's ports.
    #[must_use]
    pub fn new(plan: &Plan, node: NodeId) -> Self {
        let interfaces = plan.nodes[node].ports.iter().map(|&port| {
            let Port { link, address, .. } = plan.ports[port];
            Interface { link: plan.links[link].name.clone(), port, address }
        });
        Self { node, interfaces: interfaces.collect() }
    }

    /// The event as it is recorded.
    #[must_use]
    pub fn tell(&self, at: Instant, event: &Event) -> NodeEvent {
        let link = |vif| self.interface(vif).map(|own| own.link.clone()).unwrap_or_default();
        NodeEvent { at, node: self.node, text: event.describe(link), what: self.change(event) }
    }

    fn interface(&self, vif: Vif) -> Option<&Interface> {
        self.interfaces.get(vif.index())
    }

    /// What of an event changes the router's state.
    fn change(&self, event: &Event) -> Option<StateChange> {
        let port = |vif| self.interface(vif).map(|own| own.port);
        Some(match *event {
            Event::Gmp(vif, News::MembersPresent(group)) => {
                StateChange::Members { port: port(vif)?, group, present: true }
            }
            Event::Gmp(vif, News::NoMembers(group)) => {
                StateChange::Members { port: port(vif)?, group, present: false }
            }
            Event::Gmp(vif, News::Querier(role)) => {
                let querier = match role {
                    Role::Querier => self.interface(vif)?.address?,
                    Role::NonQuerier(other) => other,
                };
                StateChange::Querier { port: port(vif)?, querier }
            }
            Event::Upcall(Upcall { kind, vif, flow }) => {
                let Flow { source, group } = flow;
                StateChange::Upcall { port: port(vif)?, kind, source, group }
            }
            Event::NoRoute(Flow { source, group }) => StateChange::NoRoute { source, group },
            _ => return None,
        })
    }
}
