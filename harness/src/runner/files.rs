//! From the paths that the user names to scenarios.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use super::UsageError;
use crate::plan::{LoadError, Plan, load};
use crate::scenario::is_template;

/// The named files, and the scenarios below the named folders, once each and in order. A path that
/// exists is taken literally; any other is a pattern such as `scenarios/**/leave-*.toml`. Templates
/// found by a folder or a pattern are left out.
///
/// # Errors
/// The path that cannot be read, or that contains no scenario.
pub fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, UsageError> {
    let mut found = BTreeSet::new();
    for path in paths {
        let named = |error: String| UsageError(format!("{}: {error}", path.display()));
        let before = found.len();
        match path.to_str().filter(|text| text.contains(['*', '?', '['])) {
            Some(pattern) if !path.exists() => {
                if !matching(pattern, &mut found).map_err(named)? {
                    return Err(named("no scenario (*.toml) matches".to_owned()));
                }
            }
            _ => {
                collect(path, &mut found).map_err(|error| named(error.to_string()))?;
                if path.is_dir() && found.len() == before {
                    return Err(named("no scenario (*.toml) in this folder".to_owned()));
                }
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// Collects the matches of the pattern; returns whether there were any.
fn matching(pattern: &str, found: &mut BTreeSet<PathBuf>) -> Result<bool, String> {
    let mut matched = BTreeSet::new();
    for path in glob::glob(pattern).map_err(|error| error.to_string())? {
        let path = path.map_err(|error| error.to_string())?;
        if path.is_dir() || is_scenario(&path) {
            collect(&path, &mut matched).map_err(|error| error.to_string())?;
        }
    }
    let any = !matched.is_empty();
    found.append(&mut matched);
    Ok(any)
}

fn collect(path: &Path, found: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    if !path.metadata()?.is_dir() {
        found.insert(path.to_owned());
        return Ok(());
    }
    for entry in path.read_dir()? {
        let path = entry?.path();
        if path.is_dir() || is_scenario(&path) {
            collect(&path, found)?;
        }
    }
    Ok(())
}

fn is_scenario(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("toml")) && !is_template(path)
}

/// Files with errors, and their errors.
#[derive(Debug, thiserror::Error)]
#[error("{}{}", self.summary(), lines(wrong))]
pub struct Wrong {
    /// The errors, one file each.
    pub wrong: Vec<LoadError>,
    /// The number of files checked.
    pub of: usize,
}

impl Wrong {
    /// How many of the files have errors: `1 of 3 scenarios is wrong`.
    #[must_use]
    pub fn summary(&self) -> String {
        let scenarios = if self.of == 1 { "scenario" } else { "scenarios" };
        let are = if self.wrong.len() == 1 { "is" } else { "are" };
        format!("{} of {} {scenarios} {are} wrong", self.wrong.len(), self.of)
    }
}

fn lines(wrong: &[LoadError]) -> String {
    wrong.iter().map(|error| format!("\n{error}")).collect()
}

/// Compiles every file: a plan for each combination of each matrix, in the order of the files.
///
/// # Errors
/// The errors of all files.
pub fn load_all(files: &[PathBuf]) -> Result<Vec<Plan>, Wrong> {
    let (mut plans, mut wrong) = (Vec::new(), Vec::new());
    for file in files {
        match load(file) {
            Ok(loaded) => plans.extend(loaded),
            Err(error) => wrong.push(error),
        }
    }
    if wrong.is_empty() { Ok(plans) } else { Err(Wrong { wrong, of: files.len() }) }
}

/// The only plan with this text in its name; without a text, the only plan.
///
/// # Errors
/// Several plans match, or none does; the message lists all of them.
pub fn one(plans: Vec<Plan>, filter: Option<&str>) -> Result<Plan, UsageError> {
    let all: Vec<String> = plans.iter().map(|plan| format!("    {}", plan.name)).collect();
    let meant = |plan: &Plan| filter.is_none_or(|text| plan.name.contains(text));
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
