//! What keeps a run from proving what it says although no claim was found to be false.
//!
//! A laboratory that was late, or stood still, or whose clock was set, may not accuse the device under
//! test: a failure is then no failure. A claim that something did not happen is proved only where the
//! laboratory was awake to make it happen, and a scenario with faults only where each of them struck.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use castnet::time::{Instant, Seconds};

use super::window::{Purpose, Span};
use super::{Evidence, Finding, Outcome};
use crate::plan::{Check, Claim, MfcState, NodeId, Plan, When, Window};
use crate::recording::{Late, Lateness, Recording, StateChange, Unkept};
use crate::scenario::Invariant;

/// A claim of absence stands if the laboratory stood still for less than one in so many parts of its time.
const PARTS: u32 = 4;

/// Why nobody is to be accused of what was seen in this run; empty if the laboratory was in time.
#[must_use]
pub fn doubts(plan: &Plan, recording: &Recording) -> Vec<String> {
    let Recording { lateness, doubts, acts, .. } = recording;
    let mut all = doubts.clone();
    if lateness.by > plan.tolerance {
        all.push(too_late(plan, *lateness));
    }
    for (act, done) in plan.acts.iter().zip(acts) {
        let planned = Instant::ZERO + act.at;
        if let Some(late) = done.map(|done| done.since(planned)).filter(|by| *by > plan.tolerance) {
            let (label, late) = (&act.label, Seconds(late, 3));
            all.push(format!("`{label}` was to be done at {planned} and was done {late} later"));
        }
    }
    all
}

/// That the laboratory was late by as much as a limit without tolerance was missed by: a failure then
/// accuses nobody.
pub(super) fn missed_by_as_little(
    plan: &Plan,
    recording: &Recording,
    findings: &[Finding],
) -> Option<String> {
    let late = recording.lateness;
    let is_doubtful = |finding: &&Finding| {
        let was_late_before = finding.at.is_none_or(|at| late.at <= at);
        finding.missed_by.is_some_and(|by| by <= late.by) && was_late_before
    };
    let finding = findings.iter().find(is_doubtful)?;
    let (line, by) = (finding.line, Seconds(finding.missed_by?, 6));
    Some(format!("the limit of line {line} was missed by {by}, and {}", in_words(plan, late, 6)))
}

/// That the laboratory, or the kernel's worker for carriers, was late, in words.
fn too_late(plan: &Plan, late: Lateness) -> String {
    let (late, tolerance) = (in_words(plan, late, 3), Seconds(plan.tolerance, 3));
    format!("the machine is overloaded: {late}, and the tolerance is {tolerance}")
}

fn in_words(plan: &Plan, Lateness { what, at, by }: Lateness, digits: usize) -> String {
    let by = Seconds(by, digits);
    match what {
        Late::Timer => format!("what the laboratory had to do at {at} it did {by} later"),
        Late::Frame(port) => {
            let port = plan.port_name(port);
            format!("a frame that was sent at {at} reached {port} {by} later")
        }
        Late::Worker => {
            format!(
                "an ordinary thread, as the kernel's workers are, waited {by} for a CPU from {at} on"
            )
        }
        Late::Carrier(port) => {
            let port = plan.port_name(port);
            format!("the carrier of {port} changed at {at}, and the kernel noticed it {by} later")
        }
    }
}

/// The faults that changed nothing about any frame, a line each.
pub(super) fn idle_faults(plan: &Plan, recording: &Recording) -> Vec<String> {
    let struck: BTreeSet<usize> = recording.struck.iter().filter_map(|one| one.fault).collect();
    let idle = plan.faults.iter().enumerate().filter(|(id, _)| !struck.contains(id));
    let told = idle.map(|(_, fault)| {
        format!(
            "the fault of line {} struck nothing, so that nothing is proved about it",
            fault.line
        )
    });
    told.collect()
}

/// What belongs to the verdict whatever the outcome: what was only counted, and which rules are off.
pub(super) fn notes(plan: &Plan, recording: &Recording) -> Vec<String> {
    let Unkept { frames, reads, .. } = recording.unkept;
    let unkept = (frames > 0).then(|| {
        format!(
            "{frames} frames of links that no expectation looks at were counted and not kept, and \
             the rules of every run were not looked at"
        )
    });
    let read = (reads > 0).then(|| format!("{reads} datagrams were read by hosts of populations"));
    let all = plan.waivers.len() == Invariant::WORDS.len();
    let all = all.then(|| "no rule of every run counts in this one".to_owned());
    let off = plan.waivers.iter().map(|waiver| {
        format!("the rule {} is off, because {}", waiver.invariant.word(), waiver.because)
    });
    unkept.into_iter().chain(read).chain(all).chain(off).collect()
}

/// What routers' kernels refused, a line for each router and reason, if the run failed: a likely cause.
pub(super) fn refusals(plan: &Plan, recording: &Recording, outcome: Outcome) -> Vec<String> {
    if outcome != Outcome::Fail {
        return Vec::new();
    }
    let mut refused = BTreeMap::<(NodeId, &str), Vec<Instant>>::new();
    for event in &recording.events {
        if let Some(StateChange::Refused { why }) = &event.change {
            refused.entry((event.node, why)).or_default().push(event.at);
        }
    }
    let line = |((node, why), times): ((NodeId, &str), Vec<Instant>)| {
        let name = &plan.nodes[node].name;
        let times = match times.as_slice() {
            [once] => format!("at {once}"),
            all => format!("{} times, from {} to {}", all.len(), all[0], all[all.len() - 1]),
        };
        format!("the kernel of {name} refused {times}: {why}")
    };
    refused.into_iter().map(line).collect()
}

impl Evidence<'_> {
    /// Why a check has not passed although it was found to be true; `None` if it has.
    pub(super) fn in_doubt(&self, check: &Check) -> Option<String> {
        let (from, to) = self.absence(&check.claim)?;
        let stalls = self.recording.stalls.iter();
        let stalls = stalls.map(|stall| (stall.at, stall.at + stall.by, stall));
        let over = stalls.filter(|(begun, ended, _)| *begun <= to && from <= *ended);
        let mut still = Duration::ZERO;
        for (begun, ended, stall) in over {
            still += ended.min(to).since(begun.max(from));
            if to <= ended || still * PARTS > to.since(from) {
                return Some(stood_still(check, stall));
            }
        }
        None
    }

    /// The time in which the claim says that something does not happen, or does not change.
    fn absence(&self, claim: &Claim) -> Option<(Instant, Instant)> {
        let within = |window: &Window| {
            let Span { from, to, .. } = self.span(window, Purpose::AtMost)?;
            Some((from, to))
        };
        let moment = match claim {
            Claim::Packet { count, spacing, window, .. } => {
                return (count.max.is_some() || spacing.is_some()).then(|| within(window))?;
            }
            Claim::Received(_, count, window) => {
                return count.max.is_some().then(|| within(window))?;
            }
            Claim::NoneAfter(_, window) | Claim::Querier(_, When::Throughout(window)) => {
                return within(window);
            }
            Claim::Mfc { state: MfcState::Present { counted: Some(_), .. }, .. } => return None,
            Claim::Mfc { at, .. } | Claim::Mdb { at, .. } | Claim::Members { at, .. } => at,
            Claim::Querier(_, When::At(at)) => at,
            Claim::Order(..)
            | Claim::ExactlyOnce(..)
            | Claim::Ttl(..)
            | Claim::Quality(_)
            | Claim::Latency(_)
            | Claim::Command(_) => return None,
        };
        let at = self.state_at(moment)?.last;
        Some((at, at))
    }
}

fn stood_still(check: &Check, stall: &Lateness) -> String {
    format!(
        "the laboratory stood still for {} from {} on, while something was not to happen: {} (line {})",
        Seconds(stall.by, 3),
        stall.at,
        check.text,
        check.line
    )
}
