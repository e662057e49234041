//! Turns the events of routers and switches into entries of the recording, for every backend.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use castnet::addr::Group;
use castnet::event::{Event, Ignored};
use castnet::gmp::News;
use castnet::gmp::querier::Role;
use castnet::mfc::entry::Flow;
use castnet::mfc::upcall::Upcall;
use castnet::mfc::vif::Vif;
use castnet::time::Instant;
use serde::{Deserialize, Serialize};

use super::{MdbChange, NodeEvent, StateChange};
use crate::plan::{NodeId, Plan, PortId};

/// Something that a node told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Told {
    /// An event of a router, whose interfaces are the ports of its node in their order.
    Router(Event),
    /// A switch holds that the port leads to a router from now on, or to none any more.
    RouterPort {
        /// The port.
        port: PortId,
        /// Whether it leads to one.
        on: bool,
    },
    /// A listener ignored an IGMP packet.
    Ignored {
        /// The port that it came in by.
        port: PortId,
        /// Why it changed nothing.
        why: Ignored,
    },
}

impl NodeEvent {
    /// A switch reported that the port leads to a router from now on, or no longer does.
    #[must_use]
    pub const fn router_port(node: NodeId, at: Instant, port: PortId, on: bool) -> Self {
        Self { at, node, told: Told::RouterPort { port, on }, what: None }
    }

    /// The event in words.
    #[must_use]
    pub fn text(&self, plan: &Plan) -> String {
        match &self.told {
            Told::Router(event) => event.describe(|vif| {
                let port = plan.nodes[self.node].ports.get(vif.index());
                let name = port.map(|&port| plan.links[plan.ports[port].link].name.clone());
                name.unwrap_or_else(|| vif.to_string())
            }),
            Told::RouterPort { port, on: true } => {
                format!("{} leads to a router", plan.port_name(*port))
            }
            Told::RouterPort { port, on: false } => {
                format!("{} leads to no router any more", plan.port_name(*port))
            }
            Told::Ignored { port, why } => format!("{}: ignored: {why}", plan.port_name(*port)),
        }
    }

    /// The group that the event is about, if it is about one.
    #[must_use]
    pub const fn group(&self) -> Option<Group> {
        match &self.told {
            Told::Router(event) => event.group(),
            Told::RouterPort { .. } | Told::Ignored { .. } => None,
        }
    }
}

/// The ports with members of each group, as reported by a switch.
#[derive(Clone, Debug, Default)]
pub struct MemberPorts(BTreeMap<Group, BTreeSet<PortId>>);

impl MemberPorts {
    /// Notes that from now on the port has members of the group, or no longer has any; returns the
    /// change, if it is one.
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

/// Turns the events of one router into those of a recording.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Teller {
    node: NodeId,
    /// The router's interfaces by their [`Vif`].
    interfaces: Vec<Interface>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Interface {
    port: PortId,
    /// The router's address, for a router with one on each interface.
    address: Option<IpAddr>,
}

impl Teller {
    /// For the router on the node; interfaces have the order of the node's ports.
    #[must_use]
    pub fn new(plan: &Plan, node: NodeId) -> Self {
        let interfaces = plan.nodes[node]
            .ports
            .iter()
            .map(|&port| Interface { port, address: plan.ports[port].address });
        Self { node, interfaces: interfaces.collect() }
    }

    /// The event's entry in the recording.
    #[must_use]
    pub fn tell(&self, at: Instant, event: &Event) -> NodeEvent {
        let what = self.change(event);
        NodeEvent { at, node: self.node, told: Told::Router(event.clone()), what }
    }

    fn interface(&self, vif: Vif) -> Option<&Interface> {
        self.interfaces.get(vif.index())
    }

    /// The change of the router's state, if the event is one.
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
                StateChange::Upcall { port: port(vif)?, kind, source: source.into(), group }
            }
            Event::NoRoute(Flow { source, group }) => {
                StateChange::NoRoute { source: source.into(), group }
            }
            _ => return None,
        })
    }
}
