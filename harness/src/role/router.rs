//! A router: castnet's routing core over the kernel's multicast routing, in this process.

use std::io;

use castnet::daemon::Opened;
use castnet::event::Event;
use castnet::kernel::{Clock, MrouteError};
use castnet::router::config::Config;
use tokio::sync::oneshot;

use super::watch::Watch;
use super::{Actor, Stage};
use crate::lab::Netns;
use crate::plan::{Action, NodeId, Plan, PortId};
use crate::recording::NodeEvent;

pub(super) struct Router {
    node: NodeId,
    config: Config,
    ifindexes: Vec<u32>,
    netns: Netns,
    opened: Option<Opened>,
    watch: Option<Watch>,
    running: Option<Running>,
}

/// The daemon's task. Dropping it closes the daemon's socket, which is all that the kernel and the
/// network see of a process that dies by SIGKILL.
struct Running {
    /// Kept for its end: the task stops when this is gone.
    _stop: oneshot::Sender<()>,
}

impl Router {
    pub(super) fn open(
        plan: &Plan,
        node: NodeId,
        config: &Config,
        netns: &Netns,
        ifindexes: &[u32],
    ) -> io::Result<Self> {
        let ports: Vec<(u32, PortId)> =
            ifindexes.iter().copied().zip(plan.nodes[node].ports.iter().copied()).collect();
        Ok(Self {
            node,
            config: config.clone(),
            ifindexes: ifindexes.to_vec(),
            netns: netns.try_clone()?,
            opened: Some(take_ownership(netns)?),
            watch: Some(Watch::open(netns, node, ports)?),
            running: None,
        })
    }

    fn run(&mut self, stage: &Stage, opened: Opened) -> Result<(), String> {
        let (node, log) = (self.node, stage.log.clone());
        let plan = stage.plan.clone();
        let observe = move |at, event: Event| {
            log.borrow_mut().events.push(NodeEvent::told(&plan, node, at, &event));
        };
        let clock = Clock::showing(stage.clock.now());
        let mut daemon = opened
            .start(self.config.clone(), self.ifindexes.clone(), clock, observe)
            .map_err(|error| error.to_string())?;
        let (stop, stopped) = oneshot::channel();
        self.running = Some(Running { _stop: stop });
        let stage = stage.clone();
        tokio::task::spawn_local(async move {
            // A dropped sender means the same: it is over.
            let stopped = async { _ = stopped.await };
            if let Err(error) = daemon.run(stopped).await {
                stage.broken(node, &error);
            }
        });
        Ok(())
    }
}

/// Multicast routing in the namespace becomes ours.
fn take_ownership(netns: &Netns) -> io::Result<Opened> {
    netns.run(|| Opened::open(None))?.map_err(|error| match error {
        MrouteError::NotSupported { .. } => io::Error::new(io::ErrorKind::Unsupported, error),
        _ => io::Error::other(error),
    })
}

impl Actor for Router {
    fn start(&mut self, stage: &Stage) -> Result<(), String> {
        let (Some(opened), Some(watch)) = (self.opened.take(), self.watch.take()) else {
            return Err("started twice".to_owned());
        };
        watch.start(stage);
        self.run(stage, opened)
    }

    fn act(&mut self, stage: &Stage, action: &Action) -> Result<(), String> {
        match action {
            Action::Kill => self.running.take().map(drop).ok_or("it is not running".to_owned()),
            Action::Restart if self.running.is_some() => Err("it is still running".to_owned()),
            Action::Restart => {
                let opened = take_ownership(&self.netns).map_err(|error| error.to_string())?;
                self.run(stage, opened)
            }
            _ => Err("a router has no such act".to_owned()),
        }
    }

    fn stop(&mut self, _stage: &Stage) {
        self.running = None;
    }
}
