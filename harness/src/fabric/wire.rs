//! The engine: frames under way on one link, and the rules that they pass.
//!
//! All frames under way are in one queue by (time, order of entering); held-back frames are there
//! too, under the time at which they leave in any case. So the deadline is the head of the queue
//! and forgets no frame, and the order of arrival never depends on when the caller polls.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use castnet::rng::Rng;
use castnet::time::Instant;

use super::rule::Armed;
use super::{Action, FaultEvent, Pending, Rule, damage};
use crate::capture::decode::{Packet, decode};
use crate::capture::noise::Noise;
use crate::recording::Strike;
use crate::scenario::Pace;

/// A link with rules.
#[derive(Clone, Debug)]
pub struct Wire {
    ports: usize,
    pace: Pace,
    /// When each port has finished sending its queue.
    free: Vec<Instant>,
    /// When each frame that waits at a port leaves its queue, if queues have a limit.
    waiting: Vec<VecDeque<Instant>>,
    rules: Vec<Armed>,
    /// The time of the latest frame; no frame enters before an earlier one.
    now: Instant,
    entered: u64,
    departures: u64,
    queue: BTreeMap<Key, Departure>,
    /// The frames in the queue that wait to be overtaken, by receiving port and order.
    held: BTreeMap<(usize, u64), Held>,
    log: Vec<FaultEvent>,
    /// What passes without any rule.
    noise: Option<Noise>,
}

/// When a departure is due, and its order of entering.
type Key = (Instant, u64);

/// A frame on its way to one port.
#[derive(Clone, Debug)]
struct Departure {
    serial: u64,
    to: usize,
    frame: Arc<[u8]>,
    /// How many times it still has to arrive; at least 1.
    times: u32,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    /// Its time in the queue.
    due: Instant,
    not_before: Instant,
    /// How many frames have to overtake it; at least 1.
    behind: u32,
}

/// A frame on its way to one port while the rules decide on it.
struct Flight {
    to: usize,
    frame: Arc<[u8]>,
    times: u32,
    delay: Duration,
    hold: Option<(u32, Duration)>,
}

impl Wire {
    /// The link `name` between `ports` ports, numbered from 0. Each rule's randomness depends only
    /// on the seed, the name and the rule's index.
    #[must_use]
    pub fn new(name: &str, ports: usize, rules: Vec<Rule>, seed: u64) -> Self {
        let arm = |(index, rule)| {
            Armed::new(rule, Rng::for_node(seed, &format!("link {name}, rule {index}")))
        };
        Self {
            ports,
            pace: Pace::default(),
            free: vec![Instant::ZERO; ports],
            waiting: vec![VecDeque::new(); ports],
            rules: rules.into_iter().enumerate().map(arm).collect(),
            now: Instant::ZERO,
            entered: 0,
            departures: 0,
            queue: BTreeMap::new(),
            held: BTreeMap::new(),
            log: Vec::new(),
            noise: None,
        }
    }

    /// Adds a pace: each port sends one frame after the other, at the speed of the link, and queues
    /// the rest, up to a limit if there is one.
    #[must_use]
    pub fn paced(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Lets no rule see noise: it passes like a frame of a link without rules.
    #[must_use]
    pub fn deaf_to(mut self, noise: Option<Noise>) -> Self {
        self.noise = noise;
        self
    }

    /// A frame enters the link from a port. A time before the latest one counts as the latest one.
    pub fn enter(&mut self, now: Instant, port: usize, frame: &[u8]) {
        self.now = self.now.max(now);
        let frame: Arc<[u8]> = frame.into();
        if self.is_full(port) {
            let (at, serial, what) = (self.now, self.entered, Strike::Overflowed);
            self.log.push(FaultEvent { at, rule: None, serial, port, to: None, frame, what });
            self.entered += 1;
            return;
        }
        let delay = self.transit(port, frame.len());
        let others = (0..self.ports).filter(|&to| to != port);
        let fly = |to| Flight { to, frame: Arc::clone(&frame), times: 1, delay, hold: None };
        let flights = others.map(fly).collect();
        for flight in self.judge(port, &frame, flights) {
            self.depart(flight);
        }
        self.entered += 1;
    }

    /// Whether as many frames wait at the port as there may, beside the one that is being sent.
    fn is_full(&mut self, port: usize) -> bool {
        let (Some(queue), Some(waiting)) = (self.pace.queue, self.waiting.get_mut(port)) else {
            return false;
        };
        while waiting.front().is_some_and(|leaves| *leaves <= self.now) {
            waiting.pop_front();
        }
        waiting.len() >= queue as usize
    }

    /// The time from now until the port has sent the frame and the frame has arrived.
    fn transit(&mut self, port: usize, octets: usize) -> Duration {
        let Some(free) = self.free.get_mut(port) else { return self.pace.delay };
        let begin = self.now.max(*free);
        if self.pace.queue.is_some() && begin > self.now {
            self.waiting[port].push_back(begin);
        }
        *free = begin + self.pace.sending(octets);
        free.since(self.now) + self.pace.delay
    }

    /// The next frame that has arrived by `now`, and its port.
    #[must_use]
    pub fn poll(&mut self, now: Instant) -> Option<(usize, Arc<[u8]>)> {
        let mut head = self.queue.first_entry().filter(|head| head.key().0 <= now)?;
        let key = *head.key();
        let departure = head.get_mut();
        let (to, frame) = (departure.to, Arc::clone(&departure.frame));
        departure.times -= 1;
        if departure.times == 0 {
            head.remove();
            self.held.remove(&(to, key.1));
        }
        self.overtake(to, key);
        Some((to, frame))
    }

    /// When the next frame arrives, unless one enters or overtakes another before.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.queue.first_key_value().map(|(&(at, _), _)| at)
    }

    /// The frames that have entered and not arrived, in their order of arrival as of now.
    pub fn pending(&self) -> impl Iterator<Item = Pending> {
        self.queue.iter().map(|(&(due, _), departure)| Pending {
            serial: departure.serial,
            to: departure.to,
            due,
            frame: Arc::clone(&departure.frame),
        })
    }

    /// What the rules have done so far.
    #[must_use]
    pub fn log(&self) -> &[FaultEvent] {
        &self.log
    }

    /// Lets each rule strike the frame, and returns the flights that are left.
    fn judge(&mut self, port: usize, frame: &Arc<[u8]>, mut flights: Vec<Flight>) -> Vec<Flight> {
        if !self.rules.is_empty() && self.noise.as_ref().is_some_and(|noise| noise.is(frame)) {
            return flights;
        }
        let read = self.rules.iter().any(|armed| armed.rule.select.reads_packets());
        let packet: Option<Packet> = read.then(|| decode(frame)).flatten();
        for (index, armed) in self.rules.iter_mut().enumerate() {
            if !armed.strikes(self.now, port, packet.as_ref()) {
                continue;
            }
            let rule = &armed.rule;
            let aimed = |flight: &Flight| rule.select.to.is_none_or(|to| to == flight.to);
            let (struck, mut left): (Vec<_>, Vec<_>) = flights.into_iter().partition(aimed);
            let alike = rule.select.to.is_none() && !matches!(rule.action, Action::Partition(_));
            let mut told = false;
            for flight in struck {
                let to = flight.to;
                let (what, flight) = apply(&rule.action, port, flight);
                left.extend(flight);
                // An action that treats all ports alike is logged once.
                if let Some(what) = what.filter(|_| !mem::replace(&mut told, alike)) {
                    self.log.push(FaultEvent {
                        at: self.now,
                        rule: Some(index),
                        serial: self.entered,
                        port,
                        to: (!alike).then_some(to),
                        frame: Arc::clone(frame),
                        what,
                    });
                }
            }
            left.sort_by_key(|flight| flight.to);
            flights = left;
        }
        flights
    }

    fn depart(&mut self, flight: Flight) {
        let Flight { to, frame, times, delay, hold } = flight;
        let not_before = self.now + delay;
        let order = self.departures;
        self.departures += 1;
        let due = hold.map_or(not_before, |(_, at_most)| not_before + at_most);
        if let Some((behind, _)) = hold {
            self.held.insert((to, order), Held { due, not_before, behind });
        }
        self.queue.insert((due, order), Departure { serial: self.entered, to, frame, times });
    }

    /// The departure `by` has arrived at port `to`: frames that waited for it come next, at the
    /// same instant.
    fn overtake(&mut self, to: usize, by: Key) {
        let (at, order) = by;
        let overtaken = self.held.range_mut((to, 0)..(to, order));
        let mut released = Vec::new();
        for (&(_, order), held) in overtaken {
            held.behind -= 1;
            if held.behind == 0 {
                released.push((order, *held));
            }
        }
        for (order, held) in released {
            self.held.remove(&(to, order));
            if let Some(departure) = self.queue.remove(&(held.due, order)) {
                self.queue.insert((at.max(held.not_before), order), departure);
            }
        }
    }
}

/// Applies an action to one flight; returns what was done, and the flight if it is left.
fn apply(action: &Action, port: usize, mut flight: Flight) -> (Option<Strike>, Option<Flight>) {
    let what = match action {
        Action::Drop => return (Some(Strike::Dropped), None),
        Action::Partition(side) if side.contains(&port) != side.contains(&flight.to) => {
            return (Some(Strike::CutOff), None);
        }
        Action::Partition(_) => return (None, Some(flight)),
        Action::Delay(by) => {
            flight.delay = flight.delay.saturating_add(*by);
            Strike::Delayed(*by)
        }
        Action::Duplicate(copies) => {
            flight.times = flight.times.saturating_mul(copies.saturating_add(1));
            Strike::Duplicated(*copies)
        }
        Action::Corrupt => match damage::spoil(&flight.frame) {
            Some(spoiled) => {
                flight.frame = spoiled;
                Strike::Corrupted
            }
            None => Strike::Unharmed,
        },
        Action::HoldBack { behind, at_most } => {
            flight.hold = Some(((*behind).max(1), *at_most));
            Strike::HeldBack
        }
    };
    (Some(what), Some(flight))
}
