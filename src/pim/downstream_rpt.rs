//! What routers downstream do not want of the RP's tree: the (S,G,rpt) machines of each interface.
//!
//! Owns RFC 7761 section 4.5.3. A Prune of one source waits for the Join of another router, as every Prune
//! does. A Join of the whole group takes back the Prunes that do not come with it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Branch;
use crate::addr::Group;
use crate::mfc::entry::Flow;
use crate::mfc::vif::Vif;
use crate::time::{Instant, Timers};

/// The Prunes of all flows on all interfaces.
#[derive(Clone, Debug, Default)]
pub(super) struct DownstreamRpt {
    /// A flow that is not here is in state NoInfo on that interface.
    states: BTreeMap<(Branch, Vif), State>,
    timers: Timers<(Timer, Branch, Vif)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    PrunePending,
    Prune,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// The Expiry Timer.
    Expiry,
    /// The Prune-Pending Timer.
    PrunePending,
}

impl DownstreamRpt {
    /// `prunes(S,G,rpt)`: the interfaces on which the flow is not wanted.
    pub(super) fn prunes(&self, flow: Flow) -> impl Iterator<Item = Vif> {
        let branch = Branch::of(flow);
        let all = self.states.range((branch, Vif::FIRST)..=(branch, Vif::LAST));
        all.filter(|(_, state)| **state == State::Prune).map(|((_, vif), _)| *vif)
    }

    /// The flows of a group with any state.
    pub(super) fn of(&self, group: Group) -> impl Iterator<Item = Flow> {
        let of_group = self.states.range((Branch::any(group), Vif::FIRST)..);
        let of_group = of_group.take_while(move |((branch, _), _)| branch.group == group);
        of_group.filter_map(|((branch, _), _)| branch.flow())
    }

    /// A Prune for the router itself has come in, and waits so long for a Join (RFC7761-4.5.3-01).
    pub(super) fn prune(
        &mut self,
        now: Instant,
        (flow, vif): (Flow, Vif),
        holdtime: Option<Duration>,
        waits: Option<Duration>,
    ) {
        let branch = Branch::of(flow);
        let expiry = (Timer::Expiry, branch, vif);
        let was = self.states.get(&(branch, vif)).copied();
        match was {
            Some(State::PrunePending) => return,
            Some(State::Prune) => {}
            None => {
                let state = if waits.is_some() { State::PrunePending } else { State::Prune };
                self.states.insert((branch, vif), state);
                if let Some(delay) = waits {
                    self.timers.set((Timer::PrunePending, branch, vif), now + delay);
                }
            }
        }
        match (holdtime, self.timers.expiry(expiry)) {
            // A Prune that holds for ever.
            (None, _) => self.timers.cancel(expiry),
            (Some(_), None) if was.is_some() => {}
            (Some(holdtime), known) => {
                let until = now + holdtime;
                self.timers.set(expiry, known.map_or(until, |known| known.max(until)));
            }
        }
    }

    /// The flow is wanted again.
    pub(super) fn join(&mut self, flow: Flow, vif: Vif) {
        let branch = Branch::of(flow);
        for timer in [Timer::Expiry, Timer::PrunePending] {
            self.timers.cancel((timer, branch, vif));
        }
        self.states.remove(&(branch, vif));
    }

    /// The whole group was joined, except for what the message itself has pruned (RFC7761-4.5.3-02).
    pub(super) fn join_all(&mut self, group: Group, vif: Vif, pruned: &BTreeSet<Flow>) {
        let lost: Vec<Flow> = self.of(group).filter(|flow| !pruned.contains(flow)).collect();
        lost.into_iter().for_each(|flow| self.join(flow, vif));
    }

    /// Forgets everything about an interface.
    pub(super) fn forget_link(&mut self, vif: Vif) {
        let on = self.states.keys().filter(|(_, on)| *on == vif);
        let lost: Vec<Flow> = on.filter_map(|(branch, _)| branch.flow()).collect();
        lost.into_iter().for_each(|flow| self.join(flow, vif));
    }

    /// When [`DownstreamRpt::expire`] is to be called.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.timers.next().map(|deadline| deadline.at)
    }

    /// Serves the next timer that is due; returns the group.
    pub(super) fn expire(&mut self, now: Instant) -> Option<Group> {
        let (timer, branch, vif) = self.timers.pop_expired(now)?;
        match (timer, branch.flow()) {
            (Timer::PrunePending, _) => {
                self.states.insert((branch, vif), State::Prune);
            }
            (Timer::Expiry, Some(flow)) => self.join(flow, vif),
            (Timer::Expiry, None) => {}
        }
        Some(branch.group)
    }
}
