//! Acts on a node whatever its role: set its interfaces down and up, run programs in it.

use std::fs::File;
use std::io::{self, pipe};

use super::interfaces::ifindex;
use super::unicast;
use super::wards::Wards;
use crate::lab::{Built, Lines, Netlink, Netns, Program, Streams};
use crate::plan::{NodeId, Plan, PortId};
use crate::role::Stage;

/// The nodes as machines.
pub(super) struct Machines<'a> {
    plan: &'a Plan,
    netns: &'a [Netns],
    built: &'a Built,
    wards: &'a Wards,
}

impl<'a> Machines<'a> {
    pub(super) const fn new(
        plan: &'a Plan,
        netns: &'a [Netns],
        built: &'a Built,
        wards: &'a Wards,
    ) -> Self {
        Self { plan, netns, built, wards }
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
    pub(super) async fn exec(
        &self,
        stage: &Stage,
        node: NodeId,
        command: &[String],
    ) -> Result<(), String> {
        let name = command.first().ok_or("no program")?.clone();
        let ward = self.wards.of(node).ok_or("no place for a program")?;
        let start = async {
            let (output, its_output) = pipe()?;
            let streams = Streams {
                stdin: File::open("/dev/null")?.into(),
                stdout: its_output.try_clone()?.into(),
                stderr: its_output.into(),
            };
            let process = ward.start(&Program::new(command), streams)?;
            process.started().await?;
            Ok((process, Lines::of(output.into())?))
        };
        let (process, lines) =
            start.await.map_err(|error: io::Error| format!("{name}: {error}"))?;
        let stage = stage.clone();
        tokio::task::spawn_local(async move {
            let (status, last_words) = tokio::join!(process.ended(), lines.last_words());
            match status {
                Ok(status) if status.success() => {}
                Ok(status) => stage.broken(node, &format!("{name}: {status}: {last_words}")),
                Err(error) => stage.broken(node, &format!("{name}: {error}")),
            }
        });
        Ok(())
    }
}
