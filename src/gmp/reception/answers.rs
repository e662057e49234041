//! Answers to Queries: when they are due, and which sources they are about.
//!
//! Owns RFC 9776 section 5.2 and RFC 9777 sections 6.2 and 6.3.

use std::collections::BTreeMap;

use super::*;
use crate::gmp::change::Sources;

/// The sources that were asked for of each group with a pending answer; empty for the whole group.
#[derive(Clone, Debug)]
pub(super) struct Answers(BTreeMap<Group, Sources>);

impl Answers {
    pub(super) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Reception {
    /// Ensures that what the Query asks for is answered within its Max Response Time.
    pub(super) fn plan_answer(&mut self, cx: &mut Cx<'_>, query: &Query) {
        // RFC3376-5.2-02: only if there is something to report.
        let has_state = match query.group {
            Some(group) => self.wishes.contains_key(&group) && is_reported(group),
            None => self.wishes.keys().any(|&group| is_reported(group)),
        };
        if !has_state {
            return;
        }
        let at = cx.now + cx.rng.delay(query.granted()); // RFC3376-5.2-01
        // RFC3376-5.2-03: an answer to a General Query that comes sooner covers everything.
        if self.timers.expiry(ReceptionTimer::General).is_some_and(|due| due <= at) {
            return;
        }
        match query.group {
            None => self.timers.set(ReceptionTimer::General, at), // RFC3376-5.2-04
            Some(group) => self.plan_answer_of(group, &query.sources, at),
        }
    }

    fn plan_answer_of(&mut self, group: Group, sources: &Sources, at: Instant) {
        let timer = ReceptionTimer::Group(group);
        let Some(due) = self.timers.expiry(timer) else {
            self.answers.0.insert(group, sources.clone()); // RFC3376-5.2-05
            return self.timers.set(timer, at);
        };
        let asked = self.answers.0.entry(group).or_default();
        if sources.is_empty() || asked.is_empty() {
            asked.clear(); // RFC3376-5.2-06
        } else {
            asked.extend(sources); // RFC3376-5.2-07
        }
        self.timers.set(timer, due.min(at));
    }

    /// Answers a General Query: one record for each group (RFC3376-5.2-08).
    pub(super) fn answer_all(&self, cx: &mut Cx<'_>) {
        let records = self.wishes.iter().filter(|(group, _)| is_reported(**group));
        let records = records.map(|(&group, wishes)| (group, self.current(wishes.merged())));
        self.say(cx, records.collect());
    }

    /// Answers a Query for a group, or for sources of it (RFC3376-5.2-10, RFC3376-5.2-11).
    pub(super) fn answer(&mut self, cx: &mut Cx<'_>, group: Group) {
        let asked = self.answers.0.remove(&group).unwrap_or_default();
        let now = self.filter(group);
        if now.is_nothing() {
            return;
        }
        let record = if asked.is_empty() {
            self.current(now)
        } else {
            let wanted: Sources = asked.into_iter().filter(|&source| now.wants(source)).collect();
            if wanted.is_empty() {
                return;
            }
            self.current(SourceFilter::Include(wanted))
        };
        self.say(cx, vec![(group, record)]);
    }

    /// The Current-State record of a state; a lightweight host has the words of a change for it
    /// (RFC5790-4.4-01).
    fn current(&self, filter: SourceFilter) -> Record {
        match (filter, self.params.lightweight) {
            (SourceFilter::Include(sources), false) => Record::IsIn(sources),
            (SourceFilter::Exclude(sources), false) => Record::IsEx(sources),
            (SourceFilter::Include(sources), true) => Record::Allow(sources),
            (SourceFilter::Exclude(sources), true) => Record::ToEx(sources),
        }
    }
}
