//! The runs as Markdown, for the summary page of a CI job: `castnet run --summary "$GITHUB_STEP_SUMMARY"`.
//!
//! A table of all scenarios, and below it, folded, each one that did not pass.

use std::fmt::Write as _;

use castnet::time::Seconds;

use super::text::{self, Style};
use super::{Campaign, Finished, passed};
use crate::judge::Outcome;
use crate::printable;

/// The document, with a newline at its end.
#[must_use]
pub fn document(campaign: &Campaign) -> String {
    printable::lines(&raw(campaign)).into_owned()
}

fn raw(campaign: &Campaign) -> String {
    let plain = Style { color: false };
    let mut text = format!("## castnet: {}\n", text::summary(campaign, plain).trim_end());
    let rows = campaign.by_scenario();
    if !rows.is_empty() {
        text.push_str(
            "\n| | scenario | backend | time | checks | proved |\n|---|---|---|---|---|---|\n",
        );
    }
    for (&(name, _, backend), runs) in &rows {
        let Some(worst) = runs.iter().max_by_key(|run| run.verdict.outcome) else { continue };
        let took = runs.iter().map(|run| run.took).max().unwrap_or_default();
        let of = match campaign.repeat {
            0 | 1 => String::new(),
            _ => format!(", {} of {} runs", passed(runs), runs.len()),
        };
        let checks = format!("{}/{}{of}", worst.passed_checks(), worst.verdict.findings.len());
        let (mark, took) = (mark(worst.verdict.outcome), Seconds(took, 1));
        let (name, clauses) = (escaped(name), worst.proved().join(" "));
        _ = writeln!(text, "| {mark} | {name} | {backend} | {took} | {checks} | {clauses} |");
    }
    let passed = rows.values().flatten().filter(|run| run.verdict.outcome == Outcome::Pass);
    let noted = passed.filter(|run| !run.verdict.notes.is_empty());
    for run in noted.collect::<Vec<_>>() {
        let notes = run.verdict.notes.iter().map(|note| escaped(note));
        let notes = notes.collect::<Vec<_>>().join("; ");
        _ = writeln!(text, "\n{}: {notes}", escaped(&run.name));
    }
    for file in &campaign.wrong {
        text.push_str(&folded("WRONG", &file.name, &file.errors));
    }
    for run in rows.values().flatten().filter(|run| run.verdict.outcome != Outcome::Pass) {
        text.push_str(&details(run, plain));
    }
    text
}

fn details(run: &Finished, plain: Style) -> String {
    let told = text::run(run, plain, false);
    folded(&run.verdict.outcome.to_string(), &run.name, &told)
}

/// Lines that unfold below an outcome and a name.
fn folded(outcome: &str, name: &str, told: &str) -> String {
    // A fence must be longer than any run of its character inside.
    let fence = "`".repeat(longest_run(told, '`').max(2) + 1);
    let (name, told) = (escaped(name), told.trim_end());
    format!(
        "\n<details><summary>{outcome} {name}</summary>\n\n{fence}\n{told}\n{fence}\n\n</details>\n"
    )
}

const fn mark(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => ":white_check_mark: PASS",
        Outcome::Vacuous => ":warning: VACUOUS",
        Outcome::Fail => ":x: FAIL",
        Outcome::Unsupported => ":warning: UNSUPPORTED",
        Outcome::Broken => ":boom: BROKEN",
    }
}

/// A name in which Markdown and HTML find no markup.
fn escaped(name: &str) -> String {
    printable::line(name).chars().fold(String::new(), |mut text, c| {
        match c {
            '<' => text.push_str("&lt;"),
            '&' => text.push_str("&amp;"),
            '|' | '*' | '_' | '`' | '\\' | '[' | '~' => text.extend(['\\', c]),
            _ => text.push(c),
        }
        text
    })
}

fn longest_run(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(|run| run.chars().count()).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::tests::finished;
    use super::*;

    fn run(name: &str, outcome: Outcome, why: &str) -> Finished {
        let mut run = finished(name, outcome);
        run.path = format!("scenarios/{name}.toml");
        run.title = "Queries".to_owned();
        run.clauses = vec!["RFC2236-3-01".to_owned()];
        run.verdict.findings[0].claim = "lan: 2 query".to_owned();
        run.verdict.findings[0].why = vec![why.to_owned()];
        run
    }

    #[test]
    fn every_scenario_is_a_row_and_every_failure_is_told() {
        let finished =
            vec![run("a/good", Outcome::Pass, ""), run("a/bad_|one", Outcome::Fail, "``` found 1")];
        let campaign = Campaign { finished, repeat: 1, ..Campaign::default() };
        let text = document(&campaign);
        let rows = "\
| | scenario | backend | time | checks | proved |
|---|---|---|---|---|---|
| :x: FAIL | a/bad\\_\\|one | netns | 5.2 s | 0/1 |  |
| :white_check_mark: PASS | a/good | netns | 5.2 s | 1/1 | RFC2236-3-01 |
";
        assert!(
            text.starts_with("## castnet: 2 scenarios: 1 passed, 1 failed in 0.0 s\n"),
            "{text}"
        );
        assert!(text.contains(rows), "{text}");
        // The text of a failure cannot end its own fence.
        assert!(text.contains("\n````\nFAIL        a/bad_|one"), "{text}");
        assert!(text.contains("``` found 1\n"), "{text}");
        assert_eq!(text.matches("<details>").count(), 1, "{text}");
    }
}
