//! What a frame of any capture file says, in words, or why nothing can be said of it.

use std::fmt;

use castnet::wire::{Malformed, Why, ipv4};
use etherparse::Ipv4HeaderSlice;

use super::decode::{Content, Packet, decode_ipv4};
use super::fields::Field;
use super::file::CapturedFrame;
use super::link::{self, LinkType, Unread};
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
    /// A packet that no host on this link takes as it stands, and why: its IP header is wrong, or it
    /// is in a tunnel.
    Marked(Box<Packet>, String),
    /// Of the IPv4 packet of this protocol only a part is there.
    Part(u8, String),
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
            true => of_ipv4(carried.packet, captured),
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
            FrameContent::Marked(packet, mark) => {
                let mut fields = packet.fields();
                fields.push(("mark", mark.clone()));
                fields
            }
            FrameContent::Part(..) | FrameContent::Other(_) | FrameContent::Unread(..) => {
                vec![("frame", self.to_string())]
            }
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

    /// Whether it is IGMP, even if malformed.
    #[must_use]
    pub fn is_igmp(&self) -> bool {
        match &self.content {
            FrameContent::Packet(packet) => is_igmp(packet),
            FrameContent::Marked(packet, _) => is_igmp(packet),
            FrameContent::Part(protocol, _) => *protocol == ipv4::IGMP,
            FrameContent::Other(_) | FrameContent::Unread(..) => false,
        }
    }

    /// Why the frame may be IGMP although nobody can tell.
    #[must_use]
    pub fn hides(&self) -> Option<&'static str> {
        match &self.content {
            FrameContent::Unread(Unread::LinkType(_), _) => Some("their link type is not read"),
            FrameContent::Unread(Unread::Short, _) => Some("they end in the header of their link"),
            FrameContent::Other(words) if words.starts_with(HEADERLESS) => {
                Some("they end in the IP header")
            }
            FrameContent::Other(words) if words.starts_with("malformed IPv4") => {
                Some("their IP header is malformed")
            }
            _ => None,
        }
    }
}

/// How a frame is told that was cut within its IP header.
const HEADERLESS: &str = "IPv4, of which";

const fn is_igmp(packet: &Packet) -> bool {
    matches!(packet.content, Content::Gmp(_) | Content::BadGmp(_))
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
            FrameContent::Part(_, words) | FrameContent::Other(words) => f.write_str(words),
            FrameContent::Unread(why, length) => write!(f, "{length} octets, {why}"),
        }
    }
}

fn of_ipv4(octets: &[u8], captured: &CapturedFrame) -> FrameContent {
    match decode_ipv4(octets) {
        Ok(packet) => tunnelled(octets).unwrap_or(FrameContent::Packet(packet)),
        Err(malformed) => odd(octets, malformed, captured),
    }
}

/// A packet whose header is wrong, or of which only a part is there.
fn odd(octets: &[u8], first: Malformed, captured: &CapturedFrame) -> FrameContent {
    let (kept, length) = (captured.bytes.len(), captured.original_len);
    let malformed = |why| FrameContent::Other(format!("malformed {why}, {length} octets"));
    let (mut octets, mut marks) = (octets.to_vec(), Vec::new());
    let mut next = first;
    // A mended header may show another fault, and each can be mended once.
    for _ in 0..3 {
        match next.why {
            Why::Checksum { found, right } if next.at == 10 => {
                marks.push(format!("IP header checksum {found:#06x}, should be {right:#06x}"));
                octets[10..12].copy_from_slice(&right.to_be_bytes());
            }
            // Offloading to the device, and packets beyond 65535 octets, leave it to the link.
            Why::TooFew { found: 0, .. } if next.field == "total length" && kept == length => {
                marks.push("IP total length 0".to_owned());
                let total = u16::try_from(octets.len()).unwrap_or(u16::MAX);
                octets[2..4].copy_from_slice(&total.to_be_bytes());
                mend_checksum(&mut octets);
            }
            Why::Fragment { offset, more } => {
                let place = if more { "more to come" } else { "the last one" };
                let words = format!("fragment at octet {offset}, {place}");
                return part(&octets, &words, marks).unwrap_or_else(|| malformed(first));
            }
            _ if kept < length => {
                let words = format!("of which {kept} of {length} octets were captured");
                let none = || {
                    FrameContent::Other(format!(
                        "{HEADERLESS} {kept} of {length} octets were captured"
                    ))
                };
                return part(&octets, &words, marks).unwrap_or_else(none);
            }
            _ => return malformed(first),
        }
        match decode_ipv4(&octets) {
            Ok(packet) => return FrameContent::Marked(Box::new(packet), marks.join(", ")),
            Err(malformed) => next = malformed,
        }
    }
    malformed(first)
}

/// Addresses and protocol of a packet, and what is missing of it; `None` without a whole header.
fn part(octets: &[u8], words: &str, marks: Vec<String>) -> Option<FrameContent> {
    let header = Ipv4HeaderSlice::from_slice(octets).ok()?;
    let (source, destination) = (header.source_addr(), header.destination_addr());
    let protocol = header.protocol().0;
    let words: Vec<String> = [words.to_owned()].into_iter().chain(marks).collect();
    let words = format!("{source} > {destination} IP protocol {protocol}, {}", words.join(", "));
    Some(FrameContent::Part(protocol, words))
}

/// Writes the header checksum that is right (RFC 791 section 3.1).
fn mend_checksum(octets: &mut [u8]) {
    octets[10..12].fill(0);
    let header = usize::from(octets[0] & 0x0f) * 4;
    let words = octets.iter().take(header).enumerate();
    let sum: u32 = words.map(|(n, octet)| u32::from(*octet) << (8 * (1 - n % 2))).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let [.., high, low] = (!((folded & 0xffff) + (folded >> 16))).to_be_bytes();
    octets[10..12].copy_from_slice(&[high, low]);
}

/// IGMP in a tunnel, which is no IGMP of this link.
fn tunnelled(octets: &[u8]) -> Option<FrameContent> {
    let mut octets = octets;
    let mut marks = Vec::new();
    while let Some((name, inner)) = inner(octets) {
        let outer = ipv4::decode(octets).ok()?;
        marks.push(format!("in {name} {} > {}", outer.source, outer.destination));
        let packet = decode_ipv4(inner).ok()?;
        if is_igmp(&packet) {
            return Some(FrameContent::Marked(Box::new(packet), marks.join(", ")));
        }
        octets = inner;
    }
    None
}

/// The packet in a packet of GRE (RFC 2784, RFC 2890) or of IP in IP (RFC 2003).
fn inner(octets: &[u8]) -> Option<(&'static str, &[u8])> {
    let outer = ipv4::decode(octets).ok()?;
    match outer.protocol {
        4 => Some(("IP", outer.payload)),
        47 => {
            let (&[flags, version, a, b], mut rest) = outer.payload.split_first_chunk()?;
            for present in [0x80, 0x20, 0x10] {
                if flags & present != 0 {
                    rest = rest.get(4..)?;
                }
            }
            match (version & 7, u16::from_be_bytes([a, b])) {
                (0, 0x0800) => Some(("GRE", rest)),
                (0, 0x6558) => {
                    let carried = link::open(LinkType::ETHERNET, rest).ok()?;
                    carried.is_ipv4().then_some(("GRE", carried.packet))
                }
                _ => None,
            }
        }
        _ => None,
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
