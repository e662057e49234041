//! A switch: the kernel's bridge does the work; this actor records what it learns, and starts its
//! querier.
//!
//! The bridge is built with the links. Its querier starts only at time zero, so that its first
//! Queries are part of the run.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use castnet::addr::Group;
use futures_util::future::LocalBoxFuture;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::{Actor, Stage};
use crate::lab::{MdbEntry, MdbMessage, MdbMode, MdbMonitor, Netns, switch};
use crate::plan::{self, Action, NodeId, Plan, PortId, Setting};
use crate::recording::{Holds, MdbReport, MemberPorts, NodeEvent};

/// How long a bridge that was just made refuses Queries in IPv6: until the timer of its own Queries, which
/// is set for the next tick whether it is a querier or not, has gone off (br_ip6_multicast_select_querier).
/// A tick is 10 ms at most. What is built before time zero takes longer, except in virtual time.
const TICKS: Duration = Duration::from_millis(20);

pub(super) struct SwitchActor {
    node: NodeId,
    netns: Netns,
    is_querier: bool,
    /// A subscription opened before the first change can happen; `None` once its task reads it.
    watch: Option<Watch>,
    task: Option<AbortHandle>,
    /// When the bridge ignores no Query of others any more.
    ready: Instant,
}

/// The bridge's state, as reported so far.
struct Watch {
    node: NodeId,
    /// The port of each device.
    ports: Vec<(u32, PortId)>,
    monitor: MdbMonitor,
    members: MemberPorts,
}

impl SwitchActor {
    pub(super) fn open(
        plan: &Plan,
        node: NodeId,
        switch: &plan::Switch,
        netns: &Netns,
        ifindexes: &[u32],
    ) -> io::Result<Self> {
        let ports = ifindexes.iter().copied().zip(plan.nodes[node].ports.iter().copied());
        let (ports, members) = (ports.collect(), MemberPorts::default());
        let watch = Watch { node, ports, monitor: MdbMonitor::open(netns)?, members };
        let (netns, is_querier) = (netns.try_clone()?, switch.knobs.querier);
        let ready = Instant::now() + TICKS;
        Ok(Self { node, netns, is_querier, watch: Some(watch), task: None, ready })
    }

    /// Starts or stops the bridge's querier.
    fn ask(&self, stage: &Stage, on: bool) {
        self.change(stage, async move |netns| switch::set_querier(&netns, on).await);
    }

    /// Changes the bridge.
    fn change(&self, stage: &Stage, change: impl AsyncFnOnce(Netns) -> io::Result<()> + 'static) {
        let (node, stage) = (self.node, stage.clone());
        match self.netns.try_clone() {
            Ok(netns) => drop(tokio::task::spawn_local(async move {
                if let Err(error) = change(netns).await {
                    stage.broken(node, &error);
                }
            })),
            Err(error) => stage.broken(node, &error),
        }
    }
}

impl Actor for SwitchActor {
    fn start(&mut self, stage: &Stage) -> Result<(), String> {
        let mut watch = self.watch.take().ok_or("started twice")?;
        if self.is_querier {
            self.ask(stage, true);
        }
        let stage = stage.clone();
        let task = tokio::task::spawn_local(async move {
            loop {
                match watch.monitor.next().await {
                    Ok(messages) => messages.into_iter().for_each(|told| watch.tell(&stage, told)),
                    Err(error) => return stage.broken(watch.node, &error),
                }
            }
        });
        self.task = Some(task.abort_handle());
        Ok(())
    }

    fn act(&mut self, stage: &Stage, action: &Action) -> Result<(), String> {
        let Action::Set(Setting::Switch(switch)) = action else {
            return Err("a switch has no such act".to_owned());
        };
        self.is_querier = switch.knobs.querier;
        let knobs = switch.knobs.bridge();
        self.change(stage, async move |netns| switch::configure(&netns, &knobs).await);
        Ok(())
    }

    fn settle(&mut self) -> LocalBoxFuture<'_, Result<(), String>> {
        Box::pin(async {
            tokio::time::sleep_until(self.ready).await;
            Ok(())
        })
    }

    fn quiet(&mut self, stage: &Stage) {
        if self.is_querier {
            self.ask(stage, false);
        }
    }

    fn stop(&mut self, _stage: &Stage) {
        self.task.iter().for_each(AbortHandle::abort);
    }
}

impl Watch {
    fn tell(&mut self, stage: &Stage, told: MdbMessage) {
        let (at, node) = (stage.clock.now(), self.node);
        match told {
            MdbMessage::Entry { entry, on } => {
                let Some(group) = Group::new(entry.group) else { return };
                let Some(port) = self.port(entry.port) else { return };
                let (source, holds) = (entry.source, on.then(|| holds(entry)));
                let report = MdbReport { group, source, port, holds };
                let change = self.members.change(at, node, &report);
                stage.log.borrow_mut().mdb.extend(change);
            }
            MdbMessage::Router { port, on } => {
                let Some(port) = self.port(port) else { return };
                let event = NodeEvent::router_port(&stage.plan, node, at, port, on);
                stage.log.borrow_mut().events.push(event);
            }
            MdbMessage::Overrun => stage.broken(node, &"changes of its database were lost"),
        }
    }

    /// The port of a device; `None` for the bridge itself.
    fn port(&self, ifindex: u32) -> Option<PortId> {
        self.ports.iter().find(|(own, _)| *own == ifindex).map(|&(_, port)| port)
    }
}

/// What an entry of the kernel holds.
fn holds(entry: MdbEntry) -> Holds<IpAddr> {
    match (entry.source, entry.mode) {
        (Some(_), _) => Holds::Source { is_blocked: entry.is_blocked },
        (None, None) => Holds::All,
        (None, Some(mode)) => {
            let sources = entry.sources.into_iter().map(|(source, _)| source).collect();
            Holds::Filter { excludes: mode == MdbMode::Exclude, sources }
        }
    }
}
