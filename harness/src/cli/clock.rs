//! The times of a capture, as `--time` wants them.

use std::time::Duration;

use castnet::time::Seconds;
use castnet_lab::report::ladder::{RunTime, Stamps};
use chrono::{DateTime, TimeDelta, Utc};
use clap::ValueEnum;
use tz::TimeZone;

/// How times are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Time {
    /// From time zero of the run in castnet's own captures, as verdicts count; in captures of other
    /// tools from the first frame.
    #[default]
    Relative,
    /// Date and time of day, in the time zone of TZ or else of this machine.
    Absolute,
    /// From the line above.
    Delta,
}

/// Writes times of one capture, from top to bottom.
pub(super) struct Clock {
    time: Time,
    /// Time zero, since 1970.
    zero: Duration,
    above: Option<i64>,
    zone: TimeZone,
}

/// The time zone of TZ, or else of this machine; UTC where neither names one.
pub(super) fn zone() -> Result<TimeZone, String> {
    let Some(named) = std::env::var_os("TZ") else {
        return Ok(TimeZone::local().unwrap_or_else(|_| TimeZone::utc()));
    };
    let named = named.to_string_lossy();
    if named.is_empty() {
        return Ok(TimeZone::utc());
    }
    TimeZone::from_posix_tz(&named).map_err(|error| format!("TZ={named}: {error}"))
}

impl Clock {
    pub(super) const fn new(time: Time, zero: Duration, zone: TimeZone) -> Self {
        Self { time, zero, above: None, zone }
    }

    /// A stamp in nanoseconds from time zero.
    pub(super) fn at(&self, stamp: Duration) -> i64 {
        let nanos = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
        nanos(stamp).saturating_sub(nanos(self.zero))
    }

    /// The instant, in nanoseconds since 1970.
    fn since_1970(&self, at: i64) -> i64 {
        at.saturating_add(self.at(Duration::ZERO).saturating_neg())
    }

    /// The instant as RFC 3339 has it, in UTC.
    pub(super) fn utc(&self, at: i64) -> String {
        let utc: DateTime<Utc> = DateTime::from_timestamp_nanos(self.since_1970(at));
        utc.format("%Y-%m-%dT%H:%M:%S%.9fZ").to_string()
    }
}

impl Stamps for Clock {
    fn row(&mut self, at: i64) -> String {
        let above = self.above.replace(at).unwrap_or(at);
        match self.time {
            Time::Delta if at < above => RunTime.moment(at - above),
            Time::Delta => {
                format!("+{}", Seconds(Duration::from_nanos(at.abs_diff(above)), 6))
            }
            Time::Relative | Time::Absolute => self.moment(at),
        }
    }

    fn moment(&self, at: i64) -> String {
        match self.time {
            Time::Relative | Time::Delta => RunTime.moment(at),
            Time::Absolute => {
                let utc = DateTime::from_timestamp_nanos(self.since_1970(at));
                let local = self.zone.find_local_time_type(utc.timestamp());
                let offset = local.map_or(0, |local| local.ut_offset());
                let local = utc + TimeDelta::seconds(offset.into());
                local.format("%Y-%m-%d %H:%M:%S%.6f").to_string()
            }
        }
    }
}
