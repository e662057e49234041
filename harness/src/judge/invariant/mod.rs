//! The rules of every run, whatever the scenario claims.
//!
//! A rule without an occasion has held: no scenario has to make an occasion for each. If the
//! recording leaves it open whether a router is right, it is taken to be: a false accusation is
//! worse than a miss. A rule that a scenario switches off is judged nevertheless, and does not
//! count.

mod duplicate;
mod hop;
mod igmp;
mod joins;
mod unwanted;

use std::collections::BTreeMap;
use std::time::Duration;

use castnet::time::{Instant, Seconds};

use super::{Evidence, Outcome, Seen};
use crate::capture::decode::Content;
use crate::plan::PortId;
use crate::recording::Number;

pub(super) use unwanted::GRACE;

pub use crate::scenario::Invariant;

/// How many places of a violation are shown.
const SHOWN: usize = 3;

/// The result of a rule of every run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The rule.
    pub invariant: Invariant,
    /// Why it does not count in this run, if the scenario says so.
    pub off: Option<String>,
    /// Where and how it was broken, line by line; empty if it held.
    pub violations: Vec<String>,
    /// When it was broken first.
    pub at: Option<Instant>,
    /// That it was broken without the time by which it may be late, and where.
    pub by_tolerance: Option<String>,
}

impl Standing {
    /// Fail if the rule counts and was broken; Pass otherwise.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match (&self.off, self.violations.is_empty()) {
            (None, false) => Outcome::Fail,
            _ => Outcome::Pass,
        }
    }
}

/// Every sighting of each datagram, in the order of time.
type Trails<'e> = BTreeMap<Number, Vec<&'e Seen>>;

impl Evidence<'_> {
    /// The results, in the order of [`Invariant::WORDS`].
    pub(super) fn standings(&self) -> Vec<Standing> {
        let mut trails = Trails::new();
        for seen in self.seen.iter() {
            if let Content::Data(number) = seen.packet.content {
                trails.entry(number).or_default().push(seen);
            }
        }
        let standings = Invariant::WORDS.into_iter().map(|(_, invariant)| {
            let breaches = match invariant {
                Invariant::NoUnwanted => self.unwanted(&trails),
                Invariant::NoDuplicate => self.duplicates(&trails),
                Invariant::TtlByOne => self.wrong_ttls(&trails),
                Invariant::NoReturn => self.returns(&trails),
                Invariant::WellFormedIgmp => self.bad_igmp(),
            };
            let mut waivers = self.plan.waivers.iter();
            let waiver = waivers.find(|waiver| waiver.invariant == invariant);
            let off = waiver.map(|waiver| waiver.because.clone());
            let at = breaches.first().map(|breach| breach.first.at);
            let causes = breaches.first().map(|breach| self.causes_of_breach(breach.first));
            let mut violations = causes.unwrap_or_default();
            violations.extend(self.lines(&breaches));
            let by_tolerance = match (invariant, violations.is_empty()) {
                (Invariant::NoUnwanted, true) => self.unwanted_without_grace(&trails),
                _ => None,
            };
            Standing { invariant, off, violations, at, by_tolerance }
        });
        standings.collect()
    }

    /// What a router sent that nobody wanted any more, within the tolerance and the grace.
    fn unwanted_without_grace(&self, trails: &Trails<'_>) -> Option<String> {
        let strictly = Self { tolerance: Duration::ZERO, grace: Duration::ZERO, ..self.clone() };
        let breaches = strictly.unwanted(trails);
        let Breach { what, last, .. } = breaches.first()?;
        let (port, at) = (self.plan.port_name(last.port), last.at);
        let may = Seconds(self.tolerance + self.grace, 3);
        Some(format!(
            "by the {may} that a router may be late; without them {port} {what} until {at}"
        ))
    }

    fn lines(&self, breaches: &[Breach<'_>]) -> Vec<String> {
        let mut lines = Vec::new();
        for breach in breaches.iter().take(SHOWN) {
            let Breach { what, first, last, count, why } = breach;
            let port = self.plan.port_name(first.port);
            lines.push(match count {
                1 => format!("{port} {what} at {}", first.at),
                _ => format!("{port} {what}, {count} times from {} to {}", first.at, last.at),
            });
            lines.push(format!("the first one is {}", self.describe(first).trim_start()));
            lines.extend(why.iter().cloned());
            if let Content::Data(number) = first.packet.content {
                lines.extend(self.ledger(number));
            }
        }
        if let more @ 1.. = breaches.len().saturating_sub(SHOWN) {
            let places = if more == 1 { "place" } else { "places" };
            lines.push(format!("and the same at {more} more {places}"));
        }
        lines
    }

    /// Where the datagram had come into the router of this port by then.
    fn arrivals<'e>(
        &self,
        trail: &[&'e Seen],
        out: PortId,
        until: Instant,
    ) -> impl Iterator<Item = &'e Seen> {
        let ports = &self.plan.nodes[self.plan.ports[out].node].ports;
        trail
            .iter()
            .copied()
            .filter(move |seen| !seen.outgoing && seen.at <= until && ports.contains(&seen.port))
    }
}

/// A rule broken at one port, once or again and again.
struct Breach<'e> {
    /// What the port did, without its name.
    what: String,
    first: &'e Seen,
    last: &'e Seen,
    count: usize,
    why: Vec<String>,
}

/// Breaches of one kind at one place are one; a key distinguishes the places.
struct Breaches<'e, K>(BTreeMap<K, Breach<'e>>);

impl<'e, K: Ord> Breaches<'e, K> {
    const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Counts a breach; `tell` describes it, and is called only for the first.
    fn add(&mut self, key: K, seen: &'e Seen, tell: impl FnOnce() -> (String, Vec<String>)) {
        let breach = self.0.entry(key).or_insert_with(|| {
            let (what, why) = tell();
            Breach { what, first: seen, last: seen, count: 0, why }
        });
        breach.count += 1;
        breach.first = std::cmp::min_by_key(breach.first, seen, |seen| seen.at);
        breach.last = std::cmp::max_by_key(breach.last, seen, |seen| seen.at);
    }

    /// In the order of their beginnings.
    fn in_order(self) -> Vec<Breach<'e>> {
        let mut breaches: Vec<_> = self.0.into_values().collect();
        breaches.sort_by_key(|breach| breach.first.at);
        breaches
    }
}
