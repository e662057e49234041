//! Acts on a node whatever its role: set its interfaces down and up, run programs in it.

use std::cell::{OnceCell, RefCell};
use std::io;
use std::process::ExitStatus;
use std::rc::Rc;

use castnet::addr::Family;
use castnet::time::Instant;

use super::carriers::Carriers;
use super::interfaces::{ends, ifindex};
use super::unicast;
use super::wards::Wards;
use crate::lab::{Built, Netlink, Netns, Output, Program};
use crate::plan::{ActId, Plan, PortId};
use crate::recording::{Origin, ProgramOutput};
use crate::role::Stage;

/// The nodes as machines.
pub(super) struct Machines<'a> {
    plan: &'a Plan,
    netns: &'a [Netns],
    built: &'a Built,
    wards: &'a Wards,
    programs: RefCell<Vec<Rc<Started>>>,
    carriers: Carriers,
}

/// A program that was started.
struct Started {
    act: ActId,
    output: Output,
    /// How it has ended: in words, with its exit status, and when.
    status: OnceCell<(String, Option<u8>, Instant)>,
}

impl<'a> Machines<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        netns: &'a [Netns],
        built: &'a Built,
        wards: &'a Wards,
    ) -> Self {
        let programs = RefCell::new(Vec::new());
        Self { plan, netns, built, wards, programs, carriers: Carriers::default() }
    }

    /// The carriers that the interfaces of this node have lost or gained.
    pub(super) const fn carriers(&self) -> &Carriers {
        &self.carriers
    }

    /// Takes an interface down, or brings it up.
    pub(super) async fn set(&self, stage: &Stage, port: PortId, up: bool) -> Result<(), String> {
        let node = self.plan.ports[port].node;
        let ifindex = ifindex(self.plan, self.built, port);
        let change = async {
            let netlink = Netlink::open(&self.netns[node])?;
            let changed = match up {
                true => self.bring_up(&netlink, ifindex, port).await,
                false => netlink.down(ifindex).await,
            };
            netlink.close().await;
            changed
        };
        change.await.map_err(|error: io::Error| error.to_string())?;
        let ends = ends(self.plan, self.netns, self.built, port);
        self.carriers.watch(stage, port, ends.map_err(|error| error.to_string())?);
        if up {
            let restored = unicast::restore(self.plan, self.netns, self.built, port);
            restored.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// The kernel forgets the IPv6 addresses of an interface that goes down, and speaks from `::` if the
    /// interface comes up without one.
    async fn bring_up(&self, netlink: &Netlink, ifindex: u32, port: PortId) -> io::Result<()> {
        if self.plan.family == Family::V6 {
            let port = &self.plan.ports[port];
            for address in port.networks(self.plan.links[port.link].subnet) {
                netlink.add_address(ifindex, address).await?;
            }
        }
        netlink.up(ifindex).await
    }

    /// Starts the program of this act in its node. A program that fails breaks the run; one that
    /// still runs at the end is killed without harm to the run.
    pub(super) async fn exec(
        &self,
        stage: &Stage,
        act: ActId,
        command: &[String],
    ) -> Result<(), String> {
        let node = self.plan.acts[act].node;
        let name = command.first().ok_or("no program")?.clone();
        let ward = self.wards.of(node).ok_or("no place for a program")?;
        let begun = ward.start_kept(&Program::new(command)).await;
        let (process, output) = begun.map_err(|error| format!("{name}: {error}"))?;
        let started = Rc::new(Started { act, output, status: OnceCell::new() });
        self.programs.borrow_mut().push(started.clone());
        let stage = stage.clone();
        let attend = async move {
            let status = async {
                // What it leaves in the background may keep its output open.
                let status = process.ended().await;
                started.output.drain();
                let told = status.as_ref().map_or_else(ToString::to_string, ToString::to_string);
                let ended = stage.clock.now();
                let exit = status.as_ref().ok().and_then(ExitStatus::code);
                // Whoever claims what it came to judges it.
                if exit != Some(0) && !stage.plan.claims_command(act) {
                    stage.broken(node, &format!("{name}: {told}"));
                }
                let exit = exit.and_then(|exit| u8::try_from(exit).ok());
                _ = started.status.set((told, exit, ended));
            };
            tokio::join!(started.output.follow(), status);
        };
        tokio::task::spawn_local(attend);
        Ok(())
    }

    /// What the programs have written so far, in the order in which they were started.
    pub(super) fn outputs(&self) -> Vec<ProgramOutput> {
        let programs = self.programs.borrow();
        let output = |started: &Rc<Started>| {
            started.output.drain();
            let ended = started.status.get();
            ProgramOutput {
                origin: Origin::Act(started.act),
                status: ended.map(|(told, ..)| told.clone()),
                exit: ended.and_then(|(_, exit, _)| *exit),
                ended: ended.map(|(.., at)| *at),
                octets: started.output.kept(),
                left_out: started.output.left_out(),
            }
        };
        programs.iter().map(output).collect()
    }
}
