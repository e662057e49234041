//! The sockets of a program that routes: claimed with the privileges of its start, or handed over by whoever kept them.

use super::super::Opened;
use super::super::config::ConfigFile;
use super::super::links::Links;
use super::super::supervised::{self, Handed, Taken};
use crate::addr::Family;
use crate::kernel::MrouteError;
use crate::router::config::Config;
use anyhow::Context as _;

/// What needs privileges: the machine's reports, and a claim of multicast routing of every family.
pub struct Sockets {
    pub(super) links: Links,
    /// The configuration of each family, with its claim.
    pub claims: Vec<(Config, Opened)>,
    /// Whether they outlive the program, so that streams go on when it ends.
    pub(super) are_kept: bool,
}

/// Opens what serving takes, or goes on with what was handed over. Unless the file names IPv6, a kernel
/// without its multicast routing is a warning.
///
/// # Errors
/// The file contradicts itself, or the kernel refuses a socket.
pub fn open(file: &ConfigFile, mut handed: Handed) -> anyhow::Result<Sockets> {
    let links = Links::open().context("looking at the interfaces of this machine")?;
    let are_kept = !handed.is_empty() || supervised::keeps();
    let mut claims = Vec::new();
    for config in file.check()?.present() {
        let family = config.family;
        if let Some(sockets) = handed.take(family, file.table)? {
            claims.push((config.clone(), adopt(&links, (family, file.table), sockets)?));
            continue;
        }
        match Opened::open(family, file.table) {
            Err(why @ MrouteError::NotSupported { .. })
                if family == Family::V6 && file.families.is_none() =>
            {
                tracing::warn!("only IPv4 is routed: {why}");
            }
            opened => {
                let opened = opened?;
                supervised::store(&opened, family, file.table);
                claims.push((config.clone(), opened));
            }
        }
    }
    handed.close();
    Ok(Sockets { links, claims, are_kept })
}

/// Goes on where the daemon before left off.
fn adopt(
    links: &Links,
    (family, table): (Family, Option<u32>),
    sockets: Taken,
) -> anyhow::Result<Opened> {
    let opened = Opened::adopt(links, (family, table), sockets)?;
    // The first daemon of a keeper starts with empty hands.
    if let Some(found) = opened.inheritance().filter(|found| !found.devices.is_empty()) {
        let (interfaces, entries) = (found.devices.len(), found.entries.len());
        tracing::info!("{family}: {interfaces} interfaces and {entries} entries are inherited");
    }
    Ok(opened)
}
