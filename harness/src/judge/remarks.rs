//! What of a verdict stands in the run's capture: its outcome, and each failure at its moment.

use castnet::time::Instant;

use super::invariant::Standing;
use super::{Finding, Outcome, Verdict};
use crate::capture::comments::{Mark, Remarks};
use crate::capture::said::Said;

impl Verdict {
    /// The remarks for the run's capture.
    #[must_use]
    pub fn remarks(&self) -> Remarks {
        let failed = self.findings.iter().filter(|finding| finding.outcome == Outcome::Fail);
        let mark = |at: Option<Instant>, what: String| {
            let at = at?;
            Some(Mark { at, text: Said::Failed { at: at.since_start(), what }.to_string() })
        };
        let failed = failed.filter_map(|Finding { at, line, claim, .. }| {
            mark(*at, format!("{claim} (line {line})"))
        });
        let broken = self.invariants.iter().filter(|rule| rule.outcome() == Outcome::Fail);
        let broken = broken.filter_map(|Standing { at, invariant, .. }| {
            mark(*at, format!("{}: {}", invariant.word(), invariant.statement()))
        });
        Remarks { verdict: self.outcome.to_string(), marks: failed.chain(broken).collect() }
    }
}
