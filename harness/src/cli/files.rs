//! The paths that a command takes, and the messages about wrong ones.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use castnet_lab::plan::{LoadError, Plan, Role, Swap, Wishes, load_within};
use castnet_lab::runner::files::{self, Found, Loaded};
use castnet_lab::scenario::Timers;
use clap::Args;

use super::{Failure, USAGE, complain, remark, stderr_style};

/// How many files a message names.
const NAMED: usize = 5;

/// The paths on the command line.
#[derive(Args)]
pub(super) struct Files {
    /// Scenario files, folders that are searched for *.toml, or patterns such as
    /// 'scenarios/**/leave-*.toml'; templates and other TOML files that are found so are passed over,
    /// and so are links that lead out of a folder.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    templates: Templates,
}

/// The paths on the command line, and the software of their routers.
#[derive(Args)]
pub(super) struct Paths {
    #[command(flatten)]
    files: Files,
    /// Have routers run this software instead of what the scenario says: `frr` on all of them, `r1=frr` on
    /// one, or a recipe of your own (`r1=./mine.toml`); may be given more than once. See docs/devices.md.
    #[arg(long, value_name = "[NODE=]NAME", value_parser = Swap::parse)]
    device: Vec<Swap>,
    /// Whose timers runs have on every backend: `file`, those of the scenario, or `rfc`, the RFCs' default
    /// intervals on routers, switches and queriers. Scenarios that cannot have the latter are named and
    /// counted, and do not run. By default what a scenario says (`timers = "rfc"`) holds in virtual time.
    #[arg(long, value_name = "file|rfc", value_parser = timers)]
    timers: Option<Timers>,
}

/// Reads whose timers runs have.
pub(super) fn timers(word: &str) -> Result<Timers, String> {
    let known = Timers::WORDS.iter().find(|(known, _)| *known == word);
    known.map(|(_, timers)| *timers).ok_or_else(|| "there are `file` and `rfc`".to_owned())
}

/// What scenarios may read.
#[derive(Args)]
pub(super) struct Templates {
    /// Let scenarios extend templates below this folder, too; otherwise below the folder of the
    /// repository, the folder above `scenarios`, or their own, and below a folder named here; may be
    /// given more than once.
    #[arg(long, value_name = "DIR")]
    templates: Vec<PathBuf>,
}

impl Files {
    /// All named scenarios that are sound, with this software on their routers; errors in others go to
    /// standard error, unless a JSON document will have them.
    fn load(&self, wishes: &Wishes, json: bool) -> Result<Loaded, Failure> {
        let found = files::find(&self.paths).map_err(Failure::usage)?;
        tell_left_out(&found);
        let loaded = files::load_all(&found, &self.templates.templates, wishes);
        let is_router = |name: &String| {
            let nodes = loaded.plans.iter().flat_map(|plan| &plan.nodes);
            let mut routers = nodes.filter(|node| matches!(node.role, Role::Router(_)));
            routers.any(|node| node.name == *name)
        };
        let mut named = wishes.swaps.iter().filter_map(|swap| swap.node.as_ref());
        if let Some(absent) = named.find(|&name| !loaded.plans.is_empty() && !is_router(name)) {
            return Err(Failure::usage(format!("--device: no scenario has a router {absent}")));
        }
        loaded.wrong.iter().filter(|_| !json).for_each(tell);
        tell_remarks(&loaded.plans);
        Ok(loaded)
    }

    /// As [`Self::load`], where something has to be sound.
    pub(super) fn load_some(&self, wishes: &Wishes) -> Result<Loaded, Failure> {
        let loaded = self.load(wishes, false)?;
        match loaded.summary() {
            Some(summary) if loaded.plans.is_empty() => return Err(Failure::usage(summary)),
            Some(summary) => complain(&summary),
            None => {}
        }
        Ok(loaded)
    }
}

impl Paths {
    /// All named scenarios that are sound; errors in others go to standard error,
    /// unless a JSON document will have them.
    pub(super) fn load(&self, json: bool) -> Result<Loaded, Failure> {
        self.files.load(&self.wishes(), json)
    }

    /// As [`Self::load`], where something has to be sound.
    pub(super) fn load_some(&self) -> Result<Loaded, Failure> {
        self.files.load_some(&self.wishes())
    }

    fn wishes(&self) -> Wishes {
        Wishes { swaps: self.device.clone(), timers: self.timers }
    }
}

/// The exit code of a command that would have ended with `code`, had no file been wrong.
pub(super) const fn with_wrong(code: u8, wrong: usize) -> u8 {
    use super::{FAILED, INTERRUPTED};
    match code {
        FAILED | INTERRUPTED => code,
        code if wrong == 0 => code,
        _ => USAGE,
    }
}

/// Names and counts what cannot have the RFCs' timers.
pub(super) fn tell_own_timers(loaded: &Loaded) {
    loaded.left.iter().for_each(|left| complain(&left.to_string()));
    if let count @ 1.. = loaded.left.len() {
        complain(&format!(
            "{count} of {} scenarios keep their own timers and do not run",
            loaded.of
        ));
    }
}

fn tell_left_out(found: &Found) {
    if let Some(first) = found.passed_over.first() {
        let count = found.passed_over.len();
        let which = match count {
            1 => format!("{}: passed over, since it is no scenario", first.display()),
            _ => {
                let named = found.passed_over.iter().take(NAMED);
                let mut named: Vec<String> = named.map(|one| one.display().to_string()).collect();
                named.extend((count > NAMED).then(|| format!("and {} more", count - NAMED)));
                format!("passed over {count} files that are no scenarios: {}", named.join(", "))
            }
        };
        complain(&which);
    }
    found.left.iter().for_each(|left| complain(left));
}

impl Templates {
    /// The one plan of a file: of several combinations, the one with `filter` in its name. Errors in
    /// the file go to standard error.
    pub(super) fn load_one(&self, file: &Path, filter: Option<&str>) -> Result<Plan, Failure> {
        let plans = load_within(file, &self.templates).map_err(|error| {
            tell(&error);
            Failure::usage("1 of 1 scenario is wrong")
        })?;
        tell_remarks(&plans);
        files::one(plans, filter).map_err(Failure::usage)
    }
}

/// Combinations of a matrix share their remarks.
fn tell_remarks(plans: &[Plan]) {
    let remarks: BTreeSet<&String> = plans.iter().flat_map(|plan| &plan.remarks).collect();
    remarks.into_iter().for_each(|text| remark(&format!("{text}\n\n")));
}

fn tell(error: &LoadError) {
    match error {
        LoadError::Rejected(rejected) => {
            let text = rejected.render(stderr_style().color);
            remark(&format!("{text}\n\n"));
        }
        error => complain(&error.to_string()),
    }
}
