//! Makes several runs, some at a time, and reports them in order to one observer.
//!
//! An interrupted run leaves neither verdict nor file. A capture gets its name only when it is
//! complete. A panic of the laboratory makes only its own run Broken.

use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use castnet::kernel::Clock;
use tokio::sync::oneshot;

use super::orders::{Event, Held, Hold, Orders};
use super::{Job, SoFar};
use crate::backend::netns::{self, Room};
use crate::backend::{RunError, sim};
use crate::guest;
use crate::judge::{Outcome, Verdict};
use crate::recording::Recording;
use crate::report::{Campaign, Finished};
use crate::scenario::Backend;

/// How often the observer gets a tick.
pub const PACE: Duration = Duration::from_millis(200);

/// Carries out the orders, until all is done or cancelled. The observer is called on this thread.
pub fn carry_out(orders: &Orders<'_>, mut observe: impl FnMut(Event, &mut SoFar<'_>)) -> Campaign {
    let (next, enough) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (tell, told) = channel();
    let worker = |tell: Sender<Event>| {
        while !enough.load(Ordering::Relaxed) && !orders.cancel.is_cancelled() {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = orders.jobs.get(index) else { return };
            // The observer outlives the workers.
            _ = tell.send(Event::Started(index));
            let event = match run_until_sound(orders, index, job, &tell) {
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
    let mut so_far = SoFar::new(orders);
    std::thread::scope(|scope| {
        for _ in 0..orders.at_a_time.min(orders.jobs.len()) {
            let tell = tell.clone();
            scope.spawn(move || worker(tell));
        }
        drop(tell);
        loop {
            let event = match told.recv_timeout(PACE) {
                Ok(event) => event,
                Err(RecvTimeoutError::Timeout) => Event::Tick,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            so_far.note(&event);
            observe(event, &mut so_far);
        }
    });
    so_far.into_campaign()
}

/// One run, tried again while it is Broken and may be; `None` if it was interrupted.
fn run_until_sound(
    orders: &Orders<'_>,
    index: usize,
    job: &Job<'_>,
    tell: &Sender<Event>,
) -> Option<Finished> {
    let mut broken_before = Vec::new();
    for left in (0..=orders.retry_broken).rev() {
        let mut finished = run(orders, index, job, left, tell)?;
        if is_final(&finished.verdict, left) {
            finished.broken_before = broken_before;
            return Some(finished);
        }
        broken_before.push(finished.verdict.reasons.swap_remove(0));
    }
    None
}

/// Whether this is the verdict of the run, with so many tries left.
fn is_final(verdict: &Verdict, left: u32) -> bool {
    left == 0 || verdict.outcome != Outcome::Broken || verdict.reasons.is_empty()
}

/// One try of a run, with so many tries left; `None` if it was interrupted.
fn run(
    orders: &Orders<'_>,
    index: usize,
    job: &Job<'_>,
    left: u32,
    tell: &Sender<Event>,
) -> Option<Finished> {
    let clock = Clock::start();
    // The wait for other laboratories before building and before tearing down does not count as the
    // run's own time.
    let took = Cell::new(Duration::ZERO);
    let mut held = None;
    let hold =
        async |recording: &Recording, ran, rooms: &mut dyn FnMut() -> io::Result<Vec<Room>>| {
            took.set(ran);
            if orders.hold == Hold::Never {
                return;
            }
            let mut finished = job.recorded(took.get(), recording);
            let passed = finished.verdict.outcome == Outcome::Pass;
            let holds = is_final(&finished.verdict, left) && orders.holds(index, passed);
            match holds.then(rooms) {
                None => {}
                Some(Ok(rooms)) => {
                    let (sender, mut let_go) = oneshot::channel();
                    let told = Box::new(finished.clone());
                    _ = tell.send(Event::Paused(index, told, rooms, Held { _held: sender }));
                    tokio::select! {
                        () = orders.cancel.cancelled() => {}
                        _ = &mut let_go => {}
                    }
                }
                Some(Err(error)) => {
                    finished.verdict.notes.push(format!("the topology could not be held: {error}"));
                }
            }
            held = Some(finished);
        };
    let plan = &*job.plan;
    let run = || match job.backend {
        Backend::Netns if let Some(kernel) = &job.guest => {
            let recorded = guest::run(&kernel.program, plan, orders.cancel);
            took.set(clock.now().since_start());
            recorded
        }
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
    let (outcome, why) = match job.refusal(orders.refusal) {
        Some(refusal) => (Outcome::Unsupported, refusal),
        None => match catch_unwind(AssertUnwindSafe(run)) {
            Ok(Ok(_)) if held.is_some() => return held,
            Ok(Ok(recording)) => return Some(job.recorded(took.get(), &recording)),
            Ok(Err(RunError::Interrupted)) => return None,
            Ok(Err(error @ RunError::Unsupported(..))) => (Outcome::Unsupported, error.to_string()),
            Ok(Err(error)) => (Outcome::Broken, error.to_string()),
            Err(_) => (Outcome::Broken, "the laboratory panicked".to_owned()),
        },
    };
    Some(job.without_run(clock.now().since_start(), outcome, why))
}
