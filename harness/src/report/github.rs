//! What did not pass as annotations of GitHub Actions, which show it at its line of the scenario:
//! `::error file=FILE,line=LINE,title=TITLE::MESSAGE`.

use super::{Finished, WrongFile};
use crate::judge::Outcome;

/// How many lines of reasons an annotation shows.
const SHOWN: usize = 12;

/// A line for each check that did not pass, each broken rule, and each reason of the whole run;
/// `place` is where the file of the scenario is, from the root of the repository.
#[must_use]
pub fn annotations(finished: &Finished, place: impl Fn(&str) -> String) -> String {
    let verdict = &finished.verdict;
    let file = place(&finished.path);
    let line = |outcome: Outcome, line: usize, what: &str, why: &[String]| {
        let command = if outcome == Outcome::Unsupported { "warning" } else { "error" };
        let title = property(&format!("{outcome} {} [{}]", finished.name, finished.backend));
        let mut message = vec![what.to_owned()];
        message.extend(why.iter().take(SHOWN).cloned());
        let message = data(&message.join("\n"));
        format!("::{command} file={},line={line},title={title}::{message}\n", property(&file))
    };
    let reasons = verdict.reasons.iter().map(|reason| line(verdict.outcome, 1, reason, &[]));
    let findings = verdict.findings.iter().filter(|finding| finding.outcome != Outcome::Pass);
    let findings =
        findings.map(|finding| line(finding.outcome, finding.line, &finding.claim, &finding.why));
    let rules = verdict.invariants.iter().filter(|rule| rule.outcome() != Outcome::Pass);
    let rules = rules.map(|rule| {
        let what = format!("{}: {}", rule.invariant.word(), rule.invariant.statement());
        line(rule.outcome(), 1, &what, &rule.violations)
    });
    reasons.chain(findings).chain(rules).collect()
}

/// A line for a file that could not be run, at its first error.
#[must_use]
pub fn wrong(file: &WrongFile, place: impl Fn(&str) -> String) -> String {
    let WrongFile { name, at: (path, line), errors, .. } = file;
    let (path, title) = (property(&place(path)), property(&format!("WRONG {name}")));
    let lines: Vec<&str> = errors.lines().take(SHOWN).collect();
    format!("::error file={path},line={line},title={title}::{}\n", data(&lines.join("\n")))
}

/// A message, in which GitHub would take these characters for the end.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value of a property, which a colon or a comma would end too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Finding;
    use crate::report::tests::finished;

    #[test]
    fn each_failure_stands_at_its_line_and_nothing_ends_it_early() {
        let mut run = finished("a[lmqc=2,v=3]", Outcome::Fail);
        run.path = "./a.toml".to_owned();
        run.verdict.findings = vec![
            Finding { outcome: Outcome::Pass, line: 5, ..run.verdict.findings[0].clone() },
            Finding {
                line: 7,
                claim: "50% of it: lost".to_owned(),
                why: vec!["likely cause: x".to_owned(), "found 1".to_owned()],
                ..run.verdict.findings[0].clone()
            },
        ];
        let told = annotations(&run, |path| path.trim_start_matches("./").to_owned());
        let expected = "::error file=a.toml,line=7,title=FAIL a[lmqc=2%2Cv=3] [netns]::\
                        50%25 of it: lost%0Alikely cause: x%0Afound 1\n";
        assert_eq!(told, expected);
        run.verdict.findings.clear();
        run.verdict.outcome = Outcome::Unsupported;
        run.verdict.reasons = vec!["no kernel here".to_owned()];
        let told = annotations(&run, str::to_owned);
        assert!(told.starts_with("::warning file=./a.toml,line=1,title=UNSUPPORTED a"), "{told}");
        assert!(told.ends_with("::no kernel here\n"), "{told}");
    }

    #[test]
    fn a_wrong_file_stands_at_its_first_error() {
        let text = "title = \"t\"\nend = = 7\n";
        let rejected = crate::plan::compile("./a/b.toml", text).unwrap_err();
        let file = WrongFile::from(&crate::plan::LoadError::Rejected(Box::new(rejected)));
        let told = wrong(&file, |path| path.trim_start_matches("./").to_owned());
        assert!(told.starts_with("::error file=a/b.toml,line=2,title=WRONG b::error: "), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }

    #[test]
    fn what_passed_has_no_annotation() {
        assert_eq!(annotations(&finished("a", Outcome::Pass), str::to_owned), "");
    }
}
