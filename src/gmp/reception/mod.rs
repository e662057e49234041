//! The host side of group management on one link, in any version: what sockets want, and when to report
//! it.
//!
//! Owns RFC 9776 sections 3, 5 and 7.2, the same of RFC 9777, and RFC 5790 section 4: [`filter`] merges the wishes of
//! sockets, [`changes`] reports their changes, [`answers`] remembers what is asked. While the querier speaks an older version, the machine of RFC 2236
//! ([`super::listener`]) takes over. It works on meanings; the lens handles validity and octets.

mod answers;
mod changes;
pub mod filter;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use super::change::Record;
use super::listener::{self, Listener, QueryHeard, is_reported};
use super::message::{Query, Report, Version};
use super::packing;
use super::params::{HostParams, Profile};
use crate::addr::{Family, Group};
use crate::machine;
use crate::time::{Deadline, Instant, Timers};
use answers::Answers;
use changes::Change;
use filter::{Socket, SourceFilter, Wishes};

/// The context of one call; the outputs are Reports and Leaves to be sent.
pub type Cx<'a> = machine::Cx<'a, Report>;

/// The timers of the host side of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ReceptionTimer {
    /// A timer of the older versions.
    Older(listener::ListenerTimer),
    /// IGMPv2 Querier Present, or MLD's Older Version Querier Present (RFC3376-7.2.1-02).
    OlderQuerierPresent,
    /// The interface timer: an answer to a General Query is due (RFC3376-5.2-08).
    General,
    /// The group timer: an answer to a Query for the group is due.
    Group(Group),
    /// A change of the group is to be reported once more (RFC3376-5.1-06).
    Change(Group),
}

/// The Query Interval of a querier that has not sent its own (RFC3376-8.2-01).
const QUERY_INTERVAL: Duration = Duration::from_secs(125);

/// A host's reception state on one link.
#[derive(Clone, Debug)]
pub struct Reception {
    family: Family,
    params: HostParams,
    /// What sockets want of each group, for groups that any of them wants something of.
    wishes: BTreeMap<Group, Wishes>,
    /// The changes that are still to be reported.
    changes: BTreeMap<Group, Change>,
    answers: Answers,
    /// The machine that reports in an older version; empty in version 3.
    older: Listener,
    mode: Version,
    /// The Query Interval of the last Query of version 3.
    query_interval: Duration,
    timers: Timers<ReceptionTimer>,
}

impl Reception {
    /// A host of these parameters whose sockets want nothing yet.
    #[must_use]
    pub const fn new(family: Family, params: HostParams) -> Self {
        let mode = params.version;
        Self {
            family,
            wishes: BTreeMap::new(),
            changes: BTreeMap::new(),
            answers: Answers::new(),
            older: Listener::new(params),
            mode,
            query_interval: QUERY_INTERVAL,
            timers: Timers::new(),
            params,
        }
    }

    /// The socket wants these sources of the group from now on, instead of what it wanted before
    /// (RFC3376-3.1-01). INCLUDE({}) means that it wants nothing.
    pub fn listen(&mut self, cx: &mut Cx<'_>, socket: Socket, group: Group, wish: SourceFilter) {
        self.settle_mode(cx.now);
        let wish = match wish {
            // RFC5790-4.2-01: a lightweight host has no word for excluded sources.
            SourceFilter::Exclude(_) if self.params.lightweight => SourceFilter::all(),
            wish => wish,
        };
        let before = self.filter(group);
        let wishes = self.wishes.entry(group).or_default();
        wishes.set(socket, wish);
        if wishes.is_empty() {
            self.wishes.remove(&group);
        }
        let after = self.filter(group);
        if before == after || !is_reported(group) {
            return;
        }
        if self.mode == Version::V3 {
            return self.report_change(cx, group, &before, &after); // RFC3376-5.1-01
        }
        match (before.is_nothing(), after.is_nothing()) {
            (true, false) => self.with_older(cx, |older, cx| older.join(cx, group)),
            (false, true) => self.with_older(cx, |older, cx| older.leave(cx, group)),
            _ => {} // An older version has no word for sources.
        }
    }

    /// The state of the interface: all sockets' wishes in one (RFC3376-3.2-01, RFC3376-3.2-02).
    #[must_use]
    pub fn filter(&self, group: Group) -> SourceFilter {
        self.wishes.get(&group).map_or_else(SourceFilter::nothing, Wishes::merged)
    }

    /// The groups that any socket wants something of.
    pub fn groups(&self) -> impl Iterator<Item = Group> {
        self.wishes.keys().copied()
    }

    /// Whether any socket wants datagrams of the source to the group.
    #[must_use]
    pub fn delivers(&self, source: IpAddr, group: Group) -> bool {
        self.wishes.get(&group).is_some_and(|wishes| wishes.any_wants(source))
    }

    /// The version in which the host reports at present (RFC3376-7.2.1-02).
    #[must_use]
    pub fn mode(&self, now: Instant) -> Version {
        if self.older.v1_router_present(now) {
            return Version::V1;
        }
        let older = self.timers.expiry(ReceptionTimer::OlderQuerierPresent);
        match older.is_some_and(|until| now < until) {
            true => Version::V2,
            false => self.params.version,
        }
    }

    /// A Query was heard.
    pub fn heard_query(&mut self, cx: &mut Cx<'_>, query: &Query) {
        self.settle_mode(cx.now);
        if self.params.version == Version::V3 {
            if query.version != Version::V3 && !self.params.compatibility {
                return; // RFC9776-7.2.1-02
            }
            self.note_version(cx.now, query);
        }
        if self.mode == Version::V3 {
            return self.plan_answer(cx, query);
        }
        // RFC3376-7.2.1-04: in an older mode a version 3 Query is answered in that version.
        let version = query.version.min(Version::V2);
        let heard = QueryHeard { version, group: query.group, max_resp: query.max_resp };
        self.with_older(cx, |older, cx| older.heard_query(cx, heard));
    }

    /// Another host's Report of version 1 or 2 was heard. In version 3 it suppresses nothing
    /// (RFC3376-5-02, RFC9776-7.2.2-01).
    pub fn heard_report(&mut self, now: Instant, group: Group) {
        self.settle_mode(now);
        self.older.heard_report(group);
    }

    /// The next timer.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline<ReceptionTimer>> {
        let older = self.older.deadline();
        let older = older
            .map(|Deadline { at, timer }| Deadline { at, timer: ReceptionTimer::Older(timer) });
        [self.timers.next(), older].into_iter().flatten().min_by_key(|deadline| deadline.at)
    }

    /// Serves every timer that has expired; harmless at any time.
    pub fn expire(&mut self, cx: &mut Cx<'_>) {
        self.settle_mode(cx.now);
        while let Some(timer) = self.timers.pop_expired(cx.now) {
            match timer {
                ReceptionTimer::General => self.answer_all(cx),
                ReceptionTimer::Group(group) => self.answer(cx, group),
                ReceptionTimer::Change(group) => self.repeat_change(cx, group),
                // The expiry itself ends the mode.
                ReceptionTimer::OlderQuerierPresent | ReceptionTimer::Older(_) => {}
            }
        }
        self.with_older(cx, Listener::expire);
    }

    /// The state of a group in the diagram of RFC 2236, while an older version is spoken.
    #[must_use]
    pub const fn older(&self) -> &Listener {
        &self.older
    }

    /// Calls the machine of the older versions, and hands on what it says.
    fn with_older(
        &mut self,
        cx: &mut Cx<'_>,
        act: impl FnOnce(&mut Listener, &mut listener::Cx<'_>),
    ) {
        let mut said = VecDeque::new();
        act(&mut self.older, &mut listener::Cx { now: cx.now, rng: cx.rng, out: &mut said });
        said.into_iter().for_each(|said| cx.say(said));
    }

    /// Keeps what a Query says about the querier's version (RFC3376-7.2.1-02).
    fn note_version(&mut self, now: Instant, query: &Query) {
        let present = self.older_querier_present(query);
        match query.version {
            Version::V1 => self.older.expect_v1_router(now + present),
            // RFC9776-7.2.1-01: a Group-Specific Query changes no mode.
            Version::V2 if query.group.is_none() || self.family == Family::V6 => {
                self.timers.set(ReceptionTimer::OlderQuerierPresent, now + present);
            }
            Version::V2 => {}
            // RFC3376-8.12-01: of the last Query that carries it.
            Version::V3 => {
                self.query_interval =
                    query.qqi.filter(|qqi| !qqi.is_zero()).unwrap_or(self.query_interval);
            }
        }
        self.settle_mode(now); // RFC3376-7.2.1-03
    }

    /// Older Version Querier Present Interval: RV x QI + QRI (RFC3376-8.12-01, RFC9777-9.12-01), or
    /// RV x QI + 10 x Max Response Time (RFC9776-8.12-01).
    fn older_querier_present(&self, query: &Query) -> Duration {
        let responses = match (self.family, self.params.profile) {
            (Family::V4, Profile::Rfc9776) => 10,
            _ => 1,
        };
        let robustness = u32::from(self.params.robustness);
        self.query_interval * robustness + query.granted() * responses
    }

    /// Follows a change of the mode: all pending answers and repeats are cancelled
    /// (RFC3376-7.2.1-05).
    fn settle_mode(&mut self, now: Instant) {
        let mode = self.mode(now);
        if self.params.version != Version::V3 || mode == self.mode {
            return;
        }
        self.mode = mode;
        self.changes.clear();
        self.answers.clear();
        let until = self.timers.expiry(ReceptionTimer::OlderQuerierPresent);
        self.timers = Timers::new();
        if let Some(until) = until {
            self.timers.set(ReceptionTimer::OlderQuerierPresent, until);
        }
        let members = self.wishes.keys().copied().filter(|&group| is_reported(group));
        match mode {
            Version::V3 => self.older.restart([]),
            Version::V1 | Version::V2 => self.older.restart(members),
        }
    }

    /// Sends records as one Report, or as many as they need (RFC3376-4.2.16-01).
    fn say(&self, cx: &mut Cx<'_>, records: Vec<(Group, Record)>) {
        packing::reports(self.family, records).into_iter().for_each(|report| cx.say(report));
    }
}
