//! A router or switch that sends General Queries, and the intervals by which it can be reckoned.

use std::time::Duration;

use castnet::addr::Family;
use castnet::gmp::message::{Query, Version};
use serde::Serialize;

use super::{maybe_seconds, seconds};
use crate::knobs::Knobs;

/// Who has sent General Queries on a link, by its address.
#[derive(Clone, Debug, Serialize)]
pub struct Querier {
    /// The version of the last Query.
    pub version: Version,
    /// How many General Queries it sent.
    pub general_queries: u64,
    /// The first of them.
    #[serde(serialize_with = "seconds")]
    pub first: Duration,
    /// The last of them.
    #[serde(serialize_with = "seconds")]
    pub last: Duration,
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
}

impl Querier {
    pub(super) fn new(query: &Query, at: Duration) -> Self {
        let mut querier = Self {
            version: query.version,
            general_queries: 0,
            first: at,
            last: at,
            spacing: None,
            announced: None,
            robustness: None,
            max_response: Duration::ZERO,
        };
        querier.ask(query, at);
        querier
    }

    /// Another General Query.
    pub(super) fn ask(&mut self, query: &Query, at: Duration) {
        if self.general_queries > 0 {
            self.spacing = Some(at.saturating_sub(self.last));
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
        // Startup Queries come faster than others, so that a spacing may be too short, not too long.
        let spacing = self.spacing.map(|spacing| match self.general_queries {
            0..=2 => spacing.max(knobs.query_interval),
            _ => spacing,
        });
        if let Some(interval) = self.announced.or(spacing) {
            knobs.query_interval = interval;
        }
        if let Some(robustness) = self.robustness {
            knobs.robustness = robustness;
        }
        knobs.query_response_interval = self.max_response;
        knobs
    }
}
