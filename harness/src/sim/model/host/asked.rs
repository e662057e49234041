//! What a Query does to a host: which version the host speaks, and which Reports answer.
//!
//! Owns the compatibility with older queriers, and the delays of the answers. In version 3 one
//! Report for all groups answers a General Query; in older versions each group answers by itself.

use std::net::Ipv4Addr;

use castnet::rng::Rng;
use castnet::time::Instant;
use castnet::wire::igmp::{Query, V3Query, Version};

use super::super::jiffies::{below, jiffies, ticks};
use super::{
    AT_LEAST, Host, QUERY_INTERVAL, QUERY_RESPONSE_INTERVAL, ROBUSTNESS, is_reported, seconds,
};

impl Host {
    /// A Query of any version came in.
    pub(super) fn heard_query(&mut self, now: Instant, query: &Query, rng: &mut Rng) {
        let group = (!query.is_general()).then_some(query.group);
        let granted = ticks(query.max_resp_v3()).max(1);
        match (&query.v3, self.version(now)) {
            (None, _) => self.heard_older_query(now, query, rng),
            (Some(_), Version::V1) => self.ask(now, None, seconds(QUERY_RESPONSE_INTERVAL), rng),
            (Some(_), Version::V2) => self.ask(now, group, granted, rng),
            (Some(v3), Version::V3) => {
                self.learn(v3);
                match group {
                    Some(_) => self.ask(now, group, granted, rng),
                    // A General Query has no sources.
                    None if !v3.sources.is_empty() => {}
                    None => self.plan_answer(now, granted, rng),
                }
            }
        }
    }

    /// A version 1 or 2 Query: it cancels pending version 3 Reports for as long as its querier
    /// counts as present.
    fn heard_older_query(&mut self, now: Instant, query: &Query, rng: &mut Rng) {
        let present = u64::from(self.robustness) * seconds(self.query_interval)
            + seconds(self.query_response_interval);
        let until = jiffies(now) + present;
        self.changes = 0;
        self.change.stop();
        self.left.clear();
        if query.max_resp_code == 0 {
            self.v1_until = until;
            self.ask(now, None, seconds(QUERY_RESPONSE_INTERVAL), rng);
        } else {
            self.v2_until = until;
            let group = (!query.is_general()).then_some(query.group);
            self.ask(now, group, ticks(query.max_resp_v2()), rng);
        }
    }

    /// Adopts the Robustness Variable and Query Interval of a version 3 querier.
    fn learn(&mut self, query: &V3Query) {
        self.robustness = match query.robustness {
            0 => ROBUSTNESS,
            told => told,
        };
        self.query_interval = match u32::try_from(query.interval().as_secs()).unwrap_or(u32::MAX) {
            0 => QUERY_INTERVAL,
            told => told,
        };
        if self.query_response_interval >= self.query_interval {
            self.query_response_interval = self.query_interval - 1;
        }
    }

    /// Schedules one Report for all groups, within `granted` ticks.
    fn plan_answer(&mut self, now: Instant, granted: u64, rng: &mut Rng) {
        let drawn = below(granted, rng) + AT_LEAST;
        if self.answer.left(now).is_none_or(|left| drawn < left) {
            self.answer.set(now, drawn);
        }
    }

    /// Schedules a Report for each group that the Query asks for, within `granted` ticks. An
    /// earlier Report keeps its time, but is not repeated unasked.
    fn ask(&mut self, now: Instant, group: Option<Ipv4Addr>, granted: u64, rng: &mut Rng) {
        for member in self.members.iter_mut().rev() {
            if group.is_some_and(|group| group != member.group) || !is_reported(&member.group) {
                continue;
            }
            member.unsolicited = 0;
            if member.delay.left(now).is_none_or(|left| left >= granted) {
                member.delay.set(now, below(granted, rng) + AT_LEAST);
            }
        }
    }
}
