//! Expectations become checks: every name in a claim is resolved.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use super::topology::Topology;
use super::{Act, ActId, Check, Claim, Filter, NodeId, PortId, Receiver, Role, Window};
use crate::scenario::diagnostic::{Diagnostics, Rejected};
use crate::scenario::{self, Delivered, Gaps, PacketKind, Scenario};

/// Resolves the expectations of one scenario.
pub(super) struct Claims<'a> {
    pub(super) topology: &'a Topology,
    /// Named acts.
    pub(super) acts: BTreeMap<&'a str, ActId>,
    /// What has faults of its own.
    pub(super) gaps: &'a Gaps,
    /// Whether a fault was told that hides which routers are concerned.
    pub(super) is_blind: bool,
    pub(super) faults: &'a mut Diagnostics,
}

impl<'a> Claims<'a> {
    /// `acts` are in the order of time, each with its position in the file.
    pub(super) fn new(
        topology: &'a Topology,
        scenario: &'a Scenario,
        acts: &[(usize, Act)],
        gaps: &'a Gaps,
        faults: &'a mut Diagnostics,
    ) -> Self {
        let named = acts.iter().enumerate().filter_map(|(id, (position, _))| {
            Some((scenario.acts[*position].name.as_ref()?.value.as_str(), id))
        });
        Self { topology, acts: named.collect(), gaps, is_blind: false, faults }
    }

    pub(super) fn check(
        &mut self,
        expectation: &scenario::Expectation,
        source: &str,
    ) -> Option<Check> {
        self.is_blind = self.gaps.links.is_open() || self.gaps.nodes.is_open();
        let (line, _) = Rejected::line_column(source, expectation.span.start);
        let (text, claim) = match &expectation.claim {
            scenario::Claim::Packet(packet) => self.packet(packet)?,
            scenario::Claim::Delivery(delivery) => self.delivery(delivery)?,
            scenario::Claim::Mfc(mfc) => self.mfc(mfc)?,
            scenario::Claim::Querier(querier) => self.querier(querier)?,
            scenario::Claim::Members(members) => self.members(members)?,
            scenario::Claim::Mdb(mdb) => self.mdb(mdb)?,
        };
        Some(Check { line, text, claim })
    }

    fn packet(&mut self, packet: &scenario::PacketClaim) -> Option<(String, Claim)> {
        let link = self.topology.link(&packet.on, self.faults);
        let from = self.sender(packet, link);
        self.check_fields(packet);
        self.is_blind |= link.is_none() || from.is_none();
        let routers = match from {
            Some(Some((node, _))) if self.asks(node) => vec![node],
            _ => self.routers_on(link),
        };
        let count = self.count(&packet.count, &routers);
        let spacing = self.optional_length(packet.spacing.as_ref(), &routers);
        let max_resp = self.optional_length(packet.max_resp.as_ref(), &routers);
        let window = self.window(&packet.window, &routers);
        let (link, from, count) = (link?, from?, count?);
        if let Some(spacing) = packet.spacing.as_ref().filter(|_| count.max.is_some_and(|m| m < 2))
        {
            let message = "`spacing` is the time from one packet to the next";
            let label = format!("with `count` {} there is no next one", count.text);
            self.faults.error(&spacing.span, message, label);
        }
        let (spacing, max_resp, window) = (spacing?, max_resp?, window?);
        let filter = Filter {
            link,
            kind: packet.kind.value,
            group: packet.group.as_ref().map(|group| group.value),
            from: from.map(|(_, port)| port),
            to: packet.to.as_ref().map(|to| to.value),
            ttl: packet.ttl.as_ref().map(|ttl| ttl.value),
            router_alert: packet.router_alert.as_ref().map(|alert| alert.value),
            max_resp,
        };
        let mut text = format!("{}: {} {}", packet.on.value, count.text, filter.kind.word());
        if let Some(group) = &packet.group {
            text.push_str(&format!(" for {}", group.value));
        }
        if let Some(from) = &packet.from {
            text.push_str(&format!(" from {}", from.value));
        }
        text.push_str(&in_words(&window));
        Some((text, Claim::Packet { filter, count, spacing, window }))
    }

    /// `Some(None)` if no sender is named.
    fn sender(
        &mut self,
        packet: &scenario::PacketClaim,
        link: Option<usize>,
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
    fn check_fields(&mut self, packet: &scenario::PacketClaim) {
        let kind = packet.kind.value;
        let is_query = matches!(
            kind,
            PacketKind::Query | PacketKind::GeneralQuery | PacketKind::GroupSpecificQuery
        );
        if let Some(max_resp) = packet.max_resp.as_ref().filter(|_| !is_query) {
            let message = format!("a {} has no Max Response Time", kind.word());
            self.faults.error(&max_resp.span, message, "only Queries have one");
        }
        if let Some(group) = packet.group.as_ref().filter(|_| kind == PacketKind::GeneralQuery) {
            let help = "leave `group` out, or take the kind `group-specific-query`";
            let message = "a General Query names no group";
            self.faults.error_with_help(&group.span, message, "never matches", help);
        }
    }

    fn delivery(&mut self, delivery: &scenario::DeliveryClaim) -> Option<(String, Claim)> {
        let node = self.topology.node(&delivery.to, self.faults);
        let sources = self.sources(delivery);
        let node = node?;
        if !matches!(self.topology.nodes[node].role, Role::Listener(_)) {
            let message = format!("{} is not a listener", delivery.to.value);
            let help = "watch its link with `packet = { on = ..., kind = \"data\" }`";
            self.faults.error_with_help(&delivery.to.span, message, "receives nothing", help);
            return None;
        }
        let sources = sources?;
        let group = delivery.group.value;
        let receiver = Receiver { node, group, sources };
        let ports = self.topology.nodes[node].ports.iter();
        let routers = self.routers_on(ports.map(|&port| self.topology.ports[port].link));
        let who = &delivery.to.value;
        Some(match &delivery.what {
            Delivered::Received(count, window) => {
                let (count, window) = (self.count(count, &routers), self.window(window, &routers));
                let (count, window) = (count?, window?);
                let words = in_words(&window);
                (
                    format!("{who} receives {} of {group}{words}", count.text),
                    Claim::Received(receiver, count, window),
                )
            }
            Delivered::ExactlyOnce(window) => {
                let window = self.window(window, &routers)?;
                let words = in_words(&window);
                (
                    format!("{who} receives {group} exactly once{words}"),
                    Claim::ExactlyOnce(receiver, window),
                )
            }
            Delivered::NoneAfter { from, during } => {
                let from = self.moment(from, &routers);
                let length = self.optional_length(during.as_ref(), &routers);
                let window = Window { from: from?, length: length? };
                let words = in_words(&window);
                (
                    format!("no datagram of {group} reaches {who}{words}"),
                    Claim::NoneAfter(receiver, window),
                )
            }
        })
    }

    /// `Some(None)` if no source is named.
    fn sources(&mut self, delivery: &scenario::DeliveryClaim) -> Option<Option<Vec<Ipv4Addr>>> {
        let Some(name) = &delivery.from else { return Some(None) };
        let node = &self.topology.nodes[self.topology.node(name, self.faults)?];
        if !matches!(node.role, Role::Source) {
            let message = format!("{} is not a source", name.value);
            self.faults.error(&name.span, message, "no datagram begins there");
            return None;
        }
        let addresses = node.ports.iter().map(|&port| self.topology.ports[port].address);
        Some(Some(addresses.collect()))
    }

    fn mfc(&mut self, mfc: &scenario::MfcClaim) -> Option<(String, Claim)> {
        let router = self.topology.node(&mfc.of, self.faults)?;
        if !self.is_router(router) {
            let message = format!("{} is not a router", mfc.of.value);
            self.faults.error(&mfc.of.span, message, "has no forwarding cache");
            return None;
        }
        let source = self.topology.only_address(&mfc.source, self.faults);
        let at = self.moment(&mfc.at, &[router]);
        let group = mfc.group.value;
        let (words, entry) = match &mfc.entry {
            None => ("is absent".to_owned(), None),
            Some(claimed) => {
                let iif = self.topology.port(router, &claimed.iif, self.faults);
                let mut oifs = Vec::new();
                for oif in &claimed.oifs.value {
                    let Some(port) = self.topology.port(router, oif, self.faults) else { continue };
                    if oifs.contains(&port) {
                        let message = format!("{} stands twice", oif.value);
                        self.faults.error(&oif.span, message, "the second time");
                    }
                    oifs.push(port);
                }
                let out: Vec<&str> =
                    claimed.oifs.value.iter().map(|oif| oif.value.as_str()).collect();
                let out = if out.is_empty() { "nowhere".to_owned() } else { out.join(", ") };
                (format!("is in {} out {out}", claimed.iif.value), Some((iif?, oifs)))
            }
        };
        let (source, at) = (source?, at?);
        let text = format!(
            "{}: entry ({}, {group}) {words} at {}",
            mfc.of.value, mfc.source.value, at.text
        );
        Some((text, Claim::Mfc { router, source, group, at, entry }))
    }

    fn mdb(&mut self, mdb: &scenario::MdbClaim) -> Option<(String, Claim)> {
        let switch = self.topology.node(&mdb.of, self.faults)?;
        let node = &self.topology.nodes[switch];
        if !matches!(node.role, Role::Switch(_)) {
            let message = format!("{} is not a switch", mdb.of.value);
            self.faults.error(&mdb.of.span, message, "has no database of members");
            return None;
        }
        let links = node.ports.iter().map(|&port| self.topology.ports[port].link);
        let mut routers = self.routers_on(links);
        if routers.is_empty() {
            routers.push(switch);
        }
        let at = self.moment(&mdb.at, &routers);
        let written = mdb.ports.iter().flat_map(|ports| &ports.value);
        let mut ports = Vec::new();
        for link in written.clone() {
            let Some(port) = self.topology.port(switch, link, self.faults) else { continue };
            if ports.contains(&port) {
                let message = format!("{} stands twice", link.value);
                self.faults.error(&link.span, message, "the second time");
            }
            ports.push(port);
        }
        ports.sort_unstable();
        let (at, group) = (at?, mdb.group.value);
        let names: Vec<&str> = written.map(|link| link.value.as_str()).collect();
        let words = match &mdb.ports {
            None => "is absent".to_owned(),
            Some(_) => format!("is at {}", names.join(", ")),
        };
        let text = format!("{}: entry {group} {words} at {}", mdb.of.value, at.text);
        Some((text, Claim::Mdb { switch, group, at, ports }))
    }

    pub(super) fn is_router(&self, node: NodeId) -> bool {
        matches!(self.topology.nodes[node].role, Role::Router(_))
    }

    /// Whether the node asks for members: a router, or a switch that is a querier.
    fn asks(&self, node: NodeId) -> bool {
        match &self.topology.nodes[node].role {
            Role::Router(_) => true,
            Role::Switch(switch) => switch.querier.is_some(),
            Role::Listener(_) | Role::Source | Role::Injector(_) => false,
        }
    }

    pub(super) fn routers_on(&self, links: impl IntoIterator<Item = usize>) -> Vec<NodeId> {
        let nodes = links.into_iter().flat_map(|link| self.topology.nodes_on(link));
        // A router on two of the links is one router.
        let routers: BTreeSet<NodeId> = nodes.filter(|&node| self.asks(node)).collect();
        routers.into_iter().collect()
    }
}

pub(super) fn in_words(window: &Window) -> String {
    let from = &window.from.text;
    match &window.length {
        Some(length) if from == "start" => format!(" within {}", length.text),
        Some(length) => format!(" within {} after {from}", length.text),
        None if from == "start" => String::new(),
        None => format!(" after {from}"),
    }
}
