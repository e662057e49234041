//! Opens the tunnels that carry a whole packet of either family: IP in IP (RFC 2003, RFC 4213, RFC
//! 2473), GRE (RFC 2784, RFC 2890), VXLAN (RFC 7348), Geneve (RFC 8926), AMT (RFC 7450) and GTP for
//! users (3GPP TS 29.281).
//!
//! Only the outer packet as it stands is opened: nothing is reassembled or decrypted.

use std::net::IpAddr;

use castnet::addr::Family;
use castnet::wire::ip;
use etherparse::{UdpSlice, ip_number};

use super::link::{self, LinkType};

/// How many tunnels within one another are opened.
pub(super) const DEEPEST: usize = 8;

/// IP protocols: of IPv4, of IPv6, and of GRE.
const IPV4_IN_IP: u8 = 4;
const IPV6_IN_IP: u8 = 41;
const GRE: u8 = 47;

/// EtherTypes: of IPv4, of IPv6, and of a whole frame.
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const BRIDGED: u16 = 0x6558;

/// A family and a packet of it.
type Inner<'a> = (Family, &'a [u8]);

/// A packet with another one in it.
pub(super) struct Tunnel<'a> {
    pub(super) name: &'static str,
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    /// The family of the packet that it carries, and that packet.
    pub(super) family: Family,
    pub(super) inner: &'a [u8],
}

/// The tunnel that the packet belongs to; `None` if it is none, or carries something else.
pub(super) fn open(octets: &[u8]) -> Option<Tunnel<'_>> {
    let ip::Packet { header, payload } = ip::Packet::decode(octets).ok()?;
    let ip::Header { source, destination, protocol, .. } = header;
    let (name, (family, inner)) = match protocol {
        IPV4_IN_IP => ("IP", (Family::V4, payload)),
        IPV6_IN_IP => ("IP", (Family::V6, payload)),
        GRE => ("GRE", gre(payload)?),
        protocol if protocol == ip_number::UDP.0 => udp(payload)?,
        _ => return None,
    };
    Some(Tunnel { name, source, destination, family, inner })
}

fn gre(payload: &[u8]) -> Option<Inner<'_>> {
    let (&[flags, version, a, b], mut rest) = payload.split_first_chunk()?;
    for present in [0x80, 0x20, 0x10] {
        if flags & present != 0 {
            rest = rest.get(4..)?;
        }
    }
    if version & 7 == 0 { of_type(u16::from_be_bytes([a, b]), rest) } else { None }
}

/// The tunnel over UDP, by the port that its end listens to.
fn udp(payload: &[u8]) -> Option<(&'static str, Inner<'_>)> {
    let udp = UdpSlice::from_slice(payload).ok()?;
    let (port, payload) = (udp.destination_port(), udp.payload());
    match (port, payload) {
        // The flag says that there is a network identifier.
        (4789 | 8472, [8, _, _, _, _, _, _, _, frame @ ..]) => Some(("VXLAN", framed(frame)?)),
        (6081, [options @ ..0x40, _, a, b, _, _, _, _, rest @ ..]) => {
            let rest = rest.get(usize::from(*options) * 4..)?;
            Some(("Geneve", of_type(u16::from_be_bytes([*a, *b]), rest)?))
        }
        // Membership Query and Update, with a nonce and an authentication code; Data.
        (2268, [4 | 5, _, _, _, _, _, _, _, _, _, _, _, packet @ ..] | [6, _, packet @ ..]) => {
            Some(("AMT", of_version(packet)?))
        }
        // A packet of the user's, with or without the optional fields.
        (2152, [flags, 0xff, _, _, _, _, _, _, rest @ ..]) if flags >> 5 == 1 => {
            let packet = if flags & 7 == 0 { rest } else { rest.get(4..)? };
            Some(("GTP", of_version(packet)?))
        }
        _ => None,
    }
}

fn of_type(ether_type: u16, rest: &[u8]) -> Option<Inner<'_>> {
    match ether_type {
        IPV4 => Some((Family::V4, rest)),
        IPV6 => Some((Family::V6, rest)),
        BRIDGED => framed(rest),
        _ => None,
    }
}

fn of_version(packet: &[u8]) -> Option<Inner<'_>> {
    match packet.first()? >> 4 {
        4 => Some((Family::V4, packet)),
        6 => Some((Family::V6, packet)),
        _ => None,
    }
}

/// The packet in an Ethernet frame.
fn framed(frame: &[u8]) -> Option<Inner<'_>> {
    let carried = link::open(LinkType::ETHERNET, frame).ok()?;
    Some((carried.family()?, carried.packet))
}
