//! The table as a page of HTML, one file that needs no network, no script and no other file.

use std::fmt::Write as _;

use super::{Cell, LEVELS, State, Table};
use crate::printable::line;
use crate::report::html::STYLE;

/// How cells look, besides what all pages have in common.
const CELLS: &str = "
main { display: block; }
table { border-collapse: collapse; margin: 12px 0 24px; }
th, td { border: 1px solid var(--line); padding: 3px 9px; text-align: left; vertical-align: top; }
td.number { text-align: right; }
td.conforms { color: var(--pass); } td.deviates { color: var(--fail); font-weight: 700; }
td.unclear, td.not-run { color: var(--doubt); } td.not-observable, td.not-applicable { color: var(--quiet); }
pre { overflow-x: auto; }
";

/// The page. Links to captures are as the captures' paths: relative to the folder in which castnet ran,
/// unless `--out` is absolute.
#[must_use]
pub fn document(table: &Table) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>castnet: conformance</title>\n\
         <style>{STYLE}{CELLS}</style></head>\n<body><header><h1>Conformance, clause by clause</h1>\
         <p class=\"quiet\">{} runs</p></header>\n<main>\n",
        table.runs
    );
    counts(table, &mut page);
    clauses(table, &mut page);
    for state in [State::Deviates, State::Unclear] {
        for (clause, device, cell) in table.cells(state) {
            _ = writeln!(
                page,
                "<h2 id=\"{}\">{}: {} {}</h2>\n<p>{}</p>",
                anchor(&clause.id, device),
                text(device),
                text(&clause.id),
                state.word(),
                text(&clause.text)
            );
            shown(cell, &mut page);
        }
    }
    reasons(table, &mut page);
    page.push_str("</main></body></html>\n");
    page
}

fn counts(table: &Table, page: &mut String) {
    let words = State::ALL.map(|state| format!("<th>{}</th>", state.word())).concat();
    _ = writeln!(page, "<table><tr><th>device</th><th>level</th>{words}</tr>");
    for (index, device) in table.devices.iter().enumerate() {
        for level in LEVELS {
            let cell = |count| format!("<td class=\"number\">{count}</td>");
            let counts = table.counts(index, level).map(cell).concat();
            _ = writeln!(page, "<tr><td>{}</td><td>{level}</td>{counts}</tr>", text(device));
        }
    }
    page.push_str("</table>\n");
}

fn clauses(table: &Table, page: &mut String) {
    let names = table.devices.iter().map(|name| format!("<th>{}</th>", text(name)));
    let names: String = names.collect();
    _ = writeln!(page, "<table><tr><th>clause</th><th>level</th>{names}<th>demand</th></tr>");
    for row in table.observed() {
        let (id, level) = (text(&row.clause.id), text(&row.clause.level));
        let cells = row.cells.iter().zip(&table.devices);
        let cells: String =
            cells.map(|(cell, device)| state(&row.clause.id, device, cell)).collect();
        let demand = text(&row.clause.text);
        _ = writeln!(page, "<tr><td>{id}</td><td>{level}</td>{cells}<td>{demand}</td></tr>");
    }
    page.push_str("</table>\n");
}

/// A cell: what is wrong leads to what shows it.
fn state(clause: &str, device: &str, cell: &Cell) -> String {
    let word = cell.state.word();
    let class = word.replace(' ', "-");
    match cell.state {
        State::Deviates | State::Unclear => {
            let anchor = anchor(clause, device);
            format!("<td class=\"{class}\"><a href=\"#{anchor}\">{word}</a></td>")
        }
        _ => {
            let why = cell.reason();
            format!("<td class=\"{class}\" title=\"{}\">{word}</td>", text(&why))
        }
    }
}

fn shown(accused: &Cell, page: &mut String) {
    for case in accused.decisive() {
        let why: String = case.why.iter().map(|why| format!("{}\n", text(why))).collect();
        _ = writeln!(
            page,
            "<p><code>{}</code>: {}</p>\n<pre>{why}</pre>\n<p><code>{}</code></p>",
            text(&case.place),
            text(&case.claim),
            text(&case.repeat)
        );
        if let Some(pcapng) = &case.pcapng {
            let path = pcapng.display().to_string();
            _ = writeln!(page, "<p><a href=\"{}\">{}</a></p>", address(&path), text(&path));
        }
    }
}

fn reasons(table: &Table, page: &mut String) {
    let reasons = table.reasons();
    if reasons.is_empty() {
        return;
    }
    page.push_str(
        "<h2>Not run</h2>\n<table><tr><th>device</th><th>because</th><th>clauses</th></tr>\n",
    );
    for (device, why, clauses) in reasons {
        let (device, why, clauses) = (text(device), text(&why), text(&clauses.join(", ")));
        _ = writeln!(page, "<tr><td>{device}</td><td>{why}</td><td>{clauses}</td></tr>");
    }
    page.push_str("</table>\n");
}

/// The name of a place in the page.
fn anchor(clause: &str, device: &str) -> String {
    address(&format!("{clause}/{device}"))
}

/// Text of strangers, as text only.
fn text(words: &str) -> String {
    let mut safe = String::new();
    for letter in line(words).chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            other => safe.push(other),
        }
    }
    safe
}

/// A path as a link: whatever is no plain letter is escaped, so that no path is an address elsewhere.
fn address(path: &str) -> String {
    let mut address = String::new();
    for octet in path.bytes() {
        if octet.is_ascii_alphanumeric() || b"/._-~".contains(&octet) {
            address.push(octet.into());
        } else {
            _ = write!(address, "%{octet:02X}");
        }
    }
    address
}
