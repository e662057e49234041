//! The forwarding state of all routers' kernels, side by side and apart from the daemons.
//!
//! A stream visits every router in turn, and needs a few hundred octets of each. Scattered among
//! the rest of the routers' state, these octets would not fit any cache, nor their pages the TLB.

use castnet::mfc::vif::Vif;
use smallvec::SmallVec;

use super::model::mroute::Mroute;
use crate::plan::{NodeId, Plan, PortId, Role};

/// The forwarding of one router, whose ports are its virtual interfaces in their order.
#[derive(Debug)]
pub(super) struct Forwarder {
    pub(super) node: NodeId,
    pub(super) mroute: Mroute,
    ports: SmallVec<[u32; 4]>,
}

impl Forwarder {
    /// The forwarding of all routers of the plan, in the order of their nodes.
    pub(super) fn all(plan: &Plan) -> Vec<Self> {
        let routers = plan.nodes.iter().enumerate();
        let routers = routers.filter(|(_, node)| matches!(node.role, Role::Router(_)));
        let forwarder = |(node, planned): (NodeId, &crate::plan::Node)| {
            let ports = planned.ports.iter().map(|&port| small(port)).collect();
            Self { node, mroute: Mroute::new(), ports }
        };
        routers.map(forwarder).collect()
    }

    /// The index of a router's forwarding in `all`.
    pub(super) fn place(all: &[Self], router: NodeId) -> usize {
        all.partition_point(|forwarder| forwarder.node < router)
    }

    /// The device behind a virtual interface.
    pub(super) fn port(&self, vif: Vif) -> Result<PortId, String> {
        let port = self.ports.get(vif.index());
        port.map(|&port| port as PortId).ok_or_else(|| format!("{vif} has no device"))
    }
}

/// A plan with so many parts would not fit into memory.
pub(super) fn small(id: usize) -> u32 {
    u32::try_from(id).unwrap_or(u32::MAX)
}
