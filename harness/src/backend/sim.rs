//! The simulator: virtual time, models of what Linux does, and the routers and hosts of every
//! backend.
//!
//! A run lasts only as long as computing its events takes, needs no rights, and repeats octet by
//! octet.

use super::noise::without_noise;
use super::{Cancel, RunError};
use crate::plan::{Action, Plan};
use crate::recording::Recording;
use crate::sim::{self, Progress, Unplayable};

/// Runs the plan in virtual time.
///
/// # Errors
/// [`RunError::Unsupported`] if the plan needs a real machine; [`RunError::Interrupted`].
pub fn run(plan: &Plan, cancel: &Cancel) -> Result<Recording, RunError> {
    run_watched(plan, cancel, |_| ())
}

/// Runs the plan as [`run`] does, and reports its progress to `watch` now and then.
///
/// # Errors
/// Errors of [`run`].
pub fn run_watched(
    plan: &Plan,
    cancel: &Cancel,
    mut watch: impl FnMut(Progress),
) -> Result<Recording, RunError> {
    if let Some(act) = plan.acts.iter().find(|act| matches!(act.action, Action::Exec(_))) {
        let node = plan.nodes[act.node].name.clone();
        let why = format!("`{}`: the simulator runs no programs", act.label);
        return Err(RunError::Unsupported(node, why));
    }
    let go_on = |progress| {
        watch(progress);
        !cancel.is_cancelled()
    };
    let played = sim::run(plan, go_on).map_err(|Unplayable { node, why }| {
        RunError::Unsupported(plan.nodes[node].name.clone(), why)
    });
    let recording = played?.ok_or(RunError::Interrupted)?;
    Ok(without_noise(plan, recording))
}
