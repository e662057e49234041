//! The querier election on one link (RFC 2236 section 3, RFC 9776 section 6.6.2).

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::params::Profile;
use crate::addr::Family;

/// The role of this router on the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// This router.
    Querier,
    /// The router with this address, which is lower than ours, is the querier.
    NonQuerier(IpAddr),
    /// Nobody is known to ask: this router is configured to ask for nothing.
    Passive,
}

/// Whether a Query from `from` takes the role of querier away from a router with the address `own`.
#[must_use]
pub fn outranks(profile: Profile, from: IpAddr, own: IpAddr, general: bool) -> bool {
    // RFC9776-6.6.2-01: since RFC 9776 only a General Query does; RFC 9777 has no such rule.
    let counts = general || profile != Profile::Rfc9776 || Family::of(own) == Family::V6;
    // RFC2236-3-02, RFC2236-3-03. A snooping switch without an address asks from 0.0.0.0; it is no
    // router and must not silence one (RFC 4541 section 2.1.1).
    counts && rank(from) < rank(own) && !from.is_unspecified()
}

/// The number by which routers of a link are compared: an IPv4 address, or the interface identifier
/// of an IPv6 address (RFC2236-3-02, RFC3810-7.6.2-01).
fn rank(addr: IpAddr) -> u64 {
    match addr {
        IpAddr::V4(addr) => addr.to_bits().into(),
        IpAddr::V6(addr) => addr.to_bits() as u64,
    }
}
