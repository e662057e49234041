//! Multicast routing of the Linux kernel, raw IGMP and MLD, and the clock: the core's way to Linux.
//!
//! Owns the multicast routing sockets of both families (linux/mroute.h, linux/mroute6.h): which devices
//! take part, which flows are forwarded, the upcalls, and every message of IGMP and MLD in and out; and
//! the kernel's reports of devices, addresses and routes. It decides nothing: callers say what to
//! forward and send. It refuses requests that the kernel would accept but report wrongly, such
//! as two virtual interfaces on one device. All unsafe code is in `sys`.

mod clock;
mod echo;
mod error;
mod ip6mr;
mod joined;
mod memberships;
mod mroute;
mod owner;
mod packet;
mod packet6;
mod pim;
mod plane;
mod ready;
mod rtnetlink;
mod sample;
mod shown;
#[allow(unsafe_code)]
mod sys;
mod table;

pub use clock::Clock;
pub use error::MrouteError;
pub use ip6mr::{DEFAULT_TABLE_6, Mroute6};
pub use joined::{Join, Joined};
pub use mroute::{DEFAULT_TABLE, Mroute};
pub use owner::inherited;
pub use packet::{MAX_PACKET, Received};
pub use pim::PimSocket;
pub use plane::Plane;
pub use ready::readable;
pub use rtnetlink::{Address, Changes, Device, Forwarded, Hop, Monitor, Report, Route, Rule};
pub use sample::{Sample, Sampler, Seen};
pub use shown::{EntryRow, VifRow, entry_rows, vif_rows};
pub use table::{Flush, Read, RoutingSocket, parse_upcall};
