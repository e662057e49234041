//! No port sends or receives a datagram twice.

use std::collections::BTreeSet;

use super::{Breach, Breaches, Trails};
use crate::capture::decode::{Content, decode};
use crate::judge::{Evidence, Seen};
use crate::plan::{Fault, PortId};
use crate::recording::Number;
use crate::scenario::{FaultAction, PacketKind};

/// How often a port may send, and how often it may receive, one datagram.
const COPIES: usize = 1;

impl Evidence<'_> {
    pub(super) fn duplicates<'e>(&self, trails: &Trails<'e>) -> Vec<Breach<'e>> {
        let mut breaches = Breaches::<(PortId, bool)>::new();
        // A copy that a fault has made is forwarded like any other datagram.
        let copied = self.copied();
        for (_, trail) in trails.iter().filter(|(number, _)| !copied.contains(number)) {
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

    /// The datagrams that were struck on a link where a fault makes copies.
    fn copied(&self) -> BTreeSet<Number> {
        let copies_on = |link| {
            self.plan.faults.iter().any(|fault| fault.link == link && copies_datagrams(fault))
        };
        let struck = self.recording.struck.iter();
        let struck = struck.filter(|struck| copies_on(self.plan.ports[struck.port].link));
        let numbers = struck.filter_map(|struck| match decode(&struck.bytes)?.content {
            Content::Data(number) => Some(number),
            _ => None,
        });
        numbers.collect()
    }
}

fn copies_datagrams(fault: &Fault) -> bool {
    matches!(fault.action, FaultAction::Duplicate(_))
        && fault.kind.is_none_or(|kind| kind == PacketKind::Data)
}
