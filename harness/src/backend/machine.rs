//! What is done to a node, whatever its role: its interfaces go down and up, programs run in it.

use std::io;
use std::rc::Rc;

use super::netns::ifindex;
use crate::lab::{Built, Netlink, Netns, spawn};
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
        change.await.map_err(|error: io::Error| error.to_string())
    }

    /// Starts a program in a node. That it fails breaks the run; that it is still running at the end
    /// does not, and it ends then.
    pub(super) fn exec(
        &self,
        stage: &Stage,
        node: NodeId,
        command: &[String],
    ) -> Result<(), String> {
        let Some((program, arguments)) = command.split_first() else {
            return Err("no program".to_owned());
        };
        let child = spawn(&self.netns[node], program, arguments);
        let child = child.map_err(|error| format!("{program}: {error}"))?;
        let (stage, program) = (stage.clone(), Rc::new(program.clone()));
        tokio::task::spawn_local(async move {
            let why = match child.wait_with_output().await {
                Ok(output) if output.status.success() => return,
                Ok(output) => {
                    let text = String::from_utf8_lossy(&output.stderr);
                    format!("{program}: {}: {}", output.status, text.trim())
                }
                Err(error) => format!("{program}: {error}"),
            };
            stage.broken(node, &why);
        });
        Ok(())
    }
}
