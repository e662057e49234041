//! Claims about packets on links become checks: how many there are, and which comes first.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use super::claim::{Claims, in_words};
use super::{Claim, Fields, Filter, LinkId, NodeId, PortId, Step};
use crate::scenario::diagnostic::{Span, Spanned};
use crate::scenario::expr::Expr;
use crate::scenario::{self, PacketFields, PacketFilter, PacketKind};

/// A filter, its words, and the routers whose intervals are meant beside it.
struct Meant {
    filter: Option<Filter>,
    text: String,
    routers: Vec<NodeId>,
}

impl Claims<'_> {
    pub(super) fn packet(&mut self, packet: &scenario::PacketClaim) -> Option<(String, Claim)> {
        let Meant { filter, text, routers } = self.filter(&packet.filter, &packet.window);
        let count = self.count(&packet.count, &routers);
        let spacing = self.optional_length(packet.spacing.as_ref(), &routers);
        let window = self.window(&packet.window, &routers);
        let (filter, count) = (filter?, count?);
        if let Some(spacing) = packet.spacing.as_ref().filter(|_| count.max.is_some_and(|m| m < 2))
        {
            let message = "`spacing` is the time from one packet to the next";
            let label = format!("with `count` {} there is no next one", count.text);
            self.faults.error(&spacing.span, message, label);
        }
        let (spacing, window) = (spacing?, window?);
        let words = in_words(&window);
        let text = format!("{}: {} {text}{words}", packet.filter.on.value, count.text);
        Some((text, Claim::Packet { filter, count, spacing, window }))
    }

    pub(super) fn order(&mut self, order: &scenario::OrderClaim) -> Option<(String, Claim)> {
        let mut steps = Vec::new();
        let mut routers = Vec::new();
        for step in &order.steps {
            let Meant { filter, text, routers: concerned } = self.filter(step, &order.window);
            routers.extend(concerned);
            let text = format!("{text}{} on {}", fields_in_words(&step.fields), step.on.value);
            steps.extend(filter.map(|filter| Step { filter, text }));
        }
        routers.sort_unstable();
        routers.dedup();
        let window = self.window(&order.window, &routers)?;
        let words: Vec<&str> = steps.iter().map(|step| step.text.as_str()).collect();
        let text = format!("{}{}", words.join(", then "), in_words(&window));
        (steps.len() == order.steps.len()).then_some((text, Claim::Order(steps, window)))
    }

    fn filter(&mut self, packet: &PacketFilter, window: &scenario::Window) -> Meant {
        let link = self.topology.link(&packet.on, self.faults);
        let from = self.sender(packet, link);
        self.check_fields(packet);
        self.is_blind |= link.is_none() || from.is_none();
        let routers = match from {
            Some(Some((node, _))) if self.asks(node) => vec![node],
            _ => self.routers_on(link),
        };
        self.links = link.into_iter().collect();
        self.look_ahead(window, &routers);
        let fields = self.fields(packet, &routers);
        let kind = packet.kind.value;
        let mut text = kind.word().to_owned();
        if let Some(group) = &packet.group {
            text.push_str(&format!(" for {}", group.value));
        }
        if let Some(from) = &packet.from {
            text.push_str(&format!(" from {}", from.value));
        }
        let group = packet.group.as_ref().map(|group| group.value);
        let filter = link.zip(from).zip(fields).map(|((link, from), fields)| {
            let from = from.map(|(_, port)| port);
            Filter { link, kind, group, from, fields }
        });
        Meant { filter, text, routers }
    }

    fn fields(&mut self, packet: &PacketFilter, routers: &[NodeId]) -> Option<Fields> {
        let given = &packet.fields;
        let max_resp = self.optional_length(given.max_resp.as_ref(), routers);
        let query_interval = self.optional_length(given.query_interval.as_ref(), routers);
        Some(Fields {
            source: value(&given.source),
            to: value(&given.to),
            ttl: value(&given.ttl),
            tos: value(&given.tos),
            router_alert: value(&given.router_alert),
            length: value(&given.length),
            version: value(&given.version),
            good_checksum: value(&given.good_checksum),
            max_resp_code: value(&given.max_resp_code),
            max_resp: max_resp?,
            suppress: value(&given.suppress),
            robustness: value(&given.robustness),
            query_interval: query_interval?,
            sources: value(&given.sources),
            record: value(&given.record),
            records: value(&given.records),
        })
    }

    /// `Some(None)` if no sender is named.
    fn sender(
        &mut self,
        packet: &PacketFilter,
        link: Option<LinkId>,
    ) -> Option<Option<(NodeId, PortId)>> {
        let Some(name) = &packet.from else { return Some(None) };
        let node = self.topology.node(name, self.faults)?;
        let port = self.topology.sender_on(node, link?);
        if port.is_none() {
            let message = format!("{} is not on {}", name.value, packet.on.value);
            let nodes = self.topology.nodes_on(link?).into_iter();
            let names: Vec<_> = nodes.map(|node| self.topology.nodes[node].name.as_str()).collect();
            let help = format!("on {} are {}", packet.on.value, names.join(", "));
            self.faults.error_with_help(&name.span, message, "cannot be the sender", help);
        }
        Some(Some((node, port?)))
    }

    /// Fields that the kind of packet does not have can never match.
    fn check_fields(&mut self, packet: &PacketFilter) {
        let (kind, fields) = (packet.kind.value, &packet.fields);
        if let Some(group) = packet.group.as_ref().filter(|_| kind == PacketKind::GeneralQuery) {
            let help = "leave `group` out, or take the kind `group-specific-query`";
            let message = "a General Query names no group";
            self.faults.error_with_help(&group.span, message, "never matches", help);
        }
        if let (Some(version), Some(known)) = (&fields.version, versions(kind))
            && !known.contains(&version.value)
        {
            let message = format!("no {} is of version {}", kind.word(), version.value);
            self.faults.error(&version.span, message, "never matches");
        }
        for to in fields.to.iter().filter(|to| !to.value.is_multicast()) {
            let message = format!("{} is not a multicast address", to.value);
            self.faults.error(
                &to.span,
                message,
                "never matches: all that is counted goes to groups",
            );
        }
        let of_igmp = (kind != PacketKind::Data, "only IGMP messages have one");
        let of_queries = (is_query(kind), "only Queries have one");
        let of_reports = (is_v3_report(kind), "only version 3 Reports have any");
        let of_lists =
            (is_v3_report(kind) || is_query(kind), "only Queries and version 3 Reports have any");
        for (what, at, (fits, label)) in [
            ("IGMP version", at(&fields.version), of_igmp),
            ("IGMP checksum", at(&fields.good_checksum), of_igmp),
            ("Max Resp Code", at(&fields.max_resp_code), of_igmp),
            ("Max Response Time", at(&fields.max_resp), of_queries),
            ("S flag", at(&fields.suppress), of_queries),
            ("Robustness Variable", at(&fields.robustness), of_queries),
            ("Query Interval", at(&fields.query_interval), of_queries),
            ("sources", at(&fields.sources), of_lists),
            ("group records", at(&fields.record), of_reports),
            ("group records", at(&fields.records), of_reports),
        ] {
            if let (Some(at), false) = (at, fits) {
                let noun = if kind == PacketKind::Data { "datagram" } else { kind.word() };
                self.faults.error(&at, format!("a {noun} has no {what}"), label);
            }
        }
    }
}

/// ` with version 3, record TO_IN`, or nothing: what tells steps of the same kind apart.
fn fields_in_words(fields: &PacketFields) -> String {
    let flag = |given: &Option<Spanned<bool>>| value(given).map(|flag| flag.to_string());
    let octet = |given: &Option<Spanned<u8>>| value(given).map(|octet| octet.to_string());
    let length =
        |given: &Option<Spanned<Expr>>| given.as_ref().map(|given| given.value.text.clone());
    let number = |given: &Option<Spanned<u16>>| value(given).map(|number| number.to_string());
    let address = |given: &Option<Spanned<IpAddr>>| value(given).map(|given| given.to_string());
    let sources = value(&fields.sources).map(|sources| match sources.as_slice() {
        [] => "none".to_owned(),
        _ => sources.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    });
    let words = [
        ("source", address(&fields.source)),
        ("to", address(&fields.to)),
        ("ttl", octet(&fields.ttl)),
        ("tos", octet(&fields.tos)),
        ("router-alert", flag(&fields.router_alert)),
        ("length", number(&fields.length)),
        ("version", octet(&fields.version)),
        ("good-checksum", flag(&fields.good_checksum)),
        ("max-resp", length(&fields.max_resp)),
        ("max-resp-code", octet(&fields.max_resp_code)),
        ("suppress", flag(&fields.suppress)),
        ("robustness", octet(&fields.robustness)),
        ("query-interval", length(&fields.query_interval)),
        ("record", value(&fields.record).map(|record| record.to_string())),
        ("sources", sources),
        ("records", number(&fields.records)),
    ];
    let words = words.into_iter().filter_map(|(key, word)| Some(format!("{key} {}", word?)));
    let words: Vec<String> = words.collect();
    if words.is_empty() { String::new() } else { format!(" with {}", words.join(", ")) }
}

fn value<T: Clone>(given: &Option<Spanned<T>>) -> Option<T> {
    given.as_ref().map(|given| given.value.clone())
}

fn at<T>(given: &Option<Spanned<T>>) -> Option<Span> {
    given.as_ref().map(|given| given.span.clone())
}

/// The versions that a message of this kind can be of; none if it is no message of IGMP.
fn versions(kind: PacketKind) -> Option<RangeInclusive<u8>> {
    Some(match kind {
        PacketKind::Query | PacketKind::GeneralQuery | PacketKind::Report => 1..=3,
        PacketKind::GroupSpecificQuery => 2..=3,
        PacketKind::V1Report => 1..=1,
        PacketKind::V2Report | PacketKind::Leave => 2..=2,
        PacketKind::V3Report => 3..=3,
        PacketKind::Data => return None,
    })
}

fn is_query(kind: PacketKind) -> bool {
    matches!(kind, PacketKind::Query | PacketKind::GeneralQuery | PacketKind::GroupSpecificQuery)
}

fn is_v3_report(kind: PacketKind) -> bool {
    matches!(kind, PacketKind::Report | PacketKind::V3Report)
}
