//! The raw socket of PIM, of either family.
//!
//! It hears what comes to All-PIM-Routers where the routing socket has joined that group, and what comes to
//! an address of the machine, Registers among it, which the kernel reads too. It checks and computes no
//! checksum: those of Registers cover their head only, which the kernel's own option cannot do.

use std::io::{self, IoSlice};
use std::net::{IpAddr, SocketAddrV4};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};

use nix::sys::socket::{ControlMessage, MsgFlags, SockaddrIn, sendmsg, sockopt};

use super::error::MrouteError;
use super::owner::set;
use super::packet::{Received, invalid};
use super::table::Read;
use super::{packet, packet6, sys};
use crate::addr::Family;
use crate::mfc::vif::Vif;
use crate::wire::ip::{Datagram, Header, Packet};
use crate::wire::pim::PIM;

/// A raw socket of PIM, in the network namespace of the thread that opened it. The descriptor does not block.
#[derive(Debug)]
pub struct PimSocket {
    fd: OwnedFd,
    family: Family,
}

impl PimSocket {
    /// Opens the socket. What it sends does not come back to it.
    ///
    /// # Errors
    /// [`MrouteError::NoPermission`], [`MrouteError::NotSupported`].
    pub fn open(family: Family) -> Result<Self, MrouteError> {
        let fd = sys::pim_socket(family).map_err(|errno| MrouteError::of("socket", errno))?;
        match family {
            Family::V4 => {
                set(&fd, "IP_PKTINFO", sockopt::Ipv4PacketInfo, &true)?;
                set(&fd, "IP_MULTICAST_LOOP", sockopt::IpMulticastLoop, &false)?;
            }
            Family::V6 => {
                set(&fd, "IPV6_RECVPKTINFO", sockopt::Ipv6RecvPacketInfo, &true)?;
                set(&fd, "IPV6_RECVHOPLIMIT", sockopt::Ipv6RecvHopLimit, &true)?;
                set(&fd, "IPV6_RECVTCLASS", sockopt::Ipv6RecvTClass, &true)?;
                set(&fd, "IPV6_MULTICAST_LOOP", sys::Ipv6MulticastLoop, &0)?;
            }
        }
        Ok(Self { fd, family })
    }

    /// Takes over a socket that [`Self::open`] made in another process.
    #[must_use]
    pub const fn adopt(family: Family, fd: OwnedFd) -> Self {
        Self { fd, family }
    }

    /// Takes the next message off the socket; `None` if no message waits. `vif_on` says which virtual
    /// interface a device has.
    ///
    /// # Errors
    /// Errors of recvmsg(2).
    pub fn receive<'a>(
        &self,
        buffer: &'a mut [u8],
        vif_on: impl FnOnce(u32) -> Option<Vif>,
    ) -> io::Result<Option<Received<'a, Read<'a>>>> {
        let fd = self.as_fd();
        let (length, ifindex, header) = match self.family {
            Family::V4 => {
                let Some((length, ifindex)) = packet::take(fd, buffer)? else { return Ok(None) };
                (length, ifindex, None)
            }
            Family::V6 => {
                let Some((length, came)) = packet6::take(fd, buffer)? else { return Ok(None) };
                (length, came.ifindex, Some(came.header(PIM)))
            }
        };
        let Some(bytes) = buffer.get(..length) else {
            return Ok(Some(Received::TooLong { ifindex, length }));
        };
        let packet = match header {
            Some(header) => Ok(Packet { header, payload: bytes }),
            None => Packet::decode(bytes),
        };
        Ok(Some(Received::Packet { ifindex, vif: vif_on(ifindex), packet }))
    }

    /// Sends a message of PIM out of the device, or by the routing table without one. The kernel writes the
    /// IP header, and takes apart what is too long for the way.
    ///
    /// # Errors
    /// `InvalidInput` for another protocol and for addresses of the other family; otherwise errors of
    /// sendmsg(2): `AddrNotAvailable` while a link-local address is tentative, `NetworkUnreachable` without a route.
    pub fn transmit(&self, ifindex: Option<u32>, packet: &Datagram) -> io::Result<()> {
        if packet.header.protocol != PIM {
            return Err(invalid("the packet is not PIM"));
        }
        match self.family {
            Family::V4 => self.send_v4(ifindex, packet),
            Family::V6 => packet6::send(self.as_fd(), ifindex, packet),
        }
    }

    fn send_v4(&self, ifindex: Option<u32>, packet: &Datagram) -> io::Result<()> {
        let Header { source, destination, hop_limit, class, .. } = packet.header;
        let (IpAddr::V4(source), IpAddr::V4(destination)) = (source, destination) else {
            return Err(invalid("the packet is not one of IPv4"));
        };
        let index = i32::try_from(ifindex.unwrap_or(0));
        let info = libc::in_pktinfo {
            ipi_ifindex: index.map_err(|_| invalid("no device has this index"))?,
            ipi_spec_dst: sys::in_addr_of(source),
            ipi_addr: sys::in_addr_of(destination),
        };
        let ttl = i32::from(hop_limit);
        let control = [
            ControlMessage::Ipv4PacketInfo(&info),
            ControlMessage::Ipv4Ttl(&ttl),
            ControlMessage::Ipv4Tos(&class),
        ];
        let to = SockaddrIn::from(SocketAddrV4::new(destination, 0));
        let (fd, slices) = (self.fd.as_raw_fd(), [IoSlice::new(&packet.payload)]);
        sendmsg(fd, &slices, &control, MsgFlags::empty(), Some(&to))?;
        Ok(())
    }
}

impl AsFd for PimSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
