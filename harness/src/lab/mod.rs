//! The ground floor of the lab: network namespaces, links between them, and one capture of it all.
//!
//! It builds what it is told on the running kernel and hands back every frame that crossed a port.
//! It knows no scenario, role or verdict. Nothing here has a name outside the process: a lab ends
//! when its file descriptors close, however the process ends.
//!
//! The order is [`privilege::enter`], [`Netns::create`], [`link::build`], [`switch::build`],
//! [`Capture::start`], [`Capture::prove`], the run itself, [`Capture::finish`].

mod capture;
mod cpu;
pub mod doctor;
mod error;
pub mod link;
mod mdb;
mod mfc;
mod netlink;
mod netns;
pub mod privilege;
pub mod probe;
mod process;
mod station;
pub mod switch;
mod sys;
mod tap;
mod wire;

pub use capture::{Capture, Captured, PROOF_BOUND};
pub use error::LabError;
pub use link::{Built, Carrier, LinkSpec, Port};
pub use mdb::{MdbMessage, MdbMonitor};
pub use mfc::{MfcMessage, MfcMonitor, counters};
pub use netlink::Netlink;
pub use netns::Netns;
pub use process::{Lines, Process};
pub use switch::SwitchSpec;
pub use tap::{BATCH_BYTES, Frame, Tap};

pub use wire::{Relay, SharedRelay, Wire};

/// Puts the calling thread, which makes or observes what is timed, before all ordinary ones of the
/// machine. Without the right to do so nothing happens: the run is then as late as the machine.
pub fn take_precedence() {
    _ = sys::take_precedence();
}
