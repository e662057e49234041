//! What several failures tell in the same words is told once: a later failure names the earlier one.

use std::collections::BTreeMap;

use super::cause::LIKELY;
use super::invariant::Standing;
use super::{Finding, Outcome};

/// The least number of lines in a row that are worth a reference.
const LEAST: usize = 3;

/// The lines that were told so far.
#[derive(Default)]
struct Told {
    /// Each failure by what it is called, with its lines.
    failures: Vec<(String, Vec<String>)>,
    /// Where each line stands: the failure, and the position in it.
    places: BTreeMap<String, Vec<(usize, usize)>>,
}

/// Replaces what a failure repeats of an earlier one by a reference to it.
pub(super) fn fold(findings: &mut [Finding], rules: &mut [Standing]) {
    let mut told = Told::default();
    for finding in findings.iter_mut().filter(|finding| finding.outcome != Outcome::Pass) {
        told.fold(format!("line {}", finding.line), &mut finding.why);
    }
    for rule in rules.iter_mut().filter(|rule| rule.outcome() != Outcome::Pass) {
        told.fold(rule.invariant.word().to_owned(), &mut rule.violations);
    }
}

impl Told {
    fn fold(&mut self, name: String, lines: &mut Vec<String>) {
        let whole = lines.clone();
        let (mut folded, mut next) = (Vec::new(), 0);
        while let Some(line) = whole.get(next) {
            match self.longest(&whole[next..]) {
                Some((failure, length)) => {
                    let of = &self.failures[failure].0;
                    folded.push(format!("({length} lines as at {of})"));
                    next += length;
                }
                None => {
                    folded.push(line.clone());
                    next += 1;
                }
            }
        }
        let failure = self.failures.len();
        for (position, line) in whole.iter().enumerate() {
            self.places.entry(line.clone()).or_default().push((failure, position));
        }
        self.failures.push((name, whole));
        *lines = folded;
    }

    /// The earlier failure that has the most of these lines in a row, from the first on, and how many.
    fn longest(&self, lines: &[String]) -> Option<(usize, usize)> {
        let equal = |(failure, position): (usize, usize)| {
            let known = self.failures[failure].1[position..].iter();
            // Each failure says its likely cause itself.
            let equal = known.zip(lines).take_while(|(a, b)| a == b && !a.starts_with(LIKELY));
            (failure, equal.count())
        };
        let places = self.places.get(lines.first()?)?.iter().copied().map(equal);
        // Of equal ones the first.
        let longest = places.rev().max_by_key(|(_, length)| *length)?;
        (longest.1 >= LEAST).then_some(longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(line: usize, why: &[&str]) -> Finding {
        Finding {
            line,
            claim: String::new(),
            proves: Vec::new(),
            outcome: Outcome::Fail,
            why: why.iter().map(|&line| line.to_owned()).collect(),
            measured: Vec::new(),
            at: None,
            by_tolerance: None,
            missed_by: None,
        }
    }

    #[test]
    fn what_an_earlier_failure_told_is_referred_to() {
        let mut findings = [
            finding(16, &["likely cause: x", "of 3 sent", "a", "b", "c"]),
            finding(20, &["likely cause: x", "of 4 sent", "a", "b", "c", "d"]),
            finding(24, &["a", "b", "z"]),
        ];
        fold(&mut findings, &mut []);
        let [first, second, third] = findings.map(|finding| finding.why);
        assert_eq!(first, ["likely cause: x", "of 3 sent", "a", "b", "c"]);
        assert_eq!(second, ["likely cause: x", "of 4 sent", "(3 lines as at line 16)", "d"]);
        // Two lines are shorter than a reference that has to be looked up.
        assert_eq!(third, ["a", "b", "z"]);
    }
}
