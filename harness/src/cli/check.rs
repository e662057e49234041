//! `castnet check`

use castnet_lab::runner::Where;
use castnet_lab::runner::files::Loaded;
use clap::Args;

use super::{Ending, Failure, USAGE, files, list, say};

#[derive(Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    paths: files::Paths,
    /// Only list the scenarios that are sound, with where each would run and its title.
    #[arg(long, conflicts_with = "json")]
    list: bool,
    /// Print one JSON document on standard output: the scenarios, and the faults of others.
    #[arg(long)]
    json: bool,
}

/// Ends with 2 if any file is wrong.
pub(super) fn check(args: &CheckArgs) -> Ending {
    let loaded = args.paths.load(args.json)?;
    let Loaded { plans, wrong, .. } = &loaded;
    if args.json {
        list::json(plans, &Where::on(&[]), wrong)?;
        return Ok(if wrong.is_empty() { 0 } else { USAGE });
    }
    if args.list {
        say(&list::text(plans, &Where::on(&[])));
    } else {
        for plan in plans {
            let which = match plan.combination.as_str() {
                "" => String::new(),
                combination => format!(" [{combination}]"),
            };
            let (path, checks, end) = (&plan.path, plan.checks.len(), plan.end);
            say(&format!("{path}{which}: ok, {checks} checks, {end:.1?}\n"));
        }
    }
    loaded.summary().map_or(Ok(0), |summary| Err(Failure::usage(summary)))
}
