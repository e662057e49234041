//! The parameters of a swarm's routers, and what RFC 2236 derives from them.

use super::dice::Dice;

/// The parameters of every router, times in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Params {
    pub(super) robustness: u64,
    /// A multiple of four tenths, so that a quarter of it is one of tenths.
    pub(super) query_interval: u64,
    pub(super) query_response_interval: u64,
    pub(super) startup_query_count: u64,
    pub(super) last_member_query_interval: u64,
    pub(super) last_member_query_count: u64,
    pub(super) keepalive: u64,
    pub(super) ttl_threshold: u64,
}

impl Params {
    /// What shrinking leads to.
    pub(super) const PLAIN: Self = Self {
        robustness: 2,
        query_interval: 20_000,
        query_response_interval: 2_000,
        startup_query_count: 2,
        last_member_query_interval: 1_000,
        last_member_query_count: 2,
        keepalive: 10_000,
        ttl_threshold: 1,
    };

    pub(super) fn draw(dice: &mut Dice) -> Self {
        let query_interval = dice.within(10, 60) * 400;
        let longest = (query_interval / 2).min(5_000);
        Self {
            robustness: dice.within(1, 3),
            query_interval,
            query_response_interval: dice.within(5, longest / 100) * 100,
            startup_query_count: dice.within(1, 3),
            last_member_query_interval: dice.within(3, 15) * 100,
            last_member_query_count: dice.within(1, 3),
            keepalive: dice.within(5, 30) * 1_000,
            ttl_threshold: dice.within(1, 20),
        }
    }

    /// RFC 2236 section 8.8.
    pub(super) const fn lmqt(&self) -> u64 {
        self.last_member_query_count * self.last_member_query_interval
    }

    /// RFC 2236 section 8.4.
    pub(super) const fn gmi(&self) -> u64 {
        self.robustness * self.query_interval + self.query_response_interval
    }

    /// RFC 2236 section 8.5.
    pub(super) const fn oqpi(&self) -> u64 {
        self.robustness * self.query_interval + self.query_response_interval / 2
    }

    /// When a querier that is not disturbed asks, up to that time.
    pub(super) fn queries(&self, until: u64) -> Vec<u64> {
        let mut queries: Vec<u64> =
            (0..self.startup_query_count).map(|n| n * self.query_interval / 4).collect();
        let mut next = queries.last().copied().unwrap_or(0) + self.query_interval;
        while next < until {
            queries.push(next);
            next += self.query_interval;
        }
        queries.retain(|&query| query < until);
        queries
    }

    /// The keys of a router's table.
    pub(super) fn table(&self) -> String {
        format!(
            "igmp = {{ robustness = {}, query-interval = \"{}ms\", query-response-interval = \"{}ms\", \
             startup-query-count = {}, last-member-query-interval = \"{}ms\", \
             last-member-query-count = {} }}, keepalive = \"{}ms\"",
            self.robustness,
            self.query_interval,
            self.query_response_interval,
            self.startup_query_count,
            self.last_member_query_interval,
            self.last_member_query_count,
            self.keepalive,
        )
    }
}
