//! Which software each router runs: as the scenario says, or as the user wants it instead.
//!
//! A scenario of strangers names recipes that castnet ships, or files that it may read; a user may name
//! any file.

use std::fmt;
use std::fs;
use std::path::Path;

use super::router::CASTNET;
use super::{Device, Software};
use crate::recipe::{self, Recipe};
use crate::scenario::diagnostic::Diagnostics;
use crate::scenario::{self, Reach};

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
        let meant = |swap: &Swap| swap.node.as_deref().is_none_or(|name| name == node);
        if let Some(swap) = self.swaps.iter().rev().find(|swap| meant(swap)) {
            return swap.device.clone();
        }
        let Some(name) = &written.device else { return Device::Castnet };
        let folder = self.scenario.parent().unwrap_or(Path::new(""));
        named(&name.value, folder, |path| self.reach.read(path)).unwrap_or_else(|why| {
            let message = format!("there is no software `{}`", name.value);
            let help = "a file with a recipe will do as well: \"./mine.toml\"";
            faults.error_with_help(&name.span, message, why, help);
            Device::Castnet
        })
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
    let folder = path.parent().filter(|_| is_path).unwrap_or(Path::new("")).to_owned();
    Ok(Device::Foreign(Box::new(Software { name: name.to_owned(), folder, recipe: recipe? })))
}

/// The names of all software that can be had without a file.
fn known() -> String {
    let names: Vec<&str> = std::iter::once(CASTNET).chain(recipe::names()).collect();
    names.join(", ")
}
