//! Joins links into segments: links that meet at a switch, over any number of switches.
//!
//! The hosts of a segment are on one network, and hear one another's queriers. There is no spanning
//! tree, and two paths between two switches would carry a frame around for ever, so they are
//! refused; so is a node with two interfaces on one network.

use std::collections::{BTreeMap, BTreeSet};

use super::LinkId;
use crate::scenario::diagnostic::Diagnostics;
use crate::scenario::{Role, Scenario};

/// For each link the first link of its segment, which is the link itself if no switch is on it.
pub(super) fn segments(scenario: &Scenario, faults: &mut Diagnostics) -> Vec<LinkId> {
    let switches = switches(scenario);
    let mut segments: Vec<LinkId> = (0..scenario.links.len()).collect();
    // The first link that each switch was met on.
    let mut met: BTreeMap<&str, LinkId> = BTreeMap::new();
    for (id, link) in scenario.links.iter().enumerate() {
        let mut here = BTreeSet::new();
        for name in link.nodes.iter().filter(|name| switches.contains(name.value.as_str())) {
            // A switch that is on the link twice is reported where it gets its ports.
            if !here.insert(&name.value) {
                continue;
            }
            let Some(&first) = met.get(name.value.as_str()) else {
                met.insert(&name.value, id);
                continue;
            };
            let (one, other) = (segments[id], segments[first]);
            if one == other {
                let message = format!("{} closes a loop at {}", link.name.value, name.value);
                let label = "is reached another way already";
                let help = "switches have no spanning tree here: leave one way between any two";
                faults.error_with_help(&name.span, message, label, help);
                continue;
            }
            let (first, later) = (one.min(other), one.max(other));
            segments.iter_mut().filter(|of| **of == later).for_each(|of| *of = first);
        }
    }
    check_once(scenario, &segments, &switches, faults);
    segments
}

/// The names of the switches.
pub(super) fn switches(scenario: &Scenario) -> BTreeSet<&str> {
    let nodes = scenario.nodes.iter();
    let switches = nodes.filter(|node| matches!(node.role, Role::Switch(_)));
    switches.map(|node| node.name.value.as_str()).collect()
}

/// A node other than a switch has one interface on a segment of several links.
fn check_once(
    scenario: &Scenario,
    segments: &[LinkId],
    switches: &BTreeSet<&str>,
    faults: &mut Diagnostics,
) {
    let mut met: BTreeMap<(&str, LinkId), LinkId> = BTreeMap::new();
    for (id, link) in scenario.links.iter().enumerate() {
        for name in link.nodes.iter().filter(|name| !switches.contains(name.value.as_str())) {
            let first = *met.entry((&name.value, segments[id])).or_insert(id);
            if first != id {
                let other = &scenario.links[first].name.value;
                let message = format!(
                    "{} is on both {other} and {}, which a switch makes one network",
                    name.value, link.name.value
                );
                faults.error(&name.span, message, "the second interface there");
            }
        }
    }
}
