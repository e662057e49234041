//! What a frame of any capture file says, in words, or why nothing can be said of it.

use std::fmt;

use etherparse::Ipv4HeaderSlice;

use super::decode::{Content, Packet, decode_ipv4};
use super::fields::Field;
use super::file::CapturedFrame;
use super::link::{self, Unread};
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
    /// A sound IPv4 packet.
    Packet(Packet),
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
        let content = match carried.is_ipv4() {
            true => ipv4(carried.packet, captured),
            false => {
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
            FrameContent::Other(_) | FrameContent::Unread(..) => vec![("frame", self.to_string())],
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
            FrameContent::Other(_) | FrameContent::Unread(..) => None,
        }
    }

    /// Whether it is IGMP, even if malformed.
    #[must_use]
    pub fn is_igmp(&self) -> bool {
        let is_igmp = |content: &Content| matches!(content, Content::Igmp(_) | Content::BadIgmp(_));
        self.packet().is_some_and(|packet| is_igmp(&packet.content))
    }
}

impl fmt::Display for InspectedFrame {
    /// `VLAN 7, 10.0.2.1 > 224.0.0.1 v2 Membership Query ...`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for vlan in &self.vlans {
            write!(f, "VLAN {vlan}, ")?;
        }
        match &self.content {
            FrameContent::Packet(packet) => write!(f, "{packet}"),
            FrameContent::Other(words) => f.write_str(words),
            FrameContent::Unread(why, length) => write!(f, "{length} octets, {why}"),
        }
    }
}

fn ipv4(packet: &[u8], captured: &CapturedFrame) -> FrameContent {
    let (kept, length) = (captured.bytes.len(), captured.original_len);
    match decode_ipv4(packet) {
        Ok(packet) => FrameContent::Packet(packet),
        Err(_) if kept < length => {
            let header = Ipv4HeaderSlice::from_slice(packet).map_or("IPv4".to_owned(), |header| {
                let (source, destination) = (header.source_addr(), header.destination_addr());
                format!("{source} > {destination} IP protocol {}", header.protocol().0)
            });
            FrameContent::Other(format!(
                "{header}, of which {kept} of {length} octets were captured"
            ))
        }
        Err(malformed) => FrameContent::Other(format!("malformed {malformed}, {length} octets")),
    }
}

/// What is no IPv4, by its EtherType.
fn protocol(ether_type: u16) -> String {
    match ether_type {
        0x0806 => "ARP".to_owned(),
        0x86dd => "IPv6".to_owned(),
        // Below it is a length (IEEE 802.3 section 3.2.6).
        ..0x0600 => "an 802.3 frame".to_owned(),
        other => format!("EtherType {other:#06x}"),
    }
}
