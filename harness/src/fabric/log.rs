//! The log of a link's rules, frame by frame.

use std::fmt;
use std::sync::Arc;

use castnet::time::Instant;

use crate::recording::Strike;

/// A rule, or a full queue, struck a frame.
///
/// The octets and the serial number identify the frame, so that a reader who has seen it elsewhere,
/// in a capture for example, can recognise it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultEvent {
    /// When the frame entered the link.
    pub at: Instant,
    /// Index of the rule, from 0; messages show the index plus one. `None` if a full queue dropped it.
    pub rule: Option<usize>,
    /// The frame's number among all that entered the link, from 0.
    pub serial: u64,
    /// The port that the frame came from.
    pub port: usize,
    /// The port that the frame was on its way to; `None` if the rule treats all ports alike.
    pub to: Option<usize>,
    /// The frame as it entered.
    pub frame: Arc<[u8]>,
    /// What the rule did.
    pub what: Strike,
}

/// A frame that has entered the link and has not yet arrived everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its number among all frames that entered the link, from 0.
    pub serial: u64,
    /// The port that it is on its way to.
    pub to: usize,
    /// When it would arrive at the latest.
    pub due: Instant,
    /// The frame as it would arrive.
    pub frame: Arc<[u8]>,
}

impl fmt::Display for FaultEvent {
    /// `dropped by rule 2`, `dropped by a full queue`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        self.rule.map_or(Ok(()), |rule| write!(f, " by rule {}", rule + 1))
    }
}
