//! The table as a page of Markdown.

use std::fmt::Write as _;

use super::{Cell, LEVELS, State, Table};
use crate::printable::line;

/// The page.
#[must_use]
pub fn document(table: &Table) -> String {
    let mut text = counts(table);
    let names: Vec<String> = table.devices.iter().map(|name| cell(name)).collect();
    _ = writeln!(text, "\n| clause | level | {} | demand |", names.join(" | "));
    _ = writeln!(text, "|---|---|{}---|", "---|".repeat(names.len()));
    for row in table.observed() {
        let states: Vec<&str> = row.cells.iter().map(|cell| cell.state.word()).collect();
        let (id, level) = (&row.clause.id, &row.clause.level);
        let demand = cell(&row.clause.text);
        _ = writeln!(text, "| {id} | {level} | {} | {demand} |", states.join(" | "));
    }
    for state in [State::Deviates, State::Unclear] {
        for (clause, device, cell) in table.cells(state) {
            let word = state.word();
            _ = writeln!(text, "\n## {}: {} {word}\n\n{}", line(device), clause.id, clause.text);
            shown(&mut text, cell);
        }
    }
    let reasons = table.reasons();
    if !reasons.is_empty() {
        text.push_str("\n## Not run\n\n| device | because | clauses |\n|---|---|---|\n");
    }
    for (device, why, clauses) in reasons {
        let (device, why) = (cell(device), cell(&why));
        _ = writeln!(text, "| {device} | {why} | {} |", clauses.join(", "));
    }
    text
}

/// What may stand in a cell of a table.
fn cell(text: &str) -> String {
    line(text).replace('|', "\\|")
}

fn shown(text: &mut String, accused: &Cell) {
    for case in accused.decisive() {
        _ = writeln!(text, "\n`{}`: {}\n\n```", line(&case.place), line(&case.claim));
        case.why.iter().for_each(|why| _ = writeln!(text, "{}", line(why)));
        _ = writeln!(text, "```");
        if let Some(pcapng) = &case.pcapng {
            let path = line(&pcapng.display().to_string()).into_owned();
            _ = writeln!(text, "\n[{path}](<{path}>)");
        }
    }
}

fn counts(table: &Table) -> String {
    let words = State::ALL.map(State::word).join(" | ");
    let mut text = format!("| device | level | {words} |\n|---|---|");
    text.push_str(&format!("{}\n", "---:|".repeat(State::ALL.len())));
    for (index, device) in table.devices.iter().enumerate() {
        for level in LEVELS {
            let counts = table.counts(index, level).map(|count| count.to_string());
            _ = writeln!(text, "| {} | {level} | {} |", cell(device), counts.join(" | "));
        }
    }
    text
}
