//! The switches of a plan, built over its links.

use castnet::addr::Family;
use ipnet::IpNet;

use super::interfaces::ifindex;
use crate::lab::{Built, LabError, Netns, SwitchSpec, switch};
use crate::plan::{LINK_LOCAL_LENGTH, LinkId, NodeId, Plan, Role, Switch};

/// Builds the switches, and marks their segments for the capture's proof.
pub(super) async fn join(plan: &Plan, netns: &[Netns], built: &mut Built) -> Result<(), LabError> {
    for (id, node) in plan.nodes.iter().enumerate() {
        if let Role::Switch(switch) = &node.role {
            switch::build(&netns[id], &spec(plan, built, id, switch)).await?;
        }
    }
    built.segments = (0..plan.links.len()).filter_map(|link| segment(plan, link)).collect();
    Ok(())
}

fn spec(plan: &Plan, built: &Built, node: NodeId, switch: &Switch) -> SwitchSpec {
    let ports = &plan.nodes[node].ports;
    // A switch is on two links at least.
    let first = &plan.ports[ports[0]];
    let prefix = match plan.family {
        Family::V4 => plan.links[first.link].subnet.prefix_len(),
        // A switch queries from a link-local address.
        Family::V6 => LINK_LOCAL_LENGTH,
    };
    let ifindexes = |ports: &[usize]| ports.iter().map(|&p| ifindex(plan, built, p)).collect();
    SwitchSpec {
        knobs: switch.knobs.bridge(),
        mac: first.mac,
        address: switch.address.and_then(|address| IpNet::new(address, prefix).ok()),
        ports: ifindexes(ports),
        fast_leave: ifindexes(&switch.fast_leave),
    }
}

/// The ports of the segment that begins with the link, except those of switches; `None` if the
/// segment has no switch.
fn segment(plan: &Plan, first: LinkId) -> Option<Vec<(usize, usize)>> {
    let is_host = |port: usize| !matches!(plan.nodes[plan.ports[port].node].role, Role::Switch(_));
    let links = plan.links.iter().enumerate().filter(|(_, link)| link.segment == first);
    let ports = links.flat_map(|(id, link)| {
        let hosts = link.ports.iter().enumerate().filter(|&(_, &port)| is_host(port));
        hosts.map(move |(position, _)| (id, position))
    });
    let ports: Vec<_> = ports.collect();
    (plan.is_switched(first) && ports.len() > 1).then_some(ports)
}
