//! `castnet trace`

use std::path::PathBuf;

use castnet_lab::backend::{Cancel, RunError, netns};
use castnet_lab::judge::judge;
use castnet_lab::lab::privilege;
use castnet_lab::snapshot::{Detail, trace};
use clap::Args;

use super::{
    Ending, Failure, INTERRUPTED, UNSUPPORTED, complain, exit_code, files, interrupt, say,
};

#[derive(Args)]
pub(super) struct TraceArgs {
    /// The scenario.
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,
    /// Of the combinations of its matrix the one with this in its name.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Everything at its instant, instead of what every run has in common.
    #[arg(long)]
    exact: bool,
}

/// Ends as `castnet run` would.
pub(super) fn trace_run(args: &TraceArgs) -> Ending {
    let plan = files::load_one(&args.scenario, args.filter.as_deref())?;
    let unsupported = |why: String| Failure { code: UNSUPPORTED, message: why };
    privilege::enter().map_err(|refusal| unsupported(refusal.to_string()))?;
    let cancel = Cancel::new();
    interrupt::watch(&cancel)?;
    let recording = match netns::run(&plan, &cancel) {
        Ok(recording) => recording,
        Err(RunError::Interrupted) => return Ok(INTERRUPTED),
        Err(error @ RunError::Unsupported(..)) => {
            return Err(unsupported(error.to_string()));
        }
        Err(error) => return Err(Failure::broken(error)),
    };
    let verdict = judge(&plan, &recording);
    let detail = if args.exact { Detail::Exact } else { Detail::Normal };
    if recording.lateness.by > plan.tolerance {
        complain("the laboratory was late itself: this may differ from other runs");
    }
    say(&trace(&plan, &recording, &verdict, detail));
    Ok(exit_code(verdict.outcome))
}
