//! The roles of nodes in the real-kernel laboratory: one small module each.
//!
//! An [`Actor`] is made before the run, with its sockets already inside its namespace; it starts at
//! time zero, performs its acts of the plan, and ends with the run. Its events go into the [`Log`].

mod clock;
mod foreign;
mod host;
mod injector;
mod lateness;
mod listener;
mod raw;
mod router;
mod source;
mod switch;
mod udp;
mod watch;

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use castnet::time::Instant;
use futures_util::future::LocalBoxFuture;

use crate::lab::{Netns, Ward};
use crate::plan::{Action, Device, NodeId, Plan, PortId, Role};
use crate::recording::{Delivery, Late, Lateness, MdbChange, MfcChange, NodeEvent, ProgramOutput};
use crate::scenario::Listener;

pub use clock::Clock;
pub use lateness::watch_lateness;

/// A node at work.
pub trait Actor {
    /// Starts, at time zero.
    ///
    /// # Errors
    /// Why it cannot start.
    fn start(&mut self, stage: &Stage) -> Result<(), String>;

    /// Performs one act.
    ///
    /// # Errors
    /// Why it could not perform the act.
    fn act(&mut self, stage: &Stage, action: &Action) -> Result<(), String>;

    /// An act has brought the interface up.
    fn link_returned(&mut self, _stage: &Stage, _port: PortId) {}

    /// Returns once nothing that the actor has begun is under way: before time zero the preparation
    /// of its start, after an act what the act ends or starts.
    fn settle(&mut self) -> LocalBoxFuture<'_, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Returns once every delay of the actor until now is recorded. A process that has had no CPU cannot
    /// have said so yet.
    fn account(&mut self) -> LocalBoxFuture<'_, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Sends nothing of its own accord from now on, but still receives.
    fn quiet(&mut self, _stage: &Stage) {}

    /// Ends.
    fn stop(&mut self, _stage: &Stage) {}
}

/// State that every actor of a run shares.
#[derive(Clone)]
pub struct Stage {
    /// The plan.
    pub plan: Rc<Plan>,
    /// The time of the run.
    pub clock: Clock,
    /// The record of the run.
    pub log: Rc<RefCell<Log>>,
}

impl Stage {
    /// Records that a node failed to do what it should: the run cannot be trusted.
    pub fn broken(&self, node: NodeId, why: &dyn std::fmt::Display) {
        let name = &self.plan.nodes[node].name;
        self.log.borrow_mut().broken.push(format!("{name}: {why}"));
    }

    /// Records a delay of an actor or router whose timing counts.
    pub fn late(&self, lateness: Lateness) {
        let mut log = self.log.borrow_mut();
        if lateness.by > log.lateness.by {
            log.lateness = lateness;
        }
        if lateness.what == Late::Timer && lateness.by > self.plan.tolerance {
            log.stalls.push(lateness);
        }
    }

    /// Waits until this long after the start of the run. If that time has passed it returns without
    /// waiting for a tick of the timer, so that a late actor can catch up.
    pub async fn wait_until(&self, at: Instant) {
        match at.since(self.clock.now()) {
            Duration::ZERO => tokio::task::yield_now().await,
            left => tokio::time::sleep(left).await,
        }
    }
}

/// The events of a run.
#[derive(Debug, Default)]
pub struct Log {
    /// Datagrams that sockets received, each with the kernel's stamp, since 1970; their own times are to
    /// be translated from it.
    pub deliveries: Vec<(Duration, Delivery)>,
    /// Changes of forwarding caches.
    pub mfc: Vec<MfcChange>,
    /// Changes of switches' databases of members.
    pub mdb: Vec<MdbChange>,
    /// Events of routers and switches.
    pub events: Vec<NodeEvent>,
    /// What programs of nodes wrote, except for those that acts started.
    pub outputs: Vec<ProgramOutput>,
    /// The worst delay of an actor or router whose timing counts.
    pub lateness: Lateness,
    /// Every delay of one that was longer than the tolerance.
    pub stalls: Vec<Lateness>,
    /// Why the run cannot be trusted.
    pub broken: Vec<String>,
}

/// Makes the actor of a node; `ifindexes` are the kernel's indexes of its ports, in their order. A
/// node whose router is a process needs a ward.
///
/// # Errors
/// Errors of making its sockets.
pub fn actor(
    plan: &Plan,
    node: NodeId,
    netns: &Netns,
    ward: Option<&Rc<Ward>>,
    ifindexes: &[u32],
) -> io::Result<Box<dyn Actor>> {
    Ok(match &plan.nodes[node].role {
        Role::Router(written) => match &written.who {
            Device::Castnet => {
                Box::new(router::RouterActor::open(plan, node, written, netns, ward, ifindexes)?)
            }
            Device::Foreign(software) => {
                let router = (written, software.as_ref());
                Box::new(foreign::ForeignActor::open(plan, node, router, netns, ward, ifindexes)?)
            }
        },
        Role::Listener(Listener::Kernel { igmp_version, level }) => {
            let kernel = (*igmp_version, *level);
            Box::new(listener::ListenerActor::open(plan, node, kernel, netns, ifindexes)?)
        }
        Role::Listener(Listener::Population { .. }) => {
            let why = "a population has a kernel for each of its hosts, and this is one machine";
            return Err(io::Error::new(io::ErrorKind::Unsupported, why));
        }
        Role::Listener(Listener::Castnet(knobs)) => {
            Box::new(host::HostActor::open(plan, node, knobs, netns, ifindexes)?)
        }
        Role::Injector(periodic) => {
            Box::new(injector::Injector::open(plan, node, periodic.as_ref(), netns, ifindexes)?)
        }
        Role::Switch(switch) => {
            Box::new(switch::SwitchActor::open(plan, node, switch, netns, ifindexes)?)
        }
        Role::Source => Box::new(source::Source::open(plan, node, netns, ifindexes)?),
    })
}
