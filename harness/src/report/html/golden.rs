//! The differences between a run and its golden, as facts on the page of the run.

use serde::Serialize;

use crate::snapshot::Otherwise;
use crate::snapshot::diff::{Change, Differing, LinkDiff};
use crate::snapshot::sides::{MarkedWord, Row};

#[derive(Serialize)]
pub(super) struct Golden<'a> {
    /// The file of the golden trace.
    from: &'a str,
    lines: Vec<Line>,
    packets: Vec<Packet<'a>>,
}

/// A line of one trace or of both.
#[derive(Serialize)]
struct Line {
    sign: char,
    /// The golden's words and the run's, each with whether it changed.
    sides: [Vec<(String, bool)>; 2],
}

/// A packet that only one capture has, or whose fields differ.
#[derive(Serialize)]
struct Packet<'a> {
    link: &'a str,
    sign: char,
    text: String,
    fields: Vec<Differing>,
}

impl<'a> Golden<'a> {
    pub(super) fn of(otherwise: &'a Otherwise) -> Self {
        let packets = otherwise.packets.iter().flat_map(|diff| &diff.links).flat_map(packets);
        Self {
            from: &otherwise.snap,
            lines: otherwise.rows().iter().map(line).collect(),
            packets: packets.collect(),
        }
    }
}

fn line(row: &Row<'_>) -> Line {
    let side = |words: Vec<MarkedWord>| {
        words.into_iter().map(|MarkedWord { text, is_marked }| (text, is_marked)).collect()
    };
    Line { sign: row.sign(), sides: row.words().map(side) }
}

fn packets(diff: &LinkDiff) -> impl Iterator<Item = Packet<'_>> {
    let changes = diff.packets.iter().chain(&diff.datagrams);
    changes.filter_map(|change| {
        let (sign, shown) = match change {
            Change::Same(..) => return None,
            Change::Removed(shown) => ('-', shown),
            Change::Added(shown) => ('+', shown),
            Change::Changed(_, shown, _) => ('~', shown),
        };
        let (text, fields) = (shown.text(), change.differing());
        Some(Packet { link: &diff.link, sign, text, fields })
    })
}
