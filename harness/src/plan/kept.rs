//! Which links' frames are kept: all, or those that an expectation needs.

use std::collections::BTreeSet;

use super::{Claim, LinkId, NodeId, Plan, Quality};
use crate::scenario::Record;

impl Plan {
    /// For each link whether its frames are kept. Links of sources are always kept, since claims
    /// about streams need them, and links of one segment are kept together.
    #[must_use]
    pub fn kept_links(&self) -> Vec<bool> {
        if self.record == Record::Everything {
            return vec![true; self.links.len()];
        }
        let mut segments = BTreeSet::new();
        let sources = (0..self.nodes.len()).filter(|&node| self.is_sender(node));
        segments.extend(sources.flat_map(|node| self.segments_of(node)));
        for check in &self.checks {
            segments.extend(self.looked_at(&check.claim));
        }
        self.links.iter().map(|link| segments.contains(&link.segment)).collect()
    }

    fn looked_at(&self, claim: &Claim) -> Vec<LinkId> {
        let segment = |link: LinkId| self.links[link].segment;
        match claim {
            Claim::Packet { filter, .. } => vec![segment(filter.link)],
            Claim::Order(steps, _) => steps.iter().map(|step| segment(step.filter.link)).collect(),
            Claim::Received(receiver, ..)
            | Claim::ExactlyOnce(receiver, _)
            | Claim::NoneAfter(receiver, _)
            | Claim::Ttl(receiver, ..)
            | Claim::Quality(Quality { receiver, .. }) => self.segments_of(receiver.node),
            Claim::Latency(latency) => self.segments_of(latency.receiver.node),
            Claim::Querier(port, _) => vec![segment(self.ports[*port].link)],
            Claim::Mfc { .. } | Claim::Mdb { .. } | Claim::Members { .. } | Claim::Command(_) => {
                Vec::new()
            }
        }
    }

    fn segments_of(&self, node: NodeId) -> Vec<LinkId> {
        let ports = self.nodes[node].ports.iter();
        ports.map(|&port| self.links[self.ports[port].link].segment).collect()
    }
}
