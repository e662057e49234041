//! The laboratory on a kernel of its own, in virtual time, where waiting takes no time: User-Mode Linux
//! (ARCH=um, CONFIG_UML_TIME_TRAVEL_SUPPORT, `time-travel=inf-cpu`), or a kernel of a distribution in a
//! machine that QEMU computes ([`machine`]).
//!
//! [`run`] starts the kernel as an ordinary process of the host, with this very program as its first
//! process ([`inside`]), which runs the plan as on the host and powers off. With User-Mode Linux the plan goes
//! in and the answer comes out as files of one folder, and the rest of the host's files is read-only there;
//! a machine sees what its archive holds ([`image`]), and answers over a port. Refuses to judge: a recording made so is one of the real kernel.

mod image;
mod inside;
mod machine;
mod outside;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::plan::Plan;
use crate::recording::Recording;

pub use outside::{is_image, run};

/// The folder that guest and host share, as the kernel's own process sees it. The command line must not
/// name the folder itself: the kernel mixes its command line into its random numbers.
const FOLDER: &str = "/proc/self/cwd";
/// The file with the order, in that folder.
const ORDER: &str = "order.json";
/// The file with the answer, in that folder.
const ANSWER: &str = "answer.json";
/// The link to this program, in that folder.
const INIT: &str = "init";
/// The variable that makes a first process the one of a guest.
const GUEST: &str = "CASTNET_GUEST";
/// What that variable says in a machine that QEMU computes.
const IN_MACHINE: &str = "machine";
/// The folder of modules in such a machine.
const MODULES: &str = "/modules";
/// The word of the command line, and the variable that it becomes if the kernel does not know it.
const SEED: &str = "seed";

/// What the first process has to do.
#[derive(Serialize, Deserialize)]
struct Order<'a> {
    /// The plan to run.
    plan: Cow<'a, Plan>,
    /// The current folder.
    here: PathBuf,
    /// The variables that programs get.
    environment: BTreeMap<String, String>,
}

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
