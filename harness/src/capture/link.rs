//! Takes the link header off a captured frame: Ethernet, also with VLAN tags (IEEE 802.1Q), Linux
//! cooked captures of both versions, 802.11, raw IP, NFLOG, BSD loopback, PPP and Cisco HDLC; also SNAP
//! (RFC 1042), PPPoE (RFC 2516) and MPLS (RFC 3032).
//!
//! Link types are those of <https://www.tcpdump.org/linktypes.html>. Other types are refused by
//! name; a frame that is too short for its own header is refused as cut.

mod wireless;

use std::fmt;

use castnet::addr::Family;
use pcap_file::DataLink;

/// The link type of a frame: the headers before the network layer's packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback, in the byte order of the capturing machine.
    pub const NULL: Self = Self(0);
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// An IPv4 or IPv6 packet.
    pub const RAW: Self = Self(101);
    /// OpenBSD loopback, in network byte order.
    pub const LOOP: Self = Self(108);
    /// Linux cooked capture.
    pub const LINUX_SLL: Self = Self(113);
    /// An IPv4 packet, whatever its version says.
    pub const IPV4: Self = Self(228);
    /// An IPv6 packet, whatever its version says.
    pub const IPV6: Self = Self(229);
    /// PPP, with or without the octets of HDLC.
    pub const PPP: [Self; 2] = [Self(9), Self(50)];
    /// PPP behind an octet that tells the direction.
    pub const PPP_WITH_DIR: [Self; 2] = [Self(166), Self(204)];
    /// An 802.2 header, as on ATM.
    pub const ATM_RFC1483: Self = Self(100);
    /// Cisco's HDLC behind an octet that tells the direction.
    pub const C_HDLC_WITH_DIR: Self = Self(205);
    /// MPLS without a header of a link.
    pub const MPLS: Self = Self(219);
    /// Ethernet behind four octets of netANALYZER.
    pub const NETANALYZER: Self = Self(240);
    /// What a Linux firewall logs.
    pub const NFLOG: Self = Self(239);
    /// PPPoE without Ethernet.
    pub const PPP_ETHER: Self = Self(51);
    /// Cisco's HDLC.
    pub const C_HDLC: Self = Self(104);
    /// Linux cooked capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);
}

/// DLT_RAW as some systems number it.
const DLT_RAW: [u16; 2] = [12, 14];

impl fmt::Display for LinkType {
    /// `LINUX_SLL`, or `of number 5000`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DataLink::from(u32::from(self.0)) {
            DataLink::Unknown(number) => write!(f, "of number {number}"),
            known => write!(f, "{known:?}"),
        }
    }
}

/// A frame without its link header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried<'a> {
    /// The EtherType of the packet; below 0x600 the length of an 802.3 frame.
    pub ether_type: u16,
    /// The packet, and the link's padding.
    pub packet: &'a [u8],
    /// The Ethernet source, where there is one.
    pub source: Option<[u8; 6]>,
    /// The VLANs, the outer one first.
    pub vlans: Vec<u16>,
    /// Whether the capturing host sent it, where the header says so.
    pub outgoing: Option<bool>,
    /// The number of the interface, where the header says so.
    pub interface: Option<u32>,
}

/// Why a frame could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// Frames of this link are not read.
    #[error("link type {0} is not read")]
    LinkType(LinkType),
    /// A data frame of 802.11 from which no packet can be taken, and why.
    #[error("{0}")]
    Wireless(&'static str),
    /// The frame ends within the header of its link.
    #[error("shorter than the header of its link")]
    Short,
}

/// The EtherTypes of IP.
pub(super) const IPV4: u16 = 0x0800;
pub(super) const IPV6: u16 = 0x86dd;
const PPPOE: u16 = 0x8864;
/// MPLS to one receiver, and to several.
const MPLS: [u16; 2] = [0x8847, 0x8848];
/// The tags of 802.1Q, of 802.1ad, and what came before that.
const TAGS: [u16; 3] = [0x8100, 0x88a8, 0x9100];

/// The packet itself (`NFULA_PAYLOAD`).
const NFLOG_PAYLOAD: u16 = 9;

/// The packet types of a cooked capture: from ourselves (`PACKET_OUTGOING`).
const COOKED_OUTGOING: u16 = 4;
/// An Ethernet device (`ARPHRD_ETHER`).
const ARPHRD_ETHER: u16 = 1;

/// Takes the link header off a frame.
///
/// # Errors
/// Frames of this link type are not read, or this frame is too short.
pub fn open(link_type: LinkType, frame: &[u8]) -> Result<Carried<'_>, Unread> {
    match link_type {
        LinkType::ETHERNET => {
            let (_, rest) = split::<6>(frame)?;
            let (source, rest) = split::<6>(rest)?;
            tagged(rest, Some(source))
        }
        LinkType::LINUX_SLL => cooked(frame),
        LinkType::LINUX_SLL2 => cooked_2(frame),
        LinkType::RAW => raw(frame),
        LinkType::IPV4 => Ok(Carried::bare(IPV4, frame)),
        LinkType::IPV6 => Ok(Carried::bare(IPV6, frame)),
        LinkType(number) if DLT_RAW.contains(&number) => raw(frame),
        LinkType::NULL | LinkType::LOOP => {
            let (family, packet) = split::<4>(frame)?;
            // The family is a small number, so the octet that holds it shows the byte order.
            let family = u32::from_be_bytes(family);
            let family = if family > 0xffff { family.swap_bytes() } else { family };
            Ok(Carried::bare(of_family(family), packet))
        }
        LinkType::PPP_ETHER => Ok(unwrapped(Carried::bare(PPPOE, frame))),
        LinkType::C_HDLC => {
            let (_, rest) = split::<2>(frame)?;
            tagged(rest, None)
        }
        LinkType::ATM_RFC1483 => Ok(unwrapped(Carried::bare(0, frame))),
        LinkType::MPLS => Ok(unwrapped(Carried::bare(MPLS[0], frame))),
        LinkType::NETANALYZER => open(LinkType::ETHERNET, split::<4>(frame)?.1),
        LinkType::NFLOG => logged(frame),
        LinkType::C_HDLC_WITH_DIR => sent(LinkType::C_HDLC, frame),
        other if LinkType::PPP_WITH_DIR.contains(&other) => sent(LinkType::PPP[0], frame),
        other if LinkType::PPP.contains(&other) => {
            let packet = frame.strip_prefix(&[0xff, 0x03]).unwrap_or(frame);
            let (protocol, packet) = number(packet)?;
            Ok(Carried::bare(of_ppp(protocol).unwrap_or(0xffff), packet))
        }
        other => wireless::open(other, frame).unwrap_or(Err(Unread::LinkType(other))),
    }
}

impl<'a> Carried<'a> {
    fn bare(ether_type: u16, packet: &'a [u8]) -> Self {
        let (source, outgoing, interface) = (None, None, None);
        Self { ether_type, packet, source, vlans: Vec::new(), outgoing, interface }
    }

    /// The family of the packet, if it is one of IP.
    #[must_use]
    pub const fn family(&self) -> Option<Family> {
        match self.ether_type {
            IPV4 => Some(Family::V4),
            IPV6 => Some(Family::V6),
            _ => None,
        }
    }
}

/// A frame behind an octet that is 0 if it was received.
fn sent(link_type: LinkType, frame: &[u8]) -> Result<Carried<'_>, Unread> {
    let ([direction], frame) = split::<1>(frame)?;
    Ok(Carried { outgoing: Some(direction != 0), ..open(link_type, frame)? })
}

/// The packet among what netfilter tells of it: each value behind its length and type, in the byte order
/// of the machine, which is taken for a small one.
fn logged(frame: &[u8]) -> Result<Carried<'_>, Unread> {
    let (_, mut rest) = split::<4>(frame)?;
    loop {
        let (length, behind) = split(rest)?;
        let (kind, value) = split(behind)?;
        let length = usize::from(u16::from_le_bytes(length)).max(4);
        if u16::from_le_bytes(kind) & 0x7fff == NFLOG_PAYLOAD {
            return raw(value.get(..length - 4).unwrap_or(value));
        }
        rest = rest.get(length.next_multiple_of(4)..).ok_or(Unread::Short)?;
    }
}

fn raw(frame: &[u8]) -> Result<Carried<'_>, Unread> {
    let version = frame.first().ok_or(Unread::Short)? >> 4;
    Ok(Carried::bare(if version == 6 { IPV6 } else { IPV4 }, frame))
}

/// AF_INET is 2 everywhere; AF_INET6 is each system's own.
const fn of_family(family: u32) -> u16 {
    match family {
        2 => IPV4,
        10 | 24 | 28 | 30 => IPV6,
        // An EtherType that is not assigned.
        _ => 0xffff,
    }
}

/// An EtherType and what follows it, behind as many tags as there are.
fn tagged(rest: &[u8], source: Option<[u8; 6]>) -> Result<Carried<'_>, Unread> {
    let (mut ether_type, mut packet) = number(rest)?;
    let mut vlans = Vec::new();
    while TAGS.contains(&ether_type) {
        let (control, behind) = number(packet)?;
        vlans.push(control & 0x0fff);
        (ether_type, packet) = number(behind)?;
    }
    Ok(unwrapped(Carried { source, vlans, ..Carried::bare(ether_type, packet) }))
}

/// The EtherType of what PPP carries.
const fn of_ppp(protocol: u16) -> Option<u16> {
    match protocol {
        0x0021 => Some(IPV4),
        0x0057 => Some(IPV6),
        _ => None,
    }
}

/// How many headers are taken off one another at most.
const DEEPEST: usize = 8;

/// The packet in SNAP, in a session of PPPoE, or behind labels of MPLS; anything else as it is.
fn unwrapped(mut carried: Carried<'_>) -> Carried<'_> {
    for _ in 0..DEEPEST {
        let Some((ether_type, packet)) = inside(&carried) else { break };
        carried = Carried { ether_type, packet, ..carried };
        if let [a, b, packet @ ..] = packet
            && TAGS.contains(&ether_type)
        {
            // A tag behind SNAP.
            carried.vlans.push(u16::from_be_bytes([*a, *b]) & 0x0fff);
            let Ok((ether_type, packet)) = number(packet) else { break };
            carried = Carried { ether_type, packet, ..carried };
        }
    }
    carried
}

/// What the next header is about, and what follows it.
fn inside<'a>(carried: &Carried<'a>) -> Option<(u16, &'a [u8])> {
    match (carried.ether_type, carried.packet) {
        (..0x0600, [0xaa, 0xaa, 3, 0, 0, 0 | 0xf8, a, b, packet @ ..]) => {
            Some((u16::from_be_bytes([*a, *b]), packet))
        }
        (PPPOE, [0x11, 0, _, _, high, low, a, b, packet @ ..]) => {
            // The length counts the two octets of PPP's protocol; what follows is padding.
            let length = usize::from(u16::from_be_bytes([*high, *low])).saturating_sub(2);
            let packet = packet.get(..length).unwrap_or(packet);
            of_ppp(u16::from_be_bytes([*a, *b])).map(|ether_type| (ether_type, packet))
        }
        // One label after the other; the octet before the last has the bottom of the stack.
        (ether_type, [_, _, bottom, _, packet @ ..]) if MPLS.contains(&ether_type) => {
            match (bottom & 1, packet.first()? >> 4) {
                (0, _) => Some((ether_type, packet)),
                (_, 4) => Some((IPV4, packet)),
                (_, 6) => Some((IPV6, packet)),
                _ => None,
            }
        }
        _ => None,
    }
}

fn cooked(frame: &[u8]) -> Result<Carried<'_>, Unread> {
    let (direction, rest) = number(frame)?;
    let (device, rest) = number(rest)?;
    let (length, rest) = number(rest)?;
    let (address, rest) = split::<8>(rest)?;
    let carried = tagged(rest, link_address(device, length, address))?;
    Ok(Carried { outgoing: Some(direction == COOKED_OUTGOING), ..carried })
}

/// The protocol comes first here; a tag's control still follows the header.
fn cooked_2(frame: &[u8]) -> Result<Carried<'_>, Unread> {
    let (protocol, rest) = split::<2>(frame)?;
    let (_, rest) = split::<2>(rest)?;
    let (interface, rest) = split::<4>(rest)?;
    let (device, rest) = number(rest)?;
    let ([direction, length], rest) = split::<2>(rest)?;
    let (address, packet) = split::<8>(rest)?;
    let mut carried = Carried::bare(u16::from_be_bytes(protocol), packet);
    if TAGS.contains(&carried.ether_type) {
        let (control, behind) = number(packet)?;
        carried = tagged(behind, None)?;
        carried.vlans.insert(0, control & 0x0fff);
    }
    Ok(Carried {
        source: link_address(device, length.into(), address),
        outgoing: Some(u16::from(direction) == COOKED_OUTGOING),
        interface: Some(u32::from_be_bytes(interface)),
        ..carried
    })
}

fn link_address(device: u16, length: u16, address: [u8; 8]) -> Option<[u8; 6]> {
    let [a, b, c, d, e, f, _, _] = address;
    (device == ARPHRD_ETHER && length == 6).then_some([a, b, c, d, e, f])
}

fn split<const N: usize>(bytes: &[u8]) -> Result<([u8; N], &[u8]), Unread> {
    bytes.split_first_chunk().map(|(head, rest)| (*head, rest)).ok_or(Unread::Short)
}

fn number(bytes: &[u8]) -> Result<(u16, &[u8]), Unread> {
    split(bytes).map(|(number, rest)| (u16::from_be_bytes(number), rest))
}
