//! Addresses, networks and groups as an author writes them, of either family.
//!
//! The one place that parses them, and that refuses a family which castnet does not carry yet: its
//! addresses are sound, so they are never called malformed.

use std::net::{IpAddr, Ipv4Addr};

use castnet::addr::Group;
use ipnet::{IpNet, Ipv4Net};

use super::diagnostic::Diagnostics;
use super::span::Span;
use crate::vocabulary::unspoken;

/// What an IPv4 address looks like, for messages.
pub(super) const ADDRESS: &str = "four numbers of 0 to 255, with dots";
/// What an IPv4 network looks like, for messages.
pub(super) const NETWORK: &str = "an address, a slash and a length";
/// What a group's address is, for messages.
pub(super) const GROUP: &str = "not in 224.0.0.1 to 239.255.255.255";

/// Why a text is not what was wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is not such a thing in any family.
    Malformed,
    /// It is one of a family that castnet does not carry yet.
    Unspoken,
}

/// Reads an address.
pub(super) fn address(text: &str) -> Result<Ipv4Addr, Refusal> {
    match text.parse().map_err(|_| Refusal::Malformed)? {
        IpAddr::V4(address) => Ok(address),
        IpAddr::V6(_) => Err(Refusal::Unspoken),
    }
}

/// Reads a network.
pub(super) fn network(text: &str) -> Result<Ipv4Net, Refusal> {
    match text.parse().map_err(|_| Refusal::Malformed)? {
        IpNet::V4(network) => Ok(network),
        IpNet::V6(_) => Err(Refusal::Unspoken),
    }
}

/// Reads the address of a group.
pub(super) fn group(text: &str) -> Result<Group, Refusal> {
    Group::new(IpAddr::V4(address(text)?)).ok_or(Refusal::Malformed)
}

impl Refusal {
    /// Reports why; `message` and `label` are for what is malformed.
    pub(super) fn report(
        self,
        span: &Span,
        message: impl Into<String>,
        label: impl Into<String>,
        faults: &mut Diagnostics,
    ) {
        match self {
            Self::Malformed => faults.error(span, message, label),
            Self::Unspoken => {
                let (message, label) = unspoken::IPV6;
                faults.error(span, message, label);
            }
        }
    }
}
