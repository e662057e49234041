//! One who is connected to the control socket: lines of requests in, answers and events out.
//!
//! What it sends is read only while its last answer has left, so that at most one request and one answer
//! of it are held. Who monitors too slowly misses events, of which the next one tells the number.

use std::collections::BTreeSet;
use std::task::{Context, Poll};

use tokio::net::UnixStream;

use super::pipe::Pipe;
use super::shown::{Told, Topic};
use super::wire::{Answer, LONGEST_REQUEST, Outcome, Refusal, Reply, VERSION};

/// The octets of events that may wait for a client.
const MOST_EVENTS: usize = 256 << 10;

/// A client.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) pipe: Pipe<UnixStream>,
    /// Distinguishes it from all others, earlier ones included.
    pub(super) number: u64,
    /// Whether it may change anything.
    pub(super) may_write: bool,
    /// Its request for events.
    monitor: Option<Monitor>,
    /// Whether a request of it is being worked on.
    pub(super) is_waiting: bool,
}

#[derive(Debug)]
struct Monitor {
    id: u64,
    topics: BTreeSet<Topic>,
    lost: u64,
}

/// What a client has come to.
pub(super) enum Step {
    /// It has sent a line.
    Line(Vec<u8>),
    /// It is gone, or has to go.
    Gone,
}

impl Client {
    pub(super) fn new(stream: UnixStream, number: u64, may_write: bool) -> Self {
        let pipe = Pipe::new(stream, LONGEST_REQUEST);
        Self { pipe, number, may_write, monitor: None, is_waiting: false }
    }

    /// Sends and receives what can be now.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        if self.pipe.is_over(cx) {
            return Poll::Ready(Step::Gone);
        }
        if self.pipe.is_behind() || self.is_waiting {
            return Poll::Pending;
        }
        self.pipe.poll_line(cx).map(|line| line.map_or(Step::Gone, Step::Line))
    }

    /// Answers its request.
    pub(super) fn answer(&mut self, id: u64, result: Result<Answer, Refusal>) {
        let outcome = match result {
            Ok(answer) => Outcome::Done(answer),
            Err(refusal) => Outcome::Refused(refusal),
        };
        self.say(&Reply { version: VERSION, id, outcome });
        self.is_waiting = false;
    }

    /// Answers once more, and ends.
    pub(super) fn part(&mut self, id: u64, refusal: Refusal) {
        self.answer(id, Err(refusal));
        self.pipe.close();
    }

    fn say(&mut self, reply: &Reply) {
        // A value of ours that serde_json cannot write would be a fault of this program.
        if serde_json::to_writer(&mut self.pipe.output, reply).is_err() {
            self.pipe.close();
        }
        self.pipe.output.push(b'\n');
    }

    /// Whether it hears events.
    pub(super) const fn is_monitor(&self) -> bool {
        self.monitor.is_some()
    }

    /// From now on it hears the events of these topics, or of all if there are none.
    pub(super) fn monitor(&mut self, id: u64, topics: BTreeSet<Topic>) {
        self.monitor = Some(Monitor { id, topics, lost: 0 });
    }

    /// Tells an event, if it is wanted and there is room.
    pub(super) fn tell(&mut self, told: &Told) {
        let Some(monitor) = &mut self.monitor else { return };
        if !monitor.topics.is_empty() && !monitor.topics.contains(&told.topic) {
            return;
        }
        if self.pipe.output.len() >= MOST_EVENTS {
            monitor.lost += 1;
            return;
        }
        let lost = told.lost + std::mem::take(&mut monitor.lost);
        let (id, told) = (monitor.id, Told { lost, ..told.clone() });
        self.say(&Reply { version: VERSION, id, outcome: Outcome::Done(Answer::Event(told)) });
    }
}
