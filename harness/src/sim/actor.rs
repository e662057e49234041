//! The interface of a node in the simulator, whatever its role; [`super::cast`] makes the actors.
//!
//! An [`Actor`] is a plain value like the machines in it: the world calls it with an input and the
//! time, the actor asks for effects through [`Context`], and names the time of its next call.

use std::net::IpAddr;
use std::rc::Rc;

use castnet::time::Instant;

use super::datagram::Receiver;
use super::forwarders::Forwarder;
use super::frame::Frame;
use super::model::mroute::MrouteOut;
use super::seat::Seat;
use crate::plan::{Action, NodeId, Plan, PortId};
use crate::recording::Recording;

/// A node at work.
pub(super) trait Actor {
    /// Starts, at time zero.
    ///
    /// # Errors
    /// Why it cannot start.
    fn start(&mut self, _cx: &mut Context<'_>) -> Result<(), String> {
        Ok(())
    }

    /// Performs one act.
    ///
    /// # Errors
    /// Why it could not perform the act.
    fn act(&mut self, cx: &mut Context<'_>, action: &Action) -> Result<(), String>;

    /// Receives a frame that the port listens to.
    fn receive(&mut self, _cx: &mut Context<'_>, _port: PortId, _frame: &Frame) {}

    /// Its kernel has made upcalls or reported changes.
    fn told(&mut self, _cx: &mut Context<'_>, _outs: &mut Vec<MrouteOut>) {}

    /// The interface has come up or gone down.
    fn interface(&mut self, _cx: &mut Context<'_>, _port: PortId, _up: bool) {}

    /// When [`Actor::wake`] must be called, at the latest.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// Does what is due; harmless at any time.
    fn wake(&mut self, _cx: &mut Context<'_>) {}

    /// A reminder of the actor is due ([`Want::Token`]).
    fn token(&mut self, _cx: &mut Context<'_>, _token: Token) {}

    /// Sends nothing of its own accord from now on.
    fn quiet(&mut self, _cx: &mut Context<'_>) {}
}

/// The context of a call to an actor.
pub(super) struct Context<'a> {
    /// The time.
    pub(super) now: Instant,
    /// The plan.
    pub(super) plan: &'a Plan,
    /// The recording of the run.
    pub(super) recording: &'a mut Recording,
    /// The ports.
    pub(super) seats: &'a [Seat],
    /// The forwarding of all routers' kernels, in the order of their nodes.
    pub(super) forwarders: &'a mut [Forwarder],
    /// Reads datagrams for listeners.
    pub(super) receiver: &'a mut Receiver,
    /// The effects that the actor asks for.
    pub(super) wants: &'a mut Vec<Want>,
    /// The number of inputs handed to machines.
    pub(super) events: &'a mut u64,
}

/// An effect that an actor asks for.
#[derive(Debug)]
pub(super) enum Want {
    /// A frame leaves by the port.
    Send(PortId, Frame),
    /// Call the actor with this token at this time.
    Token(Instant, Token),
    /// The port listens to these frames from now on (`true`), or no longer.
    Hear(PortId, Sounds, bool),
}

/// Identifies a reminder; only the actor knows its meaning.
pub(super) type Token = u64;

/// The frames that a port may listen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sounds {
    /// All frames.
    All,
    /// Frames to this Ethernet address.
    To([u8; 6]),
}

impl Context<'_> {
    /// Sends an IP packet to a group. An interface that is down sends nothing.
    ///
    /// # Errors
    /// The interface is down; the text is the kernel's.
    pub(super) fn send(
        &mut self,
        port: PortId,
        to: impl Into<IpAddr>,
        packet: impl Into<Rc<[u8]>>,
    ) -> Result<(), String> {
        self.pass(port, Frame::to(self.seats[port].mac, to.into(), packet))
    }

    /// Sends a whole frame.
    ///
    /// # Errors
    /// The interface is down; the text is the kernel's.
    pub(super) fn pass(&mut self, port: PortId, frame: Frame) -> Result<(), String> {
        if !self.seats[port].up {
            return Err("Network is down".to_owned());
        }
        self.wants.push(Want::Send(port, frame));
        Ok(())
    }

    /// Starts or ends listening to frames. Each start needs one end.
    pub(super) fn hear(&mut self, port: PortId, sounds: Sounds, on: bool) {
        self.wants.push(Want::Hear(port, sounds, on));
    }

    /// Reminds the actor at this time with this token. A reminder cannot be cancelled.
    pub(super) fn remind(&mut self, at: Instant, token: Token) {
        self.wants.push(Want::Token(at, token));
    }

    /// Records that a node failed to do what it should: the run cannot be trusted.
    pub(super) fn broken(&mut self, node: NodeId, why: &str) {
        self.recording.broken.push(format!("{}: {why}", self.plan.nodes[node].name));
    }
}
