//! The entries of single sources, which decide where each of them is forwarded.
//!
//! A port that excludes other sources gets a copy in the entry of a source that another port wants.
//! Linux makes copies only when the entry or the port's EXCLUDE mode is new, and so does this: an
//! entry that has lost such a port stays without it.

use std::collections::BTreeMap;

use super::table::Channel;
use super::{Bridge, BridgeInet, BridgeOut, Cx, Due, Place};
use crate::recording::Holds;

impl<A: BridgeInet> Bridge<A> {
    /// Sees to the entry of the source: the port gets it while its timer runs, and does not otherwise.
    pub(super) fn install(&mut self, cx: &mut Cx<'_, A>, place: Place<A>, source: A) {
        let runs = self.runs(place, source);
        let Some(known) = self.table.source_mut(place, source) else { return };
        if !known.is_installed && self.open(cx, place, source, !runs) {
            self.table.source_mut(place, source).into_iter().for_each(|known| {
                known.is_installed = true;
            });
            self.table.channel_mut(place, source).into_iter().for_each(|of| of.is_copy = false);
            for port in self.table.ports_of(place.0) {
                let other = (place.0, port);
                if self.table.member(other).is_some_and(|member| member.excludes) {
                    self.copy(cx, other, source);
                }
            }
        }
        let Some(channel) = self.table.channel_mut(place, source) else { return };
        if channel.is_blocked == runs {
            channel.is_blocked = !runs;
            self.announce_channel(cx, place, source);
        }
    }

    /// Adds the port to the source's entry; returns whether it is in it now.
    fn open(&mut self, cx: &mut Cx<'_, A>, place: Place<A>, source: A, is_blocked: bool) -> bool {
        let key = (place.0, source);
        if !self.table.channels.contains_key(&key) {
            if self.make_room().is_err() {
                return false;
            }
            self.table.channels.insert(key, BTreeMap::new());
        }
        if self.table.channel_mut(place, source).is_some() {
            return true;
        }
        if self.count_at(place.1).is_err() {
            return false;
        }
        let channel = Channel { is_blocked, is_copy: false };
        self.table.channels.entry(key).or_default().insert(place.1, channel);
        self.announce_channel(cx, place, source);
        true
    }

    /// Adds a port that excludes other sources to the source's entry, unless it is there.
    fn copy(&mut self, cx: &mut Cx<'_, A>, place: Place<A>, source: A) {
        if self.table.channel_mut(place, source).is_none() && self.open(cx, place, source, false) {
            self.table.channel_mut(place, source).into_iter().for_each(|of| of.is_copy = true);
        }
    }

    /// Takes the port out of the source's entry, and with the last port that wants the source all
    /// copies.
    pub(super) fn close(&mut self, cx: &mut Cx<'_, A>, (group, port): Place<A>, source: A) {
        let Some(ports) = self.table.channels.get_mut(&(group, source)) else { return };
        if ports.remove(&port).is_none() {
            return;
        }
        let copies = ports.values().all(|channel| channel.is_copy);
        let copies: Vec<usize> = ports.keys().copied().filter(|_| copies).collect();
        self.ports[port].entries -= 1;
        cx.out.push(BridgeOut::Mdb { group, source: Some(source), port, holds: None });
        if copies.is_empty() {
            let ports = self.table.channels.get(&(group, source));
            if ports.is_some_and(BTreeMap::is_empty) {
                self.timers.set(cx.now, Due::Empty(group, Some(source)), 0);
            }
        }
        for port in copies {
            self.close(cx, (group, port), source);
        }
    }

    /// The port is in EXCLUDE mode from now on, and gets the sources that other ports want.
    pub(super) fn give_copies(&mut self, cx: &mut Cx<'_, A>, place: Place<A>) {
        for source in self.table.others_sources(place) {
            self.copy(cx, place, source);
        }
    }

    /// The port is in EXCLUDE mode no longer.
    pub(super) fn withdraw_copies(&mut self, cx: &mut Cx<'_, A>, place: Place<A>) {
        for source in self.table.others_sources(place) {
            if self.table.channel_mut(place, source).is_some_and(|channel| channel.is_copy) {
                self.close(cx, place, source);
            }
        }
    }

    fn announce_channel(&mut self, cx: &mut Cx<'_, A>, place: Place<A>, source: A) {
        let (group, port) = place;
        let Some(channel) = self.table.channel_mut(place, source) else { return };
        let holds = Some(Holds::Source { is_blocked: channel.is_blocked });
        cx.out.push(BridgeOut::Mdb { group, source: Some(source), port, holds });
    }
}
