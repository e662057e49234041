//! Why a flow that is wanted does not come by its tree of PIM.

use super::facts::{Facts, Link, Tree};
use super::{Cause, Finding, seen_in};

/// What keeps the router from joining the tree, if it wants the flow and nothing of it comes in.
pub(super) fn hindered(facts: &Facts) -> Option<Finding> {
    let is_wanted = |link: &Link| link.is_joined || link.wants && link.dr.is_none();
    let tree = facts.tree.as_ref().filter(|_| seen_in(facts).is_none())?;
    facts.links.values().find(|link| is_wanted(link))?;
    let group = facts.group;
    match tree {
        Tree::Here => None,
        Tree::NoRp => {
            let text = format!("PIM knows no RP of {group}, so that nobody can join it");
            let cure = "[[rp]] with an address and groups in the configuration of each router";
            Some(Finding::new(Cause::NoRp, None, text).cured_by(cure))
        }
        Tree::NoRoute(root) => {
            let text = format!("no route leads to {root}, the root of the tree of {group}");
            let cure = format!("ip route add {root} via NEIGHBOUR");
            Some(Finding::new(Cause::NoRoute, None, text).cured_by(cure))
        }
        Tree::Towards { is_known: true, .. } => None,
        Tree::Towards { root, interface, neighbour, is_spoken, .. } => {
            let (why, cure) = match is_spoken {
                true => (
                    format!("{neighbour} says no Hello there"),
                    format!("have {neighbour} speak PIM there; castnetctl show neighbours"),
                ),
                false => (
                    "PIM is not spoken there".to_owned(),
                    format!("pim = {{}} for {interface} in the configuration"),
                ),
            };
            let text =
                format!("{root}, the root of the tree, is reached by {interface}, and {why}");
            Some(Finding::new(Cause::NoNeighbour, Some(interface), text).cured_by(cure))
        }
    }
}
