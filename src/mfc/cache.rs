//! Decides which flows are forwarded where, and which changes the kernel's cache needs for it.
//!
//! An entry is made on the kernel's upcall, follows the [`Tree`], and is deleted when the flow has
//! been idle for the keepalive time. The kernel only counts datagrams, so that the cache asks
//! [`LOOKS`] times in a keepalive time, and an entry goes at most one look early. A flow without
//! receivers gets an entry without outgoing interfaces, so that the kernel drops it without another
//! upcall. Configured flows have their entries before the first datagram, and keep them.
//!
//! Refuses a new flow where as many others came in on the same interface as may be.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use ipnet::IpNet;

use super::entry::{Flow, FlowCounters, MfcEntry};
use super::tree::{Entry, Tree};
use super::vif::Vif;
use crate::addr::{Group, Source};
use crate::time::{Deadline, Instant, Timers};

/// How often the datagrams of a flow are counted in a keepalive time.
const LOOKS: u32 = 16;

/// The shortest time between two looks.
const SHORTEST_LOOK: Duration = Duration::from_millis(1);

/// As many flows came in on an interface as may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    /// The limit.
    pub most: u32,
}

/// What the counters of a flow have shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Datagrams came in there since this time, the one of the last look.
    Came {
        /// The interface.
        iif: Vif,
        /// The time.
        since: Instant,
    },
    /// The flow was idle, and is forgotten.
    Idle,
}

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
    /// The most flows of one interface.
    most: u32,
    /// How many flows came in on each interface.
    sizes: BTreeMap<Vif, u32>,
    /// The flows that have an entry without a datagram, as long as it forwards anywhere.
    configured: BTreeSet<Flow>,
    /// By group first, because membership changes by group. Every group here has a flow.
    flows: BTreeMap<Group, BTreeMap<Source, Known>>,
    timers: Timers<Flow>,
}

#[derive(Clone, Debug)]
struct Known {
    entry: Entry,
    /// The interface on which its first datagram came in; `None` if it was configured before that.
    came: Option<Vif>,
    /// When it was learned.
    since: Instant,
    packets: u64,
    /// When the packets were counted.
    counted: Instant,
    /// No datagram is known to have come after this instant.
    idle_since: Instant,
}

impl Known {
    /// Whether the entry stays without datagrams.
    fn stays(&self, flow: Flow, configured: &BTreeSet<Flow>) -> bool {
        !self.entry.oifs.is_empty() && configured.contains(&flow)
    }

    /// The entry that the flow needs now if it comes in on `came`, if it differs from the present one.
    fn refresh(&mut self, flow: Flow, came: Vif, tree: &impl Tree) -> Option<MfcEntry> {
        let entry = decide(flow, came, tree);
        if entry == self.entry {
            return None;
        }
        self.entry = entry.clone();
        Some(written(flow, entry))
    }
}

impl Cache {
    /// An empty cache that forgets a flow within `keepalive` of its last datagram, and knows at most
    /// `most` flows of each interface.
    #[must_use]
    pub const fn new(keepalive: Duration, most: u32) -> Self {
        Self {
            keepalive,
            most,
            sizes: BTreeMap::new(),
            configured: BTreeSet::new(),
            flows: BTreeMap::new(),
            timers: Timers::new(),
        }
    }

    /// Replaces the keepalive time and the limit; running timers and known flows are kept.
    pub const fn configure(&mut self, keepalive: Duration, most: u32) {
        (self.keepalive, self.most) = (keepalive, most);
    }

    /// Whether one flow more may come in on the interface.
    #[must_use]
    pub fn has_room(&self, vif: Vif) -> bool {
        self.sizes.get(&vif).is_none_or(|&size| size < self.most)
    }

    /// A datagram of a flow came in on `vif` without an entry: decides, and returns the entry.
    ///
    /// # Errors
    /// As many flows came in there as may be.
    pub fn resolve(
        &mut self,
        now: Instant,
        flow: Flow,
        vif: Vif,
        tree: &impl Tree,
    ) -> Result<MfcEntry, Full> {
        self.forget(flow);
        if !self.has_room(vif) {
            return Err(Full { most: self.most });
        }
        let entry = decide(flow, vif, tree);
        self.learn(now, flow, Some(vif), entry.clone());
        Ok(written(flow, entry))
    }

    /// The data plane has the entry already.
    pub fn inherit(&mut self, now: Instant, flow: Flow, entry: Entry) {
        self.forget(flow);
        self.learn(now, flow, Some(entry.iif), entry);
    }

    /// Replaces the flows that have an entry before their first datagram, wherever the tree knows where
    /// they come in and has somewhere to forward them: returns the entries that are new.
    pub fn install(
        &mut self,
        now: Instant,
        configured: BTreeSet<Flow>,
        tree: &impl Tree,
    ) -> Vec<MfcEntry> {
        self.configured = configured;
        let is_new = |flow: &Flow| self.known(*flow).is_none();
        let flows: Vec<Flow> = self.configured.iter().copied().filter(is_new).collect();
        let forwards = |flow| tree.entry(flow, None).filter(|entry| !entry.oifs.is_empty());
        let new = flows.into_iter().filter_map(|flow| {
            let entry = forwards(flow)?;
            self.learn(now, flow, None, entry.clone());
            Some(written(flow, entry))
        });
        new.collect()
    }

    /// From now on the flow has an entry before its first datagram, or no longer: returns what has to be
    /// done for that.
    pub fn configure_flow(
        &mut self,
        now: Instant,
        flow: Flow,
        is_configured: bool,
        tree: &impl Tree,
    ) -> Option<MfcOp> {
        if !is_configured {
            self.configured.remove(&flow);
            // With its next datagram the kernel asks for it.
            let is_stopped = self.known(flow).is_some_and(|known| known.entry.oifs.is_empty());
            return (is_stopped && self.forget(flow)).then_some(MfcOp::Delete(flow));
        }
        self.configured.insert(flow);
        if self.known(flow).is_some() {
            return None;
        }
        let entry = tree.entry(flow, None).filter(|entry| !entry.oifs.is_empty())?;
        self.learn(now, flow, None, entry.clone());
        Some(MfcOp::Set(written(flow, entry)))
    }

    fn learn(&mut self, now: Instant, flow: Flow, came: Option<Vif>, entry: Entry) {
        let known = Known { entry, came, since: now, packets: 0, counted: now, idle_since: now };
        self.flows.entry(flow.group).or_default().insert(flow.source, known);
        if let Some(vif) = came {
            *self.sizes.entry(vif).or_default() += 1;
        }
        self.timers.set(flow, now + self.look());
    }

    /// The time between two looks at a flow.
    fn look(&self) -> Duration {
        (self.keepalive / LOOKS).max(SHORTEST_LOOK).min(self.keepalive)
    }

    fn known(&self, flow: Flow) -> Option<&Known> {
        self.flows.get(&flow.group)?.get(&flow.source)
    }

    /// The tree of a group may have changed: returns the entries that must change.
    pub fn refresh(&mut self, group: Group, tree: &impl Tree) -> Vec<MfcEntry> {
        let flows = self.flows.get_mut(&group).into_iter().flatten();
        let entries = flows.filter_map(|(&source, known)| {
            known.refresh(Flow { source, group }, known.entry.iif, tree)
        });
        entries.collect()
    }

    /// The only interface that a known flow may come in on.
    #[must_use]
    pub fn iif(&self, flow: Flow) -> Option<Vif> {
        Some(self.known(flow)?.entry.iif)
    }

    /// The flow is taken as if it came in on `came`: returns its entry, if that must change.
    pub fn redirect(&mut self, flow: Flow, came: Vif, tree: &impl Tree) -> Option<MfcEntry> {
        let known = self.flows.get_mut(&flow.group)?.get_mut(&flow.source)?;
        known.refresh(flow, came, tree)
    }

    /// The trees of the groups of a network may have changed: returns the entries that must change.
    pub fn refresh_within(&mut self, groups: IpNet, tree: &impl Tree) -> Vec<MfcEntry> {
        let bounds = Group::new(groups.network()).zip(Group::new(groups.broadcast()));
        let known = bounds.into_iter().flat_map(|(first, last)| self.flows.range(first..=last));
        let groups: Vec<Group> = known.map(|(group, _)| *group).collect();
        groups.into_iter().flat_map(|group| self.refresh(group, tree)).collect()
    }

    /// The trees of all groups may have changed: returns the entries that must change.
    pub fn refresh_all(&mut self, tree: &impl Tree) -> Vec<MfcEntry> {
        let groups: Vec<Group> = self.flows.keys().copied().collect();
        groups.into_iter().flat_map(|group| self.refresh(group, tree)).collect()
    }

    /// Since when the flow has been known, and when it goes if no datagram comes; `None` for the latter if
    /// it stays. `None` for a flow that is not known.
    #[must_use]
    pub fn lifetime(&self, flow: Flow) -> Option<(Instant, Option<Instant>)> {
        let known = self.known(flow)?;
        let ends = known.idle_since + self.keepalive;
        Some((known.since, (!known.stays(flow, &self.configured)).then_some(ends)))
    }

    /// Every known flow, and its entry.
    pub fn entries(&self) -> impl Iterator<Item = MfcEntry> {
        self.flows.iter().flat_map(|(&group, flows)| {
            let flows = flows.iter();
            flows.map(move |(&source, known)| written(Flow { source, group }, known.entry.clone()))
        })
    }

    /// The answer to [`MfcOp::Count`]: a flow that was idle is forgotten.
    pub fn counted(
        &mut self,
        now: Instant,
        flow: Flow,
        counters: Option<FlowCounters>,
    ) -> Option<Counted> {
        let known = self.flows.get_mut(&flow.group).and_then(|of| of.get_mut(&flow.source));
        let (Some(known), Some(counters)) = (known, counters) else {
            return self.forget(flow).then_some(Counted::Idle);
        };
        // A datagram on a wrong interface keeps no entry alive.
        let packets = forwarded(counters);
        let mut found = None;
        if packets != known.packets {
            // The datagram may have come right after the look before.
            (known.packets, known.idle_since) = (packets, known.counted);
            found = Some(Counted::Came { iif: known.entry.iif, since: known.counted });
        }
        known.counted = now;
        let ends = known.idle_since + self.keepalive;
        if ends <= now && !known.stays(flow, &self.configured) {
            return self.forget(flow).then_some(Counted::Idle);
        }
        let next = now + self.look();
        self.timers.set(flow, if ends > now { next.min(ends) } else { next });
        found
    }

    /// The flow's entry is not in the kernel, so the next datagram makes an upcall. Returns whether
    /// the flow was known.
    pub fn forget(&mut self, flow: Flow) -> bool {
        self.timers.cancel(flow);
        let Some(flows) = self.flows.get_mut(&flow.group) else { return false };
        let Some(known) = flows.remove(&flow.source) else { return false };
        if flows.is_empty() {
            self.flows.remove(&flow.group);
        }
        if let Some(size) = known.came.and_then(|vif| self.sizes.get_mut(&vif)) {
            *size -= 1;
        }
        true
    }

    /// When the next flow is to be counted.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline<Flow>> {
        self.timers.next()
    }

    /// Asks for the counters of each flow that it is time to look at.
    pub fn expire(&mut self, now: Instant, out: &mut VecDeque<MfcOp>) {
        while let Some(flow) = self.timers.pop_expired(now) {
            out.push_back(MfcOp::Count(flow));
        }
    }
}

/// The incoming and outgoing interfaces of a flow that came in on `came`. Without a route to its
/// source it is accepted where it came, and not forwarded.
fn decide(flow: Flow, came: Vif, tree: &impl Tree) -> Entry {
    tree.entry(flow, Some(came)).unwrap_or(Entry { iif: came, oifs: BTreeMap::new() })
}

fn written(flow: Flow, Entry { iif, oifs }: Entry) -> MfcEntry {
    MfcEntry { flow, iif, oifs }
}

fn forwarded(counters: FlowCounters) -> u64 {
    counters.packets.saturating_sub(counters.wrong_if)
}
