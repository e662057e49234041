//! The register interface: the kernel takes the datagrams out of Registers of PIM.

use std::net::IpAddr;

use castnet::time::Instant;
use castnet::wire::icmpv6::Ends;
use castnet::wire::ip::Packet;
use castnet::wire::pim::{Message, Register, decode};

use super::{Mroute, MrouteOut, Reader};

impl Mroute {
    /// A message of PIM came in for the namespace. The datagram of a Register comes in once more, by the
    /// register interface, if that exists. Null-Registers and malformed ones carry nothing.
    pub fn decapsulate(
        &mut self,
        now: Instant,
        packet: &Packet<'_>,
        reader: &mut Reader,
        out: &mut Vec<MrouteOut>,
    ) {
        let ends = match (packet.header.source, packet.header.destination) {
            (IpAddr::V6(source), IpAddr::V6(destination)) => Some(Ends { source, destination }),
            _ => None,
        };
        let Some(register) = self.register else { return };
        let Ok(message) = decode(packet.payload, ends) else { return };
        if let Message::Register(Register { is_null: false, datagram, .. }) = message.message {
            self.input(now, register, &datagram.into(), reader, out);
        }
    }
}
