//! Addresses in the words of multicast routing: groups, sources and channels.
//!
//! RFC 1112 section 4 says what a group address is. Everything above the wire uses these types for
//! both address families; nothing here knows a message.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};

/// A multicast group address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "IpAddr", try_from = "IpAddr")]
pub struct Group(IpAddr);

impl Group {
    /// The group with this address, or `None` if it is not a usable group (RFC1112-4-01: 224.0.0.0
    /// is none; for IPv6 anything outside `ff00::/8`).
    #[must_use]
    pub fn new(addr: IpAddr) -> Option<Self> {
        let is_group = addr.is_multicast() && addr != IpAddr::V4(Ipv4Addr::new(224, 0, 0, 0));
        is_group.then_some(Self(addr))
    }

    /// The address.
    #[must_use]
    pub const fn addr(self) -> IpAddr {
        self.0
    }

    /// The address of an IPv4 group.
    #[must_use]
    pub const fn v4(self) -> Option<Ipv4Addr> {
        match self.0 {
            IpAddr::V4(addr) => Some(addr),
            IpAddr::V6(_) => None,
        }
    }

    /// Whether a datagram for the group stays on its link whatever its TTL: 224.0.0.0/24
    /// (RFC1112-7.2-05), or an IPv6 scope of at most link-local.
    #[must_use]
    pub fn is_link_local(self) -> bool {
        match self.0 {
            IpAddr::V4(addr) => addr.octets()[..3] == [224, 0, 0],
            IpAddr::V6(addr) => addr.octets()[1] & 0x0f <= 2,
        }
    }

    /// Whether this is the all-hosts or all-nodes group, of which everyone is a member unasked.
    #[must_use]
    pub fn is_all_hosts(self) -> bool {
        match self.0 {
            IpAddr::V4(addr) => addr == Ipv4Addr::new(224, 0, 0, 1),
            IpAddr::V6(addr) => addr.segments() == [0xff02, 0, 0, 0, 0, 0, 0, 1],
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Group> for IpAddr {
    fn from(group: Group) -> Self {
        group.0
    }
}

impl TryFrom<IpAddr> for Group {
    type Error = NotAGroup;

    fn try_from(addr: IpAddr) -> Result<Self, NotAGroup> {
        Self::new(addr).ok_or(NotAGroup(addr))
    }
}

/// An address that is not that of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a multicast group")]
pub struct NotAGroup(IpAddr);

/// What can be joined and forwarded: (S,G), or (*,G) where `source` is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Channel {
    /// The source, or any source.
    pub source: Option<IpAddr>,
    /// The group.
    pub group: Group,
}

impl Channel {
    /// Whether a datagram from `source` to `group` belongs to the channel.
    #[must_use]
    pub fn covers(&self, source: IpAddr, group: Group) -> bool {
        self.group == group && self.source.is_none_or(|own| own == source)
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.source {
            Some(source) => write!(f, "({source}, {})", self.group),
            None => write!(f, "(*, {})", self.group),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC1112-4-01
    #[test]
    fn only_class_d_addresses_but_the_first_are_groups() {
        let is_group = |text: &str| Group::new(text.parse().unwrap()).is_some();
        let given = ["223.255.255.255", "224.0.0.0", "224.0.0.1", "239.255.255.255", "240.0.0.0"];
        assert_eq!(given.map(is_group), [false, false, true, true, false]);
        assert_eq!(["ff02::1", "fe80::1"].map(is_group), [true, false]);
    }

    // RFC1112-7.2-05
    #[test]
    fn link_local_groups_are_told_apart() {
        let local = |text: &str| Group::new(text.parse().unwrap()).unwrap().is_link_local();
        let given = ["224.0.0.251", "224.0.1.1", "ff02::16", "ff05::2"];
        assert_eq!(given.map(local), [true, false, true, false]);
    }
}
