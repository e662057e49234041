//! Maps the ports of the plan to the kernel's interfaces.

use crate::lab::Built;
use crate::plan::{Plan, PortId};

/// The kernel's index of a port.
pub(super) fn ifindex(plan: &Plan, built: &Built, port: PortId) -> u32 {
    let link = plan.ports[port].link;
    let position = plan.links[link].ports.iter().position(|&other| other == port);
    position.and_then(|position| built.ifindex[link].get(position)).copied().unwrap_or(0)
}
