//! What routers downstream have joined: the per-interface Join/Prune machines.
//!
//! Owns RFC 7761 sections 4.5.1 and 4.5.2, which are alike for (*,G) and (S,G). A Prune waits for the
//! Join of another router of the link, and is then sent once more by the router itself, so that who
//! has missed it can join again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Branch;
use crate::addr::Group;
use crate::mfc::vif::Vif;
use crate::time::{Instant, Timers};

/// The state of all branches on all interfaces.
#[derive(Clone, Debug, Default)]
pub(super) struct Downstream {
    /// A branch that is not here is in state NoInfo on that interface.
    states: BTreeMap<(Branch, Vif), State>,
    timers: Timers<(Timer, Branch, Vif)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Join,
    PrunePending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// The Expiry Timer.
    Expiry,
    /// The Prune-Pending Timer.
    PrunePending,
}

/// What the end of a timer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The state is gone, because no Join came.
    Expired(Branch, Vif),
    /// The state is gone, because nobody has overridden a Prune.
    Pruned(Branch, Vif),
}

impl Downstream {
    /// The interfaces on which the branch is joined: `joins(*,G)`, `joins(S,G)`.
    pub(super) fn joins(&self, branch: Branch) -> impl Iterator<Item = Vif> {
        let all = self.states.range((branch, Vif::FIRST)..=(branch, Vif::LAST));
        all.map(|((_, vif), _)| *vif)
    }

    /// The branches of a group that are joined anywhere.
    pub(super) fn branches(&self, group: Group) -> BTreeSet<Branch> {
        let of_group = self.states.range((Branch::any(group), Vif::FIRST)..);
        let of_group = of_group.take_while(|((branch, _), _)| branch.group == group);
        of_group.map(|((branch, _), _)| *branch).collect()
    }

    /// All groups of which a branch is joined, in ascending order.
    pub(super) fn groups(&self) -> impl Iterator<Item = Group> {
        self.states.keys().map(|(branch, _)| branch.group)
    }

    /// A Join for the router itself has come in (RFC7761-4.5.1-02, RFC7761-4.5.2-01). Returns whether
    /// the branch was not joined there before.
    pub(super) fn join(
        &mut self,
        now: Instant,
        branch: Branch,
        vif: Vif,
        holdtime: Option<Duration>,
    ) -> bool {
        let was = self.states.insert((branch, vif), State::Join);
        // RFC7761-4.5.1-05
        self.timers.cancel((Timer::PrunePending, branch, vif));
        let expiry = (Timer::Expiry, branch, vif);
        match (was.is_some(), self.timers.expiry(expiry), holdtime) {
            // A Join that holds for ever.
            (_, _, None) => self.timers.cancel(expiry),
            (true, None, Some(_)) => {}
            (_, known, Some(holdtime)) => {
                let until = now + holdtime;
                self.timers.set(expiry, known.map_or(until, |known| known.max(until)));
            }
        }
        was.is_none()
    }

    /// A Prune for the router itself has come in, and waits so long for a Join. Returns whether the
    /// state is gone, because it waits for nobody (RFC7761-4.5.1-04).
    pub(super) fn prune(
        &mut self,
        now: Instant,
        branch: Branch,
        vif: Vif,
        waits: Option<Duration>,
    ) -> bool {
        let Some(state @ State::Join) = self.states.get_mut(&(branch, vif)) else { return false };
        match waits {
            Some(delay) => {
                *state = State::PrunePending;
                self.timers.set((Timer::PrunePending, branch, vif), now + delay);
                false
            }
            None => self.forget(branch, vif),
        }
    }

    /// Forgets the state of one branch on one interface; returns whether there was any.
    fn forget(&mut self, branch: Branch, vif: Vif) -> bool {
        for timer in [Timer::Expiry, Timer::PrunePending] {
            self.timers.cancel((timer, branch, vif));
        }
        self.states.remove(&(branch, vif)).is_some()
    }

    /// Forgets everything about an interface; returns the branches.
    pub(super) fn forget_link(&mut self, vif: Vif) -> BTreeSet<Branch> {
        let on = self.states.keys().filter(|(_, on)| *on == vif).map(|(branch, _)| *branch);
        let lost: BTreeSet<Branch> = on.collect();
        for &branch in &lost {
            self.forget(branch, vif);
        }
        lost
    }

    /// When [`Downstream::expire`] is to be called.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.timers.next().map(|deadline| deadline.at)
    }

    /// Serves the next timer that is due.
    pub(super) fn expire(&mut self, now: Instant) -> Option<Ended> {
        let (timer, branch, vif) = self.timers.pop_expired(now)?;
        self.forget(branch, vif);
        Some(match timer {
            Timer::Expiry => Ended::Expired(branch, vif),
            Timer::PrunePending => Ended::Pruned(branch, vif),
        })
    }
}
