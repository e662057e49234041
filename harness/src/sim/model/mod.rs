//! What Linux does, as plain values: the models that a simulated world is made of.
//!
//! Each one takes an input and the time, pushes what it has to say, and tells when it wants to be
//! called next: no clock, no queue, no I/O, and randomness is handed in. They decide what the kernel
//! decides, not what an RFC wants, down to its ticks; `tests/parity.rs` holds each of them against
//! the running kernel. Where they differ from it on purpose, docs/architecture.md says so.

pub mod host;
pub mod jiffies;
