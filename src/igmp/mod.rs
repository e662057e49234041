//! IGMP on one link: packets to the meanings of [`crate::gmp`] and back.
//!
//! Decides which messages are valid (RFC 2236 sections 6 and 7) and hands each to the lens of its
//! version: [`v1`], [`v2`]; [`host`] is the host's side. A message that this version does not know is
//! ignored, with the reason.

pub mod host;
mod meaning;
pub mod v1;
pub mod v2;

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr};

use crate::addr::{Family, Group};
use crate::event::Ignored;
use crate::gmp::Cx;
use crate::gmp::interface::Interface;
use crate::gmp::message::{Form, Message, NotOfGroup, Version};
use crate::gmp::params::Params;
use crate::wire::Unencodable;
use crate::wire::igmp::decode;
use crate::wire::ip::{Datagram, Header, Packet};
use crate::wire::ipv4;

pub use meaning::{meaning, message};

/// All hosts of the link (RFC 1112 section 4).
pub const ALL_HOSTS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);
/// All routers of the link, to which Leaves go (RFC2236-9-01).
pub const ALL_ROUTERS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 2);

/// Hands a packet that came in on the link to the router's machine.
///
/// # Errors
/// Why the packet was ignored; the machine is then unchanged.
pub fn receive(
    interface: &mut Interface,
    cx: &mut Cx<'_>,
    packet: &Packet<'_>,
) -> Result<(), Ignored> {
    let from = packet.header.source;
    let message = read(packet)?;
    if let Some(why) = unwanted(interface.params(), &packet.header, &message) {
        return Err(Ignored::Unwanted(why.to_owned()));
    }
    match message {
        // The kernel may return our own packets. Our own Reports and Leaves count: if this router
        // is a member itself, they may be the ones that silence the other members.
        _ if from == interface.own() && message.form() == Some(Form::Query) => Err(Ignored::Own),
        // RFC2236-4-01: a zero Max Response Time marks a version 1 Query.
        Message::Query(query) if query.version == Version::V1 => {
            v1::query(interface, cx, from, query);
            Ok(())
        }
        Message::Query(query) => {
            v2::query(interface, cx, from, &query);
            Ok(())
        }
        Message::Report(report) => {
            let is_leave = report.is_leave();
            report.records.into_iter().try_for_each(|(group, _)| {
                let group = reported_group(group)?;
                match report.version {
                    Version::V1 => v1::report(interface, cx, group),
                    Version::V2 if is_leave => return v2::leave(interface, cx, group),
                    Version::V2 | Version::V3 => v2::report(interface, cx, group),
                }
                Ok(())
            })
        }
        Message::NotOfGroup(NotOfGroup { address, .. }) => Err(Ignored::NotMulticast(address)),
        Message::Unknown(kind) => Err(Ignored::UnknownType(kind)), // RFC2236-2.1-02
    }
}

/// The message of a valid packet, for a router or a host of version 2.
fn read(packet: &Packet<'_>) -> Result<Message, Ignored> {
    // RFC1112-7.2-02; 0.0.0.0 is a host that has no address yet (RFC3376-4.2.13-01).
    if packet.header.source.is_multicast() {
        return Err(Ignored::SourceNotUnicast(packet.header.source));
    }
    // RFC2236-2.3-02 and RFC2236-2.5-01: checked and cut to size by the codec.
    let decoded = decode(packet.payload, Version::V2)?;
    Ok(meaning(&decoded.message))
}

/// Why the link's parameters refuse the message, if they do (RFC 2236 section 10).
const fn unwanted(params: &Params, header: &Header, message: &Message) -> Option<&'static str> {
    match message {
        // RFC2236-10-02
        Message::Report(_) if params.require_router_alert && !header.router_alert => {
            Some("no Router Alert option, which is required here")
        }
        // RFC2236-10-03; a router of version 1 would be deaf.
        _ if params.ignore_version_1
            && matches!(params.version, Version::V2 | Version::V3)
            && matches!(message.version(), Some(Version::V1)) =>
        {
            Some("a version 1 message, which is ignored here")
        }
        _ => None,
    }
}

/// RFC2236-6-08: 224.0.0.1 is never reported, since every host is a member.
fn reported_group(group: Group) -> Result<Group, Ignored> {
    if group.is_all_hosts() { Err(Ignored::AllHosts) } else { Ok(group) }
}

/// The packet that carries a message of ours.
///
/// # Errors
/// The part of the message that IGMP cannot carry.
pub fn encode(source: IpAddr, said: &Message) -> Result<Datagram, Unencodable> {
    let payload = message(said)?.encode()?;
    let header = Header {
        source,
        destination: destination(said),
        protocol: Family::V4.gmp_protocol(), // RFC2236-2-01
        hop_limit: 1,                        // RFC2236-2-02
        class: ipv4::INTERNETWORK_CONTROL,   // RFC3376-4-01
        router_alert: true,                  // RFC2236-2-03
    };
    Ok(Datagram { header, payload })
}

/// The destination of a message.
fn destination(said: &Message) -> IpAddr {
    let group = match said {
        // RFC2236-3-07, RFC2236-7-14: to all hosts, or to the group itself.
        Message::Query(query) => query.group.unwrap_or(Family::V4.all_hosts()),
        Message::Report(report) => match report.records[..] {
            _ if report.is_leave() => Family::V4.all_routers(), // RFC2236-9-01
            _ if report.version == Version::V3 => Family::V4.gmp_reports(), // RFC3376-4.2.14-01
            [(group, _), ..] => group,                          // RFC2236-3-12
            [] => Family::V4.all_routers(),
        },
        Message::NotOfGroup(NotOfGroup { form: Form::Leave, .. }) | Message::Unknown(_) => {
            Family::V4.all_routers()
        }
        Message::NotOfGroup(NotOfGroup { address, .. }) => return *address,
    };
    group.addr()
}
