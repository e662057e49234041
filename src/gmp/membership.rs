//! One group on one link, as its router remembers it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::change::{Filter, Sources};
use crate::time::Instant;

/// The state of one group (RFC 9776 section 6.2.1) and the Queries that are still due for it
/// (section 6.6.3). Its timers run in the interface that owns it.
#[derive(Clone, Debug)]
pub struct Membership {
    /// The filter mode and the sources.
    pub filter: Filter,
    /// The latest time to which the check of a Leave set the group timer; see
    /// [`super::interface::Interface::is_checking`].
    pub check_ends: Option<Instant>,
    /// The Last Member Query Interval and Time of the Queries under way.
    pub pace: (Duration, Duration),
    /// The number of times that Q(G) is still to be sent.
    pub ask_group: u8,
    /// The number of times that each source is still to be named in a Q(G,S).
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

    /// Whether any Query is still due.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        self.ask_group > 0 || !self.ask_sources.is_empty()
    }

    pub(super) fn stop_asking(&mut self) {
        self.check_ends = None;
        self.ask_group = 0;
        self.ask_sources.clear();
    }

    /// Counts one transmission; returns whether it is for the group, and the sources that it names.
    pub(super) fn take_transmission(&mut self) -> (bool, Sources) {
        let group = self.ask_group > 0;
        self.ask_group = self.ask_group.saturating_sub(1);
        // A source that was removed meanwhile needs no Query.
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
