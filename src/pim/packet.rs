//! Which packets are messages of PIM for this router, and the packets of its own messages.
//!
//! Owns the checks of RFC 7761 section 4.9 that need an IP header. Refuses messages to other addresses
//! than their type goes to, and messages between the routers of a link that came through another one or
//! from no neighbour.

use std::net::IpAddr;

use crate::addr::Family;
use crate::ignored::Ignored;
use crate::wire::icmpv6::Ends;
use crate::wire::ip::{Datagram, Header, Packet};
use crate::wire::pim::{self, Message, PIM};
use crate::wire::{Unencodable, ipv4};

/// Messages between routers go no further than the link (RFC7761-4.9-01).
const ONE_HOP: u8 = 1;

/// How far a message to one router goes (RFC7761-4.4.1-05).
const MANY_HOPS: u8 = 64;

/// Reads a message to the router.
///
/// # Errors
/// Why the packet is ignored.
pub(super) fn read(packet: &Packet<'_>) -> Result<Message, Ignored> {
    let Header { source, destination, .. } = packet.header;
    let message = pim::decode(packet.payload, Ends::of(source, destination))?.message;
    match message {
        Message::Unknown { kind } => Err(Ignored::UnknownType(kind)), // RFC7761-4.9-04
        Message::Register(_) | Message::RegisterStop(_) => {
            // RFC7761-4.9-04
            let is_unicast = !destination.is_multicast();
            is_unicast.then_some(message).ok_or(Ignored::Misaddressed(destination))
        }
        Message::Hello(_) | Message::JoinPrune(_) | Message::Assert(_) => {
            on_link(&packet.header).map(|()| message)
        }
        ref other => Err(Ignored::NotSpokenHere(other.kind())),
    }
}

/// Whether a message came from a router of the link to all of them.
fn on_link(header: &Header) -> Result<(), Ignored> {
    let Header { source, destination, hop_limit, .. } = *header;
    // RFC7761-4.9-04
    if destination != Family::of(source).pim_routers().addr() {
        return Err(Ignored::Misaddressed(destination));
    }
    if hop_limit != ONE_HOP {
        return Err(Ignored::NotOneHop(hop_limit));
    }
    match source {
        // RFC 7761 section 4.3.1: a Hello of IPv6 comes from a link-local address.
        IpAddr::V6(own) if !own.is_unicast_link_local() => Err(Ignored::NotLinkLocal(source)),
        _ if source.is_unspecified() || source.is_multicast() => {
            Err(Ignored::SourceNotUnicast(source))
        }
        _ => Ok(()),
    }
}

/// The packet of a message to all PIM routers of a link.
///
/// # Errors
/// What of the message does not fit its field.
pub fn encode(own: IpAddr, message: &Message) -> Result<Datagram, Unencodable> {
    let all = Family::of(own).pim_routers().addr();
    let header = Header { hop_limit: ONE_HOP, ..header(own, all, ipv4::INTERNETWORK_CONTROL) };
    Ok(Datagram { header, payload: message.encode(Ends::of(own, all))? })
}

/// The packet of a message to one router, with this Type of Service or Traffic Class.
///
/// # Errors
/// What of the message does not fit its field.
pub fn encode_to(
    own: IpAddr,
    router: IpAddr,
    class: u8,
    message: &Message,
) -> Result<Datagram, Unencodable> {
    let header = header(own, router, class);
    Ok(Datagram { header, payload: message.encode(Ends::of(own, router))? })
}

const fn header(source: IpAddr, destination: IpAddr, class: u8) -> Header {
    Header { source, destination, protocol: PIM, hop_limit: MANY_HOPS, class, router_alert: false }
}
