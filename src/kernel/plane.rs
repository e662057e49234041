//! The kernel as a router's data plane: outputs become socket options, ioctls and packets.

use std::io;
use std::os::fd::AsFd as _;

use super::mroute::Mroute;
use super::packet::Received;
use super::ready::readable;
use crate::drive::DataPlane;
use crate::event::Event;
use crate::mfc::cache::MfcOp;
use crate::mfc::entry::VifCounters;
use crate::mfc::vif::Vif;
use crate::router::{Input, Output, Refusal};
use crate::time::Instant;

/// The multicast routing socket, the devices behind the virtual interfaces, and who is told what
/// happens.
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

    /// Waits until there is something to receive.
    ///
    /// # Errors
    /// What the reactor says.
    pub async fn readable(&self) -> io::Result<()> {
        readable(self.mroute.as_fd()).await
    }

    /// Takes the next message off the socket; `None` if there is none.
    ///
    /// # Errors
    /// What recvmsg(2) says.
    pub fn receive<'a>(&self, buffer: &'a mut [u8]) -> io::Result<Option<Received<'a>>> {
        self.mroute.receive(buffer)
    }

    /// What the kernel counted for an interface; `None` if it has none of that number.
    pub fn vif_counters(&self, vif: Vif) -> Option<VifCounters> {
        self.mroute.vif_counters(vif).ok().flatten()
    }

    /// Tells the observer.
    pub fn observe(&mut self, now: Instant, event: Event) {
        (self.observe)(now, event);
    }

    fn ifindex(&self, vif: Vif) -> Result<u32, String> {
        let ifindex = self.ifindexes.get(vif.index()).copied();
        ifindex.ok_or_else(|| format!("{vif} has no device"))
    }

    fn carry_out(
        &mut self,
        now: Instant,
        output: &Output,
    ) -> Result<Option<Input<'static>>, String> {
        match output {
            Output::Transmit { vif, bytes } => {
                let ifindex = self.ifindex(*vif)?;
                let sent = self.mroute.transmit(ifindex, bytes);
                sent.map_err(|error| format!("{vif}: transmit: {error}"))?;
            }
            Output::AddVif(vif, threshold) => {
                let ifindex = self.ifindex(*vif)?;
                text(self.mroute.add_vif(*vif, ifindex, *threshold))?;
            }
            Output::Listen(vif, group) => {
                let ifindex = self.ifindex(*vif)?;
                let group = group.v4().ok_or_else(|| format!("{group} is no IPv4 group"))?;
                text(self.mroute.join(ifindex, group))?;
            }
            Output::Mfc(MfcOp::Set(entry)) => text(self.mroute.add_mfc(entry))?,
            Output::Mfc(MfcOp::Delete(flow)) => {
                text(self.mroute.delete_mfc(*flow)).map(drop)?;
            }
            Output::Mfc(MfcOp::Count(flow)) => {
                let counters = text(self.mroute.flow_counters(*flow))?;
                return Ok(Some(Input::Counted(*flow, counters)));
            }
            Output::Event(event) => self.observe(now, event.clone()),
        }
        Ok(None)
    }
}

fn text<T, E: std::fmt::Display>(result: Result<T, E>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}

impl<F: FnMut(Instant, Event)> DataPlane for Plane<F> {
    fn apply(&mut self, now: Instant, output: Output) -> Result<Option<Input<'static>>, Refusal> {
        self.carry_out(now, &output).map_err(|why| Refusal { output, why })
    }
}
