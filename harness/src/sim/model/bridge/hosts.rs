//! Who wants what behind a port with fast leave (net/bridge/br_multicast_eht.c), so that the last
//! host that leaves a group or a source is known.
//!
//! Only version 3 Reports count. A host that excludes sources has the unspecified address among
//! its sources. Members of older versions are unknown here, and a Leave of the last version 3 host
//! ends the group for them too.

use std::collections::{BTreeMap, BTreeSet};

use super::octets::{ALLOW, BLOCK, IS_IN, Record, TO_EX, TO_IN};
use super::{Bridge, BridgeInet, Cx, Due, MOST_SOURCES, Place};

/// The most hosts that are known behind a port (`BR_MCAST_DEFAULT_EHT_HOSTS_LIMIT`).
const MOST_HOSTS: usize = 512;

/// The version 3 hosts that have reported a group behind a port.
#[derive(Clone, Debug)]
pub(super) struct Hosts<A> {
    known: BTreeMap<A, Host>,
    /// For each source the hosts that have named it.
    named: BTreeMap<A, BTreeSet<A>>,
}

#[derive(Clone, Debug)]
struct Host {
    excludes: bool,
    /// The number of sources that it has named, and of those that count for its limit. Linux
    /// takes more of the latter than it has given.
    named: usize,
    counted: u32,
}

impl<A> Default for Hosts<A> {
    fn default() -> Self {
        Self { known: BTreeMap::new(), named: BTreeMap::new() }
    }
}

impl<A: BridgeInet> Hosts<A> {
    /// Whether no host is left.
    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    fn excludes(&self, host: A) -> bool {
        self.known.get(&host).is_some_and(|host| host.excludes)
    }

    /// Notes that the host has named the source; returns false if it has reached a limit.
    fn name(&mut self, host: A, source: A, excludes: bool, has_room: bool) -> bool {
        let is_known = self.known.contains_key(&host);
        if !is_known && !has_room {
            return false;
        }
        let of = self.known.entry(host).or_insert(Host { excludes, named: 0, counted: 0 });
        let hosts = self.named.entry(source).or_default();
        let is_counted = source != A::NOBODY;
        if !hosts.contains(&host) && is_counted && of.counted as usize >= MOST_SOURCES {
            if of.named == 0 {
                self.known.remove(&host);
            }
            if hosts.is_empty() {
                self.named.remove(&source);
            }
            return false;
        }
        if hosts.insert(host) {
            of.named += 1;
            of.counted = of.counted.wrapping_add(u32::from(is_counted));
        }
        true
    }

    /// Forgets that the host has named the source; returns whether nobody has now.
    fn unname(&mut self, host: A, source: A) -> bool {
        let Some(hosts) = self.named.get_mut(&source) else { return false };
        if !hosts.remove(&host) {
            return false;
        }
        let is_last = hosts.is_empty();
        if is_last {
            self.named.remove(&source);
        }
        if let Some(of) = self.known.get_mut(&host) {
            of.named -= 1;
            of.counted = of.counted.wrapping_sub(u32::from(host != A::NOBODY));
            if of.named == 0 {
                self.known.remove(&host);
            }
        }
        is_last
    }
}

impl<A: BridgeInet> Bridge<A> {
    /// Notes what the host wants by a record; returns whether the member has lost a source by it.
    pub(super) fn track(
        &mut self,
        cx: &mut Cx<'_, A>,
        place: Place<A>,
        host: A,
        record: &Record<'_, A>,
    ) -> bool {
        let Some(member) = self.table.member(place) else { return false };
        if !self.has_fast_leave(place.1) {
            return false;
        }
        let excludes = member.hosts.excludes(host);
        let sources = record.sources();
        match record.kind {
            ALLOW if excludes => {
                // Linux does not report the sources that go here.
                self.unname_all(cx, place, host, &sources);
                false
            }
            BLOCK if !excludes => self.unname_all(cx, place, host, &sources),
            ALLOW | BLOCK => {
                self.name_all(cx, place, host, &sources, excludes);
                false
            }
            kind => {
                let to = !matches!(kind, IS_IN | TO_IN);
                let is_change = matches!(kind, TO_IN | TO_EX);
                self.name_anew(cx, place, host, &sources, to, is_change)
            }
        }
    }

    /// The host has named its whole list, in INCLUDE mode or in EXCLUDE mode.
    fn name_anew(
        &mut self,
        cx: &mut Cx<'_, A>,
        place: Place<A>,
        host: A,
        sources: &[A],
        excludes: bool,
        is_change: bool,
    ) -> bool {
        let was = self.table.member(place).is_some_and(|member| member.hosts.excludes(host));
        let starts_anew = is_change || was != excludes;
        if starts_anew {
            for source in self.named_by(place, host) {
                self.unname(place, host, source);
            }
        }
        self.name_all(cx, place, host, sources, excludes);
        let has_changed = starts_anew && self.drop_unnamed(cx, place, is_change && !excludes);
        if let Some(member) = self.table.member_mut(place)
            && let Some(of) = member.hosts.known.get_mut(&host)
        {
            of.excludes = excludes;
        }
        if excludes {
            self.name(cx, place, host, A::NOBODY, true);
        } else {
            self.unname(place, host, A::NOBODY);
        }
        has_changed
    }

    /// Removes the sources that no host has named; those to be asked about are soon forgotten, if
    /// `hastens`.
    fn drop_unnamed(&mut self, cx: &mut Cx<'_, A>, place: Place<A>, hastens: bool) -> bool {
        let mut has_changed = false;
        for source in self.table.sources(place) {
            let Some(member) = self.table.member(place) else { break };
            if !member.hosts.named.contains_key(&source) {
                self.drop_source(cx, place, source);
                has_changed = true;
            } else if hastens && self.table.source_mut(place, source).is_some_and(|s| s.is_asked) {
                let soon = self.last_member_time();
                self.timers.set(cx.now, Due::Named(place.0, place.1, source), soon);
            }
        }
        has_changed
    }

    fn name_all(
        &mut self,
        cx: &mut Cx<'_, A>,
        place: Place<A>,
        host: A,
        sources: &[A],
        excludes: bool,
    ) {
        for &source in sources.iter().filter(|source| **source != A::NOBODY) {
            self.name(cx, place, host, source, excludes);
        }
    }

    fn name(&mut self, cx: &mut Cx<'_, A>, place: Place<A>, host: A, source: A, excludes: bool) {
        let (group, port) = place;
        let has_room = self.ports[port].hosts < MOST_HOSTS;
        if self.change(place, |hosts| hosts.name(host, source, excludes, has_room)) {
            let lives = self.lives(cx);
            self.timers.set_for(cx.now, Due::NamedBy(group, port, source, host), lives);
            self.timers.set_for(cx.now, Due::Named(group, port, source), lives);
        }
    }

    /// The host no longer names these sources, and the member loses those that nobody names.
    fn unname_all(&mut self, cx: &mut Cx<'_, A>, place: Place<A>, host: A, sources: &[A]) -> bool {
        let mut has_changed = false;
        for &source in sources {
            if self.unname(place, host, source) && self.table.source_mut(place, source).is_some() {
                self.drop_source(cx, place, source);
                has_changed = true;
            }
        }
        has_changed
    }

    /// The host no longer names the source; returns whether nobody does.
    pub(super) fn unname(&mut self, place: Place<A>, host: A, source: A) -> bool {
        let (group, port) = place;
        let is_last = self.change(place, |hosts| hosts.unname(host, source));
        self.timers.cancel(Due::NamedBy(group, port, source, host));
        if is_last {
            self.timers.cancel(Due::Named(group, port, source));
        }
        is_last
    }

    /// Nobody names the source any longer.
    pub(super) fn unname_by_all(&mut self, place: Place<A>, source: A) {
        let Some(member) = self.table.member(place) else { return };
        let hosts = member.hosts.named.get(&source).cloned().unwrap_or_default();
        for host in hosts {
            self.unname(place, host, source);
        }
    }

    fn named_by(&self, place: Place<A>, host: A) -> Vec<A> {
        let named = self.table.member(place).into_iter().flat_map(|member| &member.hosts.named);
        named.filter(|(_, hosts)| hosts.contains(&host)).map(|(&source, _)| source).collect()
    }

    /// Changes the hosts of a member, and counts those behind the port, each once for each group.
    fn change(&mut self, place: Place<A>, change: impl FnOnce(&mut Hosts<A>) -> bool) -> bool {
        let Some(member) = self.table.member_mut(place) else { return false };
        let before = member.hosts.known.len();
        let changed = change(&mut member.hosts);
        let after = member.hosts.known.len();
        let count = &mut self.ports[place.1].hosts;
        *count = *count + after - before;
        changed
    }

    /// Stops the timers of a membership that is gone.
    pub(super) fn forget_hosts(&mut self, (group, port): Place<A>, hosts: &Hosts<A>) {
        self.ports[port].hosts -= hosts.known.len();
        for (&source, by) in &hosts.named {
            self.timers.cancel(Due::Named(group, port, source));
            for &host in by {
                self.timers.cancel(Due::NamedBy(group, port, source, host));
            }
        }
    }

    /// Whether the port has fast leave and no version 3 host is left that wants the group.
    pub(super) fn is_left(&self, place: Place<A>) -> bool {
        let left = self.table.member(place).is_some_and(|member| member.hosts.is_empty());
        left && self.has_fast_leave(place.1)
    }
}
