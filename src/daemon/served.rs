//! Which interfaces are served: those that the file names, present or not, and those of the machine that
//! a pattern stands for, up to the 32 of one table.

use super::config::ConfigFile;
use super::links::Devices;
use crate::mfc::vif::Vif;

/// The interfaces that are served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// Their names: first those of the file, then those that patterns stand for.
    pub names: Vec<String>,
    /// The names for which one table has no room.
    pub left_out: Vec<String>,
}

impl Served {
    /// The interfaces to serve on a machine with these devices, where `before` were served: an interface
    /// of a pattern is not given up for another one.
    #[must_use]
    pub fn choose(file: &ConfigFile, devices: &Devices, before: &Self) -> Self {
        let mut names: Vec<String> = file.interface_names().map(str::to_owned).collect();
        let is_new = |name: &&str| !names.iter().any(|named| named == name);
        let matching = devices.names().filter(is_new).filter(|name| file.settings(name).is_some());
        let (known, new): (Vec<&str>, Vec<&str>) =
            matching.partition(|name| before.names.iter().any(|served| served == name));
        let mut wanted = known.into_iter().chain(new).map(str::to_owned);
        let room = Vif::MAX.saturating_sub(names.len());
        let found: Vec<String> = wanted.by_ref().take(room).collect();
        names.extend(found);
        Self { names, left_out: wanted.collect() }
    }
}

#[cfg(test)]
mod tests;
