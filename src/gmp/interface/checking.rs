//! Checks whether members are left after a Leave, or after a source was blocked: which Queries are
//! sent, how often, and to what the timers are lowered.
//!
//! Owns the Last Member Queries of RFC 2236 section 3, the state Checking Membership of its section 7,
//! and RFC 9776 section 6.6.3.

use super::*;

impl Interface {
    /// Ends the check of a Leave, because a member answered (RFC2236-7-06).
    pub fn stop_asking(&mut self, group: Group) {
        if let Some(membership) = self.groups.get_mut(&group) {
            membership.stop_asking();
            self.timers.cancel(TimerName::Retransmit(group));
        }
    }

    /// Whether a Leave of the group is being checked (the state Checking Membership of RFC 2236): the
    /// group timer expires no later than the check set it to. Any Report that answers restarts it.
    #[must_use]
    pub fn is_checking(&self, group: Group) -> bool {
        let ends = self.groups.get(&group).and_then(|membership| membership.check_ends);
        let expiry = self.timers.expiry(TimerName::Group(group));
        ends.zip(expiry).is_some_and(|(ends, expiry)| expiry <= ends)
    }

    /// Another router checks whether members are left: our timers must not outlive that check.
    pub(super) fn lower_timers(&mut self, cx: &mut Cx<'_>, group: Group, query: &Query) {
        let wait = match (self.in_force.profile(), self.role()) {
            (Profile::Rfc2236, Role::Querier) => return,
            // RFC2236-3-29
            (Profile::Rfc2236, Role::NonQuerier(_) | Role::Passive) => {
                query.max_resp * u32::from(self.in_force.last_member_query_count())
            }
            // RFC3376-6.6.1-01
            (Profile::Rfc3376 | Profile::Rfc9776, _) => self.in_force.last_member_query_time(),
        };
        let until = cx.now + wait;
        for &source in &query.sources {
            self.timers.lower(TimerName::Source(group, source), until);
        }
        if query.sources.is_empty() && self.timers.lower(TimerName::Group(group), until) {
            cx.say(News::CheckingMembership(group, until));
        }
    }

    /// Sends Q(G), Q(G,sources) or both, and plans their repeats.
    pub(super) fn start_asking(
        &mut self,
        cx: &mut Cx<'_>,
        group: Group,
        whole: bool,
        sources: Sources,
    ) {
        let count = self.in_force.last_member_query_count();
        let time = self.in_force.last_member_query_time();
        let until = cx.now + time;
        // RFC3376-6.4.2-09: a host repeats its record, which must not hurry the Queries that are due.
        let whole = whole && !self.is_checking(group);
        let Some(membership) = self.groups.get_mut(&group) else { return };
        if whole {
            membership.asking().group = count;
            membership.check_ends = Some(until);
            let timer = TimerName::Group(group);
            match self.in_force.profile() {
                Profile::Rfc2236 => self.timers.set(timer, until), // RFC2236-7-10
                // RFC3376-6.6.3.1-01
                Profile::Rfc3376 | Profile::Rfc9776 => _ = self.timers.lower(timer, until),
            }
            cx.say(News::CheckingMembership(group, until));
        }
        let mut asks = whole;
        for source in sources {
            let timer = TimerName::Source(group, source);
            // RFC3376-6.6.3.2-01: only sources with longer timers.
            if self.timers.lower(timer, until) {
                membership.asking().sources.insert(source, count);
                asks = true;
            }
        }
        if asks {
            membership.asking().pace = (self.in_force.last_member_query_interval, time);
            self.ask(cx, group);
        }
    }

    /// Sends the Queries that are due now and arms the next transmission.
    pub(super) fn ask(&mut self, cx: &mut Cx<'_>, group: Group) {
        let Some(membership) = self.groups.get_mut(&group) else { return };
        let Some(due) = membership.take_transmission() else { return };
        let is_asking = membership.is_asking();
        let (max_resp, time) = due.pace; // RFC2236-7-14
        let checked_until = cx.now + time;
        let outlives = |timer| self.timers.expiry(timer).is_some_and(|at| at > checked_until);
        let specific = self.query(Some(group), max_resp);
        if due.group {
            let suppress = outlives(TimerName::Group(group));
            cx.say(Query { suppress, ..specific.clone() });
        }
        // RFC3376-6.6.3.2-01
        let (answered, open): (Sources, Sources) =
            due.sources.into_iter().partition(|&source| outlives(TimerName::Source(group, source)));
        for (sources, suppress) in [(answered, true), (open, false)] {
            let query = Query { suppress, ..specific.clone() };
            packing::queries(&query, &sources).into_iter().for_each(|query| cx.say(query));
        }
        if is_asking {
            self.timers.set(TimerName::Retransmit(group), cx.now + max_resp);
        }
    }
}
