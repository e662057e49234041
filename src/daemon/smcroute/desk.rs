//! The control socket of smcroute: who asks, one request at a time, and gets text.
//!
//! A connection ends after the answer to the last request that it has sent, as clients wait for that.
//! Nobody is waited for: who stalls, sends nonsense or leaves early costs bounded memory.

use std::future::poll_fn;
use std::os::unix::net::UnixListener as Bound;
use std::path::Path;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::time::Instant as Moment;

use super::verbs::{self, Wish};
use super::wire::{Held, LONGEST, Message};
use crate::daemon::control::Unbound;
use crate::daemon::control::pipe::Pipe;
use crate::daemon::control::socket::{self, SocketFile};
use crate::daemon::service::Service;
use crate::event::Event;
use crate::time::Instant;

/// The most clients. One more takes the place of the one that has been idle longest.
const MOST_CLIENTS: usize = 64;

/// How often clients that take nothing are looked for, and how long nobody is accepted after an error.
const LOOK: Duration = Duration::from_secs(1);

/// A socket that is bound, and not served yet.
#[derive(Debug)]
pub struct Place {
    bound: Bound,
    file: SocketFile,
    is_explicit: bool,
}

/// The socket with its clients.
#[derive(Debug)]
pub struct Desk {
    listener: UnixListener,
    file: SocketFile,
    is_explicit: bool,
    clients: Vec<Client>,
    connected: u64,
    /// When connections are accepted again, after an error.
    accepts: Moment,
}

/// Someone who asks.
#[derive(Debug)]
struct Client {
    pipe: Pipe<UnixStream>,
    number: u64,
    /// Whether a request of it is being worked on.
    is_waiting: bool,
    /// Whether it has been answered, so that the connection ends unless it has asked more.
    is_answered: bool,
}

/// A request, and whose it is.
pub struct Asked {
    client: u64,
    message: Message,
}

impl Place {
    /// Binds the socket, for an owner (this process's unless given). If `is_explicit`, routes may name
    /// only interfaces of the configuration.
    ///
    /// # Errors
    /// Somebody listens there, or a call fails.
    pub async fn bind(path: &Path, owner: Option<u32>, is_explicit: bool) -> Result<Self, Unbound> {
        let (bound, file) = socket::bind(path, owner, None).await?;
        Ok(Self { bound, file, is_explicit })
    }
}

impl Desk {
    /// Serves at the place, in the runtime of tokio.
    ///
    /// # Errors
    /// Errors of the reactor.
    pub fn open(place: Place) -> std::io::Result<Self> {
        let Place { bound, file, is_explicit } = place;
        let (listener, accepts) = (UnixListener::from_std(bound)?, Moment::now());
        let (clients, connected) = (Vec::new(), 0);
        Ok(Self { listener, file, is_explicit, clients, connected, accepts })
    }

    /// The path of the socket.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Waits for a request, and meanwhile serves all clients. May be cancelled.
    pub async fn next(&mut self) -> Asked {
        loop {
            let looked = tokio::time::sleep(LOOK);
            tokio::select! {
                asked = poll_fn(|cx| self.poll_next(cx)) => return asked,
                // Who takes nothing of an answer is cut off by the next poll.
                () = looked => {}
            }
        }
    }

    /// Sends what waits, as far as it can leave now.
    pub async fn finish(&mut self) {
        poll_fn(|cx| {
            self.clients.retain_mut(|client| !client.pipe.is_over(cx));
            Poll::Ready(())
        })
        .await;
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Asked> {
        self.accept(cx);
        let mut at = 0;
        while let Some(client) = self.clients.get_mut(at) {
            match client.poll(cx) {
                Poll::Pending => at += 1,
                Poll::Ready(None) => _ = self.clients.remove(at),
                Poll::Ready(Some(message)) => {
                    let client = client.number;
                    // Each client has its turn.
                    self.clients.rotate_left(at + 1);
                    return Poll::Ready(Asked { client, message });
                }
            }
        }
        Poll::Pending
    }

    fn accept(&mut self, cx: &mut Context<'_>) {
        while Moment::now() >= self.accepts {
            match self.listener.poll_accept(cx) {
                Poll::Ready(Ok((stream, _))) => {
                    let all = self.clients.iter().enumerate();
                    let idle = all.min_by_key(|(_, of)| (of.is_waiting, of.pipe.active));
                    if let Some((at, _)) = idle.filter(|_| self.clients.len() >= MOST_CLIENTS) {
                        self.clients.remove(at);
                    }
                    self.connected += 1;
                    self.clients.push(Client::new(stream, self.connected));
                }
                Poll::Ready(Err(_)) => self.accepts = Moment::now() + LOOK,
                Poll::Pending => return,
            }
        }
    }

    /// Answers a request; returns what it asks of the program.
    pub fn answer<F: FnMut(Instant, Event)>(
        &mut self,
        asked: Asked,
        service: &mut Service<F>,
        reload: impl FnOnce(&mut Service<F>) -> Result<(), String>,
    ) -> Wish {
        let Asked { client, message } = asked;
        let answer = verbs::answer(&message, service, self.is_explicit);
        let (text, wish) = match answer {
            Ok((_, Wish::Reload)) => (reload(service).err().unwrap_or_default(), Wish::None),
            Ok(done) => done,
            Err(why) => (why, Wish::None),
        };
        if let Some(client) = self.clients.iter_mut().find(|of| of.number == client) {
            client.pipe.output.extend(text.bytes().filter(|octet| *octet != 0));
            client.pipe.output.push(0);
            (client.is_waiting, client.is_answered) = (false, true);
        }
        wish
    }
}

impl Client {
    fn new(stream: UnixStream, number: u64) -> Self {
        let pipe = Pipe::new(stream, LONGEST);
        Self { pipe, number, is_waiting: false, is_answered: false }
    }

    /// Sends and receives what can be now: a request, or `None` if it is gone or has to go.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        if self.pipe.is_over(cx) {
            return Poll::Ready(None);
        }
        if self.is_waiting {
            return Poll::Pending;
        }
        let part = self.pipe.poll_part(cx, |input| match Message::decode(input) {
            Held::Part => None,
            Held::Nonsense => Some(None),
            Held::Whole(message, length) => {
                input.drain(..length);
                Some(Some(message))
            }
        });
        match part {
            Poll::Ready(Ok(Some(message))) => {
                self.is_waiting = true;
                Poll::Ready(Some(message))
            }
            _ if self.is_answered && !self.pipe.has_part() => {
                self.pipe.close();
                if self.pipe.is_over(cx) { Poll::Ready(None) } else { Poll::Pending }
            }
            Poll::Ready(Ok(None) | Err(_)) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}
