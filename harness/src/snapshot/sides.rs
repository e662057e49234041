//! Two traces side by side: what differs, with the fields that changed marked, and a little of what is
//! around it.

use super::align::{Step, align};
use super::diff::text::Marks;

/// How many lines that are the same are shown around one that is not.
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

/// The values of a line, whatever their columns.
fn values(line: &str) -> Vec<String> {
    fields(line).into_iter().map(|(field, _)| field.to_owned()).collect()
}

/// Most fields are the same.
#[allow(clippy::ptr_arg, reason = "the elements of what is aligned are vectors")]
fn alike(one: &Vec<String>, other: &Vec<String>) -> bool {
    let shared = one.iter().filter(|value| other.contains(value)).count();
    shared * 2 > one.len().max(other.len()) && one.get(1) == other.get(1)
}

/// What differs between what happened in the two, on so many columns.
#[must_use]
pub fn render(kept: &str, made: &str, width: usize, marks: Marks) -> String {
    let (one, other): (Vec<&str>, Vec<&str>) = (body(kept).collect(), body(made).collect());
    let of = |lines: &[&str]| lines.iter().map(|line| values(line)).collect::<Vec<_>>();
    let steps = align(&of(&one), &of(&other), alike);
    let near = |index: usize| {
        let to = (index + AROUND + 1).min(steps.len());
        let around = &steps[index.saturating_sub(AROUND)..to];
        around.iter().any(|step| !matches!(step, Step::Same(..)))
    };
    let side = width.saturating_sub(3) / 2;
    let mut text = String::new();
    let mut left_out = false;
    for (index, step) in steps.iter().enumerate() {
        if !near(index) {
            left_out = true;
            continue;
        }
        if std::mem::take(&mut left_out) {
            text.push_str("  ...\n");
        }
        let rows = if side < NARROWEST {
            below(step, &one, &other, marks)
        } else {
            beside(step, &one, &other, side, marks)
        };
        text.push_str(&rows);
    }
    if left_out {
        text.push_str("  ...\n");
    }
    text
}

fn below(step: &Step, one: &[&str], other: &[&str], marks: Marks) -> String {
    match *step {
        Step::Same(_, new) => format!("  {}\n", other[new]),
        Step::Removed(old) => marks.removed(&format!("- {}", one[old])) + "\n",
        Step::Added(new) => marks.added(&format!("+ {}", other[new])) + "\n",
        Step::Changed(old, new) => {
            let (old, new) = (marked(one[old], other[new]), marked(other[new], one[old]));
            let line = |sign, words: &[Word]| format!("{sign} {}\n", painted(words, sign, marks));
            line('-', &old) + &line('+', &new)
        }
    }
}

fn beside(step: &Step, one: &[&str], other: &[&str], side: usize, marks: Marks) -> String {
    let plain = |line: &str| marked(line, line);
    let (sign, left, right) = match *step {
        Step::Same(old, new) => (' ', plain(one[old]), plain(other[new])),
        Step::Removed(old) => ('-', plain(one[old]), Vec::new()),
        Step::Added(new) => ('+', Vec::new(), plain(other[new])),
        Step::Changed(old, new) => {
            ('~', marked(one[old], other[new]), marked(other[new], one[old]))
        }
    };
    let (left, right) = (wrapped(&left, side), wrapped(&right, side));
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

/// A word, and whether it belongs to a field that changed.
#[derive(Clone, Debug)]
struct Word {
    text: String,
    is_marked: bool,
}

/// The words of a line, with those marked whose field the other line does not have.
fn marked(line: &str, other: &str) -> Vec<Word> {
    let others = values(other);
    let mut words = Vec::new();
    for (field, separator) in fields(line) {
        let is_marked = !others.iter().any(|value| value == field);
        let text = format!("{field}{}", separator.trim_end());
        words.push(Word { text, is_marked });
    }
    words
}

fn length(words: &[Word]) -> usize {
    let chars: usize = words.iter().map(|word| word.text.chars().count()).sum();
    chars + words.iter().filter(|word| word.is_marked).count() * 2 + words.len().saturating_sub(1)
}

/// Lines of words that are not wider than the side, if no word is.
fn wrapped(words: &[Word], side: usize) -> Vec<Vec<Word>> {
    let mut lines: Vec<Vec<Word>> = Vec::new();
    for word in words {
        let indent = || Word { text: " ".to_owned(), is_marked: false };
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

/// The words with marks: in colour, and in brackets for who sees none.
fn painted(words: &[Word], sign: char, marks: Marks) -> String {
    let word = |word: &Word| match (word.is_marked, sign) {
        (false, _) => word.text.clone(),
        (true, '-') => marks.removed(&format!("[{}]", word.text)),
        (true, _) => marks.added(&format!("[{}]", word.text)),
    };
    words.iter().map(word).collect::<Vec<_>>().join(" ")
}
