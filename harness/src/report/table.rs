//! The table below several runs: a row for each scenario and backend.

use castnet::time::Seconds;

use super::text::Style;
use super::{Campaign, Finished, passed};
use crate::printable::line;

/// Name, backend, outcome, time and checks of each scenario; with repetitions the worst of its runs,
/// the longest of their times and how many of them passed. Empty for fewer than two runs.
#[must_use]
pub fn table(campaign: &Campaign, style: Style) -> String {
    if campaign.finished.len() < 2 {
        return String::new();
    }
    let mut rows = vec![["OUTCOME", "SCENARIO", "BACKEND", "TIME", "CHECKS", ""].map(String::from)];
    let mut outcomes = vec![None];
    for runs in campaign.by_scenario().values() {
        rows.extend(row(campaign, runs));
        outcomes.extend(runs.iter().map(|run| run.verdict.outcome).max().map(Some));
    }
    let mut widths = [0; 6];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::from("\n");
    for (row, outcome) in rows.iter().zip(outcomes) {
        let padded = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        let mut cells: Vec<String> = padded.collect();
        if let (Some(outcome), Some(cell)) = (outcome, cells.first_mut()) {
            *cell = style.paint(outcome, cell);
        }
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn row(campaign: &Campaign, runs: &[&Finished]) -> Option<[String; 6]> {
    let worst = runs.iter().max_by_key(|run| run.verdict.outcome)?;
    let took = runs.iter().map(|run| run.took).max()?;
    let count = match campaign.repeat {
        0 | 1 => String::new(),
        _ => format!("{} of {} passed", passed(runs), runs.len()),
    };
    Some([
        worst.verdict.outcome.to_string(),
        line(&worst.name).into_owned(),
        worst.backend.to_owned(),
        Seconds(took, 1).to_string(),
        format!("{}/{}", worst.passed_checks(), worst.verdict.findings.len()),
        count,
    ])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::judge::{Outcome, Verdict};
    use crate::scenario::Timers;

    fn run(name: &str, repetition: u32, outcome: Outcome, seconds: u64) -> Finished {
        Finished {
            name: name.to_owned(),
            combination: String::new(),
            swaps: Vec::new(),
            path: format!("{name}.toml"),
            title: String::new(),
            clauses: Vec::new(),
            backend: "netns",
            repetition,
            seed: 1,
            timers: Timers::File,
            end: Duration::from_secs(5),
            took: Duration::from_secs(seconds),
            frames: None,
            noise: 0,
            pcapng: None,
            page: None,
            programs: Vec::new(),
            kernel: String::new(),
            guest: None,
            broken_before: Vec::new(),
            verdict: Verdict {
                outcome,
                findings: Vec::new(),
                invariants: Vec::new(),
                reasons: Vec::new(),
                notes: Vec::new(),
            },
        }
    }

    #[test]
    fn a_flaky_scenario_is_counted_and_shown_at_its_worst() {
        let finished = vec![
            run("steady", 1, Outcome::Pass, 2),
            run("flaky", 1, Outcome::Pass, 1),
            run("flaky", 2, Outcome::Fail, 9),
            run("flaky", 3, Outcome::Pass, 3),
        ];
        let campaign = Campaign { finished, repeat: 3, ..Campaign::default() };
        assert_eq!(
            table(&campaign, Style { color: false }),
            "\n\
             OUTCOME  SCENARIO  BACKEND  TIME   CHECKS\n\
             FAIL     flaky     netns    9.0 s  0/0     2 of 3 passed\n\
             PASS     steady    netns    2.0 s  0/0     1 of 1 passed\n"
        );
    }

    #[test]
    fn a_single_run_needs_no_table() {
        let finished = vec![run("steady", 1, Outcome::Pass, 2)];
        let campaign = Campaign { finished, repeat: 1, ..Campaign::default() };
        assert_eq!(table(&campaign, Style { color: false }), "");
    }
}
