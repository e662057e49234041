//! The table for programs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Breach, Cell, LEVELS, State, Table};

/// The version of the shape of the document.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    castnet: &'static str,
    exit_code: u8,
    runs: usize,
    devices: Vec<Device<'a>>,
    clauses: Vec<Entry<'a>>,
    breaches: &'a [Breach],
}

/// A device, and how many clauses of each level are in each state.
#[derive(Serialize)]
struct Device<'a> {
    name: &'a str,
    counts: BTreeMap<&'static str, BTreeMap<&'static str, usize>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    level: &'a str,
    text: &'a str,
    devices: BTreeMap<&'a str, &'a Cell>,
}

/// The document, with a newline at its end; `exit_code` is the one that the program ends with.
///
/// # Errors
/// Errors of serialisation, which this document cannot cause.
pub fn document(table: &Table, exit_code: u8) -> serde_json::Result<String> {
    let devices = table.devices.iter().enumerate().map(|(index, name)| {
        let of_level = |level| {
            let words = State::ALL.map(State::word);
            (level, words.into_iter().zip(table.counts(index, level)).collect())
        };
        Device { name, counts: LEVELS.into_iter().map(of_level).collect() }
    });
    let clauses = table.rows.iter().map(|row| Entry {
        id: &row.clause.id,
        level: &row.clause.level,
        text: &row.clause.text,
        devices: table.devices.iter().map(String::as_str).zip(&row.cells).collect(),
    });
    let document = Document {
        schema: SCHEMA,
        castnet: env!("CARGO_PKG_VERSION"),
        exit_code,
        runs: table.runs,
        devices: devices.collect(),
        clauses: clauses.collect(),
        breaches: &table.breaches,
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}
