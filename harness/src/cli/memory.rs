//! The memory that a large simulated network took.

use castnet_lab::backend::peak_memory;
use castnet_lab::plan::{Plan, Role};
use castnet_lab::scenario::Listener;

/// Below this many listeners the program itself is most of it.
const LARGE: u64 = 10_000;

/// The most memory that the program has used, if a plan has a network of many listeners.
pub(super) fn told<'a>(plans: impl Iterator<Item = &'a Plan>) -> Option<String> {
    let listeners = plans.map(listeners).max().filter(|&most| most >= LARGE)?;
    let octets = peak_memory()?;
    let mib = octets >> 20;
    let each = octets / listeners;
    Some(format!("{listeners} listeners: at most {mib} MiB of memory, {each} octets for each\n"))
}

fn listeners(plan: &Plan) -> u64 {
    let of_node = |role: &Role| match role {
        Role::Listener(Listener::Population { count, .. }) => u64::from(*count),
        Role::Listener(_) => 1,
        _ => 0,
    };
    plan.nodes.iter().map(|node| of_node(&node.role)).sum()
}
