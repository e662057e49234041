//! The real Linux kernel: a network namespace for each node, veth links, kernel multicast routing.
//!
//! A run happens on the calling thread, in one reactor. Nothing that it makes has a name outside
//! this process, so nothing is left behind however the process ends.

use std::convert::Infallible;
use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use castnet::addr::Family;
use castnet::time::Instant;
use nix::sys::utsname::uname;
use tokio::task::{AbortHandle, LocalSet};

use super::dated::{self, Dated};
use super::faults::Plugged;
use super::gate::{Changing, Running};
use super::interfaces::ifindex;
use super::losses::losses;
use super::machine::Machines;
use super::noise::without_noise;
use super::readings::Readings;
use super::timeline::perform;
use super::transit::slowest;
use super::wards::Wards;
use super::{Cancel, RunError, segment, unicast};
use crate::lab::wall::Wall;
use crate::lab::{
    Built, Capture, Captured, Carrier, Ears, LinkSpec, Netns, PROOF_BOUND, PortSpec, Precedence,
    Stack, Workers, alone, link, usable,
};
use crate::plan::{LinkId, Node, Plan, Role};
use crate::recording::{Late, Lateness, NodeEvent, Recording};
use crate::role::{Actor, Clock, Log, Stage, actor, watch_lateness};
use crate::scenario::Backend;

/// How often the log of a held topology is emptied.
const PACE: Duration = Duration::from_millis(100);

/// How long to wait for a laboratory to be gone. The kernel takes a tenth of a second, or seconds
/// if there are many on a busy machine. Going on too early only disturbs other laboratories.
const GONE_BOUND: Duration = Duration::from_secs(10);

/// A node's namespace, valid as long as the topology stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// The node's name.
    pub node: String,
    /// The path by which other processes enter the namespace: `/proc/<pid>/fd/<n>`.
    pub netns: String,
    /// The first process of the node's PID namespace, in which all of the node's programs live.
    pub pid: u32,
}

/// A report of a held topology.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// The topology stands: links carry and routers serve. Rooms are in the order of the plan's
    /// nodes.
    Ready(Vec<Room>),
    /// An event of a router.
    Told(NodeEvent),
    /// A failure, in words.
    Broken(String),
}

/// Runs the plan in real time.
///
/// # Errors
/// Why the laboratory could not be built or trusted; [`RunError::Interrupted`].
pub fn run(plan: &Plan, cancel: &Cancel) -> Result<Recording, RunError> {
    run_then(plan, cancel, async |_, _, _| ())
}

/// Runs the plan as [`run`] does, but keeps all namespaces and routers until `then` returns. It gets
/// the recording, how long the run took, and a function that opens the rooms of the nodes to other processes.
///
/// # Errors
/// Errors of [`run`]; once there is a recording, it is returned however long `then` takes.
pub fn run_then(
    plan: &Plan,
    cancel: &Cancel,
    then: impl AsyncFnOnce(&Recording, Duration, &mut dyn FnMut() -> io::Result<Vec<Room>>),
) -> Result<Recording, RunError> {
    let changing = Changing::begin();
    let (recording, _changing, last) = react(async {
        let recorded = async {
            let mut lab = Lab::build(plan, changing).await?;
            let recording = lab.record().await?;
            Ok((lab, recording))
        };
        let (mut lab, recording) = unless(cancel, recorded).await?;
        let stage = lab.stage.clone();
        let mut rooms = || lab.rooms();
        tokio::select! {
            () = then(&recording, stage.clock.now().since_start(), &mut rooms) => {}
            never = forward(&stage, |_| ()) => match never {},
        }
        // Laboratories are torn down only while no run is under way.
        let changing = Changing::begin();
        Ok((recording, changing, lab.netns.drain(..).next()))
    })?;
    if let Some(last) = last {
        // The far ends of the links vanish with the namespaces. The recording stands even after a
        // timeout.
        let _waited = react(async { Ok(tokio::time::timeout(GONE_BOUND, alone(&last)).await) })?;
    }
    Ok(recording)
}

/// Builds the topology, starts its routers, skips the timeline, and holds everything until
/// cancelled.
///
/// # Errors
/// Why the topology could not be built.
pub fn hold(plan: &Plan, cancel: &Cancel, mut tell: impl FnMut(Held)) -> Result<(), RunError> {
    react(async {
        let mut lab = match unless(cancel, Lab::build(plan, Changing::begin())).await {
            Err(RunError::Interrupted) => return Ok(()),
            built => built?,
        };
        // A capture that nobody reads would grow for ever.
        drop(lab.capture.take());
        tell(Held::Ready(lab.rooms().map_err(RunError::Rooms)?));
        tokio::select! {
            () = cancel.cancelled() => Ok(()),
            never = forward(&lab.stage, tell) => match never {},
        }
    })
}

/// Runs the work in a reactor on the calling thread; all tasks end with it.
fn react<T>(work: impl Future<Output = Result<T, RunError>>) -> Result<T, RunError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(RunError::Reactor)?;
    LocalSet::new().block_on(&runtime, work)
}

/// Cancelling drops the unfinished work, and with it everything that was built.
async fn unless<T>(
    cancel: &Cancel,
    work: impl Future<Output = Result<T, RunError>>,
) -> Result<T, RunError> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(RunError::Interrupted),
        result = work => result,
    }
}

/// Forwards the log for ever.
async fn forward(stage: &Stage, mut tell: impl FnMut(Held)) -> Infallible {
    let mut pace = tokio::time::interval(PACE);
    loop {
        pace.tick().await;
        let Log { events, broken, .. } = stage.log.take();
        events
            .into_iter()
            .map(Held::Told)
            .chain(broken.into_iter().map(Held::Broken))
            .for_each(&mut tell);
    }
}

/// A topology that stands: links proved, actors started.
struct Lab<'a> {
    plan: &'a Plan,
    netns: Vec<Netns>,
    wards: Wards,
    /// Keeps the hubs and far ends of the links alive.
    built: Built,
    capture: Option<Capture>,
    actors: Vec<Box<dyn Actor>>,
    stage: Stage,
    /// The task that measures how late this thread is.
    watched: AbortHandle,
    wall: Rc<Wall>,
    workers: Arc<Workers>,
    faults: Plugged,
    /// Held while the run is under way. If the laboratory were late then, the device under test
    /// would seem late.
    running: Option<(Running, Precedence)>,
}

impl<'a> Lab<'a> {
    async fn build(plan: &'a Plan, changing: Changing) -> Result<Self, RunError> {
        let stacks = plan.nodes.iter().map(|node| (node.name.clone(), stack(plan, node)));
        let netns = Netns::create_all(stacks.collect())?;
        let wards = Wards::found(plan, &netns)?;
        // Opened early: rings take longer than links.
        let ears = Ears::open(&netns)?;
        let links: Vec<LinkSpec> = (0..plan.links.len()).map(|link| spec(plan, link)).collect();
        let mut built = link::build(&netns, &links).await?;
        segment::join(plan, &netns, &mut built).await?;
        unicast::install(plan, &netns, &built)?;
        let mut capture = Capture::listen(ears, &links, &built)?;
        let mut actors = actors(plan, &netns, &wards, &built)?;
        // From here on every frame on every link is seen.
        capture.prove(PROOF_BOUND).await?;
        if plan.family == Family::V6 {
            usable::ipv6(&netns, PROOF_BOUND).await?;
        }
        for (node, actor) in plan.nodes.iter().zip(&mut actors) {
            actor.settle().await.map_err(|why| RunError::Node(node.name.clone(), why))?;
        }

        let running = Some((changing.done(), Precedence::take()));
        let workers = Workers::watch();
        let clock = Clock::start();
        let wall = Rc::new(Wall::open().map_err(RunError::Clock)?);
        let faults = Plugged::plug(plan, &built, clock);
        let stage = Stage { plan: Rc::new(plan.clone()), clock, log: Rc::default() };
        let late = stage.clone();
        let late = watch_lateness(clock, Instant::ZERO, move |by| {
            by.into_iter().for_each(|by| late.late(by))
        });
        let watched = tokio::task::spawn_local(late).abort_handle();
        tokio::task::spawn_local(dated::watch(wall.clone(), stage.clone()));
        for (node, actor) in plan.nodes.iter().zip(&mut actors) {
            let failed = |why| RunError::Node(node.name.clone(), why);
            actor.start(&stage).map_err(failed)?;
        }
        let capture = Some(capture);
        Ok(Self {
            plan,
            netns,
            wards,
            built,
            capture,
            actors,
            stage,
            watched,
            wall,
            workers,
            faults,
            running,
        })
    }

    /// Performs the timeline. Afterwards hosts are silent, but routers go on.
    async fn record(&mut self) -> Result<Recording, RunError> {
        let Self { plan, netns, wards, built, capture, actors, stage, faults, .. } = self;
        let machines = Machines::new(plan, netns, built, wards);
        let readings = Readings::new(stage, netns);
        let (begun, acts) = perform(stage, &machines, actors, &readings).await;
        // What is cleared up from here on takes its time, and nobody waits for anything.
        self.watched.abort();
        machines.carriers().give_up(stage);
        let mut outputs = machines.outputs();
        let counters = readings.taken();
        actors.iter_mut().for_each(|actor| actor.quiet(stage));
        for (node, actor) in actors.iter_mut().enumerate() {
            if let Err(why) = actor.account().await {
                stage.broken(node, &why);
            }
        }
        self.running = None;
        let captured = match capture.take() {
            Some(capture) => capture.finish(PROOF_BOUND).await,
            None => Ok(Vec::new()),
        };
        for (node, actor) in plan.nodes.iter().zip(actors) {
            if !matches!(node.role, Role::Router(_)) {
                actor.stop(stage);
            }
        }
        let struck = faults.struck(plan);
        outputs.extend(std::mem::take(&mut stage.log.borrow_mut().outputs));
        Ok(Recording {
            struck,
            counters,
            begun,
            outputs,
            ..recording(plan, stage, (&self.wall, &self.workers), acts, captured?)
        })
    }

    fn rooms(&mut self) -> io::Result<Vec<Room>> {
        let own = std::process::id();
        let pids = self.wards.pids(&self.netns)?;
        let room = |(netns, pid): (&Netns, u32)| Room {
            node: netns.name().to_owned(),
            netns: format!("/proc/{own}/fd/{}", netns.as_fd().as_raw_fd()),
            pid,
        };
        Ok(self.netns.iter().zip(pids).map(room).collect())
    }
}

/// The kernel of this machine, in words.
fn kernel() -> String {
    let told = uname();
    let told = told.iter().map(|told| [told.sysname(), told.release()].map(OsStr::to_string_lossy));
    told.map(|words| words.join(" ")).collect()
}

/// What the kernel of a node is to be.
fn stack(plan: &Plan, node: &Node) -> Stack {
    let forwards = matches!(node.role, Role::Router(_));
    Stack { family: plan.family, forwards, as_distributed: node.as_distributed }
}

fn spec(plan: &Plan, link: LinkId) -> LinkSpec {
    let written = &plan.links[link];
    let ports = written.ports.iter().map(|&port| {
        let port = &plan.ports[port];
        PortSpec {
            netns: port.node,
            ifname: written.name.clone(),
            mac: port.mac,
            addresses: port.networks(written.subnet),
        }
    });
    // Only a wire can strike or delay a frame.
    let carrier = if plan.is_wire(link) { Carrier::Process } else { Carrier::Kernel };
    LinkSpec { name: written.name.clone(), ports: ports.collect(), carrier }
}

fn actors(
    plan: &Plan,
    netns: &[Netns],
    wards: &Wards,
    built: &Built,
) -> Result<Vec<Box<dyn Actor>>, RunError> {
    let made = plan.nodes.iter().enumerate().map(|(id, node)| {
        let ifindexes: Vec<u32> =
            node.ports.iter().map(|&port| ifindex(plan, built, port)).collect();
        actor(plan, id, &netns[id], wards.of(id), &ifindexes).map_err(|error| {
            let (name, why) = (node.name.clone(), error.to_string());
            match error.kind() {
                ErrorKind::Unsupported => RunError::Unsupported(name, why),
                _ => RunError::Node(name, why),
            }
        })
    });
    made.collect()
}

/// The longest wait of an ordinary thread in the run.
fn waited(clock: Clock, workers: &Workers, end: Instant) -> Option<Lateness> {
    let wait = workers.longest(clock.monotonic(Instant::ZERO), clock.monotonic(end))?;
    Some(Lateness { what: Late::Worker, at: clock.at(wait.since), by: wait.by })
}

fn recording(
    plan: &Plan,
    stage: &Stage,
    (wall, workers): (&Wall, &Workers),
    acts: Vec<Option<Instant>>,
    captured: Vec<Captured>,
) -> Recording {
    let mut log: Log = stage.log.take();
    let taken = std::mem::take(&mut log.deliveries);
    let dated = Dated::of(plan, stage.clock, &wall.distances(), captured, taken);
    // Reports of processes arrive later than the events that they describe.
    log.events.sort_by_key(|event| event.at);
    log.broken.extend(dated.broken);
    let end = Instant::ZERO + plan.end;
    log.stalls.retain(|stall| stall.at <= end);
    let recording = Recording {
        kernel: kernel(),
        frames: dated.frames,
        deliveries: dated.deliveries.into(),
        acts,
        mfc: log.mfc,
        mdb: log.mdb,
        events: log.events,
        lateness: log.lateness,
        stalls: log.stalls,
        doubts: dated.doubts,
        broken: log.broken,
        ..Recording::new(Backend::Netns.word(), stage.clock.epoch(), plan.tolerance)
    };
    let mut recording = without_noise(plan, recording);
    // Noise begins before the links carry, so that some of it is lost.
    recording.broken.extend(losses(plan, &recording.frames));
    let waited = waited(stage.clock, workers, end);
    for late in slowest(plan, &recording.frames).into_iter().chain(waited) {
        if late.by > recording.lateness.by {
            recording.lateness = late;
        }
    }
    recording
}
