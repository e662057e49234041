//! Which clauses of the RFCs the scenarios prove, which ones only the code or a test cites, and which
//! ones nothing speaks of.
//!
//! The scenarios run in the simulator. A clause counts as proved by an expectation of a run that passed,
//! and as failing if any scenario that claims it has not passed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::backend::{Cancel, RunError, sim};
use crate::judge::{Outcome, judge};
use crate::plan::Plan;
use crate::scenario::Backend;
use crate::scenario::clauses::{self, Clause, not_observed};

/// What is known of a clause, from the best to the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// An expectation shows it.
    Proved,
    /// A scenario claims it and has not passed.
    Failing,
    /// Only scenarios claim it that do not run in the simulator.
    Unrun,
    /// No scenario claims it, but the code or a test cites it.
    Cited,
    /// Nothing speaks of it.
    Open,
}

impl State {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [Self::Proved, Self::Failing, Self::Unrun, Self::Cited, Self::Open];

    /// In one word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::Failing => "failing",
            Self::Unrun => "unrun",
            Self::Cited => "cited",
            Self::Open => "open",
        }
    }
}

/// An expectation that claims a clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The scenario's name.
    pub scenario: String,
    /// Its file.
    pub path: String,
    /// The line of the expectation.
    pub line: usize,
    /// The outcome of its run; `None` if the scenario does not run in the simulator.
    pub outcome: Option<Outcome>,
}

/// A clause with all that speaks of it.
#[derive(Clone, Debug)]
pub struct Row {
    /// The clause.
    pub clause: &'static Clause,
    /// The expectations that claim it, in the order of the scenarios.
    pub by: Vec<Shown>,
    /// Where code and tests cite it: `src/igmp/mod.rs:12`.
    pub cited: Vec<String>,
}

impl Row {
    /// What is known of it.
    #[must_use]
    pub fn state(&self) -> State {
        let outcomes = || self.by.iter().filter_map(|shown| shown.outcome);
        if outcomes().any(|outcome| outcome != Outcome::Pass) {
            State::Failing
        } else if outcomes().next().is_some() {
            State::Proved
        } else if !self.by.is_empty() {
            State::Unrun
        } else if self.cited.is_empty() {
            State::Open
        } else {
            State::Cited
        }
    }

    /// Why no scenario proves it, if that has a reason.
    #[must_use]
    pub fn because(&self) -> Option<&'static str> {
        not_observed(&self.clause.id).filter(|_| self.state() >= State::Cited)
    }
}

/// Every clause of the catalogue, after a run of each scenario that claims any; `code` are the folders
/// whose Rust files are searched for citations.
///
/// # Errors
/// A folder cannot be read, or the runs were interrupted.
pub fn rows(plans: &[Plan], code: &[PathBuf], cancel: &Cancel) -> io::Result<Vec<Row>> {
    let mut shown = BTreeMap::<&str, Vec<Shown>>::new();
    for plan in plans.iter().filter(|plan| !plan.proves.is_empty()) {
        let outcome = match plan.runs_on(Backend::Sim).then(|| sim::run(plan, cancel)) {
            None => None,
            Some(Ok(recording)) => Some(judge(plan, &recording).outcome),
            Some(Err(RunError::Interrupted)) => return Err(io::ErrorKind::Interrupted.into()),
            Some(Err(_)) => Some(Outcome::Broken),
        };
        for check in &plan.checks {
            for id in &check.proves {
                let (scenario, path) = (plan.name.clone(), plan.path.clone());
                let one = Shown { scenario, path, line: check.line, outcome };
                shown.entry(id).or_default().push(one);
            }
        }
    }
    let mut cited = BTreeMap::new();
    for folder in code {
        search(folder, &mut cited)?;
    }
    let row = |clause: &'static Clause| {
        let by = shown.remove(clause.id.as_str()).unwrap_or_default();
        Row { clause, by, cited: cited.remove(clause.id.as_str()).unwrap_or_default() }
    };
    Ok(clauses::all().map(row).collect())
}

/// Adds the citations in the Rust files below a folder.
fn search(folder: &Path, cited: &mut BTreeMap<&'static str, Vec<String>>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            search(&path, cited)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path)?;
            for (line, text) in text.lines().enumerate() {
                for id in ids(text) {
                    cited.entry(id).or_default().push(format!("{}:{}", path.display(), line + 1));
                }
            }
        }
    }
    Ok(())
}

/// The clauses that a line names.
fn ids(line: &str) -> impl Iterator<Item = &'static str> {
    line.match_indices("RFC").filter_map(|(at, _)| {
        let rest = &line[at..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '.');
        let id = rest[..end.unwrap_or(rest.len())].trim_end_matches('.');
        clauses::clause(id).map(|clause| clause.id.as_str())
    })
}

/// How many clauses of each RFC are in each state, in the order of [`State::ALL`].
#[must_use]
pub fn counts(rows: &[Row]) -> BTreeMap<u32, [usize; State::ALL.len()]> {
    let mut counts = BTreeMap::<u32, [usize; State::ALL.len()]>::new();
    for row in rows {
        counts.entry(row.clause.rfc).or_default()[row.state() as usize] += 1;
    }
    counts
}
