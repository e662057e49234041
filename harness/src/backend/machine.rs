//! Acts on a node whatever its role: set its interfaces down and up, run programs in it.

use std::io;
use std::process::{Command, Stdio};

use super::interfaces::ifindex;
use super::unicast;
use crate::lab::{Built, Netlink, Netns, Process};
use crate::plan::{NodeId, Plan, PortId};
use crate::role::Stage;

/// The nodes as machines.
pub(super) struct Machines<'a> {
    plan: &'a Plan,
    netns: &'a [Netns],
    built: &'a Built,
}

impl<'a> Machines<'a> {
    pub(super) const fn new(plan: &'a Plan, netns: &'a [Netns], built: &'a Built) -> Self {
        Self { plan, netns, built }
    }

    /// Takes an interface down, or brings it up.
    pub(super) async fn set(&self, port: PortId, up: bool) -> Result<(), String> {
        let node = self.plan.ports[port].node;
        let ifindex = ifindex(self.plan, self.built, port);
        let change = async {
            let netlink = Netlink::open(&self.netns[node])?;
            let changed = match up {
                true => netlink.up(ifindex).await,
                false => netlink.down(ifindex).await,
            };
            netlink.close().await;
            changed
        };
        change.await.map_err(|error: io::Error| error.to_string())?;
        if up {
            let restored = unicast::restore(self.plan, self.netns, self.built, port);
            restored.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Starts a program in a node. A program that fails breaks the run; one that still runs at the
    /// end is killed without harm to the run.
    pub(super) fn exec(
        &self,
        stage: &Stage,
        node: NodeId,
        command: &[String],
    ) -> Result<(), String> {
        let Some((program, arguments)) = command.split_first() else {
            return Err("no program".to_owned());
        };
        let mut order = Command::new(program);
        order.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let started = Process::start(&self.netns[node], order)
            .and_then(|process| Ok((process.take_stderr()?, process)));
        let (stderr, process) = started.map_err(|error| format!("{program}: {error}"))?;
        let (stage, program) = (stage.clone(), program.clone());
        tokio::task::spawn_local(async move {
            let last_words = async {
                match stderr {
                    Some(lines) => lines.last_words().await,
                    None => String::new(),
                }
            };
            let (status, last_words) = tokio::join!(process.ended(), last_words);
            match status {
                Ok(status) if status.success() => {}
                Ok(status) => stage.broken(node, &format!("{program}: {status}: {last_words}")),
                Err(error) => stage.broken(node, &format!("{program}: {error}")),
            }
        });
        Ok(())
    }
}
