//! What Linux does, as plain values: the models that a simulated world is made of.
//!
//! Each model takes an input and the time, pushes its output, and names the time of its next call:
//! no clock, no queue, no I/O, and randomness is handed in. Models decide what the kernel decides,
//! down to its ticks, not what an RFC wants; harness/tests/parity compares each with the running
//! kernel. Where a model differs on purpose, docs/architecture.md says so.

pub mod bridge;
pub mod host;
pub mod inet;
pub mod jiffies;
pub mod mroute;
mod wheel;

use std::net::{Ipv4Addr, Ipv6Addr};

/// Whether IP accepts a packet with this source. 0.0.0.0 may be a host without an address that
/// sends to a group or to all.
fn is_taken_in(source: Ipv4Addr, destination: Ipv4Addr) -> bool {
    let is_nobody = source.octets()[0] == 0;
    !source.is_multicast()
        && !source.is_loopback()
        && !source.is_broadcast()
        && (!is_nobody || destination.is_multicast() || destination.is_broadcast())
}

/// Whether IPv6 accepts a packet from another node with these addresses. Neither a group of the
/// node itself nor one of no scope comes from outside.
fn is_taken_in_v6(source: Ipv6Addr, destination: Ipv6Addr) -> bool {
    let stays_inside = destination.is_multicast() && destination.octets()[1] & 0x0f <= 1;
    !source.is_multicast() && !source.is_loopback() && !destination.is_loopback() && !stays_inside
}
