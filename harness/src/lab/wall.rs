//! The wall clock, by which the kernel stamps packets, beside the clock that nobody can set.
//!
//! A run has the time of CLOCK_MONOTONIC, and stamps have that of CLOCK_REALTIME, which may be set or drift
//! while a run lasts. So the distance of the two is measured again and again, and a stamp is translated by
//! the distance that was in force. Where a clock that was set back makes a stamp mean two instants, it means
//! none. The kernel itself is asked what time it stamps with: a program may be shown another clock.

use std::io::{self, IoSliceMut};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixDatagram;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::cmsg_space;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime};

/// What takes longer than this to measure is not exact enough on any machine.
const EXACT: Duration = Duration::from_micros(200);

/// How often it is tried in a row. The first measurements are as many, and the best of them shows what
/// this machine can do.
const TRIES: usize = 20;

/// A distance that differs by less is the same one. An act and the packet that it causes may be so near.
const SAME_NS: u128 = 20_000;

/// Between two measurements the clock may have drifted by so much.
const DRIFT_NS: u128 = 500_000;

/// A distance that differs by more was set.
const SET_NS: u128 = 5_000_000;

/// CLOCK_MONOTONIC.
///
/// # Panics
/// Never: Linux has this clock.
#[must_use]
pub fn monotonic() -> Duration {
    clock_gettime(ClockId::CLOCK_MONOTONIC).expect("Linux has this clock").into()
}

/// Measures the distance of the two clocks.
#[derive(Debug)]
pub struct Wall {
    mouth: UnixDatagram,
    ear: UnixDatagram,
    /// What took longer than this to measure is not exact enough.
    exact: Duration,
    distances: Mutex<Distances>,
}

impl Wall {
    /// Begins with a first measurement.
    ///
    /// # Errors
    /// Errors of sockets; `TimedOut` if the machine is too busy to measure anything.
    pub fn open() -> io::Result<Self> {
        let (mouth, ear) = UnixDatagram::pair()?;
        ear.set_nonblocking(true)?;
        setsockopt(&ear, sockopt::ReceiveTimestampns, &true)?;
        let mut wall = Self { mouth, ear, exact: EXACT, distances: Mutex::default() };
        let tries = (0..TRIES).map(|_| wall.sample());
        let tries = tries.collect::<io::Result<Vec<Sample>>>()?;
        let best = tries.iter().min_by_key(|sample| sample.took).filter(|best| best.took <= EXACT);
        let best = best.ok_or(io::ErrorKind::TimedOut)?;
        // Half of it is the error.
        wall.exact = (best.took * 2).min(EXACT);
        wall.distances().note(best.at, best.stamp);
        Ok(wall)
    }

    /// Measures again, if the machine is not too busy.
    ///
    /// # Errors
    /// Errors of sockets.
    pub fn measure(&self) -> io::Result<()> {
        for _ in 0..TRIES {
            let Sample { at, stamp, took } = self.sample()?;
            if took <= self.exact {
                self.distances().note(at, stamp);
                break;
            }
        }
        Ok(())
    }

    fn sample(&self) -> io::Result<Sample> {
        let before = monotonic();
        self.mouth.send(&[0])?;
        let took = monotonic().saturating_sub(before);
        Ok(Sample { at: before + took / 2, stamp: self.stamp()?, took })
    }

    /// The kernel's stamp of the datagram that waits.
    fn stamp(&self) -> io::Result<Duration> {
        let (mut octet, mut control) = ([0], cmsg_space!(TimeSpec));
        let mut slices = [IoSliceMut::new(&mut octet)];
        let fd = self.ear.as_raw_fd();
        let message = recvmsg::<()>(fd, &mut slices, Some(&mut control), MsgFlags::MSG_DONTWAIT)?;
        let stamp = message.cmsgs()?.find_map(|control| match control {
            ControlMessageOwned::ScmTimestampns(stamp) => Some(Duration::from(stamp)),
            _ => None,
        });
        stamp.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a datagram has no stamp"))
    }

    /// The distances measured so far.
    pub fn distances(&self) -> MutexGuard<'_, Distances> {
        self.distances.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// At this time of CLOCK_MONOTONIC the kernel stamped so, give or take half of what it took.
struct Sample {
    at: Duration,
    stamp: Duration,
    took: Duration,
}

/// How far the wall clock was ahead, and when.
#[derive(Clone, Debug, Default)]
pub struct Distances {
    eras: Vec<Era>,
}

/// A time in which the distance was the same.
#[derive(Clone, Copy, Debug)]
struct Era {
    /// How far the wall clock is ahead, in nanoseconds.
    ahead: i128,
    /// On CLOCK_MONOTONIC.
    first: Duration,
    last: Duration,
}

/// The wall clock was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockSet {
    /// By then, on CLOCK_MONOTONIC.
    pub at: Duration,
    /// How far, in nanoseconds; negative if it was set back.
    pub by: i128,
}

impl Distances {
    /// At this time of CLOCK_MONOTONIC, the wall clock showed this.
    pub fn note(&mut self, monotonic: Duration, wall: Duration) {
        let ahead = nanos(wall) - nanos(monotonic);
        match self.eras.last_mut() {
            Some(era) if era.ahead.abs_diff(ahead) <= SAME_NS => era.last = monotonic,
            _ => self.eras.push(Era { ahead, first: monotonic, last: monotonic }),
        }
    }

    /// The time of CLOCK_MONOTONIC at which the wall clock showed this; `None` if there is none, or are
    /// several.
    #[must_use]
    pub fn instant(&self, wall: Duration) -> Option<Duration> {
        let mut found: Option<i128> = None;
        for (index, era) in self.eras.iter().enumerate() {
            let at = nanos(wall) - era.ahead;
            // An era lasts at the least from its first measurement to its last, and at the most from the
            // last one of the era before to the first one of the era after.
            let before = index.checked_sub(1).and_then(|index| self.eras.get(index));
            let begins = before.map_or(i128::MIN, |era| nanos(era.last) - DRIFT_NS as i128);
            let after = self.eras.get(index + 1);
            let ends = after.map_or(i128::MAX, |era| nanos(era.first) + DRIFT_NS as i128);
            if !(begins..=ends).contains(&at) {
                continue;
            }
            match found {
                // Where one era drifts into the next, either will do.
                Some(found) if found.abs_diff(at) > SET_NS => return None,
                _ => _ = found.get_or_insert(at),
            }
        }
        Some(Duration::from_nanos(u64::try_from(found?).unwrap_or_default()))
    }

    /// When the wall clock was set, and how far.
    #[must_use]
    pub fn set(&self) -> Vec<ClockSet> {
        let pairs = self.eras.windows(2);
        let set =
            pairs.map(|pair| ClockSet { at: pair[1].first, by: pair[1].ahead - pair[0].ahead });
        set.filter(|set| set.by.unsigned_abs() > SET_NS).collect()
    }
}

fn nanos(time: Duration) -> i128 {
    i128::try_from(time.as_nanos()).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH: Duration = Duration::from_secs(1_800_000_000);

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// Measured every 20 ms for ten seconds; from the fifth one on the wall clock is off by this.
    fn set_by(milliseconds: i64) -> Distances {
        let mut distances = Distances::default();
        for at in (0..10_000).step_by(20) {
            distances.note(ms(at), wall(at, milliseconds));
        }
        distances
    }

    /// What the wall clock shows.
    fn wall(at: u64, off: i64) -> Duration {
        let shown = EPOCH + ms(at);
        match off {
            _ if at < 5000 => shown,
            off if off < 0 => shown - ms(off.unsigned_abs()),
            off => shown + ms(off.unsigned_abs()),
        }
    }

    #[test]
    fn a_stamp_means_when_the_wall_clock_showed_it() {
        let distances = set_by(0);
        assert_eq!(distances.set(), []);
        for at in [0, 1, 4999, 5000, 9999, 20_000] {
            assert_eq!(distances.instant(wall(at, 0)), Some(ms(at)));
        }
        assert_eq!(Distances::default().instant(EPOCH), None);
    }

    #[test]
    fn a_clock_that_is_set_forward_moves_nothing() {
        let distances = set_by(5000);
        assert_eq!(distances.set(), [ClockSet { at: ms(5000), by: 5_000_000_000 }]);
        for at in [0, 1000, 4979, 4999, 5000, 5001, 7000, 20_000] {
            assert_eq!(distances.instant(wall(at, 5000)), Some(ms(at)), "{at}");
        }
        // The wall clock never showed this.
        assert_eq!(distances.instant(EPOCH + ms(7000)), None);
    }

    #[test]
    fn a_clock_that_is_set_back_shows_some_times_twice() {
        let distances = set_by(-2000);
        assert_eq!(distances.set(), [ClockSet { at: ms(5000), by: -2_000_000_000 }]);
        for (at, known) in [(0, true), (2900, true), (7100, true), (9000, true), (20_000, true)] {
            assert_eq!(distances.instant(wall(at, -2000)).is_some(), known, "{at}");
        }
        for twice in [3100, 4000, 4900, 5100, 6000, 6900] {
            assert_eq!(distances.instant(wall(twice, -2000)), None, "{twice}");
        }
    }

    #[test]
    fn a_clock_that_drifts_is_followed_and_was_not_set() {
        // Half a millisecond a second, the fastest that adjtime(3) lets a clock drift.
        let mut distances = Distances::default();
        let shown = |at: u64| EPOCH + ms(at) + Duration::from_nanos(at * 500);
        for at in (0..60_000).step_by(20) {
            distances.note(ms(at), shown(at));
        }
        assert_eq!(distances.set(), []);
        for at in (7..60_000).step_by(1000) {
            let found = distances.instant(shown(at)).unwrap();
            let off = found.abs_diff(ms(at));
            assert!(off < Duration::from_micros(50), "{found:?} is not {at} ms");
        }
    }

    #[test]
    fn nobody_who_slept_knows_when_the_clock_was_set() {
        let mut distances = Distances::default();
        distances.note(ms(0), EPOCH);
        distances.note(ms(4000), EPOCH + ms(5000));
        assert_eq!(distances.set(), [ClockSet { at: ms(4000), by: 1_000_000_000 }]);
        assert_eq!(distances.instant(EPOCH + ms(500)), Some(ms(500)));
        // Before it was set at three seconds, or after it was set at one.
        assert_eq!(distances.instant(EPOCH + ms(3000)), None);
        assert_eq!(distances.instant(EPOCH + ms(6000)), Some(ms(5000)));
    }

    #[test]
    fn the_kernel_is_asked_for_its_own_time() {
        let wall = Wall::open().unwrap();
        let before = monotonic();
        wall.mouth.send(&[0]).unwrap();
        let after = monotonic();
        let stamp = wall.stamp().unwrap();
        let at = wall.distances().instant(stamp).unwrap();
        let slack = EXACT;
        assert!(before <= at + slack && at <= after + slack, "{before:?} {at:?} {after:?}");
    }
}
