//! Addresses, networks and groups as an author writes them, of either family.
//!
//! Only this module parses them, and refuses a family that castnet does not support yet: its
//! addresses are valid, so they are never called malformed.

use std::net::IpAddr;

use castnet::addr::Group;
use ipnet::IpNet;

use super::diagnostic::Diagnostics;
use super::span::Span;
use crate::family::{spoken, spoken_net};
use crate::vocabulary::unspoken;

/// What an IPv4 address looks like, for messages.
pub(super) const ADDRESS: &str = "four numbers of 0 to 255, with dots";
/// What an IPv4 network looks like, for messages.
pub(super) const NETWORK: &str = "an address, a slash and a length";
/// What a group's address is, for messages.
pub(super) const GROUP: &str = "not in 224.0.0.1 to 239.255.255.255";

/// Why a text was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is malformed in every family.
    Malformed,
    /// It is of a family that castnet does not support yet.
    Unspoken,
}

/// Reads an address.
pub(super) fn address(text: &str) -> Result<IpAddr, Refusal> {
    let address = text.parse().map_err(|_| Refusal::Malformed)?;
    spoken(address).map_err(|_| Refusal::Unspoken)?;
    Ok(address)
}

/// Reads a network.
pub(super) fn network(text: &str) -> Result<IpNet, Refusal> {
    let network = text.parse().map_err(|_| Refusal::Malformed)?;
    spoken_net(network).map_err(|_| Refusal::Unspoken)?;
    Ok(network)
}

/// Reads the address of a group.
pub(super) fn group(text: &str) -> Result<Group, Refusal> {
    Group::new(address(text)?).ok_or(Refusal::Malformed)
}

impl Refusal {
    /// Reports a refusal; `message` and `label` are for malformed texts.
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
