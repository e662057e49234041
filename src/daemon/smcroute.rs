//! smcroute's language, in files and over its control socket, for whoever comes from smcroute.
//!
//! A file becomes a configuration of castnetd: interfaces without group management, a static rule for each
//! `mroute`, a membership for each `mgroup`. smcroute passes over much of what it does not understand: what
//! it only takes by accident is a warning here, and a line of which nothing can come is an error.

pub mod desk;
mod included;
mod json;
mod line;
mod shown;
mod table;
mod verbs;
pub mod wire;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use ipnet::IpNet;

use super::config::{self, ConfigFile, MembershipSettings, RuleList};
use super::glob;
use crate::fixed::Rule;
pub use line::Problem;
use line::{LONGEST_LINE, Line, Word, words};
pub use verbs::Wish;

/// What files of smcroute say.
#[derive(Debug, Default)]
pub struct Smcroute {
    /// Whether an interface is used only if a `phyint` enables it (`smcrouted -N`).
    is_explicit: bool,
    /// In the order in which they are named, because that is the order of their numbers.
    interfaces: Vec<Phyint>,
    /// Rules for the flows of one interface are one rule to all of their interfaces.
    rules: RuleList,
    memberships: Vec<MembershipSettings>,
    /// The files that have been read.
    files: BTreeSet<PathBuf>,
    /// What is wrong with them, in the order in which they are read.
    pub problems: Vec<Problem>,
}

/// An interface.
#[derive(Debug)]
struct Phyint {
    name: String,
    threshold: u8,
    /// `None` if no `phyint` says so.
    is_enabled: Option<bool>,
    /// Whether routers are advertised there (`mrdisc`).
    is_advertised: bool,
    /// Ranges of groups that do not pass it, in mrouted's words.
    boundaries: Vec<IpNet>,
}

/// What follows the directive of a route or a membership.
#[derive(Default)]
struct Said<'a> {
    from: Option<Word<'a>>,
    source: Option<Word<'a>>,
    group: Option<Word<'a>>,
    /// What `except` excludes of a route, which smcroute does not know.
    except: Vec<Word<'a>>,
    to: Option<Vec<Word<'a>>>,
}

impl Smcroute {
    /// Reads a file, and those that it includes. If `is_explicit`, an interface is used only if a `phyint`
    /// enables it.
    ///
    /// # Errors
    /// The file itself cannot be read; that an included one cannot is a problem.
    pub fn load(path: &Path, is_explicit: bool) -> io::Result<Self> {
        let text = config::read(path)?;
        let mut all = Self { is_explicit, ..Self::default() };
        all.read(path, &text);
        Ok(all)
    }

    /// The files that were read.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(PathBuf::as_path)
    }

    fn read(&mut self, path: &Path, text: &str) {
        self.files.insert(path.to_owned());
        let file = path.display().to_string();
        for (number, text) in (1..).zip(text.lines()) {
            let words = words(text);
            let [directive, rest @ ..] = &words[..] else { continue };
            let mut problems = std::mem::take(&mut self.problems);
            let mut line = Line { file: &file, number, text, problems: &mut problems };
            if text.len() > LONGEST_LINE {
                line.say(false, None, format!("smcroute reads {LONGEST_LINE} octets of a line"));
            }
            let pattern = self.take(&mut line, *directive, rest);
            let found = match pattern {
                Some(pattern) => included::find(path, &mut line, pattern, &mut self.files),
                None => Vec::new(),
            };
            self.problems = problems;
            for (path, text) in found {
                self.read(&path, &text);
            }
        }
    }

    /// Takes a line; returns the pattern of the files that it includes, if it does.
    fn take<'a>(
        &mut self,
        line: &mut Line<'_>,
        directive: Word<'a>,
        rest: &[Word<'a>],
    ) -> Option<Word<'a>> {
        if line.is(directive, "phyint") {
            self.phyint(line, directive, rest);
        } else if line.is(directive, "mroute") {
            self.mroute(line, directive, rest);
        } else if line.is(directive, "mgroup") || line.is(directive, "ssmgroup") {
            self.mgroup(line, directive, rest);
        } else if line.is(directive, "include") {
            if rest.is_empty() {
                line.fail(directive, "the name of a file is missing");
            }
            return rest.first().copied();
        } else {
            line.warn(directive, format!("smcroute passes over `{}`", directive.1));
        }
        None
    }

    fn phyint(&mut self, line: &mut Line<'_>, directive: Word<'_>, rest: &[Word<'_>]) {
        let Some((name, mut rest)) = rest.split_first() else {
            return line.fail(directive, "the name of an interface is missing");
        };
        let is_explicit = self.is_explicit;
        let interface = self.interface(name.1);
        interface.is_enabled = Some(!is_explicit);
        while let Some((&word, more)) = rest.split_first() {
            rest = more;
            if line.is(word, "enable") {
                interface.is_enabled = Some(true);
            } else if line.is(word, "disable") {
                interface.is_enabled = Some(false);
            } else if line.is(word, "mrdisc") {
                interface.is_advertised = true;
            } else if line.is(word, "boundary") {
                let value = rest.split_first();
                rest = value.map_or(rest, |(_, more)| more);
                match value {
                    Some((value, _)) => interface.boundaries.extend(boundary(line, *value)),
                    None => line.fail(word, "the range of groups is missing"),
                }
            } else if line.is(word, "ttl-threshold") {
                let value = rest.split_first();
                rest = value.map_or(rest, |(_, more)| more);
                let value = value.map(|(value, _)| *value);
                let threshold = value.and_then(|value| value.1.parse().ok());
                match threshold.filter(|ttl| (1..255).contains(ttl)) {
                    Some(threshold) => interface.threshold = threshold,
                    None => line.fail(value.unwrap_or(word), "a threshold is 1 to 254"),
                }
            } else {
                line.warn(word, format!("smcroute passes over `{}`", word.1));
            }
        }
    }

    fn mroute(&mut self, line: &mut Line<'_>, directive: Word<'_>, rest: &[Word<'_>]) {
        let Some(said) = said(line, rest) else { return };
        let Some((from, source, group)) = said.flows(line, directive) else { return };
        let except: Option<Vec<IpNet>> = said.except.iter().map(|&word| line.net(word)).collect();
        let Some(except) = except else { return };
        let to = said.to.unwrap_or_default();
        let mut is_usable = true;
        for interface in [&from].into_iter().chain(&to) {
            let why = match self.is_enabled(interface.1) {
                Some(false) => "is disabled by its phyint",
                None if self.is_explicit => "has no phyint that enables it, which -N asks for",
                _ => continue,
            };
            line.fail(*interface, format!("{} {why}", interface.1));
            is_usable = false;
        }
        let to = to.iter().map(|to| named(to.1)).collect();
        let rule = Rule { from: named(from.1), standby: None, source, group: group.1, except, to };
        match rule.check() {
            Ok(()) if is_usable => self.rules.merge(rule),
            Ok(()) => {}
            Err(why) => line.fail(group.0, why.to_string()),
        }
    }

    /// Whether a `phyint` enables the interface, or one that the pattern stands for.
    fn is_enabled(&mut self, name: &str) -> Option<bool> {
        let pattern = named(name);
        let mut matching =
            self.interfaces.iter().filter(|known| glob::matches(&pattern, &known.name));
        match self.is_explicit && glob::is_pattern(&pattern) {
            true => matching.any(|known| known.is_enabled == Some(true)).then_some(true),
            false => self.interface(name).is_enabled,
        }
    }

    /// The interface, from now on the last one unless it is known.
    fn interface(&mut self, name: &str) -> &mut Phyint {
        let name = named(name);
        let known = self.interfaces.iter().position(|interface| interface.name == name);
        let at = known.unwrap_or_else(|| {
            self.interfaces.push(Phyint {
                name,
                threshold: 1,
                is_enabled: None,
                is_advertised: false,
                boundaries: Vec::new(),
            });
            self.interfaces.len() - 1
        });
        &mut self.interfaces[at]
    }

    fn mgroup(&mut self, line: &mut Line<'_>, directive: Word<'_>, rest: &[Word<'_>]) {
        let Some(said) = said(line, rest) else { return };
        let Some((from, source, group)) = said.flows(line, directive) else { return };
        if let Some(to) = said.to.and_then(|to| to.first().copied()) {
            line.warn(to, "smcroute passes over what follows `to`");
        }
        if let Some(word) = said.except.first() {
            return line.fail(*word, "a membership has no exceptions");
        }
        let (interface, word) = (named(from.1), group.0);
        let membership = MembershipSettings { interface, source, group: group.1 };
        match membership.check() {
            Ok(()) => self.memberships.push(membership),
            Err(why) => line.fail(word, why),
        }
    }

    /// The configuration of castnetd that does the same, after the keys in `head`. Advertisements of Multicast
    /// Router Discovery come every `discovery` seconds.
    ///
    /// # Errors
    /// What castnetd refuses of it, in words.
    pub fn to_toml(&self, head: &str, discovery: u8) -> Result<String, String> {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let mut text = head.to_owned();
        let is_used = |of: &&Phyint| of.is_enabled.unwrap_or(!self.is_explicit);
        for used in self.interfaces.iter().filter(is_used) {
            let Phyint { name, threshold, is_advertised, boundaries, .. } = used;
            let name = quoted(name);
            _ = writeln!(text, "[[interface]]\nname = {name}\nigmp-enabled = false");
            _ = writeln!(text, "mld-enabled = false\nttl-threshold = {threshold}");
            if *is_advertised {
                _ = writeln!(text, "router-discovery = \"{discovery}s\"");
            }
            if !boundaries.is_empty() {
                _ = writeln!(text, "boundaries = [{}]", nets(boundaries));
            }
            text.push('\n');
        }
        for Rule { from, source, group, except, to, .. } in self.rules.iter() {
            _ = writeln!(text, "[[rule]]\nfrom = {}", quoted(from));
            if let Some(source) = source {
                _ = writeln!(text, "source = \"{source}\"");
            }
            _ = writeln!(text, "group = \"{group}\"");
            if !except.is_empty() {
                _ = writeln!(text, "except = [{}]", nets(except));
            }
            let to: Vec<String> = to.iter().map(|to| quoted(to)).collect();
            _ = writeln!(text, "to = [{}]\n", to.join(", "));
        }
        for MembershipSettings { interface, source, group } in &self.memberships {
            _ = writeln!(text, "[[membership]]\ninterface = {}", quoted(interface));
            if let Some(source) = source {
                _ = writeln!(text, "source = \"{source}\"");
            }
            _ = writeln!(text, "group = \"{group}\"\n");
        }
        let file = ConfigFile::parse(&text).map_err(|why| why.to_string())?;
        file.check().map_err(|why| why.to_string())?;
        Ok(text)
    }
}

/// Which flows a line is about: where they come in, their sources, and their groups with the word for
/// them.
type Flows<'a> = (Word<'a>, Option<IpNet>, (Word<'a>, IpNet));

impl<'a> Said<'a> {
    fn flows(&self, line: &mut Line<'_>, directive: Word<'_>) -> Option<Flows<'a>> {
        let (Some(from), Some(group)) = (self.from, self.group) else {
            line.fail(directive, format!("`{}` needs `from` and `group`", directive.1));
            return None;
        };
        let net = line.net(group)?;
        let source = match self.source {
            Some(source) => Some(line.net(source)?).filter(|net| !net.addr().is_unspecified()),
            None => None,
        };
        Some((from, source, (group, net)))
    }
}

/// The words of a route or a membership; `None` if something is missing.
fn said<'a>(line: &mut Line<'_>, mut rest: &[Word<'a>]) -> Option<Said<'a>> {
    let mut said = Said::default();
    while let Some((&word, more)) = rest.split_first() {
        rest = more;
        let is_exception = line.is(word, "except");
        let mut exception = None;
        let slot = if is_exception {
            &mut exception
        } else if line.is(word, "from") {
            &mut said.from
        } else if line.is(word, "source") {
            &mut said.source
        } else if line.is(word, "group") {
            &mut said.group
        } else if line.is(word, "to") {
            said.to = Some(std::mem::take(&mut rest).to_vec());
            continue;
        } else {
            line.warn(word, format!("smcroute passes over `{}`", word.1));
            continue;
        };
        let Some((value, more)) = rest.split_first() else {
            line.fail(word, format!("nothing follows `{}`", word.1));
            return None;
        };
        (*slot, rest) = (Some(*value), more);
        said.except.extend(exception);
    }
    Some(said)
}

/// The range of a boundary.
fn boundary(line: &mut Line<'_>, word: Word<'_>) -> Option<IpNet> {
    let net = line.net(word)?;
    let checked = config::check_boundary(net).map_err(|why| line.fail(word, why.to_string()));
    checked.ok().map(|()| net)
}

/// Networks as the elements of a list in TOML.
fn nets(nets: &[IpNet]) -> String {
    nets.iter().map(|net| format!("\"{net}\"")).collect::<Vec<_>>().join(", ")
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
