//! A line of a file of smcroute: its words, and what is wrong with them.
//!
//! smcroute compares a word no further than the keyword is long; that is a warning here.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

/// The octets of a line that smcroute reads.
pub(super) const LONGEST_LINE: usize = 511;

/// Something wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The name of the file; empty for what was typed.
    pub file: String,
    /// The number of the line, from 1.
    pub line: usize,
    /// Whether the file cannot be used as it is meant.
    pub is_error: bool,
    text: String,
    word: Option<(usize, usize)>,
    /// What is wrong, in words.
    pub why: String,
}

/// The place, and the line with a caret below the word that is meant.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        let kind = if self.is_error { "error" } else { "warning" };
        write!(f, "{kind}: {}\n  | {}", self.why, self.text)?;
        let Some((at, length)) = self.word else { return Ok(()) };
        let before: String =
            self.text[..at].chars().map(|c| if c == '\t' { c } else { ' ' }).collect();
        write!(f, "\n  | {before}{}", "^".repeat(length))
    }
}

/// A word with its place in the line.
pub(super) type Word<'a> = (usize, &'a str);

/// One line while it is read.
pub(super) struct Line<'a> {
    pub(super) file: &'a str,
    pub(super) number: usize,
    pub(super) text: &'a str,
    pub(super) problems: &'a mut Vec<Problem>,
}

impl Line<'_> {
    pub(super) fn say(&mut self, is_error: bool, word: Option<Word<'_>>, why: impl Into<String>) {
        let word = word.map(|(at, word)| (at, word.chars().count()));
        let (text, why) = (self.text.to_owned(), why.into());
        let (file, line) = (self.file.to_owned(), self.number);
        self.problems.push(Problem { file, line, is_error, text, word, why });
    }

    pub(super) fn warn(&mut self, word: Word<'_>, why: impl Into<String>) {
        self.say(false, Some(word), why);
    }

    pub(super) fn fail(&mut self, word: Word<'_>, why: impl Into<String>) {
        self.say(true, Some(word), why);
    }

    /// Whether the word is the keyword. smcroute compares no further than the keyword is long.
    pub(super) fn is(&mut self, word: Word<'_>, keyword: &str) -> bool {
        let is_it = word.1.starts_with(keyword);
        if is_it && word.1 != keyword {
            self.warn(word, format!("smcroute takes `{}` for `{keyword}`", word.1));
        }
        is_it
    }

    /// The network of the word; a length of 0 is the full one.
    pub(super) fn net(&mut self, word: Word<'_>) -> Option<IpNet> {
        let single = || word.1.parse::<IpAddr>().ok().map(IpNet::from);
        let Some(net) = word.1.parse().ok().or_else(single) else {
            self.fail(word, format!("`{}` is no address or prefix", word.1));
            return None;
        };
        if net.prefix_len() == 0 && !net.addr().is_unspecified() {
            self.warn(word, "smcroute takes the length 0 for the full length");
            return Some(IpNet::from(net.addr()));
        }
        Some(net)
    }
}

/// The words of a line, up to one that begins with `#`.
pub(super) fn words(line: &str) -> Vec<Word<'_>> {
    let words = line.split([' ', '\t']).filter(|word| !word.is_empty());
    let placed = words.map(|word| (word.as_ptr() as usize - line.as_ptr() as usize, word));
    placed.take_while(|(_, word)| !word.starts_with('#')).collect()
}
