//! The default tables as the kernel shows them below /proc: virtual interfaces, and entries with those
//! whose datagrams still wait for one.
//!
//! Owns the formats of `ip_mr_vif`, `ip_mr_cache`, `ip6_mr_vif` and `ip6_mr_cache`. A row that is not
//! understood is left out.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr};

use crate::addr::Family;
use crate::mfc::entry::{FlowCounters, VifCounters};
use crate::mfc::vif::Vif;

/// A virtual interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VifRow {
    /// Its number.
    pub vif: Vif,
    /// The name of its device.
    pub name: String,
    /// Its counters.
    pub counters: VifCounters,
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRow {
    /// The source; unspecified in an entry of all sources.
    pub source: IpAddr,
    /// The group.
    pub group: IpAddr,
    /// Where its datagrams come in; `None` while they wait for the owner to say.
    pub iif: Option<Vif>,
    /// Its counters.
    pub counters: FlowCounters,
    /// Where they leave, each with its threshold.
    pub oifs: BTreeMap<Vif, u8>,
}

/// The virtual interfaces of the family's default table, in the network namespace of this thread.
///
/// # Errors
/// The kernel has no multicast routing of the family.
pub fn vif_rows(family: Family) -> io::Result<Vec<VifRow>> {
    let text = read(family, ["ip_mr_vif", "ip6_mr_vif"])?;
    Ok(text.lines().skip(1).filter_map(vif_row).collect())
}

/// The entries of the family's default table, in the network namespace of this thread.
///
/// # Errors
/// The kernel has no multicast routing of the family.
pub fn entry_rows(family: Family) -> io::Result<Vec<EntryRow>> {
    let text = read(family, ["ip_mr_cache", "ip6_mr_cache"])?;
    Ok(text.lines().skip(1).filter_map(entry_row).collect())
}

fn read(family: Family, [v4, v6]: [&str; 2]) -> io::Result<String> {
    let file = if family == Family::V4 { v4 } else { v6 };
    fs::read_to_string(format!("/proc/thread-self/net/{file}"))
}

/// Number, device, octets in, packets in, octets out, packets out, and flags.
fn vif_row(line: &str) -> Option<VifRow> {
    let mut words = line.split_whitespace();
    let vif = number(words.next()?)?;
    let name = words.next()?.to_owned();
    let mut count = || words.next()?.parse().ok();
    let (bytes_in, packets_in, bytes_out, packets_out) = (count()?, count()?, count()?, count()?);
    Some(VifRow {
        vif,
        name,
        counters: VifCounters { packets_in, packets_out, bytes_in, bytes_out },
    })
}

/// Group, source, number (or -1), packets, octets, packets on a wrong interface, and `number:threshold`.
fn entry_row(line: &str) -> Option<EntryRow> {
    let mut words = line.split_whitespace();
    let (group, source) = (address(words.next()?)?, address(words.next()?)?);
    let iif = match words.next()? {
        "-1" | "65535" => None,
        vif => Some(number(vif)?),
    };
    let mut count = || words.next()?.parse().ok();
    let (packets, bytes, wrong_if) = (count()?, count()?, count()?);
    // A number below ten is set off by a blank, and its threshold is filled up with some.
    let oifs = words.filter_map(|oif| {
        let (vif, threshold) = oif.split_once(':')?;
        Some((number(vif)?, threshold.parse().ok()?))
    });
    let oifs = oifs.collect();
    Some(EntryRow { source, group, iif, counters: FlowCounters { packets, bytes, wrong_if }, oifs })
}

fn number(text: &str) -> Option<Vif> {
    Vif::new(text.parse().ok()?)
}

/// IPv6 as it is written, without shortening; IPv4 as the number that a machine of this byte order reads.
fn address(text: &str) -> Option<IpAddr> {
    match text.contains(':') {
        true => text.parse().ok(),
        false => {
            let number = u32::from_str_radix(text, 16).ok()?;
            Some(Ipv4Addr::from(number.to_ne_bytes()).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_virtual_interface_is_a_number_a_name_and_counters() {
        let text = "Interface      BytesIn  PktsIn  BytesOut PktsOut Flags Local    Remote\n \
                    0 e0              640       5         0       0 00008 00000003 00000000\n\
                    31 a-name-of-15-oc     1       2         3       4 00008 0000001F 00000000\n";
        let rows: Vec<_> = text.lines().skip(1).filter_map(vif_row).collect();
        let named: Vec<_> = rows.iter().map(|row| (row.vif.index(), row.name.as_str())).collect();
        assert_eq!(named, [(0, "e0"), (31, "a-name-of-15-oc")]);
        let VifCounters { packets_in, packets_out, bytes_in, bytes_out } = rows[1].counters;
        assert_eq!((bytes_in, packets_in, bytes_out, packets_out), (1, 2, 3, 4));
        assert_eq!(vif_row("Interface      BytesIn"), None);
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn an_entry_forwards_or_waits() {
        let row = |text| entry_row(text).unwrap();
        let forwards = row("010101EF 0A01000A 0          5      640        1  1:1    2:8  ");
        assert_eq!(
            (forwards.source, forwards.group),
            ("10.0.1.10".parse().unwrap(), "239.1.1.1".parse().unwrap())
        );
        let oifs: Vec<_> = forwards.oifs.iter().map(|(vif, ttl)| (vif.index(), *ttl)).collect();
        assert_eq!((forwards.iif.map(Vif::index), oifs), (Some(0), vec![(1, 1), (2, 8)]));
        assert_eq!(forwards.counters, FlowCounters { packets: 5, bytes: 640, wrong_if: 1 });
        let waits = row("010101EF 0A01000A -1         0        0        0");
        assert_eq!((waits.iif, waits.oifs.len()), (None, 0));
        let v6 = row(
            "ff1e:0000:0000:0000:0000:0000:0001:0101 fd00:0000:0000:0001:0000:0000:0000:0010 0          5      640        0 12:1   ",
        );
        assert_eq!((v6.group, v6.oifs.len()), ("ff1e::1:101".parse().unwrap(), 1));
        assert_eq!(entry_row("Group    Origin   Iif     Pkts    Bytes    Wrong Oifs"), None);
    }
}
