//! Which software each router runs: as the scenario says, or as the user wants it instead.
//!
//! A scenario of strangers names recipes that castnet ships, or files that it may read; a user may name
//! any file.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::router::CASTNET;
use super::{Device, Node, Role, Software};
use crate::recipe::{self, CONFIG, Recipe};
use crate::scenario::diagnostic::Diagnostics;
use crate::scenario::{self, Backends, OwnDaemon, Reach};

/// The software that a user wants on a router, whatever the scenario says.
#[derive(Clone, Debug, PartialEq)]
pub struct Swap {
    /// The router; every router if `None`.
    pub node: Option<String>,
    /// The software.
    pub device: Device,
}

impl fmt::Display for Swap {
    /// `r1=frr`, as it is typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            Some(node) => write!(f, "{node}={}", self.device.name()),
            None => f.write_str(self.device.name()),
        }
    }
}

impl Swap {
    /// Whether it is for the router of this name.
    fn is_meant(&self, node: &str) -> bool {
        self.node.as_deref().is_none_or(|name| name == node)
    }

    /// `r1=frr`, `frr`, or `r1=./mine.toml`, with a path from the current folder on.
    ///
    /// # Errors
    /// Why there is no such software, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (node, name) = match text.split_once('=') {
            Some((node, name)) => (Some(node.to_owned()), name),
            None => (None, text),
        };
        let read = |path: &Path| fs::read_to_string(path).map_err(|why| why.to_string());
        let device = named(name, Path::new(""), read)?;
        Ok(Self { node, device })
    }
}

/// Where the software of a scenario's routers is looked for.
pub(super) struct Devices<'a> {
    /// The path of the scenario.
    pub(super) scenario: &'a Path,
    pub(super) reach: &'a Reach,
    pub(super) swaps: &'a [Swap],
}

impl Devices<'_> {
    /// The software of this router.
    pub(super) fn of(
        &self,
        node: &str,
        written: &scenario::Router,
        faults: &mut Diagnostics,
    ) -> Device {
        if let Some(swap) = self.swaps.iter().rev().find(|swap| swap.is_meant(node)) {
            return swap.device.clone();
        }
        let folder = self.scenario.parent().unwrap_or(Path::new(""));
        if let Some(own) = &written.own {
            return self.own(own, folder, faults);
        }
        let Some(name) = &written.device else { return Device::Castnet };
        named(&name.value, folder, |path| self.reach.read(path)).unwrap_or_else(|why| {
            let message = format!("there is no software `{}`", name.value);
            let help = "a file with a recipe will do as well: \"./mine.toml\"";
            faults.error_with_help(&name.span, message, why, help);
            Device::Castnet
        })
    }

    /// The daemon that the scenario names itself; its file, as it is, becomes its configuration.
    fn own(&self, own: &OwnDaemon, folder: &Path, faults: &mut Diagnostics) -> Device {
        let mut recipe = own.recipe.clone();
        if let Some(config) = &own.config {
            match self.reach.read(&folder.join(&config.value)) {
                Ok(text) => _ = recipe.files.insert(CONFIG.into(), verbatim(&text)),
                Err(why) => {
                    let message = format!("there is no configuration `{}`", config.value);
                    let help = "a template has several lines; one line is the path of a file";
                    faults.error_with_help(&config.span, message, why, help);
                }
            }
        }
        // From the scenario's folder on, as a recipe's path is.
        let program = recipe.programs.iter_mut().find_map(|program| program.command.first_mut());
        if let Some(program) = program
            && let Some(beside) = program.strip_prefix("./")
        {
            *program = format!("{{{{ here }}}}/{beside}");
        }
        let (name, folder) = (recipe.software.clone(), folder.to_owned());
        Device::Foreign(Box::new(Software { name, folder, recipe }))
    }
}

/// A template that makes exactly this text.
fn verbatim(text: &str) -> String {
    format!("{{{{ {} }}}}", serde_json::Value::from(text))
}

impl Devices<'_> {
    /// No backend at all, if the user wants software of others tried and none of these routers runs it: a
    /// verdict would be about something else.
    pub(super) fn untried(&self, nodes: &[Node]) -> Option<Backends> {
        let mut foreign =
            self.swaps.iter().filter(|swap| swap.device != Device::Castnet).peekable();
        let first = foreign.peek()?.to_string();
        let runs = |swap: &Swap| {
            nodes.iter().any(|node| match &node.role {
                Role::Router(router) => swap.is_meant(&node.name) && router.who == swap.device,
                _ => false,
            })
        };
        let because = format!("it has no router for {first} to be tried on");
        (!foreign.any(runs)).then_some(Backends { only: Vec::new(), virtual_time: false, because })
    }
}

/// The software with this name: castnet's own, a recipe that castnet ships, or a file, from a folder on.
fn named(
    name: &str,
    from: &Path,
    read: impl Fn(&Path) -> Result<String, String>,
) -> Result<Device, String> {
    let path = from.join(name);
    let is_path = name.contains('/') || name.ends_with(".toml");
    let recipe = match name {
        CASTNET => return Ok(Device::Castnet),
        _ if is_path => Recipe::read(&read(&path)?),
        _ => recipe::shipped(name).ok_or_else(|| format!("castnet ships {}", known()))?,
    };
    // That of a file which is named alone is the current one, and not none.
    let folder = match path.parent().filter(|_| is_path) {
        Some(folder) if folder.as_os_str().is_empty() => PathBuf::from("."),
        Some(folder) => folder.to_owned(),
        None => PathBuf::new(),
    };
    Ok(Device::Foreign(Box::new(Software { name: name.to_owned(), folder, recipe: recipe? })))
}

/// The names of all software that can be had without a file.
fn known() -> String {
    let names: Vec<&str> = std::iter::once(CASTNET).chain(recipe::names()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_that_is_named_without_a_folder_is_in_the_current_one() {
        let text = "software = 'mine'\npackage = 'mine'\nfamilies = ['ipv4']\n\
                    [[program]]\ncommand = ['mine']\nready = 'interfaces'\n";
        for (name, from, folder) in
            [("mine.toml", "", "."), ("mine.toml", "a/b", "a/b"), ("./c/mine.toml", "", "./c")]
        {
            let device = named(name, Path::new(from), |_| Ok(text.to_owned()));
            let Ok(Device::Foreign(software)) = device else { panic!("{device:?}") };
            assert_eq!(software.folder, Path::new(folder), "{name} from {from}");
        }
    }
}
