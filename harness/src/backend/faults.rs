//! A fabric's wire on a real link: the rules say what becomes of frames, the run's clock when.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use castnet::time::Instant;

use crate::fabric::{Action, Damage, Rule, Selector, Wire};
use crate::lab::link::Medium;
use crate::lab::{Built, Relay};
use crate::plan::{Fault, LinkId, Plan, PortId};
use crate::recording::Struck;
use crate::role::Clock;
use crate::scenario::{FaultAction, HELD_AT_MOST};

/// The faults of a run, at work on their links.
#[derive(Debug, Default)]
pub(super) struct Plugged(Vec<(LinkId, Arc<Mutex<Faults>>)>);

impl Plugged {
    /// Plugs the rules of every link that has some; they count from the clock's time zero.
    pub(super) fn plug(plan: &Plan, built: &Built, clock: Clock) -> Self {
        let mut plugged = Vec::new();
        for (link, medium) in built.media.iter().enumerate() {
            let Medium::Wire(wire) = medium else { continue };
            let of_link = plan.faults.iter().filter(|fault| fault.link == link);
            let rules = of_link.map(|fault| rule(plan, fault)).collect();
            let ports = plan.links[link].ports.len();
            let rules = Wire::new(&plan.links[link].name, ports, rules, plan.seed);
            let faults = Arc::new(Mutex::new(Faults::new(rules, clock)));
            wire.plug(faults.clone());
            plugged.push((link, faults));
        }
        Self(plugged)
    }

    /// What the rules did, in the order of time.
    pub(super) fn struck(&self, plan: &Plan) -> Vec<Struck> {
        let mut struck = Vec::new();
        for (link, faults) in &self.0 {
            let lines: Vec<usize> =
                plan.faults.iter().filter(|f| f.link == *link).map(|f| f.line).collect();
            let port = |index: usize| plan.links[*link].ports[index];
            let faults = lock(faults);
            struck.extend(faults.wire.log().iter().map(|event| Struck {
                at: event.at,
                port: port(event.port),
                to: event.to.map(port),
                bytes: event.frame.to_vec(),
                text: format!("{} (line {})", event.what, lines[event.rule]),
            }));
            struck.extend(faults.wire.pending().map(|pending| Struck {
                at: pending.due,
                port: port(pending.to),
                to: Some(port(pending.to)),
                bytes: pending.frame.to_vec(),
                text: "still under way when the run ended".to_owned(),
            }));
        }
        struck.sort_by_key(|struck| struck.at);
        struck
    }
}

fn lock(faults: &Mutex<Faults>) -> MutexGuard<'_, Faults> {
    // A log that was being written when its writer panicked is still worth reading.
    faults.lock().unwrap_or_else(PoisonError::into_inner)
}

fn rule(plan: &Plan, fault: &Fault) -> Rule {
    let index = |port: PortId| {
        plan.links[fault.link].ports.iter().position(|&other| other == port).unwrap_or_default()
    };
    let select = Selector {
        kind: fault.kind,
        group: fault.group,
        from: fault.from.map(index),
        to: fault.to.map(index),
        since: Instant::ZERO + fault.after,
        until: fault.until.map(|until| Instant::ZERO + until),
        nth: fault.nth.clone(),
        chance_ppm: fault.chance_ppm,
    };
    let action = match &fault.action {
        FaultAction::Drop => Action::Drop,
        FaultAction::Delay(by) => Action::Delay(*by),
        FaultAction::Duplicate(copies) => Action::Duplicate(*copies),
        FaultAction::Corrupt => Action::Corrupt(Damage::Checksum),
        FaultAction::HoldBack(behind) => {
            Action::HoldBack { behind: *behind, at_most: HELD_AT_MOST }
        }
        FaultAction::Partition(side) => {
            Action::Partition(side.iter().map(|&port| index(port)).collect())
        }
    };
    Rule { select, action }
}

/// The rules of one link, to be plugged into the lab's wire at time zero.
#[derive(Clone, Debug)]
pub struct Faults {
    /// The rules, and what they have done.
    pub wire: Wire,
    clock: Clock,
}

impl Faults {
    /// Rules whose times count on this clock.
    #[must_use]
    pub const fn new(wire: Wire, clock: Clock) -> Self {
        Self { wire, clock }
    }
}

impl Relay for Faults {
    fn enter(&mut self, at_ns: u64, port: usize, frame: &[u8]) {
        self.wire.enter(self.clock.at(Duration::from_nanos(at_ns)), port, frame);
    }

    fn poll(&mut self, now_ns: u64) -> Option<(usize, Arc<[u8]>)> {
        self.wire.poll(self.clock.at(Duration::from_nanos(now_ns)))
    }

    fn deadline(&self) -> Option<u64> {
        let at = self.wire.deadline()?;
        let since_1970 = self.clock.epoch().saturating_add(at.since_start());
        Some(u64::try_from(since_1970.as_nanos()).unwrap_or(u64::MAX))
    }
}
