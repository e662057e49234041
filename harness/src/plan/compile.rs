//! One scenario, from its text to its plan.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::string::FromUtf8Error;

use super::claim::Claims;
use super::timing::Timing;
use super::topology::Topology;
use super::{Act, Check, Node, Plan, Role, fault, timeline};
use crate::scenario::diagnostic::{Diagnostics, Rejected};
use crate::scenario::{self, Backend, Backends, Gaps, Listener, Scenario};

/// The seed of a run that is given none.
const SEED: u64 = 1;

/// The largest file that is read, in octets; it may be named by mistake, and be a device.
const LARGEST: u64 = 1024 * 1024;

/// Why a file is no plan.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("{0}: {1}")]
    Read(String, std::io::Error),
    /// The scenario has faults.
    #[error(transparent)]
    Rejected(Box<Rejected>),
}

/// Reads and compiles a file.
///
/// # Errors
/// That it cannot be read, or all that is wrong with it.
pub fn load(path: &Path) -> Result<Plan, LoadError> {
    let shown = path.display().to_string();
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
    match read {
        Err(error) => return Err(LoadError::Read(shown, error)),
        Ok(length) if length as u64 > LARGEST => {
            let why = format!("larger than {} KiB, which no scenario is", LARGEST / 1024);
            return Err(LoadError::Read(shown, io::Error::new(io::ErrorKind::FileTooLarge, why)));
        }
        Ok(_) => {}
    }
    let source = String::from_utf8(bytes).map_err(|error| not_utf8(&shown, &error));
    let plan = source.and_then(|source| compile(&shown, &source));
    plan.map_err(|rejected| LoadError::Rejected(Box::new(rejected)))
}

fn not_utf8(path: &str, error: &FromUtf8Error) -> Rejected {
    let source = String::from_utf8_lossy(error.as_bytes()).into_owned();
    let at = error.utf8_error().valid_up_to();
    let byte = error.as_bytes().get(at).copied().unwrap_or_default();
    let mut faults = Diagnostics::default();
    // What is not UTF-8 is shown as U+FFFD, which has three octets; all before it is as it was.
    let label = format!("the octet {byte:#04x}");
    let help = "save the file as UTF-8";
    faults.error_with_help(&(at..at + 3), "this is not UTF-8, as TOML has to be", label, help);
    Rejected { path: path.to_owned(), source, faults: faults.into_vec() }
}

/// Compiles a scenario; `path` is named in messages and gives it its name.
///
/// # Errors
/// All that is wrong with it.
pub fn compile(path: &str, source: &str) -> Result<Plan, Rejected> {
    let source = scenario::without_bom(source);
    let (draft, mut faults) = scenario::draft(source);
    let plan = draft.and_then(|(scenario, gaps)| plan(path, source, scenario, gaps, &mut faults));
    match plan {
        Some(plan) if faults.is_empty() => Ok(plan),
        _ => {
            let (path, source) = (path.to_owned(), source.to_owned());
            Err(Rejected { path, source, faults: faults.into_vec() })
        }
    }
}

fn plan(
    path: &str,
    source: &str,
    scenario: Scenario,
    mut gaps: Gaps,
    faults: &mut Diagnostics,
) -> Option<Plan> {
    let topology = Topology::new(&scenario, &gaps, faults);
    let acts = timeline::acts(&scenario, &topology, &mut gaps.acts, faults);
    let struck = fault::faults(&scenario, &topology, source, faults);
    let mut claims = Claims::new(&topology, &scenario, &acts, &gaps, faults);
    let checks: Vec<Check> =
        scenario.expectations.iter().filter_map(|e| claims.check(e, source)).collect();
    let (tolerance, readings) = (claims.tolerance, claims.readings);
    if !faults.is_empty() {
        // Times say nothing while an act or an expectation is missing.
        return None;
    }
    let acts: Vec<Act> = acts.into_iter().map(|(_, act)| act).collect();
    let end = Timing { scenario: &scenario, acts: &acts, checks: &checks, tolerance }.end(faults);
    let backends = scenario.backends.or_else(|| simulated(&topology.nodes));
    Some(Plan {
        name: name(path),
        path: path.to_owned(),
        title: scenario.title.value,
        proves: scenario.proves.into_iter().map(|id| id.value).collect(),
        tolerance,
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
    })
}

/// The most nodes that one machine is asked to build.
const MOST_REAL: usize = 1000;

/// That nodes are too many for a kernel.
fn simulated(nodes: &[Node]) -> Option<Backends> {
    let crowded =
        nodes.iter().find(|node| matches!(node.role, Role::Listener(Listener::Population { .. })));
    let because = match crowded {
        Some(node) => format!("{} is many hosts, each with a kernel of its own", node.name),
        None if nodes.len() > MOST_REAL => format!("{} nodes are too many", nodes.len()),
        None => return None,
    };
    Some(Backends { only: vec![Backend::Sim], because })
}

/// `scenarios/igmp/v2/leave.toml` is `igmp/v2/leave`; elsewhere the file's name alone.
fn name(path: &str) -> String {
    let stem = path.strip_suffix(".toml").unwrap_or(path);
    let parts: Vec<&str> = stem.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let tail = match parts.iter().rposition(|part| *part == "scenarios") {
        Some(at) => &parts[at + 1..],
        None => &parts[parts.len().saturating_sub(1)..],
    };
    tail.join("/")
}
