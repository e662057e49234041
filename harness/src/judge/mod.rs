//! Judges whether what happened is what was claimed: a pure function of plan and recording.
//!
//! A check without evidence is Vacuous, never Pass. A failure shows the arithmetic of its bounds
//! and the evidence. The judge does not know which backend ran.

mod alike;
mod cause;
mod command;
mod delivery;
pub mod doubt;
mod filter;
mod foreign;
mod history;
pub mod invariant;
mod latency;
mod ledger;
mod load;
mod mdb;
mod measure;
mod mfc;
mod order;
mod packet;
mod passage;
mod quality;
mod registered;
mod remarks;
mod repeated;
mod setting;
mod silence;
mod state;
mod window;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use castnet::addr::Group;
use castnet::time::{Instant, Seconds};
use serde::{Deserialize, Serialize};

use crate::capture::decode::{Packet, decode};
use crate::plan::{ActId, Check, Claim, Plan, PortId};
use crate::recording::{Number, Recording};
use invariant::{GRACE, Standing};
use mfc::RouterFlow;
use setting::Given;

pub use cause::LIKELY;
pub use measure::{Measure, Value, percent};

/// The outcome of a check or of a whole run, from the best to the worst. What was found out about the
/// device under test is worse than what could not be found out, so that no report of several runs and no
/// exit code hides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Outcome {
    /// The claim is true.
    Pass,
    /// This machine or backend cannot run it.
    Unsupported,
    /// The laboratory itself failed.
    Broken,
    /// There was no evidence by which to judge the claim.
    Vacuous,
    /// The claim is false.
    Fail,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "PASS",
            Self::Vacuous => "VACUOUS",
            Self::Fail => "FAIL",
            Self::Unsupported => "UNSUPPORTED",
            Self::Broken => "BROKEN",
        })
    }
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The line of the file with the check.
    pub line: usize,
    /// The claim in one line.
    pub claim: String,
    /// The ids of the RFC clauses that it proves, if the whole run passes.
    pub proves: Vec<String>,
    /// The outcome.
    pub outcome: Outcome,
    /// Why, line by line; empty for a pass.
    pub why: Vec<String>,
    /// The measurements, whether or not they are as claimed.
    pub measured: Vec<Measure>,
    /// The instant that a failure is about, if there is one.
    pub at: Option<Instant>,
    /// That the outcome would be another one without the tolerance, and why.
    pub by_tolerance: Option<String>,
    /// By how much a measured length is beyond its limit.
    pub missed_by: Option<Duration>,
}

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verdict {
    /// The worst of all findings and rules.
    pub outcome: Outcome,
    /// Each check, in the order of the file.
    pub findings: Vec<Finding>,
    /// The results of the rules of every run; empty if there was no run.
    pub invariants: Vec<Standing>,
    /// Why the run cannot be trusted, or could not be made.
    pub reasons: Vec<String>,
    /// Notes that belong to the verdict, whatever the outcome.
    pub notes: Vec<String>,
}

impl fmt::Display for Verdict {
    /// The outcome and how many checks passed; then the reasons, a line each: of the whole run, of the
    /// checks that did not pass, and of the rules that were broken.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let passed = self.findings.iter().filter(|finding| finding.outcome == Outcome::Pass);
        write!(f, "{}, {}/{} checks", self.outcome, passed.count(), self.findings.len())?;
        self.reasons.iter().try_for_each(|reason| write!(f, "\n  {reason}"))?;
        for finding in self.findings.iter().filter(|finding| finding.outcome != Outcome::Pass) {
            write!(f, "\n  {} {} (line {})", finding.outcome, finding.claim, finding.line)?;
            finding.why.iter().try_for_each(|why| write!(f, "\n    {why}"))?;
        }
        for rule in self.invariants.iter().filter(|rule| rule.outcome() != Outcome::Pass) {
            write!(f, "\n  {} {}", rule.outcome(), rule.invariant.statement())?;
            rule.violations.iter().try_for_each(|line| write!(f, "\n    {line}"))?;
        }
        Ok(())
    }
}

impl Verdict {
    /// The verdict on a run that did not take place.
    #[must_use]
    pub fn without_run(outcome: Outcome, reason: String) -> Self {
        Self {
            outcome,
            findings: Vec::new(),
            invariants: Vec::new(),
            reasons: vec![reason],
            notes: Vec::new(),
        }
    }

    /// The laboratory failed after the verdict, for this reason. A verdict that the device under test
    /// is wrong stands.
    pub fn break_off(&mut self, reason: String) {
        if self.outcome != Outcome::Fail {
            self.outcome = Outcome::Broken;
        }
        self.reasons.push(reason);
    }
}

/// Judges a run.
#[must_use]
pub fn judge(plan: &Plan, recording: &Recording) -> Verdict {
    let evidence = Evidence::new(plan, recording);
    let mut findings: Vec<Finding> =
        plan.checks.iter().map(|check| evidence.finding(check)).collect();
    // A rule is about every frame, so it cannot be judged if frames were not kept.
    let unkept = recording.unkept.frames > 0;
    let mut invariants = if unkept { Vec::new() } else { evidence.standings() };
    repeated::fold(&mut findings, &mut invariants);
    let worst = findings.iter().map(|finding| finding.outcome).max().unwrap_or(Outcome::Vacuous);
    let mut outcome = invariants.iter().map(Standing::outcome).fold(worst, Outcome::max);
    let mut reasons = recording.broken.clone();
    reasons.extend(evidence.not_done());
    reasons.extend(evidence.not_sent());
    let passed = plan.checks.iter().zip(&findings).filter(|(_, f)| f.outcome == Outcome::Pass);
    reasons.extend(passed.filter_map(|(check, _)| evidence.in_doubt(check)));
    let mut notes = doubt::notes(plan, recording);
    // It is then unknown whether the device under test was late, or the laboratory.
    let is_sound = outcome == Outcome::Pass && reasons.is_empty();
    let unsure = if is_sound { &mut notes } else { &mut reasons };
    unsure.extend(doubt::doubts(plan, recording));
    if reasons.is_empty() {
        reasons.extend(doubt::missed_by_as_little(plan, recording, &findings));
    }
    if !reasons.is_empty() {
        let outcome = Outcome::Broken;
        return Verdict { outcome, findings, invariants, reasons, notes };
    }
    let idle = doubt::idle_faults(plan, recording);
    if outcome == Outcome::Pass && !idle.is_empty() {
        outcome = Outcome::Vacuous;
    }
    reasons.extend(idle);
    reasons.extend(doubt::refusals(plan, recording, outcome));
    if plan.checks.is_empty() {
        reasons.push("there is nothing to judge: the scenario expects nothing".to_owned());
    }
    Verdict { outcome, findings, invariants, reasons, notes }
}

/// Judges only these checks: for a recording that is not a whole run.
#[must_use]
pub fn judge_some(
    plan: &Plan,
    recording: &Recording,
    wanted: impl Fn(&Check) -> bool,
) -> Vec<Option<Finding>> {
    let evidence = Evidence::new(plan, recording);
    let judged = plan.checks.iter().map(|check| wanted(check).then(|| evidence.finding(check)));
    judged.collect()
}

/// Plan and recording, decoded once.
#[derive(Clone)]
struct Evidence<'a> {
    plan: &'a Plan,
    recording: &'a Recording,
    /// How late what is due may be.
    tolerance: Duration,
    /// How much later still a router may stop to forward.
    grace: Duration,
    seen: Rc<[Seen]>,
    /// The datagrams in Registers that came in, as if they had come in by themselves.
    registered: Rc<BTreeMap<Number, Vec<Seen>>>,
    /// The configurations of the routers' interfaces, by port.
    configured: Rc<[Vec<Given<'a>>]>,
}

/// A decoded frame at a port.
struct Seen {
    at: Instant,
    port: PortId,
    outgoing: bool,
    /// The Ethernet source, which no switch changes.
    origin: [u8; 6],
    packet: Packet,
}

impl Seen {
    /// The group that the packet is sent to.
    fn group(&self) -> Option<Group> {
        Group::new(self.packet.destination)
    }
}

/// What became of one check, before it is said which one it was.
struct Judged {
    outcome: Outcome,
    why: Vec<String>,
    measured: Vec<Measure>,
    at: Option<Instant>,
    missed_by: Option<Duration>,
}

const PASS: Judged = Judged::new(Outcome::Pass, Vec::new());

impl Judged {
    const fn new(outcome: Outcome, why: Vec<String>) -> Self {
        Self { outcome, why, measured: Vec::new(), at: None, missed_by: None }
    }

    const fn fail(why: Vec<String>) -> Self {
        Self::new(Outcome::Fail, why)
    }

    const fn vacuous(why: Vec<String>) -> Self {
        Self::new(Outcome::Vacuous, why)
    }

    fn unsupported(why: String) -> Self {
        Self::new(Outcome::Unsupported, vec![why])
    }

    /// It is about this instant.
    fn at(self, at: Instant) -> Self {
        Self { at: Some(at), ..self }
    }

    /// The outcome and the first reason: `FAIL: expected at least 1, found 0`.
    fn in_short(&self) -> String {
        let why = self.why.first().map(|why| format!(": {why}"));
        format!("{}{}", self.outcome, why.unwrap_or_default())
    }

    fn measured(mut self, name: &'static str, value: Value) -> Self {
        self.measured.push(Measure { name, value });
        self
    }
}

impl<'a> Evidence<'a> {
    fn new(plan: &'a Plan, recording: &'a Recording) -> Self {
        let seen = recording.frames.iter().filter_map(|frame| {
            let (at, port, outgoing) = (frame.at, frame.port, frame.outgoing);
            let origin = frame.bytes.get(6..12)?.try_into().ok()?;
            Some(Seen { at, port, outgoing, origin, packet: decode(&frame.bytes)? })
        });
        let seen: Rc<[Seen]> = seen.collect();
        let configured = setting::configured(plan, recording).into();
        let tolerance = recording.tolerance;
        let grace = GRACE;
        let registered = registered::all(plan, &seen).into();
        Self { plan, recording, tolerance, grace, seen, registered, configured }
    }

    /// The acts that were not done, a line each.
    fn not_done(&self) -> Vec<String> {
        let told = |label: &str| {
            // The backend may have given the reason already.
            self.recording.broken.iter().any(|why| why.starts_with(label))
        };
        let acts = self.plan.acts.iter().enumerate().filter(|(id, _)| self.done(*id).is_none());
        let labels = acts.map(|(_, act)| format!("`{}`", act.label));
        labels.filter(|label| !told(label)).map(|label| format!("{label} was not done")).collect()
    }

    /// When the act was done.
    fn done(&self, act: ActId) -> Option<Instant> {
        self.recording.acts.get(act).copied().flatten()
    }

    /// Judges with the tolerance, and tells what it changed.
    fn finding(&self, check: &Check) -> Finding {
        let judged = self.judge(check);
        let strictly = (!self.tolerance.is_zero())
            .then(|| Self { tolerance: Duration::ZERO, ..self.clone() }.judge(check));
        let strictly = strictly.filter(|strictly| strictly.outcome != judged.outcome);
        let by_tolerance = strictly.map(|strictly| {
            let tolerance = Seconds(self.tolerance, 3);
            format!("by the tolerance of {tolerance}; without it {}", strictly.in_short())
        });
        let judged = self.with_causes(&check.claim, judged);
        let Judged { outcome, why, measured, at, missed_by } = judged;
        let (line, claim, proves) = (check.line, check.text.clone(), check.proves.clone());
        Finding { line, claim, proves, outcome, why, measured, at, by_tolerance, missed_by }
    }

    fn judge(&self, check: &Check) -> Judged {
        self.unless_unreadable(&check.claim, self.judge_claim(&check.claim))
    }

    fn judge_claim(&self, claim: &Claim) -> Judged {
        match claim {
            Claim::Packet { filter, count, spacing, window } => {
                self.packets(filter, count, spacing.as_ref(), window)
            }
            Claim::Order(steps, window) => self.order(steps, window),
            Claim::Received(receiver, count, window) => self.received(receiver, count, window),
            Claim::ExactlyOnce(receiver, window) => self.exactly_once(receiver, window),
            Claim::NoneAfter(receiver, window) => self.none_after(receiver, window),
            Claim::Ttl(receiver, ttl, window) => self.ttl(receiver, ttl, window),
            Claim::Quality(quality) => self.quality(quality),
            Claim::Latency(latency) => self.latency(latency),
            Claim::Mfc { router, source, group, at, state } => {
                self.mfc(RouterFlow { router: *router, source: *source, group: *group }, at, state)
            }
            Claim::Querier(port, when) => self.querier(*port, when),
            Claim::Members { port, groups, at } => self.members(*port, groups, at),
            Claim::Mdb { switch, group, at, ports } => self.mdb(*switch, *group, at, ports),
            Claim::Command(command) => self.command(command),
        }
    }

    /// A frame in one line: `12.001 s  r1:lan  10.0.2.1 > 224.0.0.1 v2 Membership Query ...`
    fn describe(&self, seen: &Seen) -> String {
        let at = seen.at.to_string();
        format!("{at:>10}  {}  {}", self.plan.port_name(seen.port), seen.packet)
    }
}
