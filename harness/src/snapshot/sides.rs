//! Two traces side by side: the different lines, with the fields that changed marked, and a few
//! lines around them.

use super::align::{Step, align};
use super::diff::text::Marks;

/// How many equal lines are shown around a different one.
const AROUND: usize = 2;

/// The narrowest that a side may be; below it the sides stand one below the other.
const NARROWEST: usize = 40;

/// The lines of a trace below its heading.
pub(super) fn body(trace: &str) -> impl Iterator<Item = &str> {
    trace.lines().skip_while(|line| !line.is_empty()).skip(1)
}

/// A line as its fields, each with what follows it.
fn fields(line: &str) -> Vec<(&str, &str)> {
    let mut fields = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let gap = rest.find("  ").into_iter().chain(rest.find(", ")).min().unwrap_or(rest.len());
        let (field, behind) = rest.split_at(gap);
        let end = behind.find(|c| c != ' ' && c != ',').unwrap_or(behind.len());
        let (separator, after) = behind.split_at(end);
        fields.push((field, separator));
        rest = after;
    }
    fields
}

/// The values of a line, without the widths of columns.
fn values(line: &str) -> Vec<String> {
    fields(line).into_iter().map(|(field, _)| field.to_owned()).collect()
}

/// Most fields are the same.
#[allow(clippy::ptr_arg, reason = "the elements of what is aligned are vectors")]
fn alike(one: &Vec<String>, other: &Vec<String>) -> bool {
    let shared = one.iter().filter(|value| other.contains(value)).count();
    shared * 2 > one.len().max(other.len()) && one.get(1) == other.get(1)
}

/// A line of one trace, of the other, or of both.
#[derive(Clone, Copy, Debug)]
pub enum Row<'a> {
    /// Both have it, each in its own columns.
    Same(&'a str, &'a str),
    /// Only the golden has it.
    Removed(&'a str),
    /// Only the run has it.
    Added(&'a str),
    /// Both have it, with different fields.
    Changed(&'a str, &'a str),
    /// Equal lines far from any different one.
    LeftOut,
}

impl Row<'_> {
    /// ` `, `-`, `+`, `~` or `.`.
    #[must_use]
    pub const fn sign(&self) -> char {
        match self {
            Self::Same(..) => ' ',
            Self::Removed(_) => '-',
            Self::Added(_) => '+',
            Self::Changed(..) => '~',
            Self::LeftOut => '.',
        }
    }

    /// The words of each side; empty where it has no line.
    #[must_use]
    pub fn words(&self) -> [Vec<MarkedWord>; 2] {
        let plain = |line| marked(line, line);
        match *self {
            Self::Same(one, other) => [plain(one), plain(other)],
            Self::Removed(one) => [plain(one), Vec::new()],
            Self::Added(other) => [Vec::new(), plain(other)],
            Self::Changed(one, other) => [marked(one, other), marked(other, one)],
            Self::LeftOut => [Vec::new(), Vec::new()],
        }
    }
}

/// The different lines of both, and a few lines around them.
#[must_use]
pub fn rows<'a>(kept: &'a str, made: &'a str) -> Vec<Row<'a>> {
    let (one, other): (Vec<&str>, Vec<&str>) = (body(kept).collect(), body(made).collect());
    let of = |lines: &[&str]| lines.iter().map(|line| values(line)).collect::<Vec<_>>();
    let steps = align(&of(&one), &of(&other), alike);
    let near = |index: usize| {
        let to = (index + AROUND + 1).min(steps.len());
        let around = &steps[index.saturating_sub(AROUND)..to];
        around.iter().any(|step| !matches!(step, Step::Same(..)))
    };
    let mut rows = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        rows.push(match *step {
            _ if !near(index) => match rows.last() {
                Some(Row::LeftOut) => continue,
                _ => Row::LeftOut,
            },
            Step::Same(old, new) => Row::Same(one[old], other[new]),
            Step::Removed(old) => Row::Removed(one[old]),
            Step::Added(new) => Row::Added(other[new]),
            Step::Changed(old, new) => Row::Changed(one[old], other[new]),
        });
    }
    rows
}

/// The rows as text, `width` columns wide.
#[must_use]
pub fn render(kept: &str, made: &str, width: usize, marks: Marks) -> String {
    let side = width.saturating_sub(3) / 2;
    let row = |row| match row {
        Row::LeftOut => "  ...\n".to_owned(),
        row if side < NARROWEST => below(&row, marks),
        row => beside(&row, side, marks),
    };
    rows(kept, made).into_iter().map(row).collect()
}

fn below(row: &Row<'_>, marks: Marks) -> String {
    let line = |sign, words: &[MarkedWord]| format!("{sign} {}\n", painted(words, sign, marks));
    match row {
        Row::Same(_, line) => format!("  {line}\n"),
        Row::Removed(line) => marks.removed(&format!("- {line}")) + "\n",
        Row::Added(line) => marks.added(&format!("+ {line}")) + "\n",
        Row::Changed(..) => {
            let [one, other] = row.words();
            line('-', &one) + &line('+', &other)
        }
        Row::LeftOut => String::new(),
    }
}

fn beside(row: &Row<'_>, side: usize, marks: Marks) -> String {
    let sign = row.sign();
    let [left, right] = row.words().map(|words| wrapped(&words, side));
    let mut text = String::new();
    for row in 0..left.len().max(right.len()) {
        let empty = Vec::new();
        let (one, other) = (left.get(row).unwrap_or(&empty), right.get(row).unwrap_or(&empty));
        let fill = " ".repeat(side.saturating_sub(length(one)));
        let (one, other) = (painted(one, '-', marks), painted(other, '+', marks));
        let row = format!("{one}{fill} {sign} {other}");
        let row = row.trim_end();
        text.push_str(&match sign {
            '-' => marks.removed(row),
            '+' => marks.added(row),
            _ => row.to_owned(),
        });
        text.push('\n');
    }
    text
}

/// A word of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkedWord {
    /// With the comma behind it.
    pub text: String,
    /// Whether it belongs to a field that changed.
    pub is_marked: bool,
}

/// The words of a line, with those marked whose field the other line does not have.
fn marked(line: &str, other: &str) -> Vec<MarkedWord> {
    let others = values(other);
    let mut words = Vec::new();
    for (field, separator) in fields(line) {
        let is_marked = !others.iter().any(|value| value == field);
        let text = format!("{field}{}", separator.trim_end());
        words.push(MarkedWord { text, is_marked });
    }
    words
}

fn length(words: &[MarkedWord]) -> usize {
    let chars: usize = words.iter().map(|word| word.text.chars().count()).sum();
    chars + words.iter().filter(|word| word.is_marked).count() * 2 + words.len().saturating_sub(1)
}

/// Lines of words that are not wider than the side, if no word is.
fn wrapped(words: &[MarkedWord], side: usize) -> Vec<Vec<MarkedWord>> {
    let mut lines: Vec<Vec<MarkedWord>> = Vec::new();
    for word in words {
        let indent = || MarkedWord { text: " ".to_owned(), is_marked: false };
        match lines.last_mut() {
            Some(line) if length(line) + length(std::slice::from_ref(word)) < side => {
                line.push(word.clone());
            }
            Some(_) => lines.push(vec![indent(), word.clone()]),
            None => lines.push(vec![word.clone()]),
        }
    }
    lines
}

/// The words with marks: in colour, and in brackets without colour.
fn painted(words: &[MarkedWord], sign: char, marks: Marks) -> String {
    let word = |word: &MarkedWord| match (word.is_marked, sign) {
        (false, _) => word.text.clone(),
        (true, '-') => marks.removed(&format!("[{}]", word.text)),
        (true, _) => marks.added(&format!("[{}]", word.text)),
    };
    words.iter().map(word).collect::<Vec<_>>().join(" ")
}
