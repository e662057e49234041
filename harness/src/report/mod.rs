//! Reports of runs: for people, for programs, for CI. Reports return text; nothing else in the
//! laboratory prints.

pub mod conformance;
pub mod github;
pub mod html;
pub mod json;
pub mod junit;
pub mod ladder;
pub mod markdown;
pub mod replayed;
pub mod table;
#[cfg(test)]
mod tests;
pub mod text;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::judge::{Outcome, Verdict};
use crate::plan::{LoadError, SEED};
use crate::printable::{self, shell_word};
use crate::scenario::Timers;

/// A finished run, as reports need it.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The scenario's name.
    pub name: String,
    /// Which combination of its matrix it is; empty if it has none.
    pub combination: String,
    /// The software that the user wanted on routers instead of the scenario's: `r1=frr`.
    pub swaps: Vec<String>,
    /// The file, as the user named it.
    pub path: String,
    /// The scenario's title, which is what it claims.
    pub title: String,
    /// The ids of the clauses that its scenario is about.
    pub clauses: Vec<String>,
    /// The backend.
    pub backend: &'static str,
    /// The kernel that it ran on, in words; empty if it ran on none.
    pub kernel: String,
    /// The word of `--kernel` that names the kernel; `None` for the machine's own.
    pub guest: Option<String>,
    /// The number of this run of the scenario, from 1.
    pub repetition: u32,
    /// The seed of its random draws.
    pub seed: u64,
    /// Whose timers its nodes had.
    pub timers: Timers,
    /// How long it was by its own clock, which may be virtual.
    pub end: Duration,
    /// The duration of the run.
    pub took: Duration,
    /// The number of frames that crossed a link; `None` if there was no run.
    pub frames: Option<usize>,
    /// The number of further frames, which kernels sent unasked and which no claim is about.
    pub noise: u64,
    /// The capture, if it was written.
    pub pcapng: Option<PathBuf>,
    /// The page, if it was asked for and written.
    pub page: Option<PathBuf>,
    /// The programs that the scenario started, in this order.
    pub programs: Vec<ProgramLog>,
    /// Why each earlier try of this run was Broken, if it was tried again.
    pub broken_before: Vec<String>,
    /// The verdict.
    pub verdict: Verdict,
}

/// A program that the scenario started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramLog {
    /// The name of its node.
    pub node: String,
    /// The act that started it, in words, or the program of the node's software.
    pub act: String,
    /// How it ended, in words; `None` if it still ran at the end of the run.
    pub status: Option<String>,
    /// The file with its output; `None` if it could not be written.
    pub log: Option<PathBuf>,
    /// The last lines of its output, without control characters.
    pub tail: Vec<String>,
}

impl Finished {
    /// The command that repeats the run.
    #[must_use]
    pub fn repeat(&self) -> String {
        let Self { combination, path, backend, guest, seed, swaps, timers, .. } = self;
        let seed = match *seed {
            SEED => String::new(),
            seed => format!(" --seed {seed}"),
        };
        // The filter that selects only this combination of a matrix.
        let only = match combination.as_str() {
            "" => String::new(),
            only => format!(" --filter {}", shell_word(&format!("[{only}]"))),
        };
        // The kernel is the default backend where the scenario and the machine allow it.
        let backend = if *backend == "netns" { "" } else { &format!(" --backend {backend}") };
        let kernel = guest.iter().map(|word| format!(" --kernel {}", shell_word(word)));
        let swaps = swaps.iter().map(|swap| format!(" --device {}", shell_word(swap)));
        let timers = if *timers == Timers::Rfc { " --timers rfc" } else { "" };
        format!(
            "castnet run{backend} {}{only}{seed}{timers}{}{}",
            shell_word(path),
            kernel.collect::<String>(),
            swaps.collect::<String>()
        )
    }

    /// How often it was tried, at least once.
    #[must_use]
    pub fn tries(&self) -> usize {
        self.broken_before.len() + 1
    }

    /// The clauses that the run has proved: none unless every check could fail and passed.
    #[must_use]
    pub fn proved(&self) -> &[String] {
        if self.verdict.outcome == Outcome::Pass { &self.clauses } else { &[] }
    }

    /// The name of its capture, which lies beside its page.
    fn pcapng_name(&self) -> Option<String> {
        Some(self.pcapng.as_ref()?.file_name()?.to_string_lossy().into_owned())
    }

    /// The number of its checks that passed.
    #[must_use]
    pub fn passed_checks(&self) -> usize {
        self.verdict.findings.iter().filter(|f| f.outcome == Outcome::Pass).count()
    }
}

/// A run that was requested and has no verdict.
#[derive(Clone, Debug)]
pub struct Unfinished {
    /// The scenario's name.
    pub name: String,
    /// The file, as the user named it.
    pub path: String,
    /// The backend.
    pub backend: &'static str,
    /// The number that this run of the scenario would have had, from 1.
    pub repetition: u32,
    /// Whether it was stopped; `false` if it never started.
    pub started: bool,
}

/// A file that was requested and is no sound scenario.
#[derive(Clone, Debug)]
pub struct WrongFile {
    /// The name that its path gives the scenario.
    pub name: String,
    /// The file, as the user named it.
    pub path: String,
    /// Where its first error is, which may be in a template: the file and the line.
    pub at: (String, usize),
    /// Its errors.
    pub errors: String,
}

/// A sound scenario that did not run, because it cannot have the timers that the user wants.
#[derive(Clone, Debug)]
pub struct LeftOut {
    /// The name that its path gives the scenario.
    pub name: String,
    /// The file, as the user named it.
    pub path: String,
    /// What says so.
    pub why: String,
}

impl From<&LoadError> for LeftOut {
    fn from(error: &LoadError) -> Self {
        let path = error.path().to_owned();
        let why = match error {
            LoadError::OwnTimers { why, .. } => why.clone(),
            error => error.to_string(),
        };
        Self { name: error.name(), why: printable::line(&why).into_owned(), path }
    }
}

impl From<&LoadError> for WrongFile {
    fn from(error: &LoadError) -> Self {
        let errors = printable::lines(&error.to_string()).into_owned();
        let at = match error {
            LoadError::Rejected(rejected) => rejected.faults.first().map(|fault| {
                let (path, line, _) = rejected.place(fault);
                (path.to_owned(), line)
            }),
            LoadError::Read(..) | LoadError::OwnTimers { .. } => None,
        };
        let path = error.path().to_owned();
        Self { name: error.name(), at: at.unwrap_or_else(|| (path.clone(), 1)), path, errors }
    }
}

/// The result of one call of `castnet run`.
#[derive(Clone, Debug, Default)]
pub struct Campaign {
    /// The runs with a verdict, in the order in which they ended.
    pub finished: Vec<Finished>,
    /// The runs without a verdict.
    pub unfinished: Vec<Unfinished>,
    /// The files that could not be run.
    pub wrong: Vec<WrongFile>,
    /// The scenarios that cannot have the timers that the user wants.
    pub left: Vec<LeftOut>,
    /// Whether the user ended the campaign.
    pub interrupted: bool,
    /// The duration of the campaign.
    pub took: Duration,
    /// The number of times that each scenario was to be run.
    pub repeat: u32,
}

impl Campaign {
    /// The worst outcome; `None` if no run has finished.
    #[must_use]
    pub fn worst(&self) -> Option<Outcome> {
        self.finished.iter().map(|run| run.verdict.outcome).max()
    }

    /// The finished runs of each scenario on each backend, in the order of their names.
    fn by_scenario(&self) -> BTreeMap<(&str, &str, &str), Vec<&Finished>> {
        let mut rows = BTreeMap::<_, Vec<&Finished>>::new();
        for run in &self.finished {
            rows.entry((run.name.as_str(), run.path.as_str(), run.backend)).or_default().push(run);
        }
        for runs in rows.values_mut() {
            runs.sort_by_key(|run| run.repetition);
        }
        rows
    }
}

/// The outcome as a word for programs: `pass`, `vacuous`, `fail`, `unsupported`, `broken`.
fn word(outcome: Outcome) -> String {
    outcome.to_string().to_lowercase()
}

fn passed(runs: &[&Finished]) -> usize {
    runs.iter().filter(|run| run.verdict.outcome == Outcome::Pass).count()
}
