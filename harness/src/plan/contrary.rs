//! Refuses two expectations that count the same things in one time and contradict each other: at
//! least so many in a part of a time in which the other one wants fewer.
//!
//! The tolerance would let both pass for a packet that is a little late, since it makes each
//! window longer or shorter in favour of its claim. Claims about states and measured lengths have no
//! tolerance, so that the judge finds one of two false.

use std::collections::BTreeMap;
use std::time::Duration;

use super::arithmetic::Length;
use super::limits::Limits;
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

impl Limits<'_> {
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
