//! `castnet run`

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use castnet_lab::backend::netns::Room;
use castnet_lab::backend::{Cancel, at_a_time};
use castnet_lab::judge::Outcome;
use castnet_lab::output::{self, Folder};
use castnet_lab::plan::{LoadError, Plan, SEED};
use castnet_lab::report::{
    Campaign, Finished, LeftOut, WrongFile, html, json, junit, markdown, table, text,
};
use castnet_lab::runner::files::Loaded;
use castnet_lab::runner::standing::{Announced, Standing};
use castnet_lab::runner::{self, Event, Held, Hold, Job, Orders, Seed, Where};
use castnet_lab::scenario::Backend;
use clap::Args;

use super::annotations::{Annotations, one_run, wrong_files};
use super::files::{Paths, with_wrong};
use super::progress::Progress;
use super::selection::SelectionArgs;
use super::which_kernel::{Found, WhichKernel};
use super::{
    EXIT_CODES, Ending, FAILED, Failure, INTERRUPTED, USAGE, complain, destination, exit_code,
    interrupt, list, memory, remark, say, say_coloured, say_json, stdout_style, up, which_kernel,
    without_output,
};

#[derive(Args)]
#[command(after_help = EXIT_CODES, after_long_help = long_help())]
pub(super) struct RunArgs {
    #[command(flatten)]
    paths: Paths,
    #[command(flatten)]
    selection: SelectionArgs,
    /// Where to run: `netns`, the real kernel, `sim`, the simulator in virtual time, or both with a
    /// comma. By default the kernel, where scenario and machine allow, and else the simulator.
    #[arg(long, value_name = "BACKEND", value_delimiter = ',', value_parser = backend)]
    backend: Vec<Backend>,
    /// Which kernel `netns` is: `host`, this machine's; `uml`, the one that `castnet kernel build` makes,
    /// in virtual time and without any rights; or a file, another program of User-Mode Linux, or the image
    /// of a distribution's kernel (vmlinuz), which QEMU runs in virtual time. See docs/kernels.md.
    #[arg(long, value_name = "host|uml|FILE", conflicts_with_all = ["pause_on_fail", "keep"])]
    kernel: Option<WhichKernel>,
    /// The folder for captures.
    #[arg(long, value_name = "DIR", default_value = "castnet-out")]
    out: PathBuf,
    /// How many scenarios run at a time; they mostly wait, so by default 4 for each CPU, but not more
    /// than 32.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Run each scenario so many times, and count how often it passes. In virtual time each further
    /// run draws a seed, unless --seed gives one; a run that fails says how it is repeated.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// The seed of the random delays of castnet's own hosts, of kernels that castnet builds, and of the
    /// chances of faults, for every run of every scenario; 1 by default. `random` draws a seed for each run and prints it if the
    /// run fails.
    #[arg(long, value_name = "N|random")]
    seed: Option<Seed>,
    /// Run each scenario with so many seeds, which count up from 1 or from --seed; a run that fails
    /// names its own.
    #[arg(long, value_name = "N", conflicts_with = "repeat")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    seeds: Option<u32>,
    /// Start nothing more once a run has not passed; those under way end as they would.
    #[arg(long)]
    fail_fast: bool,
    /// Try a run again up to so many times while it is BROKEN, as on a busy machine; each try is told. A
    /// run with any other outcome is never tried again.
    #[arg(long, value_name = "N", default_value_t = 0)]
    retry_broken: u32,
    /// Hold the topology of each run that has not passed, for `castnet exec` and `castnet capture`,
    /// until Enter, and go on then; runs one at a time.
    #[arg(long, conflicts_with = "jobs")]
    pause_on_fail: bool,
    /// Hold the topology of the last run, whatever its verdict, as `castnet up` does: all is reported
    /// first, and Ctrl-C ends it with the exit code of the verdicts; runs one at a time.
    #[arg(long, conflicts_with_all = ["jobs", "pause_on_fail"])]
    keep: bool,
    /// Only list the scenarios that would run, with where and their titles; with --json as one document.
    #[arg(long)]
    list: bool,
    /// Print one JSON document on standard output, and nothing else.
    #[arg(long, conflicts_with = "verbose")]
    json: bool,
    /// Append a summary in Markdown, as GitHub Actions shows it ("$GITHUB_STEP_SUMMARY").
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
    /// Write a report in JUnit's XML too.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Print what did not pass as annotations of GitHub Actions (`::error file=,line=`), which shows them
    /// at their lines; `auto` does where GITHUB_ACTIONS says that it runs there. With --json they go to
    /// standard error.
    #[arg(long, value_name = "WHERE", value_enum, default_value_t)]
    annotations: Annotations,
    /// Write a page for each run beside its capture, and one over all of them, index.html.
    #[arg(long)]
    html: bool,
    /// Show every check, not only those of runs that fail.
    #[arg(short, long)]
    verbose: bool,
}

/// The exit codes, and the keys of `--json`.
fn long_help() -> String {
    let keys = json::keys::table();
    format!("{EXIT_CODES}\n\nKeys of the document of --json (times in seconds):\n{keys}")
}

pub(super) fn run(args: &RunArgs) -> Ending {
    let which = args.kernel.clone().unwrap_or_default();
    if !which.is_host() && args.backend == [Backend::Sim] {
        return Err(Failure::usage(
            "--kernel is for `netns`: the simulator runs on no kernel".to_owned(),
        ));
    }
    let needs_kernel = args.backend.is_empty() || args.backend.contains(&Backend::Netns);
    let kernel = if needs_kernel { which.find() } else { Found::Host };
    // Nothing takes the place of a kernel that was asked for.
    let may_do_without = which.is_host() && args.backend.is_empty();
    if let Some(refusal) = kernel.refusal().filter(|_| may_do_without) {
        complain(&format!("not on the kernel, but on the simulator where that will do: {refusal}"));
    }
    let Loaded { plans, mut wrong, mut left, .. } = args.load()?;
    let selection = args.selection.selection();
    left.retain(|file| selection.may_name(&file.name()));
    if !plans.is_empty() {
        wrong.retain(|file| selection.may_name(&file.name()));
    }
    let plans = match plans.iter().any(|plan| selection.may_name(&plan.name))
        || wrong.len() + left.len() == 0
    {
        true => selection.pick(plans).map_err(Failure::usage)?,
        // A report says then that everything is wrong.
        false => Vec::new(),
    };
    if args.list {
        return args.list(&plans, &wrong);
    }
    args.try_output()?;
    let cancel = Cancel::new();
    interrupt::watch(&cancel)?;
    let backends = Where::on(&args.backend)
        .where_kernel(kernel.refusal().is_none() || !may_do_without)
        .in_virtual_time(kernel.guest().is_some());
    let mut jobs = runner::jobs(&plans, &backends, args.seeds.unwrap_or(args.repeat), &args.out);
    for job in &mut jobs {
        job.on(kernel.guest());
        if let Some(seed) = args.seed_of(job) {
            job.plan.to_mut().seed = seed.draw().map_err(Failure::broken)?;
        }
        if args.html {
            job.with_page();
        }
    }
    let orders = Orders {
        at_a_time: args.at_a_time(),
        fail_fast: args.fail_fast,
        retry_broken: args.retry_broken,
        hold: args.hold(),
        wrong: wrong.iter().map(WrongFile::from).collect(),
        left: left.iter().map(LeftOut::from).collect(),
        refusal: kernel.refusal(),
        ..Orders::new(jobs, &cancel)
    };
    follow(args, &orders)
}

/// Reports all runs, and returns the exit code.
fn report(args: &RunArgs, campaign: &Campaign) -> Ending {
    let code = match campaign.interrupted {
        true => INTERRUPTED,
        // Where no run has finished, nothing is proved.
        false => campaign.worst().map_or(FAILED, exit_code),
    };
    let code = match campaign.finished.is_empty() && campaign.unfinished.is_empty() {
        true => USAGE,
        false => with_wrong(code, campaign.wrong.len()),
    };
    args.annotations.tell(args.json, || wrong_files(&campaign.wrong));
    // Each file is tried, and none that is missing hides a failure.
    let files = [summary(args, campaign), junit_file(args, campaign), overview(args, campaign)];
    let lost: Vec<&Failure> = files.iter().filter_map(|file| file.as_ref().err()).collect();
    lost.iter().for_each(|failure| complain(&failure.message));
    let code = if lost.is_empty() { code } else { without_output(code) };
    if args.json {
        say_json(&json::document(campaign, code).map_err(Failure::broken)?);
        return Ok(code);
    }
    say_coloured(&table::table(campaign, stdout_style()));
    say_coloured(&text::summary(campaign, stdout_style()));
    if let Ok(Some(path)) = &files[2] {
        say(&format!("report: {}\n", path.display()));
    }
    Ok(code)
}

/// A report's file, if it was asked for and written.
type Report = Result<Option<PathBuf>, Failure>;

/// Appends to a summary, which several calls in one CI job share.
fn summary(args: &RunArgs, campaign: &Campaign) -> Report {
    let Some(path) = &args.summary else { return Ok(None) };
    let file = output::append(path);
    let text = markdown::document(campaign);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Failure::broken(format!("{}: {error}", path.display())))?;
    Ok(Some(path.clone()))
}

fn junit_file(args: &RunArgs, campaign: &Campaign) -> Report {
    let Some(path) = &args.junit else { return Ok(None) };
    write(path, &junit::document(campaign).map_err(Failure::broken)?)?;
    Ok(Some(path.clone()))
}

/// The page over all runs.
const INDEX: &str = "index.html";

/// Writes the page over all runs.
fn overview(args: &RunArgs, campaign: &Campaign) -> Report {
    if !args.html {
        return Ok(None);
    }
    let beside = |finished: &Finished| {
        let page = finished.page.as_ref()?.strip_prefix(&args.out).ok()?;
        Some(page.display().to_string())
    };
    let page = html::overview(campaign, beside).map_err(Failure::broken)?;
    let path = args.out.join(INDEX);
    let written = Folder::make(&args.out)
        .and_then(|out| out.publish(Path::new(INDEX), |mut file| file.write_all(page.as_bytes())));
    written.map_err(|error| Failure::broken(format!("{}: {error}", path.display())))?;
    Ok(Some(path))
}

/// Reads the word for a backend.
pub(super) fn backend(word: &str) -> Result<Backend, String> {
    let known = Backend::WORDS.iter().find(|(known, _)| *known == word);
    known.map(|(_, backend)| *backend).ok_or_else(|| "there are `netns` and `sim`".to_owned())
}

impl RunArgs {
    /// A run in virtual time with the seed of another one is that run once more, and so is a repetition.
    fn seed_of(&self, job: &Job<'_>) -> Option<Seed> {
        let is_again = job.is_repeatable() && job.repetition > 1;
        if self.seeds.is_some() && self.seed != Some(Seed::Random) {
            let first = match self.seed {
                Some(Seed::Given(first)) => first,
                _ => SEED,
            };
            return Some(Seed::Given(first.wrapping_add(u64::from(job.repetition - 1))));
        }
        self.seed.or_else(|| is_again.then_some(Seed::Random))
    }

    fn load(&self) -> Result<Loaded, Failure> {
        let reports = self.json || self.junit.is_some() || self.summary.is_some();
        if !reports {
            return self.paths.load_some();
        }
        let loaded = self.paths.load(self.list)?;
        loaded.summary().iter().for_each(|summary| complain(summary));
        Ok(loaded)
    }

    fn list(&self, plans: &[Plan], wrong: &[LoadError]) -> Ending {
        let backends = Where::on(&self.backend);
        match self.json {
            true => list::json(plans, &backends, wrong)?,
            false => say(&list::text(plans, &backends)),
        }
        Ok(if wrong.is_empty() { 0 } else { USAGE })
    }

    /// What cannot be written is reported before anything runs.
    fn try_output(&self) -> Result<(), Failure> {
        destination::folder(&self.out)?;
        for (option, file) in [("--junit", &self.junit), ("--summary", &self.summary)] {
            file.as_ref().map_or(Ok(()), |file| destination::file(option, file))?;
        }
        Ok(())
    }

    const fn hold(&self) -> Hold {
        match (self.pause_on_fail, self.keep) {
            (false, false) => Hold::Never,
            (true, _) => Hold::Failed,
            (false, true) => Hold::Last,
        }
    }

    fn at_a_time(&self) -> usize {
        if self.hold() != Hold::Never {
            return 1;
        }
        self.jobs.map_or_else(at_a_time, usize::from)
    }
}

/// A topology that is held, for the user and for other processes.
struct Standstill {
    job: usize,
    _announced: Option<Announced>,
    /// Held until Enter; `None` if Enter does not end it.
    _held: Option<Held>,
}

/// Carries out the orders, prints each run as it ends, and reports all of them.
fn follow(args: &RunArgs, orders: &Orders<'_>) -> Ending {
    let mut progress = Progress::new(orders.jobs.len());
    let mut standstill: Option<Standstill> = None;
    let mut reported = None;
    let campaign = runner::carry_out(orders, |event, so_far| {
        match event {
            Event::Started(job) => progress.started(job, orders.jobs[job].name()),
            Event::Paused(job, finished, rooms, held) => {
                progress.clear();
                show(args, &finished);
                if args.keep {
                    reported = Some(report(args, so_far.campaign()));
                }
                let announced = pause(orders, job, &rooms);
                let held = match orders.hold {
                    Hold::Last => Some(held),
                    _ => {
                        let_go_at_enter(held);
                        None
                    }
                };
                standstill = Some(Standstill { job, _announced: announced, _held: held });
            }
            Event::Finished(job, finished) => {
                progress.ended(job, finished.verdict.outcome == Outcome::Pass);
                progress.clear();
                if standstill.take_if(|paused| paused.job == job).is_none() {
                    show(args, &finished);
                }
            }
            Event::Stopped(job) => progress.ended(job, true),
            Event::Simulated(job, now) => progress.simulated(job, now),
            _ => {}
        }
        if standstill.is_none() {
            progress.show();
        }
    });
    progress.clear();
    which_kernel::hint(&campaign).iter().for_each(|hint| complain(hint));
    let ending = reported.unwrap_or_else(|| report(args, &campaign));
    if !args.json
        && let Some(told) = memory::told(orders.jobs.iter().map(|job| job.plan.as_ref()))
    {
        say(&told);
    }
    ending
}

/// Releases the topology at Enter or at the end of standard input.
fn let_go_at_enter(held: Held) {
    // A read from a terminal cannot be cancelled: the thread may last until the process ends.
    let waiting = move || {
        _ = io::stdin().read_line(&mut String::new());
        drop(held);
    };
    if let Err(error) = std::thread::Builder::new().name("enter".into()).spawn(waiting) {
        complain(&error.to_string());
    }
}

fn show(args: &RunArgs, finished: &Finished) {
    if !args.json {
        say_coloured(&text::run(finished, stdout_style(), args.verbose));
    }
    args.annotations.tell(args.json, || one_run(finished));
}

/// Announces to the user and to other processes that the topology is held.
fn pause(orders: &Orders<'_>, job: usize, rooms: &[Room]) -> Option<Announced> {
    let standing = Standing::own(&orders.jobs[job].plan, rooms);
    let end = if orders.hold == Hold::Last { "Ctrl-C ends it" } else { "Enter goes on" };
    let announced = standing.announce();
    let hint = up::invitation(&standing);
    let text = format!("{}{hint}the topology is held: {end}\n", up::lines(&standing));
    remark(&text);
    announced.map_err(|error| complain(&error.to_string())).ok()
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let written = output::publish(path, |mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Failure::broken(format!("{}: {error}", path.display())))
}
