//! IGMP on one link: packets to the meanings of [`crate::gmp`] and back.
//!
//! Decides which messages are valid (RFC 2236 sections 6, 7 and 10, RFC 9776 sections 4 and 9) and hands
//! each to the lens of its version ([`crate::gmp::lens`]), or to a host ([`crate::host`]). A message that
//! this version does not know is ignored, with the reason.

mod defence;
mod meaning;

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use crate::addr::Family;
use crate::gmp::address::destination;
use crate::gmp::interface::Interface;
use crate::gmp::message::{Form, Message, Version};
use crate::gmp::{Cx, lens};
use crate::ignored::Ignored;
use crate::wire::Unencodable;
use crate::wire::igmp::{self as wire, decode};
use crate::wire::ip::{Datagram, Header, Packet};

pub use meaning::{meaning, message};

/// All hosts of the link (RFC 1112 section 4).
pub const ALL_HOSTS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);
/// All routers of the link, to which Leaves go (RFC2236-9-01).
pub const ALL_ROUTERS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 2);

/// Hands a packet that came in on a link with these networks to the router's machine.
///
/// # Errors
/// Why the packet was ignored; the machine is then unchanged.
pub fn receive(
    interface: &mut Interface,
    cx: &mut Cx<'_>,
    networks: &[IpNet],
    packet: &Packet<'_>,
) -> Result<(), Ignored> {
    let from = packet.header.source;
    let Read { message, is_newer_query } = read(packet, interface.params().version)?;
    defence::check(interface.params(), networks, &packet.header, &message)?;
    if is_newer_query && from != interface.own() {
        interface.warn_of_version(cx, from); // RFC2236-4-10
    }
    if message == Message::Unknown(wire::V3_REPORT) && from != interface.own() {
        interface.warn_of_newer_host(cx, from);
    }
    lens::hear(interface, cx, from, message)
}

/// The message of a valid packet, for a host of this version.
///
/// # Errors
/// Why the packet is to be ignored.
pub(crate) fn hear_as_host(version: Version, packet: &Packet<'_>) -> Result<Message, Ignored> {
    let message = read(packet, version)?.message;
    let is_query = message.form() == Some(Form::Query);
    let is_older = message.version() == Some(Version::V1);
    // RFC3376-5.2-02, RFC3376-9.1-02
    if version == Version::V3 && is_query && !is_older && !packet.header.router_alert {
        return Err(Ignored::Unwanted("a Query without the Router Alert option".to_owned()));
    }
    Ok(message)
}

/// What a reader of some version makes of a packet.
struct Read {
    message: Message,
    /// Whether it is a Query with a part of version 3 that the reader does not know.
    is_newer_query: bool,
}

/// The message of a valid packet, for a router or a host of this version.
fn read(packet: &Packet<'_>, version: Version) -> Result<Read, Ignored> {
    // RFC1112-7.2-02; 0.0.0.0 is a host that has no address yet (RFC3376-4.2.13-01).
    if packet.header.source.is_multicast() {
        return Err(Ignored::SourceNotUnicast(packet.header.source));
    }
    // A reader of version 1 too hears what version 2 says, and refuses it above.
    let newest = version.max(Version::V2);
    // RFC2236-2.3-02 and RFC2236-2.5-01: checked and cut to size by the codec.
    let decoded = decode(packet.payload, newest)?;
    let message = meaning(&decoded.message);
    let is_query = message.form() == Some(Form::Query);
    match (is_query, newest, decoded.trailing) {
        // RFC3376-7.1-02
        (true, Version::V3, trailing @ 1..) if message.version() != Some(Version::V3) => {
            Err(Ignored::QueryOfNoVersion(wire::MIN_LEN + trailing))
        }
        // RFC3376-7.1-01
        (true, Version::V2, 4..) => Ok(Read { message, is_newer_query: true }),
        _ => Ok(Read { message, is_newer_query: false }),
    }
}

/// The packet that carries a message of ours.
///
/// # Errors
/// The part of the message that IGMP cannot carry.
pub fn encode(source: IpAddr, said: &Message) -> Result<Datagram, Unencodable> {
    let payload = message(said)?.encode()?;
    let header = Header::gmp(source, destination(Family::V4, said));
    Ok(Datagram { header, payload })
}
