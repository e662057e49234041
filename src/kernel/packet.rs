//! Messages out of the multicast routing socket, and packets into it.
//!
//! Two kinds of messages share the socket: whole IPv4 packets that carry IGMP, and the kernel's
//! upcalls (`struct igmpmsg` of linux/mroute.h), which look like a packet whose protocol is 0. This
//! module separates them; it does not read IGMP. A message that does not fit the buffer is reported
//! as such, never cut.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, RecvMsg, SockaddrIn, recvmsg, sendmsg,
    setsockopt, sockopt,
};

use super::mroute::Mroute;
use super::sys;
use crate::addr::{Group, Source};
use crate::mfc::entry::Flow;
use crate::mfc::upcall::{Upcall, UpcallKind};
use crate::mfc::vif::Vif;

/// Octets of the longest IPv4 packet, and so of any message.
pub const MAX_PACKET: usize = 65_535;

/// Octets of an IPv4 header without options, and of a `struct igmpmsg`.
const HEADER: usize = 20;

/// Where General Queries go, and the first octet of IGMP in each.
const ALL_HOSTS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);
const QUERY: u8 = 0x11;

/// One message from a routing socket, with a packet as the socket's family gives it: whole in IPv4, and
/// without its header in IPv6, whose fields come beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received<'a, P = &'a [u8]> {
    /// A packet of group management. It may be the router's own: its transmitted packets do not come
    /// back, but Reports that its kernel sends for its own memberships do. The source address tells them
    /// apart.
    Packet {
        /// The device that it came in on.
        ifindex: u32,
        /// The virtual interface of the device, if it has one.
        vif: Option<Vif>,
        /// The packet: of IPv4 all of it, from its header on, in network order.
        packet: P,
    },
    /// A copy of a Query of an older version that the router itself has sent, which the host side of the
    /// machine was to hear.
    Echo,
    /// The kernel made an upcall.
    Upcall(Upcall),
    /// The kernel hands up a datagram that left by the register interface (`IGMPMSG_WHOLEPKT`).
    WholePacket {
        /// The upcall's fields.
        upcall: Upcall,
        /// The datagram, from its IP header on.
        datagram: &'a [u8],
    },
    /// Neither: an upcall of another kind or with impossible contents, such as a source
    /// that is no unicast address.
    Unknown {
        /// The whole message.
        bytes: &'a [u8],
    },
    /// A message did not fit into the buffer, and is lost.
    TooLong {
        /// The device that it came in on.
        ifindex: u32,
        /// Its length in octets.
        length: usize,
    },
}

impl<'a, P> Received<'a, P> {
    /// The message with its packet as `read` makes it.
    pub(super) fn map<Q>(self, read: impl FnOnce(P) -> Q) -> Received<'a, Q> {
        match self {
            Self::Packet { ifindex, vif, packet } => {
                Received::Packet { ifindex, vif, packet: read(packet) }
            }
            Self::Echo => Received::Echo,
            Self::Upcall(upcall) => Received::Upcall(upcall),
            Self::WholePacket { upcall, datagram } => Received::WholePacket { upcall, datagram },
            Self::Unknown { bytes } => Received::Unknown { bytes },
            Self::TooLong { ifindex, length } => Received::TooLong { ifindex, length },
        }
    }
}

impl Mroute {
    /// Takes the next message off the socket; `None` if no message waits. A buffer of
    /// [`MAX_PACKET`] octets holds every message.
    ///
    /// # Errors
    ///
    /// Errors of recvmsg(2).
    pub fn receive<'a>(&self, buffer: &'a mut [u8]) -> io::Result<Option<Received<'a>>> {
        let Some((length, ifindex)) = take(self.as_fd(), buffer)? else { return Ok(None) };
        let Some(bytes) = buffer.get(..length) else {
            return Ok(Some(Received::TooLong { ifindex, length }));
        };
        Ok(Some(match bytes.get(9) {
            Some(0) => match (upcall(bytes), bytes.get(HEADER..)) {
                (Some(upcall), Some(datagram)) if upcall.kind == UpcallKind::WholePacket => {
                    Received::WholePacket { upcall, datagram }
                }
                (Some(upcall), _) => Received::Upcall(upcall),
                (None, _) => Received::Unknown { bytes },
            },
            Some(_) if older_query(bytes).is_some_and(|from| self.is_echo(ifindex, from)) => {
                Received::Echo
            }
            Some(_) => Received::Packet { ifindex, vif: self.vif_on(ifindex), packet: bytes },
            None => Received::Unknown { bytes },
        }))
    }

    /// Sends a whole IPv4 packet, header included, out of exactly this device, whatever the routing
    /// table says. Its header names the destination. The kernel fills in the total length and the
    /// header checksum, and the source and identification where they are 0. The host side of this
    /// machine hears General Queries of versions 1 and 2 too.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a packet shorter than a header, or for an `ifindex` that no device can
    /// have; `WouldBlock` when the send buffer is full; otherwise errors of sendmsg(2).
    pub fn transmit(&self, ifindex: u32, packet: &[u8]) -> io::Result<()> {
        let to = destination(packet)
            .ok_or_else(|| invalid("the packet is shorter than an IPv4 header"))?;
        let index = i32::try_from(ifindex).ok().filter(|&index| index > 0);
        let index = index.ok_or_else(|| invalid("no device has this index"))?;
        let info = libc::in_pktinfo {
            ipi_ifindex: index,
            ipi_spec_dst: sys::in_addr_of(Ipv4Addr::UNSPECIFIED),
            ipi_addr: sys::in_addr_of(Ipv4Addr::UNSPECIFIED),
        };
        let to = SockaddrIn::from(std::net::SocketAddrV4::new(to, 0));
        let control = [ControlMessage::Ipv4PacketInfo(&info)];
        let slices = [IoSlice::new(packet)];
        let source = older_query(packet);
        if let Some(source) = source {
            self.echoes().expect(ifindex, source.into());
            setsockopt(self, sockopt::IpMulticastLoop, &true)?;
        }
        let flags = MsgFlags::empty();
        let sent = sendmsg(self.as_fd().as_raw_fd(), &slices, &control, flags, Some(&to));
        if source.is_some() {
            setsockopt(self, sockopt::IpMulticastLoop, &false)?;
        }
        sent?;
        Ok(())
    }

    fn is_echo(&self, ifindex: u32, source: Ipv4Addr) -> bool {
        self.echoes().is_one(ifindex, source.into())
    }
}

/// The source of a General Query of version 1 or 2: what goes to all hosts in eight octets of IGMP, which
/// no Query of version 3 has room in (RFC3376-7.1-01).
fn older_query(packet: &[u8]) -> Option<Ipv4Addr> {
    let header = usize::from(packet.first()? & 0xf) * 4;
    let is_older = packet.len() == header + 8 && packet.get(header) == Some(&QUERY);
    (is_older && destination(packet)? == ALL_HOSTS).then(|| address(packet, 12))?
}

/// Takes the next message off a raw socket of IPv4: its length, and the device that it came in on; `None` if
/// no message waits.
pub(super) fn take(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<Option<(usize, u32)>> {
    let mut control = nix::cmsg_space!(libc::in_pktinfo);
    let mut slices = [IoSliceMut::new(buffer)];
    // As a flag to the call, MSG_TRUNC makes it return the message's length, not the copy's.
    let flags = MsgFlags::MSG_TRUNC;
    match recvmsg::<()>(fd.as_raw_fd(), &mut slices, Some(&mut control), flags) {
        Ok(message) => Ok(Some((message.bytes, device(&message)?))),
        Err(Errno::EAGAIN) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

pub(super) fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

/// The device that a message came in on; 0 if the kernel did not say.
fn device(message: &RecvMsg<'_, '_, ()>) -> nix::Result<u32> {
    let index = message.cmsgs()?.find_map(|control| match control {
        ControlMessageOwned::Ipv4PacketInfo(info) => u32::try_from(info.ipi_ifindex).ok(),
        _ => None,
    });
    Ok(index.unwrap_or(0))
}

fn destination(packet: &[u8]) -> Option<Ipv4Addr> {
    packet.get(..HEADER).and_then(|header| address(header, 16))
}

/// A `struct igmpmsg`: octet 8 its type, 9 zero, 10 and 11 the virtual interface (low octet first),
/// 12 the source, 16 the group.
pub(super) fn upcall(bytes: &[u8]) -> Option<Upcall> {
    let kind = match *bytes.get(8)? {
        sys::IGMPMSG_NOCACHE => UpcallKind::NoCache,
        sys::IGMPMSG_WRONGVIF => UpcallKind::WrongVif,
        sys::IGMPMSG_WHOLEPKT => UpcallKind::WholePacket,
        _ => return None,
    };
    let vif = u16::from_le_bytes([*bytes.get(10)?, *bytes.get(11)?]);
    let group = Group::new(IpAddr::V4(address(bytes, 16)?))?;
    let source = Source::new(IpAddr::V4(address(bytes, 12)?))?; // RFC1112-7.2-02
    Some(Upcall { kind, vif: Vif::new(usize::from(vif))?, flow: Flow { source, group } })
}

fn address(bytes: &[u8], at: usize) -> Option<Ipv4Addr> {
    let octets: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(Ipv4Addr::from(octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A `struct igmpmsg` of this type.
    fn igmpmsg(kind: u8, vif: u16, group: [u8; 4]) -> Vec<u8> {
        let [low, high] = vif.to_le_bytes();
        let mut bytes = vec![0x45, 0, 0, 38, 0, 0, 0x40, 0, kind, 0, low, high, 10, 0, 1, 2];
        bytes.extend(group);
        bytes
    }

    #[test]
    fn an_upcall_names_kind_interface_source_and_group() {
        let told = |kind| upcall(&igmpmsg(kind, 31, [239, 1, 2, 3]));
        let upcall = told(1).unwrap();
        assert_eq!(upcall.vif.index(), 31);
        assert_eq!(upcall.flow.to_string(), "(10.0.1.2, 239.1.2.3)");
        let kinds = [0, 1, 2, 3, 4, 255].map(|kind| told(kind).map(|upcall| upcall.kind));
        let (no_cache, wrong_vif) = (Some(UpcallKind::NoCache), Some(UpcallKind::WrongVif));
        let whole = Some(UpcallKind::WholePacket);
        assert_eq!(kinds, [None, no_cache, wrong_vif, whole, None, None]);
    }

    #[test]
    fn an_upcall_that_makes_no_sense_is_not_understood() {
        assert_eq!(upcall(&igmpmsg(1, 32, [239, 1, 2, 3])), None);
        assert_eq!(upcall(&igmpmsg(1, 0x0100, [239, 1, 2, 3])), None);
        assert_eq!(upcall(&igmpmsg(1, 0, [10, 0, 0, 1])), None);
        let whole = igmpmsg(1, 0, [239, 1, 2, 3]);
        // RFC1112-7.2-02
        for source in [[239, 0, 0, 9], [0; 4]] {
            let mut from = whole.clone();
            from[12..16].copy_from_slice(&source);
            assert_eq!(upcall(&from), None, "{source:?}");
        }
        for length in 0..whole.len() {
            assert_eq!(upcall(&whole[..length]), None, "{length} octets");
        }
    }
}
