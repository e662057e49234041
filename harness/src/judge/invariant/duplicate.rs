//! No port sends or receives the same datagram twice.

use super::{Breach, Breaches, Trails};
use crate::judge::{Evidence, Seen};
use crate::plan::{Fault, PortId};
use crate::scenario::{FaultAction, PacketKind};

/// How often a port may send, and how often it may receive, one datagram.
const COPIES: usize = 1;

impl Evidence<'_> {
    pub(super) fn duplicates<'e>(&self, trails: &Trails<'e>) -> Vec<Breach<'e>> {
        let mut breaches = Breaches::<(PortId, bool)>::new();
        // A copy that a fault has made is forwarded like any other datagram.
        if self.plan.faults.iter().any(copies_datagrams) {
            return breaches.in_order();
        }
        for trail in trails.values() {
            for (n, again) in trail.iter().enumerate() {
                let here =
                    |seen: &&&Seen| (seen.port, seen.outgoing) == (again.port, again.outgoing);
                if trail[..n].iter().filter(here).count() == COPIES {
                    breaches.add((again.port, again.outgoing), again, || {
                        let what = if again.outgoing { "sent" } else { "received" };
                        (format!("{what} a datagram again"), Vec::new())
                    });
                }
            }
        }
        breaches.in_order()
    }
}

fn copies_datagrams(fault: &Fault) -> bool {
    matches!(fault.action, FaultAction::Duplicate(_))
        && fault.kind.is_none_or(|kind| kind == PacketKind::Data)
}
