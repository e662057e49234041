//! The control socket: who may ask castnetd, what is answered, and what happens is told to who monitors.
//!
//! A UNIX socket with one line of JSON for each request and each answer ([`wire`]). Root and the user whom
//! castnetd runs as may change things; everybody else whom the socket's mode lets in may look. Clients
//! that stall, leave or send garbage cost nothing but bounded memory: nothing waits for them, and after a
//! request the next one is taken only once packets have had as much time as that one took.

mod act;
mod answering;
mod client;
mod differing;
mod explaining;
mod journal;
mod look;
mod metrics;
pub mod pim;
pub(crate) mod pipe;
mod scrape;
pub mod shown;
pub(crate) mod socket;
mod trial;
pub mod wire;

use std::cell::RefCell;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::time::{Instant as Moment, Sleep, sleep_until};

use super::config::ConfigFile;
use super::service::Service;
use crate::event::Event;
use crate::kernel::Sampler;
use crate::time::Instant;
use client::{Client, Step};
use explaining::Watch;
pub use journal::{Counted, Journal};
use scrape::Scraper;
use shown::{Config, Level, Log};
pub use socket::Unbound;
use trial::Trial;
use wire::{Answer, Ask, Change, Kind, LONGEST_LOOK_MS, LONGEST_TRIAL_S, Refusal, Request, What};

/// The most clients. One more takes the place of the one that has been idle longest.
const MOST_CLIENTS: usize = 64;

/// The shortest time between two requests.
const PACE: Duration = Duration::from_millis(1);

/// How often clients that take nothing are looked for.
const LOOK: Duration = Duration::from_secs(1);

/// Where castnetd listens, and for whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The socket.
    pub path: Option<PathBuf>,
    /// The user whom the socket belongs to; this process's unless given.
    pub owner: Option<u32>,
    /// The group whose members may look.
    pub group: Option<String>,
    /// The port for Prometheus.
    pub metrics: Option<SocketAddr>,
}

/// A configuration with the text that it was read from.
pub type Loaded = (String, ConfigFile);

/// The control socket with its clients.
pub struct Control {
    listener: Option<(UnixListener, socket::SocketFile)>,
    scraper: Option<Scraper>,
    clients: Vec<Client>,
    connected: u64,
    journal: Rc<RefCell<Journal>>,
    /// What the configuration in force is made of.
    config: Config,
    /// When the next request may be taken.
    free: Moment,
    /// When connections are accepted again, after an error.
    accepts: Moment,
    timer: Pin<Box<Sleep>>,
    /// Opened while the privileges last.
    sampler: Option<Sampler>,
    /// The configuration to go back to, unless the one in force is confirmed.
    trial: Option<Trial>,
    /// The flow that is being explained, for which client's request, and until when.
    watched: Option<(Watch, (u64, u64), Moment)>,
}

/// What is to be answered.
pub struct Asked(Work);

enum Work {
    Request {
        client: u64,
        id: u64,
        ask: Ask,
    },
    /// The flow has been watched long enough.
    Explain,
    /// The configuration on trial was not confirmed in time.
    GoBack,
    /// A connection of this number wants the counters.
    Scrape(u64),
}

impl Control {
    /// Listens at the place, as far as it is given. `config` is the configuration that is about to enter
    /// service.
    ///
    /// # Errors
    /// Somebody else listens there, or a call fails.
    pub async fn open(
        place: &Place,
        config: (PathBuf, String),
        journal: Rc<RefCell<Journal>>,
    ) -> Result<Self, Unbound> {
        let listener = match &place.path {
            None => None,
            Some(path) => {
                let (listener, file) =
                    socket::bind(path, place.owner, place.group.as_deref()).await?;
                let failed = |why| Unbound::Failed(path.clone(), why);
                Some((UnixListener::from_std(listener).map_err(failed)?, file))
            }
        };
        let scraper = match place.metrics {
            None => None,
            Some(port) => {
                let opened = Scraper::open(port).await;
                Some(opened.map_err(|why| Unbound::Port(port, why))?)
            }
        };
        let (path, text) = config;
        let config =
            Config { path: path.display().to_string(), text, changes: Vec::new(), trial_s: None };
        let now = Moment::now();
        Ok(Self {
            listener,
            scraper,
            clients: Vec::new(),
            connected: 0,
            journal,
            config,
            free: now,
            accepts: now,
            timer: Box::pin(sleep_until(now + LOOK)),
            // Without it less can be explained.
            sampler: place.path.as_ref().and_then(|_| Sampler::open().ok()),
            trial: None,
            watched: None,
        })
    }

    /// Waits for a request, and meanwhile serves all clients. May be cancelled.
    pub async fn next(&mut self) -> Asked {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Asked> {
        self.accept(cx);
        self.tell();
        loop {
            let now = Moment::now();
            if self.watched.as_ref().is_some_and(|(.., until)| *until <= now) {
                return Poll::Ready(Asked(Work::Explain));
            }
            if self.trial.as_ref().is_some_and(|trial| trial.until <= now) {
                return Poll::Ready(Asked(Work::GoBack));
            }
            if now >= self.free
                && let Some(scraper) = &mut self.scraper
                && let Poll::Ready(number) = scraper.poll(cx)
            {
                return Poll::Ready(Asked(Work::Scrape(number)));
            }
            if now >= self.free
                && let Some(asked) = self.poll_clients(cx)
            {
                return Poll::Ready(asked);
            }
            self.send(cx);
            let Some(wake) = self.wake(now) else { return Poll::Pending };
            self.timer.as_mut().reset(wake);
            if self.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// When there is something to do that no descriptor tells of.
    fn wake(&self, now: Moment) -> Option<Moment> {
        let is_behind = self.clients.iter().any(|client| client.pipe.is_behind());
        let is_scraped = self.scraper.as_ref().is_some_and(Scraper::is_waiting);
        let is_looked_for = is_behind || is_scraped || now < self.accepts;
        let free = Some(self.free).filter(|free| now < *free);
        let watched = self.watched.as_ref().map(|(.., until)| *until);
        let looked = is_looked_for.then(|| now + LOOK);
        let tried = self.trial.as_ref().map(|trial| trial.until);
        [free, watched, looked, tried].into_iter().flatten().min()
    }

    fn accept(&mut self, cx: &mut Context<'_>) {
        let Some((listener, _)) = &self.listener else { return };
        while Moment::now() >= self.accepts {
            match listener.poll_accept(cx) {
                Poll::Ready(Ok((stream, _))) => {
                    let idle = self.clients.iter().enumerate();
                    let idle =
                        idle.min_by_key(|(_, client)| (client.is_waiting, client.pipe.active));
                    if let Some((at, _)) = idle.filter(|_| self.clients.len() >= MOST_CLIENTS) {
                        self.clients.remove(at);
                    }
                    self.connected += 1;
                    let may_write = may_write(&stream);
                    self.clients.push(Client::new(stream, self.connected, may_write));
                }
                // Without a free descriptor the next call would fail at once, again and again.
                Poll::Ready(Err(_)) => self.accepts = Moment::now() + LOOK,
                Poll::Pending => return,
            }
        }
    }

    /// Hands events to who monitors.
    fn tell(&mut self) {
        let mut journal = self.journal.borrow_mut();
        while let Some(told) = journal.next_event() {
            self.clients.iter_mut().for_each(|client| client.tell(&told));
        }
    }

    /// The next request; each client has its turn.
    fn poll_clients(&mut self, cx: &mut Context<'_>) -> Option<Asked> {
        let mut at = 0;
        while let Some(client) = self.clients.get_mut(at) {
            match client.poll(cx) {
                Poll::Pending => at += 1,
                Poll::Ready(Step::Gone) => _ = self.clients.remove(at),
                Poll::Ready(Step::Line(line)) => {
                    let asked = self.request(at, &line);
                    self.clients.rotate_left(at + 1);
                    // A line that is no request has been answered, and costs as much as one.
                    self.free = Moment::now() + PACE;
                    return asked;
                }
            }
        }
        self.hears();
        None
    }

    fn request(&mut self, at: usize, line: &[u8]) -> Option<Asked> {
        let client = &mut self.clients[at];
        match Request::read(line) {
            Err((id, why)) => client.part(id, why),
            Ok(Request { id, ask, .. }) if ask.writes() && !client.may_write => {
                let why = "only root and the user of castnetd may change anything";
                client.answer(id, Err(Refusal::new(Kind::Denied, why)));
            }
            Ok(Request { id, ask, .. }) => {
                client.is_waiting = true;
                return Some(Asked(Work::Request { client: client.number, id, ask }));
            }
        }
        None
    }

    /// Sends what waits, while no request is taken.
    fn send(&mut self, cx: &mut Context<'_>) {
        self.clients.retain_mut(|client| !client.pipe.is_over(cx));
    }

    fn hears(&self) {
        self.journal.borrow_mut().is_heard = self.clients.iter().any(Client::is_monitor);
    }
}

/// Whether the process at the other end may change anything.
fn may_write(stream: &UnixStream) -> bool {
    let own = nix::unistd::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| peer.uid() == 0 || peer.uid() == own)
}
