//! Records of hosts, and the ends of timers: how the state of a group changes, and what follows.
//!
//! Owns RFC 9776 sections 6.2, 6.4 and 6.5 over the tables of [`change`]. Refuses a record that would
//! grow the state beyond the limits of the link; the state then stays as it was.

use super::*;

impl Interface {
    /// A host's record about a group was heard.
    ///
    /// # Errors
    /// The limits of the link do not allow the state that the record asks for.
    pub fn heard_record(
        &mut self,
        cx: &mut Cx<'_>,
        group: Group,
        record: &Record,
    ) -> Result<(), Ignored> {
        let nothing = Filter::nothing();
        let before = self.groups.get(&group).map_or(&nothing, |membership| &membership.filter);
        let change = match self.params.lightweight {
            true => lightweight::change(before, record),
            false => change(before, record),
        };
        self.check_limits(group, before, &change.filter)?;
        let membership = self.groups.entry(group).or_insert_with(Membership::new);
        let before = std::mem::replace(&mut membership.filter, change.filter);
        let gmi = cx.now + self.in_force.group_membership_interval();
        let group_timer = self.timers.expiry(TimerName::Group(group)).unwrap_or(gmi);
        for (sources, at) in [(&change.at_gmi, gmi), (&change.at_group_timer, group_timer)] {
            for &source in sources {
                self.timers.set(TimerName::Source(group, source), at);
            }
        }
        if change.group_timer {
            self.timers.set(TimerName::Group(group), gmi);
        }
        self.settle(cx, group, &before);
        // RFC2236-7-12: a Non-Querier transmits nothing.
        if self.role() == Role::Querier && (change.ask_group || !change.ask_sources.is_empty()) {
            if self.params.immediate_leave {
                self.forget(cx, group, change.ask_group, change.ask_sources);
            } else {
                self.start_asking(cx, group, change.ask_group, change.ask_sources);
            }
        }
        Ok(())
    }

    /// Starts or restarts the timer that remembers members of an older version (RFC2236-5-02,
    /// RFC3376-7.3.2-01).
    pub fn heard_older_host(&mut self, cx: &Cx<'_>, group: Group, version: Version) {
        let until = cx.now + self.in_force.older_host_present_interval();
        self.timers.set(TimerName::OlderHostPresent(group, version), until);
    }

    /// Whether the limits of the link allow another state of the group. A state that does not grow is
    /// always allowed, so that lower limits forget nobody.
    fn check_limits(&self, group: Group, before: &Filter, after: &Filter) -> Result<(), Ignored> {
        let Params { max_groups, max_sources, max_group_sources, .. } = self.params;
        let exceeds = |number: usize, most: u32| u32::try_from(number).is_ok_and(|n| n > most);
        let is_new = *before == Filter::nothing() && *after != Filter::nothing();
        // Kernels report groups of the link for themselves, and must not take the room of the others.
        let alike = match group.is_link_local() {
            true => self.local_groups,
            false => self.groups.len() - self.local_groups,
        };
        if is_new && exceeds(alike + 1, max_groups) {
            return Err(Ignored::TooManyGroups { group, most: max_groups });
        }
        if after.sources() > before.sources() {
            let all = self.sources + after.sources() - before.sources();
            for (number, most) in [(after.sources(), max_sources), (all, max_group_sources)] {
                if exceeds(number, most) {
                    return Err(Ignored::TooManySources { group, most });
                }
            }
        }
        Ok(())
    }

    /// Ends a group or sources of it at once, as if a check had found no member.
    fn forget(&mut self, cx: &mut Cx<'_>, group: Group, whole: bool, sources: Sources) {
        for source in sources {
            self.timers.cancel(TimerName::Source(group, source));
            self.source_expired(cx, group, source);
        }
        if whole {
            self.timers.cancel(TimerName::Group(group));
            self.group_expired(cx, group);
        }
    }

    pub(super) fn group_expired(&mut self, cx: &mut Cx<'_>, group: Group) {
        let Some(membership) = self.groups.get_mut(&group) else { return };
        let before = membership.filter.clone();
        // RFC3376-6.5-01: in EXCLUDE mode only sources with running timers are kept.
        if let Filter::Exclude { requested, .. } = &before {
            membership.filter = Filter::Include { wanted: requested.clone() };
        }
        self.settle(cx, group, &before);
    }

    pub(super) fn source_expired(&mut self, cx: &mut Cx<'_>, group: Group, source: IpAddr) {
        let Some(membership) = self.groups.get_mut(&group) else { return };
        let before = membership.filter.clone();
        match &mut membership.filter {
            // RFC3376-6.2.3-01
            Filter::Include { wanted } => {
                wanted.remove(&source);
            }
            // RFC5790-5.1-01
            Filter::Exclude { requested, .. } if self.params.lightweight => {
                requested.remove(&source);
            }
            // RFC3376-6.2.3-02
            Filter::Exclude { requested, excluded } => {
                requested.remove(&source);
                excluded.insert(source);
            }
        }
        self.settle(cx, group, &before);
    }

    /// Reports the consequences of a change of state, stops the timers of removed sources, and
    /// deletes a group without members.
    fn settle(&mut self, cx: &mut Cx<'_>, group: Group, before: &Filter) {
        let Some(membership) = self.groups.get(&group) else { return };
        let after = &membership.filter;
        self.sources = self.sources + after.sources() - before.sources();
        for source in before.timed().difference(after.timed()) {
            self.timers.cancel(TimerName::Source(group, *source));
        }
        let nothing = Filter::nothing();
        let changed = || News::SourcesChanged(group, after.clone());
        match (*before == nothing, *after == nothing) {
            (true, false) => {
                self.local_groups += usize::from(group.is_link_local());
                cx.say(News::MembersPresent(group));
                if !after.is_plain() {
                    cx.say(changed());
                }
            }
            (false, true) => {
                self.local_groups -= usize::from(group.is_link_local());
                cx.say(News::NoMembers(group));
            }
            _ if before != after => cx.say(changed()),
            _ => {}
        }
        if *after == nothing {
            self.groups.remove(&group);
            for timer in [
                TimerName::Group(group),
                TimerName::OlderHostPresent(group, Version::V1),
                TimerName::OlderHostPresent(group, Version::V2),
                TimerName::Retransmit(group),
            ] {
                self.timers.cancel(timer);
            }
        }
    }
}
