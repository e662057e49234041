//! Which laboratories of this process may build, run and tear down at a time.
//!
//! Building and tearing down hold the kernel's lock for all interfaces of all namespaces (RTNL),
//! for up to hundreds of milliseconds on a busy machine, and a join in another laboratory waits for
//! it. So the laboratories of a process build together, run together, and are torn down together.

use std::num::NonZero;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// The number of laboratories at a time, for each CPU and in all. They mostly wait: the shipped
/// scenarios take 0.1 s of CPU time each. With twice as many, some were late on busy CPUs.
const FOR_EACH_CPU: usize = 4;
const AT_MOST: usize = 32;

static GATE: Gate =
    Gate { state: Mutex::new(State { changing: 0, running: 0 }), changed: Condvar::new() };

struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Laboratories that are being built or torn down.
    changing: usize,
    /// Laboratories whose run is under way.
    running: usize,
}

/// A laboratory that is being built or torn down.
#[derive(Debug)]
#[must_use]
pub struct Changing(());

/// A laboratory whose run is under way.
#[derive(Debug)]
#[must_use]
pub struct Running(());

/// The number of laboratories that this machine runs at a time by default.
#[must_use]
pub fn at_a_time() -> usize {
    let cpus = thread::available_parallelism().map_or(1, NonZero::get);
    (cpus * FOR_EACH_CPU).min(AT_MOST)
}

impl Changing {
    /// Waits until no laboratory's run is under way.
    pub fn begin() -> Self {
        let mut state = GATE.wait_while(|state| state.running > 0);
        state.changing += 1;
        Self(())
    }

    /// Waits until no other laboratory is being built or torn down.
    pub fn done(self) -> Running {
        drop(self);
        let mut state = GATE.wait_while(|state| state.changing > 0);
        state.running += 1;
        Running(())
    }
}

impl Drop for Changing {
    fn drop(&mut self) {
        GATE.lock().changing -= 1;
        GATE.changed.notify_all();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        GATE.lock().running -= 1;
        GATE.changed.notify_all();
    }
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Two counters are never half written.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while(&self, condition: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let state = self.changed.wait_while(self.lock(), |state| condition(state));
        state.unwrap_or_else(PoisonError::into_inner)
    }
}
