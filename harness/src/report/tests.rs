//! A finished run for the tests of reports.

use std::time::Duration;

use super::Finished;
use crate::judge::{Finding, Outcome, Verdict};
use crate::plan::SEED;
use crate::scenario::Timers;

/// A run on the kernel with one check at line 7.
pub(super) fn finished(name: &str, outcome: Outcome) -> Finished {
    let finding = Finding {
        line: 7,
        claim: "lan: LMQC 2 query".to_owned(),
        proves: Vec::new(),
        outcome,
        why: Vec::new(),
        measured: Vec::new(),
        at: None,
        by_tolerance: None,
        missed_by: None,
    };
    Finished {
        name: name.to_owned(),
        combination: String::new(),
        swaps: Vec::new(),
        path: format!("{name}.toml"),
        title: "Queries are asked".to_owned(),
        clauses: Vec::new(),
        backend: "netns",
        repetition: 1,
        seed: SEED,
        timers: Timers::File,
        end: Duration::from_secs(5),
        took: Duration::from_millis(5250),
        frames: Some(42),
        noise: 0,
        pcapng: None,
        page: None,
        programs: Vec::new(),
        kernel: String::new(),
        guest: None,
        broken_before: Vec::new(),
        verdict: Verdict {
            outcome,
            findings: vec![finding],
            invariants: Vec::new(),
            reasons: Vec::new(),
            notes: Vec::new(),
        },
    }
}
