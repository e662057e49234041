//! Addresses in the words of multicast routing: families, groups, sources and channels.
//!
//! RFC 1112 section 4 defines group addresses, and section 7.2 sources. All code above the wire
//! uses these types for both address families; this module knows no message.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

/// An address family. Every router, plan and link has one; an address is never turned into the
/// other family's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Family {
    /// IPv4, whose groups are managed by IGMP.
    #[serde(rename = "ipv4")]
    V4,
    /// IPv6, whose groups are managed by MLD.
    #[serde(rename = "ipv6")]
    V6,
}

impl Family {
    /// The family of the address.
    #[must_use]
    pub const fn of(addr: IpAddr) -> Self {
        match addr {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// All hosts (nodes) of the link, to which General Queries go (RFC 1112 section 4, RFC 4291
    /// section 2.7.1).
    #[must_use]
    pub const fn all_hosts(self) -> Group {
        self.link_local(1)
    }

    /// All routers of the link, to which Leaves and Dones go (RFC2236-9-01, RFC 2710 section 5).
    #[must_use]
    pub const fn all_routers(self) -> Group {
        self.link_local(2)
    }

    /// All routers of the link that hear the Reports of IGMPv3 or MLDv2 (RFC3376-4.2.14-01, RFC 3810
    /// section 5.2.14).
    #[must_use]
    pub const fn gmp_reports(self) -> Group {
        match self {
            Self::V4 => self.link_local(22),
            Self::V6 => self.link_local(0x16),
        }
    }

    /// All PIM routers of the link (RFC 7761 section 4.3.1).
    #[must_use]
    pub const fn pim_routers(self) -> Group {
        self.link_local(13)
    }

    /// All who snoop on the link, to whom routers advertise themselves (RFC 4286 section 3.2).
    #[must_use]
    pub const fn all_snoopers(self) -> Group {
        self.link_local(106)
    }

    /// The network of all addresses.
    #[must_use]
    pub fn all_addresses(self) -> IpNet {
        match self {
            Self::V4 => IpNet::V4(Ipv4Net::default()),
            Self::V6 => IpNet::V6(Ipv6Net::default()),
        }
    }

    /// The IP protocol number of group management: that of IGMP (RFC2236-2-01), or that of ICMPv6, of
    /// which MLD is a part (RFC 2710 section 3).
    #[must_use]
    pub const fn gmp_protocol(self) -> u8 {
        match self {
            Self::V4 => 2,
            Self::V6 => 58,
        }
    }

    /// 224.0.0.`last`, or ff02::`last`.
    const fn link_local(self, last: u8) -> Group {
        Group(match self {
            Self::V4 => IpAddr::V4(Ipv4Addr::new(224, 0, 0, last)),
            Self::V6 => IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, last as u16)),
        })
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// A value for each family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PerFamily<T> {
    /// The value for IPv4.
    pub v4: T,
    /// The value for IPv6.
    pub v6: T,
}

impl<T> PerFamily<T> {
    /// The value for the family.
    #[must_use]
    pub const fn of(&self, family: Family) -> &T {
        match family {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        }
    }

    /// The value for the family, to be changed.
    pub const fn of_mut(&mut self, family: Family) -> &mut T {
        match family {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        }
    }

    /// Both values, each as `make` turns it.
    #[must_use]
    pub fn map<U>(self, mut make: impl FnMut(T) -> U) -> PerFamily<U> {
        PerFamily { v4: make(self.v4), v6: make(self.v6) }
    }
}

impl<T> PerFamily<Option<T>> {
    /// The values that are there, IPv4 first.
    pub fn present(&self) -> impl Iterator<Item = &T> {
        self.v4.iter().chain(&self.v6)
    }

    /// The values that are there, to be changed, IPv4 first.
    pub fn present_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.v4.iter_mut().chain(&mut self.v6)
    }
}

/// The address that datagrams come from: one that is neither a group nor unspecified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "IpAddr", try_from = "IpAddr")]
pub struct Source(IpAddr);

impl Source {
    /// The source with this address, or `None` if no datagram may come from it (RFC1112-7.2-02).
    #[must_use]
    pub fn new(addr: IpAddr) -> Option<Self> {
        let is_source = !addr.is_multicast() && !addr.is_unspecified();
        is_source.then_some(Self(addr))
    }

    /// The address.
    #[must_use]
    pub const fn addr(self) -> IpAddr {
        self.0
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Source> for IpAddr {
    fn from(source: Source) -> Self {
        source.0
    }
}

impl TryFrom<IpAddr> for Source {
    type Error = NotASource;

    fn try_from(addr: IpAddr) -> Result<Self, NotASource> {
        Self::new(addr).ok_or(NotASource(addr))
    }
}

/// An address that no datagram may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no unicast address")]
pub struct NotASource(IpAddr);

/// A multicast group address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "IpAddr", try_from = "IpAddr")]
pub struct Group(IpAddr);

impl Group {
    /// The group with this address, or `None` if the address is no usable group (RFC1112-4-01
    /// excludes 224.0.0.0; for IPv6 anything outside `ff00::/8`).
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

    /// The family of the address.
    #[must_use]
    pub const fn family(self) -> Family {
        Family::of(self.0)
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

    /// Whether the group is for source-specific multicast: in `range`, or without one in 232.0.0.0/8 or
    /// ff3x::/32, the ranges of IANA (RFC4604-2-01).
    #[must_use]
    pub fn is_source_specific(self, range: Option<IpNet>) -> bool {
        if let Some(range) = range {
            return range.contains(&self.0);
        }
        match self.0 {
            IpAddr::V4(addr) => addr.octets()[0] == 232,
            IpAddr::V6(addr) => {
                let [_, flags, high, low, ..] = addr.octets();
                flags >> 4 == 3 && (high, low) == (0, 0)
            }
        }
    }

    /// Whether this is the all-hosts or all-nodes group, which every host joins unasked.
    #[must_use]
    pub fn is_all_hosts(self) -> bool {
        self == self.family().all_hosts()
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

/// An address that no group may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a multicast group")]
pub struct NotAGroup(IpAddr);

/// What can be joined and forwarded: (S,G), or (*,G) where `source` is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Channel {
    /// The source, or any source.
    pub source: Option<Source>,
    /// The group.
    pub group: Group,
}

impl Channel {
    /// Whether a datagram from `source` to `group` belongs to the channel.
    #[must_use]
    pub fn covers(&self, source: Source, group: Group) -> bool {
        self.group == group && self.source.is_none_or(|own| own == source)
    }
}

impl Channel {
    /// Whether all its addresses belong to the family.
    #[must_use]
    pub fn is_of(&self, family: Family) -> bool {
        let source = self.source.map(|source| Family::of(source.addr()));
        self.group.family() == family && source.is_none_or(|of| of == family)
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

    // RFC1112-7.2-02
    #[test]
    fn a_source_is_one_machine() {
        let is_source = |text: &str| Source::new(text.parse().unwrap()).is_some();
        let given = ["192.0.2.1", "2001:db8::1", "0.0.0.0", "::", "239.1.1.1", "ff3e::1"];
        assert_eq!(given.map(is_source), [true, true, false, false, false, false]);
    }

    // RFC2236-9-01, RFC3376-4.2.14-01; IANA's registries of multicast addresses.
    #[test]
    fn each_family_has_groups_of_its_own_for_the_same_purposes() {
        let of = |family: Family| {
            [family.all_hosts(), family.all_routers(), family.gmp_reports(), family.pim_routers()]
        };
        let texts = |family| of(family).map(|group| group.to_string());
        assert_eq!(texts(Family::V4), ["224.0.0.1", "224.0.0.2", "224.0.0.22", "224.0.0.13"]);
        assert_eq!(texts(Family::V6), ["ff02::1", "ff02::2", "ff02::16", "ff02::d"]);
    }

    // RFC4604-2-01
    #[test]
    fn the_ranges_of_source_specific_multicast_are_those_of_iana() {
        let is = |text: &str| Group::new(text.parse().unwrap()).unwrap().is_source_specific(None);
        let given = ["231.255.255.255", "232.0.0.0", "232.255.255.255", "233.0.0.0"];
        assert_eq!(given.map(is), [false, true, true, false]);
        let given = ["ff3e::1", "ff35::8000:1", "ff3e:0:1::1", "ff3e:1::1", "ff1e::1", "ff7e::1"];
        assert_eq!(given.map(is), [true, true, true, false, false, false]);
    }

    // RFC4604-2-01
    #[test]
    fn another_range_takes_the_place_of_ianas() {
        let is = |(range, group): (&str, &str)| {
            let group = Group::new(group.parse().unwrap()).unwrap();
            group.is_source_specific(Some(range.parse().unwrap()))
        };
        let own = "239.232.0.0/16";
        let given = [(own, "239.232.255.255"), (own, "239.233.0.0"), (own, "232.1.1.1")];
        assert_eq!(given.map(is), [true, false, false]);
        let given =
            [("ff1e:232::/32", "ff1e:232::1"), ("ff1e:232::/32", "ff3e::1"), (own, "ff3e::1")];
        assert_eq!(given.map(is), [true, false, false]);
    }

    // RFC1112-7.2-05
    #[test]
    fn link_local_groups_are_told_apart() {
        let local = |text: &str| Group::new(text.parse().unwrap()).unwrap().is_link_local();
        let given = ["224.0.0.251", "224.0.1.1", "ff02::16", "ff05::2"];
        assert_eq!(given.map(local), [true, false, true, false]);
    }
}
