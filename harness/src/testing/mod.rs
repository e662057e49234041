//! A scenario as an ordinary `#[test]`.
//!
//! ```no_run
//! #[test]
//! fn the_last_member_leaves() {
//!     castnet_lab::test("scenarios/leave.toml").assert_pass();
//! }
//! ```
//!
//! What runs on the kernel runs in a laboratory: this very program, started once more, without the
//! threads of the test harness, as root or in a user namespace of its own. One laboratory serves all
//! tests of a process, so that those that run side by side are built, run and torn down together.
//! Simulated runs need none of that and stay in the process of the test.

mod laboratory;
mod outcome;
mod request;

use std::path::{Path, PathBuf};
use std::thread;

use crate::plan::{LoadError, load};
use crate::scenario::Backend;
use request::Request;

pub use outcome::{Outcome, Run};

/// The folder of captures.
const OUT: &str = "castnet-out";

/// A scenario that is to be run as a test; see [`test()`].
#[derive(Clone, Debug)]
#[must_use = "nothing runs before `run` or `assert_pass`"]
pub struct Test {
    path: PathBuf,
    backend: Option<Backend>,
    seed: Option<u64>,
    filter: Vec<String>,
    retry_broken: u32,
    out: PathBuf,
}

/// The scenario of this file, to be run as a test. A relative path counts from the working directory,
/// which Cargo and nextest make the folder of the package.
pub fn test(path: impl AsRef<Path>) -> Test {
    let path = path.as_ref().to_owned();
    let (filter, out) = (Vec::new(), PathBuf::from(OUT));
    Test { path, backend: None, seed: None, filter, retry_broken: 0, out }
}

/// Why no run could be started.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum TestError {
    /// The scenario cannot be read, or has errors.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// No combination of the matrix has what [`Test::filter`] wants in its name.
    #[error("no combination of {} has {filter} in its name; there are: {all}", .path.display())]
    Filter {
        /// The scenario.
        path: PathBuf,
        /// The texts that a name must have.
        filter: String,
        /// The names of all combinations.
        all: String,
    },
}

impl Test {
    /// Where to run it: on the kernel, unless this or the scenario says otherwise.
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backend = Some(backend);
        self
    }

    /// The seed of its random draws; the scenario's own seed unless given.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Only the combinations of its matrix with this in their name, as in `version=2`; given several
    /// times, those that have all of them.
    pub fn filter(mut self, text: impl Into<String>) -> Self {
        self.filter.push(text.into());
        self
    }

    /// How often a run is tried again while the laboratory itself is Broken, as on a busy machine; never
    /// unless given. A run with any other outcome is never tried again.
    pub fn retry_broken(mut self, times: u32) -> Self {
        self.retry_broken = times;
        self
    }

    /// The folder for captures; `castnet-out` unless given. Each test has a folder of its own in it.
    pub fn out(mut self, folder: impl Into<PathBuf>) -> Self {
        self.out = folder.into();
        self
    }

    /// Runs every selected combination. A run that did not pass is no error, but an outcome.
    ///
    /// # Errors
    /// No run could be started.
    pub fn run(&self) -> Result<Outcome, TestError> {
        let mut plans = load(&self.path)?;
        let all: Vec<String> = plans.iter().map(|plan| plan.name.clone()).collect();
        plans.retain(|plan| self.filter.iter().all(|text| plan.name.contains(text)));
        let Some(first) = plans.first() else {
            let filter: Vec<_> = self.filter.iter().map(|text| format!("`{text}`")).collect();
            let (filter, all) = (filter.join(" and "), all.join(", "));
            return Err(TestError::Filter { path: self.path.clone(), filter, all });
        };
        let usual = if first.runs_on(Backend::Netns) { Backend::Netns } else { Backend::Sim };
        let backend = self.backend.unwrap_or(usual);
        let request = Request {
            path: self.path.clone(),
            names: plans.iter().map(|plan| plan.name.clone()).collect(),
            backend: backend.word().to_owned(),
            seed: self.seed,
            retry_broken: self.retry_broken,
            out: self.folder(),
        };
        Ok(match backend {
            Backend::Netns => laboratory::run(&request),
            Backend::Sim => request.run(None),
        })
    }

    /// Runs the test, and panics with the report of `castnet run` unless every run passed. A run
    /// that proved nothing, or that this machine cannot make, has not passed.
    ///
    /// # Panics
    /// Unless every run passed.
    #[track_caller]
    pub fn assert_pass(&self) {
        match self.run() {
            Ok(outcome) => outcome.assert_pass(),
            Err(error) => panic!("{error}"),
        }
    }

    /// Tests that run side by side write into different folders. The harness names threads after
    /// tests.
    fn folder(&self) -> PathBuf {
        let thread = thread::current();
        let test = thread.name().filter(|name| *name != "main").unwrap_or_default();
        test.split("::").fold(self.out.clone(), |folder, part| folder.join(part))
    }
}
