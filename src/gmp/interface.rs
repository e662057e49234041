//! The router side of one link: startup, periodic Queries, election, memberships.
//!
//! Owns RFC 2236 sections 3 and 7 and RFC 9776 sections 6.2 to 6.6, except rules of one version,
//! which stand in the lens of that version. Every change of time goes through `expire`, every timer
//! through [`TimerName`].

mod checking;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use super::change::{Filter, Record, Sources, change};
use super::membership::Membership;
use super::message::{Query, Version};
use super::params::{Params, Profile};
use super::querier::{Role, outranks};
use super::{Cx, News};
use crate::addr::Group;
use crate::time::{Deadline, Instant, Timers};

/// The number of lower routers that are remembered. One is the querier and another its successor;
/// more appear only during an election, or are forged, so the highest addresses among them may be
/// forgotten.
const MOST_QUERIERS: usize = 4;

/// The timers of one link, by their RFC names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum TimerName {
    /// The next General Query is due.
    GeneralQuery,
    /// Other Querier Present, for the router with this address.
    OtherQuerierPresent(IpAddr),
    /// The group timer.
    Group(Group),
    /// A source timer.
    Source(Group, IpAddr),
    /// Older Host Present: members that speak IGMPv1.
    OlderHostPresent(Group),
    /// The next Group-Specific (or Group-and-Source-Specific) Query is due.
    Retransmit(Group),
}

/// The state of the router side of one link.
#[derive(Clone, Debug)]
pub struct Interface {
    params: Params,
    own: IpAddr,
    /// The routers with lower addresses whose Other Querier Present timer runs.
    others: BTreeSet<IpAddr>,
    startup_queries_left: u8,
    /// When this router sent its last General Query.
    asked: Instant,
    groups: BTreeMap<Group, Membership>,
    timers: Timers<TimerName>,
    warned: Option<Instant>,
}

impl Interface {
    /// Enters service with the address `own`: sends the first General Query and arms the startup
    /// timer (RFC2236-7-01).
    #[must_use]
    pub fn start(cx: &mut Cx<'_>, params: Params, own: IpAddr) -> Self {
        let mut interface = Self {
            startup_queries_left: params.startup_query_count(),
            asked: cx.now,
            params,
            own,
            others: BTreeSet::new(), // RFC2236-3-01
            groups: BTreeMap::new(),
            timers: Timers::new(),
            warned: None,
        };
        cx.say(News::Querier(Role::Querier));
        interface.general_query(cx);
        interface
    }

    /// Replaces the parameters.
    ///
    /// Running timers keep their deadlines, so that an election is not disturbed, and a Leave is
    /// checked at its pace. Two exceptions: a General Query moves earlier if the new interval is
    /// shorter, and a querier's memberships grow by the growth of GMI, so that members get the time
    /// to answer.
    pub fn configure(&mut self, cx: &Cx<'_>, params: Params) {
        let before = std::mem::replace(&mut self.params, params).group_membership_interval();
        if self.role() != Role::Querier {
            return;
        }
        // RFC2236-8.2-01: from one General Query to the next.
        let due = self.asked + self.general_query_interval();
        self.timers.lower(TimerName::GeneralQuery, due.max(cx.now));
        // RFC2236-8.4-01: a membership grows by as much as GMI, which counts from an earlier
        // Report.
        let after = self.params.group_membership_interval();
        let longer = after.saturating_sub(before);
        let settled = self.groups.keys().copied().filter(|&group| !self.is_checking(group));
        let settled: Vec<Group> = settled.collect();
        for timer in settled.into_iter().map(TimerName::Group) {
            if let Some(expiry) = self.timers.expiry(timer) {
                self.timers.set(timer, expiry.max((expiry + longer).min(cx.now + after)));
            }
        }
    }

    /// Changes the own address. Routers that are not below the new one no longer count, and without
    /// any other router left this one becomes Querier (RFC2236-3-03, RFC2236-3-04).
    pub fn readdress(&mut self, cx: &mut Cx<'_>, own: IpAddr) {
        let before = self.role();
        self.own = own;
        for other in self.others.split_off(&own) {
            self.timers.cancel(TimerName::OtherQuerierPresent(other));
        }
        self.tell_role(cx, before);
        if before != self.role() && self.role() == Role::Querier {
            self.general_query(cx);
        }
    }

    /// The parameters of the link.
    #[must_use]
    pub const fn params(&self) -> &Params {
        &self.params
    }

    /// Our address on the link.
    #[must_use]
    pub const fn own(&self) -> IpAddr {
        self.own
    }

    /// The role: the lowest address heard within its Other Querier Present Interval is the querier
    /// (RFC2236-3-02, RFC2236-3-04).
    #[must_use]
    pub fn role(&self) -> Role {
        self.others.first().map_or(Role::Querier, |&lowest| Role::NonQuerier(lowest))
    }

    /// The routers whose Queries keep this one silent.
    #[must_use]
    pub const fn other_queriers(&self) -> &BTreeSet<IpAddr> {
        &self.others
    }

    /// The groups with members, and their state.
    #[must_use]
    pub const fn groups(&self) -> &BTreeMap<Group, Membership> {
        &self.groups
    }

    /// Whether the members of the link want datagrams of this source and group (RFC3376-6.3-01).
    #[must_use]
    pub fn wants(&self, source: IpAddr, group: Group) -> bool {
        self.groups.get(&group).is_some_and(|membership| membership.filter.wants(source))
    }

    /// Whether the group has members that speak IGMPv1 (RFC2236-5-02).
    #[must_use]
    pub fn has_v1_hosts(&self, group: Group) -> bool {
        self.timers.expiry(TimerName::OlderHostPresent(group)).is_some()
    }

    /// When the timer expires, if it runs.
    #[must_use]
    pub fn expiry(&self, timer: TimerName) -> Option<Instant> {
        self.timers.expiry(timer)
    }

    /// The next timer.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline<TimerName>> {
        self.timers.next()
    }

    /// Serves every timer that has expired; harmless at any time.
    pub fn expire(&mut self, cx: &mut Cx<'_>) {
        while let Some(timer) = self.timers.pop_expired(cx.now) {
            match timer {
                TimerName::GeneralQuery => self.general_query(cx),
                TimerName::OtherQuerierPresent(other) => self.other_querier_gone(cx, other),
                TimerName::Group(group) => self.group_expired(cx, group),
                TimerName::Source(group, source) => self.source_expired(cx, group, source),
                // RFC2236-7-09: once the timer has expired the group is in Members Present again.
                TimerName::OlderHostPresent(_) => {}
                TimerName::Retransmit(group) => self.ask(cx, group),
            }
        }
    }

    /// Another router's Query was heard.
    pub fn heard_query(&mut self, cx: &mut Cx<'_>, from: IpAddr, query: &Query) {
        if outranks(self.params.profile, from, self.own, query.group.is_none()) {
            self.lose_election(cx, from);
        }
        if let Some(group) = query.group.filter(|_| !query.suppress) {
            self.lower_timers(cx, group, query);
        }
    }

    /// A host's record about a group was heard.
    pub fn heard_record(&mut self, cx: &mut Cx<'_>, group: Group, record: &Record) {
        let membership = self.groups.entry(group).or_insert_with(Membership::new);
        let change = change(&membership.filter, record);
        let before = std::mem::replace(&mut membership.filter, change.filter);
        let gmi = cx.now + self.params.group_membership_interval();
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
            self.start_asking(cx, group, change.ask_group, change.ask_sources);
        }
    }

    /// Starts or restarts the timer that remembers members of an older version (RFC2236-5-02).
    pub fn heard_v1_host(&mut self, cx: &Cx<'_>, group: Group) {
        let until = cx.now + self.params.older_host_present_interval();
        self.timers.set(TimerName::OlderHostPresent(group), until);
    }

    /// Warns of a Query in another version, at most once a Query Interval (RFC2236-4-10,
    /// RFC2236-4-11).
    pub fn warn_of_version(&mut self, cx: &mut Cx<'_>, from: IpAddr) {
        let quiet_until = self.warned.map(|warned| warned + self.params.query_interval);
        if quiet_until.is_none_or(|until| until <= cx.now) {
            self.warned = Some(cx.now);
            cx.say(News::OtherVersion(from));
        }
    }

    fn general_query(&mut self, cx: &mut Cx<'_>) {
        // RFC2236-3-07; RFC2236-4-08: in version 1 mode the field is zero.
        let max_resp = match self.params.version {
            Version::V1 => Duration::ZERO,
            Version::V2 | Version::V3 => self.params.query_response_interval,
        };
        cx.say(Query::older(self.params.version, None, max_resp));
        self.startup_queries_left = self.startup_queries_left.saturating_sub(1);
        self.asked = cx.now;
        self.timers.set(TimerName::GeneralQuery, cx.now + self.general_query_interval());
    }

    fn general_query_interval(&self) -> Duration {
        match self.startup_queries_left {
            0 => self.params.query_interval,           // RFC2236-3-05
            _ => self.params.startup_query_interval(), // RFC2236-3-06
        }
    }

    fn lose_election(&mut self, cx: &mut Cx<'_>, to: IpAddr) {
        let before = self.role();
        self.others.insert(to);
        self.startup_queries_left = 0;
        self.timers.cancel(TimerName::GeneralQuery);
        // RFC2236-7-02. Leave queries that have begun go on (RFC2236-3-26).
        let until = cx.now + self.params.other_querier_present_interval();
        self.timers.set(TimerName::OtherQuerierPresent(to), until);
        if self.others.len() > MOST_QUERIERS
            && let Some(highest) = self.others.pop_last()
        {
            self.timers.cancel(TimerName::OtherQuerierPresent(highest));
        }
        self.tell_role(cx, before);
    }

    fn other_querier_gone(&mut self, cx: &mut Cx<'_>, other: IpAddr) {
        let before = self.role();
        self.others.remove(&other);
        self.tell_role(cx, before);
        // RFC2236-3-04, RFC2236-7-03
        if self.role() == Role::Querier {
            self.general_query(cx);
        }
    }

    fn tell_role(&self, cx: &mut Cx<'_>, before: Role) {
        if self.role() != before {
            cx.say(News::Querier(self.role()));
        }
    }

    fn group_expired(&mut self, cx: &mut Cx<'_>, group: Group) {
        let Some(membership) = self.groups.get_mut(&group) else { return };
        let before = membership.filter.clone();
        // RFC3376-6.5-01: in EXCLUDE mode only sources with running timers are kept.
        if let Filter::Exclude { requested, .. } = &before {
            membership.filter = Filter::Include { wanted: requested.clone() };
        }
        self.settle(cx, group, &before);
    }

    fn source_expired(&mut self, cx: &mut Cx<'_>, group: Group, source: IpAddr) {
        let Some(membership) = self.groups.get_mut(&group) else { return };
        let before = membership.filter.clone();
        match &mut membership.filter {
            // RFC3376-6.2.3-01
            Filter::Include { wanted } => {
                wanted.remove(&source);
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
        for source in before.timed().difference(after.timed()) {
            self.timers.cancel(TimerName::Source(group, *source));
        }
        let nothing = Filter::nothing();
        match (*before == nothing, *after == nothing) {
            (true, false) => cx.say(News::MembersPresent(group)),
            (false, true) => cx.say(News::NoMembers(group)),
            _ if before != after => cx.say(News::SourcesChanged(group)),
            _ => {}
        }
        if *after == nothing {
            self.groups.remove(&group);
            for timer in [
                TimerName::Group(group),
                TimerName::OlderHostPresent(group),
                TimerName::Retransmit(group),
            ] {
                self.timers.cancel(timer);
            }
        }
    }
}
