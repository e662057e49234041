//! Reads a file as a TOML document, with spans that identify the file.

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::diagnostic::Diagnostics;
use super::extent;
use super::source::Source;
use super::span::Span;

/// The keys of a scenario that hold a list of tables.
const LISTED: [&str; 3] = ["act", "fault", "expect"];

/// The most lines of invalid TOML that are reported.
const MOST_NOT_TOML: usize = 8;

/// The document of a file; `None`, with a fault, if the file is not TOML or too long.
pub(super) fn document<'s>(file: &'s Source, faults: &mut Diagnostics) -> Option<DeTable<'s>> {
    let (document, errors) = DeTable::parse_recoverable(&file.text);
    if !errors.is_empty() {
        not_toml(file, &errors, faults);
        return None;
    }
    if document.get_ref().is_empty() {
        faults.error_with_help(
            &(file.begin..file.begin),
            "this file says nothing",
            "a scenario begins here",
            "a scenario has a `title`, [links], [nodes], [[act]] and [[expect]]",
        );
        return None;
    }
    let document = shifted(document.into_inner(), file.begin);
    let before = faults.len();
    extent::check(&document, faults);
    (faults.len() == before).then_some(document)
}

fn shifted(table: DeTable<'_>, by: usize) -> DeTable<'_> {
    let entries = table.into_iter().map(|(key, value)| {
        (Spanned::new(later(key.span(), by), key.into_inner()), shifted_value(value, by))
    });
    entries.collect()
}

fn shifted_value(value: Spanned<DeValue<'_>>, by: usize) -> Spanned<DeValue<'_>> {
    let span = later(value.span(), by);
    let value = match value.into_inner() {
        DeValue::Table(table) => DeValue::Table(shifted(table, by)),
        DeValue::Array(list) => {
            let items: DeArray<'_> = list.into_iter().map(|item| shifted_value(item, by)).collect();
            DeValue::Array(items)
        }
        other => other,
    };
    Spanned::new(span, value)
}

fn later(span: Span, by: usize) -> Span {
    span.start + by..span.end + by
}

/// Further complaints of the TOML parser about a line mostly follow from the first.
fn not_toml(file: &Source, errors: &[toml::de::Error], faults: &mut Diagnostics) {
    let source = file.text.as_str();
    let (mut last_line, mut is_in_second) = (0, false);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let line = file.line(span.start);
        if line == last_line {
            continue;
        }
        last_line = line;
        let before = source.get(..span.start).unwrap_or_default();
        let header = before[before.rfind('\n').map_or(0, |end| end + 1)..].trim_start();
        let is_table = before.ends_with("[[");
        let is_listed = header == "[" && LISTED.contains(&source.get(span.clone()).unwrap_or(""));
        if error.message() == "duplicate key" && !header.starts_with('[') && is_in_second {
            // What stands in a table that stands twice stands twice for that reason.
            continue;
        }
        is_in_second = header.starts_with('[');
        let span = later(span, file.begin);
        match error.message() {
            "duplicate key" if is_table || is_listed => {
                let help = "write double brackets each time, the first time too";
                faults.error_with_help(&span, "this key stands twice", "the second time", help);
            }
            "duplicate key" => faults.error(&span, "this key stands twice", "the second time"),
            why => faults.error(&span, "this is not TOML", why),
        }
        if faults.len() == MOST_NOT_TOML {
            break;
        }
    }
}
