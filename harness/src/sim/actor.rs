//! What a node of the simulator does, whatever its role; who may sit on one says [`super::cast`].
//!
//! An [`Actor`] is a plain value like the machines in it: it is called with what happens and the time,
//! asks for what it wants done through [`Cx`], and says when it wants to be called again.

use std::net::IpAddr;
use std::rc::Rc;

use castnet::time::Instant;

use super::datagram::Receiver;
use super::forwarders::Forwarder;
use super::frame::Frame;
use super::model::mroute::Out;
use super::seat::Seat;
use crate::plan::{Action, NodeId, Plan, PortId};
use crate::recording::Recording;

/// A node at work.
pub(super) trait Actor {
    /// Begins, at time zero.
    ///
    /// # Errors
    /// Why it cannot.
    fn start(&mut self, _cx: &mut Cx<'_>) -> Result<(), String> {
        Ok(())
    }

    /// Does one act.
    ///
    /// # Errors
    /// Why it could not.
    fn act(&mut self, cx: &mut Cx<'_>, action: &Action) -> Result<(), String>;

    /// Takes a frame that the port listens to.
    fn receive(&mut self, _cx: &mut Cx<'_>, _port: PortId, _frame: &Frame) {}

    /// Its kernel has something to ask or to tell.
    fn told(&mut self, _cx: &mut Cx<'_>, _outs: &mut Vec<Out>) {}

    /// The interface has come up or gone down.
    fn interface(&mut self, _cx: &mut Cx<'_>, _port: PortId, _up: bool) {}

    /// When to call [`Actor::wake`], at the latest.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// Does what is due; harmless at any time.
    fn wake(&mut self, _cx: &mut Cx<'_>) {}

    /// Something that the actor asked to be told at this time is due ([`Want::Token`]).
    fn token(&mut self, _cx: &mut Cx<'_>, _token: Token) {}

    /// Sends nothing of its own accord from now on.
    fn quiet(&mut self, _cx: &mut Cx<'_>) {}
}

/// What an actor is called with.
pub(super) struct Cx<'a> {
    /// The time.
    pub(super) now: Instant,
    /// The plan.
    pub(super) plan: &'a Plan,
    /// What happens.
    pub(super) recording: &'a mut Recording,
    /// The ports.
    pub(super) seats: &'a [Seat],
    /// What the kernels of routers forward, in the order of their nodes.
    pub(super) forwarders: &'a mut [Forwarder],
    /// Reads for listeners.
    pub(super) receiver: &'a mut Receiver,
    /// What is asked for.
    pub(super) wants: &'a mut Vec<Want>,
    /// How often a machine was handed something.
    pub(super) events: &'a mut u64,
}

/// What an actor asks for.
#[derive(Debug)]
pub(super) enum Want {
    /// A frame leaves by the port.
    Send(PortId, Frame),
    /// It is to be told so then.
    Token(Instant, Token),
    /// The port listens to frames, or does so no more.
    Hear(PortId, Sounds, bool),
}

/// What an actor is told when it is due: what it means is the actor's business.
pub(super) type Token = u64;

/// Which frames a port may listen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sounds {
    /// All of them.
    All,
    /// Those to this Ethernet address.
    To([u8; 6]),
}

impl Cx<'_> {
    /// Sends an IP packet to a group. From an interface that is down nothing goes.
    ///
    /// # Errors
    /// That it is down, in the kernel's words.
    pub(super) fn send(
        &mut self,
        port: PortId,
        to: impl Into<IpAddr>,
        packet: impl Into<Rc<[u8]>>,
    ) -> Result<(), String> {
        self.pass(port, Frame::to_group(self.seats[port].mac, to.into(), packet))
    }

    /// Sends a whole frame.
    ///
    /// # Errors
    /// That the interface is down, in the kernel's words.
    pub(super) fn pass(&mut self, port: PortId, frame: Frame) -> Result<(), String> {
        if !self.seats[port].up {
            return Err("Network is down".to_owned());
        }
        self.wants.push(Want::Send(port, frame));
        Ok(())
    }

    /// Has the port listen to frames, or not any more. Each one that has been begun is ended once.
    pub(super) fn hear(&mut self, port: PortId, sounds: Sounds, on: bool) {
        self.wants.push(Want::Hear(port, sounds, on));
    }

    /// Has the actor be told so then; it cannot be taken back.
    pub(super) fn remind(&mut self, at: Instant, token: Token) {
        self.wants.push(Want::Token(at, token));
    }

    /// A node could not do what it should: the run cannot be trusted.
    pub(super) fn broken(&mut self, node: NodeId, why: &str) {
        self.recording.broken.push(format!("{}: {why}", self.plan.nodes[node].name));
    }
}
