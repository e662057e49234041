//! How long an ordinary thread of the kernel may have had to wait for a CPU.
//!
//! The kernel does some of its work in threads of its own, workers, which wait on a busy machine while the
//! laboratory's real-time threads do not: a host of IPv6 answers Queries in one. Nobody tells how long a
//! worker has waited. So an ordinary thread of castnet sleeps and wakes on each CPU as they do, and what it
//! waits is taken for what they wait.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use super::cpu;
use super::wall::monotonic;

/// From one waking to the next: a worker wakes for every piece of work.
const BEAT: Duration = Duration::from_millis(20);

/// Less than this is of no consequence.
const NOTABLE: Duration = Duration::from_millis(10);

/// A time for which an ordinary thread wanted to run, and did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Since when, on CLOCK_MONOTONIC.
    pub since: Duration,
    /// How long.
    pub by: Duration,
}

/// The watchers of all CPUs, which end with the last laboratory of the process.
#[derive(Debug, Default)]
pub struct Workers {
    waits: Mutex<Vec<Wait>>,
}

/// Whether nothing is to be watched in this process.
static IDLE: AtomicBool = AtomicBool::new(false);

impl Workers {
    /// From now on nothing is watched in this process: where time is virtual, nobody waits for a CPU, and each
    /// waking costs time.
    pub fn rest() {
        IDLE.store(true, Ordering::Relaxed);
    }

    /// Watches from now on; all laboratories of a process share the watchers.
    #[must_use]
    pub fn watch() -> Arc<Self> {
        static WATCHED: Mutex<Weak<Workers>> = Mutex::new(Weak::new());
        let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(workers) = watched.upgrade() {
            return workers;
        }
        let workers = Arc::new(Self::default());
        *watched = Arc::downgrade(&workers);
        let cpus = if IDLE.load(Ordering::Relaxed) { Vec::new() } else { cpu::allowed() };
        for cpu in cpus {
            let workers = Arc::downgrade(&workers);
            // Without a thread to spare nothing is measured there.
            _ = thread::Builder::new().name(format!("waits-{cpu}")).spawn(move || {
                cpu::move_to(cpu);
                beat(&workers);
            });
        }
        workers
    }

    /// The longest wait that ended between these times of CLOCK_MONOTONIC.
    #[must_use]
    pub fn longest(&self, from: Duration, until: Duration) -> Option<Wait> {
        let waits = self.waits();
        let between = waits.iter().filter(|wait| (from..=until).contains(&(wait.since + wait.by)));
        between.max_by_key(|wait| wait.by).copied()
    }

    fn waits(&self) -> MutexGuard<'_, Vec<Wait>> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sleeps and wakes until nobody wants to know any more.
#[expect(clippy::disallowed_methods, reason = "how late a sleep ends is what is measured")]
fn beat(workers: &Weak<Workers>) {
    loop {
        let due = monotonic() + BEAT;
        thread::sleep(BEAT);
        let by = monotonic().saturating_sub(due);
        let Some(workers) = workers.upgrade() else { return };
        if by >= NOTABLE {
            workers.waits().push(Wait { since: due, by });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn the_longest_wait_of_a_time_is_known() {
        let workers = Workers::default();
        for (since, by) in [(100, 50), (300, 20), (400, 200)] {
            workers.waits().push(Wait { since: ms(since), by: ms(by) });
        }
        let by = |from, until| workers.longest(ms(from), ms(until)).map(|wait| wait.by);
        assert_eq!(by(0, 599), Some(ms(50)), "the last one is not over yet");
        assert_eq!(by(0, 600), Some(ms(200)));
        assert_eq!(by(151, 599), Some(ms(20)));
        assert_eq!(by(0, 99), None);
    }

    #[test]
    fn laboratories_of_one_process_share_the_watchers() {
        let (one, other) = (Workers::watch(), Workers::watch());
        assert!(Arc::ptr_eq(&one, &other));
    }
}
