//! The router side of one link: startup, periodic Queries, election, memberships.
//!
//! Owns RFC 2236 sections 3 and 7 and RFC 9776 sections 6.2 to 6.6, except rules of one version,
//! which stand in the lens of that version. Every change of time goes through `expire`, every timer
//! through [`TimerName`].

mod checking;
mod querying;
mod records;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::change::{Filter, Record, Sources, change};
use super::lightweight;
use super::membership::Membership;
use super::message::{Query, Version};
use super::packing;
use super::params::{Params, Profile};
use super::querier::{Role, outranks};
use super::{Cx, News};
use crate::addr::Group;
use crate::ignored::Ignored;
use crate::time::{Deadline, Instant, Timers};
use querying::{Learnt, Retry, Warned};

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
    /// Older Host Present: members that speak this version, older than the router's.
    OlderHostPresent(Group, Version),
    /// The next Group-Specific (or Group-and-Source-Specific) Query is due.
    Retransmit(Group),
}

/// The state of the router side of one link.
#[derive(Clone, Debug)]
pub struct Interface {
    /// The parameters as they were configured.
    params: Params,
    /// The configured parameters with what the querier announces.
    in_force: Params,
    own: IpAddr,
    /// The routers with lower addresses whose Other Querier Present timer runs, with what the last
    /// Query of each announced.
    others: BTreeMap<IpAddr, Learnt>,
    startup_queries_left: u8,
    /// When this router sent its last General Query.
    asked: Instant,
    /// How the last General Queries that could not be sent are tried again.
    retry: Retry,
    groups: BTreeMap<Group, Membership>,
    /// How many of these groups never leave a link.
    local_groups: usize,
    /// The number of sources of all groups.
    sources: usize,
    timers: Timers<TimerName>,
    warned: Warned,
}

impl Interface {
    /// Enters service with the address `own`: sends the first General Query and arms the startup
    /// timer (RFC2236-7-01).
    #[must_use]
    pub fn start(cx: &mut Cx<'_>, params: Params, own: IpAddr) -> Self {
        let mut interface = Self {
            startup_queries_left: params.startup_query_count(),
            asked: cx.now,
            retry: Retry::default(),
            in_force: params.clone(),
            params,
            own,
            others: BTreeMap::new(), // RFC2236-3-01
            groups: BTreeMap::new(),
            local_groups: 0,
            sources: 0,
            timers: Timers::new(),
            warned: Warned::default(),
        };
        cx.say(News::Querier(interface.role()));
        if interface.role() == Role::Querier {
            interface.general_query(cx);
        }
        interface
    }

    /// Replaces the parameters.
    ///
    /// Running timers keep their deadlines, so that an election is not disturbed, and a Leave is
    /// checked at its pace. Two exceptions: a General Query moves earlier if the new interval is
    /// shorter, and a querier's memberships grow by the growth of GMI, so that members get the time
    /// to answer. A router that is no longer passive enters service; one that becomes passive falls silent.
    pub fn configure(&mut self, cx: &mut Cx<'_>, params: Params) {
        let (before, was) = (self.in_force.group_membership_interval(), self.role());
        self.params = params;
        self.forget_queriers_above();
        self.compute();
        self.tell_role(cx, was);
        match (was, self.role()) {
            (Role::Querier, Role::Querier) => {}
            (_, Role::Querier) => {
                self.startup_queries_left = self.params.startup_query_count();
                return self.become_querier(cx);
            }
            (_, Role::Passive) => return self.fall_silent(),
            (_, Role::NonQuerier(_)) => return,
        }
        // RFC2236-8.2-01: from one General Query to the next.
        let due = self.asked + self.general_query_interval();
        self.timers.lower(TimerName::GeneralQuery, due.max(cx.now));
        // RFC2236-8.4-01: a membership grows by as much as GMI, which counts from an earlier
        // Report.
        let after = self.in_force.group_membership_interval();
        let longer = after.saturating_sub(before);
        for timer in self.settled_timers(cx.now) {
            if let Some(expiry) = self.timers.expiry(timer) {
                self.timers.set(timer, expiry.max((expiry + longer).min(cx.now + after)));
            }
        }
    }

    /// The timers of groups and sources that no check has lowered.
    fn settled_timers(&self, now: Instant) -> Vec<TimerName> {
        let checked_until = now + self.in_force.last_member_query_time();
        let is_settled = |timer: &TimerName| match *timer {
            TimerName::Group(group) => !self.is_checking(group),
            timer => self.timers.expiry(timer).is_some_and(|expiry| expiry > checked_until),
        };
        let of_group = |(&group, membership): (&Group, &Membership)| {
            let sources = membership.filter.timed().iter().copied();
            let sources = sources.map(move |source| TimerName::Source(group, source));
            sources.chain([TimerName::Group(group)]).collect::<Vec<_>>()
        };
        self.groups.iter().flat_map(of_group).filter(is_settled).collect()
    }

    /// Keeps silent from now on, because the link has no address any more: the own one is unspecified.
    /// Members are known and expire as before.
    pub const fn lose_address(&mut self) {
        self.own = match self.own {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
    }

    /// Enters service anew with the address `own` and the members that are known, after a time without
    /// an address (RFC2236-7-01).
    pub fn resume(&mut self, cx: &mut Cx<'_>, own: IpAddr) {
        let before = self.role();
        self.own = own;
        for (other, _) in std::mem::take(&mut self.others) {
            self.timers.cancel(TimerName::OtherQuerierPresent(other));
        }
        self.tell_role(cx, before);
        self.startup_queries_left = self.params.startup_query_count();
        if self.role() == Role::Querier {
            self.become_querier(cx);
        }
    }

    /// Changes the own address. Routers that are not below the new one no longer count, and without
    /// any other router left this one becomes Querier (RFC2236-3-03, RFC2236-3-04).
    pub fn readdress(&mut self, cx: &mut Cx<'_>, own: IpAddr) {
        let before = self.role();
        self.own = own;
        self.forget_queriers_above();
        self.tell_role(cx, before);
        if before != self.role() && self.role() == Role::Querier {
            self.become_querier(cx);
        }
    }

    /// Forgets the routers that do not outrank this one, unless it leaves the link to any querier.
    fn forget_queriers_above(&mut self) {
        if self.params.passive {
            return;
        }
        for (other, _) in self.others.split_off(&self.own) {
            self.timers.cancel(TimerName::OtherQuerierPresent(other));
        }
    }

    /// The parameters of the link, as they were configured.
    #[must_use]
    pub const fn params(&self) -> &Params {
        &self.params
    }

    /// The parameters by which the router computes: a Non-Querier takes some from the querier.
    #[must_use]
    pub const fn in_force(&self) -> &Params {
        &self.in_force
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
        let lowest = self.others.first_key_value();
        let alone = if self.params.passive { Role::Passive } else { Role::Querier };
        lowest.map_or(alone, |(&lowest, _)| Role::NonQuerier(lowest))
    }

    /// The routers whose Queries keep this one silent.
    #[must_use]
    pub fn other_queriers(&self) -> impl ExactSizeIterator<Item = IpAddr> {
        self.others.keys().copied()
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

    /// The group's compatibility mode: the oldest version that its members speak, as far as the router
    /// must know, and never a newer one than its own (RFC3376-7.3.2-01, RFC2236-5-02).
    #[must_use]
    pub fn compatibility(&self, group: Group) -> Version {
        let is_present = |version: &Version| {
            self.timers.expiry(TimerName::OlderHostPresent(group, *version)).is_some()
        };
        let older = [Version::V1, Version::V2].into_iter().find(is_present);
        older.unwrap_or(self.params.version).min(self.params.version)
    }

    /// Whether the group has members that speak IGMPv1 (RFC2236-5-02).
    #[must_use]
    pub fn has_v1_hosts(&self, group: Group) -> bool {
        self.timers.expiry(TimerName::OlderHostPresent(group, Version::V1)).is_some()
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
                TimerName::OlderHostPresent(..) => {}
                TimerName::Retransmit(group) => self.ask(cx, group),
            }
        }
    }
}
