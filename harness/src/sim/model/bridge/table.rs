//! The database of members: which ports want a group, and which of them a single source.
//!
//! A port's membership has a filter mode and, in version 3, sources. Each source of any port has an
//! entry of its own, (S,G). No more entries than `hash_max` fit, and the next one ends all snooping.

use std::collections::BTreeMap;

use super::super::jiffies::jiffies;
use super::hosts::Hosts;
use super::{Bridge, BridgeInet, BridgeOut, Cx, Due, MOST_SOURCES, Place, Version, hundredths};
use crate::recording::Holds;

/// No entry more can be made; the frame that wanted it is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

/// The entries.
#[derive(Clone, Debug)]
pub(super) struct Table<A> {
    /// The members of each group by port. A group without any is kept for a tick.
    groups: BTreeMap<A, BTreeMap<usize, Member<A>>>,
    /// The ports of each source of each group.
    pub(super) channels: BTreeMap<(A, A), BTreeMap<usize, Channel>>,
}

/// The members of one group behind one port.
#[derive(Clone, Debug)]
pub(super) struct Member<A> {
    /// The filter mode: whether all sources are wanted, except those whose timers have ended.
    pub(super) excludes: bool,
    /// The tick for which the group timer was set last, whether or not it runs.
    pub(super) ends: u64,
    /// The number of Queries still to be sent for the group.
    pub(super) asks_left: u8,
    /// The tick for which the next Query was planned last.
    pub(super) asks: u64,
    /// The sources, the newest first.
    pub(super) sources: Vec<Source<A>>,
    /// On a port with fast leave, who wants what.
    pub(super) hosts: Hosts<A>,
}

/// A source of a member.
#[derive(Clone, Debug)]
pub(super) struct Source<A> {
    pub(super) address: A,
    /// The tick for which its timer was set last, whether or not it runs.
    pub(super) ends: u64,
    /// The number of Queries still to be sent about it.
    pub(super) asks_left: u8,
    /// Whether it is to be asked about.
    pub(super) is_asked: bool,
    /// Whether it has its entry.
    pub(super) is_installed: bool,
}

/// What an entry of one source holds about a port.
#[derive(Clone, Copy, Debug)]
pub(super) struct Channel {
    /// The port does not get the source, except if it leads to a router.
    pub(super) is_blocked: bool,
    /// The port has it only because it excludes other sources.
    pub(super) is_copy: bool,
}

impl<A> Default for Table<A> {
    fn default() -> Self {
        Self { groups: BTreeMap::new(), channels: BTreeMap::new() }
    }
}

impl<A: BridgeInet> Table<A> {
    pub(super) fn member(&self, (group, port): Place<A>) -> Option<&Member<A>> {
        self.groups.get(&group)?.get(&port)
    }

    pub(super) fn member_mut(&mut self, (group, port): Place<A>) -> Option<&mut Member<A>> {
        self.groups.get_mut(&group)?.get_mut(&port)
    }

    /// The source of the member.
    pub(super) fn source_mut(&mut self, place: Place<A>, source: A) -> Option<&mut Source<A>> {
        self.member_mut(place)?.sources.iter_mut().find(|one| one.address == source)
    }

    /// The sources of the member, the newest first.
    pub(super) fn sources(&self, place: Place<A>) -> Vec<A> {
        let member = self.member(place).into_iter();
        member.flat_map(|member| &member.sources).map(|source| source.address).collect()
    }

    /// The ports with members of the group.
    pub(super) fn ports_of(&self, group: A) -> Vec<usize> {
        self.groups.get(&group).into_iter().flat_map(|ports| ports.keys().copied()).collect()
    }

    /// The ports to which a datagram of the source goes because of members.
    pub(super) fn wanted_by(&self, version: Version, source: A, group: A) -> Vec<usize> {
        let filters = version == Version::V3;
        if let Some(ports) = self.channels.get(&(group, source)).filter(|_| filters) {
            let open = ports.iter().filter(|(_, channel)| !channel.is_blocked);
            return open.map(|(&port, _)| port).collect();
        }
        let members = self.groups.get(&group).into_iter().flatten();
        members.filter(|(_, of)| of.excludes || !filters).map(|(&port, _)| port).collect()
    }

    /// The groups with members behind the port.
    pub(super) fn groups_at(&self, port: usize) -> Vec<A> {
        let groups = self.groups.iter().filter(|(_, ports)| ports.contains_key(&port));
        groups.map(|(&group, _)| group).collect()
    }

    pub(super) fn channel_mut(
        &mut self,
        (group, port): Place<A>,
        source: A,
    ) -> Option<&mut Channel> {
        self.channels.get_mut(&(group, source))?.get_mut(&port)
    }

    /// The sources with entries that other ports of the group have.
    pub(super) fn others_sources(&self, (group, port): Place<A>) -> Vec<A> {
        let others = self.groups.get(&group).into_iter().flatten();
        let sources = others.filter(|(at, _)| **at != port).flat_map(|(_, of)| &of.sources);
        sources.filter(|source| source.is_installed).map(|source| source.address).collect()
    }

    fn len(&self) -> usize {
        self.groups.len() + self.channels.len()
    }
}

impl<A: BridgeInet> Bridge<A> {
    /// Makes the group's entry at the port, unless there is one, in INCLUDE mode or in EXCLUDE mode.
    pub(super) fn admit(
        &mut self,
        cx: &mut Cx<'_, A>,
        place: Place<A>,
        excludes: bool,
    ) -> Result<(), Full> {
        let (group, port) = place;
        if !self.table.groups.contains_key(&group) {
            self.make_room()?;
            self.table.groups.insert(group, BTreeMap::new());
        }
        if self.table.member(place).is_some() {
            return Ok(());
        }
        self.count_at(port)?;
        let member = Member {
            excludes,
            ends: 0,
            asks_left: 0,
            asks: 0,
            sources: Vec::new(),
            hosts: Hosts::default(),
        };
        self.table.groups.entry(group).or_default().insert(port, member);
        self.announce(cx, place);
        Ok(())
    }

    /// One entry more has to fit. Otherwise the bridge snoops no longer, until it is told to.
    pub(super) fn make_room(&mut self) -> Result<(), Full> {
        if self.table.len() < self.settings.knobs.hash_max as usize {
            return Ok(());
        }
        self.settings.knobs.snooping = false;
        Err(Full)
    }

    /// Counts one more entry at the port, if it may have more.
    pub(super) fn count_at(&mut self, port: usize) -> Result<(), Full> {
        let most = self.settings.knobs.port_max_groups;
        let Some(port) = self.ports.get_mut(port) else { return Err(Full) };
        if most != 0 && port.entries >= most {
            return Err(Full);
        }
        port.entries += 1;
        Ok(())
    }

    /// Removes the membership of the group behind the port.
    pub(super) fn forget(&mut self, cx: &mut Cx<'_, A>, place: Place<A>) {
        let (group, port) = place;
        let members = self.table.groups.get_mut(&group);
        let Some(member) = members.and_then(|ports| ports.remove(&port)) else { return };
        self.timers.cancel(Due::Member(group, port));
        self.timers.cancel(Due::AskAgain(group, port));
        self.forget_hosts(place, &member.hosts);
        for source in member.sources {
            self.timers.cancel(Due::Source(group, port, source.address));
            self.close(cx, place, source.address);
        }
        cx.out.push(BridgeOut::Mdb { group, source: None, port, holds: None });
        self.withdraw_copies(cx, place);
        self.ports[port].entries -= 1;
        if self.table.ports_of(group).is_empty() {
            self.timers.set(cx.now, Due::Empty(group, None), 0);
        }
    }

    /// The group timer of the port has ended: what is left are the sources whose timers run.
    pub(super) fn end(&mut self, cx: &mut Cx<'_, A>, place: Place<A>) {
        let Some(member) = self.table.member_mut(place) else { return };
        let mut has_changed = std::mem::replace(&mut member.excludes, false);
        for source in self.table.sources(place) {
            if !self.runs(place, source) {
                self.drop_source(cx, place, source);
                has_changed = true;
            }
        }
        if self.table.sources(place).is_empty() {
            self.forget(cx, place);
        } else if has_changed {
            self.withdraw_copies(cx, place);
            self.announce(cx, place);
        }
    }

    /// The timer of a source has ended.
    pub(super) fn end_source(&mut self, cx: &mut Cx<'_, A>, place: Place<A>, source: A) {
        if self.table.member(place).is_some_and(|member| member.excludes) {
            self.install(cx, place, source);
            return;
        }
        self.drop_source(cx, place, source);
        if self.table.sources(place).is_empty() {
            self.forget(cx, place);
        }
    }

    /// An entry that lost its last port goes with the next tick, unless it has got another one.
    pub(super) fn end_empty(&mut self, group: A, source: Option<A>) {
        let is_empty = |ports: Option<bool>| ports == Some(true);
        match source {
            None if is_empty(self.table.groups.get(&group).map(BTreeMap::is_empty)) => {
                self.table.groups.remove(&group);
            }
            Some(source) => {
                let key = (group, source);
                if is_empty(self.table.channels.get(&key).map(BTreeMap::is_empty)) {
                    self.table.channels.remove(&key);
                }
            }
            None => {}
        }
    }

    /// Finds the source of the member, or makes it; returns whether it is new, and `None` if it
    /// may not be made.
    pub(super) fn find_or_make(&mut self, place: Place<A>, source: A) -> Option<bool> {
        let member = self.table.member_mut(place)?;
        if member.sources.iter().any(|one| one.address == source) {
            return Some(false);
        }
        if member.sources.len() >= MOST_SOURCES || !source.may_be_source() {
            return None;
        }
        let (ends, asks_left) = (0, 0);
        let made =
            Source { address: source, ends, asks_left, is_asked: false, is_installed: false };
        member.sources.insert(0, made);
        Some(true)
    }

    /// Sets the timer of the source for that tick.
    pub(super) fn renew(&mut self, cx: &mut Cx<'_, A>, place: Place<A>, source: A, tick: u64) {
        let Some(known) = self.table.source_mut(place, source) else { return };
        known.ends = tick;
        self.timers.set_for(cx.now, Due::Source(place.0, place.1, source), tick);
        self.install(cx, place, source);
    }

    /// Whether the timer of the source runs.
    pub(super) fn runs(&self, (group, port): Place<A>, source: A) -> bool {
        self.timers.runs(Due::Source(group, port, source))
    }

    /// Removes the source of the member, and the port from its entry.
    pub(super) fn drop_source(&mut self, cx: &mut Cx<'_, A>, place: Place<A>, source: A) {
        self.close(cx, place, source);
        self.timers.cancel(Due::Source(place.0, place.1, source));
        if let Some(member) = self.table.member_mut(place) {
            member.sources.retain(|one| one.address != source);
        }
    }

    /// Reports what the group's entry at the port holds.
    pub(super) fn announce(&self, cx: &mut Cx<'_, A>, place: Place<A>) {
        let (group, port) = place;
        let Some(member) = self.table.member(place) else { return };
        let holds = match self.settings.knobs.version {
            Version::V3 => Holds::Filter {
                excludes: member.excludes,
                sources: member.sources.iter().map(|source| source.address).collect(),
            },
            _ => Holds::All,
        };
        cx.out.push(BridgeOut::Mdb { group, source: None, port, holds: Some(holds) });
    }

    /// The tick at which a membership that is reported now ends.
    pub(super) fn lives(&self, cx: &Cx<'_, A>) -> u64 {
        jiffies(cx.now) + hundredths(self.settings.knobs.membership_interval)
    }

    /// Sets the group timer of the port for that tick.
    pub(super) fn set_end(&mut self, cx: &Cx<'_, A>, place: Place<A>, tick: u64) {
        if let Some(member) = self.table.member_mut(place) {
            member.ends = tick;
            self.timers.set_for(cx.now, Due::Member(place.0, place.1), tick);
        }
    }
}
