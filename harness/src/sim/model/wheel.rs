//! Several timers of the kernel, and the order in which it serves those of one tick.
//!
//! A slot of the wheel is a stack: what was set last is served first, and coarser slots come before
//! finer ones (`collect_expired_timers` in kernel/time/timer.c). Refuses what several CPUs do to that
//! order: each has a wheel of its own.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use castnet::time::Instant;

use super::jiffies::{jiffies, slot};

/// Where a timer is: the level of its slot, from the coarsest to the finest, and its place there.
type Rank = (Reverse<u32>, Reverse<u64>);

/// The running timers, each with its subject.
#[derive(Clone, Debug)]
pub(super) struct Wheel<K> {
    by_key: BTreeMap<K, (Instant, Rank)>,
    by_time: BTreeSet<(Instant, Rank, K)>,
    set_so_far: u64,
}

impl<K: Ord + Copy> Wheel<K> {
    /// No timer runs.
    pub(super) const fn new() -> Self {
        Self { by_key: BTreeMap::new(), by_time: BTreeSet::new(), set_so_far: 0 }
    }

    /// Sets the timer for so many ticks from now, whether or not it runs.
    pub(super) fn set(&mut self, now: Instant, key: K, ticks: u64) {
        self.set_for(now, key, jiffies(now).saturating_add(ticks));
    }

    /// Sets the timer for the tick. One that stays in its slot keeps its place there.
    pub(super) fn set_for(&mut self, now: Instant, key: K, tick: u64) {
        let (level, at) = slot(now, tick);
        let level = Reverse(level);
        if self.by_key.get(&key).is_some_and(|(old, (of, _))| (*old, *of) == (at, level)) {
            return;
        }
        self.cancel(key);
        self.set_so_far += 1;
        let rank = (level, Reverse(self.set_so_far));
        self.by_key.insert(key, (at, rank));
        self.by_time.insert((at, rank, key));
    }

    /// Stops the timer, if it runs.
    pub(super) fn cancel(&mut self, key: K) {
        if let Some((at, rank)) = self.by_key.remove(&key) {
            self.by_time.remove(&(at, rank, key));
        }
    }

    /// Whether the timer runs.
    pub(super) fn runs(&self, key: K) -> bool {
        self.by_key.contains_key(&key)
    }

    /// When the next timer is served.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.by_time.first().map(|&(at, ..)| at)
    }

    /// Stops and returns the timer that is served first, if its time has come.
    pub(super) fn pop_expired(&mut self, now: Instant) -> Option<K> {
        let &(at, _, key) = self.by_time.first()?;
        if at > now {
            return None;
        }
        self.cancel(key);
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Instant {
        Instant::from_nanos(ms * 1_000_000)
    }

    fn served(wheel: &mut Wheel<char>, now: u64) -> String {
        std::iter::from_fn(|| wheel.pop_expired(ms(now))).collect()
    }

    #[test]
    fn of_one_tick_the_last_set_is_served_first_and_a_coarse_slot_before_a_fine_one() {
        let mut wheel = Wheel::new();
        // Ticks 64 to 71 share a slot that is served at tick 72.
        wheel.set(ms(0), 'a', 64);
        wheel.set(ms(0), 'b', 71);
        // The same tick, from nearer by.
        wheel.set(ms(200), 'c', 21);
        assert_eq!(wheel.deadline(), Some(ms(288)));
        assert_eq!(served(&mut wheel, 287), "");
        assert_eq!(served(&mut wheel, 288), "bac");
        assert!(!wheel.runs('a'));
    }

    #[test]
    fn a_timer_that_stays_in_its_slot_keeps_its_place() {
        let mut wheel = Wheel::new();
        wheel.set(ms(0), 'a', 64);
        wheel.set(ms(0), 'b', 64);
        wheel.set(ms(0), 'a', 70);
        assert_eq!(served(&mut wheel, 400), "ba");
        wheel.set(ms(400), 'a', 64);
        wheel.set(ms(400), 'b', 64);
        wheel.cancel('a');
        wheel.set(ms(400), 'a', 64);
        assert_eq!(served(&mut wheel, 800), "ab");
    }
}
