//! What routers downstream have asked a port for by PIM: a reason to forward there, beside members.
//!
//! A Join counts for its Holdtime, and after a Prune for as long as a router may wait for a Join that
//! overrides it (RFC 7761 section 4.5.1), each with the tolerance and the grace. What the router takes
//! for wrong in a message is not known here, so that a Join is a reason whether or not it may be one.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use castnet::addr::Group;
use castnet::time::Instant;
use castnet::wire::pim::Message;

use crate::judge::{Evidence, Seen};
use crate::plan::{PortId, Role};

/// Until when each port has a reason, by group and source; the source is `None` for (*,G).
#[derive(Default)]
pub(super) struct Joins(BTreeMap<(PortId, IpAddr, Option<IpAddr>), Instant>);

impl Joins {
    /// Takes what came in at a port.
    pub(super) fn hear(&mut self, evidence: &Evidence<'_>, seen: &Seen) {
        let Some(Message::JoinPrune(message)) = seen.packet.pim() else { return };
        if !evidence.plan.ports[seen.port].has(message.upstream) {
            return;
        }
        let late = evidence.tolerance + evidence.grace;
        let held = seen.at + Duration::from_secs(message.holdtime.into()) + late;
        let pruned = seen.at + evidence.longest_override() + late;
        for list in &message.groups {
            let key = |source: Option<IpAddr>| (seen.port, list.group.group, source);
            for join in &list.joins {
                let source = (!join.is_wildcard).then_some(join.source);
                let until = self.0.entry(key(source)).or_insert(held);
                *until = held.max(*until);
            }
            for prune in list.prunes.iter().filter(|prune| prune.is_rpt == prune.is_wildcard) {
                let source = (!prune.is_wildcard).then_some(prune.source);
                if let Some(until) = self.0.get_mut(&key(source)) {
                    *until = pruned.min(*until);
                }
            }
        }
    }

    /// Whether the port may send a datagram of the source to the group at that time.
    pub(super) fn want(&self, port: PortId, group: Group, source: IpAddr, at: Instant) -> bool {
        [None, Some(source)].into_iter().any(|source| {
            self.0.get(&(port, group.addr(), source)).is_some_and(|&until| at <= until)
        })
    }
}

impl Evidence<'_> {
    /// The longest time that any router waits for a Join after a Prune.
    fn longest_override(&self) -> Duration {
        let knobs = self.plan.nodes.iter().filter_map(|node| match &node.role {
            Role::Router(router) => router.pim.as_ref(),
            _ => None,
        });
        knobs.map(|knobs| knobs.join_prune_override_interval()).max().unwrap_or_default()
    }
}
