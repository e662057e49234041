//! Unicast routes in a namespace.
//!
//! All routes of a namespace are one batch on a netlink socket of its own: the kernel has answered
//! by the time that send(2) returns, so no wait is needed. A route can be added only where its
//! interface is up and has its address; it replaces a route to the same network.

use std::net::IpAddr;
use std::os::fd::AsRawFd as _;
use std::{fmt, io};

use ipnet::IpNet;
use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_REPLACE, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use nix::sys::socket::{
    AddressFamily as Family, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket,
};

use super::{LabError, Netns};

/// The number of routes sent to the kernel at once: what fits the socket's buffers, answers
/// included.
const BATCH: usize = 256;

/// A unicast route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnicastRoute {
    /// The destination network.
    pub to: IpNet,
    /// How it is reached.
    pub way: Way,
}

/// How a network is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By this router, over the interface with this index.
    Via(IpAddr, u32),
    /// Not at all: the kernel refuses to send there with EACCES, unless a socket names the interface.
    Prohibited,
}

impl fmt::Display for UnicastRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.way {
            Way::Via(via, _) => write!(f, "route to {} via {via}", self.to),
            Way::Prohibited => write!(f, "prohibited route to {}", self.to),
        }
    }
}

/// Adds the routes of all namespaces; `routes` is in their order.
///
/// # Errors
/// The first request that the kernel refused.
pub fn install(netns: &[Netns], routes: &[Vec<UnicastRoute>]) -> Result<(), LabError> {
    let work = || netns.iter().zip(routes).filter(|(_, routes)| !routes.is_empty());
    let there: Vec<&Netns> = work().map(|(netns, _)| netns).collect();
    let what: Vec<&Vec<UnicastRoute>> = work().map(|(_, routes)| routes).collect();
    let Some(first) = there.first() else { return Ok(()) };
    let failed = |netns: &Netns, source| LabError::Netns {
        netns: netns.name().to_owned(),
        operation: "set up unicast routing".to_owned(),
        source,
    };
    let done = Netns::visit(&there, |position| install_here(what[position]));
    let done = done.map_err(|source| failed(first, source))?;
    let mut each = there.iter().zip(done);
    each.try_for_each(|(netns, done)| done.map_err(|source| failed(netns, source)))
}

/// Adds routes to the calling thread's namespace.
fn install_here(routes: &[UnicastRoute]) -> io::Result<()> {
    let flags = SockFlag::SOCK_CLOEXEC;
    let socket = socket(Family::Netlink, SockType::Raw, flags, SockProtocol::NetlinkRoute)?;
    for batch in routes.chunks(BATCH) {
        let mut bytes = Vec::new();
        for (number, route) in batch.iter().enumerate() {
            push(&mut bytes, route, number, number + 1 == batch.len());
        }
        send(socket.as_raw_fd(), &bytes, MsgFlags::empty())?;
        answers(socket.as_raw_fd(), batch)?;
    }
    Ok(())
}

/// Appends a request. The kernel answers the last one, and any that fails.
fn push(bytes: &mut Vec<u8>, route: &UnicastRoute, number: usize, is_last: bool) {
    let mut message = RouteMessage::default();
    message.header = RouteHeader {
        address_family: match route.to {
            IpNet::V4(_) => AddressFamily::Inet,
            IpNet::V6(_) => AddressFamily::Inet6,
        },
        destination_prefix_length: route.to.prefix_len(),
        table: RouteHeader::RT_TABLE_MAIN,
        protocol: RouteProtocol::Static,
        scope: RouteScope::Universe,
        kind: match route.way {
            Way::Via(..) => RouteType::Unicast,
            Way::Prohibited => RouteType::Prohibit,
        },
        ..RouteHeader::default()
    };
    message.attributes = vec![RouteAttribute::Destination(RouteAddress::from(route.to.network()))];
    if let Way::Via(via, ifindex) = route.way {
        message.attributes.push(RouteAttribute::Gateway(RouteAddress::from(via)));
        message.attributes.push(RouteAttribute::Oif(ifindex));
    }
    let mut request = NetlinkMessage::from(RouteNetlinkMessage::NewRoute(message));
    request.header.flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE;
    if is_last {
        request.header.flags |= NLM_F_ACK;
    }
    request.header.sequence_number = u32::try_from(number).unwrap_or(u32::MAX);
    request.finalize();
    let from = bytes.len();
    // Each request begins at a multiple of four octets; these requests all have such a length.
    bytes.resize(from + request.buffer_len(), 0);
    request.serialize(&mut bytes[from..]);
}

/// Reads the answers that the kernel has queued, up to the one to the last request.
fn answers(socket: i32, batch: &[UnicastRoute]) -> io::Result<()> {
    let mut space = [0; 8192];
    loop {
        let length = recv(socket, &mut space, MsgFlags::MSG_DONTWAIT)?;
        let answer = NetlinkMessage::<RouteNetlinkMessage>::deserialize(&space[..length]);
        let answer = answer.map_err(io::Error::other)?;
        let NetlinkPayload::Error(error) = answer.payload else { continue };
        let number = answer.header.sequence_number as usize;
        if error.code.is_some() {
            let cause = error.to_io();
            return Err(io::Error::new(cause.kind(), format!("{}: {cause}", batch[number])));
        }
        if number + 1 == batch.len() {
            return Ok(());
        }
    }
}
