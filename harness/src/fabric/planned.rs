//! Turns the faults of a plan into rules of wires, and their logs into entries of the recording.

use castnet::time::Instant;

use super::{Action, Rule, Selector, Wire};
use crate::capture::noise::Noise;
use crate::plan::{Fault, LinkId, Plan, PortId};
use crate::recording::{Strike, Struck};
use crate::scenario::{FaultAction, HELD_AT_MOST};

impl Wire {
    /// The link of a plan with the rules of its faults; ports have the link's order.
    #[must_use]
    pub fn planned(plan: &Plan, link: LinkId) -> Self {
        let rules = faults(plan, link).map(|(_, fault)| rule(plan, fault)).collect();
        let written = &plan.links[link];
        let wire = Self::new(&written.name, written.ports.len(), rules, plan.seed);
        wire.paced(written.pace).deaf_to(Noise::of(plan))
    }

    /// The recording's entries of what the rules did to frames of this link, and of frames still
    /// under way.
    #[must_use]
    pub fn struck(&self, plan: &Plan, link: LinkId) -> Vec<Struck> {
        let rules: Vec<(usize, &Fault)> = faults(plan, link).collect();
        let port = |index: usize| plan.links[link].ports[index];
        let events = self.log().iter().map(|event| {
            let rule = event.rule.map(|rule| rules[rule]);
            let fault = rule.map(|(fault, _)| fault);
            Struck {
                at: event.at,
                fault: fault.filter(|_| event.what != Strike::Unharmed),
                port: port(event.port),
                to: event.to.map(port),
                bytes: event.frame.to_vec(),
                strike: event.what,
                line: rule.map(|(_, written)| written.line),
            }
        });
        let pending = self.pending().map(|pending| Struck {
            at: pending.due,
            fault: None,
            port: port(pending.to),
            to: Some(port(pending.to)),
            bytes: pending.frame.to_vec(),
            strike: Strike::UnderWay,
            line: None,
        });
        events.chain(pending).collect()
    }
}

/// The faults of the link, with their positions in the plan.
fn faults(plan: &Plan, link: LinkId) -> impl Iterator<Item = (usize, &Fault)> {
    plan.faults.iter().enumerate().filter(move |(_, fault)| fault.link == link)
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
        FaultAction::Corrupt => Action::Corrupt,
        FaultAction::HoldBack(behind) => {
            Action::HoldBack { behind: *behind, at_most: HELD_AT_MOST }
        }
        FaultAction::Partition(side) => {
            Action::Partition(side.iter().map(|&port| index(port)).collect())
        }
    };
    Rule { select, action }
}
