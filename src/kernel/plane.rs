//! The kernel as a router's data plane, in either family: outputs become socket options, ioctls and
//! packets.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};

use super::error::MrouteError;
use super::ip6mr::Mroute6;
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
use crate::wire::Malformed;
use crate::wire::ip::{Datagram, Packet};

/// The multicast routing socket of a router, of the family that it routes.
#[derive(Debug)]
pub enum RoutingSocket {
    /// IPv4.
    V4(Mroute),
    /// IPv6.
    V6(Mroute6),
}

impl From<Mroute> for RoutingSocket {
    fn from(mroute: Mroute) -> Self {
        Self::V4(mroute)
    }
}

impl From<Mroute6> for RoutingSocket {
    fn from(mroute: Mroute6) -> Self {
        Self::V6(mroute)
    }
}

/// A packet of group management as a router takes it.
pub type Read<'a> = Result<Packet<'a>, Malformed>;

/// The multicast routing socket, the devices behind the virtual interfaces, and the observer of
/// events.
pub struct Plane<F> {
    socket: RoutingSocket,
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
    /// A data plane over this socket; `ifindexes` are the devices in the order of the router's
    /// interfaces.
    pub fn new(socket: impl Into<RoutingSocket>, ifindexes: Vec<u32>, observe: F) -> Self {
        let devices = (0..).map_while(Vif::new).zip(ifindexes);
        let devices = devices.map(|(vif, ifindex)| (vif, Behind { ifindex, name: None })).collect();
        Self { socket: socket.into(), devices, observe }
    }

    /// Removes the virtual interfaces that an adopted socket had, and that the router has not added.
    ///
    /// # Errors
    /// The kernel's reason, in words.
    pub fn delete_unclaimed(&mut self) -> Result<(), String> {
        text(match &mut self.socket {
            RoutingSocket::V4(mroute) => mroute.delete_unclaimed(),
            RoutingSocket::V6(mroute) => mroute.delete_unclaimed(),
        })
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
        readable(self.socket.as_fd()).await
    }

    /// Takes the next message off the socket; `None` if no message waits.
    ///
    /// # Errors
    /// Errors of recvmsg(2).
    pub fn receive<'a>(&self, buffer: &'a mut [u8]) -> io::Result<Option<Received<'a, Read<'a>>>> {
        Ok(match &self.socket {
            RoutingSocket::V4(mroute) => {
                mroute.receive(buffer)?.map(|received| received.map(Packet::decode))
            }
            // The kernel has read the header.
            RoutingSocket::V6(mroute) => {
                mroute.receive(buffer)?.map(|received| received.map(Read::Ok))
            }
        })
    }

    /// The kernel's counters of an interface; `None` if it has no such interface.
    pub fn vif_counters(&self, vif: Vif) -> Option<VifCounters> {
        let counters = match &self.socket {
            RoutingSocket::V4(mroute) => mroute.vif_counters(vif),
            RoutingSocket::V6(mroute) => mroute.vif_counters(vif),
        };
        counters.ok().flatten()
    }

    /// The kernel's counters of a flow's entry; `None` if it has no such entry.
    ///
    /// # Errors
    /// Errors of the ioctl.
    pub fn flow_counters(&self, flow: Flow) -> Result<Option<FlowCounters>, MrouteError> {
        match &self.socket {
            RoutingSocket::V4(mroute) => mroute.flow_counters(flow),
            RoutingSocket::V6(mroute) => mroute.flow_counters(flow),
        }
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
            return Err("packets are sent by interface only".to_owned());
        };
        let ifindex = self.ifindex(vif)?;
        let sent = match &self.socket {
            RoutingSocket::V4(mroute) => mroute.transmit(ifindex, &text(packet.encode())?),
            RoutingSocket::V6(mroute) => mroute.transmit(ifindex, packet),
        };
        self.named(vif, sent.map_err(|error| format!("transmit: {error}")))
    }

    fn add_vif(&mut self, vif: Vif, kind: VifKind, threshold: u8) -> Result<(), String> {
        if kind == VifKind::Register {
            return Err("the register interface is not there yet".to_owned());
        }
        let ifindex = self.ifindex(vif)?;
        let added = match &mut self.socket {
            RoutingSocket::V4(mroute) => mroute.add_vif(vif, ifindex, threshold),
            RoutingSocket::V6(_) if threshold > 1 => {
                Err(MrouteError::NoThresholds { vif, threshold })
            }
            RoutingSocket::V6(mroute) => mroute.add_vif(vif, ifindex),
        };
        self.named(vif, added)
    }

    fn delete_vif(&mut self, vif: Vif) -> Result<(), String> {
        let deleted = match &mut self.socket {
            RoutingSocket::V4(mroute) => mroute.delete_vif(vif),
            RoutingSocket::V6(mroute) => mroute.delete_vif(vif),
        };
        self.named(vif, deleted).map(drop)
    }

    fn listen(&mut self, vif: Vif, group: Group) -> Result<(), String> {
        let ifindex = self.ifindex(vif)?;
        let joined = match (&mut self.socket, group.addr()) {
            (RoutingSocket::V4(mroute), IpAddr::V4(group)) => mroute.join(ifindex, group),
            (RoutingSocket::V6(mroute), IpAddr::V6(group)) => mroute.join(ifindex, group),
            (socket, addr) => Err(socket.other_family(addr)),
        };
        self.named(vif, joined)
    }

    fn unlisten(&mut self, vif: Vif, group: Group) -> Result<(), String> {
        let ifindex = self.ifindex(vif)?;
        let left = match (&mut self.socket, group.addr()) {
            (RoutingSocket::V4(mroute), IpAddr::V4(group)) => mroute.leave(ifindex, group),
            (RoutingSocket::V6(mroute), IpAddr::V6(group)) => mroute.leave(ifindex, group),
            (socket, addr) => Err(socket.other_family(addr)),
        };
        self.named(vif, left).map(drop)
    }

    fn set_entry(&mut self, _now: Instant, entry: &MfcEntry) -> Result<(), String> {
        text(match &self.socket {
            RoutingSocket::V4(mroute) => mroute.add_mfc(entry),
            RoutingSocket::V6(mroute) => mroute.add_mfc(entry),
        })
    }

    fn delete_entry(&mut self, flow: Flow) -> Result<(), String> {
        let deleted = match &self.socket {
            RoutingSocket::V4(mroute) => mroute.delete_mfc(flow),
            RoutingSocket::V6(mroute) => mroute.delete_mfc(flow),
        };
        text(deleted).map(drop)
    }

    fn count(&mut self, flow: Flow) -> Result<Option<FlowCounters>, String> {
        text(self.flow_counters(flow))
    }

    fn observe(&mut self, now: Instant, event: &Event) {
        (self.observe)(now, event.clone());
    }
}

impl AsFd for RoutingSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::V4(mroute) => mroute.as_fd(),
            Self::V6(mroute) => mroute.as_fd(),
        }
    }
}

impl RoutingSocket {
    /// The error of an address of the family that this socket does not route.
    const fn other_family(&self, addr: IpAddr) -> MrouteError {
        MrouteError::OtherFamily { addr, family: self.family() }
    }

    const fn family(&self) -> Family {
        match self {
            Self::V4(_) => Family::V4,
            Self::V6(_) => Family::V6,
        }
    }
}

fn text<T, E: Display>(result: Result<T, E>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}
