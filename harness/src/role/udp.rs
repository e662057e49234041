//! UDP sockets for multicast in either family, made inside a namespace and used from outside it.

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6, UdpSocket};

use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Socket, Type};

use crate::lab::Netns;

/// Octets of receive buffer, enough for thousands of datagrams while the reader is held up.
const RECEIVE_BUFFER: usize = 16 << 20;

/// A socket that receives datagrams for this address, with the kernel's time stamps, and only those
/// of groups that it has joined itself.
pub(super) fn receiver(netns: &Netns, address: SocketAddr) -> io::Result<UdpSocket> {
    netns.run(|| {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, None)?;
        socket.set_nonblocking(true)?;
        socket.set_reuse_address(true)?;
        match address {
            SocketAddr::V4(_) => socket.set_multicast_all_v4(false)?,
            SocketAddr::V6(_) => socket.set_multicast_all_v6(false)?,
        }
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

/// A socket that knows nothing of multicast, for datagrams to wherever routes lead.
pub(super) fn plain(netns: &Netns, own: IpAddr) -> io::Result<UdpSocket> {
    netns.run(|| {
        let socket = Socket::new(Domain::for_address((own, 0).into()), Type::DGRAM, None)?;
        socket.set_nonblocking(true)?;
        Ok(socket.into())
    })?
}

/// A socket that sends multicast out of an interface, from this address of it, and does not hear
/// that.
pub(super) fn sender(
    netns: &Netns,
    ifindex: u32,
    address: IpAddr,
    hop_limit: u8,
) -> io::Result<UdpSocket> {
    // Datagrams get the address that the socket is bound to as their source.
    let own: SocketAddr = match address {
        IpAddr::V4(_) => (address, 0).into(),
        IpAddr::V6(address) => SocketAddrV6::new(address, 0, 0, ifindex).into(),
    };
    netns.run(|| {
        let socket = Socket::new(Domain::for_address(own), Type::DGRAM, None)?;
        socket.set_nonblocking(true)?;
        match address {
            IpAddr::V4(address) => {
                socket.set_multicast_ttl_v4(hop_limit.into())?;
                socket.set_multicast_loop_v4(false)?;
                socket.set_multicast_if_v4(&address)?;
            }
            IpAddr::V6(_) => {
                socket.set_multicast_hops_v6(hop_limit.into())?;
                socket.set_multicast_loop_v6(false)?;
                socket.set_multicast_if_v6(ifindex)?;
            }
        }
        socket.bind(&own.into())?;
        Ok(socket.into())
    })?
}
