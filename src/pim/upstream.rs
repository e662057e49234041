//! What the router itself has joined upstream: the Join/Prune machines towards the RP and the source.
//!
//! Owns RFC 7761 sections 4.5.4 and 4.5.5, which are alike except for what else a router does on the
//! way. A Join of another router to the same neighbour delays the own one, and a Prune hurries it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::Branch;
use crate::addr::Group;
use crate::mfc::vif::Vif;
use crate::time::{Instant, Timers};

/// The interface and the neighbour that Joins go to: RPF'.
pub(super) type Towards = (Vif, IpAddr);

/// Where a branch is joined. Without a neighbour no Join can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rpf {
    /// RPF'.
    pub(super) to: Option<Towards>,
    /// The neighbour of the route, which RPF' is unless there was an Assert.
    pub(super) hop: Option<Towards>,
}

/// The branches that are joined, and when each is joined again.
#[derive(Clone, Debug, Default)]
pub(super) struct Upstream {
    /// A branch that is not here is NotJoined.
    joined: BTreeMap<Branch, Rpf>,
    /// The Join Timers.
    timers: Timers<Branch>,
}

/// A message that is due at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Send {
    pub(super) to: Towards,
    pub(super) is_join: bool,
}

impl Upstream {
    /// The branches of the group that are joined.
    pub(super) fn branches(&self, group: Group) -> impl Iterator<Item = Branch> {
        let of_group = self.joined.range(Branch::any(group)..).map(|(branch, _)| *branch);
        of_group.take_while(move |branch| branch.group == group)
    }

    /// All groups of which a branch is joined, in ascending order.
    pub(super) fn groups(&self) -> impl Iterator<Item = Group> {
        self.joined.keys().map(|branch| branch.group)
    }

    /// Whether the branch is joined.
    pub(super) fn is_joined(&self, branch: Branch) -> bool {
        self.joined.contains_key(&branch)
    }

    /// RPF' of a branch that is joined.
    pub(super) fn towards(&self, branch: Branch) -> Option<Towards> {
        self.joined.get(&branch)?.to
    }

    /// Whether the branch is joined through this neighbour.
    pub(super) fn is_through(&self, branch: Branch, to: Towards) -> bool {
        self.joined.get(&branch).is_some_and(|rpf| rpf.to == Some(to))
    }

    /// The branches that are joined through this neighbour.
    pub(super) fn through(&self, to: Towards) -> Vec<Branch> {
        let through = self.joined.iter().filter(|(_, rpf)| rpf.to == Some(to));
        through.map(|(branch, _)| *branch).collect()
    }

    /// RPF' may have changed due to an Assert, and not with the route: returns the new one, which is to be
    /// joined within `t_override`, and not at once (RFC7761-4.6.5-01).
    pub(super) fn follow_assert(&mut self, branch: Branch, rpf: Rpf) -> Option<Towards> {
        let known = self.joined.get_mut(&branch).filter(|known| known.to.is_some())?;
        let to = rpf.to.filter(|_| known.hop == rpf.hop && known.to != rpf.to)?;
        known.to = Some(to);
        Some(to)
    }

    /// JoinDesired is so, and RPF' is this: returns what has to be sent at once.
    pub(super) fn settle(
        &mut self,
        now: Instant,
        branch: Branch,
        desired: bool,
        rpf: Rpf,
        period: Duration,
    ) -> Vec<Send> {
        let before = self.joined.get(&branch).copied();
        match (before, desired) {
            (None, false) => return Vec::new(),
            // RFC7761-4.5.4-01
            (Some(_), false) => {
                self.joined.remove(&branch);
                self.timers.cancel(branch);
            }
            (Some(known), true) if known.to == rpf.to => {
                self.joined.insert(branch, rpf);
                return Vec::new();
            }
            (_, true) => {
                self.joined.insert(branch, rpf);
                match rpf.to {
                    Some(_) => self.timers.set(branch, now + period),
                    None => self.timers.cancel(branch),
                }
            }
        }
        // RFC7761-4.5.4-05: a Join to the new neighbour, and a Prune to the old one.
        let join = rpf.to.filter(|_| desired).map(|to| Send { to, is_join: true });
        let prune = before.and_then(|known| known.to).map(|to| Send { to, is_join: false });
        join.into_iter().chain(prune).collect()
    }

    /// Another router has joined the branch through this neighbour: the own Join waits that long
    /// (RFC7761-4.5.4-02).
    pub(super) fn suppress(&mut self, branch: Branch, to: Towards, until: Instant) {
        if self.is_through(branch, to) && self.timers.expiry(branch).is_some_and(|due| due < until)
        {
            self.timers.set(branch, until);
        }
    }

    /// The branch may be pruned at this neighbour unless it is joined by then (RFC7761-4.5.4-03,
    /// RFC7761-4.5.4-04).
    pub(super) fn hurry(&mut self, branch: Branch, to: Towards, by: Instant) {
        if self.is_through(branch, to) {
            self.timers.lower(branch, by);
        }
    }

    /// When [`Upstream::expire`] is to be called.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.timers.next().map(|deadline| deadline.at)
    }

    /// The next branch that is to be joined again (RFC7761-4.5.4-01).
    pub(super) fn expire(&mut self, now: Instant, period: Duration) -> Option<(Branch, Towards)> {
        let branch = self.timers.pop_expired(now)?;
        let to = self.joined.get(&branch)?.to?;
        self.timers.set(branch, now + period);
        Some((branch, to))
    }
}
