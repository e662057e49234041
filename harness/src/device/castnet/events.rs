//! Turns the events of castnet's router into those of a recording: the laboratory's own words.
//!
//! What the judge reads of an event is a [`StateChange`] and the group; the rest is text for people.
//! So a recording does not depend on the device that it was made with.

use std::net::IpAddr;

use castnet::event::Event;
use castnet::gmp::News;
use castnet::gmp::change::Filter;
use castnet::gmp::message::Sources;
use castnet::gmp::querier::Role;
use castnet::mfc::entry::Flow;
use castnet::mfc::upcall::{self, Upcall};
use castnet::mfc::vif::Vif;
use castnet::time::Instant;
use serde::{Deserialize, Serialize};

use crate::plan::{NodeId, Plan, PortId, SourceFilter};
use crate::recording::{NodeEvent, StateChange, UpcallKind};

/// Turns the events of one router into those of a recording.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EventRecorder {
    node: NodeId,
    /// The router's interfaces by their [`Vif`].
    interfaces: Vec<Interface>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Interface {
    port: PortId,
    /// The name of its link.
    link: String,
    /// The address that the router speaks from there.
    address: Option<IpAddr>,
}

impl EventRecorder {
    /// For the router on the node; interfaces have the order of the node's ports.
    #[must_use]
    pub fn new(plan: &Plan, node: NodeId) -> Self {
        let interfaces = plan.nodes[node].ports.iter().map(|&port| {
            let own = &plan.ports[port];
            Interface { port, link: plan.links[own.link].name.clone(), address: own.speaks_from() }
        });
        Self { node, interfaces: interfaces.collect() }
    }

    /// The event's entry in the recording.
    #[must_use]
    pub fn record(&self, at: Instant, event: &Event) -> NodeEvent {
        let name =
            |vif: Vif| self.interface(vif).map_or_else(|| vif.to_string(), |own| own.link.clone());
        let (group, text) = (event.group(), event.describe(name));
        NodeEvent { at, node: self.node, group, text, change: self.change(event) }
    }

    fn interface(&self, vif: Vif) -> Option<&Interface> {
        self.interfaces.get(vif.index())
    }

    /// The change of the router's state, if the event is one.
    fn change(&self, event: &Event) -> Option<StateChange> {
        let port = |vif: Vif| self.interface(vif).map(|own| own.port);
        Some(match event {
            Event::Gmp(vif, News::MembersPresent(group)) => {
                StateChange::Members { port: port(*vif)?, group: *group, present: true }
            }
            Event::Gmp(vif, News::NoMembers(group)) => {
                StateChange::Members { port: port(*vif)?, group: *group, present: false }
            }
            Event::Gmp(vif, News::SourcesChanged(group, filter)) => {
                let (filter, requested) = match filter.clone() {
                    Filter::Include { wanted } => (SourceFilter::Include(wanted), Sources::new()),
                    Filter::Exclude { requested, excluded } => {
                        (SourceFilter::Exclude(excluded), requested)
                    }
                };
                StateChange::Sources { port: port(*vif)?, group: *group, filter, requested }
            }
            Event::Gmp(vif, News::Querier(role)) => {
                let querier = match role {
                    Role::Querier => self.interface(*vif)?.address?,
                    Role::NonQuerier(other) => *other,
                    Role::Passive => return None,
                };
                StateChange::Querier { port: port(*vif)?, querier }
            }
            Event::Upcall(Upcall { kind, vif, flow }) => {
                let Flow { source, group } = *flow;
                let kind = match kind {
                    upcall::UpcallKind::NoCache => UpcallKind::NoCache,
                    upcall::UpcallKind::WrongVif => UpcallKind::WrongInterface,
                    _ => return None,
                };
                StateChange::Upcall { port: port(*vif)?, kind, source: source.into(), group }
            }
            Event::Refused(why) => StateChange::Refused { why: why.clone() },
            Event::NoRoute(Flow { source, group }) => {
                StateChange::NoRoute { source: (*source).into(), group: *group }
            }
            _ => return None,
        })
    }
}
