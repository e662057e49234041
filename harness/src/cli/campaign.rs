//! Several runs, some at a time, and what becomes of each, told in order to one listener.
//!
//! A run that is interrupted leaves no verdict and no file. Captures get their name when they are
//! whole.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use castnet::kernel::Clock;
use castnet::time::Instant;
use castnet_lab::backend::netns::{self, Room};
use castnet_lab::backend::{Cancel, RunError, sim};
use castnet_lab::capture::pcapng;
use castnet_lab::judge::{Outcome, Verdict, judge};
use castnet_lab::lab::privilege::Refusal;
use castnet_lab::plan::Plan;
use castnet_lab::recording::Recording;
use castnet_lab::report::{Finished, Unfinished, html, ladder};
use castnet_lab::role;
use castnet_lab::scenario::Backend;
use castnet_lab::snapshot::{Otherwise, golden};
use tokio::sync::oneshot;

use super::owner;

/// How often the listener hears that time passes.
const PACE: Duration = Duration::from_millis(200);

/// What is to be done.
pub(super) struct Orders<'a> {
    pub(super) jobs: Vec<Job<'a>>,
    pub(super) at_a_time: usize,
    /// Start nothing more once a run has not passed.
    pub(super) fail_fast: bool,
    pub(super) hold: Hold,
    /// Why nothing can be run on the kernel here.
    pub(super) refusal: Option<&'a Refusal>,
    pub(super) cancel: &'a Cancel,
}

/// Which topologies stand after the verdict, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// None.
    Never,
    /// That of each run that has not passed, until the user says that it goes on.
    Failed,
    /// That of the last run, until the user ends it all.
    Last,
}

/// One run of one scenario.
pub(super) struct Job<'a> {
    /// With the seed of the run, which may be another one than the scenario's.
    pub(super) plan: Cow<'a, Plan>,
    pub(super) backend: Backend,
    /// Which run of the scenario it is, from 1.
    pub(super) repetition: u32,
    pcapng: PathBuf,
    page: Option<PathBuf>,
}

/// What happens.
pub(super) enum Event {
    Started(usize),
    Finished(usize, Box<Finished>),
    /// It has this verdict, and its topology is held. It finishes later.
    Paused(usize, Box<Finished>, Vec<Room>),
    /// It was interrupted.
    Stopped(usize),
    /// It has come so far in virtual time.
    Simulated(usize, Instant),
    /// Time passes.
    Tick,
}

/// Every scenario `repeat` times on each of its backends, all of them once before any of them again.
pub(super) fn jobs<'a>(
    plans: &'a [Plan],
    backends: impl Fn(&Plan) -> Vec<Backend>,
    repeat: u32,
    out: &Path,
    html: bool,
) -> Vec<Job<'a>> {
    let mut stems = BTreeMap::<PathBuf, u32>::new();
    let stems: Vec<PathBuf> = plans
        .iter()
        .map(|plan| {
            let stem = stem(&plan.name);
            let same = stems.entry(stem.clone()).or_default();
            *same += 1;
            if *same == 1 { stem } else { with_suffix(&stem, &format!("~{same}")) }
        })
        .collect();
    let mut jobs = Vec::new();
    for repetition in 1..=repeat {
        let run = if repeat > 1 { format!(".{repetition}") } else { String::new() };
        for (plan, stem) in plans.iter().zip(&stems) {
            jobs.extend(backends(plan).into_iter().map(|backend| {
                let of_backend = match backend {
                    Backend::Netns => "",
                    Backend::Sim => ".sim",
                };
                let suffix = |ending| format!("{of_backend}{run}.{ending}");
                let file = |ending| out.join(with_suffix(stem, &suffix(ending)));
                let (pcapng, page) = (file("pcapng"), html.then(|| file("html")));
                Job { plan: Cow::Borrowed(plan), backend, repetition, pcapng, page }
            }));
        }
    }
    jobs
}

/// The name of a scenario as a path that stays below the folder of captures.
fn stem(name: &str) -> PathBuf {
    Path::new(name).components().filter(|part| matches!(part, Component::Normal(_))).collect()
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

impl Job<'_> {
    /// Its name, and which run it is if there are several.
    pub(super) fn name(&self) -> String {
        match self.repetition {
            1 => self.plan.name.clone(),
            n => format!("{} #{n}", self.plan.name),
        }
    }

    pub(super) fn unfinished(&self, started: bool) -> Unfinished {
        let Self { plan, backend, repetition, .. } = self;
        let (backend, repetition) = (*backend, *repetition);
        let (name, path) = (plan.name.clone(), plan.path.clone());
        Unfinished { name, path, backend: backend.word(), repetition, started }
    }

    /// Why it cannot be run, if the scenario or the machine says so.
    fn refusal(&self, machine: Option<&Refusal>) -> Option<String> {
        let (plan, backend) = (&self.plan, self.backend);
        if !plan.runs_on(backend) {
            let because = plan.backends.as_ref().map_or("", |backends| &backends.because);
            return Some(format!("not for {}: {because}", backend.word()));
        }
        machine.filter(|_| backend == Backend::Netns).map(ToString::to_string)
    }

    fn finished(&self, took: Duration, evidence: Evidence) -> Finished {
        let plan = &self.plan;
        let Evidence { verdict, frames, pcapng } = evidence;
        let page = None;
        Finished {
            name: plan.name.clone(),
            path: plan.path.clone(),
            title: plan.title.clone(),
            clauses: plan.proves.clone(),
            backend: self.backend.word(),
            repetition: self.repetition,
            seed: plan.seed,
            took,
            frames,
            pcapng,
            page,
            verdict,
        }
    }

    /// The run and what is known of it, with its page if one was asked for.
    fn recorded(&self, took: Duration, recording: &Recording) -> Finished {
        let (evidence, otherwise) = Evidence::of(self, recording);
        let mut finished = self.finished(took, evidence);
        if let Some(page) = &self.page {
            let written = html::run(&self.plan, recording, &finished, otherwise.as_ref())
                .map_err(io::Error::from)
                .and_then(|html| publish(page, |mut file| file.write_all(html.as_bytes())));
            match written {
                Ok(()) => finished.page = Some(page.clone()),
                Err(error) => finished.verdict.break_off(cannot_write(page, &error)),
            }
        }
        finished
    }
}

fn cannot_write(path: &Path, error: &io::Error) -> String {
    format!("writing {}: {error}", path.display())
}

impl Orders<'_> {
    /// Whether the topology of the job stands after its verdict.
    fn holds(&self, index: usize, passed: bool) -> bool {
        match self.hold {
            Hold::Never => false,
            Hold::Failed => !passed,
            Hold::Last => index + 1 == self.jobs.len() || (self.fail_fast && !passed),
        }
    }
}

/// Does all of it, or what there is time for.
pub(super) fn carry_out(orders: &Orders<'_>, mut observe: impl FnMut(Event)) {
    let (next, enough) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (tell, told) = channel();
    let worker = |tell: Sender<Event>| {
        while !enough.load(Ordering::Relaxed) && !orders.cancel.is_cancelled() {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = orders.jobs.get(index) else { return };
            // The listener outlives the workers.
            _ = tell.send(Event::Started(index));
            let event = match run(orders, index, job, &tell) {
                None => Event::Stopped(index),
                Some(finished) => {
                    let passed = finished.verdict.outcome == Outcome::Pass;
                    enough.fetch_or(orders.fail_fast && !passed, Ordering::Relaxed);
                    Event::Finished(index, Box::new(finished))
                }
            };
            _ = tell.send(event);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..orders.at_a_time.min(orders.jobs.len()) {
            let tell = tell.clone();
            scope.spawn(move || worker(tell));
        }
        drop(tell);
        loop {
            match told.recv_timeout(PACE) {
                Ok(event) => observe(event),
                Err(RecvTimeoutError::Timeout) => observe(Event::Tick),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    });
}

/// One run; `None` if it was interrupted. A panic is the laboratory's fault, and of this run alone.
fn run(orders: &Orders<'_>, index: usize, job: &Job<'_>, tell: &Sender<Event>) -> Option<Finished> {
    let clock = Clock::start();
    // While others run it may neither be built nor torn down, and that is not its own time.
    let took = Cell::new(Duration::ZERO);
    let mut held = None;
    let hold = async |recording: &Recording, rooms: &[Room]| {
        took.set(role::Clock::start().epoch().saturating_sub(recording.epoch));
        if orders.hold == Hold::Never {
            return;
        }
        let finished = job.recorded(took.get(), recording);
        let passed = finished.verdict.outcome == Outcome::Pass;
        if orders.holds(index, passed) {
            let (told, rooms) = (Box::new(finished.clone()), rooms.to_vec());
            _ = tell.send(Event::Paused(index, told, rooms));
            match orders.hold {
                Hold::Last => orders.cancel.cancelled().await,
                _ => wait_for_user(orders.cancel).await,
            }
        }
        held = Some(finished);
    };
    let plan = &*job.plan;
    let run = || match job.backend {
        Backend::Netns => netns::run_then(plan, orders.cancel, hold),
        Backend::Sim => {
            let mut told = clock.now();
            let recorded = sim::run_watched(plan, orders.cancel, |progress| {
                if clock.now().since(told) >= PACE {
                    told = clock.now();
                    _ = tell.send(Event::Simulated(index, progress.now));
                }
            });
            took.set(clock.now().since_start());
            recorded
        }
    };
    let evidence = match job.refusal(orders.refusal) {
        Some(refusal) => Evidence::none(Outcome::Unsupported, refusal),
        None => match catch_unwind(AssertUnwindSafe(run)) {
            Ok(Ok(_)) if held.is_some() => return held,
            Ok(Ok(recording)) => return Some(job.recorded(took.get(), &recording)),
            Ok(Err(RunError::Interrupted)) => return None,
            Ok(Err(error @ RunError::Unsupported(..))) => {
                Evidence::none(Outcome::Unsupported, error)
            }
            Ok(Err(error)) => Evidence::none(Outcome::Broken, error),
            Err(_) => Evidence::none(Outcome::Broken, "the laboratory panicked"),
        },
    };
    Some(job.finished(clock.now().since_start(), evidence))
}

/// Returns at Enter, at the end of standard input, or when it is cancelled.
async fn wait_for_user(cancel: &Cancel) {
    let (entered, enter) = oneshot::channel();
    // Nothing can end a read from a terminal; if it goes on, it goes on until the process ends.
    let reading = std::thread::Builder::new().name("enter".into()).spawn(move || {
        _ = io::stdin().read_line(&mut String::new());
        _ = entered.send(());
    });
    if reading.is_ok() {
        tokio::select! {
            () = cancel.cancelled() => {}
            _ = enter => {}
        }
    }
}

/// What a run has left behind.
struct Evidence {
    verdict: Verdict,
    frames: Option<usize>,
    pcapng: Option<PathBuf>,
}

impl Evidence {
    fn none(outcome: Outcome, why: impl ToString) -> Self {
        let verdict = Verdict::without_run(outcome, why.to_string());
        Self { verdict, frames: None, pcapng: None }
    }

    /// The evidence, and how the run differs from what is kept of it.
    fn of(job: &Job<'_>, recording: &Recording) -> (Self, Option<Otherwise>) {
        let mut verdict = judge(&job.plan, recording);
        let frames = Some(recording.frames.iter().filter(|frame| frame.outgoing).count());
        let write = |path: &Path, bytes: &[u8]| publish(path, |mut file| file.write_all(bytes));
        let write: Option<golden::Write<'_>> =
            if golden::may_write() { Some(&write) } else { None };
        let checked = golden::check(&job.plan, recording, &mut verdict, write);
        let otherwise = checked.unwrap_or_else(|error| {
            verdict.break_off(format!("what is kept of earlier runs: {error}"));
            None
        });
        // One is enough: what follows from it looks alike.
        let failed = verdict.findings.iter_mut().zip(&job.plan.checks);
        if let Some((finding, check)) = failed.into_iter().find(|(f, _)| f.outcome == Outcome::Fail)
        {
            let ladder = ladder::explain(&job.plan, recording, &check.claim, finding.at);
            finding.why.extend(ladder);
        }
        let remarks = verdict.remarks();
        let write = |file| pcapng::write(BufWriter::new(file), &job.plan, recording, &remarks);
        let published = publish(&job.pcapng, write);
        if let Err(error) = &published {
            verdict.break_off(cannot_write(&job.pcapng, error));
        }
        let pcapng = published.ok().map(|()| job.pcapng.clone());
        (Self { verdict, frames, pcapng }, otherwise)
    }
}

/// Writes a file that has its name only once it is whole; makes the folders above it.
///
/// # Errors
/// What the system or `write` says; then nothing is left of it.
pub(super) fn publish(path: &Path, write: impl FnOnce(File) -> io::Result<()>) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        owner::create_dir_all(folder)?;
    }
    let unfinished = with_suffix(path, ".part");
    let written = owner::create(&unfinished).and_then(write);
    let published = written.and_then(|()| fs::rename(&unfinished, path));
    if published.is_err() {
        _ = fs::remove_file(&unfinished);
    }
    published
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_stays_below_its_folder() {
        assert_eq!(stem("igmp/v2/leave"), Path::new("igmp/v2/leave"));
        assert_eq!(stem("../../etc/leave"), Path::new("etc/leave"));
        assert_eq!(stem("/etc/leave"), Path::new("etc/leave"));
    }
}
