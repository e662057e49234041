//! The one place where the protocol of a router's address family is chosen.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::addr::Family;
use crate::gmp::Cx;
use crate::gmp::interface::Interface;
use crate::gmp::message::Message;
use crate::igmp;
use crate::ignored::Ignored;
use crate::mld;
use crate::wire::Unencodable;
use crate::wire::ip::{Datagram, Packet};

/// Hands a packet of the family's group management, which came in on a link with these networks, to
/// the machine of the link.
///
/// # Errors
/// Why the packet was ignored.
pub(super) fn receive(
    family: Family,
    interface: &mut Interface,
    cx: &mut Cx<'_>,
    networks: &[IpNet],
    packet: &Packet<'_>,
) -> Result<(), Ignored> {
    match family {
        Family::V4 => igmp::receive(interface, cx, networks, packet),
        Family::V6 => mld::receive(interface, cx, packet),
    }
}

/// The packet that carries a message of the router.
///
/// # Errors
/// The part of the message that the family's protocol cannot carry.
pub(super) fn encode(
    family: Family,
    own: IpAddr,
    message: &Message,
) -> Result<Datagram, Unencodable> {
    match family {
        Family::V4 => igmp::encode(own, message),
        Family::V6 => mld::encode(own, message),
    }
}
