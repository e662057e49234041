//! What became of the runs: for people, for programs, for CI. Reports are told what happened; nothing
//! else prints.

pub mod html;
pub mod json;
pub mod junit;
pub mod ladder;
pub mod markdown;
pub mod table;
pub mod text;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::judge::{Outcome, Verdict};
use crate::plan::SEED;

/// A finished run, as reports need it.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The scenario's name.
    pub name: String,
    /// The file, as the user named it.
    pub path: String,
    /// What it claims.
    pub title: String,
    /// The ids of the clauses that it proves.
    pub clauses: Vec<String>,
    /// The backend.
    pub backend: &'static str,
    /// Which run of the scenario it is, from 1.
    pub repetition: u32,
    /// What its random draws followed from.
    pub seed: u64,
    /// How long it ran.
    pub took: Duration,
    /// How many frames crossed a link; `None` if there was no run.
    pub frames: Option<usize>,
    /// The capture, if it was written.
    pub pcapng: Option<PathBuf>,
    /// The page, if it was asked for and written.
    pub page: Option<PathBuf>,
    /// The verdict.
    pub verdict: Verdict,
}

impl Finished {
    /// The command that repeats it.
    #[must_use]
    pub fn repeat(&self) -> String {
        let Self { name, path, backend, seed, .. } = self;
        let seed = match *seed {
            SEED => String::new(),
            seed => format!(" --seed {seed}"),
        };
        // Of the combinations of a matrix only this one.
        let only =
            name.find('[').map_or(String::new(), |at| format!(" --filter '{}'", &name[at..]));
        // The kernel is where a run takes place unless something is said or in the way.
        let backend = if *backend == "netns" { "" } else { &format!(" --backend {backend}") };
        format!("castnet run{backend} {path}{only}{seed}")
    }

    /// How many of its checks came true.
    #[must_use]
    pub fn passed_checks(&self) -> usize {
        self.verdict.findings.iter().filter(|f| f.outcome == Outcome::Pass).count()
    }
}

/// A run that was asked for and has no verdict.
#[derive(Clone, Debug)]
pub struct Unfinished {
    /// The scenario's name.
    pub name: String,
    /// The file, as the user named it.
    pub path: String,
    /// The backend.
    pub backend: &'static str,
    /// Which run of the scenario it would have been, from 1.
    pub repetition: u32,
    /// Whether it was stopped, or else never started.
    pub started: bool,
}

/// All that became of one call of `castnet run`.
#[derive(Clone, Debug, Default)]
pub struct Campaign {
    /// The runs with a verdict, in the order in which they ended.
    pub finished: Vec<Finished>,
    /// The others.
    pub unfinished: Vec<Unfinished>,
    /// Whether the user ended it.
    pub interrupted: bool,
    /// How long all of it took.
    pub took: Duration,
    /// How often each scenario was to be run.
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

/// The outcome as a program reads it: `pass`, `vacuous`, `fail`, `unsupported`, `broken`.
fn word(outcome: Outcome) -> String {
    outcome.to_string().to_lowercase()
}

fn passed(runs: &[&Finished]) -> usize {
    runs.iter().filter(|run| run.verdict.outcome == Outcome::Pass).count()
}
