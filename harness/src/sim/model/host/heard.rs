//! A packet as the group management of a Linux host reads it: everything that does not depend on the
//! host.
//!
//! Decides which packets any host acts on. In IPv4, Linux checks neither TTL nor Router Alert nor the
//! destination of a Report or a Group-Specific Query; in IPv6, a Query needs a link-local source, one
//! hop and the Router Alert of MLD. Whether the host hears its destination at all depends on the host.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use castnet::wire::icmpv6::{Ends, ICMPV6};
use castnet::wire::igmp::{self, Version};
use castnet::wire::ipv4::{self, IGMP};
use castnet::wire::ipv6::{self, MLD_ALERT};
use castnet::wire::mld;
use castnet::wire::v3::QueryPart;

use crate::sim::model::inet::Inet;
use crate::sim::model::{is_taken_in, is_taken_in_v6};

/// A packet on which a host may act.
#[derive(Clone, Debug)]
pub struct HostInput<A = Ipv4Addr> {
    pub(super) source: A,
    pub(super) destination: A,
    pub(super) what: What<A>,
}

/// The message.
#[derive(Clone, Debug)]
pub(super) enum What<A> {
    /// A Query of any version.
    Query(Asked<A>),
    /// A Report of version 1 or 2 for this group.
    Report(A),
}

/// A Query.
#[derive(Clone, Debug)]
pub(super) struct Asked<A> {
    pub(super) version: Version,
    /// `None` in a General Query.
    pub(super) group: Option<A>,
    /// The Max Response Time as its version has it.
    pub(super) granted: Duration,
    /// The Max Response Time for a host in version 2.
    pub(super) granted_in_v2: Duration,
    /// What only version 3 has.
    pub(super) part: Option<QueryPart<A>>,
}

/// The longest Max Response Time in milliseconds that a host in MLDv1 takes from an MLDv2 Query
/// (`MLDV1_MRD_MAX_COMPAT`).
const MOST_IN_MLDV1: u16 = 32_767;

impl<A: Inet> HostInput<A> {
    /// The packet's destination.
    #[must_use]
    pub const fn destination(&self) -> A {
        self.destination
    }
}

fn asked<A: Inet>(group: A) -> Option<A> {
    (group != A::NOBODY).then_some(group)
}

/// A whole IPv4 packet.
pub(super) fn igmp(packet: &[u8]) -> Option<HostInput<Ipv4Addr>> {
    let ip = ipv4::decode(packet).ok().filter(|ip| ip.protocol == IGMP)?;
    if !is_taken_in(ip.source, ip.destination) {
        return None;
    }
    // Many a Report is sent, and a host acts on none of version 3.
    if ip.payload.first() == Some(&igmp::V3_REPORT) {
        return None;
    }
    let decoded = igmp::decode(ip.payload, Version::V3).ok()?;
    let what = match decoded.message {
        // A message of 9 to 11 octets is no Query of any version.
        igmp::Message::Query(igmp::Query { v3: None, .. }) if decoded.trailing > 0 => return None,
        igmp::Message::Query(query) => {
            let version = query.version();
            let newest = version == Version::V3;
            let granted = if newest { query.max_resp_v3() } else { query.max_resp_v2() };
            let group = asked(query.group);
            What::Query(Asked { version, group, granted, granted_in_v2: granted, part: query.v3 })
        }
        igmp::Message::V1Report { group } | igmp::Message::V2Report { group } => {
            What::Report(group)
        }
        igmp::Message::Leave { .. }
        | igmp::Message::V3Report(_)
        | igmp::Message::Unknown { .. } => return None,
    };
    Some(HostInput { source: ip.source, destination: ip.destination, what })
}

/// A whole IPv6 packet.
pub(super) fn mld(packet: &[u8]) -> Option<HostInput<Ipv6Addr>> {
    let ip = ipv6::decode(packet).ok().filter(|ip| ip.protocol == ICMPV6)?;
    let (source, destination) = (ip.source, ip.destination);
    if !is_taken_in_v6(source, destination) {
        return None;
    }
    if ip.payload.first() == Some(&mld::V2_REPORT) {
        return None;
    }
    let from_link = source.is_unicast_link_local();
    let decoded = mld::decode(ip.payload, Ends { source, destination }, Version::V3).ok()?;
    let what = match decoded.message {
        mld::Message::Query(mld::Query { v2: None, .. }) if decoded.trailing > 0 => return None,
        mld::Message::Query(_)
            if !from_link || ip.hop_limit != 1 || ip.router_alert != Some(MLD_ALERT) =>
        {
            return None;
        }
        mld::Message::Query(query) if !query.is_general() && !query.group.is_multicast() => {
            return None;
        }
        mld::Message::Query(query) => {
            let millis = query.max_resp_code.min(MOST_IN_MLDV1);
            What::Query(Asked {
                version: query.version(),
                group: asked(query.group),
                granted: query.max_resp(),
                granted_in_v2: match query.v2 {
                    None => query.max_resp(),
                    Some(_) => Duration::from_millis(millis.into()),
                },
                part: query.v2,
            })
        }
        mld::Message::V1Report { group } if from_link || source.is_unspecified() => {
            What::Report(group)
        }
        _ => return None,
    };
    Some(HostInput { source, destination, what })
}
