//! The kernel as a router's data plane, in either family: outputs become socket options, ioctls and
//! packets.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io;
use std::os::fd::AsFd as _;

use super::error::MrouteError;
use super::packet::Received;
use super::pim::PimSocket;
use super::ready::readable;
use super::table::{Read, RoutingSocket};
use crate::addr::{Family, Group};
use crate::drive::DataPlane;
use crate::event::Event;
use crate::mfc::entry::{Flow, FlowCounters, MfcEntry, VifCounters};
use crate::mfc::vif::{Vif, VifKind};
use crate::router::Way;
use crate::time::Instant;
use crate::wire::ip::Datagram;
use crate::wire::pim::PIM;

/// The multicast routing socket, the devices behind the virtual interfaces, and the observer of
/// events.
pub struct Plane<F> {
    socket: RoutingSocket,
    /// `None` where it may not be opened.
    pim: Option<PimSocket>,
    /// Whether the router speaks PIM; else nobody reads that socket.
    speaks_pim: bool,
    devices: BTreeMap<Vif, Behind>,
    observe: F,
}

/// The device behind a virtual interface.
#[derive(Debug)]
struct Behind {
    ifindex: u32,
    name: Option<String>,
}

impl<F: FnMut(Instant, Event)> Plane<F> {
    /// A data plane over these sockets of one family, without PIM if there is none for it; `ifindexes` are
    /// the devices in the order of the router's interfaces.
    pub fn new(
        socket: impl Into<RoutingSocket>,
        pim: impl Into<Option<PimSocket>>,
        ifindexes: Vec<u32>,
        observe: F,
    ) -> Self {
        let devices = (0..).map_while(Vif::new).zip(ifindexes);
        let devices = devices.map(|(vif, ifindex)| (vif, Behind { ifindex, name: None })).collect();
        Self { socket: socket.into(), pim: pim.into(), speaks_pim: false, devices, observe }
    }

    /// Removes the virtual interfaces that an adopted socket had, and that the router has not added.
    ///
    /// # Errors
    /// The kernel's reason, in words.
    pub fn delete_unclaimed(&mut self) -> Result<(), String> {
        text(self.socket.delete_unclaimed())
    }

    /// From now on this device is behind the virtual interface; errors name it.
    pub fn set_device(&mut self, vif: Vif, ifindex: u32, name: &str) {
        self.devices.insert(vif, Behind { ifindex, name: Some(name.to_owned()) });
    }

    /// The family that is routed.
    pub const fn family(&self) -> Family {
        self.socket.family()
    }

    /// Waits until a message can be received.
    ///
    /// # Errors
    /// Errors of the reactor.
    pub async fn readable(&self) -> io::Result<()> {
        let Some(pim) = self.pim.as_ref().filter(|_| self.speaks_pim) else {
            return readable(self.socket.as_fd()).await;
        };
        tokio::select! {
            ready = readable(self.socket.as_fd()) => ready,
            ready = readable(pim.as_fd()) => ready,
        }
    }

    /// Takes the next message off the socket; `None` if no message waits.
    ///
    /// # Errors
    /// Errors of recvmsg(2).
    pub fn receive<'a>(&self, buffer: &'a mut [u8]) -> io::Result<Option<Received<'a, Read<'a>>>> {
        self.socket.receive(buffer)
    }

    /// Takes the next message of PIM; `None` if no message waits, or if the router speaks no PIM.
    ///
    /// # Errors
    /// Errors of recvmsg(2).
    pub fn receive_pim<'a>(
        &self,
        buffer: &'a mut [u8],
    ) -> io::Result<Option<Received<'a, Read<'a>>>> {
        let Some(pim) = self.pim.as_ref().filter(|_| self.speaks_pim) else { return Ok(None) };
        pim.receive(buffer, |ifindex| self.socket.vif_on(ifindex))
    }

    /// The kernel's counters of an interface; `None` if it has no such interface.
    pub fn vif_counters(&self, vif: Vif) -> Option<VifCounters> {
        self.socket.vif_counters(vif).ok().flatten()
    }

    /// The kernel's counters of a flow's entry; `None` if it has no such entry.
    ///
    /// # Errors
    /// Errors of the ioctl.
    pub fn flow_counters(&self, flow: Flow) -> Result<Option<FlowCounters>, MrouteError> {
        self.socket.flow_counters(flow)
    }

    fn pim(&self) -> Result<&PimSocket, String> {
        let told = "the socket of PIM could not be opened without privileges";
        self.pim.as_ref().ok_or_else(|| told.to_owned())
    }

    fn ifindex(&self, vif: Vif) -> Result<u32, String> {
        let behind = self.devices.get(&vif);
        behind.map(|behind| behind.ifindex).ok_or_else(|| format!("{vif} has no device"))
    }

    /// The result with its error in words, after the name of the device.
    fn named<T, E: Display>(&self, vif: Vif, result: Result<T, E>) -> Result<T, String> {
        let name = self.devices.get(&vif).and_then(|behind| behind.name.as_deref());
        result.map_err(|why| match name {
            Some(name) => format!("{name}: {why}"),
            None => format!("{vif}: {why}"),
        })
    }
}

impl<F: FnMut(Instant, Event)> DataPlane for Plane<F> {
    fn send(&mut self, by: Way, packet: &Datagram) -> Result<(), String> {
        let Way::Link(vif) = by else {
            return text(self.pim()?.transmit(None, packet));
        };
        let ifindex = self.ifindex(vif)?;
        let sent = match &self.socket {
            _ if packet.header.protocol == PIM => self.pim()?.transmit(Some(ifindex), packet),
            RoutingSocket::V4(mroute) => mroute.transmit(ifindex, &text(packet.encode())?),
            RoutingSocket::V6(mroute) => mroute.transmit(ifindex, packet),
        };
        self.named(vif, sent.map_err(|error| format!("transmit: {error}")))
    }

    fn add_vif(&mut self, vif: Vif, kind: VifKind, threshold: u8) -> Result<(), String> {
        if kind == VifKind::Register {
            self.pim()?;
            text(self.socket.add_register(vif))?;
            self.speaks_pim = true;
            return Ok(());
        }
        let ifindex = self.ifindex(vif)?;
        let added = self.socket.add_vif(vif, ifindex, threshold);
        self.named(vif, added)
    }

    fn delete_vif(&mut self, vif: Vif) -> Result<(), String> {
        if self.speaks_pim && vif == Vif::REGISTER {
            self.speaks_pim = false;
            return text(self.socket.delete_register(vif));
        }
        let deleted = self.socket.delete_vif(vif);
        self.named(vif, deleted).map(drop)
    }

    fn listen(&mut self, vif: Vif, group: Group) -> Result<(), String> {
        let ifindex = self.ifindex(vif)?;
        let joined = self.socket.join(ifindex, group);
        self.named(vif, joined)
    }

    fn unlisten(&mut self, vif: Vif, group: Group) -> Result<(), String> {
        let ifindex = self.ifindex(vif)?;
        let left = self.socket.leave(ifindex, group);
        self.named(vif, left).map(drop)
    }

    fn set_entry(&mut self, _now: Instant, entry: &MfcEntry) -> Result<(), String> {
        text(self.socket.add_mfc(entry))
    }

    fn delete_entry(&mut self, flow: Flow) -> Result<(), String> {
        text(self.socket.delete_mfc(flow)).map(drop)
    }

    fn count(&mut self, flow: Flow) -> Result<Option<FlowCounters>, String> {
        text(self.flow_counters(flow))
    }

    fn observe(&mut self, now: Instant, event: &Event) {
        (self.observe)(now, event.clone());
    }
}

fn text<T, E: Display>(result: Result<T, E>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}
