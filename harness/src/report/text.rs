//! The terminal report: a line for each run, the reasons of each failure, a summary.

use std::fmt::Write as _;

use castnet::time::Seconds;

use super::{Campaign, Finished, ProgramLog};
use crate::english::counted;
use crate::judge::invariant::Standing;
use crate::judge::{Finding, Outcome};
use crate::printable::{line, lines};
use crate::scenario::Timers;

/// Colours of a terminal, or nothing.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether to use them.
    pub color: bool,
}

impl Style {
    pub(super) fn paint(self, outcome: Outcome, text: &str) -> String {
        let code = match outcome {
            Outcome::Pass => 32,
            Outcome::Vacuous | Outcome::Unsupported => 33,
            Outcome::Fail | Outcome::Broken => 31,
        };
        if self.color { format!("\x1b[1;{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// One run: a line, and below it what did not pass; every check and rule if `verbose`.
#[must_use]
pub fn run(finished: &Finished, style: Style, verbose: bool) -> String {
    let Finished { name, backend, verdict, repetition, .. } = finished;
    let which = if *repetition > 1 { format!(" #{repetition}") } else { String::new() };
    let outcome = style.paint(verdict.outcome, &format!("{:<11}", verdict.outcome.to_string()));
    let took = Seconds(finished.took, 1);
    let mut text = format!("{outcome} {}{which}  [{backend}]  {took}", line(name));
    _ = write!(text, "  {}/{} checks", finished.passed_checks(), verdict.findings.len());
    if let Some(frames) = finished.frames {
        _ = write!(text, ", {frames} frames");
    }
    text.push('\n');
    if !finished.broken_before.is_empty() {
        _ = writeln!(text, "            try {}: {}", finished.tries(), earlier(finished));
    }
    for note in &verdict.notes {
        _ = writeln!(text, "            {note}");
    }
    if verdict.outcome == Outcome::Pass && !verbose {
        return text;
    }
    _ = writeln!(text, "            {}", line(&finished.title));
    for reason in &verdict.reasons {
        _ = writeln!(text, "  {reason}");
    }
    let is_shown = |outcome| verbose || outcome != Outcome::Pass;
    for found in verdict.findings.iter().filter(|found| is_shown(found.outcome)) {
        text.push_str(&finding_of(&finished.path, found, style));
    }
    for standing in &verdict.invariants {
        if is_shown(standing.outcome()) {
            text.push_str(&invariant(standing, style));
        }
    }
    if verbose && finished.noise > 0 {
        _ = writeln!(
            text,
            "  noise    {} (frames that kernels sent unasked, not kept)",
            finished.noise
        );
    }
    for program in &finished.programs {
        text.push_str(&program_of(program));
    }
    if let passed @ 1.. = finished.passed_checks()
        && !verbose
    {
        _ = writeln!(text, "  passed   {} (-v shows them)", counted(passed, "check", "checks"));
    }
    if finished.timers == Timers::Rfc {
        text.push_str("  timers   the RFCs' defaults; a time in figures is what the file says\n");
    }
    if !finished.kernel.is_empty() {
        _ = writeln!(text, "  kernel   {}", finished.kernel);
    }
    if let Some(pcapng) = &finished.pcapng {
        _ = writeln!(text, "  capture  {}", line(&pcapng.display().to_string()));
    }
    if verdict.outcome != Outcome::Pass {
        _ = writeln!(text, "  repeat   {}", finished.repeat());
    }
    text
}

/// Why earlier tries do not count: `BROKEN before, because h1: no such program`.
fn earlier(finished: &Finished) -> String {
    let reasons: Vec<String> =
        finished.broken_before.iter().map(|why| line(why).into_owned()).collect();
    format!("BROKEN before, because {}", reasons.join("; and because "))
}

/// A program and the end of what it wrote.
fn program_of(ProgramLog { node, act, status, log, tail }: &ProgramLog) -> String {
    let status = status.as_deref().unwrap_or("still ran at the end");
    let mut text = format!("  program  {node}: {}: {status}", line(act));
    if let Some(log) = log.as_ref().filter(|_| !tail.is_empty()) {
        _ = write!(text, "   ({})", line(&log.display().to_string()));
    }
    text.push('\n');
    for written in tail {
        _ = writeln!(text, "              {written}");
    }
    text
}

/// A check and why it had this outcome; `path` is the scenario's file.
#[must_use]
pub fn finding_of(path: &str, finding: &Finding, style: Style) -> String {
    let outcome = format!("{:<11}", finding.outcome.to_string().to_lowercase());
    let outcome = style.paint(finding.outcome, &outcome);
    let mut text =
        format!("  {outcome} {}   ({}:{})\n", line(&finding.claim), line(path), finding.line);
    for written in lines_of(finding) {
        _ = writeln!(text, "              {}", lines(&written));
    }
    text
}

/// Everything below a check's line: why it had this outcome, what the tolerance changed, and what was
/// measured.
pub(super) fn lines_of(finding: &Finding) -> Vec<String> {
    let Finding { why, by_tolerance, measured, .. } = finding;
    let mut lines: Vec<String> = why.iter().chain(by_tolerance).cloned().collect();
    if !measured.is_empty() {
        let measured: Vec<String> = measured.iter().map(ToString::to_string).collect();
        lines.push(format!("measured {}", measured.join(", ")));
    }
    lines
}

fn invariant(standing: &Standing, style: Style) -> String {
    let Standing { invariant, off, violations, by_tolerance, .. } = standing;
    let outcome = standing.outcome();
    let word = if off.is_some() { "off".to_owned() } else { outcome.to_string().to_lowercase() };
    let outcome = style.paint(outcome, &format!("{word:<11}"));
    let (name, statement) = (invariant.word(), invariant.statement());
    let mut text = format!("  {outcome} {name}: {statement}   (in every run)\n");
    if let Some(because) = off {
        _ = writeln!(text, "              off because {because}");
    }
    for line in violations.iter().chain(by_tolerance) {
        _ = writeln!(text, "              {line}");
    }
    text
}

/// All runs in one line, and in a second one the runs left out: `5 scenarios: 4 passed, 1 failed in
/// 31.2 s`.
#[must_use]
pub fn summary(campaign: &Campaign, style: Style) -> String {
    let finished = &campaign.finished;
    let words = [
        (Outcome::Pass, "passed"),
        (Outcome::Vacuous, "vacuous"),
        (Outcome::Fail, "failed"),
        (Outcome::Unsupported, "unsupported"),
        (Outcome::Broken, "broken"),
    ];
    let counts = words.into_iter().filter_map(|(outcome, word)| {
        let count = finished.iter().filter(|run| run.verdict.outcome == outcome).count();
        (count > 0).then(|| style.paint(outcome, &format!("{count} {word}")))
    });
    let mut counts: Vec<String> = counts.collect();
    if counts.is_empty() {
        counts.push("none finished".to_owned());
    }
    let scenarios = counted(campaign.by_scenario().len(), "scenario", "scenarios");
    let what = match campaign.repeat {
        0 | 1 => scenarios,
        _ => format!("{} of {scenarios}", counted(finished.len(), "run", "runs")),
    };
    let took = Seconds(campaign.took, 1);
    let mut text = format!("{what}: {} in {took}\n", counts.join(", "));
    text.push_str(&unfinished(campaign));
    if !campaign.left.is_empty() {
        let left: Vec<_> = campaign.left.iter().map(|one| line(&one.name)).collect();
        let count = counted(left.len(), "scenario keeps its", "scenarios keep their");
        _ = writeln!(text, "{count} own timers and did not run: {}", left.join(", "));
    }
    if !campaign.wrong.is_empty() {
        let wrong: Vec<_> = campaign.wrong.iter().map(|file| line(&file.path)).collect();
        let count = counted(wrong.len(), "file is wrong", "files are wrong");
        _ = writeln!(text, "{count}, and nothing of it has run: {}", wrong.join(", "));
    }
    text
}

/// `interrupted: 2 stopped, 1 not started`, or nothing.
fn unfinished(campaign: &Campaign) -> String {
    let stopped = campaign.unfinished.iter().filter(|run| run.started);
    let stopped: Vec<_> = stopped.map(|run| line(&run.name)).collect();
    let waiting = campaign.unfinished.len() - stopped.len();
    let mut parts = Vec::new();
    if !stopped.is_empty() {
        parts.push(format!("{} stopped ({})", stopped.len(), stopped.join(", ")));
    }
    if waiting > 0 {
        parts.push(format!("{waiting} not started"));
    }
    match (parts.is_empty(), campaign.interrupted) {
        (true, _) => String::new(),
        (false, true) => format!("interrupted: {}\n", parts.join(", ")),
        (false, false) => format!("ended by the first failure: {}\n", parts.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::judge::Verdict;
    use crate::judge::invariant::Invariant;
    use crate::plan::SEED;

    fn finished(outcome: Outcome, why: &[&str], reasons: &[&str]) -> Finished {
        let owned = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect();
        let claim = "lan: LMQC 2 query".to_owned();
        let (why, measured, at) = (owned(why), Vec::new(), None);
        let findings = vec![Finding {
            line: 7,
            claim,
            proves: Vec::new(),
            outcome,
            why,
            measured,
            at,
            by_tolerance: None,
            missed_by: None,
        }];
        Finished {
            name: "igmp/v2/x".to_owned(),
            combination: String::new(),
            swaps: Vec::new(),
            path: "scenarios/igmp/v2/x.toml".to_owned(),
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
            pcapng: Some("out/x.pcapng".into()),
            page: None,
            programs: Vec::new(),
            kernel: String::new(),
            guest: None,
            broken_before: Vec::new(),
            verdict: Verdict {
                outcome,
                findings,
                invariants: Vec::new(),
                reasons: owned(reasons),
                notes: Vec::new(),
            },
        }
    }

    const PLAIN: Style = Style { color: false };

    #[test]
    fn noise_is_counted_where_more_is_wanted() {
        let noisy = Finished { noise: 7, ..finished(Outcome::Pass, &[], &[]) };
        let told = run(&noisy, PLAIN, true);
        assert!(
            told.contains("  noise    7 (frames that kernels sent unasked, not kept)\n"),
            "{told}"
        );
        assert!(!run(&noisy, PLAIN, false).contains("noise"));
        assert!(!run(&finished(Outcome::Pass, &[], &[]), PLAIN, true).contains("noise"));
    }

    #[test]
    fn a_failure_shows_all_that_is_known_and_how_to_repeat_it() {
        let run = run(&finished(Outcome::Fail, &["expected LMQC 2, found 1"], &[]), PLAIN, false);
        let expected = "\
FAIL        igmp/v2/x  [netns]  5.2 s  0/1 checks, 42 frames
            Queries are asked
  fail        lan: LMQC 2 query   (scenarios/igmp/v2/x.toml:7)
              expected LMQC 2, found 1
  capture  out/x.pcapng
  repeat   castnet run scenarios/igmp/v2/x.toml
";
        assert_eq!(run, expected);
    }

    #[test]
    fn programs_and_earlier_tries_are_told_with_a_failure() {
        let mut finished = finished(Outcome::Fail, &[], &[]);
        finished.broken_before = vec!["the machine is overloaded".to_owned()];
        finished.programs = vec![ProgramLog {
            node: "h1".to_owned(),
            act: "h1 runs `ping`".to_owned(),
            status: None,
            log: Some("out/x.exec-1.log".into()),
            tail: vec!["bad news".to_owned()],
        }];
        let text = run(&finished, PLAIN, false);
        let told = "            try 2: BROKEN before, because the machine is overloaded\n";
        assert!(text.contains(told), "{text}");
        let program = "  program  h1: h1 runs `ping`: still ran at the end   (out/x.exec-1.log)\n              bad news\n";
        assert!(text.contains(program), "{text}");
    }

    #[test]
    fn a_seed_of_its_own_is_part_of_how_to_repeat_it() {
        let guest = Some("uml".to_owned());
        let on_another = Finished { seed: 7, guest, ..finished(Outcome::Fail, &[], &[]) };
        let told = run(&on_another, PLAIN, false);
        assert!(told.ends_with("x.toml --seed 7 --kernel uml\n"), "{told}");
        let finished = Finished { seed: 7, ..finished(Outcome::Fail, &[], &[]) };
        let run = run(&finished, PLAIN, false);
        assert!(
            run.ends_with("  repeat   castnet run scenarios/igmp/v2/x.toml --seed 7\n"),
            "{run}"
        );
    }

    #[test]
    fn rules_of_every_run_are_shown_when_broken_or_wanted() {
        let mut finished = finished(Outcome::Fail, &[], &[]);
        let standing = |off: Option<&str>, violations: &[&str]| Standing {
            invariant: Invariant::NoReturn,
            off: off.map(str::to_owned),
            violations: violations.iter().map(|&line| line.to_owned()).collect(),
            at: None,
            by_tolerance: None,
        };
        let excused = standing(Some("r1 has one leg"), &["r1:up sent it back"]);
        finished.verdict.invariants = vec![standing(None, &["r1:lan sent it back"]), excused];
        finished.verdict.invariants.push(standing(None, &[]));
        let rule = "no-return: no datagram goes out of the interface that it came in on   \
                    (in every run)\n";
        let broken = format!("  fail        {rule}              r1:lan sent it back\n");
        let terse = run(&finished, PLAIN, false);
        assert!(terse.contains(&broken) && terse.matches(rule).count() == 1, "{terse}");
        let verbose = format!(
            "{broken}  off         {rule}              off because r1 has one leg\n              \
             r1:up sent it back\n  pass        {rule}"
        );
        let all = run(&finished, PLAIN, true);
        assert!(all.contains(&verbose), "{all}");
    }

    #[test]
    fn a_pass_is_one_line_and_nothing_else_is() {
        let shown = |outcome| run(&finished(outcome, &[], &["why"]), PLAIN, false);
        let pass = "PASS        igmp/v2/x  [netns]  5.2 s  1/1 checks, 42 frames\n";
        assert_eq!(shown(Outcome::Pass), pass);
        for outcome in [Outcome::Vacuous, Outcome::Fail, Outcome::Unsupported, Outcome::Broken] {
            let text = shown(outcome);
            assert!(text.starts_with(&outcome.to_string()) && text.contains(" 0/1 checks"));
            assert!(text.contains("\n  why\n") && text.contains("\n  repeat   "));
        }
    }

    #[test]
    fn the_summary_counts_every_outcome_apart() {
        use Outcome::{Broken, Fail, Pass, Unsupported, Vacuous};
        let runs = [Pass, Fail, Pass, Vacuous, Broken, Unsupported];
        let numbered = runs.into_iter().enumerate().map(|(n, outcome)| {
            let run = finished(outcome, &[], &[]);
            Finished { name: format!("x{n}"), path: format!("x{n}.toml"), ..run }
        });
        let mut campaign = Campaign {
            finished: numbered.collect(),
            took: Duration::from_secs(9),
            ..Campaign::default()
        };
        let all = "6 scenarios: 2 passed, 1 vacuous, 1 failed, 1 unsupported, 1 broken in 9.0 s\n";
        assert_eq!(summary(&campaign, PLAIN), all);
        campaign.finished.truncate(1);
        let one = "1 scenario: \x1b[1;32m1 passed\x1b[0m in 9.0 s\n";
        assert_eq!(summary(&campaign, Style { color: true }), one);
    }
}
