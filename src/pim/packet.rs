//! Which packets are messages of PIM for this router, and the packets of its own messages.
//!
//! Owns the checks of RFC 7761 section 4.9 that need an IP header. Refuses messages to other addresses
//! than their type goes to, and messages between routers that came through another one or from no
//! neighbour.

use std::net::IpAddr;

use crate::addr::Family;
use crate::ignored::Ignored;
use crate::wire::icmpv6::Ends;
use crate::wire::ip::{Datagram, Header, Packet};
use crate::wire::pim::{self, Message, PIM};
use crate::wire::{Unencodable, ipv4};

/// Messages between routers go no further than the link (RFC7761-4.9-01).
const ONE_HOP: u8 = 1;

/// The ends that the checksum of IPv6 covers.
const fn ends(source: IpAddr, destination: IpAddr) -> Option<Ends> {
    match (source, destination) {
        (IpAddr::V6(source), IpAddr::V6(destination)) => Some(Ends { source, destination }),
        _ => None,
    }
}

/// Reads a message between the routers of a link.
///
/// # Errors
/// Why the packet is ignored.
pub(super) fn read(packet: &Packet<'_>) -> Result<Message, Ignored> {
    let Header { source, destination, hop_limit, .. } = packet.header;
    let decoded = pim::decode(packet.payload, ends(source, destination))?;
    match decoded.message {
        Message::Unknown { kind } => return Err(Ignored::UnknownType(kind)), // RFC7761-4.9-04
        Message::Hello(_) | Message::JoinPrune(_) => {}
        ref other => return Err(Ignored::NotSpokenHere(other.kind())),
    }
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
        _ => Ok(decoded.message),
    }
}

/// The packet of a message to all PIM routers of a link.
///
/// # Errors
/// What of the message does not fit its field.
pub fn encode(own: IpAddr, message: &Message) -> Result<Datagram, Unencodable> {
    let destination = Family::of(own).pim_routers().addr();
    let payload = message.encode(ends(own, destination))?;
    let header = Header {
        source: own,
        destination,
        protocol: PIM,
        hop_limit: ONE_HOP,
        class: ipv4::INTERNETWORK_CONTROL,
        router_alert: false,
    };
    Ok(Datagram { header, payload })
}
