//! What the bridge learns from a frame to a group, and where the frame is forwarded.
//!
//! Decides what each IGMP message changes. A damaged message, or a malformed Query, is not
//! forwarded at all. The bridge checks neither TTL nor Router Alert, and the destination only of a
//! General Query. Groups of 224.0.0.0/24 have no members here and are forwarded everywhere.

use std::net::Ipv4Addr;

use castnet::time::Instant;
use castnet::wire::igmp::{self, GroupRecord, Message, Query, RecordKind, V3Report, Version};
use castnet::wire::ipv4::{self, IGMP, Ipv4Packet};

use super::super::jiffies::{after, ticks};
use super::querier::ALL_HOSTS;
use super::{Bridge, BridgeOut, Due, hundredths};

/// Where a frame is forwarded, once the bridge snoops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carried {
    Nowhere,
    Everywhere,
    ToRouters,
    /// To the members of the group, and to routers.
    ToMembers(Ipv4Addr),
}

/// The Max Response Time of a Query without one, which is a version 1 Query.
const V1_MAX_RESPONSE: std::time::Duration = std::time::Duration::from_secs(10);

impl Bridge {
    /// Learns from a packet in a frame to a group, and returns where it goes.
    pub(super) fn snoop(
        &mut self,
        now: Instant,
        port: usize,
        packet: &[u8],
        out: &mut Vec<BridgeOut>,
    ) -> Carried {
        let Ok(ip) = ipv4::decode(packet) else { return Carried::Nowhere };
        if ip.protocol != IGMP {
            return as_data(ip.destination);
        }
        let Ok(decoded) = igmp::decode(ip.payload, Version::V3) else { return Carried::Nowhere };
        match decoded.message {
            Message::V1Report { group } | Message::V2Report { group } => {
                if !is_link_local(group) {
                    self.add(now, group, port, out);
                }
                return Carried::ToRouters;
            }
            Message::V3Report(report) => self.heard_v3(now, port, ip.source, &report, out),
            Message::Leave { group } => self.heard_leave(now, port, group, out),
            Message::Query(query) if !is_query(&query, &ip, decoded.trailing) => {
                return Carried::Nowhere;
            }
            Message::Query(query) => self.heard_query(now, port, ip.source, &query, out),
            Message::Unknown { .. } => return as_data(ip.destination),
        }
        Carried::Everywhere
    }

    fn heard_query(
        &mut self,
        now: Instant,
        port: usize,
        from: Ipv4Addr,
        query: &Query,
        out: &mut Vec<BridgeOut>,
    ) {
        let follows_v3 = self.settings.knobs.version == Version::V3;
        let granted = match &query.v3 {
            None if query.max_resp_code == 0 => V1_MAX_RESPONSE,
            None => query.max_resp_v2(),
            Some(v3) if !v3.sources.is_empty() => return,
            Some(v3) if follows_v3 && !query.is_general() && v3.suppress => return,
            Some(_) => query.max_resp_v3(),
        };
        let granted = ticks(granted).max(1);
        // A version 1 Query is always general.
        if query.is_general() || query.v3.is_none() && query.max_resp_code == 0 {
            self.heard_querier(now, port, from, granted, out);
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
    fn heard_leave(
        &mut self,
        now: Instant,
        port: usize,
        group: Ipv4Addr,
        out: &mut Vec<BridgeOut>,
    ) {
        if is_link_local(group) || self.ports_of(group).next().is_none() {
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
            self.send_query(port, Some(group), ALL_HOSTS, false, out);
            self.timers.set(Due::OwnOn(port), end);
        }
        self.timers.lower(Due::Member(group, port), end);
    }

    fn heard_v3(
        &mut self,
        now: Instant,
        port: usize,
        from: Ipv4Addr,
        report: &V3Report,
        out: &mut Vec<BridgeOut>,
    ) {
        for GroupRecord { kind, group, sources, .. } in &report.records {
            let is_end = matches!(kind, RecordKind::ToIn | RecordKind::IsIn) && sources.is_empty();
            match (self.settings.knobs.version, kind) {
                _ if is_link_local(*group) => {}
                (_, RecordKind::Unknown(_)) => {}
                (Version::V3, RecordKind::ToIn) if is_end => {
                    self.heard_end(now, port, from, *group, out);
                }
                (Version::V3, RecordKind::IsIn) if is_end => {}
                (Version::V3, RecordKind::Block) => {}
                (Version::V3, _) => {
                    self.add(now, *group, port, out);
                    self.track(now, port, from, *group);
                }
                _ if is_end => self.heard_leave(now, port, *group, out),
                _ => self.add(now, *group, port, out),
            }
        }
    }

    /// A version 3 host no longer wants any source of the group.
    fn heard_end(
        &mut self,
        now: Instant,
        port: usize,
        from: Ipv4Addr,
        group: Ipv4Addr,
        out: &mut Vec<BridgeOut>,
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
    fn track(&mut self, now: Instant, port: usize, host: Ipv4Addr, group: Ipv4Addr) {
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

/// Whether the message is a Query of some version with the right destination.
fn is_query(query: &Query, ip: &Ipv4Packet<'_>, trailing: usize) -> bool {
    let is_whole = query.v3.is_some() || trailing == 0;
    is_whole && (!query.is_general() || ip.destination == ALL_HOSTS)
}

fn as_data(destination: Ipv4Addr) -> Carried {
    match destination {
        group if is_link_local(group) => Carried::Everywhere,
        group => Carried::ToMembers(group),
    }
}

fn is_link_local(group: Ipv4Addr) -> bool {
    group.octets()[..3] == [224, 0, 0]
}
