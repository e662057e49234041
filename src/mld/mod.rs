//! MLD on one link: packets to the meanings of [`crate::gmp`] and back.
//!
//! Decides which messages are valid (RFC 2710 sections 5 and 6, RFC 3810 and RFC 9777 sections 5 to 8)
//! and hands each to the lens of its version ([`crate::gmp::lens`]), or to a host ([`crate::host`]). MLDv1
//! is version 2 of the machine, and MLDv2 version 3. The header is checked first, so that a packet that is refused by it is never
//! decoded. A message that the version does not know is ignored, with the reason.

mod meaning;

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv6Addr};

use crate::addr::Family;
use crate::gmp::address::{destination, is_addressed_well};
use crate::gmp::interface::Interface;
use crate::gmp::message::{Form, Message, Version};
use crate::gmp::{Cx, lens};
use crate::ignored::Ignored;
use crate::meaning::narrowed;
use crate::wire::Unencodable;
use crate::wire::icmpv6::Ends;
use crate::wire::ip::{Datagram, Header, Packet};
use crate::wire::mld::{MIN_LEN, V2_REPORT, decode};

pub use meaning::{meaning, message};

/// Hands a packet that came in on a link to the router's machine.
///
/// # Errors
/// Why the packet was ignored; the machine is then unchanged.
pub fn receive(
    interface: &mut Interface,
    cx: &mut Cx<'_>,
    packet: &Packet<'_>,
) -> Result<(), Ignored> {
    let ends = ends(&packet.header)?;
    let Read { message, is_newer_query } = read(packet, ends, interface.params().version)?;
    let to = packet.header.destination;
    if !is_addressed_well(interface.params(), to, &message) {
        return Err(Ignored::Misaddressed(to));
    }
    let from = packet.header.source;
    if is_newer_query && from != interface.own() {
        interface.warn_of_version(cx, from);
    }
    if message == Message::Unknown(V2_REPORT) && from != interface.own() {
        interface.warn_of_newer_host(cx, from);
    }
    lens::hear(interface, cx, from, message)
}

/// The message of a valid packet, for a host of this version (RFC2710-5-01, RFC2710-5-02,
/// RFC3810-6.2-01).
///
/// # Errors
/// Why the packet is to be ignored.
pub(crate) fn hear_as_host(version: Version, packet: &Packet<'_>) -> Result<Message, Ignored> {
    let ends = ends(&packet.header)?;
    Ok(read(packet, ends, version)?.message)
}

/// The ends of a packet whose header is that of a message of this link.
fn ends(header: &Header) -> Result<Ends, Ignored> {
    let (IpAddr::V6(source), IpAddr::V6(destination)) = (header.source, header.destination) else {
        return Err(Ignored::OtherFamily(header.source));
    };
    // RFC2710-6-01, RFC3810-5.1.14-02, RFC3810-5.2.13-02, RFC3590-4-02: neither `::` nor another scope.
    if !source.is_unicast_link_local() {
        return Err(Ignored::NotLinkLocal(header.source));
    }
    // RFC3810-7.4-01, RFC3810-7.6-01, RFC2710-3-01
    if header.hop_limit != 1 {
        return Err(Ignored::NotOneHop(header.hop_limit));
    }
    if !header.router_alert {
        return Err(Ignored::NoRouterAlert);
    }
    Ok(Ends { source, destination })
}

/// What a reader of some version makes of a packet.
struct Read {
    message: Message,
    /// Whether it is a Query with a part of version 2 of MLD that the reader does not know.
    is_newer_query: bool,
}

/// The message of a valid packet, for a router or a host of this version.
fn read(packet: &Packet<'_>, ends: Ends, version: Version) -> Result<Read, Ignored> {
    // RFC2710-3.3-01, RFC2710-3.7-02: checked and cut to size by the codec.
    let decoded = decode(packet.payload, ends, version.max(Version::V2))?;
    let message = meaning(&decoded.message);
    let is_older_query =
        message.form() == Some(Form::Query) && message.version() == Some(Version::V2);
    match (is_older_query, version, decoded.trailing) {
        // RFC3810-8.1-02
        (true, Version::V3, trailing @ 1..) => Err(Ignored::QueryOfNoVersion(MIN_LEN + trailing)),
        // RFC3810-8.1-01
        (true, _, 4..) => Ok(Read { message, is_newer_query: true }),
        _ => Ok(Read { message, is_newer_query: false }),
    }
}

/// The packet that carries a message of ours.
///
/// # Errors
/// The part of the message that MLD cannot carry.
pub fn encode(source: IpAddr, said: &Message) -> Result<Datagram, Unencodable> {
    let to = destination(Family::V6, said);
    let ends = Ends {
        source: narrowed::<Ipv6Addr>("source", source)?,
        destination: narrowed::<Ipv6Addr>("destination", to)?,
    };
    let header = Header::gmp(source, to);
    Ok(Datagram { header, payload: message(said)?.encode(ends)? })
}
