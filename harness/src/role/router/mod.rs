//! A router: castnet's routing core over the kernel's multicast routing, as a task in this process
//! or as a process of its own. Both run the daemon's own loop, and their events are recorded alike.

mod child;
mod process;

use std::fs;
use std::io;
use std::rc::Rc;

use castnet::addr::Family;
use castnet::daemon::Opened;
use castnet::event::Event;
use castnet::kernel::{self, MrouteError};
use castnet::rng::Rng;
use castnet::router::config::Config;
use futures_util::future::LocalBoxFuture;
use tokio::sync::mpsc;

use super::watch::Watch;
use super::{Actor, Stage};
use crate::device;
use crate::device::castnet::events::EventRecorder;
use crate::lab::{Netns, Ward};
use crate::plan::{self, Action, NodeId, Plan, PortId, Setting};
use child::Setup;
use process::Child;

pub(super) struct RouterActor {
    node: NodeId,
    setup: Setup,
    /// Where it lives if it is a process.
    ward: Option<Rc<Ward>>,
    netns: Netns,
    watch: Option<Watch>,
    daemon: Daemon,
}

enum Daemon {
    /// A task that starts at time zero.
    Opened(Opened),
    /// A running task, which takes new configurations. Dropping this sender ends the task and
    /// closes its socket.
    Task(mpsc::UnboundedSender<Config>),
    /// A process: starting, running, or dying.
    Process(Box<Child>),
    /// No router.
    Dead,
}

impl RouterActor {
    pub(super) fn open(
        plan: &Plan,
        node: NodeId,
        written: &plan::Router,
        netns: &Netns,
        ward: Option<&Rc<Ward>>,
        ifindexes: &[u32],
    ) -> io::Result<Self> {
        let ports: Vec<(u32, PortId)> =
            ifindexes.iter().copied().zip(plan.nodes[node].ports.iter().copied()).collect();
        let (config, ifindexes) = (device::castnet::router(plan, written), ifindexes.to_vec());
        let rng = (plan.seed, plan.nodes[node].name.clone());
        let setup = Setup { config, ifindexes, rng, events: EventRecorder::new(plan, node) };
        let daemon = match plan.nodes[node].is_process {
            true => Daemon::Process(start(ward.map(Rc::as_ref), netns, &setup)?),
            false => Daemon::Opened(take_ownership(netns, setup.config.family)?),
        };
        let watch = Some(Watch::open(netns, node, ports)?);
        Ok(Self { node, setup, ward: ward.cloned(), netns: netns.try_clone()?, watch, daemon })
    }

    fn task(&self, stage: &Stage, opened: Opened) -> Result<Daemon, String> {
        let (node, log) = (self.node, stage.log.clone());
        let Setup { config, ifindexes, rng: (seed, name), events } = self.setup.clone();
        let observe = move |at, event: Event| {
            log.borrow_mut().events.push(events.record(at, &event));
        };
        let clock = kernel::Clock::showing(stage.clock.now());
        let rng = Rng::for_node(seed, &name);
        let daemon = opened.start(config, ifindexes, rng, clock, observe);
        let mut daemon = daemon.map_err(|error| error.to_string())?;
        let (configs, mut given) = mpsc::unbounded_channel();
        let stage = stage.clone();
        tokio::task::spawn_local(async move {
            loop {
                match daemon.run(given.recv()).await {
                    Ok(Some(config)) => daemon.configure(config),
                    // The sender is gone: the task ends.
                    Ok(None) => return,
                    Err(error) => return stage.broken(node, &error),
                }
            }
        });
        Ok(Daemon::Task(configs))
    }

    /// A router that is started again has its last configuration.
    fn configure(&mut self, config: Config) -> Result<(), String> {
        self.setup.config = config.clone();
        match &mut self.daemon {
            Daemon::Task(configs) => configs.send(config).map_err(|_| "it has ended".to_owned()),
            Daemon::Process(child) => child.configure(config),
            Daemon::Opened(_) | Daemon::Dead => Ok(()),
        }
    }

    fn restart(&mut self, stage: &Stage) -> Result<Daemon, String> {
        let child = start(self.ward.as_deref(), &self.netns, &self.setup);
        let mut child = child.map_err(|error| error.to_string())?;
        child.serve(stage, self.node)?;
        Ok(Daemon::Process(child))
    }
}

/// Starts the router's process, which alone ever opens the routing socket of its namespace: a copy
/// in any other process would keep it from owning that.
fn start(ward: Option<&Ward>, netns: &Netns, setup: &Setup) -> io::Result<Box<Child>> {
    // Kernels with multicast routing have this file.
    let (file, why) = match setup.config.family {
        Family::V4 => ("ip_mr_vif", "this kernel does not route multicast (CONFIG_IP_MROUTE)"),
        Family::V6 => ("ip6_mr_vif", "this kernel routes no IPv6 multicast (CONFIG_IPV6_MROUTE)"),
    };
    if !netns.run(|| fs::exists(format!("/proc/thread-self/net/{file}")))?? {
        return Err(io::Error::new(io::ErrorKind::Unsupported, why));
    }
    let ward = ward.ok_or_else(|| io::Error::other("it has no place for a process"))?;
    Child::start(ward, netns.name(), setup.clone()).map(Box::new)
}

/// Takes ownership of multicast routing of a family in the namespace.
fn take_ownership(netns: &Netns, family: Family) -> io::Result<Opened> {
    netns.run(|| Opened::open(family, None))?.map_err(|error| match error {
        MrouteError::NotSupported { .. } => io::Error::new(io::ErrorKind::Unsupported, error),
        _ => io::Error::other(error),
    })
}

impl Actor for RouterActor {
    fn start(&mut self, stage: &Stage) -> Result<(), String> {
        self.watch.take().ok_or("started twice")?.start(stage);
        self.daemon = match std::mem::replace(&mut self.daemon, Daemon::Dead) {
            Daemon::Opened(opened) => self.task(stage, opened)?,
            Daemon::Process(mut child) => {
                child.serve(stage, self.node)?;
                Daemon::Process(child)
            }
            other => other,
        };
        Ok(())
    }

    fn act(&mut self, stage: &Stage, action: &Action) -> Result<(), String> {
        if let Action::Set(Setting::Router(written)) = action {
            return self.configure(device::castnet::router(&stage.plan, written));
        }
        match (action, &self.daemon) {
            (Action::Kill, Daemon::Process(child)) => {
                child.kill().map_err(|error| error.to_string())
            }
            (Action::Kill, _) => Err("it is no process that runs".to_owned()),
            (Action::Restart, Daemon::Dead) => {
                self.daemon = self.restart(stage)?;
                Ok(())
            }
            (Action::Restart, _) => Err("it is still running".to_owned()),
            _ => Err("a router has no such act".to_owned()),
        }
    }

    fn settle(&mut self) -> LocalBoxFuture<'_, Result<(), String>> {
        Box::pin(async {
            let Daemon::Process(child) = &mut self.daemon else { return Ok(()) };
            if child.was_killed() {
                child.dead().await.map_err(|error| error.to_string())?;
                self.daemon = Daemon::Dead;
                return Ok(());
            }
            child.owns().await
        })
    }

    fn account(&mut self) -> LocalBoxFuture<'_, Result<(), String>> {
        Box::pin(async {
            match &mut self.daemon {
                Daemon::Process(child) => child.account().await,
                Daemon::Opened(_) | Daemon::Task(_) | Daemon::Dead => Ok(()),
            }
        })
    }

    fn stop(&mut self, _stage: &Stage) {
        self.daemon = Daemon::Dead;
    }
}
