//! What a daemon finds in a multicast routing table whose socket outlived another daemon.
//!
//! The kernel forwards on as long as anybody holds the socket. Who adopts it reads back which interfaces
//! have which numbers, and the entries. The kernel shows the numbers of its default table only: another
//! table is emptied, and the streams stop until members are known again.

use std::collections::BTreeMap;
use std::io;

use super::links::Links;
use crate::addr::{Family, Group, Source};
use crate::kernel::{DEFAULT_TABLE, DEFAULT_TABLE_6, Forwarded, vif_rows};
use crate::mfc::entry::{Flow, MfcEntry};
use crate::mfc::vif::Vif;

/// What was left behind in a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inheritance {
    /// The numbers of its interfaces, by name.
    pub numbers: BTreeMap<String, Vif>,
    /// The indexes of their devices.
    pub devices: BTreeMap<Vif, u32>,
    /// Its entries between these interfaces.
    pub entries: Vec<MfcEntry>,
}

/// The table of a family that is meant if none is configured.
#[must_use]
pub const fn default_table(family: Family) -> u32 {
    match family {
        Family::V4 => DEFAULT_TABLE,
        Family::V6 => DEFAULT_TABLE_6,
    }
}

impl Inheritance {
    /// What the kernel has in the table now; `None` if it does not show it.
    ///
    /// # Errors
    /// Errors of reading below /proc, and of the netlink socket.
    pub fn find(links: &Links, family: Family, table: Option<u32>) -> io::Result<Option<Self>> {
        let default = default_table(family);
        let table = table.unwrap_or(default);
        if table != default {
            return Ok(None);
        }
        let rows = vif_rows(family)?;
        let index = |name: &str| Some(links.devices().named(name)?.device.ifindex);
        let numbers: BTreeMap<String, Vif> =
            rows.into_iter().map(|row| (row.name, row.vif)).collect();
        let devices = numbers.iter().filter_map(|(name, &vif)| Some((vif, index(name)?)));
        let devices: BTreeMap<Vif, u32> = devices.collect();
        let entries = links.forwarded(family)?.into_iter();
        let entries = entries.filter(|entry| entry.table == table);
        let entries = entries.filter_map(|entry| between(&devices, &entry)).collect();
        Ok(Some(Self { numbers, devices, entries }))
    }
}

/// The entry by the numbers of its interfaces; `None` for one that came in on none of them.
fn between(devices: &BTreeMap<Vif, u32>, entry: &Forwarded) -> Option<MfcEntry> {
    let vif = |ifindex: u32| devices.iter().find(|(_, own)| **own == ifindex).map(|(&vif, _)| vif);
    let flow = Flow { source: Source::new(entry.source)?, group: Group::new(entry.group)? };
    let oifs = entry.oifs.iter().filter_map(|&(ifindex, ttl)| Some((vif(ifindex)?, ttl)));
    Some(MfcEntry { flow, iif: vif(entry.iif)?, oifs: oifs.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_only_interfaces_that_are_there() {
        let devices =
            (7..10).zip(0..).map(|(ifindex, n)| (Vif::new(n).unwrap(), ifindex)).collect();
        let entry = |iif| Forwarded {
            table: DEFAULT_TABLE,
            source: "10.0.0.1".parse().unwrap(),
            group: "239.1.1.1".parse().unwrap(),
            iif,
            oifs: vec![(8, 1), (99, 1), (9, 5)],
        };
        let found = between(&devices, &entry(7)).unwrap();
        let oifs: Vec<_> = found.oifs.iter().map(|(vif, ttl)| (vif.index(), *ttl)).collect();
        assert_eq!((found.iif.index(), oifs), (0, vec![(1, 1), (2, 5)]));
        assert_eq!(between(&devices, &entry(99)), None);
    }
}
