//! Every fact about a call of `castnet run`, as one JSON document.
//!
//! Its shape is a promise: [`SCHEMA`] changes whenever a key goes or changes its meaning; new keys
//! may come at any time. Times are in seconds.

pub mod keys;

use std::path::Path;

use serde::Serialize;

use super::{Campaign, Finished, LeftOut, ProgramLog, Unfinished, WrongFile, passed, word};
use crate::judge::invariant::Standing;
use crate::judge::{Finding, Measure, Value, percent};
use crate::scenario::Timers;
use crate::vocabulary::file::TIMERS;

/// The version of the document's shape.
pub const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    castnet: &'static str,
    exit_code: u8,
    /// The worst outcome of all runs; `null` if none has finished.
    outcome: Option<String>,
    interrupted: bool,
    seconds: f64,
    repeat: u32,
    scenarios: Vec<Scenario<'a>>,
    runs: Vec<Run<'a>>,
    unfinished: Vec<Missing<'a>>,
    wrong: Vec<Wrong<'a>>,
    own_timers: Vec<OwnTimers<'a>>,
}

/// A scenario that cannot have the timers that the user wants.
#[derive(Serialize)]
struct OwnTimers<'a> {
    scenario: &'a str,
    path: &'a str,
    why: &'a str,
}

/// A file that is no sound scenario.
#[derive(Serialize)]
struct Wrong<'a> {
    scenario: &'a str,
    path: &'a str,
    errors: &'a str,
}

#[derive(Serialize)]
struct Scenario<'a> {
    scenario: &'a str,
    path: &'a str,
    backend: &'a str,
    outcome: Option<String>,
    runs: usize,
    passed: usize,
}

#[derive(Serialize)]
struct Run<'a> {
    scenario: &'a str,
    path: &'a str,
    title: &'a str,
    clauses: &'a [String],
    /// The clauses among them that this run has proved.
    proved: &'a [String],
    backend: &'a str,
    /// The kernel that it ran on; empty if it ran on none.
    kernel: &'a str,
    repetition: u32,
    seed: u64,
    /// Whose timers its nodes had.
    timers: &'static str,
    /// How long it was by its own clock.
    end: f64,
    outcome: String,
    reasons: &'a [String],
    notes: &'a [String],
    findings: Vec<Found<'a>>,
    invariants: Vec<Rule<'a>>,
    seconds: f64,
    frames: Option<usize>,
    noise: u64,
    pcapng: Option<String>,
    /// How often the run was tried; each earlier try was Broken.
    tries: usize,
    /// Why each earlier try was Broken.
    broken_before: &'a [String],
    programs: Vec<Program<'a>>,
}

/// A program that the scenario started.
#[derive(Serialize)]
struct Program<'a> {
    node: &'a str,
    act: &'a str,
    /// `null` if it still ran at the end.
    status: Option<&'a str>,
    log: Option<String>,
    /// The last lines of its output.
    tail: &'a [String],
}

/// A check with its outcome.
#[derive(Serialize)]
pub(super) struct Found<'a> {
    line: usize,
    claim: &'a str,
    /// The clauses that it proves, if the run passes.
    clauses: &'a [String],
    outcome: String,
    why: &'a [String],
    measured: Vec<Measured>,
    /// The time in the run that a failure is about.
    at: Option<f64>,
    /// That the outcome would be another one without the tolerance; `null` if it would not.
    by_tolerance: Option<&'a str>,
}

/// A time, a number, or a part of a number.
#[derive(Serialize)]
struct Measured {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<f64>,
}

/// A rule of every run.
#[derive(Serialize)]
struct Rule<'a> {
    name: &'a str,
    /// `off` if the rule does not count, or else its outcome.
    outcome: String,
    /// Why the rule is off.
    because: Option<&'a str>,
    why: &'a [String],
    /// That it holds only by the time by which a router may be late; `null` if it does not.
    by_tolerance: Option<&'a str>,
}

#[derive(Serialize)]
struct Missing<'a> {
    scenario: &'a str,
    path: &'a str,
    backend: &'a str,
    repetition: u32,
    started: bool,
}

/// The document, with a newline at its end; `exit_code` is the one that the program ends with.
///
/// # Errors
/// Errors of serialisation, which this document cannot cause.
pub fn document(campaign: &Campaign, exit_code: u8) -> serde_json::Result<String> {
    let rows = campaign.by_scenario();
    let scenarios = rows.iter().map(|(&(scenario, path, backend), runs)| Scenario {
        scenario,
        path,
        backend,
        outcome: runs.iter().map(|run| run.verdict.outcome).max().map(word),
        runs: runs.len(),
        passed: passed(runs),
    });
    let document = Document {
        schema: SCHEMA,
        castnet: env!("CARGO_PKG_VERSION"),
        exit_code,
        outcome: campaign.worst().map(word),
        interrupted: campaign.interrupted,
        seconds: campaign.took.as_secs_f64(),
        repeat: campaign.repeat,
        scenarios: scenarios.collect(),
        runs: rows.values().flatten().map(|run| Run::from(*run)).collect(),
        unfinished: campaign.unfinished.iter().map(Missing::from).collect(),
        wrong: campaign.wrong.iter().map(Wrong::from).collect(),
        own_timers: campaign.left.iter().map(OwnTimers::from).collect(),
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

impl<'a> From<&'a LeftOut> for OwnTimers<'a> {
    fn from(LeftOut { name, path, why }: &'a LeftOut) -> Self {
        Self { scenario: name, path, why }
    }
}

impl<'a> From<&'a Finished> for Run<'a> {
    fn from(run: &'a Finished) -> Self {
        Self {
            scenario: &run.name,
            path: &run.path,
            title: &run.title,
            clauses: &run.clauses,
            proved: run.proved(),
            backend: run.backend,
            kernel: &run.kernel,
            repetition: run.repetition,
            seed: run.seed,
            timers: if run.timers == Timers::Rfc { TIMERS[1] } else { TIMERS[0] },
            end: run.end.as_secs_f64(),
            outcome: word(run.verdict.outcome),
            reasons: &run.verdict.reasons,
            notes: &run.verdict.notes,
            findings: run.verdict.findings.iter().map(Found::from).collect(),
            invariants: run.verdict.invariants.iter().map(Rule::from).collect(),
            seconds: run.took.as_secs_f64(),
            frames: run.frames,
            noise: run.noise,
            pcapng: run.pcapng.as_deref().map(Path::display).map(|path| path.to_string()),
            tries: run.tries(),
            broken_before: &run.broken_before,
            programs: run.programs.iter().map(Program::from).collect(),
        }
    }
}

impl<'a> From<&'a ProgramLog> for Program<'a> {
    fn from(program: &'a ProgramLog) -> Self {
        let ProgramLog { node, act, status, log, tail } = program;
        let log = log.as_deref().map(Path::display).map(|path| path.to_string());
        Self { node, act, status: status.as_deref(), log, tail }
    }
}

impl<'a> From<&'a Finding> for Found<'a> {
    fn from(found: &'a Finding) -> Self {
        let Finding { line, claim, proves, outcome, why, measured, at, by_tolerance, .. } = found;
        Self {
            line: *line,
            claim,
            clauses: proves,
            outcome: word(*outcome),
            why,
            measured: measured.iter().map(Measured::from).collect(),
            at: at.map(|at| at.since_start().as_secs_f64()),
            by_tolerance: by_tolerance.as_deref(),
        }
    }
}

impl From<&Measure> for Measured {
    fn from(measure: &Measure) -> Self {
        let nothing =
            Self { name: measure.name, seconds: None, number: None, of: None, percent: None };
        match measure.value {
            Value::Time(time) => Self { seconds: Some(time.as_secs_f64()), ..nothing },
            Value::Number(number) => Self { number: Some(number), ..nothing },
            Value::Share { found, of } => Self {
                number: Some(found),
                of: Some(of),
                percent: Some(percent(found, of)),
                ..nothing
            },
        }
    }
}

impl<'a> From<&'a Standing> for Rule<'a> {
    fn from(standing: &'a Standing) -> Self {
        let because = standing.off.as_deref();
        let outcome = match because {
            Some(_) => "off".to_owned(),
            None => word(standing.outcome()),
        };
        let (name, why) = (standing.invariant.word(), &standing.violations);
        Self { name, outcome, because, why, by_tolerance: standing.by_tolerance.as_deref() }
    }
}

impl<'a> From<&'a WrongFile> for Wrong<'a> {
    fn from(file: &'a WrongFile) -> Self {
        let WrongFile { name, path, errors, .. } = file;
        Self { scenario: name, path, errors }
    }
}

impl<'a> From<&'a Unfinished> for Missing<'a> {
    fn from(run: &'a Unfinished) -> Self {
        let Unfinished { name, path, backend, repetition, started } = run;
        Self { scenario: name, path, backend, repetition: *repetition, started: *started }
    }
}
