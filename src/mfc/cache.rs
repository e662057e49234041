//! Decides which flows are forwarded where, and which changes the kernel's cache needs for it.
//!
//! An entry is made on the kernel's upcall, follows the [`Tree`], and is deleted when the flow has
//! been idle for the keepalive time. A flow without receivers gets an entry without outgoing
//! interfaces, so that the kernel drops it without another upcall.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::entry::{Flow, FlowCounters, MfcEntry};
use super::tree::{Entry, Tree};
use super::vif::Vif;
use crate::addr::{Group, Source};
use crate::time::{Deadline, Instant, Timers};

/// A request of the cache to the data plane.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MfcOp {
    /// Add the entry, or replace the one of the same flow (`MRT_ADD_MFC`).
    Set(MfcEntry),
    /// Delete the entry (`MRT_DEL_MFC`).
    Delete(Flow),
    /// Read the counters of the entry (`SIOCGETSGCNT`).
    Count(Flow),
}

/// The known flows, and their entries.
#[derive(Clone, Debug)]
pub struct Cache {
    keepalive: Duration,
    /// By group first, because membership changes by group. Every group here has a flow.
    flows: BTreeMap<Group, BTreeMap<Source, Known>>,
    timers: Timers<Flow>,
}

#[derive(Clone, Debug)]
struct Known {
    entry: Entry,
    packets: u64,
}

impl Known {
    /// The entry that the flow needs now, if it differs from the present one.
    fn refresh(&mut self, flow: Flow, tree: &impl Tree) -> Option<MfcEntry> {
        let entry = decide(flow, self.entry.iif, tree);
        if entry == self.entry {
            return None;
        }
        self.entry = entry.clone();
        Some(written(flow, entry))
    }
}

impl Cache {
    /// An empty cache that forgets a flow after `keepalive` without a datagram.
    #[must_use]
    pub const fn new(keepalive: Duration) -> Self {
        Self { keepalive, flows: BTreeMap::new(), timers: Timers::new() }
    }

    /// Replaces the keepalive time; running timers are kept.
    pub const fn configure(&mut self, keepalive: Duration) {
        self.keepalive = keepalive;
    }

    /// A datagram of a flow came in on `vif` without an entry: decides, and returns the entry.
    pub fn resolve(&mut self, now: Instant, flow: Flow, vif: Vif, tree: &impl Tree) -> MfcEntry {
        let entry = decide(flow, vif, tree);
        let known = Known { entry: entry.clone(), packets: 0 };
        self.flows.entry(flow.group).or_default().insert(flow.source, known);
        self.timers.set(flow, now + self.keepalive);
        written(flow, entry)
    }

    /// The tree of a group may have changed: returns the entries that must change.
    pub fn refresh(&mut self, group: Group, tree: &impl Tree) -> Vec<MfcEntry> {
        let flows = self.flows.get_mut(&group).into_iter().flatten();
        flows.filter_map(|(&source, known)| known.refresh(Flow { source, group }, tree)).collect()
    }

    /// The trees of all groups may have changed: returns the entries that must change.
    pub fn refresh_all(&mut self, tree: &impl Tree) -> Vec<MfcEntry> {
        let groups: Vec<Group> = self.flows.keys().copied().collect();
        groups.into_iter().flat_map(|group| self.refresh(group, tree)).collect()
    }

    /// Every known flow, and its entry.
    pub fn entries(&self) -> impl Iterator<Item = MfcEntry> {
        self.flows.iter().flat_map(|(&group, flows)| {
            let flows = flows.iter();
            flows.map(move |(&source, known)| written(Flow { source, group }, known.entry.clone()))
        })
    }

    /// The answer to [`MfcOp::Count`]: returns whether the flow was idle, and is therefore
    /// forgotten.
    pub fn counted(&mut self, now: Instant, flow: Flow, counters: Option<FlowCounters>) -> bool {
        let known = self.flows.get_mut(&flow.group).and_then(|of| of.get_mut(&flow.source));
        let Some(known) = known else { return false };
        match counters {
            // A datagram on a wrong interface keeps no entry alive.
            Some(counters) if forwarded(counters) != known.packets => {
                known.packets = forwarded(counters);
                self.timers.set(flow, now + self.keepalive);
                false
            }
            _ => {
                self.forget(flow);
                true
            }
        }
    }

    /// The flow's entry is not in the kernel, so the next datagram makes an upcall. Returns whether
    /// the flow was known.
    pub fn forget(&mut self, flow: Flow) -> bool {
        self.timers.cancel(flow);
        let Some(flows) = self.flows.get_mut(&flow.group) else { return false };
        let was_known = flows.remove(&flow.source).is_some();
        if flows.is_empty() {
            self.flows.remove(&flow.group);
        }
        was_known
    }

    /// When the next flow is to be counted.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline<Flow>> {
        self.timers.next()
    }

    /// Asks for the counters of each flow whose keepalive time has passed.
    pub fn expire(&mut self, now: Instant, out: &mut VecDeque<MfcOp>) {
        while let Some(flow) = self.timers.pop_expired(now) {
            out.push_back(MfcOp::Count(flow));
        }
    }
}

/// The incoming and outgoing interfaces of a flow that came in on `came`. Without a route to its
/// source it is accepted where it came, and not forwarded.
fn decide(flow: Flow, came: Vif, tree: &impl Tree) -> Entry {
    tree.entry(flow).unwrap_or(Entry { iif: came, oifs: BTreeMap::new() })
}

fn written(flow: Flow, Entry { iif, oifs }: Entry) -> MfcEntry {
    MfcEntry { flow, iif, oifs }
}

fn forwarded(counters: FlowCounters) -> u64 {
    counters.packets.saturating_sub(counters.wrong_if)
}
