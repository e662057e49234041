//! The lowest layer of the lab: network namespaces, links between them, and one capture of them
//! all.
//!
//! This module builds a lab on the running kernel and returns every frame that crossed a port.
//! Scenarios, roles and verdicts are unknown here. Nothing has a name outside the process: a lab
//! ends when its file descriptors close, however the process ends.
//!
//! Call in this order: [`privilege::enter`], [`Netns::create`], [`Ears::open`], [`link::build`],
//! [`switch::build`], [`unicast::install`], [`Capture::listen`], [`Capture::prove`], [`usable::ipv6`] for IPv6, the run
//! itself, [`Capture::finish`].

mod again;
mod alone;
mod capture;
pub mod carrier;
mod cpu;
pub mod doctor;
mod ears;
mod error;
mod furniture;
mod keeper;
mod letter;
pub mod link;
mod mdb;
mod membership;
mod mfc;
mod netlink;
mod netns;
mod output;
mod precedence;
pub mod privilege;
pub mod probe;
mod process;
mod ring;
mod snooping;
mod stack;
mod station;
pub mod switch;
pub(crate) mod sys;
mod tap;
pub mod unicast;
pub mod usable;
mod vifs;
pub mod wall;
mod ward;
mod warden;
mod wire;
mod workers;

pub(crate) use again::hooked;
pub use again::{again, serve_if};
pub use alone::alone;
pub use capture::{Capture, PROOF_BOUND};
pub use ears::Ears;
pub use error::LabError;
pub use furniture::Furniture;
pub use link::{Built, Carrier, LinkSpec, PortSpec};
pub use mdb::{MdbEntry, MdbMessage, MdbMode, MdbMonitor};
pub use membership::Membership;
pub use mfc::{MfcMessage, MfcMonitor, counters};
pub use netlink::Netlink;
pub use netns::Netns;
pub use output::{Output, shortened};
pub use precedence::Precedence;
pub use process::{Lines, Process, Streams};
pub use stack::Stack;
pub use station::Captured;
pub use switch::SwitchSpec;
pub use tap::{BATCH_BYTES, Frame, Tap};
pub use unicast::{UnicastRoute, Way};
pub use vifs::VifMonitor;
pub use ward::{Program, Ward};
pub use wire::{Relay, SharedRelay, Wire};
pub use workers::Workers;

/// The index of `lo`, which is the first interface of every namespace (net/net_namespace.h).
const LOOPBACK_IFINDEX: u32 = 1;
