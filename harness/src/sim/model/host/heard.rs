//! A packet as the IGMP of a Linux host reads it: everything that does not depend on the host.
//!
//! Decides which packets any host acts on. Like Linux, it checks neither TTL nor Router Alert nor
//! the destination of a Report or a Group-Specific Query. The version of a Query, and whether the
//! host hears its destination at all, depend on the host.

use std::net::Ipv4Addr;

use castnet::wire::igmp::{self, Message, Query, Version};
use castnet::wire::ipv4::{self, IGMP};

use crate::sim::model::is_taken_in;

/// An IGMP packet on which a host may act.
#[derive(Clone, Debug)]
pub struct HostInput {
    pub(super) source: Ipv4Addr,
    pub(super) destination: Ipv4Addr,
    pub(super) what: What,
}

/// The message.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// A Query of any version.
    Query(Query),
    /// A Report of version 1 or 2 for this group.
    Report(Ipv4Addr),
}

impl HostInput {
    /// The packet's destination.
    #[must_use]
    pub const fn destination(&self) -> Ipv4Addr {
        self.destination
    }

    /// Reads a whole IPv4 packet; `None` if no host would act on it.
    #[must_use]
    pub fn read(packet: &[u8]) -> Option<Self> {
        let ip = ipv4::decode(packet).ok().filter(|ip| ip.protocol == IGMP)?;
        if !is_taken_in(ip.source, ip.destination) {
            return None;
        }
        let decoded = igmp::decode(ip.payload, Version::V3).ok()?;
        let what = match decoded.message {
            // A message of 9 to 11 octets is no Query of any version.
            Message::Query(Query { v3: None, .. }) if decoded.trailing > 0 => return None,
            Message::Query(query) => What::Query(query),
            Message::V1Report { group } | Message::V2Report { group } => What::Report(group),
            Message::Leave { .. } | Message::V3Report(_) | Message::Unknown { .. } => return None,
        };
        Some(Self { source: ip.source, destination: ip.destination, what })
    }
}
