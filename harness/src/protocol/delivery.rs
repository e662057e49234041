//! The destinations and headers of messages, by which all their readers accept them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use castnet::gmp::message::{Form, Message, NotOfGroup, Version};

/// The TTL or hop limit of every message (RFC2236-2-02).
pub const HOP_LIMIT: u8 = 1;

/// All hosts or nodes of the link, all its routers, and the routers that hear version 3 Reports.
struct Addresses {
    hosts: IpAddr,
    routers: IpAddr,
    reports: IpAddr,
}

impl Addresses {
    const fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { IPV4 } else { IPV6 }
    }
}

const IPV4: Addresses = Addresses {
    hosts: IpAddr::V4(Ipv4Addr::new(224, 0, 0, 1)),
    routers: IpAddr::V4(Ipv4Addr::new(224, 0, 0, 2)),
    reports: IpAddr::V4(Ipv4Addr::new(224, 0, 0, 22)),
};

const IPV6: Addresses = Addresses {
    hosts: IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1)),
    routers: IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2)),
    reports: IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x16)),
};

/// The group of all hosts or nodes of the link, in the family of this address.
#[must_use]
pub const fn all_hosts(of: IpAddr) -> IpAddr {
    Addresses::of(of).hosts
}

/// The fields of the IP header around a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The sender.
    pub source: IpAddr,
    /// The group that the packet is sent to.
    pub destination: IpAddr,
    /// TTL or hop limit.
    pub hop_limit: u8,
    /// Whether the header has the Router Alert option.
    pub router_alert: bool,
}

/// The destination that the RFCs require if the message is sent from this address; `None` for an
/// unknown type.
#[must_use]
pub fn destination(message: &Message, source: IpAddr) -> Option<IpAddr> {
    let addresses = Addresses::of(source);
    Some(match message {
        // RFC2236-3-07, RFC2236-7-14
        Message::Query(query) => query.group.map_or(addresses.hosts, Into::into),
        // RFC2236-9-01
        _ if message.form()? == Form::Leave => addresses.routers,
        // RFC3376-4.2.14-01
        Message::Report(report) if report.version == Version::V3 => addresses.reports,
        // RFC2236-3-12
        Message::Report(report) => report.records.first()?.0.addr(),
        Message::NotOfGroup(NotOfGroup { address, .. }) => *address,
        _ => return None,
    })
}

/// Whether the header obliges every reader of the RFCs to accept the message.
#[must_use]
pub fn is_beyond_doubt(message: &Message, envelope: &Envelope) -> bool {
    let Envelope { source, hop_limit, router_alert, .. } = *envelope;
    // RFC2236-2-02, RFC2236-2-03
    hop_limit == HOP_LIMIT
        && router_alert
        && !source.is_unspecified()
        && destination(message, source) == Some(envelope.destination)
}
