//! A router of one family over its socket: what comes off the socket becomes its inputs.
//!
//! Packets that came in on devices which the router does not use are passed over. What the kernel
//! delivers and nobody understands is reported to the observer.

mod follow;

use std::io;

use super::StartError;
use crate::drive::{DataPlane, carry_out, turn};
use crate::event::Event;
use crate::kernel::{Clock, Plane, Read, Received};
use crate::rng::Rng;
use crate::router::config::Config;
use crate::router::{Input, Output, Router};
use crate::time::Instant;
use follow::Following;

/// The number of packets taken before timers and other tasks get their turn.
const BATCH: usize = 64;

/// A router, and the data plane that carries out what it wants.
pub(super) struct Routing<F> {
    router: Router,
    plane: Plane<F>,
    following: Following,
}

impl<F: FnMut(Instant, Event)> Routing<F> {
    /// Enters service: adds the interfaces and sends the first Queries.
    ///
    /// # Errors
    /// The first part of the configuration that cannot be carried out. A packet that cannot be sent is
    /// none: an address may still be tentative.
    pub(super) fn start(
        config: Config,
        mut plane: Plane<F>,
        now: Instant,
        rng: Rng,
    ) -> Result<Self, StartError> {
        let mut router = Router::new(config, now, rng)?;
        while let Some(output) = router.poll() {
            match carry_out(&mut plane, now, output) {
                Ok(None) => {}
                Ok(Some(answer)) => router.handle(now, answer),
                Err(refusal) if matches!(refusal.output, Output::Send { .. }) => {
                    router.handle(now, Input::Refused(refusal));
                }
                Err(refusal) => return Err(StartError::Refused(refusal.why)),
            }
        }
        Ok(Self { router, plane, following: Following::default() })
    }

    /// The router's state.
    pub(super) const fn router(&self) -> &Router {
        &self.router
    }

    /// Its data plane.
    pub(super) const fn plane(&self) -> &Plane<F> {
        &self.plane
    }

    /// When the router wants to be called.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.router.deadline()
    }

    /// Hands the input to the router and carries out its outputs.
    pub(super) fn turn(&mut self, now: Instant, input: Input<'_>) {
        turn(&mut self.router, &mut self.plane, now, input);
    }

    /// Lets the kernel have what the router wants, where it has inherited something else.
    pub(super) fn settle(&mut self, now: Instant) {
        self.turn(now, Input::Settle);
        // No entry names them any more.
        if let Err(why) = self.plane.delete_unclaimed() {
            self.plane.observe(now, &Event::Refused(why));
        }
    }

    /// Takes a batch of packets off each socket.
    pub(super) fn receive(&mut self, clock: Clock, buffer: &mut [u8]) {
        for _ in 0..BATCH {
            let received = self.plane.receive(buffer);
            if !self.take(clock, received) {
                break;
            }
        }
        for _ in 0..BATCH {
            let received = self.plane.receive_pim(buffer);
            if !self.take(clock, received) {
                break;
            }
        }
    }

    /// Takes what the socket had; `false` if it may have no more.
    fn take(&mut self, clock: Clock, received: io::Result<Option<Received<'_, Read<'_>>>>) -> bool {
        let now = clock.now();
        match input(received) {
            Taken::Input(input) => turn(&mut self.router, &mut self.plane, now, input),
            Taken::Foreign => {}
            Taken::Unusable(what) => self.plane.observe(now, &Event::Unusable(what)),
            Taken::Failed(why) => {
                self.plane.observe(now, &Event::Unusable(format!("receive: {why}")));
                return false;
            }
            Taken::Nothing => return false,
        }
        true
    }
}

/// What one call of recvmsg(2) brought.
enum Taken<'a> {
    Input(Input<'a>),
    /// A packet that came in on an interface of this host that the router does not use, or a copy of its
    /// own Query.
    Foreign,
    /// A message that makes no sense, in words.
    Unusable(String),
    Failed(io::Error),
    Nothing,
}

fn input<'a>(received: io::Result<Option<Received<'a, Read<'a>>>>) -> Taken<'a> {
    match received {
        Ok(None) => Taken::Nothing,
        Ok(Some(Received::Packet { vif: Some(vif), packet: Ok(packet), .. })) => {
            Taken::Input(Input::Packet { vif, packet })
        }
        Ok(Some(Received::Packet { vif: Some(vif), packet: Err(why), .. })) => {
            Taken::Input(Input::Malformed { vif, why })
        }
        Ok(Some(Received::Packet { vif: None, .. } | Received::Echo)) => Taken::Foreign,
        Ok(Some(Received::Upcall(upcall))) => Taken::Input(Input::Upcall(upcall)),
        Ok(Some(Received::WholePacket { upcall, datagram })) => {
            Taken::Input(Input::WholePacket { upcall, datagram })
        }
        Ok(Some(Received::Unknown { bytes })) => {
            Taken::Unusable(format!("an upcall of {} octets", bytes.len()))
        }
        Ok(Some(Received::TooLong { length, .. })) => {
            Taken::Unusable(format!("a packet of {length} octets"))
        }
        Err(why) => Taken::Failed(why),
    }
}
