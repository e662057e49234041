//! What was measured for a claim, and how it is written.

use std::fmt;
use std::time::Duration;

use castnet::time::Seconds;

/// A measurement for a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// The key of the claim.
    pub name: &'static str,
    /// The measured value.
    pub value: Value,
}

/// A value that was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A length of time.
    Time(Duration),
    /// How many.
    Number(u64),
    /// How many of so many.
    Share {
        /// How many.
        found: u64,
        /// Of how many; at least one.
        of: u64,
    },
}

impl fmt::Display for Measure {
    /// `join-latency 0.012 s`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value {
            Value::Time(time) => write!(f, "{} {}", self.name, Seconds(time, 6)),
            Value::Number(number) => write!(f, "{} {number}", self.name),
            Value::Share { found, of } => {
                let percent = (percent(found, of) * 1e4).round() / 1e4;
                write!(f, "{} {percent}% ({found} of {of})", self.name)
            }
        }
    }
}

/// The part in percent.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "fewer datagrams than 2^52")]
pub fn percent(found: u64, of: u64) -> f64 {
    100.0 * found as f64 / of as f64
}
