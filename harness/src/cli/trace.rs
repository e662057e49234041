//! `castnet trace`

use std::path::PathBuf;

use castnet_lab::backend::{Cancel, RunError, netns, sim};
use castnet_lab::judge::doubt::doubts;
use castnet_lab::judge::judge;
use castnet_lab::lab::privilege;
use castnet_lab::scenario::Backend;
use castnet_lab::snapshot::{Detail, trace};
use clap::Args;

use super::files::Templates;
use super::run::backend;
use super::{Ending, Failure, INTERRUPTED, UNSUPPORTED, complain, exit_code, interrupt, say};

#[derive(Args)]
pub(super) struct TraceArgs {
    /// The scenario.
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,
    /// Only the combination of the matrix with this in its name.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    #[command(flatten)]
    templates: Templates,
    /// Where it runs: netns, unless sim is said or the scenario is for that alone.
    #[arg(long, value_name = "BACKEND", value_parser = backend)]
    backend: Option<Backend>,
    /// Everything at its instant, instead of what every run has in common.
    #[arg(long)]
    exact: bool,
}

/// Ends as `castnet run` would.
pub(super) fn trace_run(args: &TraceArgs) -> Ending {
    let plan = args.templates.load_one(&args.scenario, args.filter.as_deref())?;
    let unsupported = |why: String| Failure { code: UNSUPPORTED, message: why };
    let usual = if plan.runs_on(Backend::Netns) { Backend::Netns } else { Backend::Sim };
    let backend = args.backend.unwrap_or(usual);
    if backend == Backend::Netns {
        privilege::enter().map_err(|refusal| unsupported(refusal.to_string()))?;
    }
    let cancel = Cancel::new();
    interrupt::watch(&cancel)?;
    let run = match backend {
        Backend::Netns => netns::run(&plan, &cancel),
        Backend::Sim => sim::run(&plan.in_virtual_time(), &cancel),
        other => return Err(unsupported(format!("cannot run on {} here", other.word()))),
    };
    let recording = match run {
        Ok(recording) => recording,
        Err(RunError::Interrupted) => return Ok(INTERRUPTED),
        Err(error @ RunError::Unsupported(..)) => {
            return Err(unsupported(error.to_string()));
        }
        Err(error) => return Err(Failure::broken(error)),
    };
    let verdict = judge(&plan, &recording);
    let detail = if args.exact { Detail::Exact } else { Detail::Normal };
    if !doubts(&plan, &recording).is_empty() {
        complain("the laboratory was late itself: this may differ from other runs");
    }
    say(&trace(&plan, &recording, &verdict, detail));
    Ok(exit_code(verdict.outcome))
}
