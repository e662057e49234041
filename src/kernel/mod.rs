//! IPv4 multicast routing of the Linux kernel, raw IGMP, and the clock: the core's way to Linux.
//!
//! Owns the multicast routing socket (linux/mroute.h): which devices take part, which flows are
//! forwarded, the upcalls, and every IGMP message in and out. It decides nothing: callers say what
//! to forward and send. It refuses requests that the kernel would accept but report wrongly, such
//! as two virtual interfaces on one device. All unsafe code is in `sys`.

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
