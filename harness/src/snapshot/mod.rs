//! A run as text that can be reviewed like code: its canonical trace.
//!
//! A pure function of plan and recording. The trace of a simulated run has every instant; that of a
//! run on a real machine only what is equal in every run of its routers and hosts.

pub mod align;
mod causes;
pub mod diff;
mod exact;
pub mod golden;
mod label;
mod normal;
mod otherwise;
pub mod review;
mod scene;
pub mod sides;
mod thin;
mod words;

#[cfg(test)]
mod tests;

use crate::judge::{Outcome, Verdict};
use crate::plan::Plan;
use crate::recording::Recording;
use scene::Scene;

pub use otherwise::Otherwise;
pub use thin::thin;

/// How much of a run is in its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Everything, at the instant at which it happened.
    Exact,
    /// What every run has in common.
    Normal,
}

/// The trace of a run, with a newline at its end.
#[must_use]
pub fn trace(plan: &Plan, recording: &Recording, verdict: &Verdict, detail: Detail) -> String {
    let scene = Scene::new(plan, recording);
    let mut lines = heading(plan, verdict);
    lines.extend(match detail {
        Detail::Exact => exact::lines(&scene),
        Detail::Normal => normal::lines(&scene),
    });
    lines.push(String::new());
    lines.join("\n")
}

fn heading(plan: &Plan, verdict: &Verdict) -> Vec<String> {
    let mut lines = vec![plan.title.clone()];
    if !plan.proves.is_empty() {
        lines.push(format!("proves {}", plan.proves.join(", ")));
    }
    lines.push(verdict.outcome.to_string());
    let wrong = verdict.findings.iter().filter(|finding| finding.outcome != Outcome::Pass);
    lines.extend(wrong.map(|finding| {
        format!("{}: {}", finding.outcome.to_string().to_lowercase(), finding.claim)
    }));
    let broken = verdict.invariants.iter().filter(|rule| rule.outcome() != Outcome::Pass);
    lines.extend(broken.map(|rule| format!("fail: {}", rule.invariant.word())));
    lines.push(String::new());
    lines
}

/// The width of the column of causes. A longer cause moves only its own line, so that one line
/// changes no others.
const WHY: usize = 34;

/// A line of three columns; the second has the width of the scenario's longest name.
fn line(plan: &Plan, why: &str, place: &str, what: &str) -> String {
    let links = plan.links.iter().map(|link| &link.name);
    let names = links.chain(plan.nodes.iter().map(|node| &node.name));
    let width = names.map(|name| name.chars().count()).max().unwrap_or_default().max(ACT.len());
    format!("{why:<WHY$}  {place:<width$}  {what}")
}

/// The word in the second column for acts.
const ACT: &str = "act";
