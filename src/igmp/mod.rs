//! IGMP on one link: bytes to the meanings of [`crate::gmp`] and back.
//!
//! Decides which messages are valid (RFC 2236 sections 6 and 7) and hands each to the lens of its
//! version: [`v1`], [`v2`]; [`host`] is the host's side. What a router of this version does not know, it ignores, and says why.

pub mod host;
pub mod v1;
pub mod v2;

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr};

use crate::addr::Group;
use crate::event::Ignored;
use crate::gmp::interface::Interface;
use crate::gmp::{Cx, Query};
use crate::wire::Unencodable;
use crate::wire::igmp::{Message, Version, decode};
use crate::wire::ipv4::{self, Ipv4Packet};

/// All hosts of the link (RFC 1112 section 4).
pub const ALL_HOSTS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);
/// All routers of the link, to which Leaves go (RFC2236-9-01).
pub const ALL_ROUTERS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 2);

/// Hands a packet that came in on the link to the router's machine.
///
/// # Errors
/// Why the packet was ignored; it has then changed nothing.
pub fn receive(interface: &mut Interface, cx: &mut Cx<'_>, bytes: &[u8]) -> Result<(), Ignored> {
    let (packet, message) = decode_packet(bytes)?;
    dispatch(interface, cx, &packet, message)
}

/// The IGMP message in a packet that is fit to be looked at.
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
    Ok((packet, decoded.message))
}

fn dispatch(
    interface: &mut Interface,
    cx: &mut Cx<'_>,
    packet: &Ipv4Packet<'_>,
    message: Message,
) -> Result<(), Ignored> {
    let from = IpAddr::V4(packet.source);
    match message {
        // The kernel may hand us what we sent ourselves. Our own Reports and Leaves count: where this
        // router is a member itself, they may be the ones that silence the other members.
        Message::Query(_) if from == interface.own() => Err(Ignored::Own),
        Message::Query(query) => {
            let group = queried_group(query.group)?;
            // RFC2236-4-01: a zero Max Response Time is that of a version 1 Query.
            if query.max_resp_code == 0 {
                v1::query(interface, cx, from);
            } else {
                v2::query(interface, cx, from, group, query.max_resp_v2());
            }
            Ok(())
        }
        Message::V1Report { group } => {
            v1::report(interface, cx, reported_group(group)?);
            Ok(())
        }
        Message::V2Report { group } => {
            v2::report(interface, cx, reported_group(group)?);
            Ok(())
        }
        Message::Leave { group } => v2::leave(interface, cx, reported_group(group)?),
        // RFC2236-2.1-02
        Message::V3Report(_) => Err(Ignored::UnknownType(0x22)),
        Message::Unknown { kind } => Err(Ignored::UnknownType(kind)),
    }
}

/// RFC2236-6-01: zero, or a multicast address.
fn queried_group(group: Ipv4Addr) -> Result<Option<Group>, Ignored> {
    if group.is_unspecified() {
        return Ok(None);
    }
    Group::new(group.into()).map(Some).ok_or(Ignored::NotMulticast(group.into()))
}

/// RFC2236-2.4-02, and RFC2236-6-08: nobody reports 224.0.0.1, of which everyone is a member.
fn reported_group(group: Ipv4Addr) -> Result<Group, Ignored> {
    let group = Group::new(group.into()).ok_or(Ignored::NotMulticast(group.into()))?;
    if group.is_all_hosts() { Err(Ignored::AllHosts) } else { Ok(group) }
}

/// The IPv4 packet that carries a Query of ours.
///
/// # Errors
/// What of the Query its message cannot carry.
pub fn encode_query(source: Ipv4Addr, query: &Query) -> Result<Vec<u8>, Unencodable> {
    // RFC2236-3-07, RFC2236-7-14: to all hosts, or to the group itself.
    let group = query.group.and_then(Group::v4);
    let destination = group.unwrap_or(ALL_HOSTS);
    ipv4::encode_igmp(source, destination, &v2::encode(group, query.max_resp))
}
