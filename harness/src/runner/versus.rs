//! Runs scenarios on the simulator and on the kernel, and compares what happened.
//!
//! A disagreement in a run whose laboratory was late counts as Broken.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::backend::{Cancel, RunError, netns, sim};
use crate::compare::{Comparison, compare};
use crate::judge::doubt::doubts;
use crate::plan::Plan;
use crate::recording::Recording;
use crate::scenario::Backend;

/// How the two runs of one scenario compare.
#[derive(Clone, Debug)]
pub struct Versus<'a> {
    /// The scenario's name.
    pub scenario: &'a str,
    /// The answer.
    pub agreement: Agreement,
    /// What failed, or what was late.
    pub reasons: Vec<String>,
    /// The comparison, if there were two runs that can be trusted.
    pub comparison: Option<Comparison>,
}

/// Whether the backends agree.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// Both runs are equal, except for chance.
    Agree,
    /// The runs differ.
    Disagree,
    /// The scenario is for one backend only.
    Alone,
    /// This machine or the simulator cannot run it.
    Unsupported,
    /// The laboratory failed, or was too late.
    Broken,
}

/// Compares each scenario `repeat` times, `at_a_time` of them side by side, and returns the rows in the
/// order in which they ended. `observe` is called with each one, by the threads that run them and one
/// at a time. Scenarios that are cancelled have no row.
pub fn versus<'a>(
    plans: &'a [Plan],
    repeat: u32,
    at_a_time: usize,
    cancel: &Cancel,
    observe: impl Fn(&Versus<'a>) + Sync,
) -> Vec<Versus<'a>> {
    let jobs: Vec<&Plan> = (0..repeat).flat_map(|_| plans).collect();
    let (next, rows) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let worker = || {
        while let Some(plan) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let Some(row) = row(plan, cancel) else { return };
            let mut rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
            observe(&row);
            rows.push(row);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..at_a_time.min(jobs.len()) {
            scope.spawn(worker);
        }
    });
    rows.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The result for one scenario; `None` if it was interrupted.
fn row<'a>(plan: &'a Plan, cancel: &Cancel) -> Option<Versus<'a>> {
    let without = |agreement, why: String| {
        let reasons = vec![why];
        Some(Versus { scenario: &plan.name, agreement, reasons, comparison: None })
    };
    let missing = [Backend::Netns, Backend::Sim].into_iter().find(|&one| !plan.runs_on(one));
    if let Some(backend) = missing {
        return without(Agreement::Alone, format!("not for {}", backend.word()));
    }
    let runs = || Ok((sim::run(plan, cancel)?, netns::run(plan, cancel)?));
    match runs() {
        Ok((one, other)) => Some(compared(plan, &one, &other)),
        Err(RunError::Interrupted) => None,
        Err(why @ RunError::Unsupported(..)) => without(Agreement::Unsupported, why.to_string()),
        Err(why) => without(Agreement::Broken, why.to_string()),
    }
}

fn compared<'a>(plan: &'a Plan, one: &Recording, other: &Recording) -> Versus<'a> {
    let scenario = plan.name.as_str();
    let reasons: Vec<String> = one.broken.iter().chain(&other.broken).cloned().collect();
    if !reasons.is_empty() {
        return Versus { scenario, agreement: Agreement::Broken, reasons, comparison: None };
    }
    let comparison = compare(plan, one, other);
    let doubts = doubts(plan, other);
    let (agreement, reasons) = match (comparison.disagreements.is_empty(), doubts.is_empty()) {
        (true, _) => (Agreement::Agree, Vec::new()),
        (false, true) => (Agreement::Disagree, Vec::new()),
        (false, false) => (Agreement::Broken, doubts),
    };
    Versus { scenario, agreement, reasons, comparison: Some(comparison) }
}
