//! The picture of a failed claim: the ladder of its links around its moment.

use castnet::time::Instant;

use super::Ladder;
use crate::plan::{ActId, Claim, Plan};
use crate::recording::Recording;

/// The width of reports.
const WIDTH: usize = 160;

/// The ladder around the moment of a failed claim, where the moment is known.
#[must_use]
pub fn explain(
    plan: &Plan,
    recording: &Recording,
    claim: &Claim,
    at: Option<Instant>,
) -> Vec<String> {
    let done = |act: ActId| recording.acts.get(act).copied().flatten();
    let began = || claim.time(done).map(|(from, _)| from);
    let Some(at) = at.or_else(began) else { return Vec::new() };
    Ladder::of_run(plan, recording, &claim.links(plan)).around(at, WIDTH)
}
