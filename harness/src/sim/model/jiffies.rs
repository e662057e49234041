//! Time as the kernel's timers see it: ticks, and a wheel that is coarser for later timers.
//!
//! A timer is never served early, so it waits for the tick after the one that it was set for.
//! Beyond 63 ticks the wheel's slots are 8 ticks wide, beyond 504 they are 64, and so on by eights:
//! a timer comes late by up to an eighth of its time (kernel/time/timer.c). All nodes of a
//! laboratory share one kernel, and a simulation is the same: their ticks coincide.

use std::time::Duration;

use castnet::rng::Rng;
use castnet::time::Instant;

/// One tick at `CONFIG_HZ` = 250, which most distributions choose.
pub const TICK: Duration = Duration::from_millis(4);

const TICK_NS: u64 = TICK.as_nanos() as u64;

/// How many ticks away a timer of the wheel's first level may be.
const FIRST_LEVEL: u64 = 63;

/// The number of the wheel's levels; the last one also takes timers beyond it.
const LEVELS: u32 = 9;

/// The number of the tick that `now` is in (`jiffies`).
#[must_use]
pub const fn jiffies(now: Instant) -> u64 {
    now.as_nanos() / TICK_NS
}

/// Whole ticks in a duration.
#[must_use]
pub fn ticks(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX) / TICK_NS
}

/// A uniform number of ticks below `most`; zero if `most` is zero.
pub fn below(most: u64, rng: &mut Rng) -> u64 {
    let drawn = rng.delay(Duration::from_nanos(most)).as_nanos();
    u64::try_from(drawn).unwrap_or(u64::MAX).saturating_sub(1)
}

/// When a timer set for so many ticks from now is served.
#[must_use]
pub fn after(now: Instant, ticks: u64) -> Instant {
    slot(now, jiffies(now).saturating_add(ticks)).1
}

/// The level of the wheel's slot for a timer that is set now for the tick `expires`, and when the slot
/// is served.
#[must_use]
pub fn slot(now: Instant, expires: u64) -> (u32, Instant) {
    let (level, served) = place(now, expires);
    (level, start_of(served))
}

/// The level of a slot, and the tick at which it is served.
fn place(now: Instant, expires: u64) -> (u32, u64) {
    let next = jiffies(now) + 1;
    if expires < next {
        return (0, next);
    }
    let (mut reach, mut level) = (FIRST_LEVEL, 0);
    while expires - next >= reach && level < LEVELS - 1 {
        reach <<= 3;
        level += 1;
    }
    (level, ((expires >> (3 * level)) + 1) << (3 * level))
}

const fn start_of(tick: u64) -> Instant {
    Instant::from_nanos(tick.saturating_mul(TICK_NS))
}

/// A timer of the kernel: at rest, or set for a tick and served at a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// The tick that it was set for.
    expires: u64,
    /// The tick at which the wheel serves it; [`u64::MAX`] while it rests.
    served: u64,
}

impl Timer {
    /// A timer that does not run.
    pub const RESTING: Self = Self { expires: 0, served: u64::MAX };

    /// Sets the timer for so many ticks from now, and drops an earlier setting.
    pub fn set(&mut self, now: Instant, ticks: u64) {
        self.expires = jiffies(now).saturating_add(ticks);
        self.served = place(now, self.expires).1;
    }

    /// Stops the timer, if it runs.
    pub const fn stop(&mut self) {
        *self = Self::RESTING;
    }

    /// Whether it runs.
    #[must_use]
    pub const fn runs(&self) -> bool {
        self.served != u64::MAX
    }

    /// Ticks until the tick that it was set for, if it runs.
    #[must_use]
    pub fn left(&self, now: Instant) -> Option<u64> {
        self.runs().then(|| self.expires.saturating_sub(jiffies(now)))
    }

    /// Whether it runs, and the tick that it was set for is over.
    #[must_use]
    pub fn is_late(&self, now: Instant) -> bool {
        self.runs() && self.expires < jiffies(now)
    }

    /// When it is served, if it runs.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.runs().then(|| start_of(self.served))
    }

    /// Stops the timer and returns true if its time has come.
    pub fn take(&mut self, now: Instant) -> bool {
        let has_expired = self.runs() && self.served <= jiffies(now);
        if has_expired {
            self.stop();
        }
        has_expired
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_at(ms: u64, ticks: u64) -> Timer {
        let mut timer = Timer::RESTING;
        timer.set(Instant::from_nanos(ms * 1_000_000), ticks);
        timer
    }

    fn served_ms(ms: u64, ticks: u64) -> u128 {
        set_at(ms, ticks).deadline().unwrap().since_start().as_millis()
    }

    #[test]
    fn a_timer_is_served_at_the_tick_after_its_own() {
        assert_eq!(served_ms(0, 2), 12);
        assert_eq!(served_ms(3, 2), 12);
        assert_eq!(served_ms(4, 2), 16);
        // A timer due at once waits for the next tick, and no longer.
        assert_eq!(served_ms(0, 0), 4);
        assert_eq!(served_ms(0, 63), 256);
    }

    #[test]
    fn a_far_timer_is_late_by_an_eighth_at_most() {
        // Slots of 8 ticks from 64 on, and of 64 ticks from 505 on.
        assert_eq!(served_ms(0, 64), 72 * 4);
        assert_eq!(served_ms(0, 250), 256 * 4);
        assert_eq!(served_ms(0, 504), 512 * 4);
        assert_eq!(served_ms(0, 505), 512 * 4);
        assert_eq!(served_ms(0, 512), 576 * 4);
        for ticks in [1, 62, 63, 64, 250, 503, 504, 505, 4_031, 4_033, 65_000, 5_000_000] {
            let late = set_at(1_000, ticks).deadline().unwrap().as_nanos() / TICK_NS - 250 - ticks;
            assert!((1..=1 + ticks / 7).contains(&late), "{ticks} ticks came {late} late");
        }
    }

    #[test]
    fn a_timer_is_taken_once_and_not_early() {
        let mut timer = set_at(0, 2);
        assert_eq!(timer.left(Instant::from_nanos(4_000_000)), Some(1));
        assert!(!timer.take(Instant::from_nanos(11_999_999)));
        assert!(timer.take(Instant::from_nanos(12_000_000)));
        assert!(!timer.take(Instant::from_nanos(12_000_000)));
        assert_eq!((timer.left(Instant::ZERO), timer.deadline()), (None, None));
    }

    #[test]
    fn a_draw_is_below_its_bound() {
        let mut rng = Rng::for_node(1, "h1");
        let drawn: std::collections::BTreeSet<u64> = (0..100).map(|_| below(3, &mut rng)).collect();
        assert_eq!(drawn, [0, 1, 2].into());
        assert_eq!((below(1, &mut rng), below(0, &mut rng)), (0, 0));
    }
}
