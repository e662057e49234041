//! `castnet diff-backends`

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use castnet_lab::backend::{Cancel, RunError, at_a_time, netns, sim};
use castnet_lab::compare::{Comparison, compare};
use castnet_lab::judge::too_late;
use castnet_lab::lab::privilege;
use castnet_lab::plan::Plan;
use castnet_lab::recording::Recording;
use castnet_lab::scenario::Backend;
use clap::Args;
use serde::Serialize;

use super::files::{self, Paths};
use super::{BROKEN, Ending, FAILED, Failure, INTERRUPTED, UNSUPPORTED, interrupt, say};

/// The version of the shape of what `--json` prints.
const SCHEMA: u32 = 1;

#[derive(Args)]
#[command(after_help = AFTER)]
pub(super) struct DiffBackendsArgs {
    #[command(flatten)]
    paths: Paths,
    /// How many scenarios run at a time; as many as `castnet run` takes unless given.
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZero<usize>>,
    /// Compare each scenario so many times.
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// Show every disagreement, not only the first one.
    #[arg(short, long)]
    verbose: bool,
    /// Print one JSON document on standard output, and nothing else.
    #[arg(long, conflicts_with = "verbose")]
    json: bool,
}

const AFTER: &str = "Each link has to carry the same packets of the same ports, each within the scenario's \
                     tolerance of its twin. What a protocol leaves to chance, as when a host answers and \
                     which one, is no disagreement; what cannot be compared because of it is told.";

/// How one scenario compared.
#[derive(Serialize)]
struct Row<'a> {
    scenario: &'a str,
    word: Word,
    /// What could not be done, or what was late.
    reasons: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<Compared>,
}

#[derive(Serialize)]
struct Compared {
    messages: usize,
    answers: usize,
    pauses: usize,
    /// The greatest distance of twins, in seconds.
    widest: f64,
    disagreements: Vec<Told>,
    left_out: Vec<String>,
}

#[derive(Serialize)]
struct Told {
    /// Seconds from the start of the run.
    at: f64,
    text: String,
}

/// What became of one comparison.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Agree,
    Disagree,
    /// The scenario is for one backend only.
    Alone,
    Unsupported,
    Broken,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    interrupted: bool,
    compared: &'a [Row<'a>],
}

/// Ends with 1 if the kernel and the simulator disagree anywhere.
pub(super) fn diff(args: &DiffBackendsArgs) -> Ending {
    let refused = |why: &dyn ToString| Failure { code: UNSUPPORTED, message: why.to_string() };
    privilege::enter().map_err(|refusal| refused(&refusal))?;
    let plans = files::load_all(&files::find(&args.paths).map_err(Failure::usage)?)?;
    let cancel = Cancel::new();
    interrupt::watch(&cancel)?;
    let rows = rows(args, &plans, &cancel);
    let interrupted = cancel.is_cancelled();
    if args.json {
        let document = Document { schema: SCHEMA, interrupted, compared: &rows };
        say(&(serde_json::to_string_pretty(&document).map_err(Failure::broken)? + "\n"));
    } else {
        say(&summary(&rows));
    }
    let worst = rows.iter().map(|row| row.word.code()).max().unwrap_or_default();
    Ok(if interrupted { INTERRUPTED } else { worst })
}

/// Compares all, and tells of each one when it is done.
fn rows<'a>(args: &DiffBackendsArgs, plans: &'a [Plan], cancel: &Cancel) -> Vec<Row<'a>> {
    let jobs: Vec<&Plan> = (0..args.repeat).flat_map(|_| plans).collect();
    let (next, rows) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let worker = || {
        while let Some(plan) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let Some(row) = row(plan, cancel) else { return };
            let mut rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
            if !args.json {
                say(&row.text(args.verbose));
            }
            rows.push(row);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..args.jobs.map_or_else(at_a_time, NonZero::get).min(jobs.len()) {
            scope.spawn(worker);
        }
    });
    rows.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// What came of one scenario; `None` if it was interrupted.
fn row<'a>(plan: &'a Plan, cancel: &Cancel) -> Option<Row<'a>> {
    let without = |word, why: String| {
        Some(Row { scenario: &plan.name, word, reasons: vec![why], compared: None })
    };
    let missing = [Backend::Netns, Backend::Sim].into_iter().find(|&one| !plan.runs_on(one));
    if let Some(backend) = missing {
        return without(Word::Alone, format!("not for {}", backend.word()));
    }
    let runs = || Ok((sim::run(plan, cancel)?, netns::run(plan, cancel)?));
    match runs() {
        Ok((one, other)) => Some(compared(plan, &one, &other)),
        Err(RunError::Interrupted) => None,
        Err(why @ RunError::Unsupported(..)) => without(Word::Unsupported, why.to_string()),
        Err(why) => without(Word::Broken, why.to_string()),
    }
}

fn compared<'a>(plan: &'a Plan, one: &Recording, other: &Recording) -> Row<'a> {
    let scenario = plan.name.as_str();
    let broken: Vec<String> = one.broken.iter().chain(&other.broken).cloned().collect();
    if !broken.is_empty() {
        return Row { scenario, word: Word::Broken, reasons: broken, compared: None };
    }
    let Comparison { shared, widest, disagreements, left_out } = compare(plan, one, other);
    let late = other.lateness;
    let (word, reasons) = match (disagreements.is_empty(), late.by > plan.tolerance) {
        (true, _) => (Word::Agree, Vec::new()),
        (false, false) => (Word::Disagree, Vec::new()),
        (false, true) => (Word::Broken, vec![too_late(late, plan.tolerance)]),
    };
    let told = disagreements.into_iter();
    let told = told.map(|one| Told { at: one.at.since_start().as_secs_f64(), text: one.text });
    let compared = Compared {
        messages: shared.messages,
        answers: shared.answers,
        pauses: shared.pauses,
        widest: widest.as_secs_f64(),
        disagreements: told.collect(),
        left_out,
    };
    Row { scenario, word, reasons, compared: Some(compared) }
}

impl Row<'_> {
    fn text(&self, verbose: bool) -> String {
        let mut text = format!("{:<12}{}", self.word.text(), self.scenario);
        if let Some(Compared { messages, answers, pauses, widest, .. }) = &self.compared {
            text += &format!(
                "  {messages} messages, {answers} answers, {pauses} pauses of streams; at most {widest:.3} s \
                 apart"
            );
        }
        let mut lines = vec![text];
        lines.extend(self.reasons.iter().map(|why| format!("  {why}")));
        if let Some(Compared { disagreements, left_out, .. }) = &self.compared {
            let shown = if verbose { disagreements.len() } else { 1 };
            let told = disagreements.iter().take(shown);
            lines.extend(told.map(|told| format!("  {:>8.3} s  {}", told.at, told.text)));
            if disagreements.len() > shown {
                lines.push(format!("  and {} more: -v shows them", disagreements.len() - shown));
            }
            lines.extend(left_out.iter().map(|what| format!("  not compared: {what}")));
        }
        lines.join("\n") + "\n"
    }
}

impl Word {
    const fn text(self) -> &'static str {
        match self {
            Self::Agree => "AGREE",
            Self::Disagree => "DISAGREE",
            Self::Alone => "ALONE",
            Self::Unsupported => "UNSUPPORTED",
            Self::Broken => "BROKEN",
        }
    }

    const fn code(self) -> u8 {
        match self {
            Self::Agree | Self::Alone => 0,
            Self::Disagree => FAILED,
            Self::Unsupported => UNSUPPORTED,
            Self::Broken => BROKEN,
        }
    }
}

fn summary(rows: &[Row<'_>]) -> String {
    let words = [Word::Agree, Word::Disagree, Word::Alone, Word::Unsupported, Word::Broken];
    let counts = words.into_iter().filter_map(|word| {
        let count = rows.iter().filter(|row| row.word == word).count();
        (count > 0).then(|| format!("{count} {}", word.text().to_lowercase()))
    });
    let counts: Vec<String> = counts.collect();
    format!("{} compared: {}\n", rows.len(), counts.join(", "))
}
