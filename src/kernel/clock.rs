//! The only clock of the package: `CLOCK_MONOTONIC`, counted from the start of the run.
//!
//! All other code receives the time as an input, so that a run can be repeated in virtual time.

use crate::time::Instant;

/// A monotonic clock with a zero point of its own; copies share it.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: std::time::Instant,
    /// The clock's value at that moment.
    shown: Instant,
}

impl Clock {
    /// A clock that shows [`Instant::ZERO`] now.
    #[must_use]
    pub fn start() -> Self {
        Self::showing(Instant::ZERO)
    }

    /// A clock that shows `now` now, for a daemon that starts during a run.
    #[must_use]
    pub fn showing(now: Instant) -> Self {
        Self { start: read(), shown: now }
    }

    /// The time of the run. It never runs backwards, and does not count time while the machine is
    /// suspended.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.shown + read().duration_since(self.start)
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where the package reads a clock")]
fn read() -> std::time::Instant {
    std::time::Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_counts_from_its_own_start() {
        let early = Clock::start();
        let copy = early;
        while early.now() == Instant::ZERO {}
        let late = Clock::start();
        let (shown_late, shown_copy, shown_early) = (late.now(), copy.now(), early.now());
        assert!(shown_late < shown_copy, "{shown_late:.9} is not before {shown_copy:.9}");
        assert!(shown_copy <= shown_early, "{shown_copy:.9} is after {shown_early:.9}");
    }
}
