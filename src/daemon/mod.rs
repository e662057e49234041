//! A router on real interfaces: the loop of `castnetd`, which the laboratory runs too.
//!
//! One task, one socket. A packet, an upcall or an expired timer is one [`turn`] of the router; an
//! observer receives its events. Stopping closes the socket, and with that the kernel deletes every
//! interface and entry.

pub mod config;
pub mod interfaces;

use std::future::Future;
use std::io;

use crate::addr::Family;
use crate::drive::{DataPlane, carry_out, turn};
use crate::event::Event;
use crate::kernel::{
    Clock, MAX_PACKET, Mroute, Mroute6, MrouteError, Plane, Received, RoutingSocket,
};
use crate::rng::Rng;
use crate::router::config::{Config, ConfigError};
use crate::router::{Input, Router};
use crate::time::Instant;

/// The number of packets taken before timers and other tasks get their turn.
const BATCH: usize = 64;

/// Why a daemon could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The kernel refused multicast routing.
    #[error(transparent)]
    Mroute(#[from] MrouteError),
    /// The kernel refused a part of the configuration.
    #[error("{0}")]
    Refused(String),
}

/// Owns multicast routing in one family, but has sent nothing yet.
pub struct Opened {
    socket: RoutingSocket,
}

/// A router in service.
pub struct Daemon<F> {
    router: Router,
    plane: Plane<F>,
    clock: Clock,
}

impl Opened {
    /// Takes ownership of multicast routing in one family in the calling thread's network namespace.
    ///
    /// # Errors
    /// Another owner, a missing privilege, a kernel without multicast routing.
    pub fn open(family: Family, table: Option<u32>) -> Result<Self, MrouteError> {
        Ok(Self {
            socket: match family {
                Family::V4 => Mroute::open(table)?.into(),
                Family::V6 => Mroute6::open(table)?.into(),
            },
        })
    }

    /// Enters service: adds the interfaces and sends the first Queries. `config` has the family of the
    /// socket, and `ifindexes` are the
    /// kernel's indexes in the order of the configured interfaces; no two routers of a link may
    /// share a stream of random numbers; `observe` receives every event.
    ///
    /// # Errors
    /// The first part of the configuration that cannot be carried out.
    pub fn start<F: FnMut(Instant, Event)>(
        self,
        config: Config,
        ifindexes: Vec<u32>,
        rng: Rng,
        clock: Clock,
        observe: F,
    ) -> Result<Daemon<F>, StartError> {
        let now = clock.now();
        let mut router = Router::new(config, now, rng)?;
        let mut plane = Plane::new(self.socket, ifindexes, observe);
        while let Some(output) = router.poll() {
            carry_out(&mut plane, now, output)
                .map_err(|refusal| StartError::Refused(refusal.why))?;
        }
        Ok(Daemon { router, plane, clock })
    }
}

impl<F: FnMut(Instant, Event)> Daemon<F> {
    /// Serves until `until` is ready, and can go on afterwards.
    ///
    /// # Errors
    /// The socket can no longer be waited for.
    pub async fn run<T>(&mut self, until: impl Future<Output = T>) -> io::Result<T> {
        let mut buffer = vec![0; MAX_PACKET];
        let mut until = std::pin::pin!(until);
        loop {
            let wake = self.router.deadline().map(|at| at.since(self.clock.now()));
            tokio::select! {
                biased;
                ready = &mut until => return Ok(ready),
                ready = self.plane.readable() => {
                    ready?;
                    self.receive(&mut buffer);
                }
                () = sleep_for(wake) => {
                    turn(&mut self.router, &mut self.plane, self.clock.now(), Input::Tick);
                }
            }
        }
    }

    /// Takes another configuration for the same interfaces; the observer learns if it is refused.
    pub fn configure(&mut self, config: Config) {
        let input = Input::Configure(config);
        turn(&mut self.router, &mut self.plane, self.clock.now(), input);
    }

    /// The router's state.
    pub const fn router(&self) -> &Router {
        &self.router
    }

    /// The data plane of the router.
    pub const fn plane(&self) -> &Plane<F> {
        &self.plane
    }

    fn receive(&mut self, buffer: &mut [u8]) {
        for _ in 0..BATCH {
            let received = self.plane.receive(buffer);
            let now = self.clock.now();
            let input = match received {
                Ok(None) => return,
                Ok(Some(Received::Packet { vif: Some(vif), packet, .. })) => match packet {
                    Ok(packet) => Input::Packet { vif, packet },
                    Err(why) => Input::Malformed { vif, why },
                },
                Ok(Some(Received::Upcall(upcall))) => Input::Upcall(upcall),
                Ok(Some(Received::WholePacket { upcall, datagram })) => {
                    Input::WholePacket { upcall, datagram }
                }
                // The packet came in on an interface of this host that the router does not use.
                Ok(Some(Received::Packet { vif: None, .. })) => continue,
                Ok(Some(Received::Unknown { bytes })) => {
                    let what = format!("an upcall of {} octets", bytes.len());
                    self.plane.observe(now, &Event::Unusable(what));
                    continue;
                }
                Ok(Some(Received::TooLong { length, .. })) => {
                    let what = format!("a packet of {length} octets");
                    self.plane.observe(now, &Event::Unusable(what));
                    continue;
                }
                Err(error) => {
                    self.plane.observe(now, &Event::Unusable(format!("receive: {error}")));
                    return;
                }
            };
            turn(&mut self.router, &mut self.plane, now, input);
        }
    }
}

async fn sleep_for(wake: Option<std::time::Duration>) {
    match wake {
        Some(wake) => tokio::time::sleep(wake).await,
        None => std::future::pending().await,
    }
}
