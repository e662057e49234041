//! A fabric's wire on a real link: its rules decide about frames, on the run's clock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::fabric::Wire;
use crate::lab::link::Medium;
use crate::lab::{Built, Relay};
use crate::plan::{LinkId, Plan};
use crate::recording::Struck;
use crate::role::Clock;

/// The faults of a run, at work on their links.
#[derive(Debug, Default)]
pub(super) struct Plugged(Vec<(LinkId, Arc<Mutex<Faults>>)>);

impl Plugged {
    /// Plugs in the rules of every link that has some; their times count from the clock's time
    /// zero.
    pub(super) fn plug(plan: &Plan, built: &Built, clock: Clock) -> Self {
        let mut plugged = Vec::new();
        for (link, medium) in built.media.iter().enumerate() {
            let Medium::Wire(wire) = medium else { continue };
            let rules = Wire::planned(plan, link);
            let faults = Arc::new(Mutex::new(Faults::new(rules, clock)));
            wire.plug(faults.clone());
            plugged.push((link, faults));
        }
        Self(plugged)
    }

    /// What the rules did, in the order of time.
    pub(super) fn struck(&self, plan: &Plan) -> Vec<Struck> {
        let mut struck = Vec::new();
        for (link, faults) in &self.0 {
            struck.extend(lock(faults).wire.struck(plan, *link));
        }
        struck.sort_by_key(|struck| struck.at);
        struck
    }
}

fn lock(faults: &Mutex<Faults>) -> MutexGuard<'_, Faults> {
    // A log stays readable even if its writer panicked.
    faults.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The rules of one link, to be plugged into the lab's wire at time zero.
#[derive(Clone, Debug)]
pub struct Faults {
    /// The rules, and the log of what they did.
    pub wire: Wire,
    clock: Clock,
}

impl Faults {
    /// Rules whose times count on `clock`.
    #[must_use]
    pub const fn new(wire: Wire, clock: Clock) -> Self {
        Self { wire, clock }
    }
}

impl Relay for Faults {
    fn enter(&mut self, at_ns: u64, port: usize, frame: &[u8]) {
        self.wire.enter(self.clock.at(Duration::from_nanos(at_ns)), port, frame);
    }

    fn poll(&mut self, now_ns: u64) -> Option<(usize, Arc<[u8]>)> {
        self.wire.poll(self.clock.at(Duration::from_nanos(now_ns)))
    }

    fn deadline(&self) -> Option<u64> {
        let at = self.wire.deadline()?;
        Some(u64::try_from(self.clock.monotonic(at).as_nanos()).unwrap_or(u64::MAX))
    }
}
