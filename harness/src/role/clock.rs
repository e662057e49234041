//! The time of a run: CLOCK_MONOTONIC from time zero on, which nobody can set, and which is the same in all
//! processes of a machine.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use castnet::time::Instant;
use serde::{Deserialize, Serialize};

use crate::lab::wall::monotonic;

/// The time of a run.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Clock {
    /// Time zero on CLOCK_MONOTONIC.
    zero: Duration,
    /// Time zero on the wall clock.
    epoch: Duration,
}

impl Clock {
    /// A clock whose time zero is now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the laboratory is where time comes from")]
    pub fn start() -> Self {
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { zero: monotonic(), epoch }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.at(monotonic())
    }

    /// The instant at this time of CLOCK_MONOTONIC; time zero if that is earlier.
    #[must_use]
    pub fn at(&self, monotonic: Duration) -> Instant {
        Instant::ZERO + monotonic.saturating_sub(self.zero)
    }

    /// The time of CLOCK_MONOTONIC at this instant.
    #[must_use]
    pub fn monotonic(&self, at: Instant) -> Duration {
        self.zero.saturating_add(at.since_start())
    }

    /// Time zero, since 1970.
    #[must_use]
    pub const fn epoch(&self) -> Duration {
        self.epoch
    }
}
