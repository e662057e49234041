//! `castnet clauses`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use castnet_lab::backend::Cancel;
use castnet_lab::judge::Outcome;
use castnet_lab::plan::Plan;
use castnet_lab::runner::clauses::{Row, State, counts, rows};
use castnet_lab::scenario::clauses::{all, within};
use clap::Args;
use serde::Serialize;

use super::files::{Paths, with_wrong};
use super::{Ending, FAILED, Failure, INTERRUPTED, interrupt, say, say_document};

/// The version of the shape of what `--json` prints.
const SCHEMA: u32 = 1;

/// Where the citations of castnet's own tree are.
const CODE: [&str; 4] = ["src", "tests", "harness/src", "harness/tests"];

#[derive(Args)]
#[command(after_help = AFTER)]
pub(super) struct ClausesArgs {
    #[command(flatten)]
    paths: Paths,
    /// Only clauses of this RFC or section, or this one (2236, RFC2236-3, RFC2236-3-14); may be given
    /// more than once, for any of them.
    #[arg(long, value_name = "ID")]
    rfc: Vec<String>,
    /// Only clauses in this state; may be given more than once, for any of them.
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Vec<State>,
    /// Search the Rust files below this folder for citations; unless given, src, tests, harness/src and
    /// harness/tests, as far as they are here.
    #[arg(long, value_name = "DIR")]
    code: Vec<PathBuf>,
    /// Print one JSON document on standard output, and nothing else.
    #[arg(long)]
    json: bool,
    /// Print tables in Markdown.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
}

const AFTER: &str = "Each scenario that claims a clause runs in the simulator. A clause is proved by an expectation of a run \
                     that passed, failing if a scenario that claims it has not passed, unrun if only scenarios for the \
                     kernel alone claim it, cited if only code or tests name it, and open otherwise. \
                     Exit codes: 0 no clause is failing, 1 one is, 2 usage or a bad scenario, 130 interrupted.";

/// A state by its word.
fn state(text: &str) -> Result<State, String> {
    let found = State::ALL.into_iter().find(|state| state.word() == text);
    found.ok_or_else(|| format!("a state is one of {}", State::ALL.map(State::word).join(", ")))
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    rfcs: Vec<Rfc>,
    clauses: Vec<Entry<'a>>,
}

/// An RFC, and how many of its clauses are in each state.
#[derive(Serialize)]
struct Rfc {
    rfc: u32,
    #[serde(flatten)]
    counts: BTreeMap<&'static str, usize>,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    level: &'a str,
    text: &'a str,
    state: &'static str,
    by: Vec<By<'a>>,
    cited: &'a [String],
    /// Why no scenario proves it; `null` if that has no reason.
    because: Option<&'a str>,
}

/// An expectation that claims the clause.
#[derive(Serialize)]
struct By<'a> {
    scenario: &'a str,
    path: &'a str,
    line: usize,
    /// `null` if the scenario does not run in the simulator.
    outcome: Option<Outcome>,
}

/// Ends with 1 if a scenario that claims a clause has not passed.
pub(super) fn clauses(args: &ClausesArgs) -> Ending {
    let wanted = args.wanted()?;
    let loaded = args.paths.load_some()?;
    let cancel = Cancel::new();
    interrupt::watch(&cancel)?;
    let code = match args.code.is_empty() {
        true => CODE.iter().map(PathBuf::from).filter(|folder| folder.is_dir()).collect(),
        false => args.code.clone(),
    };
    let mut rows = match table(&loaded.plans, &code, &cancel) {
        _ if cancel.is_cancelled() => return Ok(INTERRUPTED),
        rows => rows?,
    };
    let is_failing = rows.iter().any(|row| row.state() == State::Failing);
    rows.retain(|row| wanted(row));
    match (args.json, args.markdown) {
        (true, _) => say_document(&document(&rows))?,
        (false, true) => say(&markdown(&rows)),
        (false, false) => say(&text(&rows)),
    }
    Ok(with_wrong(if is_failing { FAILED } else { 0 }, loaded.wrong.len()))
}

fn table(plans: &[Plan], code: &[PathBuf], cancel: &Cancel) -> Result<Vec<Row>, Failure> {
    if let Some(folder) = code.iter().find(|folder| !Path::is_dir(folder)) {
        return Err(Failure::usage(format!("--code {}: no folder", folder.display())));
    }
    rows(plans, code, cancel).map_err(Failure::broken)
}

impl ClausesArgs {
    /// Which clauses are printed.
    fn wanted(&self) -> Result<impl Fn(&Row) -> bool + use<'_>, Failure> {
        let ids = self.rfc.iter().map(|id| match id.bytes().all(|digit| digit.is_ascii_digit()) {
            true => format!("RFC{id}"),
            false => id.clone(),
        });
        let ids: Vec<String> = ids.collect();
        if let Some(id) = ids.iter().find(|id| !all().any(|clause| within(&clause.id, id))) {
            let why = format!("--rfc {id}: no clause of the catalogue begins so");
            return Err(Failure::usage(why));
        }
        Ok(move |row: &Row| {
            let named = ids.is_empty() || ids.iter().any(|id| within(&row.clause.id, id));
            named && (self.state.is_empty() || self.state.contains(&row.state()))
        })
    }
}

fn document(rows: &[Row]) -> Document<'_> {
    let rfcs = counts(rows).into_iter().map(|(rfc, counts)| {
        let words = State::ALL.map(State::word);
        Rfc { rfc, counts: words.into_iter().zip(counts).collect() }
    });
    let clauses = rows.iter().map(|row| Entry {
        id: &row.clause.id,
        level: &row.clause.level,
        text: &row.clause.text,
        state: row.state().word(),
        by: row
            .by
            .iter()
            .map(|shown| By {
                scenario: &shown.scenario,
                path: &shown.path,
                line: shown.line,
                outcome: shown.outcome,
            })
            .collect(),
        cited: &row.cited,
        because: row.because(),
    });
    Document { schema: SCHEMA, rfcs: rfcs.collect(), clauses: clauses.collect() }
}

/// `98 clauses: 69 proved, 12 cited, 17 open`
fn summary(counts: [usize; State::ALL.len()]) -> String {
    let each = State::ALL.into_iter().zip(counts).filter(|(_, count)| *count > 0);
    let each = each.map(|(state, count)| format!("{count} {}", state.word()));
    let all: usize = counts.iter().sum();
    let noun = if all == 1 { "clause" } else { "clauses" };
    format!("{all} {noun}: {}", each.collect::<Vec<_>>().join(", "))
}

/// What speaks of the clause: each scenario with the lines of its expectations, or else the first
/// citation, or else why there is none.
fn speaks(row: &Row) -> String {
    let mut lines = BTreeMap::<&str, Vec<String>>::new();
    for shown in &row.by {
        let failed = shown.outcome.filter(|outcome| *outcome != Outcome::Pass);
        let failed = failed.map(|outcome| format!(" {outcome}")).unwrap_or_default();
        lines.entry(&shown.scenario).or_default().push(format!("{}{failed}", shown.line));
    }
    let by = lines.into_iter().map(|(scenario, lines)| format!("{scenario}:{}", lines.join(",")));
    let mut all: Vec<String> = by.collect();
    if all.is_empty() {
        let more = row.cited.len().saturating_sub(1);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        all.extend(row.cited.first().map(|place| format!("{place}{more}")));
        all.extend(row.because().map(str::to_owned));
    }
    all.join(if row.by.is_empty() { "; " } else { " " })
}

fn text(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.clause.id.len()).max().unwrap_or_default();
    let mut text = String::new();
    for (rfc, counts) in counts(rows) {
        text.push_str(&format!("RFC {rfc}, {}\n", summary(counts)));
        for row in rows.iter().filter(|row| row.clause.rfc == rfc) {
            let (id, level, state) = (&row.clause.id, &row.clause.level, row.state().word());
            let line = format!("  {id:<width$}  {state:<7}  {level:<6}  {}", speaks(row));
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text
}

fn markdown(rows: &[Row]) -> String {
    let words = State::ALL.map(State::word).join(" | ");
    let mut text = format!("| RFC | {words} | all |\n|---|{}\n", "---:|".repeat(6));
    let counts = counts(rows);
    for (rfc, counts) in &counts {
        let each = counts.map(|count| count.to_string()).join(" | ");
        text.push_str(&format!("| {rfc} | {each} | {} |\n", counts.iter().sum::<usize>()));
    }
    for rfc in counts.keys() {
        text.push_str(&format!("\n## RFC {rfc}\n\n| clause | state | level | demand | by |\n"));
        text.push_str("|---|---|---|---|---|\n");
        for row in rows.iter().filter(|row| row.clause.rfc == *rfc) {
            let (id, level, state) = (&row.clause.id, &row.clause.level, row.state().word());
            let cells = [&row.clause.text, &speaks(row)].map(|cell| cell.replace('|', "\\|"));
            text.push_str(&format!("| {id} | {state} | {level} | {} |\n", cells.join(" | ")));
        }
    }
    text
}
