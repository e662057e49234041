//! What castnetd remembers for those who ask: the last lines of its log, the last refusals, counts of
//! events, and events for who monitors.
//!
//! Everything here is bounded, because a stranger can cause an event with every packet.

use std::collections::{BTreeMap, VecDeque};

use super::shown::{Level, Line, Told, Topic};
use crate::addr::{Family, Group};
use crate::daemon::log::{Kind, words};
use crate::event::Event;
use crate::gmp::News;
use crate::ignored::Ignored;
use crate::mfc::upcall::UpcallKind;
use crate::mfc::vif::Vif;
use crate::time::Instant;

/// The lines that are kept.
const LINES: usize = 500;

/// The characters of a line that are kept.
const LONGEST_LINE: usize = 500;

/// The events that wait between two turns of the loop.
const EVENTS: usize = 4096;

/// The groups whose last refusal is kept.
const REFUSALS: usize = 1024;

/// The kinds of events that are counted: the kinds on all interfaces of both families are fewer.
const KINDS: usize = 4096;

/// The memory of castnetd.
#[derive(Debug, Default)]
pub struct Journal {
    lines: VecDeque<(Instant, Level, String)>,
    events: VecDeque<Told>,
    /// Events that were left out since the last one that is there.
    lost: u64,
    /// Whether somebody monitors.
    pub(super) is_heard: bool,
    refusals: BTreeMap<Group, (Instant, String, Ignored)>,
    counts: BTreeMap<Counted, u64>,
    reloads: [u64; 2],
}

/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    /// Upcalls of this kind.
    Upcall(Family, &'static str),
    /// Packets that an interface ignored for this kind of reason.
    Ignored(Family, String, String),
    /// Flows to whose source no route led.
    NoRoute(Family),
    /// What the kernel refused, or delivered and cannot be used.
    Refused(Family),
}

impl Journal {
    /// Takes an event of the family's router.
    pub fn event(
        &mut self,
        now: Instant,
        family: Family,
        event: &Event,
        name: impl Fn(Vif) -> String,
    ) {
        if let Some(counted) = counted(family, event, &name)
            && (self.counts.len() < KINDS || self.counts.contains_key(&counted))
        {
            *self.counts.entry(counted).or_default() += 1;
        }
        if let Event::Ignored(vif, why) = event
            && let Some(group) = limited(why)
            && (self.refusals.len() < REFUSALS || self.refusals.contains_key(&group))
        {
            self.refusals.insert(group, (now, name(*vif), why.clone()));
        }
        if !self.is_heard {
            return;
        }
        if self.events.len() >= EVENTS {
            self.lost += 1;
            return;
        }
        self.events.push_back(Told {
            at_s: now.since_start().as_secs_f64(),
            topic: topic(event),
            family,
            group: event.group(),
            text: words(now, event, name),
            lost: std::mem::take(&mut self.lost),
        });
    }

    /// Takes a line of the log.
    pub fn line(&mut self, now: Instant, level: Level, text: &str) {
        if self.lines.len() >= LINES {
            self.lines.pop_front();
        }
        self.lines.push_back((now, level, text.chars().take(LONGEST_LINE).collect()));
    }

    /// Counts a reload of the configuration.
    pub fn reloaded(&mut self, taken: bool) {
        self.reloads[usize::from(taken)] += 1;
    }

    /// How many reloads were refused, and how many were taken.
    #[must_use]
    pub const fn reloads(&self) -> [u64; 2] {
        self.reloads
    }

    /// The last lines of the log.
    #[must_use]
    pub fn lines(&self, now: Instant) -> Vec<Line> {
        let lines = self.lines.iter().map(|(at, level, text)| Line {
            ago_s: now.since(*at).as_secs_f64(),
            level: *level,
            text: text.clone(),
        });
        lines.collect()
    }

    /// The counts.
    #[must_use]
    pub const fn counts(&self) -> &BTreeMap<Counted, u64> {
        &self.counts
    }

    /// The last time that a limit kept out the group or a flow of it: when, on which interface, and
    /// which limit.
    #[must_use]
    pub fn refusal(&self, group: Group) -> Option<&(Instant, String, Ignored)> {
        self.refusals.get(&group)
    }

    /// The next event for who monitors.
    pub(super) fn next_event(&mut self) -> Option<Told> {
        self.events.pop_front()
    }
}

fn counted(family: Family, event: &Event, name: impl Fn(Vif) -> String) -> Option<Counted> {
    Some(match event {
        Event::Upcall(upcall) => Counted::Upcall(
            family,
            match upcall.kind {
                UpcallKind::NoCache => "nocache",
                UpcallKind::WrongVif => "wrongvif",
                UpcallKind::WholePacket => "wholepkt",
            },
        ),
        Event::Ignored(vif, _) => {
            Counted::Ignored(family, name(*vif), Kind::of(family, event).name().to_owned())
        }
        Event::NoRoute(_) => Counted::NoRoute(family),
        Event::Refused(_) | Event::Unusable(_) => Counted::Refused(family),
        _ => return None,
    })
}

/// The group that a limit keeps out.
const fn limited(why: &Ignored) -> Option<Group> {
    match why {
        Ignored::TooManyGroups { group, .. }
        | Ignored::TooManySources { group, .. }
        | Ignored::TooManyFlows { group, .. } => Some(*group),
        _ => None,
    }
}

const fn topic(event: &Event) -> Topic {
    match event {
        Event::Gmp(_, News::Querier(_) | News::OtherVersion(_)) => Topic::Queriers,
        Event::Gmp(..) | Event::Pim(..) | Event::Upstream(..) => Topic::Groups,
        Event::Link { .. } => Topic::Interfaces,
        Event::Upcall(_) | Event::NoRoute(_) => Topic::Upcalls,
        Event::Forwarding(_) | Event::Idle(_) => Topic::Routes,
        Event::Configured | Event::NotConfigured(_) => Topic::Config,
        Event::Ignored(..) | Event::Refused(_) | Event::Unusable(_) => Topic::Refusals,
    }
}
