//! What is logged of a router's events, and how often.
//!
//! A stranger can cause an event with every packet. So of each kind of event on an interface only some
//! lines are written in a while; the others are counted, and told as a number.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::addr::Family;
use crate::event::Event;
use crate::gmp::News;
use crate::mfc::vif::Vif;
use crate::time::{Instant, Seconds};

/// The lines of a kind that are written in a [`WINDOW`].
const LINES: u32 = 100;

/// How long the lines of a kind are counted together.
pub const WINDOW: Duration = Duration::from_secs(10);

/// How much an event matters to an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Something is wrong, or may be an attack.
    Warning,
    /// The state of group management changed.
    News,
    /// What every packet may cause.
    Detail,
}

/// How much the event matters.
#[must_use]
pub fn weight(event: &Event) -> Weight {
    match event {
        Event::NoRoute(_) | Event::NotConfigured(_) | Event::Refused(_) | Event::Unusable(_) => {
            Weight::Warning
        }
        Event::Ignored(_, why) if why.is_refusal() => Weight::Warning,
        Event::Gmp(_, News::OtherVersion(_) | News::NewerHost(_)) => Weight::Warning,
        Event::Gmp(..) | Event::Link { .. } | Event::Upstream(..) => Weight::News,
        _ => Weight::Detail,
    }
}

/// The event in words, with times as an operator counts them: from now on.
#[must_use]
pub fn words(now: Instant, event: &Event, name: impl Fn(Vif) -> String) -> String {
    match event {
        Event::Gmp(vif, News::CheckingMembership(group, until)) => {
            let left = Seconds(until.since(now), 3);
            format!("{}: checking membership of {group} for {left}", name(*vif))
        }
        other => other.describe(name),
    }
}

/// Events that are alike: those of one kind on one interface.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    family: Family,
    vif: Option<Vif>,
    name: String,
}

impl Kind {
    /// The kind of an event of the family's router.
    #[must_use]
    pub fn of(family: Family, event: &Event) -> Self {
        // The names of variants tell kinds apart; what they hold is one event's own.
        let (vif, text) = match event {
            Event::Gmp(vif, news) => (Some(*vif), format!("{news:?}")),
            Event::Ignored(vif, why) => (Some(*vif), format!("{why:?}")),
            Event::Link { vif, .. } => (Some(*vif), "Link".to_owned()),
            other => (None, format!("{other:?}")),
        };
        let ends = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
        Self { family, vif, name: text[..ends].to_owned() }
    }

    /// The name of the kind, as the code has it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Counts what happens, and says what is written of it.
#[derive(Debug, Default)]
pub struct Limiter(BTreeMap<Kind, Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// When the present window ends.
    ends: Instant,
    /// In this window.
    written: u32,
    /// Since the last line.
    held: u64,
    all: u64,
    /// One of those that were held, in words.
    example: String,
}

/// Events that were not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// How many.
    pub count: u64,
    /// How many there were of this kind since the start, written or not.
    pub all: u64,
    /// The last one of them, in words.
    pub example: String,
}

impl Limiter {
    /// Counts an event, and returns its words if they are to be written.
    pub fn line(
        &mut self,
        now: Instant,
        kind: Kind,
        words: impl FnOnce() -> String,
    ) -> Option<String> {
        let seen = self.0.entry(kind).or_default();
        seen.all += 1;
        if now >= seen.ends {
            (seen.ends, seen.written) = (now + WINDOW, 0);
        }
        // What was held is told before anything of its kind is written again.
        if seen.written < LINES && seen.held == 0 {
            seen.written += 1;
            return Some(words());
        }
        seen.held += 1;
        // Words cost more than counting; one example in a window is enough.
        if seen.held == 1 {
            seen.example = words();
        }
        None
    }

    /// What was held and is to be told now: that of windows that have ended, or all of it at the end.
    pub fn held(&mut self, now: Option<Instant>) -> Vec<Held> {
        let is_due = |seen: &&mut Seen| seen.held > 0 && now.is_none_or(|now| now >= seen.ends);
        let due = self.0.values_mut().filter(is_due);
        due.map(|seen| {
            let (count, example) = (seen.held, std::mem::take(&mut seen.example));
            seen.held = 0;
            Held { count, all: seen.all, example }
        })
        .collect()
    }
}

#[cfg(test)]
mod tests;
