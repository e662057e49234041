//! Decodes captured frames: the IPv4 header, and the IGMP message or the numbered datagram behind
//! it.

mod message;

use std::fmt;
use std::net::IpAddr;

use castnet::addr::Group;
use castnet::gmp::message::Message;
use castnet::wire::ipv4::{self, Ipv4Packet};
use castnet::wire::{Malformed, Why};
use etherparse::{EtherType, Ethernet2Slice, UdpSlice, ip_number};

pub use message::{DecodedMessage, Field};

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
    /// The IP TTL.
    pub ttl: u8,
    /// The whole TOS octet.
    pub tos: u8,
    /// Whether it carries Router Alert.
    pub router_alert: bool,
    /// Octets of the IGMP message, of the numbered datagram, or of whatever the IP header leaves.
    pub length: usize,
    /// The second octet of what the IP header leaves, which is the Max Resp Code in Queries.
    pub max_resp_code: Option<u8>,
    /// What is in it.
    pub content: Content,
    /// The IGMP message with its checksum corrected, if only its checksum is wrong.
    pub but_for_checksum: Option<Box<DecodedMessage>>,
}

/// What an IPv4 packet carries.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// An IGMP message.
    Gmp(DecodedMessage),
    /// IGMP that is malformed.
    BadGmp(Malformed),
    /// A numbered datagram of a source.
    Data(Number),
    /// Another payload, by its IP protocol.
    Other(u8),
}

/// Decodes an Ethernet frame; `None` if it is not IPv4, or not even that.
#[must_use]
pub fn decode(frame: &[u8]) -> Option<Packet> {
    let ethernet = Ethernet2Slice::from_slice_without_fcs(frame).ok()?;
    if ethernet.ether_type() != EtherType::IPV4 {
        return None;
    }
    decode_ipv4(ethernet.payload_slice()).ok()
}

/// Decodes an IPv4 packet, which a link may have padded.
///
/// # Errors
/// The fault of its header.
pub fn decode_ipv4(bytes: &[u8]) -> Result<Packet, Malformed> {
    let packet = ipv4::decode(bytes)?;
    let Ipv4Packet { source, destination, ttl, tos, router_alert, payload, .. } = packet;
    let (content, length) = content(&packet);
    let but_for_checksum = match &content {
        Content::BadGmp(malformed) => but_for_checksum(payload, malformed),
        Content::Gmp(_) | Content::Data(_) | Content::Other(_) => None,
    };
    Ok(Packet {
        source: source.into(),
        destination: destination.into(),
        ttl,
        tos,
        router_alert,
        length,
        max_resp_code: payload.get(1).copied(),
        content,
        but_for_checksum,
    })
}

/// What is in the packet, and how many octets that is.
fn content(packet: &Ipv4Packet<'_>) -> (Content, usize) {
    let length = packet.payload.len();
    if packet.protocol == ipv4::IGMP {
        let content = message::decode(packet.payload).map_or_else(Content::BadGmp, Content::Gmp);
        return (content, length);
    }
    let numbered = (packet.protocol == ip_number::UDP.0)
        .then(|| UdpSlice::from_slice(packet.payload).ok())
        .flatten()
        .and_then(|udp| Some((numbered::decode(udp.payload())?.0, udp.payload().len())));
    numbered.map_or((Content::Other(packet.protocol), length), |(number, length)| {
        (Content::Data(number), length)
    })
}

/// The message with its checksum corrected.
fn but_for_checksum(payload: &[u8], malformed: &Malformed) -> Option<Box<DecodedMessage>> {
    let Malformed { at, why: Why::Checksum { right, .. }, .. } = malformed else { return None };
    let mut mended = payload.to_vec();
    mended.get_mut(*at..at + 2)?.copy_from_slice(&right.to_be_bytes());
    message::decode(&mended).ok().map(Box::new)
}

impl Packet {
    /// Whether the packet is of this kind. A malformed packet is of no kind.
    #[must_use]
    pub fn is(&self, kind: PacketKind) -> bool {
        match &self.content {
            Content::Gmp(message) => message.is(kind),
            Content::Data(_) => kind == PacketKind::Data,
            Content::BadGmp(_) | Content::Other(_) => false,
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
            Content::BadGmp(_) | Content::Other(_) => false,
        }
    }

    /// What the header says that matters to group management.
    #[must_use]
    pub fn envelope(&self) -> Envelope {
        let Self { source, destination, ttl, router_alert, .. } = *self;
        Envelope { source, destination, hop_limit: ttl, router_alert }
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
            Content::Other(protocol) => write!(f, "IP protocol {protocol}"),
        }
    }
}
