//! What Linux does, as plain values: the models that a simulated world is made of.
//!
//! Each one takes an input and the time, pushes what it has to say, and tells when it wants to be
//! called next: no clock, no queue, no I/O, and randomness is handed in. They decide what the kernel
//! decides, not what an RFC wants, down to its ticks; `tests/parity.rs` holds each of them against
//! the running kernel. Where they differ from it on purpose, docs/architecture.md says so.

pub mod bridge;
pub mod host;
pub mod jiffies;
pub mod mroute;

use std::net::Ipv4Addr;

/// Whether IP takes a packet in that claims to come from there. 0.0.0.0 may be somebody who has no
/// address yet and speaks to a group or to all.
fn is_taken_in(source: Ipv4Addr, destination: Ipv4Addr) -> bool {
    let is_nobody = source.octets()[0] == 0;
    !source.is_multicast()
        && !source.is_loopback()
        && !source.is_broadcast()
        && (!is_nobody || destination.is_multicast() || destination.is_broadcast())
}
