//! The runs as JUnit XML, which every CI reads: a test case for each scenario and backend.
//!
//! A check that failed or proved nothing is a failure, a broken laboratory is an error, and a run
//! that this machine cannot make, or that was not finished, is skipped, and so is a scenario that keeps
//! its own timers; a wrong file is an error. Of several runs the worst decides the case. A try that was Broken and was made again is a rerun of
//! the case.

use std::collections::BTreeSet;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestRerun, TestSuite};

use super::text::{self, Style};
use super::{Campaign, Finished, passed};
use crate::judge::Outcome;
use crate::printable::line;

/// The suite of files that could not be run.
const WRONG: &str = "check";

/// The suite of scenarios that cannot have the timers that the user wants.
const OWN_TIMERS: &str = "timers";

/// The document.
///
/// # Errors
/// If it could not be written as XML.
pub fn document(campaign: &Campaign) -> Result<String, quick_junit::SerializeError> {
    let mut suites = Vec::<TestSuite>::new();
    let mut add = |backend: &str, case| {
        let position = suites.iter().position(|suite| suite.name.as_str() == backend);
        let position = position.unwrap_or_else(|| {
            suites.push(TestSuite::new(backend));
            suites.len() - 1
        });
        suites[position].add_test_case(case);
    };
    let rows = campaign.by_scenario();
    for (&(name, _, backend), runs) in &rows {
        add(backend, case(name, backend, runs));
    }
    for file in &campaign.wrong {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        let why = "the file is no sound scenario";
        status.set_type("WRONG").set_message(why).set_description(file.errors.as_str());
        let mut case = TestCase::new(&*line(&file.name), status);
        case.set_classname(WRONG);
        add(WRONG, case);
    }
    for one in &campaign.left {
        let mut status = TestCaseStatus::skipped();
        status.set_message("it keeps its own timers").set_description(one.why.as_str());
        let mut case = TestCase::new(&*line(&one.name), status);
        case.set_classname(OWN_TIMERS);
        add(OWN_TIMERS, case);
    }
    let mut missing = BTreeSet::new();
    for run in &campaign.unfinished {
        let key = (run.name.as_str(), run.path.as_str(), run.backend);
        if !rows.contains_key(&key) && missing.insert(key) {
            let mut status = TestCaseStatus::skipped();
            status.set_message(if run.started { "stopped" } else { "not started" });
            let mut case = TestCase::new(&*line(&run.name), status);
            case.set_classname(class(&run.name, run.backend));
            case.extra.insert("file".into(), (&*line(&run.path)).into());
            add(run.backend, case);
        }
    }
    let mut report = Report::new("castnet");
    report.set_time(campaign.took).add_test_suites(suites);
    report.to_string()
}

fn case(name: &str, backend: &str, runs: &[&Finished]) -> TestCase {
    let worst = runs.iter().map(|run| run.verdict.outcome).max().unwrap_or(Outcome::Pass);
    let mut status = match worst {
        Outcome::Pass => TestCaseStatus::success(),
        Outcome::Vacuous | Outcome::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Outcome::Broken => TestCaseStatus::non_success(NonSuccessKind::Error),
        Outcome::Unsupported => TestCaseStatus::skipped(),
    };
    let bad = runs.iter().filter(|run| run.verdict.outcome != Outcome::Pass);
    let told: Vec<String> = bad.map(|run| text::run(run, Style { color: false }, true)).collect();
    status.set_type(worst.to_string()).set_message(message(runs)).set_description(told.concat());
    for why in runs.iter().flat_map(|run| &run.broken_before) {
        let mut rerun = TestRerun::new(NonSuccessKind::Error);
        rerun.set_type(Outcome::Broken.to_string()).set_message(why.as_str());
        status.add_rerun(rerun);
    }
    let mut case = TestCase::new(&*line(name), status);
    let notes: BTreeSet<&str> =
        runs.iter().flat_map(|run| &run.verdict.notes).map(String::as_str).collect();
    if !notes.is_empty() {
        case.set_system_out(Vec::from_iter(notes).join("\n"));
    }
    case.set_classname(class(name, backend)).set_time(runs.iter().map(|run| run.took).sum());
    if let Some(run) = runs.first() {
        case.extra.insert("file".into(), (&*line(&run.path)).into());
        case.extra.insert("line".into(), first_line(runs).to_string().into());
    }
    if let Some(run) = runs.first().filter(|run| !run.kernel.is_empty()) {
        case.add_property(("kernel", run.kernel.as_str()));
    }
    let tries = runs.iter().map(|run| run.tries()).max().filter(|tries| *tries > 1);
    if let Some(tries) = tries {
        case.add_property(("tries", tries.to_string().as_str()));
    }
    case.set_assertions(runs.iter().map(|run| run.verdict.findings.len()).sum());
    case
}

/// The backend and the scenario's path as a class of Java, by which readers of JUnit group cases:
/// `sim.igmp.v2.leave` for `igmp/v2/leave[version=2]`.
fn class(name: &str, backend: &str) -> String {
    let name = line(name);
    let path = name.split('[').next().unwrap_or_default();
    format!("{backend}.{}", path.replace('.', "_").replace('/', "."))
}

/// The line of the file with the first check that did not pass; the first line if there is none.
fn first_line(runs: &[&Finished]) -> usize {
    let findings = runs.iter().flat_map(|run| &run.verdict.findings);
    let mut bad = findings.filter(|finding| finding.outcome != Outcome::Pass);
    bad.next().map_or(1, |finding| finding.line)
}

/// The first failure, and the number of failures.
fn message(runs: &[&Finished]) -> String {
    let reasons = runs.iter().flat_map(|run| &run.verdict.reasons);
    let findings = runs.iter().flat_map(|run| &run.verdict.findings);
    let claims = findings.filter(|f| f.outcome != Outcome::Pass).map(|finding| &finding.claim);
    let rules = runs.iter().flat_map(|run| &run.verdict.invariants);
    let rules = rules.filter(|rule| rule.outcome() != Outcome::Pass);
    let rules = rules.map(|rule| rule.invariant.word());
    let told = reasons.chain(claims).map(String::as_str);
    let first = told.chain(rules).next().unwrap_or_default().to_owned();
    match runs {
        [_] => first,
        _ => format!("{} of {} passed: {first}", passed(runs), runs.len()),
    }
}
