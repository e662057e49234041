//! Queries of this router and of others: the pace, the election, and what a Non-Querier learns.
//!
//! Owns RFC 2236 section 3 as far as it is about General Queries, and RFC 9776 sections 4.1, 6.6.1 and
//! 6.6.2. Refuses to let a Query change a parameter of a router that is itself the querier.

use super::*;

/// The number of lower routers that are remembered. One is the querier and another its successor;
/// more appear only during an election, or are forged, so the highest addresses among them may be
/// forgotten.
const MOST_QUERIERS: usize = 4;

/// The largest QRV that a Query can carry (RFC3376-4.1.6-01).
const MOST_QRV: u8 = 7;

/// The delay after which a General Query that could not be sent is first tried again. It doubles with
/// each further failure, up to the interval between General Queries.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// General Queries that could not be sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Retry {
    /// The delay before the next General Query, if the last one could not be sent.
    next: Option<Duration>,
    /// The delay before the last General Query, if the one before it could not be sent.
    last: Option<Duration>,
}

/// When the link was last warned of, by what the warning was about.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Warned {
    querier: Option<Instant>,
    host: Option<Instant>,
}

impl Warned {
    /// Whether a warning is due, which then is the last one.
    fn is_due(last: &mut Option<Instant>, now: Instant, quiet: Duration) -> bool {
        let is_due = last.is_none_or(|last| last + quiet <= now);
        if is_due {
            *last = Some(now);
        }
        is_due
    }
}

/// What the last Query of another router announced.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Learnt {
    robustness: Option<u8>,
    query_interval: Option<Duration>,
}

impl Learnt {
    /// The Robustness Variable and the Query Interval, where the Query has them.
    fn of(query: &Query) -> Self {
        Self {
            robustness: query.qrv.filter(|qrv| *qrv > 0), // RFC3376-4.1.6-02, RFC3810-5.1.8-01
            // RFC3376-4.1.7-02, RFC3810-5.1.9-01
            query_interval: query.qqi.filter(|qqi| !qqi.is_zero()),
        }
    }

    fn applied_to(self, params: &Params) -> Params {
        Params {
            robustness: self.robustness.unwrap_or(params.robustness),
            query_interval: self.query_interval.unwrap_or(params.query_interval),
            ..params.clone()
        }
    }
}

impl Interface {
    /// Another router's Query was heard.
    pub fn heard_query(&mut self, cx: &mut Cx<'_>, from: IpAddr, query: &Query) {
        // A passive router leaves its link to any querier.
        let general = query.group.is_none();
        let yields = self.params.passive && general && !from.is_unspecified();
        if yields || outranks(self.params.profile(), from, self.own, general) {
            self.lose_election(cx, from, query);
        }
        // RFC3376-4.1.5-01
        if let Some(group) = query.group.filter(|_| !query.suppress) {
            self.lower_timers(cx, group, query);
        }
    }

    /// Warns of a Query in another version, at most once a Query Interval (RFC2236-4-10,
    /// RFC2236-4-11, RFC3376-7.3.1-03).
    pub fn warn_of_version(&mut self, cx: &mut Cx<'_>, from: IpAddr) {
        if Warned::is_due(&mut self.warned.querier, cx.now, self.params.query_interval) {
            cx.say(News::OtherVersion(from));
        }
    }

    /// Warns of a host that reports in a version which the link does not speak, at most once a Query
    /// Interval: one that has heard a Query would speak the link's (RFC3376-7.2.1-02).
    pub fn warn_of_newer_host(&mut self, cx: &mut Cx<'_>, from: IpAddr) {
        if Warned::is_due(&mut self.warned.host, cx.now, self.params.query_interval) {
            cx.say(News::NewerHost(from));
        }
    }

    /// The last General Query could not be sent. It is tried again soon, and counts for none of the
    /// startup Queries (RFC2236-7-01).
    pub fn general_query_failed(&mut self, now: Instant) {
        if self.role() != Role::Querier {
            return;
        }
        self.startup_queries_left =
            (self.startup_queries_left + 1).min(self.params.startup_query_count());
        let delay = self.retry.last.map_or(FIRST_RETRY, |last| last.saturating_mul(2));
        let delay = delay.min(self.general_query_interval());
        self.retry.next = Some(delay);
        self.timers.set(TimerName::GeneralQuery, now + delay);
    }

    pub(super) fn general_query(&mut self, cx: &mut Cx<'_>) {
        self.retry = Retry { next: None, last: self.retry.next };
        cx.say(self.query(None, self.params.query_response_interval)); // RFC2236-3-07
        self.startup_queries_left = self.startup_queries_left.saturating_sub(1);
        self.asked = cx.now;
        self.timers.set(TimerName::GeneralQuery, cx.now + self.general_query_interval());
    }

    /// A Query in the version of the link.
    pub(super) fn query(&self, group: Option<Group>, max_resp: Duration) -> Query {
        let Params { version, robustness, query_interval, .. } = self.params;
        match version {
            Version::V1 => Query::older(version, group, Duration::ZERO), // RFC2236-4-08
            Version::V2 => Query::older(version, group, max_resp),
            Version::V3 => Query {
                // RFC3376-4.1.6-01, RFC3810-5.1.8-01
                qrv: Some(if robustness > MOST_QRV { 0 } else { robustness }),
                qqi: Some(query_interval), // RFC3376-4.1.7-01, RFC3810-5.1.9-01
                ..Query::older(version, group, max_resp)
            },
        }
    }

    pub(super) fn general_query_interval(&self) -> Duration {
        match self.startup_queries_left {
            0 => self.params.query_interval,           // RFC2236-3-05
            _ => self.params.startup_query_interval(), // RFC2236-3-06
        }
    }

    fn lose_election(&mut self, cx: &mut Cx<'_>, to: IpAddr, query: &Query) {
        let before = self.role();
        let learnt = Learnt::of(query);
        self.others.insert(to, learnt);
        self.startup_queries_left = 0;
        self.timers.cancel(TimerName::GeneralQuery);
        self.compute();
        // RFC2236-7-02. Leave queries that have begun go on (RFC2236-3-26). It is silent for as long as
        // its own Query says, even while another router is the querier.
        let until = cx.now + learnt.applied_to(&self.params).other_querier_present_interval();
        self.timers.set(TimerName::OtherQuerierPresent(to), until);
        if self.others.len() > MOST_QUERIERS
            && let Some((highest, _)) = self.others.pop_last()
        {
            self.timers.cancel(TimerName::OtherQuerierPresent(highest));
        }
        self.tell_role(cx, before);
    }

    /// Takes the configured parameters, and of the querier's what it announces.
    pub(super) fn compute(&mut self) {
        let querier = self.others.first_key_value();
        let learnt = querier.map_or_else(Learnt::default, |(_, learnt)| *learnt);
        self.in_force = learnt.applied_to(&self.params);
    }

    pub(super) fn other_querier_gone(&mut self, cx: &mut Cx<'_>, other: IpAddr) {
        let before = self.role();
        self.others.remove(&other);
        self.compute();
        self.tell_role(cx, before);
        // RFC2236-3-04, RFC2236-7-03
        if self.role() == Role::Querier {
            self.become_querier(cx);
        }
    }

    /// The querier asks at once, and computes with its own parameters.
    pub(super) fn become_querier(&mut self, cx: &mut Cx<'_>) {
        self.compute();
        self.general_query(cx);
    }

    /// Asks for nothing from now on, not even for members whose Leaves are being checked.
    pub(super) fn fall_silent(&mut self) {
        self.timers.cancel(TimerName::GeneralQuery);
        let groups: Vec<Group> = self.groups.keys().copied().collect();
        groups.into_iter().for_each(|group| self.stop_asking(group));
    }

    pub(super) fn tell_role(&self, cx: &mut Cx<'_>, before: Role) {
        if self.role() != before {
            cx.say(News::Querier(self.role()));
        }
    }
}
