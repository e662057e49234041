//! The differences between two captures, for programs. Times are seconds since the first frame.

use serde::Serialize;

use super::{Change, Diff, Shown};

/// The version of the document's shape.
pub const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    equal: bool,
    a: &'a str,
    b: &'a str,
    added: usize,
    removed: usize,
    changed: usize,
    same: usize,
    changes: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    link: &'a str,
    change: &'static str,
    /// The time in the first capture; `null` if the packet is not there.
    a_at: Option<f64>,
    /// The time in the second one.
    b_at: Option<f64>,
    packet: String,
    fields: Vec<FieldRow>,
}

#[derive(Serialize)]
struct FieldRow {
    field: &'static str,
    a: String,
    b: String,
}

/// The document, with a newline at its end; `a` and `b` are the names of the captures.
///
/// # Errors
/// Errors of serialisation, which this document cannot cause.
pub fn document(diff: &Diff, a: &str, b: &str) -> serde_json::Result<String> {
    let [added, removed, changed, same] = diff.counts();
    let changes = diff.links.iter().flat_map(|link| {
        let changes = link.packets.iter().chain(&link.datagrams);
        changes.filter_map(|change| row(&link.link, change))
    });
    let equal = diff.is_equal();
    let changes = changes.collect();
    let document = Document { schema: SCHEMA, equal, a, b, added, removed, changed, same, changes };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn row<'a>(link: &'a str, change: &'a Change) -> Option<Row<'a>> {
    let at = |shown: &Shown| Some(shown.at.as_secs_f64());
    let row = |change, a_at, b_at, packet: &Shown| Row {
        link,
        change,
        a_at,
        b_at,
        packet: packet.text(),
        fields: Vec::new(),
    };
    Some(match change {
        Change::Same(..) => return None,
        Change::Added(shown) => row("added", None, at(shown), shown),
        Change::Removed(shown) => row("removed", at(shown), None, shown),
        Change::Changed(one, other, _) => {
            let fields = change.differing().into_iter();
            let fields = fields.map(|(field, a, b)| FieldRow { field, a, b }).collect();
            Row { fields, ..row("changed", at(one), at(other), other) }
        }
    })
}
