//! Messages out of the IPv6 multicast routing socket, and packets into it.
//!
//! Two kinds of messages share the socket: MLD without its IPv6 header, whose fields the kernel gives
//! as ancillary data, and the kernel's upcalls (`struct mrt6msg` of linux/mroute6.h), whose first octet
//! is 0, no type of ICMPv6. This module separates them; it does not read MLD. A message that does not
//! fit the buffer is reported as such, never cut.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv6Addr, SocketAddrV6};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, RecvMsg, SockaddrIn6, recvmsg, sendmsg,
    setsockopt,
};

use super::ip6mr::Mroute6;
use super::packet::{Received, invalid};
use super::sys;
use crate::addr::{Family, Group, Source};
use crate::mfc::entry::Flow;
use crate::mfc::upcall::{Upcall, UpcallKind};
use crate::mfc::vif::Vif;
use crate::wire::ip::{Datagram, Header, Packet};
use crate::wire::ipv6::{MLD_ALERT, hop_by_hop_alert};

/// Octets of a `struct mrt6msg`. An upcall without a datagram is 80 octets long; the kernel leaves the
/// last 40 as they are.
const MRT6MSG: usize = 40;

/// Where General Queries go, their type, and the octets of one of MLDv1.
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const QUERY: u8 = 130;
const V1_MESSAGE: usize = 24;

/// Octets of Hop-by-Hop Options that are taken; a longer header counts as one without Router Alert.
const HOP_BY_HOP: usize = 256;

impl Mroute6 {
    /// Takes the next message off the socket; `None` if no message waits. A buffer of
    /// [`MAX_PACKET`](super::MAX_PACKET) octets holds every message.
    ///
    /// A packet may be the router's own: `IPV6_MULTICAST_LOOP` is off, so its transmitted packets do not
    /// come back, but Reports that its kernel sends for its own memberships do. The source address
    /// tells them apart; it is `::` while the device has no valid link-local address.
    ///
    /// # Errors
    ///
    /// Errors of recvmsg(2).
    pub fn receive<'a>(
        &self,
        buffer: &'a mut [u8],
    ) -> io::Result<Option<Received<'a, Packet<'a>>>> {
        let Some((length, came)) = take(self.as_fd(), buffer)? else { return Ok(None) };
        let ifindex = came.ifindex;
        let Some(bytes) = buffer.get(..length) else {
            return Ok(Some(Received::TooLong { ifindex, length }));
        };
        Ok(Some(match bytes {
            [0, ..] => match (upcall(bytes), bytes.get(MRT6MSG..)) {
                (Some(upcall), Some(datagram)) if upcall.kind == UpcallKind::WholePacket => {
                    Received::WholePacket { upcall, datagram }
                }
                (Some(upcall), _) => Received::Upcall(upcall),
                (None, _) => Received::Unknown { bytes },
            },
            [] => Received::Unknown { bytes },
            [QUERY, ..] if self.echoes().is_one(ifindex, came.source.into()) => Received::Echo,
            payload => {
                let header = came.header(Family::V6.gmp_protocol());
                let packet = Packet { header, payload };
                Received::Packet { ifindex, vif: self.vif_on(ifindex), packet }
            }
        }))
    }

    /// Sends an MLD packet out of exactly this device, whatever the routing table says. The kernel
    /// writes the headers, and the checksum of ICMPv6. The host side of this machine hears General
    /// Queries of MLDv1 too.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for another protocol, for addresses of IPv4 or for a packet without Router Alert,
    /// which this socket always adds; otherwise errors of sendmsg(2): `AddrNotAvailable` or
    /// `NetworkUnreachable` while the link-local address of the device is tentative.
    pub fn transmit(&self, ifindex: u32, packet: &Datagram) -> io::Result<()> {
        let Header { source, destination, protocol, router_alert, .. } = packet.header;
        if protocol != Family::V6.gmp_protocol() || !router_alert {
            return Err(invalid("the packet is not ICMPv6 with Router Alert"));
        }
        // RFC3810-8.1-01: no Query of MLDv2 is so short.
        let is_older = destination == ALL_NODES
            && packet.payload.len() == V1_MESSAGE
            && packet.payload.first() == Some(&QUERY);
        if is_older {
            self.echoes().expect(ifindex, source);
            setsockopt(self, sys::Ipv6MulticastLoop, &1)?;
        }
        let sent = send(self.as_fd(), Some(ifindex), packet);
        if is_older {
            setsockopt(self, sys::Ipv6MulticastLoop, &0)?;
        }
        sent
    }
}

/// Takes the next message off a raw socket of IPv6: its length, and what the kernel says of it; `None` if no
/// message waits.
pub(super) fn take(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<Option<(usize, Came)>> {
    let mut control = nix::cmsg_space!(libc::in6_pktinfo, i32, i32, [u8; HOP_BY_HOP]);
    let mut slices = [IoSliceMut::new(buffer)];
    // As a flag to the call, MSG_TRUNC makes it return the message's length, not the copy's.
    let flags = MsgFlags::MSG_TRUNC;
    let fd = fd.as_raw_fd();
    match recvmsg::<SockaddrIn6>(fd, &mut slices, Some(&mut control), flags) {
        Ok(message) => Ok(Some((message.bytes, Came::of(&message)?))),
        Err(Errno::EAGAIN) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// Sends a packet by a raw socket of IPv6, out of the device, or by the routing table without one. The
/// kernel writes the header from the fields of the packet's.
pub(super) fn send(fd: BorrowedFd<'_>, ifindex: Option<u32>, packet: &Datagram) -> io::Result<()> {
    let Header { source, destination, hop_limit, class, .. } = packet.header;
    let (IpAddr::V6(source), IpAddr::V6(destination)) = (source, destination) else {
        return Err(invalid("the packet is not one of IPv6"));
    };
    let ifindex = ifindex.unwrap_or(0);
    let info = libc::in6_pktinfo {
        ipi6_addr: libc::in6_addr { s6_addr: source.octets() },
        ipi6_ifindex: ifindex,
    };
    let (hop_limit, class) = (i32::from(hop_limit), i32::from(class));
    let to = SockaddrIn6::from(SocketAddrV6::new(destination, 0, 0, ifindex));
    let control = [
        ControlMessage::Ipv6PacketInfo(&info),
        ControlMessage::Ipv6HopLimit(&hop_limit),
        ControlMessage::Ipv6TClass(&class),
    ];
    let slices = [IoSlice::new(&packet.payload)];
    sendmsg(fd.as_raw_fd(), &slices, &control, MsgFlags::empty(), Some(&to))?;
    Ok(())
}

/// What the kernel says of a message besides its octets.
pub(super) struct Came {
    /// The device that it came in on; 0 if the kernel did not say.
    pub(super) ifindex: u32,
    source: Ipv6Addr,
    destination: Ipv6Addr,
    hop_limit: u8,
    class: u8,
    router_alert: bool,
}

impl Came {
    fn of(message: &RecvMsg<'_, '_, SockaddrIn6>) -> nix::Result<Self> {
        let none = Ipv6Addr::UNSPECIFIED;
        let source = message.address.map_or(none, |address| address.ip());
        let (ifindex, destination) = (0, none);
        let (hop_limit, class, router_alert) = (0, 0, false);
        let mut came = Self { ifindex, source, destination, hop_limit, class, router_alert };
        // What does not fit into an octet is no value of the field.
        let octet = |value| u8::try_from(value).unwrap_or(0);
        for control in message.cmsgs()? {
            match control {
                ControlMessageOwned::Ipv6PacketInfo(info) => {
                    came.ifindex = info.ipi6_ifindex;
                    came.destination = info.ipi6_addr.s6_addr.into();
                }
                ControlMessageOwned::Ipv6HopLimit(limit) => came.hop_limit = octet(limit),
                ControlMessageOwned::Ipv6TClass(class) => came.class = octet(class),
                ControlMessageOwned::Unknown(other) if sys::is_hop_by_hop(&other.cmsg_header) => {
                    came.router_alert = hop_by_hop_alert(&other.data_bytes) == Some(MLD_ALERT);
                }
                _ => {}
            }
        }
        Ok(came)
    }

    /// The header of a packet of this protocol.
    pub(super) fn header(&self, protocol: u8) -> Header {
        Header {
            source: self.source.into(),
            destination: self.destination.into(),
            protocol,
            hop_limit: self.hop_limit,
            class: self.class,
            router_alert: self.router_alert,
        }
    }
}

/// A `struct mrt6msg`: octet 0 zero, 1 its type, 2 and 3 the virtual interface in the machine's order,
/// 8 the source, 24 the group.
pub(super) fn upcall(bytes: &[u8]) -> Option<Upcall> {
    let message = bytes.first_chunk::<MRT6MSG>()?;
    let kind = match message[1] {
        sys::MRT6MSG_NOCACHE => UpcallKind::NoCache,
        sys::MRT6MSG_WRONGMIF => UpcallKind::WrongVif,
        sys::MRT6MSG_WHOLEPKT => UpcallKind::WholePacket,
        _ => return None,
    };
    let vif = u16::from_ne_bytes([message[2], message[3]]);
    let source = Source::new(address(message, 8)?)?;
    let group = Group::new(address(message, 24)?)?;
    Some(Upcall { kind, vif: Vif::new(usize::from(vif))?, flow: Flow { source, group } })
}

fn address(bytes: &[u8], at: usize) -> Option<IpAddr> {
    let octets: [u8; 16] = bytes.get(at..at + 16)?.try_into().ok()?;
    Some(IpAddr::from(octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A `struct mrt6msg` of this type, with what follows it in a buffer.
    fn mrt6msg(kind: u8, vif: u16, source: &str, group: &str) -> Vec<u8> {
        let address = |text: &str| text.parse::<Ipv6Addr>().unwrap().octets();
        let [low, high] = vif.to_ne_bytes();
        let head = [0, kind, low, high, 0, 0, 0, 0];
        [&head[..], &address(source), &address(group), &[0xa5; 40]].concat()
    }

    #[test]
    fn an_upcall_names_kind_interface_source_and_group() {
        let told = |kind| upcall(&mrt6msg(kind, 31, "2001:db8::2", "ff05::1:3"));
        let upcall = told(1).unwrap();
        assert_eq!(upcall.vif.index(), 31);
        assert_eq!(upcall.flow.to_string(), "(2001:db8::2, ff05::1:3)");
        let kinds = [0, 1, 2, 3, 4, 255].map(|kind| told(kind).map(|upcall| upcall.kind));
        let (no_cache, wrong_vif) = (Some(UpcallKind::NoCache), Some(UpcallKind::WrongVif));
        let whole = Some(UpcallKind::WholePacket);
        assert_eq!(kinds, [None, no_cache, wrong_vif, whole, None, None]);
    }

    #[test]
    fn an_upcall_that_makes_no_sense_is_not_understood() {
        for (vif, source, group) in [
            (32, "2001:db8::2", "ff05::1:3"),
            (256, "2001:db8::2", "ff05::1:3"),
            (0, "2001:db8::2", "2001:db8::3"),
            (0, "::", "ff05::1:3"),
            (0, "ff05::1", "ff05::1:3"),
        ] {
            assert_eq!(upcall(&mrt6msg(1, vif, source, group)), None, "{vif} {source} {group}");
        }
        let whole = mrt6msg(1, 0, "2001:db8::2", "ff05::1:3");
        for length in 0..MRT6MSG {
            assert_eq!(upcall(&whole[..length]), None, "{length} octets");
        }
    }
}
