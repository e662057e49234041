//! The differences between two captures, for people: `+`, `-` and `~`, with the fields that
//! changed.

use std::fmt::Write as _;

use castnet::time::Seconds;

use super::{Change, Diff, Differing, LinkDiff, Shown};

/// How many equal packets are shown around a different one.
const AROUND: usize = 2;

/// Colours of a terminal, or nothing.
#[derive(Clone, Copy, Debug)]
pub struct Marks {
    /// Whether to use them.
    pub color: bool,
}

impl Marks {
    /// What was added.
    #[must_use]
    pub fn added(self, text: &str) -> String {
        self.paint(32, text)
    }

    /// What was removed.
    #[must_use]
    pub fn removed(self, text: &str) -> String {
        self.paint(31, text)
    }

    /// What was changed.
    #[must_use]
    pub fn changed(self, text: &str) -> String {
        self.paint(33, text)
    }

    fn paint(self, code: u8, text: &str) -> String {
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Every link that differs, and a last line that counts.
#[must_use]
pub fn render(diff: &Diff, marks: Marks) -> String {
    let mut text = String::new();
    for link in &diff.links {
        let differs = |change: &&Change| !matches!(change, Change::Same(..));
        if link.packets.iter().chain(&link.datagrams).any(|change| differs(&change)) {
            _ = writeln!(text, "{}", link.link);
            if link.is_rough {
                text.push_str(
                    "  too much differs to be aligned in full: equal packets are taken in order\n",
                );
            }
            packets(&mut text, link, marks);
            datagrams(&mut text, link, marks);
        }
    }
    let [added, removed, changed, same] = diff.counts();
    _ = match diff.is_equal() {
        true => writeln!(text, "no difference: {same} packets"),
        false => {
            writeln!(text, "{added} added, {removed} removed, {changed} changed, {same} the same")
        }
    };
    text
}

fn packets(text: &mut String, link: &LinkDiff, marks: Marks) {
    let is_same = |change: &Change| matches!(change, Change::Same(..));
    let near = |index: usize| {
        let from = index.saturating_sub(AROUND);
        let to = (index + AROUND + 1).min(link.packets.len());
        link.packets[from..to].iter().any(|change| !is_same(change))
    };
    let mut left_out = 0;
    for (index, change) in link.packets.iter().enumerate() {
        if !near(index) {
            left_out += 1;
            continue;
        }
        skipped(text, &mut left_out);
        match change {
            Change::Same(_, shown) => _ = writeln!(text, "  {}", line(shown)),
            Change::Added(shown) => {
                _ = writeln!(text, "{}", marks.added(&format!("+ {}", line(shown))));
            }
            Change::Removed(shown) => {
                _ = writeln!(text, "{}", marks.removed(&format!("- {}", line(shown))));
            }
            Change::Changed(_, shown, _) => {
                _ = writeln!(text, "{}", marks.changed(&format!("~ {}", line(shown))));
                _ = writeln!(text, "{:16}{}", "", differences(&change.differing(), marks));
            }
        }
    }
    skipped(text, &mut left_out);
}

fn skipped(text: &mut String, left_out: &mut usize) {
    match std::mem::take(left_out) {
        0 => {}
        1 => text.push_str("  ... 1 the same\n"),
        more => _ = writeln!(text, "  ... {more} the same"),
    }
}

fn line(shown: &Shown) -> String {
    format!("{:>12}  {}", Seconds(shown.at, 6).to_string(), shown.text())
}

/// `TTL: 1 -> 2, max resp: 0.5 s -> 1.0 s`
fn differences(fields: &[Differing], marks: Marks) -> String {
    let or_none = |value: &str| if value.is_empty() { "none".to_owned() } else { value.to_owned() };
    let differences = fields.iter().map(|(name, one, other)| {
        let (one, other) = (marks.removed(&or_none(one)), marks.added(&or_none(other)));
        format!("{name}: {one} -> {other}")
    });
    differences.collect::<Vec<_>>().join(", ")
}

/// The kind of a datagram's change, without the datagram's own number.
fn kind(change: &Change) -> Option<(char, Vec<Differing>, &Shown)> {
    match change {
        Change::Same(..) => None,
        Change::Added(shown) => Some(('+', Vec::new(), shown)),
        Change::Removed(shown) => Some(('-', Vec::new(), shown)),
        Change::Changed(_, shown, _) => {
            let lasting = change.differing().into_iter().filter(|(name, ..)| *name != "time");
            Some(('~', lasting.collect(), shown))
        }
    }
}

/// Consecutive datagrams with equal changes are one line.
fn datagrams(text: &mut String, link: &LinkDiff, marks: Marks) {
    let changes: Vec<_> = link.datagrams.iter().filter_map(kind).collect();
    let alike = |one: &(char, Vec<_>, &Shown), next: &(char, Vec<_>, &Shown)| {
        let follows = one.2.number.zip(next.2.number).is_some_and(|(one, next)| {
            one.stream == next.stream && next.sequence - one.sequence <= 1
        });
        follows && (one.0, &one.1) == (next.0, &next.1)
    };
    for run in changes.chunk_by(alike) {
        let (Some((sign, fields, first)), Some((.., last))) = (run.first(), run.last()) else {
            continue;
        };
        let mut line = format!("{sign} {}", line(first));
        if run.len() > 1 {
            let until = last.number.map_or(0, |number| number.sequence);
            let at = Seconds(last.at, 6);
            _ = write!(line, " to {until} at {at}: {} datagrams", run.len());
        }
        let line = match sign {
            '+' => marks.added(&line),
            '-' => marks.removed(&line),
            _ => marks.changed(&line),
        };
        _ = writeln!(text, "{line}");
        if !fields.is_empty() {
            _ = writeln!(text, "{:16}{}", "", differences(fields, marks));
        }
    }
}
