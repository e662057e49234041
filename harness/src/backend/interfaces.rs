//! Maps the ports of the plan to the kernel's interfaces.

use std::io;

use super::carriers::End;
use crate::lab::link::Medium;
use crate::lab::{Built, Netns};
use crate::plan::{Plan, PortId};

/// The kernel's index of a port.
pub(super) fn ifindex(plan: &Plan, built: &Built, port: PortId) -> u32 {
    let link = plan.ports[port].link;
    position(plan, port).and_then(|at| built.ifindex[link].get(at)).copied().unwrap_or(0)
}

/// A port among those of its link.
fn position(plan: &Plan, port: PortId) -> Option<usize> {
    plan.links[plan.ports[port].link].ports.iter().position(|&other| other == port)
}

/// The ends of a port's cable: the port, and what it is joined to.
pub(super) fn ends(
    plan: &Plan,
    netns: &[Netns],
    built: &Built,
    port: PortId,
) -> io::Result<Vec<End>> {
    let of = |port: PortId| {
        let netns = netns[plan.ports[port].node].try_clone()?;
        Ok::<End, io::Error>((netns, ifindex(plan, built, port)))
    };
    let mut ends = vec![of(port)?];
    let link = plan.ports[port].link;
    let far = position(plan, port).and_then(|at| built.far[link].get(at)).copied();
    match &built.media[link] {
        Medium::Veth => {
            let others = plan.links[link].ports.iter().filter(|&&other| other != port);
            for &other in others {
                ends.push(of(other)?);
            }
        }
        Medium::Hub(netns) | Medium::Stub { netns, .. } => {
            if let Some(far) = far {
                ends.push((netns.try_clone()?, far));
            }
        }
        // The wire's thread uses its ends without asking whether they have a carrier.
        Medium::Wire(_) => {}
    }
    Ok(ends)
}
