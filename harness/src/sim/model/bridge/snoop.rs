//! What the bridge learns from a frame to a group, and where the frame is forwarded.
//!
//! Decides what each message of IGMP or MLD changes. A damaged message, or a malformed Query, is not
//! forwarded at all. The bridge checks neither TTL nor the value of Router Alert, and the destination
//! only of a General Query. Groups of 224.0.0.0/24 and ff02::1 have no members here and are forwarded
//! everywhere.

use castnet::time::Instant;
use castnet::wire::igmp::Version;

use super::super::jiffies::{after, ticks};
use super::octets::{Gmp, Kind, Read, Record};
use super::{Bridge, BridgeInet, BridgeOut, Due, hundredths};

/// Where a frame is forwarded, once the bridge snoops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carried<A> {
    Nowhere,
    Everywhere,
    ToRouters,
    /// To the members of the group, and to routers.
    ToMembers(A),
}

/// The types of records (RFC 3376 section 4.2.12).
const IS_IN: u8 = 1;
const TO_IN: u8 = 3;
const BLOCK: u8 = 6;

impl<A: BridgeInet> Bridge<A> {
    /// Learns from a packet in a frame to a group, and returns where it goes.
    pub(super) fn snoop(
        &mut self,
        now: Instant,
        port: usize,
        packet: &[u8],
        out: &mut Vec<BridgeOut<A>>,
    ) -> Carried<A> {
        let message = match A::read(packet) {
            Read::Damaged => return Carried::Nowhere,
            Read::Data(group) if group.is_kept() => return Carried::ToMembers(group),
            Read::Data(_) => return Carried::Everywhere,
            Read::Gmp(message) => message,
        };
        match message.kind {
            Kind::Report => {
                if message.group.is_kept() {
                    self.add(now, message.group, port, out);
                }
                return Carried::ToRouters;
            }
            Kind::V3Report => {
                for record in message.records() {
                    // What comes before the lie has been learned.
                    let Ok(record) = record else { return Carried::Nowhere };
                    self.heard_record(now, port, message.source, record, out);
                }
            }
            Kind::Leave => self.heard_leave(now, port, message.group, out),
            Kind::Query => self.heard_query(now, port, &message, out),
        }
        Carried::Everywhere
    }

    fn heard_query(
        &mut self,
        now: Instant,
        port: usize,
        query: &Gmp<'_, A>,
        out: &mut Vec<BridgeOut<A>>,
    ) {
        let follows_v3 = self.settings.knobs.version == Version::V3;
        let mut is_general = query.group == A::NOBODY;
        let granted = match query.v3() {
            None if query.code == 0 => {
                is_general = true;
                let Some(granted) = A::SHORT_WITHOUT_TIME else { return };
                granted
            }
            None => A::UNIT * u32::from(query.code),
            Some(v3) if v3.has_sources => return,
            Some(v3) if follows_v3 && !is_general && v3.suppress => return,
            Some(_) => A::UNIT * A::newer_units(query.code),
        };
        let granted = ticks(granted).max(1);
        if is_general {
            self.heard_querier(now, port, query.source, granted, out);
            return;
        }
        let end = after(now, granted * u64::from(self.settings.knobs.last_member_count));
        let ports: Vec<usize> = self.ports_of(query.group).collect();
        for port in ports {
            self.timers.lower(Due::Member(query.group, port), end);
        }
    }

    /// A Leave, or its equivalent in version 3. While there is another querier, the bridge waits
    /// for that querier's Query.
    fn heard_leave(&mut self, now: Instant, port: usize, group: A, out: &mut Vec<BridgeOut<A>>) {
        if !group.is_kept() || self.ports_of(group).next().is_none() {
            return;
        }
        if self.has_fast_leave(port) {
            self.forget(group, port, out);
            return;
        }
        if self.timers.expiry(Due::OtherQuerier).is_some() {
            return;
        }
        let end = after(now, self.last_member_time());
        if self.querier.is_on {
            // One Query to all hosts, and then a General Query in place of the repeats.
            self.send_query(port, Some(group), A::ALL_HOSTS, false, out);
            self.timers.set(Due::OwnOn(port), end);
        }
        self.timers.lower(Due::Member(group, port), end);
    }

    fn heard_record(
        &mut self,
        now: Instant,
        port: usize,
        from: A,
        record: Record<A>,
        out: &mut Vec<BridgeOut<A>>,
    ) {
        let Record { kind, group, has_sources } = record;
        if !group.is_kept() || !(IS_IN..=BLOCK).contains(&kind) {
            return;
        }
        match (self.settings.knobs.version, kind) {
            (Version::V3, TO_IN) if !has_sources => self.heard_end(now, port, from, group, out),
            (Version::V3, IS_IN) if !has_sources => {}
            (Version::V3, BLOCK) => {}
            (Version::V3, _) => {
                self.add(now, group, port, out);
                self.track(now, port, from, group);
            }
            (_, IS_IN | TO_IN) if !has_sources => self.heard_leave(now, port, group, out),
            _ => self.add(now, group, port, out),
        }
    }

    /// A version 3 host no longer wants any source of the group.
    fn heard_end(
        &mut self,
        now: Instant,
        port: usize,
        from: A,
        group: A,
        out: &mut Vec<BridgeOut<A>>,
    ) {
        let Some(member) = self.members.get_mut(&(group, port)) else { return };
        member.hosts.remove(&from);
        member.hosts.retain(|_, silent| *silent > now);
        let is_last = member.hosts.is_empty();
        let others_ask = self.timers.expiry(Due::OtherQuerier).is_some();
        if self.querier.is_on && !others_ask {
            member.asks_left = self.settings.knobs.last_member_count.saturating_sub(1);
            self.send_query(port, Some(group), group, false, out);
            self.plan_ask(now, group, port);
        }
        let end = after(now, self.last_member_time());
        self.timers.lower(Due::Member(group, port), end);
        if self.has_fast_leave(port) && is_last {
            self.forget(group, port, out);
        }
    }

    /// On a port with fast leave, remembers each version 3 host, so that the last one to leave is
    /// known.
    fn track(&mut self, now: Instant, port: usize, host: A, group: A) {
        let lives = after(now, hundredths(self.settings.knobs.membership_interval));
        if self.has_fast_leave(port)
            && let Some(member) = self.members.get_mut(&(group, port))
        {
            member.hosts.insert(host, lives);
        }
    }

    fn has_fast_leave(&self, port: usize) -> bool {
        self.settings.fast_leave.get(port).is_some_and(|on| *on)
    }
}
