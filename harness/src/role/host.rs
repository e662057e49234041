//! A listener that speaks IGMP by castnet's own host machine, over raw frames.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use castnet::addr::Group;
use castnet::gmp::params::HostParams;
use castnet::igmp;
use castnet::rng::Rng;
use castnet::time::Instant;
use castnet::wire::ipv4;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::raw::Raw;
use super::{Actor, Stage};
use crate::capture::decode::{Content, decode};
use crate::lab::{Frame, Netns};
use crate::plan::{Action, NodeId, Plan, PortId};
use crate::recording::{Delivery, NodeEvent};

/// Octets of an Ethernet header.
const ETHERNET: usize = 14;

pub(super) struct Host {
    shared: Rc<Shared>,
    task: Option<AbortHandle>,
}

/// What acts and the task of the host both use.
struct Shared {
    node: NodeId,
    raw: Raw,
    links: RefCell<BTreeMap<PortId, Link>>,
    /// An act may have set an earlier timer.
    acted: Notify,
}

/// The host on one link.
struct Link {
    igmp: igmp::host::Host,
    joined: BTreeSet<Group>,
}

impl Host {
    pub(super) fn open(
        plan: &Plan,
        node: NodeId,
        params: &HostParams,
        netns: &Netns,
        ifindexes: &[u32],
    ) -> io::Result<Self> {
        let raw = Raw::open(plan, node, netns, ifindexes)?;
        let links = raw.ports().iter().map(|port| {
            let rng = Rng::for_node(plan.seed, &plan.port_name(port.port));
            let igmp = igmp::host::Host::new(params.clone(), port.address, rng);
            (port.port, Link { igmp, joined: BTreeSet::new() })
        });
        let links = RefCell::new(links.collect());
        let shared = Shared { node, raw, links, acted: Notify::new() };
        Ok(Self { shared: Rc::new(shared), task: None })
    }
}

impl Actor for Host {
    fn start(&mut self, stage: &Stage) -> Result<(), String> {
        let (shared, stage) = (self.shared.clone(), stage.clone());
        let task = tokio::task::spawn_local(async move {
            if let Err(error) = shared.serve(&stage).await {
                stage.broken(shared.node, &error);
            }
        });
        self.task = Some(task.abort_handle());
        Ok(())
    }

    fn act(&mut self, stage: &Stage, action: &Action) -> Result<(), String> {
        let now = stage.clock.now();
        match action {
            Action::Join(port, group) => self.shared.with(*port, |link| {
                link.joined.insert(*group);
                link.igmp.join(now, *group);
            }),
            Action::Leave(port, group) => self.shared.with(*port, |link| {
                link.joined.remove(group);
                link.igmp.leave(now, *group);
            }),
            _ => return Err("a listener joins and leaves".to_owned()),
        }
        self.shared.acted.notify_one();
        self.shared.transmit().map_err(|error| error.to_string())
    }

    fn stop(&mut self, stage: &Stage) {
        self.task.iter().for_each(AbortHandle::abort);
        match self.shared.raw.take() {
            Ok(frames) => frames.iter().for_each(|(port, frame)| {
                self.shared.deliver(stage, *port, frame);
            }),
            Err(error) => stage.broken(self.shared.node, &error),
        }
    }
}

impl Shared {
    async fn serve(&self, stage: &Stage) -> io::Result<()> {
        loop {
            let deadline =
                self.links.borrow().values().filter_map(|link| link.igmp.deadline()).min();
            tokio::select! {
                frames = self.raw.receive() => {
                    for (port, frame) in frames? {
                        self.hear(stage, port, &frame);
                    }
                }
                () = sleep_until(stage, deadline) => {}
                () = self.acted.notified() => {}
            }
            let now = stage.clock.now();
            self.links.borrow_mut().values_mut().for_each(|link| link.igmp.expire(now));
            self.transmit()?;
        }
    }

    fn with(&self, port: PortId, act: impl FnOnce(&mut Link)) {
        if let Some(link) = self.links.borrow_mut().get_mut(&port) {
            act(link);
        }
    }

    fn hear(&self, stage: &Stage, port: PortId, frame: &Frame) {
        let Some(packet) = decode(&frame.bytes) else { return };
        if !matches!(packet.content, Content::Igmp(_) | Content::BadIgmp(_)) {
            return self.deliver(stage, port, frame);
        }
        let now = stage.clock.now();
        self.with(port, |link| {
            let bytes = frame.bytes.get(ETHERNET..).unwrap_or_default();
            if let Err(why) = link.igmp.receive(now, bytes) {
                let text = format!("{}: ignored: {why}", stage.plan.port_name(port));
                let event = NodeEvent { at: now, node: self.node, text, what: None };
                stage.log.borrow_mut().events.push(event);
            }
        });
    }

    /// A datagram for a group that is joined reaches the listener.
    fn deliver(&self, stage: &Stage, port: PortId, frame: &Frame) {
        let Some(packet) = decode(&frame.bytes) else { return };
        let Content::Data(number) = packet.content else { return };
        let Some(group) = Group::new(IpAddr::V4(packet.destination)) else { return };
        self.with(port, |link| {
            if link.joined.contains(&group) {
                let at = stage.clock.at(Duration::from_nanos(frame.stamp_ns));
                let (node, source) = (self.node, packet.source);
                let delivery = Delivery { at, node, source, group, number };
                stage.log.borrow_mut().deliveries.push(delivery);
            }
        });
    }

    /// Sends what the host has to say on each link.
    fn transmit(&self) -> io::Result<()> {
        for (port, link) in self.links.borrow_mut().iter_mut() {
            while let Some(packet) = link.igmp.poll() {
                let packet = packet.map_err(io::Error::other)?;
                let to = ipv4::decode(&packet).map_err(io::Error::other)?.destination;
                self.raw.send(*port, to, &packet)?;
            }
        }
        Ok(())
    }
}

async fn sleep_until(stage: &Stage, deadline: Option<Instant>) {
    match deadline {
        Some(at) => stage.wait_until(at).await,
        None => std::future::pending().await,
    }
}
