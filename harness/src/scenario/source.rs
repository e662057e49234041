//! The files of a scenario: itself, and the templates that it extends.
//!
//! All files share one range of offsets, so that a span is one range of octets and still identifies
//! its file. Reading refuses files that cannot be scenarios: directories, files above a megabyte,
//! and invalid UTF-8.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use super::span::Span;

/// The largest file that is read, in octets; a path may name a device by mistake.
const LARGEST: u64 = 1024 * 1024;

/// The files of one scenario, itself first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    // Boxed, because all of it travels with an error.
    scenario: Box<Source>,
    templates: Vec<Source>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name, as messages show it.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Its offset among all files.
    pub(super) begin: usize,
    /// The offsets of its line ends.
    ends: Vec<usize>,
}

impl Sources {
    /// A scenario by itself.
    pub fn of(path: impl Into<String>, text: impl Into<String>) -> Self {
        let scenario = Box::new(Source::new(path.into(), text.into(), 0));
        Self { scenario, templates: Vec::new() }
    }

    /// Adds the template that the last file extends.
    pub(super) fn add(&mut self, path: String, text: String) {
        let last = self.last();
        // A gap between files keeps the end of one apart from the beginning of the next.
        let begin = last.begin + last.text.len() + 1;
        self.templates.push(Source::new(path, text, begin));
    }

    /// The scenario itself.
    pub(crate) fn scenario(&self) -> &Source {
        &self.scenario
    }

    /// The templates that it extends, directly or through others.
    pub(super) fn templates(&self) -> &[Source] {
        &self.templates
    }

    /// The template that extends no other, or the scenario itself.
    pub(super) fn last(&self) -> &Source {
        self.templates.last().unwrap_or(&self.scenario)
    }

    /// The file of the span and its place there, moved to character boundaries.
    pub(super) fn locate(&self, span: &Span) -> (&Source, Span) {
        let file = self.templates.iter().rev().find(|file| file.begin <= span.start);
        let file = file.unwrap_or(&self.scenario);
        let boundary = |at: usize| {
            let at = at.saturating_sub(file.begin).min(file.text.len());
            (0..=at).rev().find(|&at| file.text.is_char_boundary(at)).unwrap_or(0)
        };
        (file, boundary(span.start)..boundary(span.end))
    }
}

impl Source {
    fn new(path: String, text: String, begin: usize) -> Self {
        // Some editors write a byte order mark, which is invisible and must not count as a column.
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let ends = text.match_indices('\n').map(|(at, _)| at).collect();
        Self { path, text, begin, ends }
    }

    /// The line, from 1, of a place in this file.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.ends.partition_point(|&end| end < at) + 1
    }
}

/// Why a file has no text.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// The system's reason, or that it is too large.
    Io(io::Error),
    /// Invalid UTF-8 from this octet on; the valid rest can be shown.
    NotUtf8 { lossy: String, at: usize, octet: u8 },
}

/// Reads a file that the user has named.
pub(crate) fn read(path: &Path) -> Result<String, Unreadable> {
    let mut bytes = Vec::new();
    let file = open(path).map_err(Unreadable::Io)?;
    let length = file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(Unreadable::Io)?;
    if length as u64 > LARGEST {
        let why = format!("larger than {} KiB, which no scenario is", LARGEST / 1024);
        return Err(Unreadable::Io(io::Error::new(io::ErrorKind::FileTooLarge, why)));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let octet = error.as_bytes().get(at).copied().unwrap_or_default();
        let lossy = String::from_utf8_lossy(error.as_bytes()).into_owned();
        Unreadable::NotUtf8 { lossy, at, octet }
    })
}

/// Opens a file without waiting: a pipe without a writer is empty.
fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path)?;
    fcntl(&file, FcntlArg::F_SETFL(OFlag::empty()))?;
    Ok(file)
}
