//! What a daemon finds in a multicast routing table whose socket outlived another daemon.
//!
//! The kernel forwards on as long as anybody holds the socket. Who adopts it reads back which interfaces
//! have which numbers, and the entries. The kernel shows the numbers of its default table only; those of another
//! one are found by an entry that is added for a moment.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;

use super::links::Links;
use crate::addr::{Family, Group, Source};
use crate::kernel::{
    DEFAULT_TABLE, DEFAULT_TABLE_6, Forwarded, MrouteError, RoutingSocket, vif_rows,
};
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
    /// What the kernel has now in the table that the socket owns.
    ///
    /// # Errors
    /// Errors of reading below /proc, of the netlink socket, and of the routing socket.
    pub fn find(links: &Links, table: Option<u32>, socket: &RoutingSocket) -> io::Result<Self> {
        let family = socket.family();
        let default = default_table(family);
        let table = table.unwrap_or(default);
        let numbers: BTreeMap<String, Vif> = match table == default {
            true => vif_rows(family)?.into_iter().map(|row| (row.name, row.vif)).collect(),
            false => {
                let named = |(vif, ifindex)| Some((links.devices().name(ifindex)?.to_owned(), vif));
                probed(links, table, socket)?.into_iter().filter_map(named).collect()
            }
        };
        let index = |name: &str| Some(links.devices().named(name)?.device.ifindex);
        let devices = numbers.iter().filter_map(|(name, &vif)| Some((vif, index(name)?)));
        let devices: BTreeMap<Vif, u32> = devices.collect();
        let probe = probe(family);
        let entries = links.forwarded(family)?.into_iter();
        // A daemon that died while it probed has left its probe.
        let entries = entries.filter(|entry| entry.table == table && !is_of(entry, probe));
        let entries = entries.filter_map(|entry| between(&devices, &entry)).collect();
        Ok(Self { numbers, devices, entries })
    }
}

/// How often numbers are looked for while devices vanish.
const TRIES: usize = 10;

/// The devices behind the numbers of a table that is not the default one.
///
/// Netlink shows out of which devices an entry leaves, in the order of their numbers, and which numbers there are
/// can be asked of the socket. So an entry out of all of them is added for a moment.
fn probed(links: &Links, table: u32, socket: &RoutingSocket) -> io::Result<BTreeMap<Vif, u32>> {
    let failed = |why: MrouteError| io::Error::other(why);
    let flow = probe(socket.family());
    for _ in 0..TRIES {
        let mut there = Vec::new();
        for vif in (0..).map_while(Vif::new) {
            if socket.vif_counters(vif).map_err(failed)?.is_some() {
                there.push(vif);
            }
        }
        let Some(&iif) = there.first() else { return Ok(BTreeMap::new()) };
        let oifs = there.iter().map(|&vif| (vif, 1)).collect();
        socket.add_mfc(&MfcEntry { flow, iif, oifs }).map_err(failed)?;
        let shown = links.forwarded(socket.family());
        socket.delete_mfc(flow).map_err(failed)?;
        let mut shown = shown?.into_iter();
        let shown = shown.find(|entry| entry.table == table && is_of(entry, flow));
        let shown = shown.map(|entry| entry.oifs).unwrap_or_default();
        // The kernel removes the number of a device that vanishes.
        if shown.len() == there.len() {
            return Ok(there
                .into_iter()
                .zip(shown.into_iter().map(|(device, _)| device))
                .collect());
        }
    }
    Err(io::Error::other("the kernel does not show which interfaces the table has"))
}

/// A flow that nobody has: its source is an address of dummies, which no router forwards (RFC 7600 section 4.8,
/// RFC 9780), and its group is one of documentation (RFC 6676).
fn probe(family: Family) -> Flow {
    let (source, group): (IpAddr, IpAddr) = match family {
        Family::V4 => ([192, 0, 0, 8].into(), [233, 252, 0, 1].into()),
        Family::V6 => {
            ([0x100, 0, 0, 1, 0, 0, 0, 1].into(), [0xff0e, 0, 0, 0, 0, 0xdb8, 0, 1].into())
        }
    };
    let source = Source::new(source).expect("it is a unicast address");
    Flow { source, group: Group::new(group).expect("it is a multicast address") }
}

fn is_of(entry: &Forwarded, flow: Flow) -> bool {
    entry.source == flow.source.addr() && entry.group == flow.group.addr()
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
