//! One group on one link, as its router remembers it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::change::{Filter, Sources};
use crate::time::Instant;

/// The state of one group (RFC 9776 section 6.2.1) and the Queries that are still to be sent for it
/// (section 6.6.3). Its timers run in the interface that owns it.
#[derive(Clone, Debug)]
pub struct Membership {
    /// Who is wanted.
    pub filter: Filter,
    /// When the group timer was to expire at the latest once a Leave was being checked; see
    /// [`super::interface::Interface::is_checking`].
    pub check_ends: Option<Instant>,
    /// The Last Member Query Interval and Time of the Queries that are being asked.
    pub pace: (Duration, Duration),
    /// How many more times Q(G) is to be sent.
    pub ask_group: u8,
    /// How many more times each source is to be asked for in a Q(G,S).
    pub ask_sources: BTreeMap<IpAddr, u8>,
}

impl Membership {
    pub(super) const fn new() -> Self {
        Self {
            filter: Filter::nothing(),
            check_ends: None,
            pace: (Duration::ZERO, Duration::ZERO),
            ask_group: 0,
            ask_sources: BTreeMap::new(),
        }
    }

    /// Whether anything is left to be asked.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        self.ask_group > 0 || !self.ask_sources.is_empty()
    }

    pub(super) fn stop_asking(&mut self) {
        self.check_ends = None;
        self.ask_group = 0;
        self.ask_sources.clear();
    }

    /// Counts one transmission and says whom it asks for: the group, and which sources.
    pub(super) fn take_transmission(&mut self) -> (bool, Sources) {
        let group = self.ask_group > 0;
        self.ask_group = self.ask_group.saturating_sub(1);
        // A source that has meanwhile gone needs no question.
        let known = self.filter.timed();
        self.ask_sources.retain(|source, _| known.contains(source));
        let sources = self.ask_sources.keys().copied().collect();
        self.ask_sources.retain(|_, left| {
            *left -= 1;
            *left > 0
        });
        (group, sources)
    }
}
