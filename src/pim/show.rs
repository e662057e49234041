//! What PIM knows, as values that can be sent and printed.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::Branch;
use crate::mfc::vif::Vif;
use crate::time::Instant;

/// A neighbour on a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// The link.
    pub vif: Vif,
    /// Its primary address.
    pub address: IpAddr,
    /// Its other addresses.
    pub secondary: BTreeSet<IpAddr>,
    /// Its DR Priority, if it announces one.
    pub dr_priority: Option<u32>,
    /// Its generation ID, if it announces one.
    pub generation: Option<u32>,
    /// When it is forgotten without another Hello; `None` for never.
    pub expires: Option<Instant>,
    /// Whether it is the Designated Router.
    pub is_dr: bool,
}

/// A branch of a tree on this router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The branch.
    pub branch: Branch,
    /// Whether the router has joined it.
    pub is_joined: bool,
    /// The link and the neighbour at which it has joined; `None` at the root, and without a neighbour there.
    pub upstream: Option<(Vif, IpAddr)>,
    /// The links on which other routers have joined it.
    pub downstream: BTreeSet<Vif>,
}
