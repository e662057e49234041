//! A run as text that can be kept, compared and reviewed like code: its canonical trace.
//!
//! A pure function of plan and recording. Of a simulated run every instant is in it; of a run on a real
//! machine only what would be the same in every run of the same routers and hosts.

pub mod align;
mod cause;
pub mod diff;
mod exact;
mod flow;
pub mod golden;
mod label;
mod normal;
pub mod review;
mod scene;
pub mod sides;
mod state;
mod thin;
mod words;

#[cfg(test)]
mod tests;

use crate::judge::{Outcome, Verdict};
use crate::plan::Plan;
use crate::recording::Recording;
use scene::Scene;

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

/// Rows as lines with their columns below each other; the last column is as long as it likes.
fn aligned<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..N - 1).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &[String; N]| {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        line.push_str(&row[N - 1]);
        line.trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}
