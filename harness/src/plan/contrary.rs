//! Refuses expectations that count the same things and contradict each other: at least so many in a part
//! of a time in which another one wants fewer, and sums over several times that cannot be.
//!
//! The tolerance would let both pass for a packet that is a little late, since it makes each
//! window longer or shorter in favour of its claim. Claims about states and measured lengths have no
//! tolerance, so that the judge finds one of two false.

use std::collections::BTreeMap;
use std::time::Duration;

use super::arithmetic::Length;
use super::planned::Planned;
use super::{Check, Claim, Filter, Latency, Receiver};
use crate::scenario::diagnostic::Diagnostics;
use crate::scenario::{Expectation, Source};
use crate::vocabulary::field::PacketField;

/// What is counted.
#[derive(Clone, Copy)]
enum Counted<'a> {
    /// Packets on a link.
    Packets(&'a Filter),
    /// Datagrams at the receiver's socket.
    Received(&'a Receiver),
    /// Datagrams at the receiver's interface, where each one passes before the socket has it.
    Arrived(&'a Receiver),
}

/// How many there must be in a time, by plan.
#[derive(Clone, Copy)]
struct Bound<'a> {
    what: Counted<'a>,
    min: u32,
    max: Option<u32>,
    from: Duration,
    to: Duration,
}

impl Bound<'_> {
    /// Whether all that is counted here is counted there too.
    fn is_within(&self, there: &Self) -> bool {
        let is_counted = match (self.what, there.what) {
            (Counted::Packets(here), Counted::Packets(there)) => is_part(here, there),
            (Counted::Received(here), Counted::Received(there) | Counted::Arrived(there))
            | (Counted::Arrived(here), Counted::Arrived(there)) => is_of(here, there),
            _ => false,
        };
        is_counted && there.from <= self.from && self.to <= there.to
    }
}

impl Planned<'_> {
    /// Refuses each expectation that an earlier one contradicts, at its place.
    pub(super) fn contradictions(
        &self,
        checks: &[(&Expectation, Check)],
        source: &Source,
        faults: &mut Diagnostics,
    ) {
        let bounds = checks.iter().map(|(_, check)| self.bounds(&check.claim)).enumerate();
        let bounds = bounds.flat_map(|(nth, bounds)| bounds.into_iter().map(move |it| (nth, it)));
        let bounds: Vec<(usize, Bound<'_>)> = bounds.collect();
        let least = bounds.iter().filter(|(_, bound)| bound.min > 0);
        let mut most: Vec<_> =
            bounds.iter().filter_map(|(nth, bound)| Some((bound.max?, *nth, bound))).collect();
        most.sort_by_key(|(max, nth, _)| (*max, *nth));
        // By the later expectation, the first earlier one.
        let mut wrong = BTreeMap::new();
        for (nth, bound) in least {
            for (max, other, there) in most.iter().take_while(|(max, ..)| bound.min > *max) {
                if nth != other && bound.is_within(there) {
                    let earlier = (*nth.min(other), nth > other, bound.min, *max);
                    let known = wrong.entry(*nth.max(other)).or_insert(earlier);
                    *known = earlier.min(*known);
                }
            }
        }
        for (later, (earlier, is_lower, min, max)) in wrong {
            let least = format!("at least {min}");
            let most = match max {
                0 => "none".to_owned(),
                max => format!("at most {max}"),
            };
            let (here, there) = if is_lower { (least, most) } else { (most, least) };
            let message = "of two expectations that contradict each other one is false";
            let line = source.line(checks[earlier].0.span.start);
            let label =
                format!("{here} by this one, and {there} by that of line {line} in that time");
            let help = "a change that comes at an edge needs some time between the two windows";
            faults.error_with_help(&checks[later].0.span, message, label, help);
        }
        if faults.is_empty()
            && let Some(sum) = contrary_sum(&bounds)
        {
            let lines = |of: &[usize]| {
                let lines: Vec<String> = of
                    .iter()
                    .map(|&nth| source.line(checks[nth].0.span.start).to_string())
                    .collect();
                match lines.as_slice() {
                    [line] => format!("that of line {line}"),
                    lines => format!("those of lines {}", lines.join(" and ")),
                }
            };
            let (least, most) = (lines(&sum.least), lines(&sum.most));
            let all = sum.least.iter().chain(&sum.most).copied();
            let last = all.max().unwrap_or_default();
            let label = format!(
                "at least {} in all by {least}, and at most {} by {most} in that time",
                sum.min, sum.max
            );
            let message = "of expectations whose sums contradict each other one is false";
            let help = "count what is in one time once";
            faults.error_with_help(&checks[last].0.span, message, label, help);
        }
    }

    /// What a claim says about numbers.
    fn bounds<'a>(&self, claim: &'a Claim) -> Vec<Bound<'a>> {
        let bound = |what, min, max, window| {
            let (from, to) = self.planned(window);
            Bound { what, min, max, from, to }
        };
        match claim {
            Claim::Packet { filter, count, window, .. } => {
                vec![bound(Counted::Packets(filter), count.min, count.max, window)]
            }
            Claim::Order(steps, window) => {
                let each = |filter| bound(Counted::Packets(filter), 1, None, window);
                steps.iter().map(|step| each(&step.filter)).collect()
            }
            Claim::Received(receiver, count, window) => {
                vec![bound(Counted::Received(receiver), count.min, count.max, window)]
            }
            Claim::NoneAfter(receiver, window) => {
                vec![bound(Counted::Arrived(receiver), 0, Some(0), window)]
            }
            Claim::Latency(latency) if !latency.from_wire => self.of_latency(latency),
            _ => Vec::new(),
        }
    }

    /// A join has its first datagram from its lower limit on and up to its upper limit; a leave its last
    /// one.
    fn of_latency<'a>(&self, latency: &'a Latency) -> Vec<Bound<'a>> {
        let (act, until) = (self.acts[latency.act].at, self.until(latency));
        let after = |limit: &Length| act.saturating_add(limit.duration());
        let what = match latency.is_join {
            true => Counted::Received(&latency.receiver),
            false => Counted::Arrived(&latency.receiver),
        };
        let some = |from, to| Bound { what, min: 1, max: None, from, to };
        let none = |from, to| Bound { what, min: 0, max: Some(0), from, to };
        let (min, max) = (latency.min.as_ref().map(after), latency.max.as_ref().map(after));
        match latency.is_join {
            true => min
                .map(|min| none(act, min))
                .into_iter()
                .chain(max.map(|max| some(act, max)))
                .collect(),
            false => min
                .filter(|min| *min > act)
                .map(|min| some(min, until))
                .into_iter()
                .chain(max.map(|max| none(max, until)))
                .collect(),
        }
    }
}

/// Sums of counts that contradict each other, and the expectations that make them.
struct ContrarySum {
    least: Vec<usize>,
    min: u64,
    most: Vec<usize>,
    max: u64,
}

/// The first contradiction that several expectations make only together.
fn contrary_sum(bounds: &[(usize, Bound<'_>)]) -> Option<ContrarySum> {
    bounds.iter().find_map(|(nth, bound)| {
        let upper = bound.max.map(u64::from).and_then(|max| {
            let (least, min) = most_apart(bounds, bound);
            (min > max).then(|| ContrarySum { least, min, most: vec![*nth], max })
        });
        upper.or_else(|| {
            let (min, (most, max)) = (u64::from(bound.min), fewest_over(bounds, bound)?);
            (min > max).then(|| ContrarySum { least: vec![*nth], min, most, max })
        })
    })
}

/// The most that is wanted in times of `whole` that do not overlap, and by which expectations.
fn most_apart(bounds: &[(usize, Bound<'_>)], whole: &Bound<'_>) -> (Vec<usize>, u64) {
    let mut parts: Vec<_> =
        bounds.iter().filter(|(_, part)| part.min > 0 && part.is_within(whole)).collect();
    parts.sort_by_key(|(_, part)| part.to);
    // By the end of the time, in its order: the most up to there.
    let mut best: Vec<(Duration, Vec<usize>, u64)> = vec![(Duration::ZERO, Vec::new(), 0)];
    for (nth, part) in parts {
        let before = best.partition_point(|(to, ..)| *to <= part.from).saturating_sub(1);
        let (_, before, wanted) = &best[before];
        let with = wanted.saturating_add(part.min.into());
        if best.last().is_some_and(|(.., most)| with > *most) {
            let by = before.iter().copied().chain([*nth]).collect();
            best.push((part.to, by, with));
        }
    }
    best.pop().map(|(_, by, most)| (by, most)).unwrap_or_default()
}

/// The fewest that are allowed by times that together cover all of `whole`, and by which expectations;
/// `None` if nothing covers it.
fn fewest_over(bounds: &[(usize, Bound<'_>)], whole: &Bound<'_>) -> Option<(Vec<usize>, u64)> {
    let covers = |over: &Bound<'_>| {
        let (from, to) = (over.from.max(whole.from), over.to.min(whole.to));
        let part = Bound { from, to, ..*whole };
        from < to && part.is_within(over)
    };
    let mut over: Vec<_> = bounds
        .iter()
        .filter_map(|(nth, over)| Some((*nth, over.max?, *over)))
        .filter(|(.., over)| covers(over))
        .collect();
    over.sort_by_key(|(.., over)| over.to);
    let mut reached: Vec<(Duration, Vec<usize>, u64)> = vec![(whole.from, Vec::new(), 0)];
    for (nth, max, over) in over {
        let known = reached.iter().filter(|(to, ..)| over.from <= *to);
        if let Some((_, by, most)) = known.min_by_key(|(.., most)| *most) {
            let by = by.iter().copied().chain([nth]).collect();
            reached.push((over.to, by, most.saturating_add(max.into())));
        }
    }
    let whole = reached.into_iter().filter(|(to, ..)| whole.to <= *to);
    whole.min_by_key(|(.., most)| *most).map(|(_, by, most)| (by, most))
}

/// Whether each packet of this filter is one of that filter.
fn is_part(here: &Filter, there: &Filter) -> bool {
    // A message with a wrong checksum is none of those for which no wrong one is asked.
    let checksum = |filter: &Filter| filter.wants(PacketField::GoodChecksum).cloned();
    here.link == there.link
        && there.kind.includes(here.kind)
        && there.group.is_none_or(|group| here.group == Some(group))
        && there.from.is_none_or(|from| here.from == Some(from))
        && there.fields.iter().all(|field| here.fields.contains(field))
        && checksum(here) == checksum(there)
}

/// Whether each datagram for this receiver is one for that receiver.
fn is_of(here: &Receiver, there: &Receiver) -> bool {
    here.node == there.node
        && here.group == there.group
        && there.sources.as_ref().is_none_or(|all| {
            let some = here.sources.as_ref();
            some.is_some_and(|some| some.iter().all(|source| all.contains(source)))
        })
}
