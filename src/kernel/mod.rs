//! IPv4 multicast routing of the Linux kernel, raw IGMP, and the clock: where the core meets Linux.
//!
//! Owns the multicast routing socket (linux/mroute.h): which devices take part, which flows are
//! forwarded, what the kernel asks, and every IGMP message in and out. It decides nothing: what to
//! forward and what to say is handed in. It refuses what the kernel would accept and then report
//! wrongly, such as two virtual interfaces on one device. All unsafe code is in `sys`.

mod clock;
mod error;
mod mroute;
mod packet;
mod plane;
mod ready;
#[allow(unsafe_code)]
mod sys;

pub use clock::Clock;
pub use error::MrouteError;
pub use mroute::{DEFAULT_TABLE, Mroute};
pub use packet::{MAX_PACKET, Received};
pub use plane::Plane;
pub use ready::readable;
