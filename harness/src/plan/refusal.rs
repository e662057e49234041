//! What a host has to refuse: joins of a source-specific host (RFC 4604), and what its level of RFC 1112 excludes.

use super::topology::Topology;
use super::{NodeId, Role, SourceFilter};
use crate::knobs::Level;
use crate::scenario::diagnostic::{Diagnostics, Spanned};
use crate::scenario::{self, Listener};

/// Whether this is a listener of the kernel, which can send as well as join.
pub(super) fn is_host(who: &Spanned<String>, topology: &Topology) -> bool {
    let named = topology.nodes.iter().find(|node| node.name == who.value);
    named.is_some_and(|node| level(&node.role).is_some())
}

/// The level of a host whose kernel has one.
const fn level(role: &Role) -> Option<Level> {
    match role {
        Role::Listener(Listener::Kernel { level, .. }) => Some(*level),
        _ => None,
    }
}

/// Checks that a host refuses a join if its level excludes it (RFC1112-3-02), and otherwise only one that
/// names no sources to include, of a group of source-specific multicast.
pub(super) fn of_join(
    join: &scenario::Membership,
    node: NodeId,
    topology: &Topology,
    filter: &SourceFilter,
    faults: &mut Diagnostics,
) {
    let (who, role) = (&join.who, &topology.nodes[node].role);
    if let Some(level) = level(role).filter(|level| !level.joins()) {
        if join.refused.is_none() {
            let message = format!("{} is of {level}, and joins no groups", who.value);
            let help = "add `refused = true`: the join has to be refused";
            faults.error_with_help(&who.span, message, "only a host of level 2 joins", help);
        }
        return;
    }
    let Some(place) = &join.refused else { return };
    let range = match role {
        Role::Listener(Listener::Castnet(knobs)) if knobs.source_specific => {
            Some(knobs.source_specific_range)
        }
        _ => None,
    };
    let label = if range.is_none() {
        "only a host of `level` 0 or 1, or castnet's stack with `source-specific = true`, refuses joins"
    } else if range.is_some_and(|range| !join.group.value.is_source_specific(range)) {
        "the group is not for source-specific multicast"
    } else if matches!(filter, SourceFilter::Include(_)) {
        "a join `from` sources is accepted"
    } else {
        return;
    };
    faults.error(place, format!("{} does not refuse this join", who.value), label);
}

/// Checks that a host of level 0, and nobody else, refuses to send (RFC1112-3-01).
pub(super) fn of_send(
    send: &scenario::Send,
    node: NodeId,
    topology: &Topology,
    faults: &mut Diagnostics,
) {
    let who = &send.who;
    let mute = level(&topology.nodes[node].role).filter(|level| !level.sends());
    match (mute, &send.refused) {
        (Some(level), None) => {
            let message = format!("{} is of {level}, and sends to no groups", who.value);
            let help = "add `refused = true`: each datagram has to be refused";
            faults.error_with_help(&who.span, message, "a host of level 1 or 2 sends", help);
        }
        (None, Some(place)) => {
            let message = format!("{} does not refuse to send", who.value);
            faults.error(place, message, "only a host of `level = 0` does");
        }
        _ => {}
    }
}
