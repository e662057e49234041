//! The host on the upstream interface of a proxy, and when it is to be called.
//!
//! What it says is sent by [`Router`](super::Router); a Report that could not be sent is said again.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::addr::Group;
use crate::host::Host;
use crate::mfc::vif::Vif;
use crate::time::Instant;

/// The delay after which Reports that could not be sent are sent again.
const RETRY: Duration = Duration::from_secs(1);

/// The host on the upstream interface.
#[derive(Clone, Debug)]
pub(super) struct Upstream {
    pub(super) host: Host,
    /// The links that have wanted something of it.
    pub(super) asked_by: BTreeSet<Vif>,
    /// When all groups are reported again, because a Report could not be sent.
    retry: Option<Instant>,
}

impl Upstream {
    pub(super) fn new(host: Host) -> Self {
        Self { host, asked_by: BTreeSet::new(), retry: None }
    }

    /// The host.
    pub(super) const fn host(&self) -> &Host {
        &self.host
    }

    /// When it is to be called.
    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.host.deadline(), self.retry].into_iter().flatten().min()
    }

    /// A packet of it could not be sent.
    pub(super) fn send_failed(&mut self, now: Instant) {
        self.retry.get_or_insert(now + RETRY);
    }

    pub(super) fn expire(&mut self, now: Instant) {
        if self.retry.is_some_and(|at| at <= now) {
            self.retry = None;
            self.host.link_returned(now);
        }
        self.host.expire(now);
    }

    /// Everything that some link has wanted of it.
    pub(super) fn groups(&self) -> impl Iterator<Item = Group> {
        self.host.reception().groups()
    }
}
