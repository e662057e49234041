//! What the bridge learns from a frame to a group, and where the frame is forwarded.
//!
//! Decides what each message of IGMP or MLD changes. A damaged message, or a malformed Query, is not
//! forwarded at all. The bridge checks neither TTL nor the value of Router Alert, and the destination
//! only of a General Query. Groups of 224.0.0.0/24 and ff02::1 have no members here and are forwarded
//! everywhere.

use castnet::wire::igmp::Version;

use super::super::jiffies::{jiffies, ticks};
use super::octets::{BLOCK, Gmp, IS_IN, Kind, Read, Record, TO_IN};
use super::table::Full;
use super::{Bridge, BridgeInet, Cx, Due};

/// Where a frame is forwarded, once the bridge snoops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carried<A> {
    Nowhere,
    Everywhere,
    ToRouters,
    /// To those who want the source of the group, and to routers.
    ToMembers(A, A),
}

impl<A: BridgeInet> Bridge<A> {
    /// Learns from a packet in a frame to a group, and returns where it goes.
    pub(super) fn snoop(&mut self, cx: &mut Cx<'_, A>, port: usize, packet: &[u8]) -> Carried<A> {
        let message = match A::read(packet) {
            Read::Damaged => return Carried::Nowhere,
            Read::Data { source, destination } if destination.is_kept() => {
                return Carried::ToMembers(source, destination);
            }
            Read::Data { .. } => return Carried::Everywhere,
            Read::Gmp(message) => message,
        };
        match message.kind {
            Kind::Report => {
                let is_full = self.add(cx, message.group, port).is_err();
                return if is_full { Carried::Nowhere } else { Carried::ToRouters };
            }
            Kind::V3Report => {
                for record in message.records() {
                    // What comes before a lie, or before what does not fit, has been learned.
                    let Ok(record) = record else { return Carried::Nowhere };
                    if self.heard_record(cx, port, message.source, &record).is_err() {
                        return Carried::Nowhere;
                    }
                }
            }
            Kind::Leave => self.heard_leave(cx, port, message.group),
            Kind::Query => self.heard_query(cx, port, &message),
        }
        Carried::Everywhere
    }

    /// A host of version 1 or 2 wants the group. A port that includes some sources goes on so.
    fn add(&mut self, cx: &mut Cx<'_, A>, group: A, port: usize) -> Result<(), Full> {
        if group.is_kept() {
            self.admit(cx, (group, port), true)?;
            let lives = self.lives(cx);
            self.set_end(cx, (group, port), lives);
        }
        Ok(())
    }

    fn heard_query(&mut self, cx: &mut Cx<'_, A>, port: usize, query: &Gmp<'_, A>) {
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
            self.heard_querier(cx, port, query.source, granted);
            return;
        }
        let tick = jiffies(cx.now) + granted * u64::from(self.settings.knobs.last_member_count);
        for port in self.table.ports_of(query.group) {
            let place = (query.group, port);
            let starts = self.table.member(place).is_some_and(|member| member.excludes);
            self.lower_end(cx, place, tick, starts || !follows_v3);
        }
    }

    /// A Leave, or its equivalent in version 3 at a bridge of version 2. While there is another
    /// querier, the bridge waits for that querier's Query.
    fn heard_leave(&mut self, cx: &mut Cx<'_, A>, port: usize, group: A) {
        if !group.is_kept() || self.table.ports_of(group).is_empty() {
            return;
        }
        if self.has_fast_leave(port) {
            self.forget(cx, (group, port));
            return;
        }
        if self.timers.runs(Due::OtherQuerier) {
            return;
        }
        let wait = self.last_member_time();
        if self.querier.is_on {
            // One Query to all hosts, and then a General Query in place of the repeats.
            self.send_query(cx, port, Some(group), A::ALL_HOSTS, false, Vec::new());
            self.timers.set(cx.now, Due::OwnOn(port), wait);
        }
        self.lower_end(cx, (group, port), jiffies(cx.now) + wait, true);
    }

    fn heard_record(
        &mut self,
        cx: &mut Cx<'_, A>,
        port: usize,
        from: A,
        record: &Record<'_, A>,
    ) -> Result<(), Full> {
        if !record.group.is_kept() || !(IS_IN..=BLOCK).contains(&record.kind) {
            return Ok(());
        }
        if self.settings.knobs.version == Version::V3 {
            return self.heard_sources(cx, port, from, record);
        }
        if record.is_empty_include() {
            self.heard_leave(cx, port, record.group);
            return Ok(());
        }
        self.add(cx, record.group, port)
    }

    pub(super) fn has_fast_leave(&self, port: usize) -> bool {
        self.settings.fast_leave.get(port).is_some_and(|on| *on)
    }
}

impl<A: BridgeInet> Record<'_, A> {
    /// Whether the host wants no source of the group.
    pub(super) fn is_empty_include(&self) -> bool {
        !self.has_sources() && matches!(self.kind, IS_IN | TO_IN)
    }
}
