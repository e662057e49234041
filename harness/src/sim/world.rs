//! The engine: actors on ports, frames on links, one queue for all events.
//!
//! An actor acts only when it is called, and its wants are served right after the call, so the
//! order of everything follows from the queue alone.

mod frames;

use std::mem;
use std::time::Duration;

use castnet::addr::Source;
use castnet::mfc::entry::Flow;
use castnet::time::Instant;

use super::actor::{Actor, Context, Token, Want};
use super::cast::actor;
use super::datagram::Receiver;
use super::forwarders::Forwarder;
use super::frame::Frame;
use super::link::Medium;
use super::model::mroute::{MrouteOut, Reader};
use super::queue::Queue;
use super::seat::Seat;
use crate::plan::{Action, LinkId, NodeId, Plan, PortId, Reading, ReadingId};
use crate::recording::{CountersRead, FlowCounters, Recording};
use crate::scenario::Backend;

/// The start of every run: 2000-01-01 00:00:00 UTC, so that captures do not depend on the day.
const EPOCH: Duration = Duration::from_secs(946_684_800);

/// How long frames under way at the end may still arrive.
const LAST: Duration = Duration::from_millis(1);

/// The number of events after which `watch` is asked whether to go on.
const BATCH: u32 = 4096;

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The virtual time.
    pub now: Instant,
    /// The number of inputs handed to machines: frames, acts, timers.
    pub events: u64,
}

/// A node that the simulator cannot play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unplayable {
    /// The node.
    pub node: NodeId,
    /// Why, in words.
    pub why: String,
}

/// Runs the plan in virtual time. `watch` receives the progress now and then, and at the end, and
/// returns whether to go on; the result is `None` if it returned false.
///
/// # Errors
/// The first node that cannot be played.
pub fn run(
    plan: &Plan,
    watch: impl FnMut(Progress) -> bool,
) -> Result<Option<Recording>, Unplayable> {
    Ok(World::new(plan)?.run(watch))
}

/// An event of the queue.
#[derive(Debug)]
enum Due {
    /// A frame of this port arrives at all others of its link.
    Arrival(PortId, Frame),
    /// A frame arrives at this port alone.
    ArrivalAt(PortId, Frame),
    /// A link with faults releases frames.
    Wire(LinkId),
    /// A node's timer is due.
    Wake(NodeId),
    /// A node's reminder is due.
    Token(NodeId, Token),
    /// An act of the plan.
    Act(usize),
    /// The counters of an entry are to be read.
    Reading(ReadingId),
    /// The timeline is over: hosts are silent.
    End,
    /// The run is over.
    Stop,
}

struct World<'a> {
    plan: &'a Plan,
    now: Instant,
    queue: Queue<Due>,
    actors: Vec<Box<dyn Actor>>,
    /// For each node the earliest call that is in the queue. A later one in the queue is stale.
    wakes: Vec<Option<Instant>>,
    links: Vec<Medium>,
    /// By [`PortId`].
    seats: Vec<Seat>,
    forwarders: Vec<Forwarder>,
    reader: Reader,
    receiver: Receiver,
    recording: Recording,
    /// The number of inputs handed to machines.
    events: u64,
    /// Empty between calls; kept for its memory.
    wants: Vec<Want>,
    outs: Vec<MrouteOut>,
    listeners: Vec<PortId>,
}

impl<'a> World<'a> {
    fn new(plan: &'a Plan) -> Result<Self, Unplayable> {
        let forwarders = Forwarder::all(plan);
        let actor = |node| actor(plan, node, &forwarders).map_err(|why| Unplayable { node, why });
        let actors = (0..plan.nodes.len()).map(actor).collect::<Result<_, _>>()?;
        Ok(Self {
            plan,
            now: Instant::ZERO,
            queue: Queue::default(),
            actors,
            wakes: vec![None; plan.nodes.len()],
            links: (0..plan.links.len()).map(|link| Medium::new(plan, link)).collect(),
            seats: Seat::all(plan, &forwarders),
            forwarders,
            reader: Reader::default(),
            receiver: Receiver::default(),
            recording: Recording {
                acts: vec![None; plan.acts.len()],
                counters: vec![None; plan.readings.len()],
                ..Recording::new(Backend::Sim.word(), EPOCH, plan.virtual_tolerance)
            },
            events: 0,
            wants: Vec::new(),
            outs: Vec::new(),
            listeners: Vec::new(),
        })
    }

    fn run(mut self, mut watch: impl FnMut(Progress) -> bool) -> Option<Recording> {
        for (id, act) in self.plan.acts.iter().enumerate() {
            self.queue.push(Instant::ZERO + act.at, Due::Act(id));
        }
        let end = Instant::ZERO + self.plan.end;
        self.queue.push(end, Due::End);
        self.queue.push(end + LAST, Due::Stop);
        let plan = self.plan;
        self.plan_readings(|reading| reading.at_once(plan));
        for node in 0..self.actors.len() {
            if let Err(why) = self.call(node, |actor, cx| actor.start(cx)) {
                self.broken(node, &why);
            }
        }
        let mut left = BATCH;
        while let Some((now, due)) = self.queue.pop() {
            self.now = now;
            if matches!(due, Due::Stop) {
                break;
            }
            self.take(due);
            left -= 1;
            if left == 0 {
                left = BATCH;
                if !watch(self.progress()) {
                    return None;
                }
            }
        }
        watch(self.progress()).then(|| self.finish())
    }

    const fn progress(&self) -> Progress {
        Progress { now: self.now, events: self.events }
    }

    fn finish(mut self) -> Recording {
        for (id, link) in self.links.iter().enumerate() {
            let struck = link.wire.iter().flat_map(|wire| wire.struck(self.plan, id));
            self.recording.struck.extend(struck);
        }
        self.recording.struck.sort_by_key(|struck| struck.at);
        self.recording
    }

    fn take(&mut self, due: Due) {
        match due {
            Due::Arrival(from, frame) => self.arrive(from, &frame),
            Due::ArrivalAt(port, frame) => self.arrive_at(port, &frame),
            Due::Wire(link) => self.let_go(link),
            Due::Wake(node) => {
                if self.wakes[node] == Some(self.now) {
                    self.wakes[node] = None;
                    self.call(node, |actor, cx| actor.wake(cx));
                }
            }
            Due::Token(node, token) => self.call(node, |actor, cx| actor.token(cx, token)),
            Due::Act(id) => self.act(id),
            Due::Reading(id) => self.read(id),
            Due::End => (0..self.actors.len()).for_each(|node| {
                self.call(node, |actor, cx| actor.quiet(cx));
            }),
            Due::Stop => {}
        }
    }

    /// Calls an actor, serves its wants, and schedules its next call.
    fn call<T>(
        &mut self,
        node: NodeId,
        call: impl FnOnce(&mut dyn Actor, &mut Context<'_>) -> T,
    ) -> T {
        let mut wants = mem::take(&mut self.wants);
        let mut cx = Context {
            now: self.now,
            plan: self.plan,
            recording: &mut self.recording,
            seats: &self.seats,
            forwarders: &mut self.forwarders,
            receiver: &mut self.receiver,
            wants: &mut wants,
            events: &mut self.events,
        };
        *cx.events += 1;
        let answer = call(self.actors[node].as_mut(), &mut cx);
        for want in wants.drain(..) {
            match want {
                Want::Send(port, frame) => self.send(port, frame),
                Want::Token(at, token) => self.queue.push(at, Due::Token(node, token)),
                Want::Hear(port, sounds, on) => {
                    let seat = &mut self.seats[port];
                    let link = &mut self.links[seat.link()];
                    link.hear(port, sounds, on);
                    seat.listen_anew(link.hears_all(port));
                }
            }
        }
        self.wants = wants;
        if let Some(deadline) = self.actors[node].deadline()
            && self.wakes[node].is_none_or(|wake| deadline < wake)
        {
            self.wakes[node] = Some(deadline);
            self.queue.push(deadline, Due::Wake(node));
        }
        answer
    }

    fn act(&mut self, id: usize) {
        let plan = self.plan;
        for (reading, _) in
            plan.readings.iter().enumerate().filter(|(_, reading)| reading.is_before(plan, id))
        {
            self.read(reading);
        }
        let act = &plan.acts[id];
        let done = match &act.action {
            Action::Interface { port, up } => {
                self.interface(*port, *up);
                Ok(())
            }
            action => self.call(act.node, |actor, cx| actor.act(cx, action)),
        };
        match done {
            Ok(()) => {
                let done = self.now;
                self.recording.acts[id] = Some(done);
                self.plan_readings(|reading| reading.after(plan, id, done));
            }
            Err(why) => self.recording.broken.push(format!("`{}`: {why}", act.label)),
        }
    }

    /// Schedules every reading of counters that `due` selects.
    fn plan_readings(&mut self, due: impl Fn(&Reading) -> Option<Instant>) {
        for (id, reading) in self.plan.readings.iter().enumerate() {
            if let Some(at) = due(reading) {
                self.queue.push(at, Due::Reading(id));
            }
        }
    }

    fn read(&mut self, id: ReadingId) {
        let Reading { router, source, group, .. } = self.plan.readings[id];
        let forwarder = Forwarder::place(&self.forwarders, router);
        let flow = Source::new(source).map(|source| Flow { source, group });
        let counters = flow.and_then(|flow| self.forwarders[forwarder].mroute.flow_counters(flow));
        let counters = counters.map(|counted| {
            let (packets, bytes) = (counted.packets, counted.bytes);
            FlowCounters { packets, bytes, wrong_if: counted.wrong_if }
        });
        self.recording.counters[id] = Some(CountersRead { at: self.now, counters });
    }

    fn interface(&mut self, port: PortId, up: bool) {
        if mem::replace(&mut self.seats[port].up, up) != up {
            let node = self.seats[port].node();
            self.call(node, |actor, cx| actor.interface(cx, port, up));
        }
    }

    fn broken(&mut self, node: NodeId, why: &str) {
        self.recording.broken.push(format!("{}: {why}", self.plan.nodes[node].name));
    }
}
