//! Records the kernel's own view of a router's forwarding cache: every change, as netlink reports
//! it.

use std::io;
use std::net::IpAddr;

use castnet::addr::Group;

use super::Stage;
use crate::lab::{MfcMessage, MfcMonitor, Netns};
use crate::plan::{NodeId, PortId};
use crate::recording::{MfcChange, MfcEntry};

/// A subscription opened before the first change can happen.
pub(super) struct Watch {
    node: NodeId,
    /// The port of each device.
    ports: Vec<(u32, PortId)>,
    monitor: MfcMonitor,
}

impl Watch {
    pub(super) fn open(netns: &Netns, node: NodeId, ports: Vec<(u32, PortId)>) -> io::Result<Self> {
        Ok(Self { node, ports, monitor: MfcMonitor::open(netns)? })
    }

    /// Writes every change into the log until the run ends.
    pub(super) fn start(mut self, stage: &Stage) {
        let stage = stage.clone();
        tokio::task::spawn_local(async move {
            while let Some(message) = self.monitor.next().await {
                let at = stage.clock.now();
                let mut log = stage.log.borrow_mut();
                match message {
                    MfcMessage::Entry { source, group, iif, oifs } => {
                        let entry = iif.and_then(|iif| self.entry(iif, &oifs));
                        log.mfc.extend(self.change(at, source, group, entry));
                    }
                    MfcMessage::Deleted { source, group } => {
                        log.mfc.extend(self.change(at, source, group, None));
                    }
                    MfcMessage::Overrun => {
                        drop(log);
                        stage.broken(self.node, &"changes of its forwarding cache were lost");
                    }
                }
            }
        });
    }

    fn entry(&self, iif: u32, oifs: &[u32]) -> Option<MfcEntry> {
        let port = |ifindex: u32| {
            self.ports.iter().find(|(own, _)| *own == ifindex).map(|&(_, port)| port)
        };
        let mut oifs: Vec<PortId> = oifs.iter().filter_map(|&oif| port(oif)).collect();
        oifs.sort_unstable();
        Some(MfcEntry { iif: port(iif)?, oifs })
    }

    fn change(
        &self,
        at: castnet::time::Instant,
        source: IpAddr,
        group: IpAddr,
        entry: Option<MfcEntry>,
    ) -> Option<MfcChange> {
        let group = Group::new(group)?;
        Some(MfcChange { at, node: self.node, source, group, entry })
    }
}
