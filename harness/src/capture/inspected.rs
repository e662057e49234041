//! What a frame of any capture file says, in words, or why nothing can be said of it.

mod odd;

use std::fmt;

use castnet::addr::Family;

use super::decode::{Content, Packet, decode_of};
use super::fields::Field;
use super::file::CapturedFrame;
use super::link::{self, Unread};
use super::tunnel::{self, Tunnel};
use crate::recording::Number;

/// A frame that has been looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectedFrame {
    /// The interface; of a cooked capture with the number of the interface that it really was.
    pub interface: String,
    /// The Ethernet source, where there is one.
    pub source: Option<[u8; 6]>,
    /// Whether the interface sent it, if that is known.
    pub outgoing: Option<bool>,
    /// The VLANs, the outer one first.
    pub vlans: Vec<u16>,
    /// What is in it.
    pub content: FrameContent,
}

/// What a frame is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrameContent {
    /// A sound packet.
    Packet(Packet),
    /// A packet that no host on this link takes as it stands, and why: its IP header is wrong, or it
    /// is in a tunnel.
    Marked(Box<Packet>, String),
    /// Of the packet only a part is there.
    Part {
        /// The family of the packet.
        family: Family,
        /// Whether it belongs to a message of IGMP or MLD, or may do so.
        is_gmp: bool,
        /// The part, in words.
        words: String,
    },
    /// An IP packet of which not even the header can be told.
    Headless {
        /// The family of the packet.
        family: Family,
        /// Why such frames cannot be told.
        why: &'static str,
        /// The frame, in words.
        words: String,
    },
    /// Anything else, in words.
    Other(String),
    /// Nothing can be said.
    Unread(Unread, usize),
}

impl InspectedFrame {
    /// Looks at a frame.
    #[must_use]
    pub fn of(captured: &CapturedFrame) -> Self {
        let (interface, outgoing) = (captured.interface.clone(), captured.outgoing);
        let length = captured.original_len;
        let carried = match link::open(captured.link_type, &captured.bytes) {
            Ok(carried) => carried,
            Err(why) => {
                let content = FrameContent::Unread(why, length);
                return Self { interface, source: None, outgoing, vlans: Vec::new(), content };
            }
        };
        let interface = match carried.interface {
            Some(number) => format!("{interface}/{number}"),
            None => interface,
        };
        let content = match carried.family() {
            Some(family) => of_packet(family, carried.packet, captured, 0),
            None => {
                FrameContent::Other(format!("{}, {length} octets", protocol(carried.ether_type)))
            }
        };
        let (source, vlans) = (carried.source, carried.vlans.clone());
        Self { interface, source, outgoing: outgoing.or(carried.outgoing), vlans, content }
    }

    /// Every field that can be compared, in the order of its octets.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        let vlans = self.vlans.iter().map(|vlan| ("VLAN", vlan.to_string()));
        let of_packet = match &self.content {
            FrameContent::Packet(packet) => packet.fields(),
            FrameContent::Marked(packet, mark) => {
                let mut fields = packet.fields();
                fields.push(("mark", mark.clone()));
                fields
            }
            FrameContent::Part { .. }
            | FrameContent::Headless { .. }
            | FrameContent::Other(_)
            | FrameContent::Unread(..) => vec![("frame", self.to_string())],
        };
        vlans.chain(of_packet).collect()
    }

    /// The number of the datagram, if it is one of castnet's.
    #[must_use]
    pub const fn number(&self) -> Option<Number> {
        match &self.content {
            FrameContent::Packet(Packet { content: Content::Data(number), .. }) => Some(*number),
            _ => None,
        }
    }

    /// The packet, if it is a sound one.
    #[must_use]
    pub const fn packet(&self) -> Option<&Packet> {
        match &self.content {
            FrameContent::Packet(packet) => Some(packet),
            _ => None,
        }
    }

    /// Whether it is IGMP (IPv4) or MLD (IPv6), even if malformed.
    #[must_use]
    pub fn is_gmp_of(&self, family: Family) -> bool {
        match &self.content {
            FrameContent::Packet(packet) => is_gmp_of(family, packet),
            FrameContent::Marked(packet, _) => is_gmp_of(family, packet),
            FrameContent::Part { family: its, is_gmp, .. } => *is_gmp && *its == family,
            FrameContent::Headless { .. } | FrameContent::Other(_) | FrameContent::Unread(..) => {
                false
            }
        }
    }

    /// Why the frame may be IGMP (IPv4) or MLD (IPv6) although nobody can tell.
    #[must_use]
    pub fn hides(&self, family: Family) -> Option<&'static str> {
        match &self.content {
            FrameContent::Unread(Unread::LinkType(_), _) => Some("their link type is not read"),
            FrameContent::Unread(Unread::Wireless(_), _) => Some("802.11 encrypts or splits them"),
            FrameContent::Unread(Unread::Short, _) => Some("they end in the header of their link"),
            FrameContent::Headless { family: its, why, .. } if *its == family => Some(why),
            _ => None,
        }
    }
}

fn is_gmp_of(family: Family, packet: &Packet) -> bool {
    matches!(packet.content, Content::Gmp(_) | Content::BadGmp(_))
        && Family::of(packet.source) == family
}

impl fmt::Display for InspectedFrame {
    /// `VLAN 7, 10.0.2.1 > 224.0.0.1 v2 Membership Query ...`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for vlan in &self.vlans {
            write!(f, "VLAN {vlan}, ")?;
        }
        match &self.content {
            FrameContent::Packet(packet) => write!(f, "{packet}"),
            FrameContent::Marked(packet, mark) => write!(f, "{packet} ({mark})"),
            FrameContent::Part { words, .. }
            | FrameContent::Headless { words, .. }
            | FrameContent::Other(words) => f.write_str(words),
            FrameContent::Unread(why, length) => write!(f, "{length} octets, {why}"),
        }
    }
}

fn of_packet(
    family: Family,
    octets: &[u8],
    captured: &CapturedFrame,
    depth: usize,
) -> FrameContent {
    match decode_of(family, octets) {
        Ok(packet) => {
            let inner = (depth < tunnel::DEEPEST).then(|| tunnelled(octets, captured, depth));
            inner.flatten().unwrap_or(FrameContent::Packet(packet))
        }
        Err(malformed) => odd::odd(family, octets, malformed, captured),
    }
}

/// IGMP or MLD in a tunnel, which is none of this link.
fn tunnelled(octets: &[u8], captured: &CapturedFrame, depth: usize) -> Option<FrameContent> {
    let Tunnel { name, source, destination, family, inner } = tunnel::open(octets)?;
    let mark = format!("in {name} {source} > {destination}");
    let is_gmp = |packet: &Packet| is_gmp_of(family, packet);
    Some(match of_packet(family, inner, captured, depth + 1) {
        FrameContent::Packet(packet) if is_gmp(&packet) => {
            FrameContent::Marked(Box::new(packet), mark)
        }
        // In two tunnels it may be of the other family.
        FrameContent::Marked(packet, marks)
            if [Family::V4, Family::V6].iter().any(|&of| is_gmp_of(of, &packet)) =>
        {
            FrameContent::Marked(packet, format!("{mark}, {marks}"))
        }
        FrameContent::Part { family, is_gmp: true, words } => {
            FrameContent::Part { family, is_gmp: true, words: format!("{words}, {mark}") }
        }
        _ => return None,
    })
}

/// What is no IP, by its EtherType.
fn protocol(ether_type: u16) -> String {
    match ether_type {
        0x0806 => "ARP".to_owned(),
        // Below it is a length (IEEE 802.3 section 3.2.6).
        ..0x0600 => "an 802.3 frame".to_owned(),
        other => format!("EtherType {other:#06x}"),
    }
}
