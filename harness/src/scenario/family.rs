//! Addresses, networks and groups as an author writes them, of either family.
//!
//! Only this module parses them. An address of another family than the run's is valid all the same, so
//! it is never called malformed: the author has to change the address or the family.

use std::net::IpAddr;

use castnet::addr::{Family, Group};
use ipnet::IpNet;

use super::diagnostic::Diagnostics;
use super::span::Span;

/// What is read of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// An address.
    Address,
    /// A network.
    Network,
    /// The address of a group.
    Group,
}

/// Why a text was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is malformed in every family.
    Malformed,
    /// It is of this family, and the run is not.
    Other(Family),
}

impl Form {
    /// The form in words, for messages about a run of this family: `an IPv6 address`.
    pub(super) fn words(self, family: Option<Family>) -> String {
        let noun = match self {
            Self::Address => "address",
            Self::Network => "network",
            Self::Group => return "a multicast group".to_owned(),
        };
        family.map_or_else(|| format!("an IP {noun}"), |family| format!("an {family} {noun}"))
    }

    /// What a text of this form looks like.
    pub(super) const fn label(self, family: Option<Family>) -> &'static str {
        match (self, family) {
            (Self::Address, Some(Family::V4)) => "four numbers of 0 to 255, with dots",
            (Self::Address, Some(Family::V6)) => "groups of hexadecimal digits, with colons",
            (Self::Address, None) => "as 10.0.1.1 or fd00::1 is one",
            (Self::Network, _) => "an address, a slash and a length",
            (Self::Group, Some(Family::V4)) => "not in 224.0.0.1 to 239.255.255.255",
            (Self::Group, _) => "not in ff00::/8",
        }
    }
}

/// The value of a text of either family, unless a run of this family cannot have it.
fn of<T>(value: T, of: Family, run: Option<Family>) -> Result<T, Refusal> {
    if run.is_some_and(|run| run != of) { Err(Refusal::Other(of)) } else { Ok(value) }
}

/// Reads an address.
pub(super) fn address(text: &str, run: Option<Family>) -> Result<IpAddr, Refusal> {
    let address = text.parse().map_err(|_| Refusal::Malformed)?;
    of(address, Family::of(address), run)
}

/// Reads a network.
pub(super) fn network(text: &str, run: Option<Family>) -> Result<IpNet, Refusal> {
    let network: IpNet = text.parse().map_err(|_| Refusal::Malformed)?;
    of(network, Family::of(network.addr()), run)
}

/// Reads the address of a group.
pub(super) fn group(text: &str, run: Option<Family>) -> Result<Group, Refusal> {
    Group::new(address(text, run)?).ok_or(Refusal::Malformed)
}

/// Reports an address, a network or a group of another family than the run's.
pub(crate) fn other(text: &str, of: Family, span: &Span, faults: &mut Diagnostics) {
    let (run, word) = match of {
        Family::V4 => (Family::V6, "ipv4"),
        Family::V6 => (Family::V4, "ipv6"),
    };
    let message = format!("{text} is of {of}, and this run is of {run}");
    let label = format!("everything in a run is of one family, here {run}");
    let help = format!(
        "write it in {run}, or say `family = \"{word}\"` at the top of the file if all is of {of}"
    );
    faults.error_with_help(span, message, label, help);
}

impl Refusal {
    /// Reports the refusal of a text; `message` and `label` are for malformed ones.
    pub(super) fn report(
        self,
        text: &str,
        span: &Span,
        message: impl Into<String>,
        label: impl Into<String>,
        faults: &mut Diagnostics,
    ) {
        match self {
            Self::Malformed => faults.error(span, message, label),
            Self::Other(family) => other(text, family, span, faults),
        }
    }
}
