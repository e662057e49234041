//! A router that runs software of others: programs in its ward, each started once the one before it is
//! ready, before time zero or at it.
//!
//! What they write is kept as their log. A program that ends by itself makes the run Broken. The
//! forwarding cache is watched in the kernel, whoever writes it.

mod ready;

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;
use std::{fs, io};

use futures_util::future::LocalBoxFuture;

use super::watch::Watch;
use super::{Actor, Stage};
use crate::device::foreign::{Made, Unmade, make};
use crate::lab::{Furniture, Netns, Output, Process, Program, Ward, shortened};
use crate::plan::{Action, NodeId, Plan, PortId, Router, Setting, Software};
use crate::recipe::{RUN, Reload, Starts};
use crate::recording::{Late, Lateness, Origin, ProgramOutput};
use ready::Place;

/// How often it is looked whether a program has had to wait for a CPU.
const BEAT: Duration = Duration::from_millis(20);

pub(super) struct ForeignActor {
    node: NodeId,
    software: Software,
    made: Made,
    ward: Rc<Ward>,
    place: Rc<Place>,
    watch: Option<Watch>,
    programs: Programs,
    /// Whether all programs run and have become ready.
    is_ready: Rc<Cell<bool>>,
    stage: Option<Stage>,
    due: Due,
}

/// All programs that were started, in this order.
type Programs = Rc<RefCell<Vec<Rc<Started>>>>;

/// A program that was started.
struct Started {
    name: String,
    process: Process,
    output: Output,
    /// Whether the laboratory itself has ended it.
    is_killed: Cell<bool>,
}

/// What the actor still has to wait for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Due {
    /// The start of all programs, until they are ready.
    Start,
    /// The end of those that were killed.
    Death,
    Nothing,
}

impl ForeignActor {
    pub(super) fn open(
        plan: &Plan,
        node: NodeId,
        (written, software): (&Router, &Software),
        netns: &Netns,
        ward: Option<&Rc<Ward>>,
        ifindexes: &[u32],
    ) -> io::Result<Self> {
        let made = make(plan, node, written, software).map_err(refused)?;
        let recipe = &software.recipe;
        let ward = ward.ok_or_else(|| io::Error::other("it has no place for programs"))?.clone();
        let mut private = recipe.private.clone();
        private.push(RUN.into());
        let (files, over, store) = (made.files.clone(), made.over.clone(), RUN.into());
        let furnished = ward.furnish(&Furniture { private, files, over, store });
        furnished.map_err(|error| match (error.kind(), &recipe.package) {
            // A folder of a package that is not there.
            (io::ErrorKind::NotFound, Some(package)) => {
                let why = format!("{error}; is the package {package} installed?");
                refused(Unmade::Unsupported(why))
            }
            _ => error,
        })?;
        let ports = plan.nodes[node].ports.iter().copied();
        let ports: Vec<(u32, PortId)> = ifindexes.iter().copied().zip(ports).collect();
        let names = ports.iter().map(|(_, port)| plan.links[plan.ports[*port].link].name.clone());
        let place = Place { netns: netns.try_clone()?, family: plan.family, vifs: names.collect() };
        Ok(Self {
            node,
            software: software.clone(),
            made,
            ward,
            place: Rc::new(place),
            watch: Some(Watch::open(netns, node, ports)?),
            programs: Programs::default(),
            is_ready: Rc::default(),
            stage: None,
            due: match recipe.starts {
                Starts::BeforeTheRun => Due::Start,
                Starts::WithTheRun => Due::Nothing,
            },
        })
    }

    /// Starts all programs, each once the one before it is ready, and waits until all are.
    fn start_all(&self) -> impl Future<Output = Result<(), String>> + 'static {
        let (ward, place, programs) =
            (self.ward.clone(), self.place.clone(), self.programs.clone());
        let (wanted, is_ready) = (self.made.programs.clone(), self.is_ready.clone());
        async move {
            for (words, ready) in wanted {
                let started = start(&ward, &words).await?;
                programs.borrow_mut().push(started.clone());
                place.until(&ready, &ward, &started).await?;
            }
            is_ready.set(true);
            Ok(())
        }
    }

    /// Starts all programs during the run, and has it broken if they do not become ready, or if one ends
    /// that nobody has killed.
    fn start_now(&self, stage: &Stage) {
        let (starting, programs) = (self.start_all(), self.programs.clone());
        let (stage, node, begun) = (stage.clone(), self.node, stage.clock.now());
        tokio::task::spawn_local(async move {
            match starting.await {
                Ok(()) => {
                    let by = stage.clock.now().since(begun);
                    stage.late(Lateness { what: Late::Timer, at: begun, by });
                    programs.borrow().iter().for_each(|program| mourn(&stage, node, program));
                }
                Err(why) => stage.broken(node, &why),
            }
        });
    }

    /// Checks that the software is what routes, if it was ready and has to be.
    fn check_routing(&self) -> Result<(), String> {
        if !self.software.recipe.routes || !self.is_ready.get() {
            return Ok(());
        }
        let name = &self.software.name;
        match self.place.unrouted().map_err(text)? {
            Some(why) => Err(format!("{name}: {why}")),
            None => Ok(()),
        }
    }

    /// Keeps the file that it writes, and what its command prints of its state.
    async fn keep(&self, stage: &Stage) -> Result<(), String> {
        let output = |name: &str, status, octets| {
            let origin = Origin::Device(self.node, name.to_owned());
            let output = ProgramOutput::of_device(origin, status, octets);
            stage.log.borrow_mut().outputs.push(output);
        };
        if let Some(log) = &self.software.recipe.log {
            let octets = fs::read(self.ward.inside(log).map_err(text)?);
            let status = octets.as_ref().err().map(|error| format!("not read: {error}"));
            output("log", status, shortened(&octets.unwrap_or_default()));
        }
        if let (Some(words), true) = (&self.made.state, self.is_ready.get()) {
            let said = run(&self.ward, words).await?;
            output("state", Some("exit status: 0".to_owned()), said.output.kept());
        }
        Ok(())
    }

    fn living(&self) -> Vec<Rc<Started>> {
        let programs = self.programs.borrow();
        programs.iter().filter(|program| !program.is_killed.get()).cloned().collect()
    }

    fn configure(&mut self, stage: &Stage, written: &Router) -> Result<(), String> {
        let made = make(&stage.plan, self.node, written, &self.software);
        self.made = made.map_err(|why| refused(why).to_string())?;
        let furniture = Furniture { files: self.made.files.clone(), ..Furniture::default() };
        self.ward.furnish(&furniture).map_err(text)?;
        match &self.made.reload {
            None => {
                Err(format!("{} takes no changes while it runs", self.software.recipe.software))
            }
            Some(Reload::Hup) => {
                let living = self.living();
                living.iter().try_for_each(|program| program.process.hang_up()).map_err(text)
            }
            Some(Reload::Command(words)) => {
                let (ward, words, stage, node) =
                    (self.ward.clone(), words.clone(), stage.clone(), self.node);
                tokio::task::spawn_local(async move {
                    if let Err(why) = run(&ward, &words).await {
                        stage.broken(node, &why);
                    }
                });
                Ok(())
            }
        }
    }
}

/// Has the run broken if the program ends and nobody has killed it.
fn mourn(stage: &Stage, node: NodeId, program: &Rc<Started>) {
    let (stage, program) = (stage.clone(), program.clone());
    if program.is_killed.get() {
        return;
    }
    tokio::task::spawn_local(async move {
        let ended = tokio::select! {
            ended = program.process.ended() => ended,
            never = watch_waiting(&stage, &program.process) => match never {},
        };
        if !program.is_killed.get() {
            stage.broken(node, &died(&program, ended.map(|status| status.to_string())));
        }
    });
}

/// Reports for ever how long the program has waited for a CPU: it is then not its own fault if it is late.
async fn watch_waiting(stage: &Stage, process: &Process) -> Infallible {
    let mut pace = tokio::time::interval(BEAT);
    let (mut last, mut before) = (stage.clock.now(), None);
    loop {
        pace.tick().await;
        let waited = process.waited().ok().flatten();
        if let Some((waited, before)) = waited.zip(before) {
            let by = waited.saturating_sub(before);
            stage.late(Lateness { what: Late::Timer, at: last, by });
        }
        (last, before) = (stage.clock.now(), waited);
    }
}

impl Started {
    fn kill(&self) -> io::Result<()> {
        self.is_killed.set(true);
        self.process.kill()
    }
}

/// Starts a program, whose output is followed from now on.
async fn start(ward: &Ward, words: &[String]) -> Result<Rc<Started>, String> {
    let name = words[0].rsplit('/').next().unwrap_or_default().to_owned();
    let begun = ward.start_kept(&Program::new(words)).await;
    let (process, output) = begun.map_err(|error| format!("{name}: {error}"))?;
    let started = Rc::new(Started { name, process, output, is_killed: Cell::new(false) });
    let followed = started.clone();
    tokio::task::spawn_local(async move { followed.output.follow().await });
    Ok(started)
}

/// Runs a program to its end.
async fn run(ward: &Ward, words: &[String]) -> Result<Rc<Started>, String> {
    let started = start(ward, words).await?;
    let ended = started.process.ended().await;
    match ended {
        Ok(status) if status.success() => {
            started.output.drain();
            Ok(started)
        }
        ended => Err(died(&started, ended.map(|status| status.to_string()))),
    }
}

/// How it ended, and its last words.
fn died(program: &Started, ended: io::Result<String>) -> String {
    program.output.drain();
    let ended = ended.unwrap_or_else(|error| error.to_string());
    let said = String::from_utf8_lossy(&program.output.kept()).into_owned();
    let last: Vec<&str> = said.lines().rev().take(3).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    let colon = if last.is_empty() { "" } else { ": " };
    format!("{} ended by itself: {ended}{colon}{}", program.name, last.join("; "))
}

fn refused(why: Unmade) -> io::Error {
    match why {
        Unmade::Unsupported(why) => io::Error::new(io::ErrorKind::Unsupported, why),
        Unmade::Wrong(why) => io::Error::other(why),
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

impl Actor for ForeignActor {
    fn start(&mut self, stage: &Stage) -> Result<(), String> {
        self.stage = Some(stage.clone());
        self.watch.take().ok_or("started twice")?.start(stage);
        match self.software.recipe.starts {
            Starts::BeforeTheRun => {
                self.living().iter().for_each(|program| mourn(stage, self.node, program));
            }
            Starts::WithTheRun => self.start_now(stage),
        }
        Ok(())
    }

    fn act(&mut self, stage: &Stage, action: &Action) -> Result<(), String> {
        match action {
            Action::Set(Setting::Router(written)) => self.configure(stage, written),
            Action::Kill => {
                self.check_routing()?;
                self.is_ready.set(false);
                self.due = Due::Death;
                self.living().iter().try_for_each(|program| program.kill()).map_err(text)
            }
            Action::Restart if !self.living().is_empty() => Err("it is still running".to_owned()),
            Action::Restart => {
                self.start_now(stage);
                Ok(())
            }
            _ => Err("a router has no such act".to_owned()),
        }
    }

    fn settle(&mut self) -> LocalBoxFuture<'_, Result<(), String>> {
        Box::pin(async {
            let done = match self.due {
                Due::Start => self.start_all().await,
                Due::Death => {
                    let programs = self.programs.borrow().clone();
                    for program in programs {
                        program.process.dead().await.map_err(text)?;
                    }
                    Ok(())
                }
                Due::Nothing => Ok(()),
            };
            self.due = Due::Nothing;
            done
        })
    }

    fn account(&mut self) -> LocalBoxFuture<'_, Result<(), String>> {
        Box::pin(async {
            let Some(stage) = &self.stage else { return Ok(()) };
            self.check_routing()?;
            self.keep(stage).await
        })
    }

    fn quiet(&mut self, stage: &Stage) {
        let programs = self.programs.borrow();
        let outputs = programs.iter().map(|program| {
            program.output.drain();
            ProgramOutput::of_device(
                Origin::Device(self.node, program.name.clone()),
                program.is_killed.get().then(|| "killed".to_owned()),
                program.output.kept(),
            )
        });
        stage.log.borrow_mut().outputs.extend(outputs);
    }

    fn stop(&mut self, _stage: &Stage) {
        // Their end is wanted from now on.
        self.living().iter().for_each(|program| _ = program.kill());
    }
}
