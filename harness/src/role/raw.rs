//! A packet socket for the actors that bypass the kernel's own IP stack.

use std::io;
use std::net::IpAddr;
use std::os::fd::AsFd as _;

use castnet::kernel::readable;

use crate::capture::ethernet;
use crate::lab::{BATCH_BYTES, Frame, Netns, Tap};
use crate::plan::{NodeId, Plan, PortId};

/// The socket, and the interfaces that it can send on.
pub(super) struct Raw {
    tap: Tap,
    ports: Vec<RawPort>,
}

/// An interface.
#[derive(Clone, Copy)]
struct RawPort {
    port: PortId,
    ifindex: u32,
    mac: [u8; 6],
}

impl Raw {
    pub(super) fn open(
        plan: &Plan,
        node: NodeId,
        netns: &Netns,
        ifindexes: &[u32],
    ) -> io::Result<Self> {
        let ports = plan.nodes[node].ports.iter().zip(ifindexes).map(|(&port, &ifindex)| RawPort {
            port,
            ifindex,
            mac: plan.ports[port].mac,
        });
        Ok(Self { tap: Tap::open(netns)?, ports: ports.collect() })
    }

    /// Sends an IP packet to the group in its header.
    pub(super) fn send(&self, port: PortId, to: IpAddr, packet: &[u8]) -> io::Result<()> {
        let port = self.ports.iter().find(|own| own.port == port);
        let port = port.ok_or_else(|| io::Error::other("no such interface"))?;
        self.tap.send(port.ifindex, &ethernet::frame(port.mac, to, packet))
    }

    /// Waits for frames and takes them; each with its incoming interface.
    pub(super) async fn receive(&self) -> io::Result<Vec<(PortId, Frame)>> {
        readable(self.tap.as_fd()).await?;
        self.take()
    }

    /// Takes the frames that wait.
    pub(super) fn take(&self) -> io::Result<Vec<(PortId, Frame)>> {
        let mut space = vec![0; BATCH_BYTES];
        let mut frames = Vec::new();
        loop {
            match self.tap.receive(&mut space, &mut frames) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        let port = |frame: &Frame| {
            self.ports.iter().find(|own| own.ifindex == frame.ifindex).map(|own| own.port)
        };
        Ok(frames
            .into_iter()
            .filter(|frame| !frame.outgoing)
            .filter_map(|frame| Some((port(&frame)?, frame)))
            .collect())
    }
}
