//! Upcalls: the kernel's messages to the owner of multicast routing.

use serde::{Deserialize, Serialize};

use super::entry::Flow;
use super::vif::Vif;

/// The reason of an upcall (`igmpmsg.im_msgtype` of linux/mroute.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum UpcallKind {
    /// `IGMPMSG_NOCACHE`: a datagram came for which there is no entry; it waits in a short queue.
    NoCache,
    /// `IGMPMSG_WRONGVIF`: a datagram came in on another interface than its entry's `iif`.
    WrongVif,
    /// `IGMPMSG_WHOLEPKT`: a datagram went out of the register interface, and is attached as a
    /// whole.
    WholePacket,
}

impl std::fmt::Display for UpcallKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NoCache => "NOCACHE",
            Self::WrongVif => "WRONGVIF",
            Self::WholePacket => "WHOLEPKT",
        })
    }
}

/// One upcall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upcall {
    /// The reason of the upcall.
    pub kind: UpcallKind,
    /// The interface that the datagram came in on.
    pub vif: Vif,
    /// The datagram's source and group.
    pub flow: Flow,
}
