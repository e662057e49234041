//! Where messages of IGMP and MLD go, and whether one came to where such a message goes.
//!
//! Owns the destinations of RFC 2236 section 9, RFC 3376 sections 4.1.12 and 4.2.14, RFC 2710 section
//! 8, and RFC 3810 sections 5.1.15 and 5.2.14: the same in both families, at addresses of each.

use std::net::{IpAddr, Ipv4Addr};

use super::message::{Form, Message, NotOfGroup, Version};
use super::params::Params;
use crate::addr::{Family, Group};

/// The destination of a message of the family.
#[must_use]
pub fn destination(family: Family, said: &Message) -> IpAddr {
    let group = match said {
        // RFC2236-3-07, RFC2236-7-14, RFC2710-8-01, RFC3810-5.1.15-01: to all hosts, or to the group.
        Message::Query(query) => query.group.unwrap_or(family.all_hosts()),
        Message::Report(report) => match report.records[..] {
            _ if report.is_leave() => family.all_routers(), // RFC2236-9-01, RFC2710-8-01
            // RFC3376-4.2.14-01, RFC3810-5.2.14-01
            _ if report.version == Version::V3 => family.gmp_reports(),
            [(group, _), ..] => group, // RFC2236-3-12, RFC2710-8-01
            [] => family.all_routers(),
        },
        Message::NotOfGroup(NotOfGroup { form: Form::Leave, .. }) | Message::Unknown(_) => {
            family.all_routers()
        }
        Message::NotOfGroup(NotOfGroup { address, .. }) => return *address,
    };
    group.addr()
}

/// Whether the message came to an address to which such a message goes.
#[must_use]
pub fn is_addressed_well(params: &Params, destination: IpAddr, message: &Message) -> bool {
    if !destination.is_multicast() {
        // RFC3376-4.1.12-02, RFC3376-4.2.14-02, RFC3810-5.1.15-02, RFC3810-5.2.14-02
        return params.accept_unicast && destination != IpAddr::V4(Ipv4Addr::BROADCAST);
    }
    let is = |group: Group| group.addr() == destination;
    let family = Family::of(destination);
    match message {
        // RFC2236-3-07, RFC2236-7-14. Linux's bridge asks for a group at all hosts.
        Message::Query(query) => is(family.all_hosts()) || query.group.is_some_and(is),
        // RFC2236-9-01, RFC2236-3-22
        Message::Report(report) if report.is_leave() => {
            is(family.all_routers()) || message.groups().any(is)
        }
        // RFC3376-4.2.14-01, RFC3810-5.2.14-01
        Message::Report(report) if report.version == Version::V3 => is(family.gmp_reports()),
        Message::Report(_) => message.groups().any(is), // RFC2236-3-12, RFC2710-4-12
        // Nobody acts on them, and the reason is another.
        Message::NotOfGroup(NotOfGroup { .. }) | Message::Unknown(_) => true,
    }
}
