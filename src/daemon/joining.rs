//! The groups that the machine itself joins: as the file says, on the devices that are there now.
//!
//! A join ends with its device, and is made anew on the one that comes in its place. Refuses nothing;
//! what the kernel refuses is named once, until it is joined or no longer wanted.

use std::collections::{BTreeMap, BTreeSet};

use super::config::ConfigFile;
use super::glob;
use super::links::Devices;
use crate::kernel::{Join, Joined};

/// What is joined, and what the kernel refuses.
#[derive(Debug, Default)]
pub(super) struct Joining {
    joined: Joined,
    refused: BTreeMap<Join, String>,
}

impl Joining {
    /// Joins what the file wants on these devices, and leaves everything else.
    pub(super) fn follow(&mut self, file: &ConfigFile, devices: &Devices) {
        let mut wanted = BTreeSet::new();
        for settings in &file.membership {
            let meant = devices.names().filter(|name| glob::matches(&settings.interface, name));
            let meant = meant.filter_map(|name| devices.named(name));
            for seen in meant.filter(|seen| seen.device.is_multicast) {
                let ifindex = seen.device.ifindex;
                let joins = settings.channels();
                wanted.extend(joins.map(|(source, group)| Join { ifindex, source, group }));
            }
        }
        let gone: Vec<Join> =
            self.joined.all().filter(|join| !wanted.contains(join)).copied().collect();
        gone.iter().for_each(|join| self.joined.leave(join));
        self.refused.clear();
        for join in wanted {
            if let Err(why) = self.joined.join(join) {
                let name = devices.name(join.ifindex).unwrap_or_default();
                self.refused.insert(join, format!("{name} does not join {}: {why}", join.group));
            }
        }
    }

    /// What the kernel refuses, in words.
    pub(super) fn refused(&self) -> impl Iterator<Item = &String> {
        self.refused.values()
    }

    /// What is joined.
    pub(super) fn all(&self) -> impl Iterator<Item = &Join> {
        self.joined.all()
    }
}
