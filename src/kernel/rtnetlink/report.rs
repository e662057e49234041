//! The kernel's messages about devices, addresses, routes and rules, as values.
//!
//! The layouts are in linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h and linux/fib_rules.h. Only
//! the attributes that are needed are looked at, so that a newer kernel's others do no harm.

use std::net::IpAddr;

use ipnet::IpNet;
use netlink_packet_core::{NLM_F_REPLACE, NetlinkBuffer, NlaBuffer, NlasIterator};

use crate::addr::Family;

const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
pub(super) const RTM_GETLINK: u16 = 18;
const RTM_NEWADDR: u16 = 20;
const RTM_DELADDR: u16 = 21;
pub(super) const RTM_GETADDR: u16 = 22;
const RTM_NEWROUTE: u16 = 24;
const RTM_DELROUTE: u16 = 25;
pub(super) const RTM_GETROUTE: u16 = 26;
const RTM_NEWRULE: u16 = 32;
pub(super) const RTM_GETRULE: u16 = 34;

// Octets of `struct ifinfomsg`, `ifaddrmsg`, `rtmsg` (and `fib_rule_hdr`) and `rtnexthop`.
const IFINFOMSG: usize = 16;
const IFADDRMSG: usize = 8;
const RTMSG: usize = 12;
const RTNEXTHOP: usize = 8;

const IFLA_IFNAME: u16 = 3;
const IFLA_CARRIER_DOWN_COUNT: u16 = 48;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_FLAGS: u16 = 8;
const RTA_DST: u16 = 1;
const RTA_SRC: u16 = 2;
const RTA_IIF: u16 = 3;
const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RTA_PRIORITY: u16 = 6;
const RTA_MULTIPATH: u16 = 9;
const RTA_TABLE: u16 = 15;
const RTA_VIA: u16 = 18;
const FRA_IIFNAME: u16 = 3;
const FRA_TABLE: u16 = 15;

// linux/if.h
const IFF_UP: u32 = 0x1;
const IFF_MULTICAST: u32 = 0x1000;
const IFF_LOWER_UP: u32 = 0x1_0000;
const IFF_DORMANT: u32 = 0x2_0000;

// linux/if_addr.h
const IFA_F_SECONDARY: u32 = 0x01;
const IFA_F_OPTIMISTIC: u32 = 0x04;
const IFA_F_DADFAILED: u32 = 0x08;
const IFA_F_TENTATIVE: u32 = 0x40;

// The families of multicast routing (linux/rtnetlink.h).
pub(super) const RTNL_FAMILY_IPMR: u8 = 128;
pub(super) const RTNL_FAMILY_IP6MR: u8 = 129;

const RT_TABLE_MAIN: u32 = 254;
const RTN_UNICAST: u8 = 1;
const RTM_F_CLONED: u32 = 0x200;

/// One report of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// A device exists, in this state.
    Device(Device),
    /// The device with this index is gone.
    DeviceGone(u32),
    /// A device has the address.
    Address(Address),
    /// A device no longer has the address.
    AddressGone(Address),
    /// The route exists.
    Route(Route),
    /// The route is there in place of the one with equal prefix and metric.
    RouteReplaced(Route),
    /// The route is gone.
    RouteGone(Route),
    /// The rule exists.
    Rule(Rule),
    /// The multicast forwarding entry exists.
    Forwarded(Forwarded),
}

/// A network device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its index.
    pub ifindex: u32,
    /// Its name; one device has it at a time.
    pub name: String,
    /// Whether an administrator has it up (`IFF_UP`).
    pub is_up: bool,
    /// Whether it can carry packets now: its cable is in or its peer is up (`IFF_LOWER_UP`), and it
    /// waits for nothing else (`IFF_DORMANT`). `IFF_RUNNING` says it up to a second later.
    pub is_running: bool,
    /// Whether it is for multicast (`IFF_MULTICAST`).
    pub is_multicast: bool,
    /// How often it has lost its carrier: the kernel reports a short loss only once it is over.
    pub carrier_losses: u32,
}

/// An address of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The device's index.
    pub ifindex: u32,
    /// The device's own address with its network; of a point-to-point link, a network of one address.
    pub own: IpNet,
    /// The other end of a point-to-point link with its network.
    pub peer: Option<IpNet>,
    /// Whether an earlier address of the same network is the primary one.
    pub is_secondary: bool,
    /// Whether packets may be sent from it: the network has no other machine with it, as far as is known.
    pub is_usable: bool,
}

/// A unicast route of the main table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The destinations.
    pub prefix: IpNet,
    /// The kernel prefers the lowest metric among routes of equal prefix.
    pub metric: u32,
    /// Where it leads, whether or not the devices carry packets now.
    pub hops: Vec<Hop>,
}

/// A next hop of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The device's index.
    pub ifindex: u32,
    /// The neighbour; `None` on a connected network.
    pub via: Option<IpAddr>,
}

/// A rule that has a table looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The device where datagrams come in; any unless given.
    pub iif: Option<String>,
    /// The table.
    pub table: u32,
}

/// A multicast forwarding entry, by the devices behind its interfaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarded {
    /// The multicast routing table.
    pub table: u32,
    /// The source of its datagrams.
    pub source: IpAddr,
    /// Their destination.
    pub group: IpAddr,
    /// The index of the device where they come in.
    pub iif: u32,
    /// The indexes of the devices where they go out, each with its TTL threshold.
    pub oifs: Vec<(u32, u8)>,
}

impl Address {
    /// Whether both are the same address of the same network, whatever their state.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (self.ifindex, self.own, self.peer) == (other.ifindex, other.own, other.peer)
    }
}

/// The family's number in the kernel (`AF_INET`, `AF_INET6`).
pub(super) fn octet(family: Family) -> u8 {
    match family {
        Family::V4 => 2,
        Family::V6 => 10,
    }
}

/// The report in a message; `None` for other kinds, and for what makes no sense.
pub(super) fn read(message: NetlinkBuffer<&[u8]>) -> Option<Report> {
    let (payload, flags) = (message.payload(), message.flags());
    match message.message_type() {
        RTM_NEWLINK => device(payload).map(Report::Device),
        RTM_DELLINK => Some(Report::DeviceGone(index(payload)?)),
        RTM_NEWADDR => address(payload).map(Report::Address),
        RTM_DELADDR => address(payload).map(Report::AddressGone),
        RTM_NEWROUTE if multicast(payload).is_some() => forwarded(payload).map(Report::Forwarded),
        RTM_NEWROUTE if flags & NLM_F_REPLACE != 0 => route(payload).map(Report::RouteReplaced),
        RTM_NEWROUTE => route(payload).map(Report::Route),
        RTM_DELROUTE => route(payload).map(Report::RouteGone),
        RTM_NEWRULE => rule(payload).map(Report::Rule),
        _ => None,
    }
}

/// The index in a message about a device, but not about its place as a port of a bridge, which has a
/// family.
fn index(payload: &[u8]) -> Option<u32> {
    (*payload.first()? == 0).then(|| number(payload, 4)).flatten()
}

fn device(payload: &[u8]) -> Option<Device> {
    let (ifindex, flags) = (index(payload)?, number(payload, 8)?);
    let (mut name, mut carrier_losses) = (None, 0);
    for nla in attributes(payload, IFINFOMSG) {
        match nla.kind() {
            IFLA_IFNAME => name = Some(text(nla.value())),
            IFLA_CARRIER_DOWN_COUNT => carrier_losses = number(nla.value(), 0)?,
            _ => {}
        }
    }
    Some(Device {
        ifindex,
        name: name?,
        carrier_losses,
        is_up: flags & IFF_UP != 0,
        is_running: flags & (IFF_LOWER_UP | IFF_DORMANT) == IFF_LOWER_UP,
        is_multicast: flags & IFF_MULTICAST != 0,
    })
}

fn address(payload: &[u8]) -> Option<Address> {
    let &[family, length, flags, _scope, ..] = payload else { return None };
    let mut address = None;
    let mut local = None;
    let mut flags = u32::from(flags);
    for nla in attributes(payload, IFADDRMSG) {
        match nla.kind() {
            IFA_ADDRESS => address = ip(family, nla.value()),
            IFA_LOCAL => local = ip(family, nla.value()),
            IFA_FLAGS => flags = number(nla.value(), 0)?,
            _ => {}
        }
    }
    let (address, own) = (address.or(local)?, local.or(address)?);
    let peer = (address != own).then(|| IpNet::new(address, length).ok()).flatten();
    let is_tentative = flags & IFA_F_TENTATIVE != 0 && flags & IFA_F_OPTIMISTIC == 0;
    Some(Address {
        ifindex: number(payload, 4)?,
        own: if peer.is_some() { IpNet::from(own) } else { IpNet::new(own, length).ok()? },
        peer,
        is_secondary: flags & IFA_F_SECONDARY != 0,
        is_usable: !is_tentative && flags & IFA_F_DADFAILED == 0,
    })
}

fn route(payload: &[u8]) -> Option<Route> {
    let &[family, length, _, tos, table, _, _, kind, ..] = payload else { return None };
    let flags = number(payload, 8)?;
    let mut table = u32::from(table);
    let mut destination = None;
    let (mut metric, mut out, mut via, mut several) = (0, None, None, Vec::new());
    for nla in attributes(payload, RTMSG) {
        let value = nla.value();
        match nla.kind() {
            RTA_DST => destination = ip(family, value),
            RTA_PRIORITY => metric = number(value, 0)?,
            RTA_TABLE => table = number(value, 0)?,
            RTA_OIF => out = number(value, 0),
            RTA_GATEWAY => via = ip(family, value),
            RTA_VIA => via = neighbour(value),
            RTA_MULTIPATH => several = hops(family, value),
            _ => {}
        }
    }
    // A route of a type of service is for unicast alone.
    if (table, kind, tos) != (RT_TABLE_MAIN, RTN_UNICAST, 0) || flags & RTM_F_CLONED != 0 {
        return None;
    }
    let any = ip(family, &[0; 16])?;
    several.extend(out.map(|ifindex| Hop { ifindex, via }));
    let prefix = IpNet::new(destination.unwrap_or(any), length).ok()?.trunc();
    Some(Route { prefix, metric, hops: several })
}

/// The family of a message about multicast routing.
fn multicast(payload: &[u8]) -> Option<Family> {
    match *payload.first()? {
        RTNL_FAMILY_IPMR => Some(Family::V4),
        RTNL_FAMILY_IP6MR => Some(Family::V6),
        _ => None,
    }
}

/// An entry that is resolved; a flow that still waits for one has no incoming device.
fn forwarded(payload: &[u8]) -> Option<Forwarded> {
    let family = octet(multicast(payload)?);
    let mut table = u32::from(*payload.get(4)?);
    let (mut source, mut group, mut iif, mut oifs) = (None, None, None, Vec::new());
    for nla in attributes(payload, RTMSG) {
        let value = nla.value();
        match nla.kind() {
            RTA_DST => group = ip(family, value),
            RTA_SRC => source = ip(family, value),
            RTA_IIF => iif = number(value, 0),
            RTA_TABLE => table = number(value, 0)?,
            // The kernel writes the threshold where unicast has its weight.
            RTA_MULTIPATH => {
                let hops = next_hops(value);
                oifs = hops.filter_map(|hop| Some((number(hop, 4)?, *hop.get(3)?))).collect();
            }
            _ => {}
        }
    }
    Some(Forwarded { table, source: source?, group: group?, iif: iif?, oifs })
}

/// The hops of a route over several ways.
fn hops(family: u8, octets: &[u8]) -> Vec<Hop> {
    let hop = |hop| {
        let via = attributes(hop, RTNEXTHOP).find_map(|nla| match nla.kind() {
            RTA_GATEWAY => ip(family, nla.value()),
            RTA_VIA => neighbour(nla.value()),
            _ => None,
        });
        Some(Hop { ifindex: number(hop, 4)?, via })
    };
    next_hops(octets).filter_map(hop).collect()
}

/// The octets of each `struct rtnexthop` with its attributes.
fn next_hops(mut octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let length = usize::from(u16::from_ne_bytes(*octets.first_chunk()?));
        let hop = octets.get(..length).filter(|hop| hop.len() >= RTNEXTHOP)?;
        octets = octets.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(hop)
    })
}

fn rule(payload: &[u8]) -> Option<Rule> {
    let mut table = u32::from(*payload.get(4)?);
    let mut iif = None;
    for nla in attributes(payload, RTMSG) {
        match nla.kind() {
            FRA_TABLE => table = number(nla.value(), 0)?,
            FRA_IIFNAME => iif = Some(text(nla.value())),
            _ => {}
        }
    }
    Some(Rule { iif, table })
}

/// `struct rtvia`: a neighbour of whichever family.
fn neighbour(value: &[u8]) -> Option<IpAddr> {
    let &[low, high, ref address @ ..] = value else { return None };
    ip(u8::try_from(u16::from_ne_bytes([low, high])).ok()?, address)
}

fn attributes(payload: &[u8], head: usize) -> impl Iterator<Item = NlaBuffer<&[u8]>> {
    NlasIterator::new(payload.get(head..).unwrap_or_default()).map_while(Result::ok)
}

fn ip(family: u8, octets: &[u8]) -> Option<IpAddr> {
    if family == octet(Family::V4) {
        return octets.first_chunk().map(|octets: &[u8; 4]| IpAddr::from(*octets));
    }
    let of_v6 = family == octet(Family::V6);
    octets.first_chunk().filter(|_| of_v6).map(|octets: &[u8; 16]| IpAddr::from(*octets))
}

fn number(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk().copied().map(u32::from_ne_bytes)
}

/// A name, which ends at its first zero.
fn text(octets: &[u8]) -> String {
    let end = octets.iter().position(|&octet| octet == 0).unwrap_or(octets.len());
    String::from_utf8_lossy(&octets[..end]).into_owned()
}

#[cfg(test)]
mod tests;
