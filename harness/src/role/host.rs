//! A listener that speaks IGMP by castnet's own host machine, over raw frames.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use castnet::time::Instant;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::raw::Raw;
use super::{Actor, Stage};
use crate::knobs::HostKnobs;
use crate::lab::{Frame, Netns};
use crate::member::{Heard, Member, Said};
use crate::plan::{Action, NodeId, Plan, PortId};

/// Octets of an Ethernet header.
const ETHERNET: usize = 14;

/// How long the far ends of a link take to see its carrier. Linux's own host waits for a tick of its
/// clock for the same reason (`IGMP_INITIAL_REPORT_DELAY` in net/ipv4/igmp.c).
const CARRIER: Duration = Duration::from_millis(10);

pub(super) struct HostActor {
    shared: Rc<Shared>,
    task: Option<AbortHandle>,
}

/// State that acts and the host's task share.
struct Shared {
    node: NodeId,
    raw: Raw,
    member: RefCell<Member>,
    /// An act may have set an earlier timer.
    acted: Notify,
}

impl HostActor {
    pub(super) fn open(
        plan: &Plan,
        node: NodeId,
        knobs: &HostKnobs,
        netns: &Netns,
        ifindexes: &[u32],
    ) -> io::Result<Self> {
        let raw = Raw::open(plan, node, netns, ifindexes)?;
        let member = RefCell::new(Member::new(plan, node, knobs).map_err(io::Error::other)?);
        let shared = Shared { node, raw, member, acted: Notify::new() };
        Ok(Self { shared: Rc::new(shared), task: None })
    }
}

impl Actor for HostActor {
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
        let mut member = self.shared.member.borrow_mut();
        match action {
            Action::Join(port, group, filter) => member.join(now, *port, *group, filter)?,
            Action::RefusedJoin(port, group, filter) => {
                member.join_refused(now, *port, *group, filter)?;
            }
            Action::OtherSocket(port, group, socket, filter) => {
                member.join_by(now, *port, *group, (*socket, filter))?;
            }
            Action::Leave(port, group) => member.leave(now, *port, *group),
            _ => return Err("a listener joins and leaves".to_owned()),
        }
        drop(member);
        self.shared.acted.notify_one();
        self.shared.transmit().map_err(|error| error.to_string())
    }

    fn link_returned(&mut self, stage: &Stage, port: PortId) {
        let (shared, stage) = (self.shared.clone(), stage.clone());
        let at = stage.clock.now() + CARRIER;
        tokio::task::spawn_local(async move {
            stage.wait_until(at).await;
            shared.member.borrow_mut().link_returned(stage.clock.now(), port);
            shared.acted.notify_one();
        });
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
            let deadline = self.member.borrow().deadline();
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
            self.member.borrow_mut().expire(now);
            self.transmit()?;
        }
    }

    fn hear(&self, stage: &Stage, port: PortId, frame: &Frame) {
        let now = stage.clock.now();
        let heard = self.member.borrow_mut().hear(now, port, packet(frame));
        match heard {
            None => {}
            Some(Heard::Ignored(event)) => stage.log.borrow_mut().events.push(event),
            // The kernel's stamp is more exact than the time of reading.
            Some(Heard::Delivered(_)) => self.deliver(stage, port, frame),
        }
    }

    /// Delivers a datagram if its group is joined.
    fn deliver(&self, stage: &Stage, port: PortId, frame: &Frame) {
        let delivered = self.member.borrow().deliver(stage.clock.now(), port, packet(frame));
        let stamped = delivered.map(|one| (Duration::from_nanos(frame.stamp_ns), one));
        stage.log.borrow_mut().deliveries.extend(stamped);
    }

    /// Sends the host's messages on each link; on a link that is down they are lost, as with the
    /// kernel's own host.
    fn transmit(&self) -> io::Result<()> {
        while let Some(said) = self.member.borrow_mut().poll() {
            let Said { port, to, packet } = said.map_err(io::Error::other)?;
            match self.raw.send(port, to, &packet) {
                Err(error) if error.kind() == io::ErrorKind::NetworkDown => {}
                sent => sent?,
            }
        }
        Ok(())
    }
}

/// The IPv4 packet in a frame; empty if there is none.
fn packet(frame: &Frame) -> &[u8] {
    frame.bytes.get(ETHERNET..).unwrap_or_default()
}

async fn sleep_until(stage: &Stage, deadline: Option<Instant>) {
    match deadline {
        Some(at) => stage.wait_until(at).await,
        None => std::future::pending().await,
    }
}
