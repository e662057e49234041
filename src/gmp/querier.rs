//! The querier election on one link (RFC 2236 section 3, RFC 9776 section 6.6.2).

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::params::Profile;

/// The role of this router on the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// This router.
    Querier,
    /// The router with this address, which is lower than ours, is the querier.
    NonQuerier(IpAddr),
}

/// Whether a Query from `from` takes the role of querier away from a router with the address `own`.
#[must_use]
pub fn outranks(profile: Profile, from: IpAddr, own: IpAddr, general: bool) -> bool {
    // RFC9776-6.6.2-01: since RFC 9776 only a General Query does.
    let counts = general || profile != Profile::Rfc9776;
    // RFC2236-3-02, RFC2236-3-03. A snooping switch without an address asks from 0.0.0.0; it is no
    // router and must not silence one (RFC 4541 section 2.1.1).
    counts && from < own && !from.is_unspecified()
}
