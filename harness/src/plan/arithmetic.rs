//! Sums of protocol intervals that can be computed, and shown as they were computed.

use std::time::Duration;

use castnet::time::{Instant, Seconds};
use serde::{Deserialize, Serialize};

use super::{Act, ActId};

/// One summand of a time: `LMQT 1.000 s (LMQC 2 x LMQI 0.500 s)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Whether it is subtracted.
    pub minus: bool,
    /// How long.
    pub duration: Duration,
    /// Whether it is made of an interval of the protocol.
    #[serde(default)]
    pub is_interval: bool,
    /// In words.
    pub text: String,
}

impl Part {
    /// The tolerance, as it is added to a limit.
    #[must_use]
    pub fn tolerance(tolerance: Duration) -> Self {
        let text = format!("tolerance {}", Seconds(tolerance, 3));
        Self { minus: false, duration: tolerance, is_interval: false, text }
    }
}

/// A length of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Length {
    /// As the author wrote it.
    pub text: String,
    /// The summands.
    pub parts: Vec<Part>,
}

/// A point in time, from an act or from the start of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// The act that the moment counts from, with its name; `None` is the start of the run.
    pub text: String,
    /// The act that it counts from, with its name; `None` is the start of the run.
    pub anchor: Option<(ActId, String)>,
    /// The summands.
    pub parts: Vec<Part>,
}

/// How many; both ends are included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// At least.
    pub min: u32,
    /// At most.
    pub max: Option<u32>,
    /// In words: `LMQC 2`, `at least 1`.
    pub text: String,
}

impl Count {
    /// Whether the count must be zero.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.max == Some(0)
    }

    /// Whether so many are as claimed.
    #[must_use]
    pub fn allows(&self, found: u64) -> bool {
        found >= self.min.into() && self.max.is_none_or(|max| found <= max.into())
    }
}

impl Length {
    /// The sum; zero if more is subtracted than added.
    #[must_use]
    pub fn duration(&self) -> Duration {
        sum(Duration::ZERO, &self.parts)
    }

    /// The sum as it was computed: `LMQT (...) 1.000 s + tolerance 0.100 s = 1.100 s`.
    #[must_use]
    pub fn arithmetic(&self, more: &[Part]) -> String {
        let parts: Vec<&Part> = self.parts.iter().chain(more).collect();
        let mut text = String::new();
        for part in &parts {
            text.push_str(match (part.minus, text.is_empty()) {
                (true, true) => "- ",
                (true, false) => " - ",
                (false, true) => "",
                (false, false) => " + ",
            });
            text.push_str(&part.text);
        }
        if parts.len() > 1 {
            text.push_str(&format!(" = {}", Seconds(sum(Duration::ZERO, parts), 3)));
        }
        text
    }

    /// Whether more is subtracted than added.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        signed(Duration::ZERO, &self.parts) < 0
    }
}

impl Moment {
    /// The start of the run.
    #[must_use]
    pub fn start() -> Self {
        Self { text: "start".to_owned(), anchor: None, parts: Vec::new() }
    }

    /// The instant, given when each act was done; `None` if its act was not done.
    pub fn instant(&self, act_at: impl Fn(ActId) -> Option<Instant>) -> Option<Instant> {
        let anchor = match &self.anchor {
            Some((act, _)) => act_at(*act)?,
            None => Instant::ZERO,
        };
        Some(Instant::ZERO + sum(anchor.since_start(), &self.parts))
    }

    /// The time by plan, if these are the acts.
    #[must_use]
    pub fn planned(&self, acts: &[Act]) -> Duration {
        let at = self.instant(|act| acts.get(act).map(|act| Instant::ZERO + act.at));
        at.unwrap_or_default().since_start()
    }

    /// Whether it lies before the start of the run if its act is done at `anchor`.
    #[must_use]
    pub fn is_before_start(&self, anchor: Instant) -> bool {
        signed(anchor.since_start(), &self.parts) < 0
    }

    /// The sum as it was computed: `leave at 5.001 s + LMQT 1.000 s (...) + 0.100 s = 6.101 s`.
    #[must_use]
    pub fn arithmetic(&self, anchor: Option<Instant>, more: &[Part]) -> String {
        let start = anchor.unwrap_or_default();
        let mut text = match (&self.anchor, anchor) {
            (Some((_, name)), Some(at)) => format!("{name} at {at}"),
            (Some((_, name)), None) => format!("{name}, which was not done"),
            (None, _) => "start at 0.000 s".to_owned(),
        };
        let parts: Vec<&Part> = self.parts.iter().chain(more).collect();
        for part in &parts {
            text.push_str(if part.minus { " - " } else { " + " });
            text.push_str(&part.text);
        }
        if !parts.is_empty() {
            let total = sum(start.since_start(), parts);
            text.push_str(&format!(" = {}", Seconds(total, 3)));
        }
        text
    }
}

fn sum<'a>(start: Duration, parts: impl IntoIterator<Item = &'a Part>) -> Duration {
    let total = signed(start, parts);
    Duration::from_nanos(u64::try_from(total.max(0)).unwrap_or(u64::MAX))
}

/// Nanoseconds; signed, because "5s - 6s + ..." may dip below zero on its way.
fn signed<'a>(start: Duration, parts: impl IntoIterator<Item = &'a Part>) -> i128 {
    let start = i128::try_from(start.as_nanos()).unwrap_or(i128::MAX);
    parts.into_iter().fold(start, |total, part| {
        let nanos = i128::try_from(part.duration.as_nanos()).unwrap_or(i128::MAX);
        if part.minus { total.saturating_sub(nanos) } else { total.saturating_add(nanos) }
    })
}
