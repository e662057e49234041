//! Recipes: how the software of others is configured and started, and when it is ready.
//!
//! A recipe is data, so that software can be added without Rust. castnet ships some
//! (`harness/devices`), and a scenario can name a file of its own. What a recipe cannot say is
//! refused when it is read; whether its programs are there shows on the machine.

mod own;
mod shipped;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use castnet::addr::Family;
use serde::{Deserialize, Serialize};

use crate::knobs::{PARAMETERS, pim_keys};

pub use own::{CONFIG, NAMES, check};
pub use shipped::{names, shipped};

/// The folder of run-time files, which is private and empty for every program.
pub const RUN: &str = "/run";

/// The software of a router or a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Recipe {
    /// One line: the software, and what it does.
    pub software: String,
    /// The package of the distribution that has its programs, for who misses them.
    pub package: Option<String>,
    /// The families that it routes.
    pub families: Vec<Family>,
    /// The parameters of group management that its configuration takes, by their keys in a scenario.
    #[serde(default)]
    pub takes: BTreeSet<String>,
    /// The parameters of PIM that its configuration takes, by their keys in a scenario; `None` if it speaks no
    /// PIM, or as it likes.
    #[serde(default)]
    pub takes_pim: Option<BTreeSet<String>>,
    /// The parameters that it has fixed to another value than the RFC's default, as a scenario writes them.
    #[serde(default)]
    pub fixed: BTreeMap<String, toml::Value>,
    /// Whether it asks for members. Who does not is no querier, whatever a scenario gives it.
    #[serde(default = "yes")]
    pub queries: bool,
    /// When it is started.
    #[serde(default)]
    pub starts: Starts,
    /// Folders with its programs, besides those that are looked through anyway.
    #[serde(default)]
    pub path: Vec<PathBuf>,
    /// Folders that are its own and empty at its start, besides [`RUN`].
    #[serde(default)]
    pub private: Vec<PathBuf>,
    /// Its files, by their paths in private folders: templates over the node's [`context`](crate::device).
    #[serde(default)]
    pub files: BTreeMap<PathBuf, String>,
    /// Files of the machine that its programs see with another text: templates, too.
    #[serde(default)]
    pub over: BTreeMap<PathBuf, String>,
    /// Its programs; each is started once the one before it is ready.
    #[serde(rename = "program")]
    pub programs: Vec<Program>,
    /// How it takes a changed configuration. Without it, no act changes a node with this software.
    pub reload: Option<Reload>,
    /// A file that it writes, kept like its output.
    pub log: Option<PathBuf>,
    /// The program that prints what it knows, run at the end of a run.
    pub state: Option<Vec<String>>,
    /// Whether its programs are castnet's own, which lie beside castnet.
    #[serde(default)]
    pub own: bool,
    /// Whether its files are taken as they are, so that their author knows what they say.
    #[serde(default)]
    pub as_they_are: bool,
    /// Whether a run in which it is not what routes on its node is Broken.
    #[serde(default)]
    pub routes: bool,
}

/// When software is started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Starts {
    /// Before time zero, which is when it is ready: nothing of its start is seen, except after a restart.
    #[default]
    BeforeTheRun,
    /// At time zero, as castnet's own routers are. It has to be ready at once.
    WithTheRun,
}

/// A program of the software.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Program {
    /// The program, looked for on the PATH and among those of the system's administration, and its
    /// arguments: templates as the files are.
    pub command: Vec<String>,
    /// When it is ready.
    #[serde(default)]
    pub ready: Ready,
}

/// The event that makes a program ready.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ready {
    /// It runs.
    #[default]
    Started,
    /// The kernel routes multicast between all interfaces of the node: each is a VIF.
    Interfaces,
    /// A line of its output has this text.
    Log(String),
    /// There is such a file.
    File(PathBuf),
}

/// How a changed configuration is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reload {
    /// All of its programs get SIGHUP.
    Hup,
    /// This program is run.
    Command(Vec<String>),
}

const fn yes() -> bool {
    true
}

impl Recipe {
    /// Reads a recipe.
    ///
    /// # Errors
    /// The first error, with its line.
    pub fn read(text: &str) -> Result<Self, String> {
        let recipe: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        recipe.check()?;
        Ok(recipe)
    }

    /// Whether a template or an argument asks an interface for this, as in `interface.upstream`.
    #[must_use]
    pub fn asks_for(&self, what: &str) -> bool {
        let arguments = self.programs.iter().flat_map(|program| &program.command);
        let mut texts = self.files.values().chain(arguments);
        self.as_they_are || texts.any(|text| own::has_word(text, &format!(".{what}")))
    }

    fn check(&self) -> Result<(), String> {
        let is_known = |key: &&String| PARAMETERS.iter().any(|row| row.key.name == **key);
        if let Some(key) = self.takes.iter().chain(self.fixed.keys()).find(|key| !is_known(key)) {
            return Err(format!("`{key}` is no parameter of `igmp` or `mld` in a scenario"));
        }
        let of_pim = self.takes_pim.iter().flatten();
        if let Some(key) = { of_pim }.find(|key| !pim_keys().any(|known| known == **key)) {
            return Err(format!("`{key}` is no parameter of `pim` in a scenario"));
        }
        if self.programs.iter().any(|program| program.command.is_empty()) {
            return Err("a program has an empty `command`".to_owned());
        }
        let nothing = (self.programs.is_empty(), self.families.is_empty());
        match nothing {
            (true, _) => return Err("it has no [[program]]".to_owned()),
            (_, true) => return Err("it is of no family: `families` is empty".to_owned()),
            _ => {}
        }
        if let Some(folder) = self.private.iter().find(|folder| !is_plain(folder)) {
            let folder = folder.display();
            return Err(format!("{folder} is no private folder: a path from the root is wanted"));
        }
        let is_inside = |path: &Path| {
            let own = self.private.iter().map(PathBuf::as_path).chain([Path::new(RUN)]);
            is_plain(path) && own.into_iter().any(|own| path != own && path.starts_with(own))
        };
        if let Some(path) = self.over.keys().find(|path| !is_plain(path)) {
            return Err(format!("{} is no path of the machine", path.display()));
        }
        match self.files.keys().find(|path| !is_inside(path)) {
            Some(path) => Err(format!(
                "{} is neither below {RUN} nor in a folder that is `private`",
                path.display()
            )),
            None => Ok(()),
        }
    }
}

/// Whether the path begins at the root and has no detours.
fn is_plain(path: &Path) -> bool {
    let mut parts = path.components();
    parts.next() == Some(Component::RootDir)
        && parts.clone().next().is_some()
        && parts.all(|part| matches!(part, Component::Normal(_)))
}
