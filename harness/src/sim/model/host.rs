//! IGMP and MLD as the Linux kernel speaks them for a host: one interface of one host
//! (net/ipv4/igmp.c, net/ipv6/mcast.c).
//!
//! Decides when a membership is reported, in which version, and whether its end is. [`filter`] has the
//! sources of groups of which a socket has named any. Refuses to know sockets: it counts them by group,
//! and ignores what a single socket may join. A simulation may have a million hosts, so values that all
//! share are not stored per host, and a packet is read once for all who hear it ([`HostInput::read`]).
//! Both families are one model; [`Rules`] has what they do differently.

mod asked;
mod filter;
mod heard;
mod report;
mod rules;
mod sockets;

#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;
use std::time::Duration;

use castnet::rng::Rng;
use castnet::time::Instant;
use castnet::wire::igmp::Version;

use super::inet::Said;
use super::jiffies::{Timer, below, jiffies, ticks};
use filter::Filter;
pub use filter::Wish;
pub use heard::HostInput;
use heard::What;
use report::Packing;
pub use rules::{HostInet, Rules};
use rules::{
    QUERY_INTERVAL, QUERY_RESPONSE_INTERVAL, ROBUSTNESS, V2_REPORT_INTERVAL, V3_REPORT_INTERVAL,
};

/// Ticks that the kernel adds to every delay that it draws; the first Report of version 3 waits
/// just these.
const AT_LEAST: u64 = 2;

/// A packet to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostOut<A = Ipv4Addr> {
    /// The IP destination.
    pub to: A,
    /// The whole IP packet.
    pub packet: Vec<u8>,
}

/// The kernel's group management on one interface.
#[derive(Clone, Debug)]
pub struct Host<A = Ipv4Addr> {
    /// The source of what it says: in IPv6 the link-local address.
    address: A,
    /// `force_igmp_version` or `force_mld_version`.
    forced: Option<Version>,
    is_up: bool,
    /// Robustness Variable, Query Interval (seconds) and Query Response Interval (ticks) of the last
    /// version 3 Query.
    robustness: u8,
    query_interval: u32,
    query_response_interval: u32,
    /// The tick until which a version 1, or version 2, querier counts as present.
    v1_until: u64,
    v2_until: u64,
    /// Runs until a version 3 General Query is answered.
    answer: Timer,
    /// Runs until the next state-change Report; the number of such Reports still to be sent.
    change: Timer,
    changes: u8,
    /// In the order of joining; the kernel walks them from the last to the first.
    members: Vec<Member<A>>,
    /// Groups left whose end is still to be reported, in the order of leaving.
    left: Vec<Left<A>>,
}

/// A group with sockets in it.
#[derive(Clone, Debug)]
struct Member<A> {
    group: A,
    /// At most 255, so that a membership stays small.
    sockets: u8,
    /// The number of unsolicited Reports still to be sent in version 1 or 2, the scheduled one
    /// included.
    unsolicited: u8,
    /// The number of state-change Reports that are still to name it.
    untold: u8,
    /// Whether this host sent the last Report that counted, so that it must send a Leave.
    is_reporter: bool,
    /// Runs until the group is reported.
    delay: Timer,
    /// Its sources; most groups have none, and all their sockets want all sources.
    filter: Option<Box<Filter<A>>>,
}

/// A group that was left in version 3.
#[derive(Clone, Debug)]
struct Left<A> {
    group: A,
    untold: u8,
    /// What it was in INCLUDE mode; none in EXCLUDE mode, in which no sources are named.
    filter: Option<Box<Filter<A>>>,
}

const fn held_to(version: u8) -> Option<Version> {
    match version {
        1 => Some(Version::V1),
        2 => Some(Version::V2),
        3 => Some(Version::V3),
        _ => None,
    }
}

impl<A: HostInet> Host<A> {
    /// An interface that is up and a member of the all-hosts group only; `forced`, 1 to 3, fixes its
    /// kernel's version.
    #[must_use]
    pub fn new(address: A, forced: Option<u8>) -> Self {
        let mut host = Self {
            address,
            forced: forced.and_then(held_to),
            is_up: true,
            robustness: ROBUSTNESS,
            query_interval: QUERY_INTERVAL,
            query_response_interval: small(QUERY_RESPONSE_INTERVAL),
            v1_until: 0,
            v2_until: 0,
            answer: Timer::RESTING,
            change: Timer::RESTING,
            changes: 0,
            members: Vec::new(),
            left: Vec::new(),
        };
        host.answers_to(address);
        host
    }

    /// The interface has this address, and has had it for long: in IPv6 the kernel is a member of its
    /// solicited-node group.
    pub fn answers_to(&mut self, address: A) {
        let group = address.solicited_node().filter(|&group| !self.is_member(group));
        self.members.extend(group.map(Member::new));
    }

    /// Fixes the version, 1 to 3, from now on (`force_igmp_version`, `force_mld_version`).
    pub const fn hold_to(&mut self, version: u8) {
        self.forced = held_to(version);
    }

    /// Whether this host accepts a datagram for the group.
    #[must_use]
    pub fn is_member(&self, group: A) -> bool {
        group == A::ALL_HOSTS || self.members.iter().any(|member| member.group == group)
    }

    /// The groups that this host is a member of.
    pub fn groups(&self) -> impl Iterator<Item = A> {
        [A::ALL_HOSTS].into_iter().chain(self.members.iter().map(|member| member.group))
    }

    /// The interface goes down. Messages that the kernel still sends are lost.
    pub fn down(&mut self, now: Instant) {
        self.is_up = false;
        for at in (0..self.members.len()).rev() {
            self.dropped(now, at, &mut Vec::new());
            let kept = &mut self.members[at];
            kept.delay.stop();
            (kept.is_reporter, kept.unsolicited) = (false, 0);
        }
        self.changes = 0;
        self.change.stop();
        self.answer.stop();
    }

    /// The interface comes up: it forgets the intervals it has learned, and reports all groups
    /// anew.
    pub fn up(&mut self, now: Instant, rng: &mut Rng, out: &mut Vec<HostOut<A>>) {
        self.is_up = true;
        self.robustness = ROBUSTNESS;
        self.query_interval = QUERY_INTERVAL;
        self.query_response_interval = small(QUERY_RESPONSE_INTERVAL);
        if A::RULES.forgets_older {
            (self.v1_until, self.v2_until) = (0, 0);
        }
        (0..self.members.len()).rev().for_each(|at| self.added(now, at, rng, out));
    }

    /// The packet came in on the interface. Returns the earliest deadline that it set, if it set any.
    pub fn receive(
        &mut self,
        now: Instant,
        heard: &HostInput<A>,
        rng: &mut Rng,
    ) -> Option<Instant> {
        let for_us = match heard.destination {
            to if to.into().is_multicast() => self.is_member(to),
            to => to.is_for(self.address),
        };
        if for_us { self.take_in(now, heard, rng) } else { None }
    }

    /// The packet came in on the interface, and its destination is known to be one of the host's: see
    /// [`Self::receive`].
    pub fn take_in(
        &mut self,
        now: Instant,
        heard: &HostInput<A>,
        rng: &mut Rng,
    ) -> Option<Instant> {
        if !self.is_up || heard.source == self.address {
            return None;
        }
        match &heard.what {
            What::Query(query) => return self.heard_query(now, query, rng),
            // A Report to the host's own address does not count for the group.
            What::Report(_) if heard.destination == self.address => {}
            What::Report(group) => self.heard_report(*group),
        }
        None
    }

    /// When [`Self::expire`] must be called, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let delays = self.members.iter().map(|member| &member.delay);
        delays.chain([&self.answer, &self.change]).filter_map(Timer::deadline).min()
    }

    /// Serves the timers whose time has come; harmless at any time.
    pub fn expire(&mut self, now: Instant, rng: &mut Rng, out: &mut Vec<HostOut<A>>) {
        if self.answer.take(now) {
            let mut packing = Packing::new();
            let members = self.members.iter_mut().rev();
            let members = members.filter(|member| member.group.is_reported());
            members.for_each(|member| member.answer(&mut packing));
            self.say_records(packing, out);
        }
        if self.change.take(now) {
            self.tell_changes(out);
            if self.changes > 0 {
                self.changes -= 1;
                let interval = self.report_interval(now);
                self.change.set(now, below(interval, rng) + AT_LEAST);
            }
        }
        for at in (0..self.members.len()).rev() {
            if self.members[at].delay.take(now) {
                self.report(now, at, rng, out);
            }
        }
    }

    /// The version spoken now: that of the oldest querier that counts as present.
    fn version(&self, now: Instant) -> Version {
        let tick = jiffies(now);
        if self.forced.is_some() && self.forced == A::RULES.deaf_to_older {
            Version::V3
        } else if self.forced == Some(Version::V1) || tick < self.v1_until {
            Version::V1
        } else if self.forced == Some(Version::V2) || tick < self.v2_until {
            Version::V2
        } else {
            Version::V3
        }
    }

    /// The Unsolicited Report Interval, in ticks.
    fn report_interval(&self, now: Instant) -> u64 {
        ticks(match self.version(now) {
            Version::V1 | Version::V2 => V2_REPORT_INTERVAL,
            Version::V3 => V3_REPORT_INTERVAL,
        })
    }

    /// Schedules the unsolicited Reports of a group.
    fn added(&mut self, now: Instant, at: usize, rng: &mut Rng, out: &mut Vec<HostOut<A>>) {
        let (version, robustness) = (self.version(now), self.robustness);
        let member = &mut self.members[at];
        let group = member.group;
        if let Some(left) = self.left.iter().position(|left| left.group == group) {
            let left = self.left.remove(left);
            if let Some((filter, mut left)) = member.filter.as_mut().zip(left.filter) {
                filter.take_back(&mut left, robustness);
            }
        }
        if !group.is_reported() {
            return;
        }
        match version {
            Version::V1 | Version::V2 if A::RULES.joins_at_once => {
                self.report(now, at, rng, out);
                let repeat = below(self.report_interval(now), rng);
                let delay = &mut self.members[at].delay;
                if !delay.runs() {
                    delay.set(now, repeat);
                }
            }
            Version::V1 | Version::V2 => {
                member.unsolicited = ROBUSTNESS;
                member.delay.set(now, AT_LEAST);
            }
            Version::V3 => {
                if !A::RULES.joins_at_once {
                    member.unsolicited = ROBUSTNESS;
                }
                // From nothing to some sources is no change of the mode.
                if member.filter.as_ref().is_none_or(|filter| filter.excluded) {
                    member.untold = robustness;
                }
                self.changed(now);
            }
        }
    }

    /// A group has no sockets any more, or its interface goes down.
    fn dropped(&mut self, now: Instant, at: usize, out: &mut Vec<HostOut<A>>) {
        let (version, untold) = (self.version(now), self.robustness);
        let member = &mut self.members[at];
        let group = member.group;
        if !group.is_reported() {
            return;
        }
        match version {
            Version::V1 => {}
            Version::V2 if member.is_reporter => {
                self.say(A::ALL_ROUTERS, Said::Leave(group), out);
            }
            Version::V2 => {}
            Version::V3 => {
                let filter = member.filter.as_mut().filter(|filter| !filter.excluded);
                let filter = filter.map(|filter| Box::new(filter.take_left(untold)));
                self.left.push(Left { group, untold, filter });
                self.changed(now);
            }
        }
    }

    /// Schedules state-change Reports in version 3: one at once, and the repetitions.
    fn changed(&mut self, now: Instant) {
        self.changes = self.robustness;
        self.change.set(now, AT_LEAST);
    }

    /// Another host has reported the group: the own Report is cancelled, and no Leave is due.
    fn heard_report(&mut self, group: A) {
        if let Some(member) = self.members.iter_mut().find(|member| member.group == group) {
            member.delay.stop();
            (member.is_reporter, member.unsolicited) = (false, 0);
        }
    }

    /// The delay of a group's Report is over.
    fn report(&mut self, now: Instant, at: usize, rng: &mut Rng, out: &mut Vec<HostOut<A>>) {
        let (version, interval) = (self.version(now), self.report_interval(now));
        let member = &mut self.members[at];
        member.is_reporter = true;
        member.unsolicited = member.unsolicited.saturating_sub(1);
        if member.unsolicited > 0 {
            member.delay.set(now, below(interval, rng) + AT_LEAST);
        }
        let group = member.group;
        match version {
            Version::V1 => self.say(group, Said::V1Report(group), out),
            Version::V2 => self.say(group, Said::Report(group), out),
            Version::V3 => {
                let mut packing = Packing::new();
                member.answer(&mut packing);
                self.say_records(packing, out);
            }
        }
    }
}

impl<A> Member<A> {
    const fn new(group: A) -> Self {
        let delay = Timer::RESTING;
        let (unsolicited, untold, is_reporter, filter) = (0, 0, false, None);
        Self { group, sockets: 1, unsolicited, untold, is_reporter, delay, filter }
    }
}

/// A time in ticks; a Max Response Time always fits.
fn small(time: Duration) -> u32 {
    u32::try_from(ticks(time)).unwrap_or(u32::MAX)
}
