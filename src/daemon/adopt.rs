//! What a daemon finds in a multicast routing table whose socket outlived another daemon.
//!
//! The kernel forwards on as long as anybody holds the socket. Who adopts it reads back which interfaces
//! have which numbers, and the entries. The kernel shows the numbers of its default table only: another
//! table is emptied, and the streams stop until members are known again.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use super::links::Links;
use crate::addr::{Family, Group, Source};
use crate::kernel::{DEFAULT_TABLE, DEFAULT_TABLE_6, Forwarded};
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
        let file = match family {
            Family::V4 => "ip_mr_vif",
            Family::V6 => "ip6_mr_vif",
        };
        let text = fs::read_to_string(format!("/proc/thread-self/net/{file}"))?;
        let index = |name: &str| Some(links.devices().named(name)?.device.ifindex);
        let rows = text.lines().skip(1).filter_map(row);
        let numbers: BTreeMap<String, Vif> = rows.collect();
        let devices = numbers.iter().filter_map(|(name, &vif)| Some((vif, index(name)?)));
        let devices: BTreeMap<Vif, u32> = devices.collect();
        let entries = links.forwarded(family)?.into_iter();
        let entries = entries.filter(|entry| entry.table == table);
        let entries = entries.filter_map(|entry| between(&devices, &entry)).collect();
        Ok(Some(Self { numbers, devices, entries }))
    }
}

/// A row of /proc/net/ip_mr_vif: the number and the name of its device.
fn row(line: &str) -> Option<(String, Vif)> {
    let mut words = line.split_whitespace();
    let vif = Vif::new(words.next()?.parse().ok()?)?;
    Some((words.next()?.to_owned(), vif))
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
    fn a_row_of_the_kernels_table_is_a_number_and_a_name() {
        let text = "Interface      BytesIn  PktsIn  BytesOut PktsOut Flags Local    Remote\n \
                    0 e0                0       0         0       0 00008 00000003 00000000\n\
                    31 a-name-of-15-oc     1       2         3       4 00008 0000001F 00000000\n";
        let rows: Vec<_> = text.lines().skip(1).map(row).collect();
        let vif = |number| Vif::new(number).unwrap();
        let known = [("e0".to_owned(), vif(0)), ("a-name-of-15-oc".to_owned(), vif(31))];
        assert_eq!(rows, known.map(Some));
        assert_eq!(row("Interface      BytesIn"), None);
    }

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
