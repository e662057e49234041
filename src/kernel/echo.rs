//! Queries that the host side of this very machine is to hear too.
//!
//! A router is a member of the groups of all routers, so that its kernel reports them, in version 3 unless it
//! has heard a Query of an older version (RFC3376-7.2.1-01). A Query of version 1 or 2 is therefore looped
//! back to the kernel, and a link of version 2 hears no Report of version 3 from its own querier. The
//! copies come to the routing socket as well; it passes over them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// The copies that are still to come: the device and the source of each.
#[derive(Debug, Default)]
pub(super) struct Echoes(Mutex<BTreeMap<u32, IpAddr>>);

impl Echoes {
    /// A copy of a packet from this source will come in on the device.
    pub(super) fn expect(&self, ifindex: u32, source: IpAddr) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(ifindex, source);
    }

    /// Whether this is a copy that was expected; it is not expected twice.
    pub(super) fn is_one(&self, ifindex: u32, source: IpAddr) -> bool {
        let mut expected = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_one = expected.get(&ifindex) == Some(&source);
        if is_one {
            expected.remove(&ifindex);
        }
        is_one
    }
}
