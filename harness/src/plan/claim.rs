//! Expectations become checks: every name in a claim is resolved.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::topology::Topology;
use super::{Act, ActId, Check, NodeId, Reading, Role, Window};
use crate::scenario::diagnostic::Diagnostics;
use crate::scenario::{self, Gaps, Scenario, Source};

/// What a real machine may be late by, unless the scenario says otherwise: a timer tick, a
/// scheduling delay under load and the way through the kernel.
const TOLERANCE: Duration = Duration::from_millis(100);

/// Resolves the expectations of one scenario.
pub(super) struct Claims<'a> {
    pub(super) topology: &'a Topology,
    /// Named acts.
    pub(super) acts: BTreeMap<&'a str, ActId>,
    /// All acts in the order of time, each with its position in the file.
    pub(super) timeline: &'a [(usize, Act)],
    /// What a real machine may be late by.
    pub(super) tolerance: Duration,
    /// What has to be read for the checks so far.
    pub(super) readings: Vec<Reading>,
    /// What has faults of its own.
    pub(super) gaps: &'a Gaps,
    /// Whether a fault was told that hides which routers are concerned.
    pub(super) is_blind: bool,
    pub(super) faults: &'a mut Diagnostics,
}

impl<'a> Claims<'a> {
    /// `timeline` is in the order of time, each act with its position in the file.
    pub(super) fn new(
        topology: &'a Topology,
        scenario: &'a Scenario,
        timeline: &'a [(usize, Act)],
        gaps: &'a Gaps,
        faults: &'a mut Diagnostics,
    ) -> Self {
        let named = timeline.iter().enumerate().filter_map(|(id, (position, _))| {
            Some((scenario.acts[*position].name.as_ref()?.value.as_str(), id))
        });
        Self {
            topology,
            acts: named.collect(),
            timeline,
            tolerance: scenario.tolerance.as_ref().map_or(TOLERANCE, |given| given.value),
            readings: Vec::new(),
            gaps,
            is_blind: false,
            faults,
        }
    }

    pub(super) fn check(
        &mut self,
        expectation: &scenario::Expectation,
        source: &Source,
    ) -> Option<Check> {
        self.is_blind = self.gaps.links.is_open() || self.gaps.nodes.is_open();
        let line = source.line(expectation.span.start);
        let (text, claim) = match &expectation.claim {
            scenario::Claim::Packet(packet) => self.packet(packet)?,
            scenario::Claim::Order(order) => self.order(order)?,
            scenario::Claim::Delivery(delivery) => self.delivery(delivery)?,
            scenario::Claim::Mfc(mfc) => self.mfc(mfc)?,
            scenario::Claim::Querier(querier) => self.querier(querier)?,
            scenario::Claim::Members(members) => self.members(members)?,
            scenario::Claim::Mdb(mdb) => self.mdb(mdb)?,
        };
        Some(Check { line, text, claim })
    }

    pub(super) fn is_router(&self, node: NodeId) -> bool {
        matches!(self.topology.nodes[node].role, Role::Router(_))
    }

    /// Whether the node asks for members: a router, or a switch that is a querier.
    pub(super) fn asks(&self, node: NodeId) -> bool {
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
