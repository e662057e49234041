//! A router or switch that sends General Queries, and the intervals by which it can be reckoned.

use std::time::Duration;

use castnet::addr::Family;
use castnet::gmp::message::{Query, Version};
use serde::Serialize;

use super::{Seen, maybe_seconds, seconds};
use crate::knobs::{Knobs, Revision};

/// Who has sent General Queries on a link, by its address.
#[derive(Clone, Debug, Serialize)]
pub struct Querier {
    /// The version of the last Query.
    pub version: Version,
    /// How many General Queries it sent.
    pub general_queries: u64,
    /// The first of them.
    pub first: Seen,
    /// The last of them.
    pub last: Seen,
    /// From the last but one to the last one.
    #[serde(serialize_with = "maybe_seconds")]
    pub spacing: Option<Duration>,
    /// The Query Interval that it announces; only version 3 does.
    #[serde(serialize_with = "maybe_seconds")]
    pub announced: Option<Duration>,
    /// The Robustness Variable that it announces; only version 3 does.
    pub robustness: Option<u8>,
    /// The Max Response Time of its last General Query.
    #[serde(serialize_with = "seconds")]
    pub max_response: Duration,
    /// How far apart its first General Queries were.
    #[serde(skip)]
    spacings: Vec<Duration>,
}

/// The most spacings that are kept of a querier, to find the one that is usual.
const MOST_SPACINGS: usize = 64;

impl Querier {
    pub(super) fn new(query: &Query, at: Seen) -> Self {
        let mut querier = Self {
            version: query.version,
            general_queries: 0,
            first: at,
            last: at,
            spacing: None,
            announced: None,
            robustness: None,
            max_response: Duration::ZERO,
            spacings: Vec::new(),
        };
        querier.ask(query, at);
        querier
    }

    /// Another General Query.
    pub(super) fn ask(&mut self, query: &Query, at: Seen) {
        if self.general_queries > 0 {
            let spacing = at.since(self.last);
            self.spacing = Some(spacing);
            if self.spacings.len() < MOST_SPACINGS {
                self.spacings.push(spacing);
            }
        }
        self.general_queries += 1;
        self.version = query.version;
        self.last = at;
        self.announced = query.qqi.filter(|interval| !interval.is_zero());
        self.robustness = query.qrv.filter(|robustness| *robustness > 0);
        self.max_response = query.granted();
    }

    /// The parameters by which members on its link live: what it announces, else what it does, else
    /// the RFC's defaults.
    #[must_use]
    pub fn knobs(&self, family: Family) -> Knobs {
        let mut knobs = Knobs { version: self.version, ..Knobs::of(family) };
        // Most routers compute as RFC 3376 and RFC 3810 do, and its intervals are the shorter ones.
        if self.version == Version::V3 {
            knobs.revision = Some(Revision::Rfc3376);
        }
        if let Some(interval) = self.announced.or_else(|| self.usual(knobs.query_interval)) {
            knobs.query_interval = interval;
        }
        if let Some(robustness) = self.robustness {
            knobs.robustness = robustness;
        }
        knobs.query_response_interval = self.max_response;
        knobs
    }

    /// The spacing that is usual. One spacing alone may be that of startup Queries, which come faster
    /// than others (RFC2236-8.6-01), so that it may be too short, and not too long.
    fn usual(&self, default: Duration) -> Option<Duration> {
        let mut spacings = self.spacings.clone();
        spacings.sort_unstable();
        match spacings[..] {
            [] => None,
            [one] => Some(one.max(default)),
            _ => Some(spacings[spacings.len() / 2]),
        }
    }

    /// After how long the next General Query is overdue. Of a querier that does not announce its
    /// interval, a few Queries may all be startup Queries, a quarter of it apart (RFC2236-8.6-01).
    #[must_use]
    pub fn overdue(&self, family: Family) -> Duration {
        let interval = self.knobs(family).query_interval;
        let default = Knobs::of(family).query_interval;
        let is_sure = self.announced.is_some() || self.spacings.len() > 3;
        let longest = if is_sure { interval } else { interval.max((interval * 4).min(default)) };
        overdue(longest)
    }
}

/// After how long a Query is overdue that should come once in this interval.
pub(super) fn overdue(interval: Duration) -> Duration {
    interval + (interval / 10).max(Duration::from_secs(1))
}
