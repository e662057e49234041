//! An injector: sends the packets that the plan asks for, valid or not, once or again and again.

use std::io;
use std::rc::Rc;

use tokio::task::AbortHandle;

use super::raw::Raw;
use super::{Actor, Stage};
use crate::capture::encode::injected;
use crate::lab::Netns;
use crate::plan::{Action, Injection, NodeId, Plan, Setting};

pub(super) struct Injector {
    node: NodeId,
    raw: Rc<Raw>,
    /// What it sends periodically from the start of the run.
    periodic: Option<Injection>,
    /// The task that sends `periodic`.
    asking: Option<AbortHandle>,
    sending: Vec<AbortHandle>,
}

impl Injector {
    pub(super) fn open(
        plan: &Plan,
        node: NodeId,
        periodic: Option<&Injection>,
        netns: &Netns,
        ifindexes: &[u32],
    ) -> io::Result<Self> {
        let raw = Rc::new(Raw::open(plan, node, netns, ifindexes)?);
        Ok(Self { node, raw, periodic: periodic.cloned(), asking: None, sending: Vec::new() })
    }

    fn begin(&self, stage: &Stage, injection: Injection) -> AbortHandle {
        let (node, raw, stage) = (self.node, self.raw.clone(), stage.clone());
        let task = tokio::task::spawn_local(async move {
            if let Err(error) = inject(&raw, &stage, &injection).await {
                stage.broken(node, &error);
            }
        });
        task.abort_handle()
    }

    /// Sends this again and again, instead of what it has sent so far.
    fn ask(&mut self, stage: &Stage, injection: Injection) {
        self.asking.take().iter().for_each(AbortHandle::abort);
        self.asking = Some(self.begin(stage, injection));
    }
}

impl Actor for Injector {
    fn start(&mut self, stage: &Stage) -> Result<(), String> {
        if let Some(periodic) = self.periodic.take() {
            self.ask(stage, periodic);
        }
        Ok(())
    }

    fn act(&mut self, stage: &Stage, action: &Action) -> Result<(), String> {
        match action {
            Action::Inject(injection) => {
                let task = self.begin(stage, injection.clone());
                self.sending.push(task);
                Ok(())
            }
            Action::Stop => {
                self.quiet(stage);
                Ok(())
            }
            Action::Set(Setting::Querier(injection)) => {
                self.ask(stage, injection.clone());
                Ok(())
            }
            _ => Err("an injector only injects".to_owned()),
        }
    }

    fn quiet(&mut self, _stage: &Stage) {
        self.sending.drain(..).chain(self.asking.take()).for_each(|task| task.abort());
    }
}

/// Sends the packet as often as the plan says, each at its time.
async fn inject(raw: &Raw, stage: &Stage, injection: &Injection) -> io::Result<()> {
    let packet = injected(injection).map_err(io::Error::other)?;
    let began = stage.clock.now();
    for nth in 0.. {
        let Some(due) = injection.due(began, nth) else { break };
        stage.wait_until(due).await;
        raw.send(injection.port, injection.to, &packet)?;
    }
    Ok(())
}
