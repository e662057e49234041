//! The allowed distance between an event of one recording and its twin in the other.

use std::time::Duration;

use castnet::time::{Instant, Seconds};

/// The least and the greatest distance in nanoseconds: the second recording's time less the first
/// one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    least: i64,
    most: i64,
}

impl Bounds {
    /// Bounds of equal width on either side.
    pub(super) fn around(allowed: Duration) -> Self {
        let most = i64::try_from(allowed.as_nanos()).unwrap_or(i64::MAX);
        Self { least: -most, most }
    }

    /// Bounds widened by the distance of an earlier event.
    pub(super) fn widened(self, least: i64, most: i64) -> Self {
        Self {
            least: self.least.saturating_add(least.min(0)),
            most: self.most.saturating_add(most.max(0)),
        }
    }

    pub(super) fn contain(self, one: Instant, other: Instant) -> bool {
        (self.least..=self.most).contains(&distance(one, other))
    }

    /// The distance between the two ends.
    pub(super) const fn width(self) -> Duration {
        Duration::from_nanos(self.most.abs_diff(self.least))
    }

    /// In words, by how much the times exceed the bounds; `None` if they do not.
    pub(super) fn exceeded(self, one: Instant, other: Instant) -> String {
        let by = distance(one, other);
        let allowed = if by < 0 { self.least } else { self.most };
        let seconds = |nanos: i64| Seconds(Duration::from_nanos(nanos.unsigned_abs()), 3);
        format!("{} apart, and {} is allowed", seconds(by), seconds(allowed))
    }
}

/// The second less the first, in nanoseconds.
pub(super) fn distance(one: Instant, other: Instant) -> i64 {
    let nanos = |at: Instant| i64::try_from(at.as_nanos()).unwrap_or(i64::MAX);
    nanos(other) - nanos(one)
}
