//! The facts on the page of a run: times in nanoseconds since the start of the run, everything else
//! by its position in a list.

use std::collections::BTreeMap;

use castnet::time::Instant;
use serde::Serialize;

use super::super::text::lines_of;
use super::super::{Finished, word};
use super::golden::Golden;
use super::traffic::{Control, Data, kinds, traffic};
use crate::judge::Finding;
use crate::judge::invariant::Standing;
use crate::plan::{Action, LinkId, NodeId, Plan, Role};
use crate::recording::{NodeEvent, Number, Recording};
use crate::scenario::clauses;
use crate::snapshot::Otherwise;
use crate::vocabulary::kind::Mark;

#[derive(Serialize)]
pub(super) struct Facts<'a> {
    castnet: &'static str,
    name: &'a str,
    title: &'a str,
    backend: &'a str,
    kernel: &'a str,
    seed: u64,
    outcome: String,
    repeat: String,
    took_s: f64,
    end: u64,
    clauses: Vec<Clause<'a>>,
    reasons: &'a [String],
    notes: &'a [String],
    /// The capture, which lies beside the page.
    pcapng: Option<String>,
    findings: Vec<Found<'a>>,
    rules: Vec<Rule<'a>>,
    nodes: Vec<NodeFacts<'a>>,
    links: Vec<LinkFacts<'a>>,
    ports: Vec<PortFacts>,
    acts: Vec<ActFacts<'a>>,
    streams: BTreeMap<u32, Stream>,
    /// How each kind of packet is drawn, in the order of the legend.
    kinds: Vec<(&'static str, Mark)>,
    packets: Vec<Control>,
    data: Vec<Data>,
    deliveries: Vec<Received>,
    events: Vec<Event<'a>>,
    golden: Option<Golden<'a>>,
}

#[derive(Serialize)]
struct Clause<'a> {
    id: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct Found<'a> {
    line: usize,
    claim: &'a str,
    outcome: String,
    why: Vec<String>,
    at: Option<u64>,
}

#[derive(Serialize)]
struct Rule<'a> {
    name: &'a str,
    statement: &'a str,
    outcome: String,
    because: Option<&'a str>,
    why: &'a [String],
}

#[derive(Serialize)]
struct NodeFacts<'a> {
    name: &'a str,
    role: &'static str,
}

#[derive(Serialize)]
struct LinkFacts<'a> {
    name: &'a str,
    subnet: String,
}

#[derive(Serialize)]
struct PortFacts {
    node: NodeId,
    link: LinkId,
    address: Option<String>,
    mac: String,
}

#[derive(Serialize)]
struct ActFacts<'a> {
    at: Option<u64>,
    label: &'a str,
}

#[derive(Serialize)]
struct Stream {
    group: String,
    size: usize,
}

/// The datagrams of a stream that a listener received.
#[derive(Serialize)]
struct Received {
    node: NodeId,
    stream: u32,
    at: Vec<u64>,
    sequence: Vec<u64>,
}

#[derive(Serialize)]
struct Event<'a> {
    at: u64,
    node: NodeId,
    text: &'a str,
}

impl<'a> Event<'a> {
    fn of(event: &'a NodeEvent) -> Self {
        Self { at: event.at.as_nanos(), node: event.node, text: &event.text }
    }
}

impl<'a> Facts<'a> {
    pub(super) fn of(
        plan: &'a Plan,
        recording: &'a Recording,
        finished: &'a Finished,
        otherwise: Option<&'a Otherwise>,
    ) -> Self {
        let (packets, data) = traffic(plan, recording);
        let verdict = &finished.verdict;
        Self {
            castnet: env!("CARGO_PKG_VERSION"),
            name: &plan.name,
            title: &plan.title,
            backend: recording.backend,
            kernel: &recording.kernel,
            seed: plan.seed,
            outcome: word(verdict.outcome),
            repeat: finished.repeat(),
            took_s: finished.took.as_secs_f64(),
            end: nanos(plan.end),
            clauses: plan.proves.iter().map(|id| clause(id)).collect(),
            reasons: &verdict.reasons,
            notes: &verdict.notes,
            pcapng: finished.pcapng_name(),
            findings: verdict.findings.iter().map(found).collect(),
            rules: verdict.invariants.iter().map(rule).collect(),
            nodes: plan
                .nodes
                .iter()
                .map(|n| NodeFacts { name: &n.name, role: role(&n.role) })
                .collect(),
            links: plan.links.iter().map(link).collect(),
            ports: plan.ports.iter().map(port).collect(),
            acts: acts(plan, recording),
            streams: streams(plan),
            kinds: kinds(plan.family).collect(),
            packets,
            data,
            deliveries: deliveries(recording),
            events: recording.events.iter().map(Event::of).collect(),
            golden: otherwise.map(Golden::of),
        }
    }
}

fn nanos(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn clause(id: &str) -> Clause<'_> {
    Clause { id, text: clauses::clause(id).map_or("", |clause| &clause.text) }
}

fn found(finding: &Finding) -> Found<'_> {
    let Finding { line, claim, outcome, at, .. } = finding;
    let (why, at) = (lines_of(finding), at.map(Instant::as_nanos));
    Found { line: *line, claim, outcome: word(*outcome), why, at }
}

fn rule(standing: &Standing) -> Rule<'_> {
    let because = standing.off.as_deref();
    let outcome = if because.is_some() { "off".to_owned() } else { word(standing.outcome()) };
    let (name, statement) = (standing.invariant.word(), standing.invariant.statement());
    Rule { name, statement, outcome, because, why: &standing.violations }
}

const fn role(role: &Role) -> &'static str {
    match role {
        Role::Router(_) => "router",
        Role::Listener(_) => "listener",
        Role::Source => "source",
        Role::Injector(None) => "injector",
        Role::Injector(Some(_)) => "querier",
        Role::Switch(_) => "switch",
    }
}

fn link(link: &crate::plan::Link) -> LinkFacts<'_> {
    LinkFacts { name: &link.name, subnet: link.subnet.to_string() }
}

fn port(port: &crate::plan::Port) -> PortFacts {
    let mac = port.mac.map(|octet| format!("{octet:02x}")).join(":");
    let address = port.address.map(|address| address.to_string());
    PortFacts { node: port.node, link: port.link, address, mac }
}

fn acts<'a>(plan: &'a Plan, recording: &Recording) -> Vec<ActFacts<'a>> {
    let done = plan.acts.iter().zip(&recording.acts);
    done.map(|(act, at)| ActFacts { at: at.map(|at| at.as_nanos()), label: &act.label }).collect()
}

fn streams(plan: &Plan) -> BTreeMap<u32, Stream> {
    let sent = plan.acts.iter().filter_map(|act| match &act.action {
        Action::Send(stream) => Some(stream),
        _ => None,
    });
    sent.map(|s| (s.id, Stream { group: s.group.to_string(), size: s.size })).collect()
}

fn deliveries(recording: &Recording) -> Vec<Received> {
    let mut received = BTreeMap::<(NodeId, u32), (Vec<u64>, Vec<u64>)>::new();
    for delivery in recording.deliveries.iter() {
        let Number { stream, sequence } = delivery.number;
        let (times, sequences) = received.entry((delivery.node, stream)).or_default();
        times.push(delivery.at.as_nanos());
        sequences.push(sequence);
    }
    let row = |((node, stream), (at, sequence))| Received { node, stream, at, sequence };
    received.into_iter().map(row).collect()
}
