//! The kernel as a router's data plane: outputs become socket options, ioctls and packets.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsFd as _;

use super::error::MrouteError;
use super::mroute::Mroute;
use super::packet::Received;
use super::ready::readable;
use crate::addr::{Family, Group};
use crate::drive::DataPlane;
use crate::event::Event;
use crate::mfc::entry::{Flow, FlowCounters, MfcEntry, VifCounters};
use crate::mfc::vif::{Vif, VifKind};
use crate::router::Way;
use crate::time::Instant;
use crate::wire::ip::Datagram;

/// The multicast routing socket, the devices behind the virtual interfaces, and the observer of
/// events.
pub struct Plane<F> {
    mroute: Mroute,
    /// Device indexes by [`Vif::index`].
    ifindexes: Vec<u32>,
    observe: F,
}

impl<F: FnMut(Instant, Event)> Plane<F> {
    /// A data plane over this socket; `ifindexes` are the devices in the order of the router's
    /// interfaces.
    pub const fn new(mroute: Mroute, ifindexes: Vec<u32>, observe: F) -> Self {
        Self { mroute, ifindexes, observe }
    }

    /// Waits until a message can be received.
    ///
    /// # Errors
    /// Errors of the reactor.
    pub async fn readable(&self) -> io::Result<()> {
        readable(self.mroute.as_fd()).await
    }

    /// Takes the next message off the socket; `None` if no message waits.
    ///
    /// # Errors
    /// Errors of recvmsg(2).
    pub fn receive<'a>(&self, buffer: &'a mut [u8]) -> io::Result<Option<Received<'a>>> {
        self.mroute.receive(buffer)
    }

    /// The kernel's counters of an interface; `None` if it has no such interface.
    pub fn vif_counters(&self, vif: Vif) -> Option<VifCounters> {
        self.mroute.vif_counters(vif).ok().flatten()
    }

    fn ifindex(&self, vif: Vif) -> Result<u32, String> {
        let ifindex = self.ifindexes.get(vif.index()).copied();
        ifindex.ok_or_else(|| format!("{vif} has no device"))
    }
}

impl<F: FnMut(Instant, Event)> DataPlane for Plane<F> {
    fn send(&mut self, by: Way, packet: &Datagram) -> Result<(), String> {
        let Way::Link(vif) = by else {
            return Err("packets are sent by interface only".to_owned());
        };
        let ifindex = self.ifindex(vif)?;
        let sent = self.mroute.transmit(ifindex, &text(packet.encode())?);
        sent.map_err(|error| format!("{vif}: transmit: {error}"))
    }

    fn add_vif(&mut self, vif: Vif, kind: VifKind, threshold: u8) -> Result<(), String> {
        match kind {
            VifKind::Device => text(self.mroute.add_vif(vif, self.ifindex(vif)?, threshold)),
            VifKind::Register => Err("the register interface is not there yet".to_owned()),
        }
    }

    fn delete_vif(&mut self, vif: Vif) -> Result<(), String> {
        text(self.mroute.delete_vif(vif)).map(drop)
    }

    fn listen(&mut self, vif: Vif, group: Group) -> Result<(), String> {
        text(self.mroute.join(self.ifindex(vif)?, ipv4(group)?))
    }

    fn unlisten(&mut self, vif: Vif, group: Group) -> Result<(), String> {
        text(self.mroute.leave(self.ifindex(vif)?, ipv4(group)?)).map(drop)
    }

    fn set_entry(&mut self, _now: Instant, entry: &MfcEntry) -> Result<(), String> {
        text(self.mroute.add_mfc(entry))
    }

    fn delete_entry(&mut self, flow: Flow) -> Result<(), String> {
        text(self.mroute.delete_mfc(flow)).map(drop)
    }

    fn count(&mut self, flow: Flow) -> Result<Option<FlowCounters>, String> {
        text(self.mroute.flow_counters(flow))
    }

    fn observe(&mut self, now: Instant, event: &Event) {
        (self.observe)(now, event.clone());
    }
}

/// The socket is an IPv4 socket.
fn ipv4(group: Group) -> Result<Ipv4Addr, String> {
    match group.addr() {
        IpAddr::V4(addr) => Ok(addr),
        addr @ IpAddr::V6(_) => text(Err(MrouteError::OtherFamily { addr, family: Family::V4 })),
    }
}

fn text<T, E: std::fmt::Display>(result: Result<T, E>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}
