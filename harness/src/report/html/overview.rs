//! The facts on the page over all runs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::{Campaign, Finished, WrongFile, passed, word};
use crate::judge::{LIKELY, Outcome};
use crate::scenario::clauses::{self, Clause};

#[derive(Serialize)]
pub(super) struct Facts<'a> {
    castnet: &'static str,
    outcome: String,
    interrupted: bool,
    took_s: f64,
    counts: Vec<Count>,
    rows: Vec<Row<'a>>,
    wrong: Vec<Wrong<'a>>,
    rfcs: Vec<Rfc<'a>>,
}

/// The number of scenarios with this outcome.
#[derive(Serialize)]
struct Count {
    outcome: String,
    count: usize,
}

/// A scenario on a backend.
#[derive(Serialize)]
struct Row<'a> {
    outcome: String,
    name: &'a str,
    title: &'a str,
    backend: &'a str,
    clauses: &'a [String],
    /// The page of its worst run.
    page: Option<String>,
    /// The capture beside that page.
    capture: Option<String>,
    held: usize,
    claims: usize,
    passed: usize,
    runs: usize,
    took_s: f64,
    why: Vec<&'a str>,
}

/// A file that could not be run.
#[derive(Serialize)]
struct Wrong<'a> {
    name: &'a str,
    path: &'a str,
    errors: &'a str,
}

#[derive(Serialize)]
struct Rfc<'a> {
    rfc: &'a str,
    proved: usize,
    failed: usize,
    total: usize,
    clauses: Vec<Proof<'a>>,
}

/// A clause, and the scenarios that prove it.
#[derive(Serialize)]
struct Proof<'a> {
    id: &'a str,
    level: &'a str,
    text: &'a str,
    /// `proved`, `failing` or `open`.
    state: &'static str,
    scenarios: Vec<&'a str>,
}

impl<'a> Facts<'a> {
    pub(super) fn of(campaign: &'a Campaign, link: impl Fn(&Finished) -> Option<String>) -> Self {
        let rows: Vec<(&Finished, Row<'_>)> =
            campaign.by_scenario().values().filter_map(|runs| row(runs, &link)).collect();
        let mut counts = BTreeMap::<Outcome, usize>::new();
        for (worst, _) in &rows {
            *counts.entry(worst.verdict.outcome).or_default() += 1;
        }
        let rfcs = rfcs(&rows);
        Self {
            castnet: env!("CARGO_PKG_VERSION"),
            outcome: campaign.worst().map_or_else(|| "none".to_owned(), word),
            interrupted: campaign.interrupted,
            took_s: campaign.took.as_secs_f64(),
            counts: counts
                .into_iter()
                .map(|(outcome, count)| Count { outcome: word(outcome), count })
                .collect(),
            rows: rows.into_iter().map(|(_, row)| row).collect(),
            wrong: campaign
                .wrong
                .iter()
                .map(|WrongFile { name, path, errors, .. }| Wrong { name, path, errors })
                .collect(),
            rfcs,
        }
    }
}

/// The worst of the runs, and one row for all of them.
fn row<'a>(
    runs: &[&'a Finished],
    link: &impl Fn(&Finished) -> Option<String>,
) -> Option<(&'a Finished, Row<'a>)> {
    // Among equals the first, where `max_by_key` alone would take the last.
    let worst = runs.iter().rev().max_by_key(|run| run.verdict.outcome)?;
    let findings = worst.verdict.findings.iter();
    let bad = findings.filter(|finding| finding.outcome != Outcome::Pass);
    let why = worst.verdict.reasons.iter().map(String::as_str);
    let bad = bad.flat_map(|finding| {
        let cause = finding.why.first().filter(|line| line.starts_with(LIKELY));
        [Some(&finding.claim), cause].into_iter().flatten().map(String::as_str)
    });
    let page = link(worst);
    let row = Row {
        outcome: word(worst.verdict.outcome),
        name: &worst.name,
        title: &worst.title,
        backend: worst.backend,
        clauses: &worst.clauses,
        capture: page.as_deref().and_then(|page| beside(page, worst)),
        page,
        held: worst.passed_checks(),
        claims: worst.verdict.findings.len(),
        passed: passed(runs),
        runs: runs.len(),
        took_s: worst.took.as_secs_f64(),
        why: why.chain(bad).collect(),
    };
    Some((worst, row))
}

/// Where the capture is that lies beside the run's page.
fn beside(page: &str, run: &Finished) -> Option<String> {
    let folder = page.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    run.pcapng_name().map(|name| format!("{folder}{name}"))
}

/// Every RFC of the catalogue with at least one clause that a run proves or claims to.
fn rfcs<'a>(rows: &[(&'a Finished, Row<'a>)]) -> Vec<Rfc<'a>> {
    let mut by_rfc = BTreeMap::<&str, Vec<Proof<'_>>>::new();
    for Clause { id, level, text, .. } in clauses::all() {
        let claim = |run: &&(&Finished, Row<'_>)| run.0.clauses.contains(id);
        let claiming: Vec<&Finished> = rows.iter().filter(claim).map(|(run, _)| *run).collect();
        let fails = claiming.iter().any(|run| run.verdict.outcome != Outcome::Pass);
        let state = match (claiming.is_empty(), fails) {
            (true, _) => "open",
            (false, true) => "failing",
            (false, false) => "proved",
        };
        let scenarios = claiming.into_iter().map(|run| run.name.as_str()).collect();
        let rfc = id.split_once('-').map_or(id.as_str(), |(rfc, _)| rfc);
        by_rfc.entry(rfc).or_default().push(Proof { id, level, text, state, scenarios });
    }
    let claimed = |proofs: &Vec<Proof<'_>>| proofs.iter().any(|proof| proof.state != "open");
    by_rfc.retain(|_, proofs| claimed(proofs));
    let rfc = |(rfc, clauses): (&'a str, Vec<Proof<'a>>)| {
        let count = |state| clauses.iter().filter(|proof| proof.state == state).count();
        let (proved, failed) = (count("proved"), count("failing"));
        Rfc { rfc, proved, failed, total: clauses.len(), clauses }
    };
    by_rfc.into_iter().map(rfc).collect()
}
