//! The configuration of smcroute, as a configuration of castnetd: interfaces without group management,
//! and a static rule for each `mroute`.
//!
//! smcroute passes over much of what it does not understand. What it only takes by accident is a warning
//! here; a line of which nothing can come is an error. An `mgroup` and an `include` are warnings too:
//! castnetd joins no group by itself, and reads one file.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::net::IpAddr;

use ipnet::IpNet;

use super::config::ConfigFile;
use crate::fixed::Rule;

/// The octets of a line that smcroute reads.
const LONGEST_LINE: usize = 511;

/// Something wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The number of the line, from 1.
    pub line: usize,
    /// Whether the file cannot be used as it is meant.
    pub is_error: bool,
    text: String,
    word: Option<(usize, usize)>,
    why: String,
}

/// The line, with a caret below the word that is meant.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_error { "error" } else { "warning" };
        write!(f, "{kind}: {}\n  | {}", self.why, self.text)?;
        let Some((at, length)) = self.word else { return Ok(()) };
        let before: String =
            self.text[..at].chars().map(|c| if c == '\t' { c } else { ' ' }).collect();
        write!(f, "\n  | {before}{}", "^".repeat(length))
    }
}

/// What a file of smcroute says.
#[derive(Debug, Default)]
pub struct Smcroute {
    /// By name: the threshold of each interface, and whether it is disabled.
    interfaces: BTreeMap<String, (u8, bool)>,
    rules: Vec<Rule<String>>,
    /// What is wrong with it, in the order of its lines.
    pub problems: Vec<Problem>,
}

/// A word with its place in the line.
type Word<'a> = (usize, &'a str);

/// One line while it is read.
struct Line<'a> {
    number: usize,
    text: &'a str,
    problems: &'a mut Vec<Problem>,
}

impl Line<'_> {
    fn say(&mut self, is_error: bool, word: Option<Word<'_>>, why: impl Into<String>) {
        let word = word.map(|(at, word)| (at, word.chars().count()));
        let (text, why) = (self.text.to_owned(), why.into());
        self.problems.push(Problem { line: self.number, is_error, text, word, why });
    }

    fn warn(&mut self, word: Word<'_>, why: impl Into<String>) {
        self.say(false, Some(word), why);
    }

    fn fail(&mut self, word: Word<'_>, why: impl Into<String>) {
        self.say(true, Some(word), why);
    }

    /// Whether the word is the keyword. smcroute compares no further than the keyword is long.
    fn is(&mut self, word: Word<'_>, keyword: &str) -> bool {
        let is_it = word.1.starts_with(keyword);
        if is_it && word.1 != keyword {
            self.warn(word, format!("smcroute takes `{}` for `{keyword}`", word.1));
        }
        is_it
    }

    /// The network of the word; a length of 0 is the full one.
    fn net(&mut self, word: Word<'_>) -> Option<IpNet> {
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

impl Smcroute {
    /// Reads the text of a file.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let mut file = Self::default();
        let mut problems = Vec::new();
        for (number, text) in (1..).zip(text.lines()) {
            let words = words(text);
            if let [directive, rest @ ..] = &words[..] {
                let mut line = Line { number, text, problems: &mut problems };
                if text.len() > LONGEST_LINE {
                    line.say(
                        false,
                        None,
                        format!("smcroute reads {LONGEST_LINE} octets of a line"),
                    );
                }
                file.take(&mut line, *directive, rest);
            }
        }
        file.problems = problems;
        file
    }

    fn take(&mut self, line: &mut Line<'_>, directive: Word<'_>, rest: &[Word<'_>]) {
        if line.is(directive, "phyint") {
            self.phyint(line, directive, rest);
        } else if line.is(directive, "mroute") {
            self.mroute(line, directive, rest);
        } else if line.is(directive, "mgroup") || line.is(directive, "ssmgroup") {
            line.warn(directive, "castnetd joins no group by itself, and this join is left out");
        } else if line.is(directive, "include") {
            line.warn(directive, "other files are not read; convert each of them");
        } else {
            line.warn(directive, format!("smcroute passes over `{}`", directive.1));
        }
    }

    fn phyint(&mut self, line: &mut Line<'_>, directive: Word<'_>, rest: &[Word<'_>]) {
        let Some((name, mut rest)) = rest.split_first() else {
            return line.fail(directive, "the name of an interface is missing");
        };
        let interface = self.interfaces.entry(named(name.1)).or_insert((1, false));
        while let Some((&word, more)) = rest.split_first() {
            rest = more;
            if line.is(word, "enable") {
                interface.1 = false;
            } else if line.is(word, "disable") {
                interface.1 = true;
            } else if line.is(word, "mrdisc") {
                line.warn(word, "castnetd does not speak multicast router discovery yet");
            } else if line.is(word, "ttl-threshold") {
                let value = rest.split_first();
                rest = value.map_or(rest, |(_, more)| more);
                let value = value.map(|(value, _)| *value);
                match value
                    .and_then(|value| value.1.parse().ok())
                    .filter(|ttl| (1..255).contains(ttl))
                {
                    Some(threshold) => interface.0 = threshold,
                    None => line.fail(value.unwrap_or(word), "a threshold is 1 to 254"),
                }
            } else {
                line.warn(word, format!("smcroute passes over `{}`", word.1));
            }
        }
    }

    fn mroute(&mut self, line: &mut Line<'_>, directive: Word<'_>, mut rest: &[Word<'_>]) {
        let (mut from, mut source, mut group, mut to) = (None, None, None, Vec::new());
        while let Some((&word, more)) = rest.split_first() {
            rest = more;
            let slot = if line.is(word, "from") {
                &mut from
            } else if line.is(word, "source") {
                &mut source
            } else if line.is(word, "group") {
                &mut group
            } else if line.is(word, "to") {
                to = std::mem::take(&mut rest).to_vec();
                continue;
            } else {
                line.warn(word, format!("smcroute passes over `{}`", word.1));
                continue;
            };
            match rest.split_first() {
                Some((value, more)) => (*slot, rest) = (Some(*value), more),
                None => return line.fail(word, format!("nothing follows `{}`", word.1)),
            }
        }
        let (Some(from), Some(group)) = (from, group) else {
            return line.fail(directive, "a route needs `from` and `group`");
        };
        let Some(net) = line.net(group) else { return };
        let source = match source.map(|source| line.net(source)) {
            Some(None) => return,
            Some(Some(any)) if any.addr().is_unspecified() => None,
            Some(source) => source,
            None => None,
        };
        for interface in to.iter().chain([&from]) {
            let (_, is_off) = self.interfaces.entry(named(interface.1)).or_insert((1, false));
            if *is_off {
                line.fail(*interface, format!("{} is disabled by its phyint", interface.1));
            }
        }
        let to = to.iter().map(|to| named(to.1)).collect();
        let rule = Rule { from: named(from.1), source, group: net, to };
        match rule.check() {
            Ok(()) => self.rules.push(rule),
            Err(why) => line.fail(group, why.to_string()),
        }
    }

    /// The configuration of castnetd that does the same.
    ///
    /// # Errors
    /// What castnetd refuses of it, in words.
    pub fn to_toml(&self) -> Result<String, String> {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let mut text = String::new();
        for (name, (threshold, _)) in self.interfaces.iter().filter(|(_, (_, is_off))| !is_off) {
            let name = quoted(name);
            _ = writeln!(text, "[[interface]]\nname = {name}\nigmp-enabled = false");
            _ = writeln!(text, "mld-enabled = false\nttl-threshold = {threshold}\n");
        }
        for Rule { from, source, group, to } in &self.rules {
            _ = writeln!(text, "[[rule]]\nfrom = {}", quoted(from));
            if let Some(source) = source {
                _ = writeln!(text, "source = \"{source}\"");
            }
            let to: Vec<String> = to.iter().map(|to| quoted(to)).collect();
            _ = writeln!(text, "group = \"{group}\"\nto = [{}]\n", to.join(", "));
        }
        let file = ConfigFile::parse(&text).map_err(|why| why.to_string())?;
        file.check().map_err(|why| why.to_string())?;
        Ok(text)
    }
}

/// The words of a line, up to one that begins with `#`.
fn words(line: &str) -> Vec<Word<'_>> {
    let words = line.split([' ', '\t']).filter(|word| !word.is_empty());
    let placed = words.map(|word| (word.as_ptr() as usize - line.as_ptr() as usize, word));
    placed.take_while(|(_, word)| !word.starts_with('#')).collect()
}

/// castnetd's name for an interface: smcroute's `eth+` is `eth*`.
fn named(name: &str) -> String {
    match name.strip_suffix('+') {
        Some(stem) => format!("{stem}*"),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests;
