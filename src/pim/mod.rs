//! PIM Sparse Mode (RFC 7761): trees of routers towards sources and towards the RPs of groups.
//!
//! Each machine of the RFC has a file; [`Pim`] is all of them on one router of one family. What the
//! router knows otherwise, its members and its routes, comes in through [`Facts`]. The forwarding that
//! follows from it is asked for by flow ([`Pim::entry`]).
//!
//! Not there yet: Bootstrap, embedded RPs.

mod assert;
mod assert_macros;
mod assert_metric;
mod asserting;
mod data;
mod downstream;
mod downstream_rpt;
mod flows;
mod join_prune;
mod link;
mod machine;
mod olist;
mod packet;
pub mod params;
mod register;
mod rendezvous;
mod settle;
pub mod show;
mod showing;
mod upstream;
mod upstream_rpt;

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::addr::{Family, Group, Source};
use crate::mfc::entry::Flow;
use crate::mfc::vif::Vif;
use crate::rib::NextHop;
use crate::wire::pim::Message;

pub use machine::Pim;
pub use packet::{encode, encode_to};

/// The context of a call of PIM's machines.
pub type Cx<'a> = crate::machine::Cx<'a, Say>;

/// What PIM says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Say {
    /// Send the message to all PIM routers of the link.
    Link(Vif, Message),
    /// Send the message to one router, by the routing table.
    Route {
        /// The own address that it comes from.
        from: IpAddr,
        /// The router.
        to: IpAddr,
        /// The Type of Service or Traffic Class.
        class: u8,
        /// The message.
        message: Message,
    },
    /// Something happened on a link.
    News(Vif, News),
    /// The flows of the group may be forwarded otherwise.
    Changed(Group),
}

/// What has happened on a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum News {
    /// A router of this address is a neighbour now.
    Neighbour(IpAddr),
    /// The router of this address is a neighbour no more.
    NoNeighbour(IpAddr),
    /// The router of this address, which may be the router itself, is the Designated Router.
    Dr(IpAddr),
    /// A router downstream has joined.
    Joined(Branch),
    /// No router downstream joins any more.
    NotJoined(Branch),
    /// The router of this address, which may be the router itself, has won an Assert.
    AssertWinner(Branch, IpAddr),
    /// Nobody is the winner of an Assert any more.
    NoAssertWinner(Branch),
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Neighbour(address) => write!(f, "PIM neighbour {address}"),
            Self::NoNeighbour(address) => write!(f, "no PIM neighbour {address}"),
            Self::Dr(address) => write!(f, "designated router {address}"),
            Self::Joined(branch) => write!(f, "{branch} joined downstream"),
            Self::NotJoined(branch) => write!(f, "{branch} not joined downstream"),
            Self::AssertWinner(branch, winner) => write!(f, "{branch} assert winner {winner}"),
            Self::NoAssertWinner(branch) => write!(f, "{branch} no assert winner"),
        }
    }
}

/// What state of PIM is about: (*,G) or (S,G). The order is by group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Branch {
    /// The group.
    pub group: Group,
    /// The source; `None` for (*,G).
    pub source: Option<Source>,
}

impl Branch {
    /// (*,G)
    #[must_use]
    pub const fn any(group: Group) -> Self {
        Self { group, source: None }
    }

    /// (S,G)
    #[must_use]
    pub const fn of(Flow { source, group }: Flow) -> Self {
        Self { group, source: Some(source) }
    }

    /// The flow of (S,G); `None` for (*,G).
    pub(super) fn flow(self) -> Option<Flow> {
        let Self { group, source } = self;
        source.map(|source| Flow { source, group })
    }
}

impl fmt::Display for Branch {
    /// As in `(10.0.1.9, 232.1.1.1)` or `(*, 239.1.1.1)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.source {
            Some(source) => write!(f, "({source}, {})", self.group),
            None => write!(f, "(*, {})", self.group),
        }
    }
}

/// What PIM asks the rest of the router.
pub trait Facts {
    /// `MRIB.next_hop(A)`: the route towards an address.
    fn towards(&self, address: IpAddr) -> Option<NextHop>;
    /// Whether the address is one of the router's own.
    fn is_own(&self, address: IpAddr) -> bool;
    /// `local_receiver_include`: members on the interface ask for all sources of the group, or for
    /// this one.
    fn includes(&self, vif: Vif, branch: Branch) -> bool;
    /// `local_receiver_exclude`: members of the group on the interface do not want this source.
    fn excludes(&self, vif: Vif, flow: Flow) -> bool;
    /// Whether the group passes the interface in neither direction (RFC 2365 section 5).
    fn is_boundary(&self, vif: Vif, group: Group) -> bool;
    /// An own address by which routers beyond the interface's link reach the router, one of the interface
    /// if it has any.
    fn reached_by(&self, vif: Vif, family: Family) -> Option<IpAddr>;
    /// The sources that members of the group ask for, or do not want, by name.
    fn sources(&self, group: Group) -> BTreeSet<Source>;
    /// The groups with members, except those that stay on their link.
    fn groups(&self) -> BTreeSet<Group>;
}

#[cfg(test)]
mod tests;
