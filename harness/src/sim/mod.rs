//! The simulator: a plan in virtual time, without a kernel, a clock, a thread or any other input.
//!
//! Events are served in the order of (time, order of insertion), and nothing waits. Routers and
//! castnet's own hosts are the values that also run over the kernel; [`model`] does what Linux
//! does. All randomness is seeded and forked by the names of nodes. So a plan makes one recording,
//! equal octet by octet on any machine.

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
mod unicast;
mod world;

#[cfg(test)]
mod tests;

pub use world::{Progress, Unplayable, run};
