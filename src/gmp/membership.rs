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
    /// Most groups have none, so that they are kept apart.
    asking: Option<Box<Asking>>,
}

/// The Queries of a group that are still due: its retransmission state.
#[derive(Clone, Debug, Default)]
pub(super) struct Asking {
    /// The Last Member Query Interval and Time of the Queries under way.
    pub(super) pace: (Duration, Duration),
    /// The number of times that Q(G) is still to be sent.
    pub(super) group: u8,
    /// The number of times that each source is still to be named in a Q(G,S).
    pub(super) sources: BTreeMap<IpAddr, u8>,
}

/// One transmission of what is due for a group.
#[derive(Debug)]
pub(super) struct Transmission {
    /// The Last Member Query Interval and Time.
    pub(super) pace: (Duration, Duration),
    /// Whether Q(G) is sent.
    pub(super) group: bool,
    /// The sources to be named in Q(G,S).
    pub(super) sources: Sources,
}

impl Membership {
    pub(super) const fn new() -> Self {
        Self { filter: Filter::nothing(), check_ends: None, asking: None }
    }

    /// Whether any Query is still due.
    #[must_use]
    pub const fn is_asking(&self) -> bool {
        self.asking.is_some()
    }

    /// The Queries that are due, to which others are added.
    pub(super) fn asking(&mut self) -> &mut Asking {
        self.asking.get_or_insert_default()
    }

    pub(super) fn stop_asking(&mut self) {
        self.check_ends = None;
        self.asking = None;
    }

    /// Counts one transmission, if one is due.
    pub(super) fn take_transmission(&mut self) -> Option<Transmission> {
        let asking = self.asking.as_mut()?;
        let group = asking.group > 0;
        asking.group = asking.group.saturating_sub(1);
        // A source that was removed meanwhile needs no Query.
        let known = self.filter.timed();
        asking.sources.retain(|source, _| known.contains(source));
        let sources = asking.sources.keys().copied().collect();
        asking.sources.retain(|_, left| {
            *left -= 1;
            *left > 0
        });
        let pace = asking.pace;
        if asking.group == 0 && asking.sources.is_empty() {
            self.asking = None;
        }
        Some(Transmission { pace, group, sources })
    }
}
