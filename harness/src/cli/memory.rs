//! What a large simulated network took of the machine's memory.

use castnet_lab::backend::peak_memory;
use castnet_lab::plan::{Plan, Role};
use castnet_lab::scenario::Listener;

/// With fewer listeners the program itself is most of it.
const LARGE: u64 = 10_000;

/// The most that the program has had, if there was a network of many listeners among the plans.
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
