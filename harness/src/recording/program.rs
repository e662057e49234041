//! What programs on nodes wrote, and how they ended.

use castnet::time::Instant;
use serde::{Deserialize, Serialize};

use crate::plan::{ActId, NodeId};

/// Who has started a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Origin {
    /// An act.
    Act(ActId),
    /// The software of this node; the program's name.
    Device(NodeId, String),
}

/// What a program wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramOutput {
    /// Who has started it.
    pub origin: Origin,
    /// How it ended, in words; `None` if it still ran at the end of the run.
    pub status: Option<String>,
    /// Its exit status; `None` if it has none, because it still ran or a signal ended it.
    #[serde(default)]
    pub exit: Option<u8>,
    /// When it ended by itself.
    #[serde(default)]
    pub ended: Option<Instant>,
    /// The beginning and the end of what it wrote to standard output and standard error.
    pub octets: Vec<u8>,
    /// How many octets between them are left out.
    #[serde(default)]
    pub left_out: u64,
}

impl ProgramOutput {
    /// What a program of a device wrote, or a file of it holds.
    #[must_use]
    pub const fn of_device(origin: Origin, status: Option<String>, octets: Vec<u8>) -> Self {
        Self { origin, status, exit: None, ended: None, octets, left_out: 0 }
    }
}
