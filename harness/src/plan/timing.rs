//! When the run ends, and which expectations could never be judged by then.
//!
//! Computed from the times that acts are planned for; the judge counts from when they were done.

use std::time::Duration;

use castnet::time::Instant;

use super::arithmetic::{Count, Length, Moment};
use super::{Act, Action, Check, Claim, Place, Quality, When, Window};
use crate::scenario::diagnostic::{Diagnostics, Span};
use crate::scenario::{Expectation, LONGEST, Scenario};

/// A scenario, as much of it as is sound.
pub(super) struct Timing<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) acts: &'a [Act],
    /// Each with its expectation.
    pub(super) checks: &'a [(&'a Expectation, Check)],
    pub(super) tolerance: Duration,
    /// Whether all acts and expectations could be read: otherwise only the scenario itself can say
    /// when the run ends.
    pub(super) is_whole: bool,
}

impl Timing<'_> {
    /// The time when all acts are done and all checks can be judged, unless the scenario gives an
    /// end.
    pub(super) fn end(&self, faults: &mut Diagnostics) -> Duration {
        for (expectation, check) in self.checks {
            self.check_times(check, &expectation.span, faults);
        }
        let act_ends = self.acts.iter().map(|act| match &act.action {
            Action::Send(stream) => act.at + stream.during.unwrap_or_default(),
            _ => act.at,
        });
        let check_ends = self.checks.iter().filter_map(|(_, check)| self.judged_at(check));
        let needed = act_ends.chain(check_ends).max().unwrap_or_default();
        let end = self.scenario.end.as_ref().map_or(needed, |end| end.value);
        if let Some(written) = self.scenario.end.as_ref().filter(|end| end.value < needed) {
            let label = format!("{} are needed", humantime::format_duration(needed));
            let message = "the run ends before everything can be judged";
            let help = "without `end` it lasts as long as is needed";
            faults.error_with_help(&written.span, message, label, help);
        }
        if self.is_whole || self.scenario.end.is_some() {
            self.check_end(end, faults);
        }
        end
    }

    /// Reports acts and checks that the run ends too early for.
    fn check_end(&self, end: Duration, faults: &mut Diagnostics) {
        for fault in self.scenario.faults.iter().filter(|fault| fault.after >= end) {
            let label = format!("the run ends at {}", humantime::format_duration(end));
            faults.error(&fault.span, "this fault never strikes", label);
        }
        for (expectation, check) in self.checks {
            if let Some((window, _)) = window(check)
                && window.length.is_none()
                && self.planned(&window.from) + self.tolerance >= end
            {
                faults.error_with_help(
                    &expectation.span,
                    "this can never be judged",
                    "it begins when the run ends",
                    "give it a length with `within` or `for`, or let the run last with `end`",
                );
            }
        }
    }

    fn check_times(&self, check: &Check, span: &Span, faults: &mut Diagnostics) {
        let from = match (moment(check), window(check)) {
            (Some(at), _) => at,
            (None, Some((window, _))) => &window.from,
            (None, None) => return,
        };
        let anchor = from.anchor.as_ref().and_then(|(act, _)| self.acts.get(*act));
        let anchor = anchor.map_or(Instant::ZERO, |act| Instant::ZERO + act.at);
        if from.is_before_start(anchor) {
            let message = format!("`{}` is before the run begins", from.text);
            let label = match &from.anchor {
                Some((_, name)) => format!("{name} is at {anchor}"),
                None => "the run begins at 0".to_owned(),
            };
            faults.error(span, message, label);
        }
        if self.judged_at(check).is_some_and(|at| at > LONGEST) {
            faults.error(span, "a scenario lasts at most a day", "this can be judged only later");
        }
        // An event that must have ceased may cease a tolerance late, and is judged only then.
        if let Some((Window { from, length: Some(length) }, true)) = window(check)
            && (Place::of(from, self.acts).is_between() || is_state(check))
            && length.duration() <= self.tolerance
        {
            let tolerance = humantime::format_duration(self.tolerance);
            faults.error_with_help(
                span,
                "nothing would be looked at",
                format!("`{}` is not longer than the tolerance, {tolerance}", length.text),
                "give it more time, or set a smaller `tolerance`",
            );
        }
    }

    /// When a check can be judged; `None` if it goes on until the run ends.
    fn judged_at(&self, check: &Check) -> Option<Duration> {
        // One tolerance for the act that it counts from, one for its own end; and sent frames must
        // arrive.
        let under_way: Duration = self.scenario.links.iter().map(|link| link.pace.delay).sum();
        let late = self.tolerance * 2 + under_way;
        if let Some(at) = moment(check) {
            return Some(self.planned(at) + late);
        }
        if let Claim::Latency(latency) = &check.claim {
            let longest = latency.max.as_ref().or(latency.min.as_ref()).map(Length::duration);
            return Some(self.acts.get(latency.act)?.at + longest.unwrap_or_default() + late);
        }
        let (window, _) = window(check)?;
        // An outage of the window may last beyond it.
        let late = late + check.claim.longest_outage().unwrap_or_default();
        Some(self.planned(&window.from) + window.length.as_ref()?.duration() + late)
    }

    fn planned(&self, moment: &Moment) -> Duration {
        moment.planned(self.acts)
    }
}

/// The window of a check, and whether it limits what may happen in it.
fn window(check: &Check) -> Option<(&Window, bool)> {
    let limits = |count: &Count| count.max.is_some();
    match &check.claim {
        Claim::Packet { window, count, .. } => Some((window, limits(count))),
        Claim::Order(_, window) => Some((window, false)),
        Claim::Received(_, count, window) => Some((window, limits(count))),
        Claim::ExactlyOnce(_, window)
        | Claim::Ttl(_, _, window)
        | Claim::Quality(Quality { window, .. }) => Some((window, false)),
        Claim::NoneAfter(_, window) => Some((window, true)),
        Claim::Querier(_, When::Throughout(window)) => Some((window, true)),
        Claim::Command(command) => Some((&command.window, false)),
        Claim::Mfc { .. }
        | Claim::Mdb { .. }
        | Claim::Latency(_)
        | Claim::Querier(_, When::At(_))
        | Claim::Members { .. } => None,
    }
}

/// Whether the check is about a state all the time, which may begin a tolerance late.
const fn is_state(check: &Check) -> bool {
    matches!(check.claim, Claim::Querier(_, When::Throughout(_)))
}

/// The moment of a check that has one.
fn moment(check: &Check) -> Option<&Moment> {
    match &check.claim {
        Claim::Mfc { at, .. }
        | Claim::Mdb { at, .. }
        | Claim::Querier(_, When::At(at))
        | Claim::Members { at, .. } => Some(at),
        _ => None,
    }
}
