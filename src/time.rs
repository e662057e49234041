//! Time as the machines see it: nanoseconds since the start of the run, handed in by the driver.
//!
//! No machine reads a clock. It gets the time with every input, and names the time of its next call
//! through [`Timers::next`]. A timer is keyed by its RFC name, so that setting it twice restarts
//! it, and ties are served in the order in which the timers were set.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time: nanoseconds since the start of the run (not of the machine).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Instant(u64);

impl Instant {
    /// The start of the run.
    pub const ZERO: Self = Self(0);

    /// The instant `nanos` nanoseconds after the start.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the start.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Time since the start.
    #[must_use]
    pub const fn since_start(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// Time from `earlier` to `self`; zero if `earlier` is in fact later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Saturates at the end of time (584 years).
    fn add(self, by: Duration) -> Self {
        let nanos = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    /// Saturates at the start of the run.
    fn sub(self, by: Duration) -> Self {
        let nanos = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(nanos))
    }
}

impl fmt::Display for Instant {
    /// Seconds with milliseconds, as in `12.418 s`; a precision overrides that (`{:.6}`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Seconds(self.since_start(), f.precision().unwrap_or(3)))
    }
}

/// A duration in seconds with so many decimals, as in `0.500 s`; digits beyond them are cut off.
#[derive(Clone, Copy, Debug)]
pub struct Seconds(pub Duration, pub usize);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(duration, decimals) = *self;
        let fraction = format!("{:09}", duration.subsec_nanos());
        match decimals.min(9) {
            0 => write!(f, "{} s", duration.as_secs()),
            n => write!(f, "{}.{} s", duration.as_secs(), &fraction[..n]),
        }
    }
}

/// When a machine must be called, and the timer that it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline<K> {
    /// The instant at which the timer expires.
    pub at: Instant,
    /// The timer's RFC name.
    pub timer: K,
}

/// Running timers by name, served in the order of (time, order of setting).
#[derive(Clone, Debug)]
pub struct Timers<K> {
    by_key: BTreeMap<K, (Instant, u64)>,
    by_time: BTreeSet<(Instant, u64, K)>,
    set_so_far: u64,
}

impl<K: Ord + Copy> Timers<K> {
    /// No timer runs.
    #[must_use]
    pub const fn new() -> Self {
        Self { by_key: BTreeMap::new(), by_time: BTreeSet::new(), set_so_far: 0 }
    }

    /// Starts the timer, or restarts it if it runs.
    pub fn set(&mut self, key: K, at: Instant) {
        self.cancel(key);
        self.set_so_far += 1;
        self.by_key.insert(key, (at, self.set_so_far));
        self.by_time.insert((at, self.set_so_far, key));
    }

    /// Stops the timer; nothing happens if it does not run.
    pub fn cancel(&mut self, key: K) {
        if let Some((at, seq)) = self.by_key.remove(&key) {
            self.by_time.remove(&(at, seq, key));
        }
    }

    /// Moves the timer to an earlier instant; returns whether it ran and was later.
    pub fn lower(&mut self, key: K, at: Instant) -> bool {
        let lowers = self.expiry(key).is_some_and(|expiry| expiry > at);
        if lowers {
            self.set(key, at);
        }
        lowers
    }

    /// When the timer expires, if it runs.
    #[must_use]
    pub fn expiry(&self, key: K) -> Option<Instant> {
        self.by_key.get(&key).map(|&(at, _)| at)
    }

    /// The earliest timer.
    #[must_use]
    pub fn next(&self) -> Option<Deadline<K>> {
        self.by_time.first().map(|&(at, _, timer)| Deadline { at, timer })
    }

    /// Takes the earliest timer out if it has expired at `now`.
    pub fn pop_expired(&mut self, now: Instant) -> Option<K> {
        let deadline = self.next().filter(|deadline| deadline.at <= now)?;
        self.cancel(deadline.timer);
        Some(deadline.timer)
    }
}

impl<K: Ord + Copy> Default for Timers<K> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Instant {
        Instant::ZERO + Duration::from_secs(secs)
    }

    #[test]
    fn timers_are_served_by_time_and_then_by_order_of_setting() {
        let mut timers = Timers::new();
        timers.set('b', at(2));
        timers.set('c', at(1));
        timers.set('a', at(2));
        let served: Vec<char> = std::iter::from_fn(|| timers.pop_expired(at(2))).collect();
        assert_eq!(served, ['c', 'b', 'a']);
    }

    #[test]
    fn setting_a_running_timer_restarts_it() {
        let mut timers = Timers::new();
        timers.set('a', at(1));
        timers.set('a', at(5));
        assert_eq!(timers.pop_expired(at(4)), None);
        assert_eq!(timers.next(), Some(Deadline { at: at(5), timer: 'a' }));
        timers.cancel('a');
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn lowering_never_raises_and_never_starts() {
        let mut timers = Timers::new();
        assert!(!timers.lower('a', at(1)));
        timers.set('a', at(5));
        assert!(!timers.lower('a', at(6)));
        assert!(timers.lower('a', at(3)));
        assert_eq!(timers.next(), Some(Deadline { at: at(3), timer: 'a' }));
    }

    #[test]
    fn instants_print_as_seconds() {
        let instant = Instant::from_nanos(12_418_999_999);
        assert_eq!(instant.to_string(), "12.418 s");
        assert_eq!(format!("{instant:.6}"), "12.418999 s");
        assert_eq!(Seconds(Duration::from_millis(500), 1).to_string(), "0.5 s");
    }
}
