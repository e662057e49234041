//! Random scenarios, and the faults that they find in a router.
//!
//! A seed draws a world: routers in a row, rivals for the querier's part, members that come and go,
//! and faults meanwhile. The arithmetic of RFC 2236 gives the expectations, and both become a
//! scenario; so a finding is a file that `castnet run` repeats, made as small as possible.

mod dice;
mod episode;
mod names;
mod oracle;
mod params;
mod play;
mod script;
mod shrink;
mod sources;
mod stage;
mod table;
mod world;
mod writing;

#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::backend::{Cancel, RunError, sim};
use crate::judge::{Outcome, Verdict, judge};
use crate::plan::compile;
use crate::scenario::Invariant;
use script::{About, Script};
use world::World;

/// A failure that a world has found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The seed of the world.
    pub seed: u64,
    /// The failure, in a line.
    pub what: String,
    /// A scenario with this failure that shrinking makes no smaller.
    pub scenario: String,
    /// The number of worlds tried to find it.
    pub worlds: u32,
}

/// Runs the world of a seed; `None` if every expectation passed.
///
/// # Errors
/// [`RunError::Interrupted`].
pub fn search(seed: u64, cancel: &Cancel) -> Result<Option<Found>, RunError> {
    let world = World::draw(seed);
    let Some(fault) = fault(&world.script(), cancel)? else { return Ok(None) };
    let (world, worlds) = shrink::shrink(world, |smaller| {
        let same = self::fault(&smaller.script(), cancel)?;
        Ok(same.is_some_and(|found| found.kind == fault.kind))
    })?;
    let mut script = world.script();
    let fault = self::fault(&script, cancel)?.unwrap_or(fault);
    if let Some(claim) = fault.claim {
        script.claims = vec![script.claims.swap_remove(claim)];
    }
    let comments = [
        format!("Found by `castnet swarm --seed {seed} --seeds 1`, and made as small as it gets:"),
        fault.what.clone(),
    ];
    let scenario = script.text(&format!("Seed {seed} of the swarm"), &comments);
    Ok(Some(Found { seed, what: fault.what, scenario, worlds }))
}

/// The scenario of a seed, as it is drawn.
#[must_use]
pub fn scenario(seed: u64) -> String {
    World::draw(seed).script().text(&format!("Seed {seed} of the swarm"), &[])
}

/// A failure of a run.
#[derive(Clone, Debug)]
struct Fault {
    kind: FaultKind,
    what: String,
    /// The failed claim; `None` if the failure is of another kind.
    claim: Option<usize>,
}

/// Two failures of one kind count as equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FaultKind {
    Claim(About),
    Rule(Invariant),
    /// The run could not be judged, or did not happen.
    Broken,
}

fn fault(script: &Script, cancel: &Cancel) -> Result<Option<Fault>, RunError> {
    let broken = |what: String| Some(Fault { kind: FaultKind::Broken, what, claim: None });
    let plan = match compile("swarm.toml", &script.text("A world of the swarm", &[])) {
        Ok(plan) => plan,
        Err(rejected) => return Ok(broken(format!("the scenario is wrong: {rejected}"))),
    };
    let run = || sim::run(&plan, cancel).map(|recording| judge(&plan, &recording));
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(verdict)) => Ok(first(&verdict, script)),
        Ok(Err(RunError::Interrupted)) => Err(RunError::Interrupted),
        Ok(Err(error)) => Ok(broken(error.to_string())),
        Err(_) => Ok(broken("it panicked".to_owned())),
    }
}

/// The first broken rule, or else the first failed claim. A vacuous claim is no failure: in a
/// random world the occasion for a claim may not come.
fn first(verdict: &Verdict, script: &Script) -> Option<Fault> {
    if verdict.outcome <= Outcome::Vacuous {
        return None;
    }
    let rule = verdict.invariants.iter().find(|rule| rule.outcome() == Outcome::Fail);
    let claim = || {
        let mut failed = verdict.findings.iter().zip(&script.claims).enumerate();
        failed.find(|(_, (finding, _))| finding.outcome == Outcome::Fail)
    };
    Some(match (rule, claim()) {
        (Some(rule), _) => {
            let why = rule.violations.first().map_or("", String::as_str);
            let what = format!("{}: {}", rule.invariant.word(), why.trim());
            Fault { kind: FaultKind::Rule(rule.invariant), what, claim: None }
        }
        (None, Some((index, (finding, claim)))) => {
            let why = finding.why.first().map_or("", String::as_str);
            let what = format!("{}: {}", finding.claim, why.trim());
            Fault { kind: FaultKind::Claim(claim.about), what, claim: Some(index) }
        }
        (None, None) => {
            let what = verdict.reasons.join("; ");
            Fault { kind: FaultKind::Broken, what, claim: None }
        }
    })
}
