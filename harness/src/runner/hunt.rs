//! A swarm of random scenarios, tried side by side, until enough of them have failed.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use castnet::kernel::Clock;

use super::PACE;
use crate::backend::Cancel;
use crate::swarm::{self, Found};

/// The seeds to try, and when to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first seed.
    pub first: u64,
    /// How many seeds there are.
    pub seeds: u64,
    /// No further seed begins after this time.
    pub budget: Option<Duration>,
    /// No further seed begins after so many findings.
    pub findings: u64,
    /// How many seeds are tried side by side.
    pub at_a_time: usize,
}

/// The result of a hunt.
#[derive(Clone, Debug, Default)]
pub struct Hunt {
    /// How many seeds were tried.
    pub tried: u64,
    /// What failed.
    pub found: Vec<Found>,
    /// How long it took.
    pub took: Duration,
}

/// Tries the seeds. `watch` gets the progress now and then.
pub fn hunt(range: &Range, cancel: &Cancel, mut watch: impl FnMut(&Hunt)) -> Hunt {
    let clock = Clock::start();
    let (next, enough) = (AtomicU64::new(0), AtomicBool::new(false));
    let worker = |tell: Sender<Option<Found>>| {
        while !enough.load(Ordering::Relaxed) && !cancel.is_cancelled() {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= range.seeds {
                return;
            }
            // An interruption is reported by `cancel` itself.
            let Ok(found) = swarm::search(range.first.wrapping_add(number), cancel) else { return };
            // The listener outlives the workers.
            _ = tell.send(found);
        }
    };
    let mut hunt = Hunt::default();
    let (tell, told) = channel();
    thread::scope(|scope| {
        for _ in 0..range.at_a_time {
            let tell = tell.clone();
            scope.spawn(|| worker(tell));
        }
        drop(tell);
        loop {
            match told.recv_timeout(PACE) {
                Ok(found) => {
                    hunt.tried += 1;
                    hunt.found.extend(found);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            hunt.took = clock.now().since_start();
            let is_enough = hunt.found.len() as u64 >= range.findings
                || range.budget.is_some_and(|budget| hunt.took >= budget);
            enough.fetch_or(is_enough, Ordering::Relaxed);
            watch(&hunt);
        }
    });
    hunt.took = clock.now().since_start();
    hunt
}
