//! The parameters of a swarm's routers, drawn and written down; times are in milliseconds.

use std::time::Duration;

use castnet::addr::Family;
use castnet::gmp::message::Version;

use super::dice::Dice;
use super::names::SLACK;
use crate::knobs::Knobs;

/// The parameters of every router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Params {
    pub(super) knobs: Knobs,
    pub(super) keepalive: u64,
    pub(super) ttl_threshold: u64,
}

impl Params {
    /// The parameters that shrinking aims for, in this family and version.
    pub(super) fn plain(family: Family, version: Version) -> Self {
        let knobs = Knobs {
            family,
            version,
            query_interval: Duration::from_secs(20),
            query_response_interval: Duration::from_secs(2),
            startup_query_count: Some(2),
            last_member_query_count: Some(2),
            ..Knobs::default()
        };
        Self { knobs, keepalive: 10_000, ttl_threshold: 1 }
    }

    pub(super) fn draw(dice: &mut Dice) -> Self {
        // A multiple of 400 ms, so that a quarter of it is a multiple of 100 ms.
        let query_interval = dice.within(10, 60) * 400;
        let longest = (query_interval / 2).min(5_000);
        let small = |dice: &mut Dice| u8::try_from(dice.within(1, 3)).unwrap_or(1);
        let knobs = Knobs {
            robustness: small(dice),
            query_interval: Duration::from_millis(query_interval),
            query_response_interval: Duration::from_millis(dice.within(5, longest / 100) * 100),
            startup_query_count: Some(small(dice)),
            last_member_query_interval: Duration::from_millis(dice.within(3, 15) * 100),
            last_member_query_count: Some(small(dice)),
            ..Knobs::default()
        };
        let keepalive = dice.within(5, 30) * 1_000;
        Self { knobs, keepalive, ttl_threshold: dice.within(1, 20) }
    }

    /// The same parameters in this family and version. In version 3 the Query Interval is one that a
    /// Query can carry in seconds, because the other routers of a link take it from there.
    pub(super) fn spoken(mut self, family: Family, version: Version) -> Self {
        (self.knobs.family, self.knobs.version) = (family, version);
        if self.has_sources() {
            let quarters = (self.qi() / 4_000).max(1);
            self.knobs.query_interval = Duration::from_secs(4 * quarters);
            let longest = self.knobs.query_interval / 2;
            let response = self.knobs.query_response_interval;
            self.knobs.query_response_interval = response.min(longest);
        }
        self
    }

    /// Whether what a member has refreshed lasts for longer than a check, so that a router sends all
    /// Queries of it. A router with sources lowers timers and prolongs none (RFC3376-6.6.3.1-01,
    /// RFC3376-6.6.3.2-01), and asks only about sources whose timers it lowers.
    pub(super) fn is_checked_in_full(&self) -> bool {
        !self.has_sources() || self.gmi() > self.qi() + self.qri() + self.lmqt() + 2 * SLACK
    }

    /// The number of Queries of a check, as a claim has it.
    pub(super) fn asked(&self) -> String {
        let count = self.knobs.last_member_query_count();
        if self.is_checked_in_full() { count.to_string() } else { format!("<= {count}") }
    }

    /// Whether the routers speak IGMPv3 or MLDv2.
    pub(super) fn has_sources(&self) -> bool {
        self.knobs.version == Version::V3
    }

    /// What Queries with sources say of these parameters, as fields of a packet.
    pub(super) fn announced(&self) -> String {
        let (robustness, interval) = (self.knobs.robustness, self.qi());
        format!(", robustness = {robustness}, query-interval = \"{interval}ms\"")
    }

    pub(super) fn qi(&self) -> u64 {
        millis(self.knobs.query_interval)
    }

    pub(super) fn qri(&self) -> u64 {
        millis(self.knobs.query_response_interval)
    }

    pub(super) fn lmqi(&self) -> u64 {
        millis(self.knobs.last_member_query_interval)
    }

    pub(super) fn lmqt(&self) -> u64 {
        millis(self.knobs.last_member_query_time())
    }

    pub(super) fn gmi(&self) -> u64 {
        millis(self.knobs.group_membership_interval())
    }

    pub(super) fn ohpi(&self) -> u64 {
        millis(self.knobs.older_host_present_interval())
    }

    pub(super) fn oqpi(&self) -> u64 {
        millis(self.knobs.other_querier_present_interval())
    }

    /// When an undisturbed querier sends General Queries, up to that time.
    pub(super) fn queries(&self, until: u64) -> Vec<u64> {
        let (first, apart) =
            (self.knobs.startup_query_count(), self.knobs.startup_query_interval());
        let mut queries: Vec<u64> = (0..u32::from(first)).map(|n| millis(apart * n)).collect();
        let mut next = queries.last().copied().unwrap_or(0) + self.qi();
        while next < until {
            queries.push(next);
            next += self.qi();
        }
        queries.retain(|&query| query < until);
        queries
    }

    /// The keys of a router's table, with further parameters.
    pub(super) fn table(&self, version: Version, more: &str) -> String {
        let version = if version == Version::V3 { "sources" } else { "groups" };
        format!(
            "membership = {{ version = \"{version}\", robustness = {}, query-interval = \"{}ms\", query-response-interval = \"{}ms\", \
             startup-query-count = {}, last-member-query-interval = \"{}ms\", \
             last-member-query-count = {}{more} }}, keepalive = \"{}ms\"",
            self.knobs.robustness,
            self.qi(),
            self.qri(),
            self.knobs.startup_query_count(),
            self.lmqi(),
            self.knobs.last_member_query_count(),
            self.keepalive,
        )
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
