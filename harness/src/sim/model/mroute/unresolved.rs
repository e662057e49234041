//! Datagrams that wait for an entry of the forwarding cache.
//!
//! The owner gets one upcall for each flow; four datagrams wait for the answer, and any more are
//! lost. After ten seconds they are dropped, and the next datagram makes a new upcall. The number
//! of waiting flows is not limited: in Linux only the buffer of the owner's socket limits it.

use std::rc::Rc;
use std::time::Duration;

use castnet::mfc::entry::Flow;
use castnet::mfc::vif::Vif;
use castnet::time::Instant;

use super::super::jiffies::{Timer, jiffies, ticks};

/// The number of datagrams of a flow that wait.
const DATAGRAMS: usize = 4;

/// How long they wait.
const LIFETIME: Duration = Duration::from_secs(10);

/// A datagram and its incoming interface.
type Waiting = (Vif, Rc<[u8]>);

/// The waiting datagrams, the flow that came first at the front.
#[derive(Clone, Debug)]
pub(super) struct Unresolved {
    flows: Vec<Unanswered>,
    /// One timer for all: it is set for the first flow, and when it is served, for the next one.
    timer: Timer,
}

/// A flow with an upcall that is not answered yet.
#[derive(Clone, Debug)]
struct Unanswered {
    flow: Flow,
    /// The tick at which it is dropped.
    expires: u64,
    datagrams: Vec<Waiting>,
}

impl Default for Unresolved {
    fn default() -> Self {
        Self { flows: Vec::new(), timer: Timer::RESTING }
    }
}

impl Unresolved {
    /// Lets the datagram wait, if there is room; returns whether to make an upcall.
    pub(super) fn wait(&mut self, now: Instant, flow: Flow, vif: Vif, packet: &Rc<[u8]>) -> bool {
        if let Some(known) = self.flows.iter_mut().find(|known| known.flow == flow) {
            if known.datagrams.len() < DATAGRAMS {
                known.datagrams.push((vif, packet.clone()));
            }
            return false;
        }
        let expires = jiffies(now) + ticks(LIFETIME);
        self.flows.push(Unanswered { flow, expires, datagrams: vec![(vif, packet.clone())] });
        if self.flows.len() == 1 {
            self.timer.set(now, ticks(LIFETIME));
        }
        true
    }

    /// Takes out the datagrams that waited for the flow, in the order of arrival.
    pub(super) fn resolve(&mut self, flow: Flow) -> Vec<Waiting> {
        let Some(at) = self.flows.iter().position(|known| known.flow == flow) else {
            return Vec::new();
        };
        let resolved = self.flows.remove(at);
        if self.flows.is_empty() {
            self.timer.stop();
        }
        resolved.datagrams
    }

    /// Drops everything, and returns the flows.
    pub(super) fn clear(&mut self) -> Vec<Flow> {
        std::mem::take(self).flows.into_iter().map(|unanswered| unanswered.flow).collect()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.timer.deadline()
    }

    /// Drops datagrams that have waited long enough, and returns their flows.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<Flow> {
        let mut given_up = Vec::new();
        if !self.timer.take(now) {
            return given_up;
        }
        self.flows.retain(|unanswered| {
            let goes_on = unanswered.expires > jiffies(now);
            if !goes_on {
                given_up.push(unanswered.flow);
            }
            goes_on
        });
        let next = self.flows.iter().map(|unanswered| unanswered.expires - jiffies(now)).min();
        if let Some(left) = next {
            self.timer.set(now, left);
        }
        given_up
    }
}
