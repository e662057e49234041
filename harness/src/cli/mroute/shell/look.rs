//! What the shell shows: entries, tables, messages of the socket, and octets in words.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use castnet::addr::Family;
use castnet::kernel::{
    DEFAULT_TABLE, DEFAULT_TABLE_6, Monitor, Received, RoutingSocket, entry_rows, parse_upcall,
};
use castnet::mfc::entry::FlowCounters;
use castnet::mfc::vif::Vif;
use castnet_lab::capture::decode::{decode, decode_ip};
use nix::net::if_::if_nameindex;

use super::Shell;
use crate::cli::Failure;
use crate::cli::mroute::refused;
use crate::cli::output::say;

impl Shell {
    pub(super) fn entries(&self) -> Result<(), Failure> {
        let mut text = "SOURCE  GROUP  IN  OUT  PACKETS  BYTES  WRONG-IF\n".to_owned();
        if self.table.is_some() {
            let of_table = Monitor::open().and_then(|monitor| monitor.forwarded(self.family));
            let mine = of_table.map_err(refused)?;
            for entry in mine.iter().filter(|entry| Some(entry.table) == self.table) {
                let out =
                    entry.oifs.iter().map(|(index, ttl)| with_threshold(index_name(*index), *ttl));
                let (iif, out) = (index_name(entry.iif), listed(out));
                _ = writeln!(text, "{}  {}  {iif}  {out}  -  -  -", entry.source, entry.group);
            }
        } else {
            for row in entry_rows(self.family).map_err(refused)? {
                let iif = row.iif.map_or_else(|| "waits".to_owned(), |vif| self.name(vif));
                let out = row.oifs.iter().map(|(vif, ttl)| with_threshold(self.name(*vif), *ttl));
                let FlowCounters { packets, bytes, wrong_if } = row.counters;
                _ = writeln!(
                    text,
                    "{}  {}  {iif}  {}  {packets}  {bytes}  {wrong_if}",
                    row.source,
                    row.group,
                    listed(out)
                );
            }
        }
        say(&text);
        Ok(())
    }

    pub(super) fn tables(&self) -> Result<(), Failure> {
        let monitor = Monitor::open().map_err(refused)?;
        let default = match self.family {
            Family::V4 => DEFAULT_TABLE,
            Family::V6 => DEFAULT_TABLE_6,
        };
        let mut tables: BTreeMap<u32, (Vec<String>, usize)> = BTreeMap::new();
        tables.entry(default).or_default();
        for rule in monitor.multicast_rules(self.family).unwrap_or_default() {
            let iif = rule.iif.unwrap_or_else(|| "all".to_owned());
            tables.entry(rule.table).or_default().0.push(iif);
        }
        for entry in monitor.forwarded(self.family).map_err(refused)? {
            tables.entry(entry.table).or_default().1 += 1;
        }
        let mut text = "TABLE  ENTRIES  RULES-FOR\n".to_owned();
        for (table, (rules, entries)) in tables {
            _ = writeln!(text, "{table:<5}  {entries:<7}  {}", listed(rules));
        }
        say(&text);
        Ok(())
    }

    pub(super) fn decode(&self, hex: &str) -> Result<(), Failure> {
        let octets = octets(hex)?;
        let upcall = parse_upcall(self.family, &octets);
        let text = match (upcall, decode_ip(&octets)) {
            (Some(upcall), _) => {
                format!("upcall {} on {} for {}", upcall.kind, upcall.vif, upcall.flow)
            }
            (None, Ok(packet)) => packet.to_string(),
            (None, Err(why)) => match decode(&octets) {
                Some(packet) => packet.to_string(),
                None => return Err(refused(why)),
            },
        };
        say(&format!("{text}\n"));
        Ok(())
    }
}

/// The next message of the socket in words; `None` if none waits.
pub(super) fn next(
    socket: &RoutingSocket,
    buffer: &mut [u8],
    names: &BTreeMap<Vif, String>,
) -> std::io::Result<Option<String>> {
    let name = |vif: Vif| names.get(&vif).cloned().unwrap_or_else(|| vif.to_string());
    Ok(socket.receive(buffer)?.map(|received| match received {
        Received::Upcall(upcall) | Received::WholePacket { upcall, .. } => {
            format!("upcall {} on {} for {}\n", upcall.kind, name(upcall.vif), upcall.flow)
        }
        Received::Packet { ifindex, packet: Ok(packet), .. } => {
            let header = packet.header;
            format!(
                "packet on {}: {} to {}, protocol {}, {} octets\n",
                index_name(ifindex),
                header.source,
                header.destination,
                header.protocol,
                packet.payload.len()
            )
        }
        Received::Packet { ifindex, packet: Err(why), .. } => {
            format!("no packet on {}: {why}\n", index_name(ifindex))
        }
        Received::Echo => "an own Query\n".to_owned(),
        Received::Unknown { bytes } => format!("an unknown upcall of {} octets\n", bytes.len()),
        Received::TooLong { length, .. } => format!("a packet of {length} octets, too long\n"),
    }))
}

pub(super) fn index_name(ifindex: u32) -> String {
    let all = if_nameindex().ok();
    let name = all.iter().flat_map(|all| all.iter()).find(|one| one.index() == ifindex);
    name.map_or_else(|| ifindex.to_string(), |one| one.name().to_string_lossy().into_owned())
}

fn with_threshold(name: String, threshold: u8) -> String {
    if threshold > 1 { format!("{name}:{threshold}") } else { name }
}

fn listed(items: impl IntoIterator<Item = String>) -> String {
    let all: Vec<String> = items.into_iter().collect();
    if all.is_empty() { "-".to_owned() } else { all.join(",") }
}

/// The octets of digits, with or without blanks, colons and `0x`.
fn octets(hex: &str) -> Result<Vec<u8>, Failure> {
    let is_digit = |c: &char| !c.is_whitespace() && !":-.".contains(*c);
    let digits: String = hex.replace("0x", "").chars().filter(is_digit).collect();
    let wrong = || Failure::usage("an even number of hexadecimal digits is wanted");
    if !digits.is_ascii() || !digits.len().is_multiple_of(2) {
        return Err(wrong());
    }
    let pairs = (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16));
    pairs.collect::<Result<_, _>>().map_err(|_| wrong())
}
