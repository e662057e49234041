//! Expectations become checks: every name in a claim is resolved.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::topology::Topology;
use super::{Act, ActId, Check, LinkId, NodeId, Reading, Role, Window};
use crate::scenario::diagnostic::Diagnostics;
use crate::scenario::{self, Gaps, Scenario, Source};

/// How late a real machine may be, unless the scenario gives a tolerance: a timer tick, a
/// scheduling delay under load and the way through the kernel.
const TOLERANCE: Duration = Duration::from_millis(100);

/// Resolves the expectations of one scenario.
pub(super) struct Claims<'a> {
    pub(super) topology: &'a Topology,
    /// Named acts.
    pub(super) acts: BTreeMap<&'a str, ActId>,
    /// All acts in the order of time, each with its position in the file.
    pub(super) timeline: &'a [(usize, Act)],
    /// How late a real machine may be.
    pub(super) tolerance: Duration,
    /// The readings for the checks so far.
    pub(super) readings: Vec<Reading>,
    /// The parts of the scenario that have faults of their own.
    pub(super) gaps: &'a Gaps,
    /// The time at which intervals are taken: the beginning of the present window.
    pub(super) in_force: Duration,
    /// The links whose intervals count, where a router has several.
    pub(super) links: Vec<LinkId>,
    /// Whether an error already reported hides the routers: then report no follow-ups.
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
            in_force: Duration::ZERO,
            links: Vec::new(),
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
        (self.in_force, self.links) = (Duration::ZERO, Vec::new());
        let line = source.line(expectation.span.start);
        let (text, claim) = match &expectation.claim {
            scenario::Claim::Packet(packet) => self.packet(packet)?,
            scenario::Claim::Order(order) => self.order(order)?,
            scenario::Claim::Delivery(delivery) => self.delivery(delivery)?,
            scenario::Claim::Mfc(mfc) => self.mfc(mfc)?,
            scenario::Claim::Querier(querier) => self.querier(querier)?,
            scenario::Claim::Members(members) => self.members(members)?,
            scenario::Claim::Mdb(mdb) => self.mdb(mdb)?,
            scenario::Claim::Command(command) => self.command(command)?,
        };
        let proves: Vec<String> = expectation.proves.iter().map(|id| id.value.clone()).collect();
        let named = proves.len();
        Some(Check { line, text, proves, named, claim })
    }

    pub(super) fn is_router(&self, node: NodeId) -> bool {
        matches!(self.topology.nodes[node].role, Role::Router(_))
    }

    /// Whether the node sends Queries, at least at times: a router, or a switch that is a querier.
    pub(super) fn asks(&self, node: NodeId) -> bool {
        match &self.topology.nodes[node].role {
            Role::Router(_) => true,
            Role::Switch(switch) => switch.address.is_some(),
            Role::Listener(_) | Role::Source | Role::Injector(_) => false,
        }
    }

    /// The routers on these links, whose intervals count from now on.
    pub(super) fn routers_on(&mut self, links: impl IntoIterator<Item = LinkId>) -> Vec<NodeId> {
        self.links = links.into_iter().collect();
        let nodes = self.links.iter().flat_map(|&link| self.topology.nodes_on(link));
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
