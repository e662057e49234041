//! Whether a frame is one of the packets that are meant.

use std::net::{IpAddr, Ipv4Addr};

use castnet::wire::igmp::{GroupRecord, Message, Query, Version};

use super::{Evidence, Seen};
use crate::capture::decode::{Content, Packet};
use crate::plan::{Fields, Filter, LinkId, PortId};

impl Evidence<'_> {
    /// Whether a frame counts: each one is seen once on its link, at the port that sends it.
    pub(super) fn matches(&self, filter: &Filter, seen: &Seen) -> bool {
        seen.outgoing
            && self.plan.ports[seen.port].link == filter.link
            && self.is_like(filter, seen)
    }

    /// Whether a frame is what the filter wants, on whatever link.
    pub(super) fn is_like(&self, filter: &Filter, seen: &Seen) -> bool {
        if filter.from.is_some_and(|from| !self.comes_from(from, seen)) {
            return false;
        }
        // What is malformed is of no kind, unless just that is asked for.
        match (filter.fields.good_checksum, &seen.packet.but_for_checksum) {
            (Some(false), Some(message)) => {
                let content = Content::Igmp(message.clone());
                is_meant(filter, &Packet { content, ..seen.packet.clone() })
            }
            (Some(false), None) => false,
            _ => is_meant(filter, &seen.packet),
        }
    }

    /// Whether the port sent the frame, be it that a switch has passed it on since.
    fn comes_from(&self, port: PortId, seen: &Seen) -> bool {
        match self.plan.is_switched(self.plan.ports[seen.port].link) {
            true => seen.origin == self.plan.ports[port].mac,
            false => seen.port == port,
        }
    }

    pub(super) fn is_malformed_on(&self, link: LinkId, seen: &Seen) -> bool {
        seen.outgoing
            && self.plan.ports[seen.port].link == link
            && matches!(seen.packet.content, Content::BadIgmp(_))
    }
}

fn is_meant(filter: &Filter, packet: &Packet) -> bool {
    packet.is(filter.kind)
        && filter.group.is_none_or(|group| packet.names(group))
        && has_header(&filter.fields, packet)
        && has_message(filter, packet)
}

fn has_header(fields: &Fields, packet: &Packet) -> bool {
    fields.source.is_none_or(|source| source == packet.source)
        && fields.to.is_none_or(|to| to == packet.destination)
        && fields.ttl.is_none_or(|ttl| ttl == packet.ttl)
        && fields.tos.is_none_or(|tos| tos == packet.tos)
        && fields.router_alert.is_none_or(|alert| alert == packet.router_alert)
        && fields.length.is_none_or(|length| usize::from(length) == packet.length)
}

/// Whether the message says what is wanted. What only some messages have, others do not say.
fn has_message(filter: &Filter, packet: &Packet) -> bool {
    let fields = &filter.fields;
    let message = match &packet.content {
        Content::Igmp(message) => Some(message),
        Content::BadIgmp(_) | Content::Data(_) | Content::Other(_) => None,
    };
    let query = || match message {
        Some(Message::Query(query)) => Some(query),
        _ => None,
    };
    let v3 = || query().and_then(|query| query.v3.as_ref());
    fields.version.is_none_or(|version| message.and_then(version_of) == Some(version))
        && fields.max_resp_code.is_none_or(|code| packet.max_resp_code == Some(code))
        && fields
            .max_resp
            .as_ref()
            .is_none_or(|wanted| query().is_some_and(|query| max_resp(query) == wanted.duration()))
        && fields.suppress.is_none_or(|flag| v3().is_some_and(|v3| v3.suppress == flag))
        && fields.robustness.is_none_or(|qrv| v3().is_some_and(|v3| v3.robustness == qrv))
        && fields
            .query_interval
            .as_ref()
            .is_none_or(|wanted| v3().is_some_and(|v3| v3.interval() == wanted.duration()))
        && has_lists(filter, message)
}

/// Whether the sources and records are those that are wanted; both of the same record.
fn has_lists(filter: &Filter, message: Option<&Message>) -> bool {
    let Fields { sources, record, records, .. } = &filter.fields;
    if sources.is_none() && record.is_none() && records.is_none() {
        return true;
    }
    let has_sources = |found: &[Ipv4Addr]| {
        let mut found: Vec<IpAddr> = found.iter().copied().map(IpAddr::from).collect();
        found.sort_unstable();
        sources.as_ref().is_none_or(|wanted| *wanted == found)
    };
    match message {
        Some(Message::Query(Query { v3: Some(v3), .. })) => has_sources(&v3.sources),
        Some(Message::V3Report(report)) => {
            let fits = |found: &GroupRecord| {
                filter.group.is_none_or(|group| found.group == group.addr())
                    && record.is_none_or(|record| record == found.kind)
                    && has_sources(&found.sources)
            };
            records.is_none_or(|wanted| usize::from(wanted) == report.records.len())
                && (sources.is_none() && record.is_none() || report.records.iter().any(fits))
        }
        _ => false,
    }
}

fn version_of(message: &Message) -> Option<u8> {
    match message {
        Message::Query(query) => Some(match query.version() {
            Version::V1 => 1,
            Version::V2 => 2,
            Version::V3 => 3,
        }),
        Message::V1Report { .. } => Some(1),
        Message::V2Report { .. } | Message::Leave { .. } => Some(2),
        Message::V3Report(_) => Some(3),
        Message::Unknown { .. } => None,
    }
}

fn max_resp(query: &Query) -> std::time::Duration {
    if query.v3.is_some() { query.max_resp_v3() } else { query.max_resp_v2() }
}
