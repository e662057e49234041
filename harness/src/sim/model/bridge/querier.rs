//! The bridge as a querier, and its view of another one.
//!
//! Owns the election, the startup Queries and the later ones. The bridge has one query timer for
//! each port and one for itself. While its own timer runs, only Queries from an address not above
//! its own count. Any Query that counts makes its port lead to a router.

use castnet::time::Instant;
use castnet::wire::igmp::Version;
use castnet::wire::v3::QueryPart;

use super::super::inet::Said;
use super::super::jiffies::TICK;
use super::{Bridge, BridgeInet, BridgeOut, Cx, Due, Place, hundredths};

/// The Robustness Variable in the bridge's Queries, whatever the settings say.
const ROBUSTNESS: u8 = 2;

/// The state of the election.
#[derive(Clone, Debug)]
pub(super) struct Querier<A> {
    /// Whether the bridge sends Queries while there is no other querier.
    pub(super) is_on: bool,
    /// The address elected last; the unspecified one before any election.
    address: A,
    own: Own,
}

impl<A: BridgeInet> Default for Querier<A> {
    fn default() -> Self {
        Self { is_on: false, address: A::NOBODY, own: Own::default() }
    }
}

/// The number of startup Queries sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Own {
    started: u8,
}

impl<A: BridgeInet> Bridge<A> {
    /// Makes the bridge a querier, or ends that.
    pub fn set_querier(&mut self, now: Instant, on: bool) {
        if self.querier.is_on == on {
            return;
        }
        self.querier.is_on = on;
        if on {
            if !self.timers.runs(Due::OtherQuerier) {
                let answered = hundredths(self.settings.knobs.query_response_interval);
                self.timers.set(now, Due::FirstAnswers, answered);
            }
            self.begin(now);
        }
    }

    /// Starts the startup Queries, if the bridge is a querier.
    pub(super) fn begin(&mut self, now: Instant) {
        if self.settings.knobs.snooping {
            self.querier.own = Own::default();
            self.timers.set(now, Due::Own, 0);
            self.begin_on_ports(now);
        }
    }

    /// Starts the startup Queries on the bridge's ports only.
    pub(super) fn begin_on_ports(&mut self, now: Instant) {
        // Linux keeps the port that joined last first, so that the first one is set last and asks first.
        for (n, port) in self.ports.iter_mut().enumerate().rev() {
            if port.is_up && self.settings.knobs.snooping {
                port.own = Own::default();
                self.timers.set(now, Due::OwnOn(n), 0);
            }
        }
    }

    /// The bridge's timer for itself has expired.
    pub(super) fn ask_itself(&mut self, now: Instant) {
        let wait = self.querier.own.next(&self.settings);
        if self.asks() {
            self.querier.address = self.settings.address;
            self.timers.set(now, Due::Own, wait);
        }
    }

    /// The General Query on a port is due.
    pub(super) fn ask_on(&mut self, cx: &mut Cx<'_, A>, port: usize) {
        let wait = self.ports[port].own.next(&self.settings);
        if self.asks() {
            self.send_query(cx, port, None, A::ALL_HOSTS, false, Vec::new());
            self.timers.set(cx.now, Due::OwnOn(port), wait);
        }
    }

    /// A Query of version 3 about a group or its sources is to be repeated.
    pub(super) fn ask_again(&mut self, cx: &mut Cx<'_, A>, place: Place<A>) {
        if !self.asks() {
            return;
        }
        let Some(member) = self.table.member_mut(place) else { return };
        let repeats = member.asks_left > 0;
        member.asks_left = member.asks_left.saturating_sub(1);
        let mut again = member.asks_left > 0;
        if repeats {
            // The S flag: routers must leave their timers alone.
            self.send_query(cx, place.1, Some(place.0), place.0, true, Vec::new());
        }
        again |= self.ask_about_sources(cx, place, false);
        if again {
            self.plan_ask(cx, place);
        }
    }

    /// A General Query came in; its Max Response Time is given in ticks.
    pub(super) fn heard_querier(&mut self, cx: &mut Cx<'_, A>, port: usize, from: A, granted: u64) {
        let is_vacant = !self.timers.runs(Due::Own) && !self.timers.runs(Due::OtherQuerier);
        let elected = self.querier.address;
        let is_first = A::ACCEPTS_ANY_FIRST && elected == A::NOBODY;
        if !(is_vacant || is_first || from <= elected) {
            return;
        }
        self.querier.address = from;
        if !self.timers.runs(Due::OtherQuerier) {
            self.timers.set(cx.now, Due::FirstAnswers, granted);
        }
        let lives = hundredths(self.settings.knobs.querier_interval);
        self.timers.set(cx.now, Due::OtherQuerier, lives);
        if !self.timers.runs(Due::Router(port)) {
            cx.out.push(BridgeOut::Router { port, on: true });
        }
        self.timers.set(cx.now, Due::Router(port), lives);
    }

    /// Whether the bridge is the querier.
    pub(super) fn asks(&self) -> bool {
        let is_on = self.querier.is_on && self.settings.knobs.snooping;
        is_on && !self.timers.runs(Due::OtherQuerier)
    }

    pub(super) fn send_query(
        &self,
        cx: &mut Cx<'_, A>,
        port: usize,
        group: Option<A>,
        to: A,
        suppress: bool,
        sources: Vec<A>,
    ) {
        let settings = &self.settings;
        let granted = match group {
            Some(_) => settings.knobs.last_member_interval,
            None => settings.knobs.query_response_interval,
        };
        // The kernel cuts the codes to their fields, and they hold plain values only.
        let part = (settings.knobs.version == Version::V3).then_some(QueryPart {
            flags: 0,
            suppress,
            robustness: ROBUSTNESS,
            interval_code: settings.knobs.query_interval.as_secs() as u8,
            sources,
        });
        let granted = TICK.as_nanos() * u128::from(hundredths(granted));
        let code = (granted / A::UNIT.as_nanos()) as u16;
        let group = group.unwrap_or(A::NOBODY);
        let packet = settings.address.packet(to, Said::Query { code, group, part });
        cx.out.push(BridgeOut::Send { port, to, packet });
    }
}

impl Own {
    /// Counts the Query that is due, and returns the ticks until the next one.
    fn next<A>(&mut self, settings: &super::Settings<A>) -> u64 {
        let count = settings.knobs.startup_query_count;
        self.started = self.started.saturating_add(1).min(count);
        hundredths(if self.started < count {
            settings.knobs.startup_query_interval
        } else {
            settings.knobs.query_interval
        })
    }
}
