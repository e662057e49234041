//! A router on real interfaces: the loop of `castnetd`, which the laboratory runs too.
//!
//! One task, and a router with a socket of its own for each family. A packet, an upcall or an expired
//! timer is one turn of a router; an observer receives its events. Stopping closes the sockets, and
//! with that the kernel deletes every interface and entry.

pub mod adopt;
pub mod config;
#[cfg(feature = "bin")]
pub mod confine;
pub mod control;
pub mod explain;
mod glob;
mod joining;
#[cfg(feature = "bin")]
pub mod keep;
pub mod links;
pub mod log;
pub mod notice;
#[cfg(feature = "bin")]
pub mod program;
mod routing;
pub mod served;
pub mod service;
pub mod smcroute;
#[cfg(feature = "bin")]
pub mod supervised;

use std::future::Future;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::addr::{Family, PerFamily};
use crate::event::Event;
use crate::fixed::Rule;
use crate::kernel::{Clock, MAX_PACKET, MrouteError, PimSocket, Plane, RoutingSocket};
use crate::rng::Rng;
use crate::router::config::{Config, ConfigError};
use crate::router::{Input, Router};
use crate::time::Instant;
use adopt::Inheritance;
use links::Links;
use routing::Routing;

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
    /// `None` for a daemon without privileges that was handed none.
    pim: Option<PimSocket>,
    inheritance: Option<Box<Inheritance>>,
}

/// Routers in service: one of each family that is routed.
pub struct Daemon<F> {
    routing: PerFamily<Option<Routing<F>>>,
    clock: Clock,
}

impl Opened {
    /// Takes ownership of multicast routing in one family in the calling thread's network namespace.
    ///
    /// # Errors
    /// Another owner, a missing privilege, a kernel without multicast routing.
    pub fn open(family: Family, table: Option<u32>) -> Result<Self, MrouteError> {
        let (socket, pim) = (RoutingSocket::open(family, table)?, Some(PimSocket::open(family)?));
        Ok(Self { socket, pim, inheritance: None })
    }

    /// Goes on with the sockets of a daemon that is no more, for routing and for PIM, where that one left off
    /// in the table, the default one unless given.
    ///
    /// # Errors
    /// The descriptor owns no multicast routing table of the family; those of [`Inheritance::find`].
    pub fn adopt(
        links: &Links,
        (family, table): (Family, Option<u32>),
        (fd, pim): (OwnedFd, Option<OwnedFd>),
    ) -> io::Result<Self> {
        let mut socket = RoutingSocket::adopt(family, fd).map_err(io::Error::other)?;
        let found = Inheritance::find(links, table, &socket)?;
        socket.inherit(found.devices.clone());
        let pim = match pim {
            Some(pim) => Some(PimSocket::adopt(family, pim)),
            None => match PimSocket::open(family) {
                // An older keeper has handed over none, and may not open one.
                Err(MrouteError::NoPermission { .. }) => None,
                opened => Some(opened.map_err(io::Error::other)?),
            },
        };
        Ok(Self { socket, pim, inheritance: Some(Box::new(found)) })
    }

    /// Its socket of PIM.
    #[must_use]
    pub fn pim_socket(&self) -> Option<BorrowedFd<'_>> {
        self.pim.as_ref().map(AsFd::as_fd)
    }

    /// What it goes on with; `None` if it has been opened anew.
    #[must_use]
    pub fn inheritance(&self) -> Option<&Inheritance> {
        self.inheritance.as_deref()
    }

    /// Enters service in this family: adds the interfaces and sends the first Queries. `config` has the
    /// family of the socket, and `ifindexes` are the kernel's indexes in the order of the configured
    /// interfaces; no two routers of a link may share a stream of random numbers; `observe` receives
    /// every event.
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
        let family = config.family;
        let mut daemon = Daemon::new(clock);
        let plane = Plane::new(self.socket, self.pim, ifindexes, observe);
        let mut routing = Routing::start(config, plane, clock.now(), rng)?;
        if let Some(inheritance) = self.inheritance {
            let Inheritance { numbers, entries, .. } = *inheritance;
            routing.turn(clock.now(), Input::Inherit { numbers, entries });
        }
        *daemon.routing.of_mut(family) = Some(routing);
        Ok(daemon)
    }
}

impl AsFd for Opened {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl<F: FnMut(Instant, Event)> Daemon<F> {
    /// A daemon that routes no family yet.
    pub const fn new(clock: Clock) -> Self {
        Self { routing: PerFamily { v4: None, v6: None }, clock }
    }

    /// The time of its routers.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// The clock of its routers.
    pub const fn clock(&self) -> Clock {
        self.clock
    }

    /// The families that it routes, IPv4 first.
    pub fn families(&self) -> impl Iterator<Item = Family> {
        let is_routed = |family: &Family| self.routing.of(*family).is_some();
        [Family::V4, Family::V6].into_iter().filter(is_routed)
    }

    /// Takes over the routers of another daemon, for families that it does not route itself.
    pub fn join(&mut self, other: Self) {
        let PerFamily { v4, v6 } = other.routing;
        self.routing.v4 = self.routing.v4.take().or(v4);
        self.routing.v6 = self.routing.v6.take().or(v6);
    }

    /// Serves until `until` is ready, and can go on afterwards.
    ///
    /// # Errors
    /// A socket can no longer be waited for.
    pub async fn run<T>(&mut self, until: impl Future<Output = T>) -> io::Result<T> {
        let mut buffer = vec![0; MAX_PACKET];
        let mut until = std::pin::pin!(until);
        loop {
            let now = self.clock.now();
            let wake = self.routing.present().filter_map(Routing::deadline).min();
            let wake = wake.map(|at| at.since(now));
            tokio::select! {
                biased;
                ready = &mut until => return Ok(ready),
                ready = readable(&self.routing) => {
                    ready?;
                    // Both are read, so that a flood of one family never starves the other.
                    for routing in self.routing.present_mut() {
                        routing.receive(self.clock, &mut buffer);
                    }
                    self.tick();
                }
                () = sleep_for(wake) => self.tick(),
            }
        }
    }

    /// Lets the time pass for each router whose deadline has come.
    fn tick(&mut self) {
        let now = self.clock.now();
        for routing in self.routing.present_mut() {
            if routing.deadline().is_some_and(|at| at <= now) {
                routing.turn(now, Input::Tick);
            }
        }
    }

    /// The routers know the machine now: what they have inherited becomes what they want.
    pub fn settle(&mut self) {
        let now = self.clock.now();
        self.routing.present_mut().for_each(|routing| routing.settle(now));
    }

    /// Lets the routers follow the devices, addresses and routes of the machine.
    pub fn follow(&mut self, links: &Links) {
        let now = self.clock.now();
        self.routing.present_mut().for_each(|routing| routing.follow(now, links));
    }

    /// Takes another configuration of its family; the observer learns if it is refused. Nothing happens
    /// if the family is not routed.
    pub fn configure(&mut self, config: Config) {
        if let Some(routing) = self.routing.of_mut(config.family) {
            routing.turn(self.clock.now(), Input::Configure(config));
        }
    }

    /// For the flows of `of` there are these static rules from now on, and no others.
    pub(crate) fn change_rules(&mut self, of: Rule<String>, rules: Vec<Rule<String>>) {
        if let Some(routing) = self.routing.of_mut(of.family()) {
            routing.turn(self.clock.now(), Input::Rules { of, rules });
        }
    }

    /// Has the routers forget all flows; the kernel asks for each again.
    pub(crate) fn flush(&mut self) {
        let now = self.clock.now();
        self.routing.present_mut().for_each(|routing| routing.turn(now, Input::Flush));
    }

    /// Has the routers say on their links that they forward no more.
    pub(crate) fn end(&mut self) {
        let now = self.clock.now();
        self.routing.present_mut().for_each(|routing| routing.turn(now, Input::End));
    }

    /// Has the routers forget the flows that nobody has configured; the kernel asks for each again.
    pub(crate) fn flush_learned(&mut self) {
        let now = self.clock.now();
        self.routing.present_mut().for_each(|routing| routing.turn(now, Input::FlushLearned));
    }

    /// The state of the family's router; `None` if the family is not routed.
    pub fn router(&self, family: Family) -> Option<&Router> {
        self.routing.of(family).as_ref().map(Routing::router)
    }

    /// The data plane of the family's router; `None` if the family is not routed.
    pub fn plane(&self, family: Family) -> Option<&Plane<F>> {
        self.routing.of(family).as_ref().map(Routing::plane)
    }
}

/// Waits until a message of either family can be received.
async fn readable<F: FnMut(Instant, Event)>(
    routing: &PerFamily<Option<Routing<F>>>,
) -> io::Result<()> {
    tokio::select! {
        Some(ready) = ready(routing.v4.as_ref()) => ready,
        Some(ready) = ready(routing.v6.as_ref()) => ready,
        else => std::future::pending().await,
    }
}

async fn ready<F: FnMut(Instant, Event)>(routing: Option<&Routing<F>>) -> Option<io::Result<()>> {
    Some(routing?.plane().readable().await)
}

async fn sleep_for(wake: Option<std::time::Duration>) {
    match wake {
        Some(wake) => tokio::time::sleep(wake).await,
        None => std::future::pending().await,
    }
}
