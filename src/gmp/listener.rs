//! The host side of group management in versions 1 and 2: when to send a Report, and when a Leave.
//!
//! Owns RFC 2236 section 6 (Non-Member, Delaying Member, Idle Member; Version 1 Router Present) and
//! the host's part of sections 3 to 5. It works on meanings: the lens handles validity, addresses
//! and bytes of a message. Membership is the interface state of RFC 9776. Version 2 has two of its
//! states: EXCLUDE({}), a member, and INCLUDE({}), not a member. It refuses to know sockets: only
//! the first join and the last leave may reach it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::message::{Report, V1_MAX_RESPONSE, Version};
use super::params::HostParams;
use crate::addr::Group;
use crate::machine;
use crate::time::{Deadline, Instant, Timers};

#[cfg(test)]
mod tests;

/// A valid Query that came in on the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryHeard {
    /// The version of the Query; an IGMP Query with Max Response Time 0 is V1 (RFC2236-4-01).
    pub version: Version,
    /// The group in the Query; `None` in a General Query. Ignored in a V1 Query, where RFC 1112
    /// gives the field no meaning.
    pub group: Option<Group>,
    /// Max Response Time. Ignored in a V1 Query, which grants 10 s; in a V2 Query, zero requests an
    /// answer at once (RFC2710-4-10).
    pub max_resp: Duration,
}

impl From<Say> for Report {
    fn from(said: Say) -> Self {
        match said {
            Say::Report { version, group } => Self::of_group(version, group),
            Say::Leave { group } => Self::leave(group),
        }
    }
}

/// A message that the listener wants to send on its link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Say {
    /// A Membership Report, to the group itself (RFC2236-3-12).
    Report {
        /// The version of the Report, which the querier must understand.
        version: Version,
        /// The group reported.
        group: Group,
    },
    /// A Leave Group (MLD: Done), to all routers of the link.
    Leave {
        /// The group left.
        group: Group,
    },
}

/// The timers of RFC 2236 section 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListenerTimer {
    /// The delay until the group is reported. It runs exactly in Delaying Member state, both for an
    /// answer to a Query and for the repeat of an unsolicited Report.
    Delay(Group),
    /// A version 1 Query was heard less than the Version 1 Router Present Timeout ago.
    V1RouterPresent,
}

/// The state of a group in the diagram of RFC 2236 section 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupState {
    /// Non-Member: no socket of this host has joined the group.
    NonMember,
    /// Delaying Member: a Report waits for its timer.
    Delaying,
    /// Idle Member: no Report is due.
    Idle,
}

/// The context of one call of the host side of a link.
pub type Cx<'a> = machine::Cx<'a, Say>;

/// A group that the host is a member of, whatever sources it wants. Its timer alone tells Delaying
/// Member from Idle Member.
#[derive(Clone, Copy, Debug)]
struct Member {
    /// The number of repeats of the join's Report that are still due.
    repeats: u8,
    /// Whether the last Report that counted for the group was our own.
    last_reporter: bool,
}

/// A host's group memberships on one link.
#[derive(Clone, Debug)]
pub struct Listener {
    params: HostParams,
    members: BTreeMap<Group, Member>,
    timers: Timers<ListenerTimer>,
}

impl Listener {
    /// A host that has joined only the all-hosts group, which it never leaves (RFC1112-7.2-04). A
    /// robustness of 0 counts as 1.
    #[must_use]
    pub const fn new(params: HostParams) -> Self {
        Self { params, members: BTreeMap::new(), timers: Timers::new() }
    }

    /// The first socket joined the group: reports it at once and schedules the repeats.
    ///
    /// The caller counts sockets (RFC1112-7.2-03), since it must know which socket joined which
    /// group to leave when one is closed. Joining again changes nothing.
    ///
    /// Section 6 uses the one timer of the Delaying Member state for repeats too, so its rules
    /// apply to them: a Query with a shorter Max Response Time draws it anew, the Report that
    /// answers a Query counts as a repeat, and another host's Report ends all repeats, as the
    /// routers then know of the group.
    pub fn join(&mut self, cx: &mut Cx<'_>, group: Group) {
        if self.members.contains_key(&group) {
            return;
        }
        self.announce(cx, group);
    }

    /// The link was down and is up again: every group is reported as if it were joined now, because
    /// the routers of the link may have forgotten it, or may be others.
    pub fn link_returned(&mut self, cx: &mut Cx<'_>) {
        let groups: Vec<Group> = self.members.keys().copied().collect();
        groups.into_iter().for_each(|group| self.announce(cx, group));
    }

    /// The last socket left the group: removes it, and sends a Leave unless another member may
    /// answer for it. Leaving a group that is not joined changes nothing.
    pub fn leave(&mut self, cx: &mut Cx<'_>, group: Group) {
        let Some(member) = self.members.remove(&group) else { return };
        self.timers.cancel(ListenerTimer::Delay(group)); // RFC2236-6-04
        // RFC2236-3-19, RFC2236-3-20: the host that reported last may still be a member, and will
        // answer. RFC2236-4-05, RFC2236-6-06: a version 1 querier does not understand a Leave.
        let is_owed = member.last_reporter || !self.params.silent_leaves;
        if is_owed && !self.v1_router_present(cx.now) {
            cx.say(Say::Leave { group });
        }
    }

    /// A Query was heard: every group that it covers gets its own random delay.
    pub fn heard_query(&mut self, cx: &mut Cx<'_>, query: QueryHeard) {
        let (group, max_resp) = match query.version {
            Version::V1 => {
                // RFC2236-6-09
                if self.params.version != Version::V3 {
                    self.expect_v1_router(cx.now + self.params.v1_router_present_timeout);
                }
                (None, V1_MAX_RESPONSE) // RFC2236-4-01, RFC1112-I-01
            }
            Version::V2 | Version::V3 => (query.group, query.max_resp),
        };
        let Self { members, timers, .. } = self;
        match group {
            // RFC2236-3-10
            Some(group) if members.contains_key(&group) => answer(timers, cx, group, max_resp),
            Some(_) => {}
            // RFC2236-3-08
            None => members.keys().for_each(|&group| answer(timers, cx, group, max_resp)),
        }
    }

    /// Another host's Report of either version was heard (RFC2236-5-01): the routers know of the
    /// group, so a pending Report is cancelled.
    ///
    /// The caller must not hand in the host's own Reports: they would suppress their repeats.
    pub fn heard_report(&mut self, group: Group) {
        let delay = ListenerTimer::Delay(group);
        // RFC2236-6-03: as an Idle Member or a Non-Member, the host ignores it.
        if self.timers.expiry(delay).is_none() {
            return;
        }
        self.timers.cancel(delay); // RFC2236-3-13
        if let Some(member) = self.members.get_mut(&group) {
            *member = Member { repeats: 0, last_reporter: false }; // RFC2236-6-05
        }
    }

    /// The timer to be served next, or `None` while none runs.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline<ListenerTimer>> {
        self.timers.next()
    }

    /// Serves every timer that has expired at `cx.now`. An early call does nothing; a late call
    /// sends Reports late, in the version that is right by then.
    pub fn expire(&mut self, cx: &mut Cx<'_>) {
        while let Some(timer) = self.timers.pop_expired(cx.now) {
            match timer {
                ListenerTimer::Delay(group) => {
                    self.report(cx, group); // RFC2236-3-12
                    self.spend_repeat(group);
                    self.plan_repeat(cx, group);
                }
                ListenerTimer::V1RouterPresent => {} // The expiry itself ends the state.
            }
        }
    }

    /// The state of the group.
    #[must_use]
    pub fn state(&self, group: Group) -> GroupState {
        if self.timers.expiry(ListenerTimer::Delay(group)).is_some() {
            GroupState::Delaying
        } else if group.is_all_hosts() || self.members.contains_key(&group) {
            GroupState::Idle // RFC2236-6-08, RFC1112-7.2-04
        } else {
            GroupState::NonMember
        }
    }

    /// Whether the last Report that counted for the group was our own, so that leaving sends a
    /// Leave.
    #[must_use]
    pub fn is_last_reporter(&self, group: Group) -> bool {
        self.members.get(&group).is_some_and(|member| member.last_reporter)
    }

    /// A version 3 host has heard a version 1 Query, after which a version 1 router counts as present
    /// until then.
    pub(super) fn expect_v1_router(&mut self, until: Instant) {
        self.timers.set(ListenerTimer::V1RouterPresent, until);
    }

    /// Forgets all that is pending, and has these groups as members, whose last Report was our own. A
    /// version 3 host takes up an older version so, or ends it with no groups (RFC3376-7.2.1-05).
    pub(super) fn restart(&mut self, groups: impl IntoIterator<Item = Group>) {
        let v1_router = self.timers.expiry(ListenerTimer::V1RouterPresent);
        self.timers = Timers::new();
        if let Some(until) = v1_router {
            self.expect_v1_router(until);
        }
        let member = |group| (group, Member { repeats: 0, last_reporter: true });
        self.members = groups.into_iter().map(member).collect();
    }

    /// Whether the querier of the link counts as version 1 (RFC2236-4-02).
    #[must_use]
    pub fn v1_router_present(&self, now: Instant) -> bool {
        // RFC2236-4-03: by the time of the last version 1 Query, served in time or not.
        self.timers.expiry(ListenerTimer::V1RouterPresent).is_some_and(|until| now < until)
    }

    /// Makes the group a member that the routers of the link do not know yet.
    fn announce(&mut self, cx: &mut Cx<'_>, group: Group) {
        let repeats = self.params.robustness.saturating_sub(1);
        self.members.insert(group, Member { repeats, last_reporter: false });
        if is_reported(group) {
            self.timers.cancel(ListenerTimer::Delay(group));
            self.report(cx, group); // RFC2236-3-17
            self.plan_repeat(cx, group);
        }
    }

    /// Sends a Report of a member group.
    fn report(&mut self, cx: &mut Cx<'_>, group: Group) {
        // RFC2236-4-04
        let v1 = self.v1_router_present(cx.now);
        let version = if v1 { Version::V1 } else { Version::V2 };
        cx.say(Say::Report { version, group });
        if let Some(member) = self.members.get_mut(&group) {
            member.last_reporter = true; // RFC2236-6-05
        }
    }

    /// Counts a Report that was just sent as a repeat, if repeats were due.
    fn spend_repeat(&mut self, group: Group) {
        if let Some(member) = self.members.get_mut(&group) {
            member.repeats = member.repeats.saturating_sub(1);
        }
    }

    /// Starts the timer of the next repeat, if one is due.
    fn plan_repeat(&mut self, cx: &mut Cx<'_>, group: Group) {
        // RFC2236-3-18
        if self.members.get(&group).is_some_and(|member| member.repeats > 0) {
            // RFC2236-6-07
            let at = cx.now + cx.rng.delay(self.params.unsolicited_report_interval);
            self.timers.set(ListenerTimer::Delay(group), at);
        }
    }
}

/// Ensures that a member group is reported within `max_resp`.
fn answer(timers: &mut Timers<ListenerTimer>, cx: &mut Cx<'_>, group: Group, max_resp: Duration) {
    let delay = ListenerTimer::Delay(group);
    // RFC2236-3-11: a timer that expires in time anyway is left alone.
    let in_time = timers.expiry(delay).is_some_and(|at| at.since(cx.now) <= max_resp);
    if is_reported(group) && !in_time {
        timers.set(delay, cx.now + cx.rng.delay(max_resp)); // RFC2236-3-09
    }
}

/// Whether the group is ever reported or left: neither all-hosts (RFC2236-6-08, RFC2710-5-03), nor
/// an IPv6 group whose scope is no wider than the host (RFC2710-5-04).
pub(super) fn is_reported(group: Group) -> bool {
    let stays_on_host = match group.addr() {
        IpAddr::V4(_) => false,
        IpAddr::V6(addr) => addr.octets()[1] & 0x0f <= 1,
    };
    !group.is_all_hosts() && !stays_on_host
}
