//! IGMP on one link: bytes to the meanings of [`crate::gmp`] and back.
//!
//! Decides which messages are valid (RFC 2236 sections 6 and 7) and hands each to the lens of its
//! version: [`v1`], [`v2`]; [`host`] is the host's side. What a router of this version does not know, it ignores, and says why.

pub mod host;
mod meaning;
pub mod v1;
pub mod v2;

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr};

use crate::addr::Group;
use crate::event::Ignored;
use crate::gmp::Cx;
use crate::gmp::interface::Interface;
use crate::gmp::message::{Form, Message, NotOfGroup, Version};
use crate::wire::igmp::{self as wire, decode};
use crate::wire::ipv4::{self, Ipv4Packet};
use crate::wire::{Malformed, Unencodable, Why};

pub use meaning::{meaning, message};

/// All hosts of the link (RFC 1112 section 4).
pub const ALL_HOSTS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);
/// All routers of the link, to which Leaves go (RFC2236-9-01).
pub const ALL_ROUTERS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 2);
/// All routers of the link that speak version 3, to which its Reports go (RFC3376-4.2.14-01).
pub const ALL_REPORTED_TO: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 22);

/// Hands a packet that came in on the link to the router's machine.
///
/// # Errors
/// Why the packet was ignored; it has then changed nothing.
pub fn receive(interface: &mut Interface, cx: &mut Cx<'_>, bytes: &[u8]) -> Result<(), Ignored> {
    let (packet, message) = decode_packet(bytes)?;
    let from = IpAddr::V4(packet.source);
    match message {
        // The kernel may hand us what we sent ourselves. Our own Reports and Leaves count: where this
        // router is a member itself, they may be the ones that silence the other members.
        _ if from == interface.own() && message.form() == Some(Form::Query) => Err(Ignored::Own),
        // RFC2236-4-01: a zero Max Response Time is that of a version 1 Query.
        Message::Query(query) if query.version == Version::V1 => {
            v1::query(interface, cx, from, query);
            Ok(())
        }
        Message::Query(query) => {
            v2::query(interface, cx, from, &query);
            Ok(())
        }
        // RFC2236-10-02
        Message::Report(_) if interface.params().require_router_alert && !packet.router_alert => {
            let why = Why::TooFew { unit: "Router Alert options", found: 0, least: 1 };
            Err(Ignored::Malformed(Malformed { message: "IPv4", field: "options", at: 20, why }))
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

/// What a packet says that is fit to be looked at, to a router and a host of version 2.
fn decode_packet(bytes: &[u8]) -> Result<(Ipv4Packet<'_>, Message), Ignored> {
    let packet = ipv4::decode(bytes).map_err(Ignored::Malformed)?;
    // RFC2236-2-01
    if packet.protocol != ipv4::IGMP {
        return Err(Ignored::NotIgmp(packet.protocol));
    }
    // RFC1112-7.2-02; 0.0.0.0 is a host that has no address yet (RFC3376-4.2.13-01).
    if packet.source.is_multicast() {
        return Err(Ignored::SourceNotUnicast(packet.source.into()));
    }
    // RFC2236-2.3-02 and RFC2236-2.5-01: checked and cut to size by the codec.
    let decoded = decode(packet.payload, Version::V2).map_err(Ignored::Malformed)?;
    Ok((packet, meaning(&decoded.message)))
}

/// RFC2236-6-08: nobody reports 224.0.0.1, of which everyone is a member.
fn reported_group(group: Group) -> Result<Group, Ignored> {
    if group.is_all_hosts() { Err(Ignored::AllHosts) } else { Ok(group) }
}

/// The IPv4 packet that carries a message of ours.
///
/// # Errors
/// What of it IGMP cannot carry.
pub fn encode(source: Ipv4Addr, said: &Message) -> Result<Vec<u8>, Unencodable> {
    let message = message(said)?;
    ipv4::encode_igmp(source, destination(&message), &message)
}

/// Where a message goes.
const fn destination(message: &wire::Message) -> Ipv4Addr {
    match message {
        // RFC2236-3-07, RFC2236-7-14: to all hosts, or to the group itself.
        wire::Message::Query(query) if query.is_general() => ALL_HOSTS,
        wire::Message::Query(query) => query.group,
        // RFC2236-3-12
        wire::Message::V1Report { group } | wire::Message::V2Report { group } => *group,
        wire::Message::Leave { .. } | wire::Message::Unknown { .. } => ALL_ROUTERS, // RFC2236-9-01
        wire::Message::V3Report(_) => ALL_REPORTED_TO, // RFC3376-4.2.14-01
    }
}
