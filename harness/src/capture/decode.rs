//! Decodes captured frames of both families: the IP header, and the message of IGMP or MLD or the
//! numbered datagram behind it.

mod message;
mod other;
mod pim;

use std::fmt;
use std::net::IpAddr;

use castnet::addr::{Family, Group};
use castnet::gmp::message::Message;
use castnet::wire::{Malformed, Why, ip, ipv4, ipv6};
use etherparse::{EtherType, Ethernet2Slice, UdpSlice, ip_number};

pub(super) use message::may_be_mld;
pub use message::{DecodedMessage, Field};
pub use other::{Datagram, Other};

use super::numbered;
use crate::protocol::delivery::Envelope;
use crate::recording::Number;
use crate::scenario::PacketKind;

/// The decoded frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// The IP source.
    pub source: IpAddr,
    /// The IP destination.
    pub destination: IpAddr,
    /// TTL, or Hop Limit.
    pub ttl: u8,
    /// The whole TOS octet, or Traffic Class.
    pub tos: u8,
    /// Whether it carries Router Alert; in IPv6 the one of MLD.
    pub router_alert: bool,
    /// Octets of the message, of the numbered datagram, or of whatever the IP header leaves.
    pub length: usize,
    /// The field of the Max Resp Code, which means something in Queries only: the second octet of what
    /// an IPv4 header leaves, or the octets 4 and 5 of what an IPv6 header leaves.
    pub max_resp_code: Option<u16>,
    /// What is in it.
    pub content: Content,
    /// The message with its checksum corrected, if only its checksum is wrong.
    pub but_for_checksum: Option<Box<DecodedMessage>>,
}

/// What a packet carries.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// A message of IGMP or MLD.
    Gmp(DecodedMessage),
    /// IGMP or MLD that is malformed.
    BadGmp(Malformed),
    /// A numbered datagram of a source.
    Data(Number),
    /// Another payload.
    Other(Other),
}

/// Decodes an Ethernet frame; `None` if it is not IP, or not even that.
#[must_use]
pub fn decode(frame: &[u8]) -> Option<Packet> {
    let ethernet = Ethernet2Slice::from_slice_without_fcs(frame).ok()?;
    let family = match ethernet.ether_type() {
        EtherType::IPV4 => Family::V4,
        EtherType::IPV6 => Family::V6,
        _ => return None,
    };
    decode_of(family, ethernet.payload_slice()).ok()
}

/// Decodes a packet of the family, which a link may have padded.
///
/// # Errors
/// The fault of its header.
pub fn decode_of(family: Family, bytes: &[u8]) -> Result<Packet, Malformed> {
    let packet = match family {
        Family::V4 => ipv4::decode(bytes)?.into(),
        Family::V6 => ipv6::decode(bytes)?.into(),
    };
    Ok(read(&packet))
}

/// Decodes a packet of the family that its version names, which a link may have padded.
///
/// # Errors
/// The fault of its header.
pub fn decode_ip(bytes: &[u8]) -> Result<Packet, Malformed> {
    ip::Packet::decode(bytes).map(|packet| read(&packet))
}

fn read(packet: &ip::Packet<'_>) -> Packet {
    let ip::Header { source, destination, hop_limit, class, router_alert, .. } = packet.header;
    let (content, length) = content(packet);
    let but_for_checksum = match &content {
        Content::BadGmp(malformed) => but_for_checksum(packet, malformed),
        Content::Gmp(_) | Content::Data(_) | Content::Other(_) => None,
    };
    let max_resp_code = match (source, packet.payload) {
        (IpAddr::V4(_), &[_, code, ..]) => Some(code.into()),
        (IpAddr::V6(_), &[_, _, _, _, high, low, ..]) => Some(u16::from_be_bytes([high, low])),
        _ => None,
    };
    Packet {
        source,
        destination,
        ttl: hop_limit,
        tos: class,
        router_alert,
        length,
        max_resp_code,
        content,
        but_for_checksum,
    }
}

/// What is in the packet, and how many octets that is.
fn content(packet: &ip::Packet<'_>) -> (Content, usize) {
    let (length, protocol) = (packet.payload.len(), packet.header.protocol);
    if let Some(discovery) = Other::discovery(packet) {
        return (Content::Other(discovery), length);
    }
    if let Some(message) = message::decode(packet) {
        return (message.map_or_else(Content::BadGmp, Content::Gmp), length);
    }
    let numbered = (protocol == ip_number::UDP.0)
        .then(|| UdpSlice::from_slice(packet.payload).ok())
        .flatten()
        .and_then(|udp| Some((numbered::decode(udp.payload())?.0, udp.payload().len())));
    match numbered {
        Some((number, length)) => (Content::Data(number), length),
        None => (Content::Other(Other::read(packet)), length),
    }
}

/// The message with its checksum corrected.
fn but_for_checksum(packet: &ip::Packet<'_>, malformed: &Malformed) -> Option<Box<DecodedMessage>> {
    let Malformed { at, why: Why::Checksum { right, .. }, .. } = malformed else { return None };
    let mut mended = packet.payload.to_vec();
    mended.get_mut(*at..at + 2)?.copy_from_slice(&right.to_be_bytes());
    let mended = ip::Packet { header: packet.header, payload: &mended };
    message::decode(&mended)?.ok().map(Box::new)
}

impl Packet {
    /// Whether the packet is of this kind. A malformed packet is of no kind.
    #[must_use]
    pub fn is(&self, kind: PacketKind) -> bool {
        match &self.content {
            Content::Gmp(message) => message.is(kind),
            Content::Data(_) => kind == PacketKind::Data,
            Content::Other(other) => other.pim.as_deref().is_some_and(|pim| pim::is(pim, kind)),
            Content::BadGmp(_) => false,
        }
    }

    /// Whether the packet names this group: in any record of the message, or as the destination of
    /// the numbered datagram.
    #[must_use]
    pub fn names(&self, group: Group) -> bool {
        let group = group.addr();
        match &self.content {
            Content::Gmp(message) => message.group_fields().contains(&group),
            Content::Data(_) => self.destination == group,
            Content::Other(other) => {
                other.pim.as_deref().is_some_and(|pim| pim::groups(pim).contains(&group))
            }
            Content::BadGmp(_) => false,
        }
    }

    /// What the header says that matters to group management.
    #[must_use]
    pub fn envelope(&self) -> Envelope {
        let Self { source, destination, ttl, router_alert, .. } = *self;
        Envelope { source, destination, hop_limit: ttl, router_alert }
    }

    /// The message of PIM in the packet, if it carries a sound one.
    #[must_use]
    pub fn pim(&self) -> Option<&castnet::wire::pim::Message> {
        match &self.content {
            Content::Other(other) => other.pim.as_deref(),
            Content::Gmp(_) | Content::BadGmp(_) | Content::Data(_) => None,
        }
    }

    /// What the message in the packet means, if it carries a sound one.
    #[must_use]
    pub const fn meaning(&self) -> Option<&Message> {
        match &self.content {
            Content::Gmp(message) => Some(message.meaning()),
            Content::BadGmp(_) | Content::Data(_) | Content::Other(_) => None,
        }
    }
}

impl fmt::Display for Packet {
    /// `10.0.2.1 > 224.0.0.1 v2 Membership Query, general, ...`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} > {} ", self.source, self.destination)?;
        match &self.content {
            Content::Gmp(message) => write!(f, "{message}"),
            Content::BadGmp(malformed) => write!(f, "malformed {malformed}"),
            Content::Data(number) => write!(f, "{number}"),
            Content::Other(other) => write!(f, "{other}"),
        }
    }
}
