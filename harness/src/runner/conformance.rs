//! What holds of a device, clause by clause: which scenarios are cases of it, and what their runs show.
//!
//! A duty of routers is shown by scenarios whose routers run the device. A duty of hosts is shown of
//! castnet by listeners with castnet's stack, and of the Linux host by those with the kernel's, both only
//! where it is certain which one is looked at. Everything else says nothing of a device.

use castnet::addr::Family;

use super::{Job, UsageError};
use crate::judge::{Finding, Outcome, Verdict};
use crate::plan::{Check, Claim, Device, Plan, PortId, Role, Swap};
use crate::report::Finished;
use crate::report::conformance::{Breach, Case, Cell, Row, State, Table};
use crate::scenario::Listener;
use crate::scenario::clauses::{Actor, Clause, Protocol, all, clause, not_observed};

/// The name of the Linux host as a device.
pub const LINUX_HOST: &str = "linux-host";

/// A device whose conformance is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// Software on all routers; castnet's own is its hosts too.
    Router(Swap),
    /// The kernel of this machine as a host.
    LinuxHost,
}

impl Subject {
    /// `castnet`, `frr`, `./mine.toml` or `linux-host`.
    ///
    /// # Errors
    /// Why there is no such device, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == LINUX_HOST {
            return Ok(Self::LinuxHost);
        }
        let swap = Swap::parse(text)?;
        match &swap.node {
            Some(_) => Err("a device is tried on all routers: its name alone".to_owned()),
            None => Ok(Self::Router(swap)),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Router(swap) => swap.device.name(),
            Self::LinuxHost => LINUX_HOST,
        }
    }

    /// The software with which its scenarios are loaded.
    #[must_use]
    pub fn swaps(&self) -> &[Swap] {
        match self {
            Self::Router(swap) => std::slice::from_ref(swap),
            Self::LinuxHost => &[],
        }
    }

    /// Whether only the kernel can show it: software of others, and Linux itself, of which the simulator
    /// has only a model.
    #[must_use]
    pub fn needs_kernel(&self) -> bool {
        !matches!(self, Self::Router(Swap { device: Device::Castnet, .. }))
    }

    /// Whether the plan has a case of it.
    #[must_use]
    pub fn is_tried_by(&self, plan: &Plan) -> bool {
        self.has_family(plan.family)
            && plan.checks.iter().any(|check| {
                check
                    .proves
                    .iter()
                    .filter_map(|id| clause(id))
                    .any(|of| self.is_shown(plan, check, of))
            })
    }

    fn has_family(&self, family: Family) -> bool {
        match self {
            Self::Router(Swap { device: Device::Foreign(software), .. }) => {
                software.recipe.families.contains(&family)
            }
            _ => true,
        }
    }

    /// Whether the check looks at the device where the clause is its duty.
    fn is_shown(&self, plan: &Plan, check: &Check, clause: &Clause) -> bool {
        let is_router = matches!(self, Self::Router(_))
            && plan.nodes.iter().any(|node| matches!(node.role, Role::Router(_)));
        let as_router = || is_router && clause.actor != Actor::Host;
        let as_host = || clause.actor != Actor::Router && self.is_host_of(plan, &check.claim);
        match clause.actor {
            Actor::Router => as_router(),
            Actor::Host => as_host(),
            // Who is looked at follows from the claim.
            Actor::Both if check.claim.shows(Actor::Host) => as_host(),
            Actor::Both => as_router(),
        }
    }

    /// Whether the hosts that the claim looks at are of this device, all of them.
    fn is_host_of(&self, plan: &Plan, claim: &Claim) -> bool {
        let is_own = |listener: &Listener| match self {
            Self::LinuxHost => !matches!(listener, Listener::Castnet(_)),
            Self::Router(swap) => {
                swap.device == Device::Castnet && matches!(listener, Listener::Castnet(_))
            }
        };
        if let Claim::Packet { filter, .. } = claim
            && let Some(port) = filter.from
        {
            return listener(plan, port).is_some_and(is_own);
        }
        let mut hosts = plan.nodes.iter().filter(|node| !is_bystander(&node.role)).peekable();
        hosts.peek().is_some()
            && hosts.all(|node| matches!(&node.role, Role::Listener(listener) if is_own(listener)))
    }

    /// Why the clause is no duty of such a device.
    fn not_its_duty(&self, clause: &Clause) -> Option<String> {
        let name = self.name();
        match (self, clause.actor) {
            (Self::LinuxHost, Actor::Router) => return Some("a duty of routers".to_owned()),
            (Self::Router(Swap { device: Device::Foreign(_), .. }), Actor::Host) => {
                return Some("a duty of hosts".to_owned());
            }
            _ => {}
        }
        let Self::Router(Swap { device: Device::Foreign(software), .. }) = self else {
            return None;
        };
        if !software.recipe.queries {
            return Some(format!("{name} asks for no members"));
        }
        let family = match clause.protocol() {
            Protocol::Igmp => Family::V4,
            Protocol::Mld => Family::V6,
            Protocol::Both | Protocol::Pim => return None,
        };
        let is_of_others = !software.recipe.families.contains(&family);
        is_of_others.then(|| format!("{name} does not route this family"))
    }
}

/// Whether it is certain that the node sends nothing as a host.
const fn is_bystander(role: &Role) -> bool {
    matches!(role, Role::Router(_) | Role::Source | Role::Switch(_))
}

fn listener(plan: &Plan, port: PortId) -> Option<&Listener> {
    match &plan.nodes[plan.ports[port].node].role {
        Role::Listener(listener) => Some(listener),
        _ => None,
    }
}

/// Refuses subjects that stand twice, or would be a model's.
///
/// # Errors
/// Which one, in words.
pub fn are_sound(subjects: &[Subject], is_simulated: bool) -> Result<(), UsageError> {
    for (index, subject) in subjects.iter().enumerate() {
        let name = subject.name();
        if subjects[..index].iter().any(|other| other.name() == name) {
            return Err(UsageError(format!("--device {name} stands twice")));
        }
        if is_simulated && subject.needs_kernel() {
            let why = "the simulator runs only castnet's own routers and hosts";
            return Err(UsageError(format!("--device {name} needs --backend netns: {why}")));
        }
    }
    Ok(())
}

/// The table of the clauses that are wanted. Each job is a run of the subject at that position, with its
/// result if it has one.
#[must_use]
pub fn table(
    subjects: &[Subject],
    runs: &[(usize, &Job<'_>, Option<&Finished>)],
    wanted: impl Fn(&Clause) -> bool,
) -> Table {
    let cell = |clause: &'static Clause, index: usize| {
        let subject = &subjects[index];
        if let Some(because) = subject.not_its_duty(clause) {
            return Cell::without_case(State::NotApplicable, because);
        }
        let of_subject = runs.iter().filter(|(of, ..)| *of == index);
        let cases =
            of_subject.filter_map(|(_, job, finished)| case(subject, &job.plan, *finished, clause));
        let cases: Vec<Case> = cases.collect();
        match not_observed(&clause.id) {
            _ if !cases.is_empty() => Cell::of(cases),
            Some(because) => Cell::without_case(State::NotObservable, because.to_owned()),
            None => Cell::without_case(State::NotRun, "no scenario here shows it of it".to_owned()),
        }
    };
    let row = |clause: &'static Clause| Row {
        clause,
        cells: (0..subjects.len()).map(|index| cell(clause, index)).collect(),
    };
    let finished = || runs.iter().filter_map(|(of, _, finished)| Some((*of, (*finished)?)));
    let breaches = finished().filter_map(|(of, run)| breach(subjects[of].name(), run));
    Table {
        devices: subjects.iter().map(|subject| subject.name().to_owned()).collect(),
        rows: all().filter(|clause| wanted(clause)).map(row).collect(),
        breaches: breaches.collect(),
        runs: finished().count(),
    }
}

/// What the rules of every run say where no expectation failed.
fn breach(device: &str, run: &Finished) -> Option<Breach> {
    let Verdict { outcome, findings, invariants, .. } = &run.verdict;
    let is_fault = |found: Outcome| found == Outcome::Fail;
    if !is_fault(*outcome) || findings.iter().any(|finding| is_fault(finding.outcome)) {
        return None;
    }
    let broken = invariants.iter().filter(|rule| is_fault(rule.outcome()));
    let why = broken.flat_map(|rule| {
        let head = rule.invariant.statement().to_string();
        std::iter::once(head).chain(rule.violations.iter().cloned())
    });
    Some(Breach { device: device.to_owned(), scenario: run.name.clone(), why: why.collect() })
}

/// What a run makes of a clause; `None` if it is no case of it.
fn case(
    subject: &Subject,
    plan: &Plan,
    finished: Option<&Finished>,
    clause: &Clause,
) -> Option<Case> {
    let shows =
        |check: &Check| check.proves.contains(&clause.id) && subject.is_shown(plan, check, clause);
    let first = plan.checks.iter().find(|check| shows(check))?;
    let without = |why: Vec<String>| Case {
        scenario: plan.name.clone(),
        place: format!("{}:{}", plan.path, first.line),
        state: State::NotRun,
        claim: first.text.clone(),
        why,
        at: None,
        pcapng: finished.and_then(|run| run.pcapng.clone()),
        repeat: finished.map(Finished::repeat).unwrap_or_default(),
    };
    let Some(run) = finished else { return Some(without(vec!["interrupted".to_owned()])) };
    let verdict = &run.verdict;
    if verdict.outcome == Outcome::Broken || verdict.findings.len() < plan.checks.len() {
        return Some(without(verdict.reasons.first().cloned().into_iter().collect()));
    }
    let judged = || plan.checks.iter().zip(&verdict.findings);
    let found: Vec<(&Check, &Finding)> = judged().filter(|(check, _)| shows(check)).collect();
    let control = judged().find(|(check, finding)| check.proves.is_empty() && is_fault(finding));
    let is_alone = judged()
        .filter(|(_, finding)| is_fault(finding))
        .all(|(check, _)| accused(check).is_some())
        && verdict.invariants.iter().all(|rule| rule.outcome() != Outcome::Fail);
    let (mut state, (check, finding)) = decided(&found, &clause.id, is_alone, verdict)?;
    let mut why = finding.why.clone();
    if let Some((control, _)) = control {
        state = State::Unclear;
        why.push(format!(
            "the control of the run failed (line {}): {}",
            control.line, control.text
        ));
    }
    match (state, finding.outcome) {
        (State::Unclear, _) if control.is_some() => {}
        (State::Unclear, Outcome::Pass) => {
            why.push("this came true, and the run failed elsewhere".to_owned());
        }
        (State::Unclear, _) => {
            why.push(format!("it shows together: {}", check.proves.join(", ")));
        }
        (State::NotRun, Outcome::Pass) => why.extend(verdict.reasons.iter().cloned()),
        _ => {}
    }
    let place = format!("{}:{}", plan.path, check.line);
    let at = finding.at.map(|at| at.since_start().as_secs_f64());
    Some(Case { place, state, claim: finding.claim.clone(), why, at, ..without(Vec::new()) })
}

fn is_fault(finding: &Finding) -> bool {
    finding.outcome == Outcome::Fail
}

/// The clause that the expectation shows alone, so that its failure accuses that one.
fn accused(check: &Check) -> Option<&str> {
    let is_one = check.proves.len() == 1 || check.named == 1;
    check.proves.first().filter(|_| is_one).map(String::as_str)
}

/// What the expectations that show a clause make of it together, and the one that decides. `is_alone`:
/// whether each failure of the run is that of one clause.
fn decided<'a>(
    found: &[(&'a Check, &'a Finding)],
    id: &str,
    is_alone: bool,
    verdict: &Verdict,
) -> Option<(State, (&'a Check, &'a Finding))> {
    let with = |outcomes: &[Outcome]| {
        let mut these = found.iter().copied();
        let outcomes = outcomes.to_vec();
        these.find(move |(_, finding)| outcomes.contains(&finding.outcome))
    };
    let failed = found.iter().copied().filter(|(_, finding)| is_fault(finding));
    if let Some(alone) = failed.clone().find(|(check, _)| accused(check) == Some(id)) {
        return Some((State::Deviates, alone));
    }
    if let Some(together) = failed.clone().next() {
        return Some((State::Unclear, together));
    }
    if let Some(unjudged) = with(&[Outcome::Unsupported, Outcome::Broken, Outcome::Vacuous]) {
        return Some((State::NotRun, unjudged));
    }
    let passed = *found.first()?;
    Some(match verdict.outcome {
        Outcome::Fail if !is_alone => (State::Unclear, passed),
        Outcome::Vacuous | Outcome::Broken => (State::NotRun, passed),
        // What else of the run could not be judged says nothing against it.
        Outcome::Pass | Outcome::Unsupported | Outcome::Fail => (State::Conforms, passed),
    })
}
