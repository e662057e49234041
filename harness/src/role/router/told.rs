//! What a router tells, in the words and state changes that a recording keeps. The same function
//! makes them of a router's events wherever it runs.

use std::net::{IpAddr, Ipv4Addr};

use castnet::event::Event;
use castnet::gmp::News;
use castnet::gmp::querier::Role;
use castnet::mfc::upcall::Upcall;
use castnet::mfc::vif::Vif;
use castnet::router::config::Config;
use castnet::time::Instant;
use serde::{Deserialize, Serialize};

use crate::plan::PortId;
use crate::recording::StateChange;

/// The interfaces of a router by their [`Vif`], as recordings name them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Interfaces(pub(super) Vec<Interface>);

/// An interface of a router.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Interface {
    pub(super) name: String,
    pub(super) port: PortId,
    pub(super) address: Ipv4Addr,
}

/// One thing that a router told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    /// When.
    pub(super) at: Instant,
    /// In words.
    pub(super) text: String,
    /// What of it changes the router's state.
    pub(super) what: Option<StateChange>,
}

impl Interfaces {
    /// Those of a router; `ports` are its ports and their addresses in the order of its interfaces.
    pub(super) fn new(config: &Config, ports: impl Iterator<Item = (PortId, Ipv4Addr)>) -> Self {
        let names = config.interfaces.iter().map(|interface| interface.name.clone());
        let interface = |(name, (port, address))| Interface { name, port, address };
        Self(names.zip(ports).map(interface).collect())
    }

    /// The event as it is told.
    pub(super) fn tell(&self, at: Instant, event: &Event) -> Told {
        let name = |vif: Vif| self.0.get(vif.index()).map(|i| i.name.clone()).unwrap_or_default();
        Told { at, text: event.describe(name), what: self.change(event) }
    }

    fn change(&self, event: &Event) -> Option<StateChange> {
        let own = |vif: Vif| self.0.get(vif.index());
        let port = |vif: Vif| own(vif).map(|interface| interface.port);
        Some(match *event {
            Event::Gmp(vif, News::MembersPresent(group)) => {
                StateChange::Members { port: port(vif)?, group, present: true }
            }
            Event::Gmp(vif, News::NoMembers(group)) => {
                StateChange::Members { port: port(vif)?, group, present: false }
            }
            Event::Gmp(vif, News::Querier(role)) => {
                let querier = match role {
                    Role::Querier => own(vif)?.address,
                    Role::NonQuerier(other) => v4(other)?,
                };
                StateChange::Querier { port: port(vif)?, querier }
            }
            Event::Upcall(Upcall { kind, vif, flow }) => {
                let (source, group) = (v4(flow.source)?, flow.group);
                StateChange::Upcall { port: port(vif)?, kind, source, group }
            }
            Event::NoRoute(flow) => {
                StateChange::NoRoute { source: v4(flow.source)?, group: flow.group }
            }
            _ => return None,
        })
    }
}

const fn v4(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    }
}
