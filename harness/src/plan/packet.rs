//! Turns claims about packets on links into checks: their number, and their order.

use std::net::IpAddr;

use super::claim::{Claims, in_words};
use super::refusal::is_host;
use super::{Claim, Filter, LinkId, NodeId, PortId, Role, Step};
use crate::scenario::diagnostic::{Span, Spanned};
use crate::scenario::{self, GivenField, ListedSource, PacketFilter, PacketKind, Written};
use crate::vocabulary::field::{PacketField, Value};

/// A filter, its words, and the routers whose intervals count beside it.
struct WordedFilter {
    filter: Option<Filter>,
    text: String,
    routers: Vec<NodeId>,
}

impl Claims<'_> {
    pub(super) fn packet(&mut self, packet: &scenario::PacketClaim) -> Option<(String, Claim)> {
        let WordedFilter { filter, text, routers } = self.filter(&packet.filter, &packet.window);
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
            let WordedFilter { filter, text, routers: concerned } =
                self.filter(step, &order.window);
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

    fn filter(&mut self, packet: &PacketFilter, window: &scenario::Window) -> WordedFilter {
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
        let fields = self.fields(packet, link, &routers);
        let kind = packet.kind.value;
        let mut text = kind.word(self.topology.family).to_owned();
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
        WordedFilter { filter, text, routers }
    }

    /// Every field with its value, intervals worked out.
    fn fields(
        &mut self,
        packet: &PacketFilter,
        link: Option<LinkId>,
        routers: &[NodeId],
    ) -> Option<Vec<(PacketField, Value)>> {
        let mut fields = Vec::new();
        for GivenField { row, value } in &packet.fields {
            let value = match &value.value {
                Written::Value(value) => Some(value.clone()),
                Written::Length(length) => {
                    let length = Spanned { value: length.clone(), span: value.span.clone() };
                    let length = self.optional_length(Some(&length), routers).flatten();
                    length.map(|length| Value::Length(length.duration()))
                }
                Written::Source(ListedSource::Node(name)) if row.field == PacketField::Upstream => {
                    self.speaker(name, &value.span, link).map(Value::Address)
                }
                Written::Source(source) => self.source(source, &value.span).map(Value::Address),
                Written::Sources(listed) => self
                    .topology
                    .listed(listed, self.faults)
                    .map(|sources| Value::Addresses(sources.into_iter().collect())),
            };
            fields.push((row.field, value));
        }
        fields.into_iter().map(|(field, value)| Some((field, value?))).collect()
    }

    /// The address of a node, or any address that stands there.
    fn source(&mut self, source: &ListedSource, span: &Span) -> Option<IpAddr> {
        match source {
            ListedSource::Range(address, _) => Some(*address),
            ListedSource::Node(name) => {
                let name = Spanned { value: name.clone(), span: span.clone() };
                self.topology.only_address(&name, self.faults)
            }
        }
    }

    /// The address that a router speaks from on a link.
    fn speaker(&mut self, name: &str, span: &Span, link: Option<LinkId>) -> Option<IpAddr> {
        let name = Spanned { value: name.to_owned(), span: span.clone() };
        let node = self.topology.node(&name, self.faults)?;
        let port = self.topology.port_on(node, link?);
        if port.is_none() {
            let message = format!("{} is not on {}", name.value, self.topology.links[link?].name);
            self.faults.error(span, message, "no neighbour there");
        }
        self.topology.ports[port?].speaks_from()
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
        let role = &self.topology.nodes[node].role;
        if packet.kind.value == PacketKind::Data
            && matches!(role, Role::Listener(_) | Role::Injector(_))
            && !is_host(name, self.topology)
        {
            let message = format!("{} sends no datagrams", name.value);
            self.faults.error(&name.span, message, "only sources do, and what carries them on");
        }
        Some(Some((node, port?)))
    }

    /// Fields that the kind of packet does not have can never match.
    fn check_fields(&mut self, packet: &PacketFilter) {
        let (kind, family) = (packet.kind.value, self.topology.family);
        if let Some(group) = packet.group.as_ref().filter(|_| kind == PacketKind::GeneralQuery) {
            let help = "leave `group` out, or take the kind `group-specific-query`";
            let message = "a General Query names no group";
            self.faults.error_with_help(&group.span, message, "never matches", help);
        }
        for GivenField { row, value: Spanned { value, span } } in &packet.fields {
            if !row.of.has(kind) {
                let noun = if kind == PacketKind::Data { "datagram" } else { kind.word(family) };
                let message = format!("a {noun} has no {}", row.noun);
                self.faults.error(span, message, row.of.in_words());
            }
            match (row.field, value, &kind.row().versions_in(family)) {
                (PacketField::Version, Written::Value(Value::Whole(version)), Some(known))
                    if !known.contains(version) =>
                {
                    let message = format!("no {} is of version {version}", kind.word(family));
                    self.faults.error(span, message, "never matches");
                }
                (PacketField::Destination, Written::Value(Value::Address(to)), _)
                    if !to.is_multicast() =>
                {
                    let message = format!("{to} is not a multicast address");
                    let label = "never matches: all that is counted goes to groups";
                    self.faults.error(span, message, label);
                }
                _ => {}
            }
        }
    }
}

fn sources_in_words(listed: &[Spanned<ListedSource>]) -> String {
    listed.iter().map(|source| source.value.to_string()).collect::<Vec<_>>().join(", ")
}

/// ` with version 3, record TO_IN`, or nothing: what tells steps of the same kind apart.
fn fields_in_words(fields: &[GivenField]) -> String {
    let words = fields.iter().map(|GivenField { row, value }| match &value.value {
        Written::Value(value) => format!("{} {value}", row.key.name),
        Written::Length(length) => format!("{} {}", row.key.name, length.text),
        Written::Source(name) => format!("{} {name}", row.key.name),
        Written::Sources(listed) if listed.is_empty() => format!("{} none", row.key.name),
        Written::Sources(listed) => format!("{} {}", row.key.name, sources_in_words(listed)),
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() { String::new() } else { format!(" with {}", words.join(", ")) }
}
