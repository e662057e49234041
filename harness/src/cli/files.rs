//! The paths that a command takes, and the messages about wrong ones.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use castnet_lab::plan::{LoadError, Plan};
use castnet_lab::runner::files::{self, Wrong};
use clap::Args;

use super::{Failure, complain, stderr_style};

/// The paths on the command line.
#[derive(Args)]
pub(super) struct Paths {
    /// Scenario files, folders that are searched for *.toml, or patterns such as
    /// 'scenarios/**/leave-*.toml'; templates that are found so are no scenarios.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

impl Paths {
    /// The plans of all named scenarios; errors in any of them go to standard error.
    pub(super) fn load(&self) -> Result<Vec<Plan>, Failure> {
        load_all(&files::find(&self.paths).map_err(Failure::usage)?)
    }
}

/// The one plan of a file: of several combinations, the one with `filter` in its name. Errors in
/// the file go to standard error.
pub(super) fn load_one(file: &Path, filter: Option<&str>) -> Result<Plan, Failure> {
    let plans = load_all(std::slice::from_ref(&file.to_owned()))?;
    files::one(plans, filter).map_err(Failure::usage)
}

fn load_all(paths: &[PathBuf]) -> Result<Vec<Plan>, Failure> {
    let plans = files::load_all(paths).map_err(|all: Wrong| {
        for error in &all.wrong {
            match error {
                LoadError::Rejected(rejected) => {
                    let text = rejected.render(stderr_style().color);
                    _ = writeln!(io::stderr(), "{text}\n");
                }
                error => complain(&error.to_string()),
            }
        }
        Failure::usage(all.summary())
    })?;
    // Combinations of a matrix share their remarks.
    let remarks: BTreeSet<&String> = plans.iter().flat_map(|plan| &plan.remarks).collect();
    for remark in remarks {
        _ = writeln!(io::stderr(), "{remark}\n");
    }
    Ok(plans)
}
