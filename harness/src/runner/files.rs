//! From the paths that the user names to scenarios.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::UsageError;
use crate::plan::{LoadError, Plan, Wishes, load_with};
use crate::scenario::walk::{has_ending, walk};
use crate::scenario::{Kind, kind};

/// What the named paths lead to.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The scenarios, each file once, in the order of their paths.
    pub files: Vec<PathBuf>,
    /// The folders among the named paths: a scenario in one may read what is in it.
    pub folders: Vec<PathBuf>,
    /// The TOML files in them that are no scenarios.
    pub passed_over: Vec<PathBuf>,
    /// What else was left out of them, each with the reason.
    pub left: Vec<String>,
}

/// The named files, and the scenarios below the named folders, once each and in order. A path that
/// exists is taken literally; any other is a pattern such as `scenarios/**/leave-*.toml`. Templates
/// and files that are no scenarios are left out where a folder or a pattern leads to them.
///
/// # Errors
/// The path that cannot be read, or that contains no scenario.
pub fn find(paths: &[PathBuf]) -> Result<Found, UsageError> {
    let mut search = Search::default();
    for path in paths {
        let named = |error: String| UsageError(format!("{}: {error}", path.display()));
        let any = match path.to_str().filter(|text| text.contains(['*', '?', '['])) {
            Some(pattern) if !path.exists() => match search.pattern(pattern).map_err(named)? {
                true => continue,
                false => Err("no scenario (*.toml) matches"),
            },
            _ => match search.path(path).map_err(|error| named(error.to_string()))? {
                true => continue,
                false => Err("no scenario (*.toml) in this folder"),
            },
        };
        any.map_err(|why| named(why.to_owned()))?;
    }
    let Search { files, mut found } = search;
    found.files = files.into_values().collect();
    found.files.sort();
    Ok(found)
}

/// A search under way.
#[derive(Default)]
struct Search {
    /// The name under which each file was found first, by its only path.
    files: BTreeMap<PathBuf, PathBuf>,
    found: Found,
}

impl Search {
    /// Adds the matches of the pattern; returns whether there were any. A folder that matches stands
    /// for what is in it.
    fn pattern(&mut self, text: &str) -> Result<bool, String> {
        let pattern = glob::Pattern::new(text).map_err(|error| error.to_string())?;
        let options = glob::MatchOptions {
            case_sensitive: true,
            require_literal_separator: true,
            require_literal_leading_dot: false,
        };
        let base = literal_folder(text);
        let is_here = base == Path::new(".") && !text.starts_with("./");
        let named = |path: PathBuf| match path.strip_prefix(".") {
            Ok(short) if is_here => short.to_owned(),
            _ => path,
        };
        let matches =
            |path: &Path| path.ancestors().any(|above| pattern.matches_path_with(above, options));
        let walk = match walk(&base) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            walk => walk.map_err(|error| error.to_string())?,
        };
        let mut any = false;
        for file in walk.files.into_iter().map(named) {
            if has_ending(&file, "toml") && matches(&file) {
                any |= self.sort_in(file);
            }
        }
        let left = walk.left.into_iter().map(|(path, why)| (named(path), why));
        self.leave(left.filter(|(path, _)| matches(path)));
        Ok(any)
    }

    fn leave(&mut self, left: impl Iterator<Item = (PathBuf, String)>) {
        self.found.left.extend(left.map(|(path, why)| format!("{}: {why}", path.display())));
    }

    /// Adds a named file, or the scenarios in a folder; returns whether there were any.
    fn path(&mut self, path: &Path) -> io::Result<bool> {
        if !path.metadata()?.is_dir() {
            self.add(path.to_owned());
            return Ok(true);
        }
        let walk = walk(path)?;
        self.found.folders.push(path.to_owned());
        self.leave(walk.left.into_iter());
        let mut any = false;
        for file in walk.files.into_iter().filter(|file| has_ending(file, "toml")) {
            any |= self.sort_in(file);
        }
        Ok(any)
    }

    /// Adds a file to which no name led, if it is a scenario; returns whether it is.
    fn sort_in(&mut self, file: PathBuf) -> bool {
        match kind(&file) {
            Kind::Scenario => {
                self.add(file);
                return true;
            }
            Kind::Foreign if !self.found.passed_over.contains(&file) => {
                self.found.passed_over.push(file);
            }
            _ => {}
        }
        false
    }

    fn add(&mut self, file: PathBuf) {
        let only = fs::canonicalize(&file).unwrap_or_else(|_| file.clone());
        self.files.entry(only).or_insert(file);
    }
}

/// The folder before the first sign of a pattern: no other can have a match.
fn literal_folder(pattern: &str) -> PathBuf {
    let end = pattern.find(['*', '?', '[']).unwrap_or(pattern.len());
    match pattern[..end].rfind('/') {
        Some(0) => PathBuf::from("/"),
        Some(end) => PathBuf::from(&pattern[..end]),
        None => PathBuf::from("."),
    }
}

/// Files with errors.
#[derive(Debug, thiserror::Error)]
#[error("{summary}{}", lines(wrong))]
pub struct Wrong {
    /// How many of the files have errors.
    summary: String,
    /// The errors, one file each.
    pub wrong: Vec<LoadError>,
}

fn lines(wrong: &[LoadError]) -> String {
    wrong.iter().map(|error| format!("\n{error}")).collect()
}

/// The scenarios of several files.
#[derive(Debug, Default)]
pub struct Loaded {
    /// A plan for each combination of each matrix, in the order of the files. Their names differ.
    pub plans: Vec<Plan>,
    /// The files with errors.
    pub wrong: Vec<LoadError>,
    /// The sound files that cannot have the timers that the user wants.
    pub left: Vec<LoadError>,
    /// The number of files.
    pub of: usize,
}

impl Loaded {
    /// The plans, if no file has errors.
    ///
    /// # Errors
    /// The errors of all files.
    pub fn whole(self) -> Result<Vec<Plan>, Wrong> {
        match self.summary() {
            None => Ok(self.plans),
            Some(summary) => Err(Wrong { summary, wrong: self.wrong }),
        }
    }

    /// How many of the files have errors, if any has: `1 of 3 scenarios is wrong`.
    #[must_use]
    pub fn summary(&self) -> Option<String> {
        let (wrong, of) = (self.wrong.len(), self.of);
        let scenarios = if of == 1 { "scenario" } else { "scenarios" };
        let are = if wrong == 1 { "is" } else { "are" };
        (wrong > 0).then(|| format!("{wrong} of {of} {scenarios} {are} wrong"))
    }
}

/// Compiles every file that it can. Scenarios may extend templates below `templates` too.
#[must_use]
pub fn load_all(found: &Found, templates: &[PathBuf], wishes: &Wishes) -> Loaded {
    let mut loaded = Loaded { of: found.files.len(), ..Loaded::default() };
    for file in &found.files {
        let real = fs::canonicalize(file).unwrap_or_default();
        let is_in = |folder: &&PathBuf| {
            fs::canonicalize(folder).is_ok_and(|folder| real.starts_with(folder))
        };
        let folders = found.folders.iter().filter(is_in).chain(templates);
        match load_with(file, &folders.cloned().collect::<Vec<_>>(), wishes) {
            Ok(plans) => loaded.plans.extend(plans),
            Err(error @ LoadError::OwnTimers { .. }) => loaded.left.push(error),
            Err(error) => loaded.wrong.push(error),
        }
    }
    tell_apart(&mut loaded.plans);
    loaded
}

/// Puts as many folders before equal names as tell them apart.
fn tell_apart(plans: &mut [Plan]) {
    let mut same = BTreeMap::<String, Vec<usize>>::new();
    for (index, plan) in plans.iter().enumerate() {
        same.entry(plan.name.clone()).or_default().push(index);
    }
    for (name, these) in same.into_iter().filter(|(_, these)| these.len() > 1) {
        let longest = these.iter().map(|&it| plans[it].path.split('/').count()).max().unwrap_or(0);
        let named = |more: usize| -> Vec<String> {
            these.iter().map(|&it| with_folders(&name, &plans[it].path, more)).collect()
        };
        let differ =
            |names: &Vec<String>| names.iter().collect::<BTreeSet<_>>().len() == names.len();
        let names = (1..=longest).map(named).find(differ);
        for (&it, name) in these.iter().zip(names.into_iter().flatten()) {
            plans[it].name = name;
        }
    }
}

/// The name behind as many more folders of the path: `v2/x` of `a/scenarios/v2/x.toml` with two of
/// them is `a/scenarios/v2/x`.
fn with_folders(name: &str, path: &str, more: usize) -> String {
    let own = name.split('[').next().unwrap_or(name).split('/').count();
    let above: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let above = &above[..above.len().saturating_sub(own)];
    let above = &above[above.len().saturating_sub(more)..];
    above.iter().map(|folder| format!("{folder}/")).collect::<String>() + name
}

/// The only plan with this text in its name; without a text, the only plan.
///
/// # Errors
/// Several plans match, or none does; the message lists all of them.
pub fn one(plans: Vec<Plan>, filter: Option<&str>) -> Result<Plan, UsageError> {
    let all: Vec<String> = plans.iter().map(|plan| format!("    {}", plan.name)).collect();
    let meant = |plan: &Plan| filter.is_none_or(|text| plan.is_named(text));
    let mut meant = plans.into_iter().filter(meant);
    match (meant.next(), meant.next()) {
        (Some(plan), None) => Ok(plan),
        (found, _) => {
            let which = if found.is_some() { "several" } else { "none" };
            let all = all.join("\n");
            Err(UsageError(format!("one is wanted, and {which} meant; --filter selects\n{all}")))
        }
    }
}
