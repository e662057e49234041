//! What the records of a version 3 Report change at a port: the tables of RFC 3376 section 6.4, as
//! Linux has them.
//!
//! Linux marks the sources to be asked about and asks about them after a Last Member Query Interval
//! and not at once, because its first Query takes only sources whose timers are later than the one it
//! has just set. A list that names a source twice counts it twice.

use super::super::jiffies::jiffies;
use super::octets::{BLOCK, IS_EX, Record, TO_EX, TO_IN};
use super::table::Full;
use super::{Bridge, BridgeInet, Cx, Due, Place, hundredths};

impl<A: BridgeInet> Bridge<A> {
    /// A record came in on the port from the host.
    pub(super) fn heard_sources(
        &mut self,
        cx: &mut Cx<'_, A>,
        port: usize,
        host: A,
        record: &Record<'_, A>,
    ) -> Result<(), Full> {
        let place = (record.group, port);
        if !record.is_empty_include() {
            self.admit(cx, place, false)?;
        }
        let Some(member) = self.table.member(place) else { return Ok(()) };
        let mut has_changed = match (record.kind, member.excludes) {
            (IS_EX | TO_EX, false) => self.exclude(cx, place, host, record),
            (IS_EX | TO_EX, true) => self.exclude_others(cx, place, host, record),
            (TO_IN, _) => self.include_only(cx, place, host, record),
            (BLOCK, _) => self.block(cx, place, host, record),
            (_, _) => self.include(cx, place, host, record),
        };
        if matches!(record.kind, IS_EX | TO_EX) {
            let lives = self.lives(cx);
            self.table.member_mut(place).into_iter().for_each(|member| member.excludes = true);
            self.set_end(cx, place, lives);
        }
        let wants_none = |bridge: &Self| {
            let member = bridge.table.member(place);
            member.is_some_and(|member| !member.excludes && member.sources.is_empty())
        };
        let ends = matches!(record.kind, TO_IN | BLOCK) && self.is_left(place)
            || record.kind == BLOCK && wants_none(self);
        if ends {
            self.forget(cx, place);
            has_changed = false;
        }
        if has_changed {
            self.announce(cx, place);
        }
        Ok(())
    }

    /// IS_IN and ALLOW.
    fn include(
        &mut self,
        cx: &mut Cx<'_, A>,
        place: Place<A>,
        host: A,
        record: &Record<'_, A>,
    ) -> bool {
        let lives = self.lives(cx);
        let mut has_changed = false;
        for source in record.sources() {
            has_changed |= self.find_or_make(place, source) == Some(true);
            self.renew(cx, place, source, lives);
        }
        self.track(cx, place, host, record) || has_changed
    }

    /// IS_EX and TO_EX while the port includes: new sources are blocked.
    fn exclude(
        &mut self,
        cx: &mut Cx<'_, A>,
        place: Place<A>,
        host: A,
        record: &Record<'_, A>,
    ) -> bool {
        let is_change = record.kind == TO_EX;
        let (mut old, mut to_ask) = (self.table.sources(place), false);
        if is_change {
            self.unmark(place);
        }
        for source in record.sources() {
            let made = self.find_or_make(place, source);
            old.retain(|one| *one != source);
            if made == Some(false) && is_change {
                self.mark_one(place, source, true);
                to_ask = true;
            }
            if made.is_some() {
                self.install(cx, place, source);
            }
        }
        self.track(cx, place, host, record);
        old.into_iter().for_each(|source| self.drop_source(cx, place, source));
        if to_ask {
            self.ask_about_marked(cx, place);
        }
        self.give_copies(cx, place);
        true
    }

    /// IS_EX and TO_EX while the port excludes.
    fn exclude_others(
        &mut self,
        cx: &mut Cx<'_, A>,
        place: Place<A>,
        host: A,
        record: &Record<'_, A>,
    ) -> bool {
        let is_change = record.kind == TO_EX;
        let (mut old, mut to_ask) = (self.table.sources(place), false);
        let ends = if is_change { self.ends(place) } else { self.lives(cx) };
        if is_change {
            self.unmark(place);
        }
        let mut has_changed = false;
        for source in record.sources() {
            let made = self.find_or_make(place, source);
            old.retain(|one| *one != source);
            if made == Some(true) {
                self.renew(cx, place, source, ends);
                has_changed = true;
            }
            if is_change && made.is_some() && self.runs(place, source) {
                self.mark_one(place, source, true);
                to_ask = true;
            }
        }
        has_changed |= self.track(cx, place, host, record);
        has_changed |= !old.is_empty();
        old.into_iter().for_each(|source| self.drop_source(cx, place, source));
        if to_ask {
            self.ask_about_marked(cx, place);
        }
        has_changed
    }

    /// TO_IN: the sources that it does not name are asked about, and in EXCLUDE mode the group.
    fn include_only(
        &mut self,
        cx: &mut Cx<'_, A>,
        place: Place<A>,
        host: A,
        record: &Record<'_, A>,
    ) -> bool {
        let excludes = self.table.member(place).is_some_and(|member| member.excludes);
        let lives = self.lives(cx);
        let known = self.table.sources(place);
        let mut to_ask = known.len() as u32;
        for source in known {
            if !excludes || self.runs(place, source) {
                self.mark_one(place, source, true);
            }
        }
        let mut has_changed = false;
        for source in record.sources() {
            match self.find_or_make(place, source) {
                Some(false) if !excludes || self.runs(place, source) => {
                    self.mark_one(place, source, false);
                    to_ask = to_ask.wrapping_sub(1);
                }
                made => has_changed |= made == Some(true),
            }
            self.renew(cx, place, source, lives);
        }
        has_changed |= self.track(cx, place, host, record);
        if to_ask != 0 {
            self.ask_about_marked(cx, place);
        }
        if excludes {
            self.ask_about_group(cx, place);
        }
        has_changed
    }

    fn block(
        &mut self,
        cx: &mut Cx<'_, A>,
        place: Place<A>,
        host: A,
        record: &Record<'_, A>,
    ) -> bool {
        let excludes = self.table.member(place).is_some_and(|member| member.excludes);
        let ends = self.ends(place);
        self.unmark(place);
        let (mut has_changed, mut to_ask) = (false, false);
        for source in record.sources() {
            if excludes && self.find_or_make(place, source) == Some(true) {
                self.renew(cx, place, source, ends);
                has_changed = true;
            }
            if self.table.source_mut(place, source).is_some()
                && (!excludes || self.runs(place, source))
            {
                self.mark_one(place, source, true);
                to_ask = true;
            }
        }
        has_changed |= self.track(cx, place, host, record);
        if to_ask {
            self.ask_about_marked(cx, place);
        }
        has_changed
    }

    fn unmark(&mut self, place: Place<A>) {
        let members = self.table.member_mut(place).into_iter();
        members.flat_map(|member| &mut member.sources).for_each(|one| one.is_asked = false);
    }

    fn mark_one(&mut self, place: Place<A>, source: A, is_asked: bool) {
        if let Some(known) = self.table.source_mut(place, source) {
            known.is_asked = is_asked;
        }
    }

    /// The tick for which the group timer was set last.
    fn ends(&self, place: Place<A>) -> u64 {
        self.table.member(place).map_or(0, |member| member.ends)
    }

    /// The marked sources end after the Last Member Query Time, and are asked about.
    fn ask_about_marked(&mut self, cx: &mut Cx<'_, A>, place: Place<A>) {
        if !self.settings.knobs.snooping {
            return;
        }
        let soon = jiffies(cx.now) + self.last_member_time();
        let asks = self.asks();
        let count = self.settings.knobs.last_member_count;
        for source in self.table.sources(place) {
            let Some(known) = self.table.source_mut(place, source) else { continue };
            if std::mem::replace(&mut known.is_asked, false) && known.ends > soon {
                if asks {
                    known.asks_left = count;
                }
                self.renew(cx, place, source, soon);
            }
        }
        if asks {
            self.ask_about_sources(cx, place, true);
            self.plan_ask(cx, place);
        }
    }

    /// In EXCLUDE mode the group ends after the Last Member Query Time, and is asked about.
    fn ask_about_group(&mut self, cx: &mut Cx<'_, A>, place: Place<A>) {
        if !self.settings.knobs.snooping {
            return;
        }
        let count = self.settings.knobs.last_member_count;
        let asks = self.asks();
        let Some(member) = self.table.member_mut(place) else { return };
        if asks {
            member.asks_left = count.saturating_sub(1);
            self.send_query(cx, place.1, Some(place.0), place.0, false, Vec::new());
            self.plan_ask(cx, place);
        }
        let soon = jiffies(cx.now) + self.last_member_time();
        self.lower_end(cx, place, soon, true);
    }

    /// Sets the group timer for that tick if it is later; one that does not run only if `starts`.
    pub(super) fn lower_end(&mut self, cx: &Cx<'_, A>, place: Place<A>, tick: u64, starts: bool) {
        let moves = match self.timers.runs(Due::Member(place.0, place.1)) {
            true => self.ends(place) > tick,
            false => starts,
        };
        if moves {
            self.set_end(cx, place, tick);
        }
    }

    /// Sends the Query about the sources that are still to be asked about; returns whether it must
    /// be repeated. With `suppress` those with later timers come first, and without any of them none.
    pub(super) fn ask_about_sources(
        &mut self,
        cx: &mut Cx<'_, A>,
        place: Place<A>,
        suppress: bool,
    ) -> bool {
        let soon = jiffies(cx.now) + self.last_member_time();
        let (mut later, mut again) = (suppress, false);
        loop {
            let Some(member) = self.table.member_mut(place) else { return again };
            let mut sources = Vec::new();
            for source in &mut member.sources {
                if source.asks_left > 0 && later == (source.ends > soon) {
                    source.asks_left -= 1;
                    again |= source.asks_left > 0;
                    sources.push(source.address);
                }
            }
            if sources.is_empty() {
                return again;
            }
            self.send_query(cx, place.1, Some(place.0), place.0, suppress, sources);
            if !std::mem::replace(&mut later, false) {
                return again;
            }
        }
    }

    /// Plans the next Query about the group or its sources, unless one is due before.
    pub(super) fn plan_ask(&mut self, cx: &Cx<'_, A>, place: Place<A>) {
        let due = Due::AskAgain(place.0, place.1);
        let next = jiffies(cx.now) + hundredths(self.settings.knobs.last_member_interval);
        let runs = self.timers.runs(due);
        let Some(member) = self.table.member_mut(place) else { return };
        if !runs || member.asks > next {
            member.asks = next;
            self.timers.set_for(cx.now, due, next);
        }
    }
}
