//! `castnet diff-backends`

use std::num::NonZero;

use castnet_lab::backend::{Cancel, at_a_time};
use castnet_lab::compare::Comparison;
use castnet_lab::judge::Outcome;
use castnet_lab::lab::privilege;
use castnet_lab::runner::files::Loaded;
use castnet_lab::runner::versus::{Agreement, Versus, versus};
use clap::Args;
use serde::Serialize;

use super::files::{Paths, with_wrong};
use super::{
    EXIT_CODES, Ending, Failure, INTERRUPTED, UNSUPPORTED, complain, exit_code, interrupt, say,
    say_document,
};

/// The version of the shape of what `--json` prints.
const SCHEMA: u32 = 1;

#[derive(Args)]
#[command(after_help = format!("{AFTER}\n\n{EXIT_CODES}"))]
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
                     which one, is no disagreement; what cannot be compared because of it is \
                     reported.";

/// A scenario's entry in the JSON document.
#[derive(Serialize)]
struct Row<'a> {
    scenario: &'a str,
    word: String,
    reasons: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<Compared<'a>>,
}

#[derive(Serialize)]
struct Compared<'a> {
    messages: usize,
    answers: usize,
    pauses: usize,
    /// The greatest distance of twins, in seconds.
    widest: f64,
    disagreements: Vec<Told<'a>>,
    left_out: &'a [String],
}

#[derive(Serialize)]
struct Told<'a> {
    /// Seconds from the start of the run.
    at: f64,
    text: &'a str,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    interrupted: bool,
    compared: Vec<Row<'a>>,
}

/// Ends with 1 if the kernel and the simulator disagree anywhere.
pub(super) fn diff(args: &DiffBackendsArgs) -> Ending {
    let refused = |why: &dyn ToString| Failure { code: UNSUPPORTED, message: why.to_string() };
    privilege::enter().map_err(|refusal| refused(&refusal))?;
    let Loaded { plans, wrong, .. } = args.paths.load_some()?;
    let cancel = Cancel::new();
    interrupt::watch(&cancel)?;
    let at_a_time = args.jobs.map_or_else(at_a_time, NonZero::get);
    let rows = versus(&plans, args.repeat, at_a_time, &cancel, |row| {
        if !args.json {
            say(&text(row, args.verbose));
        }
    });
    let interrupted = cancel.is_cancelled();
    if args.json {
        let compared = rows.iter().map(json).collect();
        let document = Document { schema: SCHEMA, interrupted, compared };
        say_document(&document)?;
    } else {
        say(&summary(&rows));
    }
    if interrupted {
        return Ok(INTERRUPTED);
    }
    if rows.iter().all(|row| row.agreement == Agreement::Alone) {
        complain("nothing was compared: no scenario runs on both backends");
    }
    Ok(with_wrong(code(rows.iter().map(|row| row.agreement)), wrong.len()))
}

fn json<'a>(row: &'a Versus<'_>) -> Row<'a> {
    let compared = row.comparison.as_ref().map(|comparison| {
        let Comparison { shared, widest, disagreements, left_out } = comparison;
        let told = disagreements.iter();
        let told = told.map(|one| Told { at: one.at.since_start().as_secs_f64(), text: &one.text });
        Compared {
            messages: shared.messages,
            answers: shared.answers,
            pauses: shared.pauses,
            widest: widest.as_secs_f64(),
            disagreements: told.collect(),
            left_out,
        }
    });
    let word = word(row.agreement).to_lowercase();
    Row { scenario: row.scenario, word, reasons: &row.reasons, compared }
}

fn text(row: &Versus<'_>, verbose: bool) -> String {
    let mut text = format!("{:<12}{}", word(row.agreement), row.scenario);
    if let Some(Comparison { shared, widest, .. }) = &row.comparison {
        text += &format!(
            "  {} messages, {} answers, {} pauses of streams; at most {:.3} s apart",
            shared.messages,
            shared.answers,
            shared.pauses,
            widest.as_secs_f64()
        );
    }
    let mut lines = vec![text];
    lines.extend(row.reasons.iter().map(|why| format!("  {why}")));
    if let Some(Comparison { disagreements, left_out, .. }) = &row.comparison {
        let shown = if verbose { disagreements.len() } else { 1 };
        let told = disagreements.iter().take(shown);
        lines.extend(told.map(|told| {
            format!("  {:>8.3} s  {}", told.at.since_start().as_secs_f64(), told.text)
        }));
        if disagreements.len() > shown {
            lines.push(format!("  and {} more: -v shows them", disagreements.len() - shown));
        }
        lines.extend(left_out.iter().map(|what| format!("  not compared: {what}")));
    }
    lines.join("\n") + "\n"
}

const fn word(agreement: Agreement) -> &'static str {
    match agreement {
        Agreement::Agree => "AGREE",
        Agreement::Disagree => "DISAGREE",
        Agreement::Alone => "ALONE",
        Agreement::Unsupported => "UNSUPPORTED",
        _ => "BROKEN",
    }
}

/// The exit code of all comparisons. If every scenario is for one backend only, nothing is proved.
fn code(all: impl Iterator<Item = Agreement>) -> u8 {
    let compared = all.filter(|one| *one != Agreement::Alone).map(|one| match one {
        Agreement::Agree => Outcome::Pass,
        Agreement::Disagree => Outcome::Fail,
        Agreement::Unsupported => Outcome::Unsupported,
        _ => Outcome::Broken,
    });
    exit_code(compared.max().unwrap_or(Outcome::Vacuous))
}

fn summary(rows: &[Versus<'_>]) -> String {
    let each = [
        Agreement::Agree,
        Agreement::Disagree,
        Agreement::Alone,
        Agreement::Unsupported,
        Agreement::Broken,
    ];
    let counts = each.into_iter().filter_map(|agreement| {
        let count = rows.iter().filter(|row| row.agreement == agreement).count();
        (count > 0).then(|| format!("{count} {}", word(agreement).to_lowercase()))
    });
    let counts: Vec<String> = counts.collect();
    format!("{} compared: {}\n", rows.len(), counts.join(", "))
}
