//! Datagrams in Registers of PIM: a router that got one there may forward it.

use std::collections::BTreeMap;

use castnet::time::Instant;
use castnet::wire::pim::Message;

use super::{Evidence, Seen};
use crate::capture::decode::{Content, decode_ip};
use crate::plan::{NodeId, Plan, PortId};
use crate::recording::Number;

/// The datagrams in Registers that came in at the node that they were sent to.
pub(super) fn all(plan: &Plan, seen: &[Seen]) -> BTreeMap<Number, Vec<Seen>> {
    let is_to =
        |node: NodeId, to| plan.nodes[node].ports.iter().any(|&own| plan.ports[own].has(to));
    let mut registered = BTreeMap::<Number, Vec<Seen>>::new();
    for &Seen { at, port, outgoing, origin, ref packet } in seen.iter().filter(|s| !s.outgoing) {
        let Some(Message::Register(register)) = packet.pim() else { continue };
        if !is_to(plan.ports[port].node, packet.destination) {
            continue;
        }
        let Ok(packet) = decode_ip(&register.datagram) else { continue };
        if let Content::Data(number) = packet.content {
            let inner = Seen { at, port, outgoing, origin, packet };
            registered.entry(number).or_default().push(inner);
        }
    }
    registered
}

impl Evidence<'_> {
    /// Where the datagram had come into the router of this port in a Register by then.
    pub(super) fn registrations(
        &self,
        number: Number,
        out: PortId,
        until: Instant,
    ) -> impl Iterator<Item = &Seen> {
        let ports = &self.plan.nodes[self.plan.ports[out].node].ports;
        let all = self.registered.get(&number).into_iter().flatten();
        all.filter(move |seen| seen.at <= until && ports.contains(&seen.port))
    }
}
