//! The judgement of a capture for programs: one JSON document, and JUnit's XML with a case for each
//! expectation. What is not judged is skipped, and says why.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;

use super::json::Found;
use crate::judge::Outcome;
use crate::replay::{Judgement, Replayed};

/// The version of the document's shape.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    castnet: &'static str,
    exit_code: u8,
    scenario: &'a str,
    capture: &'a str,
    remarks: &'a [String],
    findings: Vec<Row<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Row<'a> {
    Judged(Found<'a>),
    Not {
        line: usize,
        claim: &'a str,
        /// `not judged`.
        outcome: &'static str,
        why: [&'a str; 1],
        /// Whether another capture of the run could show it.
        another: bool,
    },
}

/// The document, with a newline at its end; `scenario` and `capture` are the files.
///
/// # Errors
/// Errors of serialisation, which this document cannot cause.
pub fn json(
    replayed: &Replayed,
    scenario: &str,
    capture: &str,
    exit_code: u8,
) -> serde_json::Result<String> {
    let findings = replayed.judgements.iter().map(|judgement| match judgement {
        Judgement::Judged(finding) => Row::Judged(Found::from(finding)),
        Judgement::Not { line, claim, why, another } => {
            let outcome = "not judged";
            Row::Not { line: *line, claim, outcome, why: [why], another: *another }
        }
    });
    let document = Document {
        schema: SCHEMA,
        castnet: env!("CARGO_PKG_VERSION"),
        exit_code,
        scenario,
        capture,
        remarks: &replayed.remarks,
        findings: findings.collect(),
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

/// The XML; the suite is named after the capture.
///
/// # Errors
/// If it could not be written as XML.
pub fn junit(
    replayed: &Replayed,
    scenario: &str,
    capture: &str,
) -> Result<String, quick_junit::SerializeError> {
    let mut suite = TestSuite::new(capture);
    for judgement in &replayed.judgements {
        let (line, claim, status) = match judgement {
            Judgement::Judged(finding) => (finding.line, &finding.claim, {
                let mut status = match finding.outcome {
                    Outcome::Pass => TestCaseStatus::success(),
                    _ => TestCaseStatus::non_success(NonSuccessKind::Failure),
                };
                status
                    .set_type(finding.outcome.to_string())
                    .set_description(finding.why.join("\n"));
                status
            }),
            Judgement::Not { line, claim, why, .. } => {
                let mut status = TestCaseStatus::skipped();
                status.set_message(format!("not judged: {why}"));
                (*line, claim, status)
            }
        };
        let mut case = TestCase::new(format!("{claim} ({scenario}:{line})"), status);
        case.set_classname(scenario).set_time(Duration::ZERO);
        suite.add_test_case(case);
    }
    let mut report = Report::new("castnet");
    report.add_test_suite(suite);
    report.to_string()
}
