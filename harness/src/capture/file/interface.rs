//! An interface of a pcapng: what its stamps mean, and how many frames it dropped.

use std::time::Duration;

use super::Reading;
use crate::capture::link::LinkType;

const NANOS: u128 = 1_000_000_000;

/// An interface of the section.
pub(super) struct Interface {
    pub(super) name: Option<String>,
    pub(super) link_type: LinkType,
    /// The longest part of a frame that is captured, in octets; 0 without a limit.
    pub(super) snap_len: u32,
    /// The unit of stamps: 10 to the minus n seconds, or with the upper bit 2 to the minus n.
    pub(super) resolution: u8,
    /// Seconds to be added to each stamp.
    pub(super) offset: i64,
    pub(super) drops: Drops,
}

impl Interface {
    /// The time of a stamp; `None` before 1970.
    pub(super) fn since_1970(&self, stamp: u64) -> Option<Duration> {
        let exponent = u32::from(self.resolution & 0x7f);
        let stamp = u128::from(stamp);
        // Whole seconds and the rest apart: 2^64 times 10^9 still fits 128 bits.
        let nanos = match self.resolution & 0x80 {
            0 => match 10_u128.checked_pow(exponent) {
                Some(unit) if exponent <= 9 => stamp * (NANOS / unit),
                Some(unit) => stamp / (unit / NANOS),
                None => 0,
            },
            _ => (stamp * NANOS) >> exponent,
        };
        let seconds = u64::try_from(nanos / NANOS).ok()?;
        let nanos = u32::try_from(nanos % NANOS).ok()?;
        Some(Duration::new(seconds.checked_add_signed(self.offset)?, nanos))
    }
}

/// Frames that an interface dropped. Its packets tell of them one after the other, and its
/// statistics of all up to there; they are the same frames.
#[derive(Clone, Copy, Default)]
pub(super) struct Drops {
    by_packets: u64,
    told: u64,
}

impl Drops {
    /// All that were dropped up to now are so many.
    pub(super) fn raise(&mut self, total: u64, reading: &mut Reading) {
        reading.dropped = reading.dropped.saturating_add(total.saturating_sub(self.told));
        self.told = self.told.max(total);
    }

    pub(super) fn add(&mut self, count: u64, reading: &mut Reading) {
        self.by_packets = self.by_packets.saturating_add(count);
        self.raise(self.by_packets, reading);
    }
}
