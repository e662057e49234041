//! The bridge as a querier, and what it makes of another one.
//!
//! Owns the election, the first Queries and the later ones. The bridge asks on each port by a timer of
//! its own, and itself by one more, which says whose Queries count: as long as that runs, only those
//! from an address that is not above its own. Any Query that counts makes its port lead to a router.

use std::net::Ipv4Addr;

use castnet::time::Instant;
use castnet::wire::igmp::{Message, Query, V3Query, Version};
use castnet::wire::ipv4;

use super::super::jiffies::after;
use super::{Bridge, Due, Out, hundredths};

/// Where Queries go, also those for a group that was left in version 2.
pub(super) const ALL_HOSTS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);

/// The Robustness Variable in the bridge's Queries, whatever it is set to.
const ROBUSTNESS: u8 = 2;

/// A tenth of a second, the unit of Max Resp Code, in ticks.
const TENTH: u64 = 25;

/// Who asks.
#[derive(Clone, Debug)]
pub(super) struct Querier {
    /// Whether the bridge is to ask while nobody else does.
    pub(super) is_on: bool,
    /// Who was elected last; 0.0.0.0 is nobody.
    address: Ipv4Addr,
    own: Own,
}

impl Default for Querier {
    fn default() -> Self {
        Self { is_on: false, address: Ipv4Addr::UNSPECIFIED, own: Own::default() }
    }
}

/// How many of the first Queries have been sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Own {
    started: u8,
}

impl Bridge {
    /// Lets the bridge be a querier, or no longer.
    pub fn set_querier(&mut self, now: Instant, on: bool) {
        if self.querier.is_on == on {
            return;
        }
        self.querier.is_on = on;
        if on {
            if self.timers.expiry(Due::OtherQuerier).is_none() {
                let answered = after(now, hundredths(self.settings.query_response_interval));
                self.timers.set(Due::FirstAnswers, answered);
            }
            self.begin(now);
        }
    }

    /// Begins with the first Queries, as far as the bridge asks.
    pub(super) fn begin(&mut self, now: Instant) {
        if self.settings.snooping {
            self.querier.own = Own::default();
            self.timers.set(Due::Own, after(now, 0));
            self.begin_on_ports(now);
        }
    }

    /// Asks on the bridge's ports only.
    pub(super) fn begin_on_ports(&mut self, now: Instant) {
        for (n, port) in self.ports.iter_mut().enumerate() {
            if port.is_up && self.settings.snooping {
                port.own = Own::default();
                self.timers.set(Due::OwnOn(n), after(now, 0));
            }
        }
    }

    /// The bridge's Query to itself is due.
    pub(super) fn ask_itself(&mut self, now: Instant) {
        let wait = self.querier.own.next(&self.settings);
        if self.asks() {
            self.querier.address = self.settings.address;
            self.timers.set(Due::Own, after(now, wait));
        }
    }

    /// The General Query on a port is due.
    pub(super) fn ask_on(&mut self, now: Instant, port: usize, out: &mut Vec<Out>) {
        let wait = self.ports[port].own.next(&self.settings);
        if self.asks() {
            self.send_query(port, None, ALL_HOSTS, false, out);
            self.timers.set(Due::OwnOn(port), after(now, wait));
        }
    }

    /// A Group-Specific Query of version 3 is to be repeated.
    pub(super) fn ask_again(
        &mut self,
        now: Instant,
        group: Ipv4Addr,
        port: usize,
        out: &mut Vec<Out>,
    ) {
        let asks = self.asks();
        let Some(member) = self.members.get_mut(&(group, port)) else { return };
        if !asks || member.asks_left == 0 {
            return;
        }
        member.asks_left -= 1;
        // Routers are to leave their timers alone this time.
        self.send_query(port, Some(group), group, true, out);
        self.plan_ask(now, group, port);
    }

    /// Plans the next Group-Specific Query, if there is to be one.
    pub(super) fn plan_ask(&mut self, now: Instant, group: Ipv4Addr, port: usize) {
        if self.members.get(&(group, port)).is_some_and(|member| member.asks_left > 0) {
            let next = after(now, hundredths(self.settings.last_member_interval));
            self.timers.set(Due::AskAgain(group, port), next);
        }
    }

    /// A General Query came in, which grants so many ticks.
    pub(super) fn heard_querier(
        &mut self,
        now: Instant,
        port: usize,
        from: Ipv4Addr,
        granted: u64,
        out: &mut Vec<Out>,
    ) {
        let is_vacant = self.timers.expiry(Due::Own).is_none()
            && self.timers.expiry(Due::OtherQuerier).is_none();
        let elected = self.querier.address;
        if !(is_vacant || elected.is_unspecified() || from <= elected) {
            return;
        }
        self.querier.address = from;
        if self.timers.expiry(Due::OtherQuerier).is_none() {
            self.timers.set(Due::FirstAnswers, after(now, granted));
        }
        let lives = after(now, hundredths(self.settings.querier_interval));
        self.timers.set(Due::OtherQuerier, lives);
        if self.timers.expiry(Due::Router(port)).is_none() {
            out.push(Out::Router { port, on: true });
        }
        self.timers.set(Due::Router(port), lives);
    }

    /// Whether the bridge is the one that asks.
    fn asks(&self) -> bool {
        self.querier.is_on && self.timers.expiry(Due::OtherQuerier).is_none()
    }

    pub(super) fn send_query(
        &self,
        port: usize,
        group: Option<Ipv4Addr>,
        to: Ipv4Addr,
        suppress: bool,
        out: &mut Vec<Out>,
    ) {
        let settings = &self.settings;
        let granted = match group {
            Some(_) => settings.last_member_interval,
            None => settings.query_response_interval,
        };
        // Both codes are cut to an octet, and mean what they say only below 128.
        let v3 = (settings.igmp_version == Version::V3).then(|| V3Query {
            flags: 0,
            suppress,
            robustness: ROBUSTNESS,
            interval_code: settings.query_interval.as_secs() as u8,
            sources: Vec::new(),
        });
        let max_resp_code = (hundredths(granted) / TENTH) as u8;
        let group = group.unwrap_or(Ipv4Addr::UNSPECIFIED);
        let message = Message::Query(Query { max_resp_code, group, v3 });
        let packet = ipv4::encode_igmp(settings.address, to, &message);
        out.push(Out::Send { port, to, packet: packet.expect("a Query fits a packet") });
    }
}

impl Own {
    /// Counts the Query that is due, and says in how many ticks the next one is.
    fn next(&mut self, settings: &super::Settings) -> u64 {
        let count = settings.startup_query_count;
        self.started = self.started.saturating_add(1).min(count);
        hundredths(if self.started < count {
            settings.startup_query_interval
        } else {
            settings.query_interval
        })
    }
}
