//! What the rules of faulty links did to frames.

use std::fmt;
use std::time::Duration;

use castnet::time::{Instant, Seconds};
use serde::{Deserialize, Serialize};

use crate::plan::PortId;

/// A frame that a fault rule struck, or that was still on a link when the run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Struck {
    /// When it entered the link; of a frame still under way, when it would have arrived.
    pub at: Instant,
    /// The position of the rule in [`Plan::faults`](crate::plan::Plan::faults); `None` if no rule has
    /// changed anything about it.
    pub fault: Option<usize>,
    /// The port that sent it; of a frame still under way, the port that it was to reach.
    pub port: PortId,
    /// The port that it was on its way to; `None` if the rule treated all alike.
    pub to: Option<PortId>,
    /// The frame as it entered, from the Ethernet header on.
    pub bytes: Vec<u8>,
    /// What was done to it.
    pub strike: Strike,
    /// The line of the file with the rule, if a rule did it.
    pub line: Option<usize>,
}

/// What happens to a frame on a link with faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Strike {
    /// It was dropped.
    Dropped,
    /// It was dropped, since as many frames waited at its port as there may.
    Overflowed,
    /// It was kept from the other side of a partition.
    CutOff,
    /// It was delayed by this much.
    Delayed(Duration),
    /// This many copies were added to each that was under way.
    Duplicated(u32),
    /// Its checksum was spoiled.
    Corrupted,
    /// Its checksum was to be spoiled, but it has none.
    Unharmed,
    /// It was held back until others have overtaken it.
    HeldBack,
    /// It had not arrived when the run ended.
    UnderWay,
}

impl Strike {
    /// Whether the frame never arrives.
    #[must_use]
    pub const fn is_loss(self) -> bool {
        matches!(self, Self::Dropped | Self::Overflowed | Self::CutOff | Self::UnderWay)
    }
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dropped => f.write_str("dropped"),
            Self::Overflowed => f.write_str("dropped by a full queue"),
            Self::CutOff => f.write_str("cut off"),
            Self::Delayed(by) => write!(f, "delayed {}", Seconds(*by, 3)),
            Self::Duplicated(1) => f.write_str("duplicated"),
            Self::Duplicated(copies) => write!(f, "duplicated {copies} times"),
            Self::Corrupted => f.write_str("corrupted"),
            Self::Unharmed => f.write_str("not long enough to be corrupted"),
            Self::HeldBack => f.write_str("held back"),
            Self::UnderWay => f.write_str("still under way when the run ended"),
        }
    }
}

impl Struck {
    /// What was done, and the line of the file with the rule: `dropped (line 31)`.
    #[must_use]
    pub fn text(&self) -> String {
        let line = self.line.map(|line| format!(" (line {line})"));
        format!("{}{}", self.strike, line.unwrap_or_default())
    }
}
