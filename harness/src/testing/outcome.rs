//! The result of a test's runs.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::judge;

/// The result of a test: at least one run.
#[non_exhaustive]
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The runs, in the order of their names.
    pub runs: Vec<Run>,
}

/// One run: of a scenario, or of one combination of its matrix.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The scenario's name, with the combination.
    pub name: String,
    /// The outcome of the run.
    pub outcome: judge::Outcome,
    /// What `castnet run` prints of it.
    pub report: String,
    /// Its capture, if there was a run.
    pub pcapng: Option<PathBuf>,
}

impl Outcome {
    /// Whether every run passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        !self.runs.is_empty() && self.runs.iter().all(|run| run.outcome == judge::Outcome::Pass)
    }

    /// Panics with the report unless every run passed.
    ///
    /// # Panics
    /// Unless every run passed.
    #[track_caller]
    pub fn assert_pass(&self) {
        assert!(self.passed(), "\n{self}");
    }
}

impl fmt::Display for Outcome {
    /// What `castnet run` prints, run by run.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.runs.iter().try_for_each(|run| f.write_str(&run.report))
    }
}
