//! UDP sockets for multicast, made inside a namespace and used from outside it.

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV4, UdpSocket};

use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Socket, Type};

use crate::family::spoken;
use crate::lab::Netns;

/// Octets of receive buffer, enough for thousands of datagrams while the reader is held up.
const RECEIVE_BUFFER: usize = 16 << 20;

/// A socket that receives datagrams for this address, with the kernel's time stamps, and only those
/// of groups that it has joined itself.
pub(super) fn receiver(netns: &Netns, address: SocketAddr) -> io::Result<UdpSocket> {
    spoken(address.ip()).map_err(io::Error::other)?;
    netns.run(|| {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
        socket.set_nonblocking(true)?;
        socket.set_reuse_address(true)?;
        socket.set_multicast_all_v4(false)?;
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
        // Every message carries the number of earlier ones that found no room.
        setsockopt(&socket, sockopt::RxqOvfl, &1)?;
        // An ordinary user gets no more than net.core.rmem_max.
        if setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BUFFER).is_err() {
            socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
        }
        socket.bind(&address.into())?;
        Ok(socket.into())
    })?
}

/// A socket that sends multicast out of the interface with this address, and does not hear it.
pub(super) fn sender(netns: &Netns, interface: IpAddr, ttl: u8) -> io::Result<UdpSocket> {
    let interface = spoken(interface).map_err(io::Error::other)?;
    netns.run(|| {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
        socket.set_nonblocking(true)?;
        socket.set_multicast_ttl_v4(ttl.into())?;
        socket.set_multicast_loop_v4(false)?;
        socket.set_multicast_if_v4(&interface)?;
        // Datagrams get the address that the socket is bound to as their source.
        socket.bind(&SocketAddrV4::new(interface, 0).into())?;
        Ok(socket.into())
    })?
}
