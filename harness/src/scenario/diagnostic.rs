//! The faults of a scenario, each with its place in the file.
//!
//! Faults are collected, so that an author sees all of them at once, and rendered the way rustc
//! does. Text of the file is made printable, so that a terminal does not obey it.

use std::fmt;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::source::Sources;
use crate::printable;
use crate::vocabulary::unspoken;

pub use super::span::{Span, Spanned};

/// Longest word for which a spelling suggestion is tried.
const LONGEST_SLIP: usize = 64;
/// The most characters of a message.
const LONGEST: usize = 600;
/// How many faults of one file are kept; a file with more is probably not a scenario.
const MOST: usize = 100;
/// How many names a message lists when none of them is close.
const LISTED: usize = 40;

/// One fault, or one remark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The place of the fault.
    pub span: Span,
    /// The message.
    pub message: String,
    /// The text at the caret.
    pub label: String,
    /// The remedy, where it is known.
    pub help: Option<String>,
    /// The combinations of a matrix that have the fault, if not all.
    pub note: Option<String>,
}

/// All faults of a file, and the remarks on what is allowed and rarely meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    faults: Vec<Diagnostic>,
    remarks: Vec<Diagnostic>,
    /// The number of faults beyond [`MOST`].
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

    /// Adds a remark, with which the file is a scenario all the same.
    pub fn remark(
        &mut self,
        span: &Span,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        let remark = diagnostic(span, message.into(), label.into(), Some(help.into()));
        if self.remarks.len() < MOST && !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    /// The remarks, in the order of the file.
    #[must_use]
    pub fn remarks(&self) -> Vec<Diagnostic> {
        let mut remarks = self.remarks.clone();
        remarks.sort_by_key(|remark| (remark.span.start, remark.span.end));
        remarks
    }

    fn add(&mut self, span: &Span, message: String, label: String, help: Option<String>) {
        self.push(diagnostic(span, message, label, help));
    }

    fn push(&mut self, fault: Diagnostic) {
        // Two routes, or two intervals of one expression, may have one fault: report it once.
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

    /// Adds that a word is not among the words of the language: castnet does not speak its
    /// protocol, or else a suggestion. `place` names the table, as in `of a link`.
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

    /// Adds that `name` is not among `known`, with the place: `of a link`.
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

    /// Adds the faults of all combinations of a matrix: a fault of all of them once, any other with
    /// the name of the first combination.
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

    /// Whether there are no faults.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// The number of faults.
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

/// A diagnostic whose text can be printed.
fn diagnostic(span: &Span, message: String, label: String, help: Option<String>) -> Diagnostic {
    let (message, label, help) = (printable(message), printable(label), help.map(printable));
    Diagnostic { span: span.clone(), message, label, help, note: None }
}

/// The candidate that `name` was probably meant to be.
pub fn closest<'k>(name: &str, candidates: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if name.len() > LONGEST_SLIP {
        return None;
    }
    let by_distance = candidates.into_iter().map(|candidate| {
        (strsim::damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase()), candidate)
    });
    let near = by_distance.filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4);
    near.min().map(|(_, candidate)| candidate)
}

/// Text of a file goes to a terminal: it is made printable, and long text is cut.
fn printable(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", printable::line(&text[..end])),
        None => printable::line(&text).into_owned(),
    }
}

/// A scenario with faults, and its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The scenario as it was read, and the templates that it extends.
    pub sources: Sources,
    /// The faults, in the order of the files.
    pub faults: Vec<Diagnostic>,
}

impl Rejected {
    /// The place of a fault: its file, its line and its column, both from 1.
    #[must_use]
    pub fn place(&self, fault: &Diagnostic) -> (&str, usize, usize) {
        let (file, span) = self.sources.locate(&fault.span);
        let before = &file.text[..span.start];
        let begin = before.rfind('\n').map_or(0, |at| at + 1);
        (&file.path, file.line(span.start), before[begin..].chars().count() + 1)
    }

    /// The faults as text with carets; with `color`, for a terminal.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let faults = self.faults.iter();
        let rendered = faults.map(|fault| rendered(&self.sources, fault, &Level::ERROR, color));
        rendered.collect::<Vec<_>>().join("\n\n")
    }
}

/// A remark as plain text with its place and a caret.
pub(crate) fn render_remark(sources: &Sources, remark: &Diagnostic) -> String {
    rendered(sources, remark, &Level::WARNING, false)
}

fn rendered(sources: &Sources, told: &Diagnostic, level: &Level<'_>, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let (file, span) = sources.locate(&told.span);
    let annotation = AnnotationKind::Primary.span(span).label(told.label.as_str());
    let path = printable::line(&file.path);
    let snippet = Snippet::source(file.text.as_str()).path(path);
    let snippet = snippet.annotation(annotation);
    let mut group = level.clone().primary_title(told.message.as_str()).element(snippet);
    for (level, text) in [(Level::HELP, &told.help), (Level::NOTE, &told.note)] {
        if let Some(text) = text {
            group = group.element(level.message(text.as_str()));
        }
    }
    // The renderer replaces most of what harms in lines of the file, but not all.
    match color {
        true => printable::coloured(&renderer.render(&[group])),
        false => printable::lines(&renderer.render(&[group])).into_owned(),
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Rejected {}
