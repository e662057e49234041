//! The laboratory on a kernel of its own: User-Mode Linux in virtual time, where waiting takes no time
//! (ARCH=um, CONFIG_UML_TIME_TRAVEL_SUPPORT, `time-travel=inf-cpu`).
//!
//! [`run`] starts the kernel as an ordinary process of the host, with this very program as its first
//! process ([`inside`]), which runs the plan as on the host and powers off. The plan goes in and the
//! answer comes out as files of one folder; the rest of the host's files is read-only there. Refuses to
//! judge: a recording made so is one of the real kernel.

mod inside;
mod outside;

use serde::{Deserialize, Serialize};

use crate::recording::Recording;

pub use outside::run;

/// The variable of the first process with the folder that it shares with the host.
const FOLDER: &str = "CASTNET_GUEST";
/// The file with the plan.
const PLAN: &str = "plan.json";
/// The file with the answer.
const ANSWER: &str = "answer.json";

/// What the first process says of the run.
#[derive(Serialize, Deserialize)]
enum Answer {
    /// The recording of it.
    Recorded(Box<Recording>),
    /// The node, by name, and what it needs that this kernel does not have.
    Unsupported(String, String),
    /// Why the laboratory failed.
    Broken(String),
}
