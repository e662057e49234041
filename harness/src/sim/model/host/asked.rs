//! What a Query does to a host: which version the host speaks, and which Reports answer.
//!
//! Owns the compatibility with older queriers, and the delays of the answers. In version 3 one
//! Report for all groups answers a General Query; in older versions each group answers by itself.

use std::time::Duration;

use castnet::rng::Rng;
use castnet::time::Instant;
use castnet::wire::igmp::Version;
use castnet::wire::v3::QueryPart;

use super::super::jiffies::{below, jiffies, ticks};
use super::heard::Asked;
use super::rules::{QUERY_INTERVAL, QUERY_RESPONSE_INTERVAL, ROBUSTNESS};
use super::{AT_LEAST, Host, HostInet, small};

impl<A: HostInet> Host<A> {
    /// A Query of any version came in. Returns the earliest deadline that it set.
    pub(super) fn heard_query(
        &mut self,
        now: Instant,
        query: &Asked<A>,
        rng: &mut Rng,
    ) -> Option<Instant> {
        let granted = ticks(query.granted).max(1);
        match (&query.part, self.version(now)) {
            (None, _) => self.heard_older_query(now, query, rng),
            (Some(_), Version::V1) => self.ask(now, None, &[], ticks(QUERY_RESPONSE_INTERVAL), rng),
            (Some(_), Version::V2) => {
                self.ask(now, query.group, &[], ticks(query.granted_in_v2).max(1), rng)
            }
            (Some(part), Version::V3) => {
                self.learn(part, query);
                match query.group {
                    Some(_) => self.ask(now, query.group, &part.sources, granted, rng),
                    // A General Query has no sources.
                    None if !part.sources.is_empty() => None,
                    None => self.plan_answer(now, granted, rng),
                }
            }
        }
    }

    /// A version 1 or 2 Query: it cancels pending version 3 Reports for as long as its querier
    /// counts as present.
    fn heard_older_query(
        &mut self,
        now: Instant,
        query: &Asked<A>,
        rng: &mut Rng,
    ) -> Option<Instant> {
        if self.forced.is_some() && self.forced == A::RULES.deaf_to_older {
            return None;
        }
        let interval = ticks(Duration::from_secs(self.query_interval.into()));
        let present =
            u64::from(self.robustness) * interval + u64::from(self.query_response_interval);
        let until = jiffies(now) + present;
        self.changes = 0;
        self.change.stop();
        self.left.clear();
        let filters = self.members.iter_mut().filter_map(|member| member.filter.as_mut());
        filters.for_each(|filter| filter.forget_gone());
        if query.version == Version::V1 {
            self.v1_until = until;
            self.ask(now, None, &[], ticks(QUERY_RESPONSE_INTERVAL), rng)
        } else {
            self.v2_until = until;
            // Only MLD has a Query of this version that grants no time.
            self.ask(now, query.group, &[], ticks(query.granted_in_v2).max(1), rng)
        }
    }

    /// Adopts the Robustness Variable and the intervals of a version 3 querier.
    fn learn(&mut self, part: &QueryPart<A>, query: &Asked<A>) {
        let rules = A::RULES;
        let (own_robustness, own_interval) = match rules.zero_means_own {
            true => (ROBUSTNESS, QUERY_INTERVAL),
            false => (self.robustness, 0),
        };
        let told = if part.robustness == 0 { own_robustness } else { part.robustness };
        self.robustness = told.max(rules.least_robustness);
        self.query_interval = match u32::try_from(part.interval().as_secs()).unwrap_or(u32::MAX) {
            0 => own_interval,
            told => told,
        };
        let interval = small(Duration::from_secs(self.query_interval.into()));
        if rules.learns_response {
            self.query_response_interval = small(query.granted);
        } else if self.query_response_interval >= interval {
            self.query_response_interval = interval - small(Duration::from_secs(1));
        }
    }

    /// Schedules one Report for all groups, within `granted` ticks.
    fn plan_answer(&mut self, now: Instant, granted: u64, rng: &mut Rng) -> Option<Instant> {
        let drawn = below(granted, rng) + AT_LEAST;
        if A::RULES.draws_anew || self.answer.left(now).is_none_or(|left| drawn < left) {
            self.answer.set(now, drawn);
        }
        self.answer.deadline()
    }

    /// Schedules a Report for each group that the Query asks for, within `granted` ticks; of a Query
    /// for sources, if it has something to say about them. An earlier Report keeps its time, but is
    /// not repeated unasked.
    fn ask(
        &mut self,
        now: Instant,
        group: Option<A>,
        sources: &[A],
        granted: u64,
        rng: &mut Rng,
    ) -> Option<Instant> {
        let mut earliest = None;
        for member in self.members.iter_mut().rev() {
            if group.is_some_and(|group| group != member.group) || !member.group.is_reported() {
                continue;
            }
            let is_pending = member.delay.runs();
            if member.filter.as_mut().is_some_and(|filter| !filter.ask(sources, is_pending)) {
                continue;
            }
            member.unsolicited = 0;
            let is_redrawn = A::RULES.draws_late_anew && member.delay.is_late(now);
            if is_redrawn || member.delay.left(now).is_none_or(|left| left >= granted) {
                member.delay.set(now, below(granted, rng) + A::RULES.at_least);
                let set = member.delay.deadline();
                earliest = [earliest, set].into_iter().flatten().min();
            }
        }
        earliest
    }
}
