//! How a flow is forwarded: the one source of forwarding entries.
//!
//! Members and static joins are the tree of a router without a tree protocol; static rules and PIM
//! are others. Only the cache writes entries into the kernel, and it follows a tree.

use std::collections::BTreeMap;

use super::entry::Flow;
use super::vif::Vif;

/// How a flow is to be forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The only interface that the flow may come in on.
    pub iif: Vif,
    /// The interfaces that it goes out on, each with its TTL threshold, and `iif` only
    /// where a static rule says so.
    pub oifs: BTreeMap<Vif, u8>,
}

/// Decides how flows are forwarded.
pub trait Tree {
    /// How the flow is forwarded now, if a datagram of it came in on `came`; `None` for `came` before the
    /// first datagram. `None` if neither a rule nor a route says where it comes in.
    fn entry(&self, flow: Flow, came: Option<Vif>) -> Option<Entry>;
}
