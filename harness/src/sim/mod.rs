//! The simulator: a plan in virtual time, without a kernel, a clock, a thread or any other input.
//!
//! Events are taken in the order of (time, order of putting in), and nothing waits. Routers and
//! castnet's own hosts are the same values that run over the kernel; what Linux does is the matter of
//! [`model`]. All randomness is seeded and forked by the names of nodes. So the same plan makes the
//! same recording, octet by octet, on any machine.

mod actor;
mod cast;
mod datagram;
mod forwarders;
mod frame;
mod host;
mod last;
mod link;
mod listener;
pub mod model;
mod population;
pub mod queue;
mod router;
mod seat;
mod sender;
mod switch;
mod world;

#[cfg(test)]
mod tests;

pub use world::{Progress, Unplayable, run};
