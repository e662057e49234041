//! Datagrams that wait for an entry of the forwarding cache.
//!
//! The owner is asked once for each flow; four datagrams wait for the answer, and any more are lost.
//! After ten seconds they are given up, and the next one asks again. How many flows may wait is not
//! limited: what limits it in Linux is the room of the owner's socket.

use std::rc::Rc;
use std::time::Duration;

use castnet::mfc::entry::Flow;
use castnet::mfc::vif::Vif;
use castnet::time::Instant;

use super::super::jiffies::{Timer, jiffies, ticks};

/// So many datagrams of a flow wait.
const DATAGRAMS: usize = 4;

/// So long they wait.
const LIFETIME: Duration = Duration::from_secs(10);

/// A datagram and where it came in.
type Waiting = (Vif, Rc<[u8]>);

/// What waits, the flow that was there first at the front.
#[derive(Clone, Debug)]
pub(super) struct Unresolved {
    flows: Vec<Unanswered>,
    /// One timer for all: it is set for the first flow, and when it is served, for the next one.
    timer: Timer,
}

/// A flow that the owner has been asked about.
#[derive(Clone, Debug)]
struct Unanswered {
    flow: Flow,
    /// The tick of its end.
    expires: u64,
    datagrams: Vec<Waiting>,
}

impl Default for Unresolved {
    fn default() -> Self {
        Self { flows: Vec::new(), timer: Timer::RESTING }
    }
}

impl Unresolved {
    /// Lets the datagram wait, if there is room; says whether the owner is to be asked.
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

    /// What waited for the flow, in the order of arrival; it waits no more.
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

    /// Gives up everything, and says for which flows.
    pub(super) fn clear(&mut self) -> Vec<Flow> {
        std::mem::take(self).flows.into_iter().map(|unanswered| unanswered.flow).collect()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.timer.deadline()
    }

    /// Gives up what has waited long enough, and says for which flows.
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
