//! Points in time by their cause: `leave + 2*LMQI` instead of `3.004183 s`.
//!
//! A label is equal in every run in which one thing happened for one cause, however late the
//! machine was. Labels are ordered by the time that the scenario plans.

use std::fmt;
use std::time::Duration;

use castnet::time::Seconds;

/// When something happened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Label {
    /// The time if nothing were ever late.
    pub(super) planned: Duration,
    pub(super) spread: Spread,
    root: String,
    parts: Vec<(u32, String)>,
}

/// How much of the time is random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spread {
    /// No part: exactly then.
    At,
    /// Any time from then on within this interval.
    Within(&'static str),
    /// Some time from then on.
    After,
}

impl Label {
    /// The start of the run.
    pub(super) fn start() -> Self {
        Self::named(Duration::ZERO, "start")
    }

    /// The end of the run.
    pub(super) fn end(planned: Duration) -> Self {
        Self::named(planned, "end")
    }

    /// A time without a name.
    pub(super) fn literal(planned: Duration) -> Self {
        match planned.is_zero() {
            true => Self::start(),
            false => Self::named(planned, &Seconds(planned, 3).to_string()),
        }
    }

    /// A time with a name.
    pub(super) fn named(planned: Duration, root: &str) -> Self {
        Self { planned, spread: Spread::At, root: root.to_owned(), parts: Vec::new() }
    }

    /// So many times this interval later.
    pub(super) fn plus(&self, times: u32, name: &str, interval: Duration) -> Self {
        let mut later = self.clone();
        later.planned += interval * times;
        if times > 0 {
            match later.parts.last_mut() {
                Some((count, last)) if last == name => *count += times,
                _ => later.parts.push((times, name.to_owned())),
            }
        }
        later
    }

    pub(super) fn within(self, interval: &'static str) -> Self {
        Self { spread: Spread::Within(interval), ..self }
    }

    pub(super) fn after(self) -> Self {
        Self { spread: Spread::After, ..self }
    }

    pub(super) fn is_certain(&self) -> bool {
        self.spread == Spread::At
    }
}

impl fmt::Display for Label {
    /// `leave + 2*LMQI`, `start + SQI, within max resp`, `after leave`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.spread == Spread::After {
            f.write_str("after ")?;
        }
        f.write_str(&self.root)?;
        for (times, name) in &self.parts {
            match times {
                1 => write!(f, " + {name}")?,
                _ => write!(f, " + {times}*{name}")?,
            }
        }
        match self.spread {
            Spread::Within(interval) => write!(f, ", within {interval}"),
            Spread::At | Spread::After => Ok(()),
        }
    }
}
