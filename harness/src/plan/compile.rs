//! One scenario, from its text to its plan.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::claim::Claims;
use super::devices::{Devices, Swap};
use super::planned::Planned;
use super::proof::Spoken;
use super::timing::Timing;
use super::topology::Topology;
use super::{
    Act, Action, Check, Device, Golden, Node, Plan, Role, evidence, fault, proof, timeline,
};
use crate::scenario::diagnostic::{Diagnostics, Rejected, render_remark};
use crate::scenario::{
    self, Backend, Backends, Draft, Expectation, Gaps, Listener, Reach, Scenario, Source, Sources,
    Timers, Unreadable,
};

/// The default seed of a run.
pub const SEED: u64 = 1;

/// Why a file is no plan.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("{0}: {1}")]
    Read(String, std::io::Error),
    /// The scenario has faults.
    #[error(transparent)]
    Rejected(Box<Rejected>),
    /// The scenario is sound, and cannot have the RFCs' timers.
    #[error("{path}: {why}")]
    OwnTimers {
        /// The file, as the user named it.
        path: String,
        /// What says so.
        why: String,
    },
}

impl LoadError {
    /// The file, as the user named it.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Read(path, _) | Self::OwnTimers { path, .. } => path,
            Self::Rejected(rejected) => &rejected.sources.scenario().path,
        }
    }

    /// The name that its path gives the scenario.
    #[must_use]
    pub fn name(&self) -> String {
        name(self.path(), "")
    }
}

/// What the user wants of plans, whatever scenarios say.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// The software of routers.
    pub swaps: Vec<Swap>,
    /// Whose timers runs have, on every backend.
    pub timers: Option<Timers>,
}

/// Reads and compiles a file: a plan for each combination of its matrix.
///
/// # Errors
/// The file cannot be read, or all its faults.
pub fn load(path: &Path) -> Result<Vec<Plan>, LoadError> {
    load_within(path, &[])
}

/// As [`load`], and the scenario may extend templates below `folders` too.
///
/// # Errors
/// The file cannot be read, or all its faults.
pub fn load_within(path: &Path, folders: &[PathBuf]) -> Result<Vec<Plan>, LoadError> {
    load_with(path, folders, &Wishes::default())
}

/// As [`load_within`], with what the user wants.
///
/// # Errors
/// The file cannot be read, or all its faults; or it cannot have the timers that the user wants.
pub fn load_with(
    path: &Path,
    folders: &[PathBuf],
    wishes: &Wishes,
) -> Result<Vec<Plan>, LoadError> {
    let shown = path.display().to_string();
    let plans = match scenario::read(path) {
        Ok(source) => {
            let reach = Reach::of(path, folders);
            let plans = compile_within(&shown, &source, &reach, wishes);
            if wishes.timers == Some(Timers::Rfc) {
                let swaps = wishes.swaps.clone();
                let own =
                    || compile_within(&shown, &source, &reach, &Wishes { swaps, timers: None });
                return with_default_timers(&shown, plans, own);
            }
            plans
        }
        Err(Unreadable::Io(error)) => return Err(LoadError::Read(shown, error)),
        Err(Unreadable::NotUtf8 { lossy, at, octet }) => Err(not_utf8(shown, lossy, at, octet)),
    };
    plans.map_err(|rejected| LoadError::Rejected(Box::new(rejected)))
}

/// The plans with the RFCs' timers, or why there are none.
fn with_default_timers(
    path: &str,
    plans: Result<Vec<Plan>, Rejected>,
    own: impl FnOnce() -> Result<Vec<Plan>, Rejected>,
) -> Result<Vec<Plan>, LoadError> {
    let says = |plans: &[Plan]| {
        let line = plans.iter().find_map(|plan| plan.own_timers)?;
        Some(format!("`timers = \"file\"` in line {line}"))
    };
    let why = match plans {
        Ok(plans) => match says(&plans) {
            None => return Ok(plans),
            Some(why) => why,
        },
        Err(rejected) => {
            let own = own().map_err(|rejected| LoadError::Rejected(Box::new(rejected)))?;
            says(&own).unwrap_or_else(|| {
                rejected.faults.first().map_or_else(String::new, |fault| {
                    let (file, line, _) = rejected.place(fault);
                    format!("{} ({file}:{line})", fault.message)
                })
            })
        }
    };
    Err(LoadError::OwnTimers { path: path.to_owned(), why })
}

fn not_utf8(path: String, lossy: String, at: usize, octet: u8) -> Rejected {
    let mut faults = Diagnostics::default();
    // Invalid UTF-8 is shown as U+FFFD, which has three octets; text before it keeps its place.
    let label = format!("the octet {octet:#04x}");
    let help = "save the file as UTF-8";
    faults.error_with_help(&(at..at + 3), "this is not UTF-8, as TOML has to be", label, help);
    Rejected { sources: Sources::of(path, lossy), faults: faults.into_vec() }
}

/// Compiles a scenario; `path` is the file in messages, gives the scenario its name, and is where
/// templates are looked for. Each combination of its matrix is a plan.
///
/// # Errors
/// All faults of the scenario.
pub fn compile_all(path: &str, source: &str) -> Result<Vec<Plan>, Rejected> {
    compile_within(path, source, &Reach::of(Path::new(path), &[]), &Wishes::default())
}

fn compile_within(
    path: &str,
    source: &str,
    reach: &Reach,
    wishes: &Wishes,
) -> Result<Vec<Plan>, Rejected> {
    let swaps = &wishes.swaps;
    let devices = Devices { scenario: Path::new(path), reach, swaps };
    let (sources, drafts, mut faults) = scenario::drafts(path, source, reach);
    let (mut plans, mut told) = (Vec::new(), Vec::new());
    for Draft { combination, scenario, gaps, faults: mut own } in drafts {
        let names = (path, combination.as_str());
        let compiled = |timers, faults: &mut Diagnostics| {
            let (scenario, gaps) = (scenario.clone(), gaps.clone());
            plan(names, sources.scenario(), &devices, timers, scenario, gaps, faults)
        };
        let first = compiled(wishes.timers.unwrap_or(Timers::File), &mut own);
        if let Some(plan) = first {
            let is_second = wishes.timers.is_none()
                && scenario.timers.as_ref().is_some_and(|said| said.value == Timers::Rfc);
            let mut faults = Diagnostics::default();
            let by_default = is_second.then(|| compiled(Timers::Rfc, &mut faults)).flatten();
            let by_default = by_default.map(Box::new);
            if !faults.is_empty() {
                told.push(("the RFCs' timers".to_owned(), faults));
            }
            let remarks = own.remarks();
            let remarks = remarks.iter().map(|remark| render_remark(&sources, remark)).collect();
            let swaps: Vec<String> = swaps.iter().map(ToString::to_string).collect();
            let name = match swaps.is_empty() {
                true => plan.name,
                false => format!("{}@{}", plan.name, swaps.join(",").replace('/', "_")),
            };
            let backends = devices.untried(&plan.nodes).or(plan.backends);
            plans.push(Plan { remarks, name, swaps, by_default, backends, ..plan });
        }
        told.push((combination, own));
    }
    faults.merge(told);
    match faults.is_empty() {
        true => Ok(plans),
        false => Err(Rejected { sources, faults: faults.into_vec() }),
    }
}

/// Compiles a scenario without a matrix.
///
/// # Errors
/// All faults of the scenario, or that it is several.
pub fn compile(path: &str, source: &str) -> Result<Plan, Rejected> {
    let mut plans = compile_all(path, source)?;
    match plans.pop() {
        Some(plan) if plans.is_empty() => Ok(plan),
        _ => {
            let mut faults = Diagnostics::default();
            let message = "one scenario is wanted here, and this file has several";
            faults.error(&(0..0), message, "it has a [matrix]");
            Err(Rejected { sources: Sources::of(path, source), faults: faults.into_vec() })
        }
    }
}

fn plan(
    (path, combination): (&str, &str),
    source: &Source,
    devices: &Devices<'_>,
    timers: Timers,
    mut scenario: Scenario,
    mut gaps: Gaps,
    faults: &mut Diagnostics,
) -> Option<Plan> {
    if timers == Timers::Rfc {
        scenario.take_default_timers();
    }
    let mut topology = Topology::new(&scenario, &gaps, faults);
    topology.cast(&scenario, devices, faults);
    let acts = timeline::acts(&scenario, &topology, &mut gaps.acts, faults);
    let struck = fault::faults(&scenario, &topology, source, faults);
    let mut claims = Claims::new(&topology, &scenario, &acts, &gaps, faults);
    let checks = scenario
        .expectations
        .iter()
        .filter_map(|expectation| Some((expectation, claims.check(expectation, source)?)));
    let mut checks: Vec<(&Expectation, Check)> = checks.collect();
    let (tolerance, readings) = (claims.tolerance, claims.readings);
    let acts: Vec<Act> = acts.into_iter().map(|(_, act)| act).collect();
    for act in acts.iter().filter(|act| matches!(act.action, Action::Kill)) {
        // Only a process can be killed.
        topology.nodes[act.node].is_process = true;
    }
    let is_whole = faults.is_empty() && !gaps.links.is_open() && !gaps.nodes.is_open();
    let is_whole = is_whole && !gaps.acts.is_open();
    if is_whole {
        evidence::check(&acts, &checks, faults);
    }
    let timing = Timing { scenario: &scenario, acts: &acts, checks: &checks, tolerance, is_whole };
    let end = timing.end(faults);
    if is_whole {
        let written = scenario.tolerance.as_ref().map(|given| &given.span);
        let (acts, struck) = (&acts, &struck);
        let (nodes, ports) = (&topology.nodes, &topology.ports);
        let planned = Planned { acts, nodes, ports, struck, tolerance, written, end };
        planned.check_limits(&checks, faults);
        planned.contradictions(&checks, source, faults);
        planned.own(&checks, faults);
        let has_pim = |node: &Node| matches!(&node.role, Role::Router(one) if one.pim.is_some());
        let spoken = Spoken { family: scenario.family, pim: nodes.iter().any(has_pim) };
        proof::bind(&scenario.proves, &mut checks, spoken, &planned, faults);
    }
    let checks: Vec<Check> = checks.into_iter().map(|(_, check)| check).collect();
    let own_timers = scenario.timers.filter(|said| said.value == Timers::File);
    let own_timers = own_timers.map(|said| source.line(said.span.start));
    let backends = scenario.backends.or_else(|| elsewhere(&topology.nodes));
    let is_foreign = software(&topology.nodes).is_some();
    is_whole.then_some(Plan {
        name: name(path, combination),
        combination: combination.to_owned(),
        swaps: Vec::new(),
        path: path.to_owned(),
        title: scenario.title.value,
        family: scenario.family,
        proves: proof::proved(&scenario.proves, &checks),
        tolerance,
        virtual_tolerance: scenario.tolerance.map_or(Duration::ZERO, |given| given.value),
        remarks: Vec::new(),
        timers,
        own_timers,
        by_default: None,
        end,
        seed: SEED,
        links: topology.links,
        nodes: topology.nodes,
        ports: topology.ports,
        acts,
        faults: struck,
        waivers: scenario.waivers,
        backends,
        record: scenario.record,
        checks,
        readings,
        // What is kept is castnet's behaviour, with the file's timers.
        golden: scenario.golden.filter(|_| !is_foreign && timers == Timers::File).map(|golden| {
            Golden { line: source.line(golden.span.start), backends: golden.backends }
        }),
    })
}

/// The most nodes that a run on the kernel may have.
const MOST_REAL: usize = 1000;

/// The restriction to the simulator for scenarios with too many nodes, or to the kernel for software of
/// others.
fn elsewhere(nodes: &[Node]) -> Option<Backends> {
    if let Some((node, name)) = software(nodes) {
        let because = format!("{node} runs {name}, which only a kernel can");
        return Some(Backends { only: vec![Backend::Netns], virtual_time: false, because });
    }
    let crowded =
        nodes.iter().find(|node| matches!(node.role, Role::Listener(Listener::Population { .. })));
    let because = match crowded {
        Some(node) => format!("{} is many hosts, each with a kernel of its own", node.name),
        None if nodes.len() > MOST_REAL => format!("{} nodes are too many", nodes.len()),
        None => return None,
    };
    Some(Backends { only: vec![Backend::Sim], virtual_time: false, because })
}

/// The first node that runs software of others, and the name of that.
fn software(nodes: &[Node]) -> Option<(&str, &str)> {
    nodes.iter().find_map(|node| match &node.role {
        Role::Router(router) if router.who != Device::Castnet => {
            Some((node.name.as_str(), router.who.name()))
        }
        _ => None,
    })
}

impl Plan {
    /// The name that its path alone gives it, by which its golden is kept; [`Plan::name`] may be
    /// longer, to tell it from another one.
    #[must_use]
    pub fn own_name(&self) -> String {
        name(&self.path, &self.combination)
    }
}

/// `scenarios/igmp/v2/leave.toml` is `igmp/v2/leave`; elsewhere the name is the file's alone. A
/// combination follows it: `igmp/v2/leave[version=2]`.
fn name(path: &str, combination: &str) -> String {
    let stem = path.strip_suffix(".toml").unwrap_or(path);
    let parts: Vec<&str> = stem.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let tail = match parts.iter().rposition(|part| *part == "scenarios") {
        Some(at) => &parts[at + 1..],
        None => &parts[parts.len().saturating_sub(1)..],
    };
    let told: Vec<&str> = combination.split(',').filter(|part| *part != USUAL).collect();
    match told.join(",").as_str() {
        "" => tail.join("/"),
        told => format!("{}[{told}]", tail.join("/")),
    }
}

/// The part of a combination that no name tells, so that a scenario keeps its name, and what is kept under
/// it, when it runs over the other family too.
const USUAL: &str = "family=ipv4";
