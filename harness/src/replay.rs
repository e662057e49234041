//! Judges a capture against a scenario: the expectations about packets, as if castnet had made the
//! run itself.
//!
//! Captures of any tool will do. Interfaces and senders are matched to the ports of the scenario by
//! name, Ethernet or IP address. Acts count as done as planned, from time zero on, unless the
//! capture or the user says when. An expectation that a capture cannot show is reported as not
//! judged.

mod gaps;
mod matching;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use castnet::addr::Group;
use castnet::time::Instant;

use crate::capture::file::{CapturedFrame, Reading};
use crate::capture::said::Said;
use crate::judge::{Finding, judge_some};
use crate::plan::{Action, Check, Claim, LinkId, Plan, PortId};
use crate::recording::{CAPTURE, Frame, Recording};
use crate::scenario::PacketKind;
use gaps::Gaps;
use matching::Matching;

pub use matching::{Mean, Means, plan_port};

/// How acts of the run are placed in a capture.
#[derive(Clone, Debug, Default)]
pub struct Timing {
    /// How long after the first frame the run begins, if the capture does not say.
    pub zero: Option<Duration>,
    /// When these acts were done, from time zero on.
    pub at: BTreeMap<String, Duration>,
}

/// The result for one expectation.
#[derive(Clone, Debug)]
pub enum Judgement {
    /// It was judged.
    Judged(Finding),
    /// It was not judged: no capture shows it, or this one does not.
    Not {
        /// The line of the file with the expectation.
        line: usize,
        /// The claim in one line.
        claim: String,
        /// Why it was not judged.
        why: String,
        /// Whether another capture of the run could show it.
        another: bool,
    },
}

/// The results for a capture.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// Each expectation, in the order of the file.
    pub judgements: Vec<Judgement>,
    /// How the capture was read, where a reader should know it.
    pub remarks: Vec<String>,
}

/// Why a capture cannot be judged against a scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// No frame could be matched to a port.
    #[error("no frame of the capture is of a link of the scenario; say with --port which is which")]
    NothingMatches,
    /// The scenario has no act of this name.
    #[error("the scenario has no act named `{0}`")]
    NoSuchAct(String),
}

/// Judges the capture, which was read so far, against the scenario.
///
/// # Errors
/// [`Mismatch`].
pub fn replay(
    plan: &Plan,
    shots: &[CapturedFrame],
    reading: &Reading,
    means: &Means,
    timing: &Timing,
) -> Result<Replayed, Mismatch> {
    let told = Told::of(shots);
    let first = shots.iter().filter_map(|shot| shot.stamp).min().unwrap_or_default();
    let epoch = told.epoch.unwrap_or(first.saturating_add(timing.zero.unwrap_or_default()));
    let mut matching = Matching::new(plan, shots, means);
    let mut frames = Vec::new();
    for shot in shots {
        let Some((port, bytes)) = matching.sender(shot) else { continue };
        // Frames from before the start do not belong to the run.
        let Some(since) = shot.stamp.and_then(|stamp| stamp.checked_sub(epoch)) else { continue };
        let at = Instant::ZERO + since;
        let original_len = bytes.len();
        for (port, outgoing) in carried(plan, port) {
            frames.push(Frame { at, port, outgoing, bytes: bytes.clone(), original_len });
        }
    }
    if frames.is_empty() {
        return Err(Mismatch::NothingMatches);
    }
    frames.sort_by_key(|frame| (frame.at, !frame.outgoing));
    let acts = acts(plan, &told, timing)?;
    let gaps = Gaps::of(plan, shots, reading, &told, &matching, epoch);
    let recording = Recording { frames, acts, ..Recording::new(CAPTURE, epoch, plan.tolerance) };
    let judged = judge_some(plan, &recording, |check| unseen(plan, &matching, check).is_none());
    let judgements = plan.checks.iter().zip(judged).filter_map(|(check, judged)| {
        let act_at = |act: usize| recording.acts.get(act).copied().flatten();
        let here = || gaps.why(plan, check, judged.as_ref()?, act_at).map(Unseen::Here);
        let (line, claim) = (check.line, check.text.clone());
        match unseen(plan, &matching, check).or_else(here) {
            None => judged.map(Judgement::Judged),
            Some(Unseen::Ever(why)) => Some(Judgement::Not { line, claim, why, another: false }),
            Some(Unseen::Here(why)) => Some(Judgement::Not { line, claim, why, another: true }),
        }
    });
    Ok(Replayed { judgements: judgements.collect(), remarks: matching.remarks() })
}

/// Where a sent frame is seen: at the sending port, and at every other port of a link without
/// switches.
fn carried(plan: &Plan, sender: PortId) -> Vec<(PortId, bool)> {
    let link = plan.ports[sender].link;
    let mut seen = vec![(sender, true)];
    if !plan.is_switched(link) {
        let others = plan.links[link].ports.iter().filter(|&&port| port != sender);
        seen.extend(others.map(|&port| (port, false)));
    }
    seen
}

/// Why a claim is not judged.
enum Unseen {
    /// No capture shows it.
    Ever(String),
    /// This capture does not show it.
    Here(String),
}

/// Why the capture cannot show a claim; `None` if it can.
fn unseen(plan: &Plan, matching: &Matching<'_>, check: &Check) -> Option<Unseen> {
    let needs = |what: &str| Some(Unseen::Ever(format!("it needs {what}, which no capture has")));
    let on = |link: LinkId| {
        let name = &plan.links[link].name;
        let why = || Unseen::Here(format!("nothing of {name} is in the capture"));
        (!matching.has(link)).then(why)
    };
    // The absence of a packet proves something only if something was sent.
    let sending = |group: Option<Group>| {
        let streams = plan.acts.iter().filter_map(|act| match &act.action {
            Action::Send(stream) if group.is_none_or(|group| stream.group == group) => Some(stream),
            _ => None,
        });
        streams.into_iter().find_map(|stream| on(plan.ports[stream.port].link))
    };
    match &check.claim {
        Claim::Packet { filter, count, .. } => on(filter.link).or_else(|| {
            let needs_sources = count.min == 0 && filter.kind == PacketKind::Data;
            needs_sources.then(|| sending(filter.group))?
        }),
        Claim::Order(steps, _) => steps.iter().find_map(|step| on(step.filter.link)),
        Claim::NoneAfter(receiver, _) | Claim::Ttl(receiver, ..) => {
            let ports = &plan.nodes[receiver.node].ports;
            let links: Vec<LinkId> = ports.iter().map(|&port| plan.ports[port].link).collect();
            let missing = links.iter().find_map(|&link| on(link));
            match links.iter().any(|&link| plan.is_switched(link)) {
                true => needs("what a switch lets through"),
                false => missing.or_else(|| sending(Some(receiver.group))),
            }
        }
        Claim::Received(..) | Claim::ExactlyOnce(..) | Claim::Quality(_) | Claim::Latency(_) => {
            needs("what the receiver's socket got")
        }
        Claim::Mfc { .. } => needs("the router's forwarding cache"),
        Claim::Mdb { .. } => needs("the switch's database"),
        Claim::Command(_) => needs("what a command came to"),
        Claim::Querier(..) | Claim::Members { .. } => needs("what routers hold to be so"),
    }
}

/// When each act was done: by the user, by the capture, or as planned.
fn acts(plan: &Plan, told: &Told, timing: &Timing) -> Result<Vec<Option<Instant>>, Mismatch> {
    let known = |name: &String| plan.acts.iter().any(|act| act.label == *name);
    if let Some(name) = timing.at.keys().find(|name| !known(name)) {
        return Err(Mismatch::NoSuchAct(name.clone()));
    }
    let mut told = told.acts.clone();
    let acts = plan.acts.iter().map(|act| {
        // Acts with equal words are taken in the order of the plan.
        let position = told.iter().position(|(words, _)| *words == act.words);
        let done = position.map(|position| told.remove(position).1);
        let given = timing.at.get(&act.label).copied();
        Some(Instant::ZERO + given.or(done).unwrap_or(act.at))
    });
    Ok(acts.collect())
}

/// The contents of the comments in castnet's own captures.
#[derive(Default)]
struct Told {
    /// Time zero, since 1970.
    epoch: Option<Duration>,
    /// The acts in words, and when they were done.
    acts: Vec<(String, Duration)>,
}

impl Told {
    fn of(shots: &[CapturedFrame]) -> Self {
        let mut told = Self::default();
        for comment in shots.iter().flat_map(|shot| &shot.comments) {
            match Said::read(comment) {
                Some(Said::Zero(zero)) => told.epoch = Some(zero),
                Some(Said::Act { at, words, .. }) => told.acts.push((words, at)),
                _ => {}
            }
        }
        told
    }
}
