//! From what the user names to the scenarios that are meant.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use castnet_lab::plan::{LoadError, Plan, load};
use castnet_lab::scenario::is_template;
use clap::Args;

use super::{Failure, complain, stderr_style};

/// What the user names.
#[derive(Args)]
pub(super) struct Paths {
    /// Scenario files, folders that are searched for *.toml, or patterns such as
    /// 'scenarios/**/leave-*.toml'; templates that are found so are no scenarios.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// The files named, and those below the folders named, each once and in order. What exists is taken
/// as it is named, and only else as a pattern.
///
/// # Errors
/// The path that cannot be read, or that holds no scenario.
pub(super) fn find(Paths { paths }: &Paths) -> Result<Vec<PathBuf>, String> {
    let mut found = BTreeSet::new();
    for path in paths {
        let named = |error| format!("{}: {error}", path.display());
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

/// Collects what the pattern matches, and says whether that was anything.
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

/// Compiles one file into one plan: of several combinations, the one with this in its name. What is
/// wrong with the file goes to standard error.
///
/// # Errors
/// That it is wrong, which has been said; or that several plans are meant, or none.
pub(super) fn load_one(file: &Path, filter: Option<&str>) -> Result<Plan, Failure> {
    let plans = load_all(std::slice::from_ref(&file.to_owned()))?;
    let all: Vec<String> = plans.iter().map(|plan| format!("    {}", plan.name)).collect();
    let meant = |plan: &Plan| filter.is_none_or(|text| plan.name.contains(text));
    let mut meant = plans.into_iter().filter(meant);
    match (meant.next(), meant.next()) {
        (Some(plan), None) => Ok(plan),
        (found, _) => {
            let which = if found.is_some() { "several" } else { "none" };
            let all = all.join("\n");
            Err(Failure::usage(format!(
                "one is wanted, and {which} meant; --filter selects\n{all}"
            )))
        }
    }
}

/// Compiles every file; what is wrong with any of them goes to standard error.
///
/// # Errors
/// How many files are wrong.
pub(super) fn load_all(files: &[PathBuf]) -> Result<Vec<Plan>, Failure> {
    let mut plans = Vec::new();
    let mut wrong = 0;
    for file in files {
        match load(file) {
            Ok(loaded) => plans.extend(loaded),
            Err(error) => {
                wrong += 1;
                match error {
                    LoadError::Rejected(rejected) => {
                        let text = rejected.render(stderr_style().color);
                        _ = writeln!(io::stderr(), "{text}\n");
                    }
                    LoadError::Read(..) => complain(&error.to_string()),
                }
            }
        }
    }
    match wrong {
        0 => Ok(plans),
        _ => Err(Failure::usage(format!("{wrong} of {} scenarios are wrong", files.len()))),
    }
}
