//! The table for a terminal: the counts, the clauses, then each deviation with what shows it.

use std::fmt::Write as _;

use super::{Case, LEVELS, State, Table};
use crate::printable::{line, lines};

/// How many clauses a reason names.
const NAMED: usize = 4;

/// The table.
#[must_use]
pub fn document(table: &Table) -> String {
    let mut text = String::new();
    clauses(&mut text, table);
    accused(&mut text, table, State::Deviates);
    accused(&mut text, table, State::Unclear);
    for breach in &table.breaches {
        let scenario = line(&breach.scenario);
        _ = writeln!(text, "\n{}: {scenario} breaks a rule of every run", line(&breach.device));
        breach.why.iter().for_each(|why| _ = writeln!(text, "    {}", lines(why)));
    }
    let reasons = table.reasons();
    if !reasons.is_empty() {
        text.push_str("\nNot run:\n");
    }
    for (device, why, clauses) in reasons {
        let more = clauses.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let named = clauses[..clauses.len().min(NAMED)].join(", ");
        _ = writeln!(text, "  {}: {}\n    {named}{more}", line(device), line(&why));
    }
    counts(&mut text, table);
    text
}

/// A line for each clause of which something is known or could be.
fn clauses(text: &mut String, table: &Table) {
    let width = table.rows.iter().map(|row| row.clause.id.len()).max().unwrap_or_default();
    let widths: Vec<usize> =
        table.devices.iter().map(|name| name.chars().count().max("not applicable".len())).collect();
    let cells = |cells: &[&str]| -> String {
        cells.iter().zip(&widths).map(|(cell, width)| format!("  {:<width$}", line(cell))).collect()
    };
    let names: Vec<&str> = table.devices.iter().map(String::as_str).collect();
    let head = format!("{:<width$}  LEVEL {}", "CLAUSE", cells(&names));
    _ = writeln!(text, "{}", head.trim_end());
    for row in table.observed() {
        let states: Vec<&str> = row.cells.iter().map(|cell| cell.state.word()).collect();
        let (id, level) = (&row.clause.id, &row.clause.level);
        _ = writeln!(text, "{}", format!("{id:<width$}  {level:<6}{}", cells(&states)).trim_end());
    }
}

/// The cells in this state, each with its demand and with what shows it.
fn accused(text: &mut String, table: &Table, state: State) {
    for (clause, device, cell) in table.cells(state) {
        let (id, level, word) = (&clause.id, &clause.level, state.word());
        _ = writeln!(text, "\n{}: {id} ({level}) {word}: {}", line(device), clause.text);
        cell.decisive().for_each(|case| show(text, case));
    }
}

fn show(text: &mut String, case: &Case) {
    _ = writeln!(text, "  {}   ({})", line(&case.claim), line(&case.place));
    case.why.iter().for_each(|why| _ = writeln!(text, "    {}", lines(why)));
    if let Some(pcapng) = &case.pcapng {
        _ = writeln!(text, "    capture  {}", line(&pcapng.display().to_string()));
    }
    _ = writeln!(text, "    repeat   {}", case.repeat);
}

/// How many clauses of each level are in each state: a line for each device and level.
fn counts(text: &mut String, table: &Table) {
    text.push('\n');
    for (index, device) in table.devices.iter().enumerate() {
        for level in LEVELS {
            let counts = State::ALL.into_iter().zip(table.counts(index, level));
            let counts = counts.filter(|(_, count)| *count > 0);
            let each: Vec<String> =
                counts.map(|(state, count)| format!("{count} {}", state.word())).collect();
            if !each.is_empty() {
                _ = writeln!(text, "{}, {level}: {}", line(device), each.join(", "));
            }
        }
    }
}
