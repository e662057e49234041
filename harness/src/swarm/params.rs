//! The parameters of a swarm's routers, drawn and written down; times are in milliseconds.

use std::time::Duration;

use castnet::gmp::message::Version;

use super::dice::Dice;
use crate::knobs::Knobs;

/// The parameters of every router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Params {
    pub(super) knobs: Knobs,
    pub(super) keepalive: u64,
    pub(super) ttl_threshold: u64,
}

impl Params {
    /// The parameters that shrinking aims for.
    pub(super) fn plain() -> Self {
        let knobs = Knobs {
            query_interval: Duration::from_secs(20),
            query_response_interval: Duration::from_secs(2),
            startup_query_count: Some(2),
            last_member_query_count: Some(2),
            version: Version::V2,
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
            version: Version::V2,
            ..Knobs::default()
        };
        let keepalive = dice.within(5, 30) * 1_000;
        Self { knobs, keepalive, ttl_threshold: dice.within(1, 20) }
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

    /// The keys of a router's table.
    pub(super) fn table(&self) -> String {
        format!(
            "igmp = {{ version = 2, robustness = {}, query-interval = \"{}ms\", query-response-interval = \"{}ms\", \
             startup-query-count = {}, last-member-query-interval = \"{}ms\", \
             last-member-query-count = {} }}, keepalive = \"{}ms\"",
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
