//! How routers' interfaces were configured, and from when on.

use castnet::router::config::{Config, InterfaceConfig};
use castnet::time::Instant;

use super::Evidence;
use crate::plan::{Action, Plan, PortId, Role, Setting};
use crate::recording::Recording;

/// A configuration, and when it was given.
pub(super) type Given<'a> = (Instant, &'a InterfaceConfig);

/// The configurations of each port, in the order of time; none of a port that is no router's.
pub(super) fn configured<'a>(plan: &'a Plan, recording: &'a Recording) -> Vec<Vec<Given<'a>>> {
    let mut ports = vec![Vec::new(); plan.ports.len()];
    let mut give = |at: Instant, node: usize, config: &'a Config| {
        for (&port, interface) in plan.nodes[node].ports.iter().zip(&config.interfaces) {
            ports[port].push((at, interface));
        }
    };
    for (id, node) in plan.nodes.iter().enumerate() {
        if let Role::Router(config) = &node.role {
            give(Instant::ZERO, id, config);
        }
    }
    for (act, done) in plan.acts.iter().zip(&recording.acts) {
        if let (Action::Set(Setting::Router(config)), Some(done)) = (&act.action, done) {
            give(*done, act.node, config);
        }
    }
    ports
}

impl Evidence<'_> {
    /// How the router's interface at a port was configured at that time.
    pub(super) fn interface(&self, port: PortId, at: Instant) -> Option<&InterfaceConfig> {
        let given = self.configured[port].iter().take_while(|(given, _)| *given <= at);
        given.last().map(|(_, interface)| *interface)
    }
}
