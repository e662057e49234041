//! Scenarios as a list: those that would run, and those that are wrong.

use castnet_lab::plan::{LoadError, Plan};
use castnet_lab::runner::Where;
use castnet_lab::scenario::diagnostic::Diagnostic;
use serde::Serialize;

use super::{Failure, say_document};

/// The version of the shape of what `--json` prints.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    scenarios: Vec<Row<'a>>,
    wrong: Vec<Wrong<'a>>,
}

/// A sound scenario.
#[derive(Serialize)]
struct Row<'a> {
    scenario: &'a str,
    path: &'a str,
    combination: &'a str,
    title: &'a str,
    clauses: &'a [String],
    /// Where it would run.
    backends: Vec<&'static str>,
    checks: usize,
    /// The length of a run, in its own time.
    seconds: f64,
}

/// A file that is no sound scenario.
#[derive(Serialize)]
struct Wrong<'a> {
    scenario: String,
    path: &'a str,
    /// Why it cannot be read, if that is all.
    error: Option<String>,
    faults: Vec<Fault<'a>>,
}

#[derive(Serialize)]
struct Fault<'a> {
    /// The scenario or its template.
    path: &'a str,
    line: usize,
    column: usize,
    message: &'a str,
    label: &'a str,
    help: Option<&'a str>,
    note: Option<&'a str>,
}

/// Prints one JSON document.
pub(super) fn json(plans: &[Plan], backends: &Where, wrong: &[LoadError]) -> Result<(), Failure> {
    let rows = plans.iter().map(|plan| Row {
        scenario: &plan.name,
        path: &plan.path,
        combination: &plan.combination,
        title: &plan.title,
        clauses: &plan.proves,
        backends: backends.of(plan).into_iter().map(|backend| backend.word()).collect(),
        checks: plan.checks.len(),
        seconds: plan.end.as_secs_f64(),
    });
    let (scenarios, wrong) = (rows.collect(), wrong.iter().map(Wrong::from).collect());
    let document = Document { schema: SCHEMA, scenarios, wrong };
    say_document(&document)
}

/// A line for each scenario: its name, where it would run, and its title.
pub(super) fn text(plans: &[Plan], backends: &Where) -> String {
    let words = |plan: &Plan| -> String {
        let words: Vec<_> = backends.of(plan).into_iter().map(|backend| backend.word()).collect();
        format!("[{}]", words.join(","))
    };
    let width = plans.iter().map(|plan| plan.name.chars().count()).max().unwrap_or_default();
    let line = |plan: &Plan| format!("{:<width$}  {}  {}\n", plan.name, words(plan), plan.title);
    plans.iter().map(line).collect()
}

impl<'a> From<&'a LoadError> for Wrong<'a> {
    fn from(error: &'a LoadError) -> Self {
        let (scenario, path) = (error.name(), error.path());
        let LoadError::Rejected(rejected) = error else {
            return Self { scenario, path, error: Some(error.to_string()), faults: Vec::new() };
        };
        let fault = |fault: &'a Diagnostic| {
            let (path, line, column) = rejected.place(fault);
            let Diagnostic { message, label, help, note, .. } = fault;
            let (help, note) = (help.as_deref(), note.as_deref());
            Fault { path, line, column, message, label, help, note }
        };
        Self { scenario, path, error: None, faults: rejected.faults.iter().map(fault).collect() }
    }
}
