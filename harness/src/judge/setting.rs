//! The configurations of routers' interfaces, and from when on each is in force.

use castnet::addr::Source;
use castnet::time::Instant;

use super::{Evidence, Seen};
use crate::plan::{Action, Plan, PortId, Role, Router, RouterPort, Setting};
use crate::recording::Recording;

/// A configuration, and when it was given.
pub(super) type Given<'a> = (Instant, &'a RouterPort);

/// The configurations of each port, in the order of time; empty for a port that is no router's.
pub(super) fn configured<'a>(plan: &'a Plan, recording: &'a Recording) -> Vec<Vec<Given<'a>>> {
    let mut ports = vec![Vec::new(); plan.ports.len()];
    let mut give = |at: Instant, router: &'a Router| {
        for interface in &router.interfaces {
            ports[interface.port].push((at, interface));
        }
    };
    for node in &plan.nodes {
        if let Role::Router(router) = &node.role {
            give(Instant::ZERO, router);
        }
    }
    for (act, done) in plan.acts.iter().zip(&recording.acts) {
        if let (Action::Set(Setting::Router(router)), Some(done)) = (&act.action, done) {
            give(*done, router);
        }
    }
    ports
}

impl Evidence<'_> {
    /// How the router's interface at a port was configured at that time.
    pub(super) fn interface(&self, port: PortId, at: Instant) -> Option<&RouterPort> {
        let given = self.configured[port].iter().take_while(|(given, _)| *given <= at);
        given.last().map(|(_, interface)| *interface)
    }
}

impl Seen {
    /// Whether a static join or a static rule of the interface covers the packet.
    pub(super) fn is_joined_statically(&self, interface: &RouterPort) -> bool {
        let Some((source, group)) = Source::new(self.packet.source).zip(self.group()) else {
            return false;
        };
        interface.static_joins.iter().any(|join| join.covers(source, group))
            || interface.rules.iter().any(|rule| rule.covers(source, group))
    }
}
