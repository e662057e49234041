//! A request for runs, in a form that passes from one process to another.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Outcome, Run};
use crate::backend::Cancel;
use crate::judge;
use crate::plan::{Plan, load};
use crate::report::text::{self, Style};
use crate::runner::{self, Orders, Where};
use crate::scenario::Backend;

/// Runs of one scenario.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) path: PathBuf,
    /// The names of the combinations.
    pub(super) names: Vec<String>,
    /// The word for the backend.
    pub(super) backend: String,
    pub(super) seed: Option<u64>,
    /// How often a Broken run is tried again.
    pub(super) retry_broken: u32,
    /// The folder of captures.
    pub(super) out: PathBuf,
}

impl Request {
    /// Runs the request in this process.
    pub(super) fn run(&self, refusal: Option<&str>) -> Outcome {
        let mut plans = match load(&self.path) {
            Ok(plans) => plans,
            Err(error) => return self.broken(&error.to_string()),
        };
        plans.retain(|plan| self.names.contains(&plan.name));
        for plan in &mut plans {
            plan.seed = self.seed.unwrap_or(plan.seed);
        }
        self.carry_out(&plans, refusal)
    }

    fn carry_out(&self, plans: &[Plan], refusal: Option<&str>) -> Outcome {
        let backend = Backend::WORDS.iter().find(|(word, _)| *word == self.backend);
        let backends: Vec<Backend> = backend.map(|(_, backend)| *backend).into_iter().collect();
        let jobs = runner::jobs(plans, &Where::on(&backends), 1, &self.out);
        let cancel = Cancel::new();
        let orders =
            Orders { refusal, retry_broken: self.retry_broken, ..Orders::new(jobs, &cancel) };
        let mut finished = runner::carry_out(&orders, |_, _| ()).finished;
        finished.sort_by(|one, other| one.name.cmp(&other.name));
        let run = |finished: crate::report::Finished| Run {
            outcome: finished.verdict.outcome,
            report: text::run(&finished, Style { color: false }, false),
            pcapng: finished.pcapng,
            name: finished.name,
        };
        Outcome { runs: finished.into_iter().map(run).collect() }
    }

    /// The outcome if the laboratory itself failed.
    pub(super) fn broken(&self, why: &str) -> Outcome {
        let outcome = judge::Outcome::Broken;
        let run = |name: &String| {
            let report =
                format!("{:<11} {name}  [{}]\n  {why}\n", outcome.to_string(), self.backend);
            Run { name: name.clone(), outcome, report, pcapng: None }
        };
        Outcome { runs: self.names.iter().map(run).collect() }
    }
}
