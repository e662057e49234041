//! A link with faults, as every backend sees it: rules, and the frames that they strike.
//!
//! A [`Wire`] is a plain value. A frame goes in with the time and the port that it came from, and
//! comes out at every other port when its time has come. An ordered list of [`Rule`]s, each a
//! [`Selector`] and an [`Action`], decides what happens to it in between, and a log records
//! everything they did. Without rules a wire is the shared Ethernet that the RFCs assume: every
//! frame at once, in order, on all other ports. There is no I/O, clock or thread here; the only
//! randomness is seeded, and each rule draws from a stream of its own.

mod damage;
mod log;
mod planned;
mod rule;
mod wire;

pub use log::{FaultEvent, Pending};
pub use rule::{Action, Rule, Selector};
pub use wire::Wire;

#[cfg(test)]
mod tests;
