//! Which flows are forwarded where, and what has to change in the kernel's cache for it.
//!
//! An entry is made when the kernel asks for one, follows the interest of the links, and is
//! forgotten when the flow has been idle for the keepalive time. A flow that nobody wants gets an
//! entry without outgoing interfaces, so that the kernel drops it without asking again.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use super::entry::{Flow, FlowCounters, MfcEntry};
use super::rpf::Routes;
use super::vif::Vif;
use crate::addr::Group;
use crate::time::{Deadline, Instant, Timers};

/// What the cache asks of the data plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MfcOp {
    /// Add the entry, or replace the one of the same flow (`MRT_ADD_MFC`).
    Set(MfcEntry),
    /// Delete the entry (`MRT_DEL_MFC`).
    Delete(Flow),
    /// Count what the entry has forwarded (`SIOCGETSGCNT`).
    Count(Flow),
}

/// Who wants a flow: each outgoing interface with its TTL threshold.
pub trait Interest {
    /// The interfaces that the flow is to leave on.
    fn oifs(&self, flow: Flow) -> BTreeMap<Vif, u8>;
}

/// The flows that are known, and how they are forwarded.
#[derive(Clone, Debug)]
pub struct Cache {
    routes: Routes,
    keepalive: Duration,
    /// By group first, because interest changes by group.
    flows: BTreeMap<(Group, IpAddr), Known>,
    timers: Timers<(Group, IpAddr)>,
}

#[derive(Clone, Debug)]
struct Known {
    iif: Vif,
    oifs: BTreeMap<Vif, u8>,
    packets: u64,
}

impl Known {
    /// The entry as it has to be now, if that is another one.
    fn refresh(
        &mut self,
        (group, source): (Group, IpAddr),
        routes: &Routes,
        interest: &impl Interest,
    ) -> Option<MfcEntry> {
        let flow = Flow { source, group };
        let (iif, oifs) = decide(flow, self.iif, routes, interest);
        if (iif, &oifs) == (self.iif, &self.oifs) {
            return None;
        }
        (self.iif, self.oifs) = (iif, oifs.clone());
        Some(MfcEntry { flow, iif, oifs })
    }
}

const fn key(flow: Flow) -> (Group, IpAddr) {
    (flow.group, flow.source)
}

impl Cache {
    /// An empty cache that looks up sources in `routes` and forgets a flow after `keepalive` without
    /// a datagram.
    #[must_use]
    pub const fn new(routes: Routes, keepalive: Duration) -> Self {
        Self { routes, keepalive, flows: BTreeMap::new(), timers: Timers::new() }
    }

    /// Other routes and another keepalive time are in force from now on; timers that run are kept.
    pub fn configure(&mut self, routes: Routes, keepalive: Duration) {
        (self.routes, self.keepalive) = (routes, keepalive);
    }

    /// The interface on which the flow must come in; `None` if no route leads to its source.
    #[must_use]
    pub fn rpf(&self, flow: Flow) -> Option<Vif> {
        self.routes.towards(flow.source)
    }

    /// A datagram of a flow came in on `vif` and has no entry: decides, and returns the entry.
    pub fn resolve(
        &mut self,
        now: Instant,
        flow: Flow,
        vif: Vif,
        interest: &impl Interest,
    ) -> MfcEntry {
        let (iif, oifs) = decide(flow, vif, &self.routes, interest);
        self.flows.insert(key(flow), Known { iif, oifs: oifs.clone(), packets: 0 });
        self.timers.set(key(flow), now + self.keepalive);
        MfcEntry { flow, iif, oifs }
    }

    /// The interest in a group may have changed: the entries that are no longer right.
    pub fn refresh(&mut self, group: Group, interest: &impl Interest) -> Vec<MfcEntry> {
        let of_group = (group, lowest_like(group))..;
        let flows = self.flows.range_mut(of_group).take_while(|((of, _), _)| *of == group);
        flows.filter_map(|(key, known)| known.refresh(*key, &self.routes, interest)).collect()
    }

    /// The same for every group, and where the routes may have changed.
    pub fn refresh_all(&mut self, interest: &impl Interest) -> Vec<MfcEntry> {
        let flows = self.flows.iter_mut();
        flows.filter_map(|(key, known)| known.refresh(*key, &self.routes, interest)).collect()
    }

    /// The answer to [`MfcOp::Count`]: says whether the flow was idle, and is therefore forgotten.
    pub fn counted(&mut self, now: Instant, flow: Flow, counters: Option<FlowCounters>) -> bool {
        let Some(known) = self.flows.get_mut(&key(flow)) else { return false };
        match counters {
            // What came in on a wrong interface keeps nothing alive.
            Some(counters) if forwarded(counters) != known.packets => {
                known.packets = forwarded(counters);
                self.timers.set(key(flow), now + self.keepalive);
                false
            }
            _ => {
                self.forget(flow);
                true
            }
        }
    }

    /// The entry of the flow is not in the kernel; the next datagram makes it ask again. Says
    /// whether the flow was known.
    pub fn forget(&mut self, flow: Flow) -> bool {
        self.timers.cancel(key(flow));
        self.flows.remove(&key(flow)).is_some()
    }

    /// When the next flow is to be counted.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline<Flow>> {
        let Deadline { at, timer: (group, source) } = self.timers.next()?;
        Some(Deadline { at, timer: Flow { source, group } })
    }

    /// Asks for the counters of each flow whose keepalive time has passed.
    pub fn expire(&mut self, now: Instant, out: &mut VecDeque<MfcOp>) {
        while let Some((group, source)) = self.timers.pop_expired(now) {
            out.push_back(MfcOp::Count(Flow { source, group }));
        }
    }
}

/// Where a flow that came in on `came` has to come in, and where it goes out.
fn decide(
    flow: Flow,
    came: Vif,
    routes: &Routes,
    interest: &impl Interest,
) -> (Vif, BTreeMap<Vif, u8>) {
    // Without a route the flow is taken where it came, and goes nowhere.
    let Some(iif) = routes.towards(flow.source) else { return (came, BTreeMap::new()) };
    // Everywhere it is wanted, but never back to where it came from.
    let mut oifs = interest.oifs(flow);
    oifs.remove(&iif);
    (iif, oifs)
}

fn forwarded(counters: FlowCounters) -> u64 {
    counters.packets.saturating_sub(counters.wrong_if)
}

fn lowest_like(group: Group) -> IpAddr {
    match group.addr() {
        IpAddr::V4(_) => IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED),
    }
}
