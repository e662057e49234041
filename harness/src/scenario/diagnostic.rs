//! What is wrong with a scenario, each fault with its place in the file.
//!
//! Faults are collected, so that an author sees all of them at once, and rendered the way rustc
//! does. Text of the file is shown, and never obeyed by a terminal.

use std::fmt;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::source::Sources;
use crate::vocabulary::unspoken;

pub use super::span::{Span, Spanned};

/// A suggestion is for slips of the pen; what is longer than any name is none.
const LONGEST_SLIP: usize = 64;
/// The most characters of a message.
const LONGEST: usize = 600;
/// How many faults of one file are kept; whoever has more has given the wrong file.
const MOST: usize = 100;
/// How many names a message lists when none of them is close.
const LISTED: usize = 24;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What stands at the caret.
    pub label: String,
    /// How to put it right, where that is known.
    pub help: Option<String>,
    /// For which combinations of a matrix it is so, if not for all.
    pub note: Option<String>,
}

/// All that is wrong with a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    faults: Vec<Diagnostic>,
    /// How many came after [`MOST`].
    more: usize,
}

impl Diagnostics {
    /// Adds a fault; `label` stands at the caret.
    pub fn error(&mut self, span: &Span, message: impl Into<String>, label: impl Into<String>) {
        self.add(span, message.into(), label.into(), None);
    }

    /// Adds a fault with advice.
    pub fn error_with_help(
        &mut self,
        span: &Span,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(span, message.into(), label.into(), Some(help.into()));
    }

    fn add(&mut self, span: &Span, message: String, label: String, help: Option<String>) {
        let (message, label) = (printable(message), printable(label));
        let help = help.map(printable);
        self.push(Diagnostic { span: span.clone(), message, label, help, note: None });
    }

    fn push(&mut self, fault: Diagnostic) {
        // Two routes, two intervals of one expression: the same fault is told once.
        if self.faults.contains(&fault) {
            return;
        }
        match self.faults.len() < MOST {
            true => self.faults.push(fault),
            false => self.more += 1,
        }
    }

    /// Adds that `name` is not among `known`, with a suggestion if one of them is close.
    pub fn unknown<'k>(
        &mut self,
        what: &str,
        name: &str,
        span: &Span,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        self.unknown_in("", what, name, span, known);
    }

    /// Adds that a word is not among those of the language: that castnet does not speak its
    /// protocol, or else a suggestion. `place` says where, as in `of a link`.
    pub(super) fn unknown_word<'k>(
        &mut self,
        place: &str,
        what: &str,
        word: &Spanned<String>,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        match unspoken::answer(&word.value) {
            Some((message, label)) => self.error(&word.span, message, label),
            None => self.unknown_in(place, what, &word.value, &word.span, known),
        }
    }

    /// Adds that `name` is not among `known`, and says where: `of a link`.
    fn unknown_in<'k>(
        &mut self,
        place: &str,
        what: &str,
        name: &str,
        span: &Span,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        let mut known: Vec<&str> = known.into_iter().collect();
        let help = match closest(name, known.iter().copied()) {
            Some(candidate) => format!("did you mean `{candidate}`?"),
            None if known.is_empty() => format!("there is no {what} at all"),
            None => {
                let more = known.len().saturating_sub(LISTED);
                known.truncate(LISTED);
                let more = if more == 0 { String::new() } else { format!(" and {more} more") };
                format!("known here: {}{more}", known.join(", "))
            }
        };
        let message = format!("unknown {what} `{name}` {place}");
        self.error_with_help(span, message.trim_end(), "not known", help);
    }

    /// Adds what is wrong with each combination of a matrix: once if it is wrong with all of them,
    /// and else with the name of the first one.
    pub(crate) fn merge(&mut self, combinations: Vec<(String, Self)>) {
        let count = combinations.len();
        self.more += combinations.iter().map(|(_, told)| told.more).max().unwrap_or_default();
        let mut merged: Vec<(Diagnostic, &String, usize)> = Vec::new();
        for (name, told) in &combinations {
            for fault in &told.faults {
                match merged.iter_mut().find(|(known, ..)| known == fault) {
                    Some((.., times)) => *times += 1,
                    None => merged.push((fault.clone(), name, 1)),
                }
            }
        }
        for (mut fault, first, times) in merged {
            let more = match times - 1 {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            fault.note = (times < count).then(|| format!("with {first}{more}"));
            self.push(fault);
        }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.faults.len() + self.more
    }

    /// The faults, in the order of the file; the last one says if there were too many of them.
    #[must_use]
    pub fn into_vec(mut self) -> Vec<Diagnostic> {
        self.faults.sort_by_key(|fault| (fault.span.start, fault.span.end));
        if let Some(last) = self.faults.last().filter(|_| self.more > 0) {
            let message = format!("{} more faults are not shown", self.more);
            let (span, label) = (last.span.clone(), "the last one shown".to_owned());
            self.faults.push(Diagnostic { span, message, label, help: None, note: None });
        }
        self.faults
    }
}

/// The candidate that `name` was probably meant to be.
pub(super) fn closest<'k>(
    name: &str,
    candidates: impl IntoIterator<Item = &'k str>,
) -> Option<&'k str> {
    if name.len() > LONGEST_SLIP {
        return None;
    }
    let by_distance = candidates.into_iter().map(|candidate| {
        (strsim::damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase()), candidate)
    });
    let near = by_distance.filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4);
    near.min().map(|(_, candidate)| candidate)
}

/// The text of a file goes to a terminal: a control character in it is shown and not obeyed, and
/// nobody reads a megabyte.
fn printable(text: String) -> String {
    if text.len() <= LONGEST && !text.chars().any(char::is_control) {
        return text;
    }
    let shown = |c: char| if c.is_control() { c.escape_default().collect() } else { c.to_string() };
    let cut = if text.chars().nth(LONGEST).is_some() { "..." } else { "" };
    text.chars().take(LONGEST).map(shown).chain([cut.to_owned()]).collect()
}

/// A scenario that cannot be used: its files and its faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The scenario as it was read, and the templates that it extends.
    pub sources: Sources,
    /// What is wrong, in the order of the files.
    pub faults: Vec<Diagnostic>,
}

impl Rejected {
    /// The faults as text with carets; with `color`, for a terminal.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let rendered = self.faults.iter().map(|fault| {
            let (file, span) = self.sources.locate(&fault.span);
            let annotation = AnnotationKind::Primary.span(span).label(fault.label.as_str());
            let snippet = Snippet::source(file.text.as_str()).path(file.path.as_str());
            let snippet = snippet.annotation(annotation);
            let mut group = Level::ERROR.primary_title(fault.message.as_str()).element(snippet);
            for (level, text) in [(Level::HELP, &fault.help), (Level::NOTE, &fault.note)] {
                if let Some(text) = text {
                    group = group.element(level.message(text.as_str()));
                }
            }
            renderer.render(&[group])
        });
        rendered.collect::<Vec<_>>().join("\n\n")
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Rejected {}
