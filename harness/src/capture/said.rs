//! What the comments in castnet's own captures say, as values: written by one half of this file and
//! read by the other.

use std::fmt;
use std::time::Duration;

use castnet::time::Seconds;

/// What a comment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Time zero of the run, since 1970.
    Zero(Duration),
    /// An act was done at this time of the run.
    Act {
        /// When.
        at: Duration,
        /// The act in words.
        words: String,
        /// Its name, if it has one.
        name: Option<String>,
    },
    /// A check failed, or a rule was broken, at this time of the run.
    Failed {
        /// When.
        at: Duration,
        /// The claim or the rule.
        what: String,
    },
    /// These ports never received the frame.
    Missed {
        /// The ports by their names, as in `h1:lan`.
        ports: Vec<String>,
        /// What took the frame, if a fault did.
        by: Option<String>,
    },
    /// A fault struck the copy of the frame for this port, which received it.
    Struck {
        /// The port by its name.
        port: String,
        /// When it received the frame.
        at: Duration,
        /// What was done.
        by: String,
    },
}

/// Begins the comment of what happened after the last frame.
pub const AFTER: &str = "after this frame: ";

const ZERO: &str = "time zero ";
const ACT: &str = "act at ";
const FAILED: &str = "FAIL at ";
const MISSED: &str = "not received by ";
const STRUCK: &str = "received by ";

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero(zero) => write!(f, "{ZERO}{} since 1970", Seconds(*zero, 9)),
            Self::Act { at, words, name } => {
                write!(f, "{ACT}{}: {words}", Seconds(*at, 6))?;
                name.iter().try_for_each(|name| write!(f, " ({name})"))
            }
            Self::Failed { at, what } => write!(f, "{FAILED}{}: {what}", Seconds(*at, 6)),
            Self::Missed { ports, by } => {
                write!(f, "{MISSED}{}", ports.join(", "))?;
                by.iter().try_for_each(|by| write!(f, ": {by}"))
            }
            Self::Struck { port, at, by } => {
                write!(f, "{STRUCK}{port} at {}: {by}", Seconds(*at, 6))
            }
        }
    }
}

impl Said {
    /// Reads a comment; `None` if it is another one, or of another tool.
    #[must_use]
    pub fn read(comment: &str) -> Option<Self> {
        let comment = comment.strip_prefix(AFTER).unwrap_or(comment);
        let timed = |text: &str| {
            let (at, what) = text.split_once(" s: ")?;
            Some((seconds(at)?, what.to_owned()))
        };
        if let Some(rest) = comment.strip_prefix(ZERO) {
            return seconds(rest.split(' ').next()?).map(Self::Zero);
        }
        if let Some(rest) = comment.strip_prefix(ACT) {
            let (at, what) = timed(rest)?;
            let named = what.strip_suffix(')').and_then(|what| what.rsplit_once(" ("));
            let (words, name) = match named {
                Some((words, name)) => (words.to_owned(), Some(name.to_owned())),
                None => (what, None),
            };
            return Some(Self::Act { at, words, name });
        }
        if let Some(rest) = comment.strip_prefix(FAILED) {
            return timed(rest).map(|(at, what)| Self::Failed { at, what });
        }
        if let Some(rest) = comment.strip_prefix(MISSED) {
            let (ports, by) = rest.split_once(": ").map_or((rest, None), |(a, b)| (a, Some(b)));
            let ports = ports.split(", ").map(str::to_owned).collect();
            return Some(Self::Missed { ports, by: by.map(str::to_owned) });
        }
        let (port, rest) = comment.strip_prefix(STRUCK)?.split_once(" at ")?;
        let (at, by) = timed(rest)?;
        Some(Self::Struck { port: port.to_owned(), at, by })
    }
}

/// Seconds with or without decimals.
fn seconds(text: &str) -> Option<Duration> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let nanos = format!("{decimals:0<9}");
    let nanos = nanos.get(..9)?.parse().ok()?;
    Some(Duration::new(whole.parse().ok()?, nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let (at, words) = (Duration::from_micros(2_000_390), "h1 leaves 239.1.1.1".to_owned());
        let ports = || vec!["h1:lan".to_owned(), "h2:lan".to_owned()];
        let all = [
            Said::Zero(Duration::new(1_800_000_000, 1)),
            Said::Act { at, words: words.clone(), name: Some("leave".to_owned()) },
            Said::Act { at, words, name: None },
            Said::Failed { at, what: "lan: LMQC 2 query: none (line 9)".to_owned() },
            Said::Missed { ports: ports(), by: Some("dropped by fault, line 58".to_owned()) },
            Said::Missed { ports: ports(), by: None },
            Said::Struck { port: "h1:lan".to_owned(), at, by: "corrupted by fault".to_owned() },
        ];
        for said in all {
            assert_eq!(Said::read(&said.to_string()), Some(said.clone()), "{said}");
            assert_eq!(Said::read(&format!("{AFTER}{said}")), Some(said));
        }
        assert_eq!(Said::read("a remark of Wireshark"), None);
        assert_eq!(Said::read("act at noon"), None);
    }
}
