//! `castnet conformance`

use std::collections::BTreeMap;
use std::path::PathBuf;

use castnet_lab::backend::{Cancel, at_a_time};
use castnet_lab::judge::Outcome;
use castnet_lab::plan::{Plan, Wishes};
use castnet_lab::report::{Finished, conformance as report};
use castnet_lab::runner::conformance::{Subject, are_sound, table};
use castnet_lab::runner::{self, Event, Job, Orders, Where};
use castnet_lab::scenario::clauses::{Clause, within};
use castnet_lab::scenario::{Backend, Timers};
use clap::Args;

use super::files::{Files, tell_own_timers, timers, with_wrong};
use super::progress::Progress;
use super::selection::SelectionArgs;
use super::which_kernel::{Found, WhichKernel};
use super::{Ending, Failure, INTERRUPTED, destination, exit_code, interrupt, run, say, say_json};

#[derive(Args)]
#[command(after_help = AFTER)]
pub(super) struct ConformanceArgs {
    #[command(flatten)]
    files: Files,
    /// The device: `castnet`, software that castnet knows (`frr`), a recipe of your own (`./mine.toml`), or
    /// `linux-host`, the kernel of this machine as a host; may be given more than once, for a column each.
    #[arg(long, value_name = "NAME", value_parser = Subject::parse, default_value = "castnet")]
    device: Vec<Subject>,
    #[command(flatten)]
    selection: SelectionArgs,
    /// Where to run: `netns` or `sim`. By default the kernel where scenario and machine allow, and else, for
    /// castnet itself, the simulator.
    #[arg(long, value_name = "BACKEND", value_parser = run::backend)]
    backend: Option<Backend>,
    /// Which kernel `netns` is: `host`, this machine's; `uml`, the one that `castnet kernel build` makes,
    /// in virtual time; or a file, another program of User-Mode Linux.
    #[arg(long, value_name = "host|uml|FILE", default_value = "host")]
    kernel: WhichKernel,
    /// Whose timers devices have: `file`, those of the scenario, or `rfc`, the RFCs' default intervals.
    /// Scenarios that cannot have the latter are named and counted, and do not run.
    #[arg(long, value_name = "file|rfc", value_parser = timers)]
    timers: Option<Timers>,
    /// The folder for captures; each device has a folder in it.
    #[arg(long, value_name = "DIR", default_value = "castnet-out")]
    out: PathBuf,
    /// How many scenarios run at a time; by default 4 for each CPU, but not more than 32.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Try a run again up to so many times while it is BROKEN, as on a busy machine.
    #[arg(long, value_name = "N", default_value_t = 0)]
    retry_broken: u32,
    /// Print one JSON document on standard output, and nothing else.
    #[arg(long)]
    json: bool,
    /// Print tables in Markdown.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// Print a page of HTML, in which each deviation leads to its capture.
    #[arg(long, conflicts_with_all = ["json", "markdown"])]
    html: bool,
}

const AFTER: &str = "Each scenario that proves a clause runs with the device. See docs/conformance.md for what \
                     makes a clause conform or deviate. Exit codes: 0 no expectation of any run failed, 1 one \
                     did, 2 usage or a bad scenario, 3 nothing could be run here, 4 a run was BROKEN, 130 \
                     interrupted.";

/// Ends with 1 if an expectation failed, whatever clause it is about.
pub(super) fn conformance(args: &ConformanceArgs) -> Ending {
    are_sound(&args.device, args.backend == Some(Backend::Sim)).map_err(Failure::usage)?;
    let needs_kernel = args.backend != Some(Backend::Sim);
    let kernel = if needs_kernel { args.kernel.find() } else { Found::Host };
    let may_do_without = args.kernel.is_host();
    let mut wrong = 0;
    let mut plans: Vec<Vec<Plan>> = Vec::new();
    for subject in &args.device {
        let loaded = args
            .files
            .load_some(&Wishes { swaps: subject.swaps().to_vec(), timers: args.timers })?;
        wrong = wrong.max(loaded.wrong.len());
        if plans.is_empty() {
            tell_own_timers(&loaded);
        }
        let mut selected = args.selection.selection().pick(loaded.plans).map_err(Failure::usage)?;
        selected.retain(|plan| subject.is_tried_by(plan));
        plans.push(selected);
    }
    destination::folder(&args.out)?;
    let cancel = Cancel::new();
    interrupt::watch(&cancel)?;
    let named: Vec<Backend> = args.backend.into_iter().collect();
    let (mut jobs, mut of) = (Vec::new(), Vec::new());
    for (index, (subject, plans)) in args.device.iter().zip(&plans).enumerate() {
        let backends = match subject.needs_kernel() {
            true => Where::on(&[Backend::Netns]),
            false => Where::on(&named)
                .where_kernel(kernel.refusal().is_none() || !may_do_without)
                .in_virtual_time(kernel.guest().is_some()),
        };
        // The folder of a recipe of the user's own is named by its path.
        let folder = subject.name().replace(['/', '.'], "_");
        jobs.extend(runner::jobs(plans, &backends, 1, &args.out.join(folder)));
        of.resize(jobs.len(), index);
    }
    jobs.iter_mut().for_each(|job| job.on(kernel.guest()));
    let orders = Orders {
        at_a_time: args.jobs.map_or_else(at_a_time, usize::from),
        retry_broken: args.retry_broken,
        refusal: kernel.refusal(),
        ..Orders::new(jobs, &cancel)
    };
    let finished = follow(&orders);
    let runs: Vec<(usize, &Job<'_>, Option<&Finished>)> = orders
        .jobs
        .iter()
        .zip(&of)
        .enumerate()
        .map(|(index, (job, &of))| (of, job, finished.get(&index)))
        .collect();
    let table = table(&args.device, &runs, |clause| args.wants(clause));
    let code = match cancel.is_cancelled() && finished.len() < orders.jobs.len() {
        true => INTERRUPTED,
        false => with_wrong(ending(&finished), wrong),
    };
    if args.json {
        say_json(&report::document(&table, code).map_err(Failure::broken)?);
    } else {
        let print = match (args.markdown, args.html) {
            (true, _) => report::markdown,
            (_, true) => report::html,
            _ => report::text,
        };
        say(&print(&table));
    }
    Ok(code)
}

/// What could not be run or judged of a device is no fault, as long as something could.
fn ending(finished: &BTreeMap<usize, Finished>) -> u8 {
    let outcomes = || finished.values().map(|run| run.verdict.outcome);
    let judged = outcomes().filter(|outcome| *outcome != Outcome::Unsupported).max();
    judged.or_else(|| outcomes().max()).map_or(0, exit_code)
}

/// Carries out the orders; returns the results by the positions of their jobs.
fn follow(orders: &Orders<'_>) -> BTreeMap<usize, Finished> {
    let mut progress = Progress::new(orders.jobs.len());
    let mut results = BTreeMap::new();
    runner::carry_out(orders, |event, _| {
        match event {
            Event::Started(job) => progress.started(job, orders.jobs[job].name()),
            Event::Finished(job, finished) => {
                progress.ended(job, finished.verdict.outcome == Outcome::Pass);
                results.insert(job, *finished);
            }
            Event::Stopped(job) => progress.ended(job, true),
            Event::Simulated(job, now) => progress.simulated(job, now),
            _ => {}
        }
        progress.show();
    });
    progress.clear();
    results
}

impl ConformanceArgs {
    /// Whether the clause has a row: all unless some are named.
    fn wants(&self, clause: &Clause) -> bool {
        let named = self.selection.selection().clause;
        named.is_empty() || named.iter().any(|id| within(&clause.id, id))
    }
}
