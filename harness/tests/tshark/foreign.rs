//! Captures of tcpdump and Wireshark's tools, kept under `fixtures/`: castnet and tshark read them
//! alike.

use std::fs::{self, File};
use std::net::IpAddr;
use std::path::Path;
use std::process::Command;

use castnet::addr::Group;
use castnet::gmp::message::{Message, Record, RecordType, Version};
use castnet_lab::capture::file::{Broken, CapturedFrame, read};
use castnet_lab::capture::inspected::InspectedFrame;
use libtest_mimic::Failed;

use super::list;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/pcap/foreign");

/// How many captures there are, and how many frames in them.
const CAPTURES: usize = 12;
const FRAMES: usize = 90;

/// In the words of tshark.
const FIELDS: [&str; 17] = [
    "frame.time_epoch",
    "frame.len",
    "frame.cap_len",
    "vlan.id",
    "ip.src",
    "ip.dst",
    "ip.ttl",
    "igmp.type",
    "igmp.maddr",
    "ipv6.src",
    "ipv6.dst",
    "ipv6.hlim",
    "icmpv6.type",
    "icmpv6.mld.multicast_address",
    "icmpv6.mldr.mar.record_type",
    "icmpv6.mldr.mar.multicast_address",
    "icmpv6.mldr.mar.source_address",
];

/// The first of the fields of IPv6.
const IPV6: usize = 9;

/// The first of the fields behind the addresses.
const ADDRESSED: usize = 6;

/// Every frame of every capture, by tshark and by castnet.
pub(super) fn are_read_alike() -> Result<(), Failed> {
    let (mut captures, mut frames) = (0, 0);
    for entry in fs::read_dir(FOLDER)? {
        let path = entry?.path();
        if path.extension().is_none_or(|ending| ending != "pcap" && ending != "pcapng") {
            continue;
        }
        let theirs = by_tshark(&path)?;
        let ours = by_castnet(&path)?;
        if theirs != ours {
            let what = format!("{}:\ntshark  {theirs:?}\ncastnet {ours:?}", path.display());
            return Err(what.into());
        }
        captures += 1;
        frames += ours.len();
    }
    if (captures, frames) != (CAPTURES, FRAMES) {
        return Err(format!("{frames} frames in {captures} captures").into());
    }
    Ok(())
}

fn by_tshark(path: &Path) -> Result<Vec<Vec<String>>, Failed> {
    let mut command = Command::new("tshark");
    command.env("WIRESHARK_CONFIG_DIR", "/nonexistent").arg("-n").arg("-r").arg(path);
    command.args(["-T", "fields", "-E", "separator=/t"]);
    command.args(FIELDS.iter().flat_map(|field| ["-e", field]));
    let output = command.output()?;
    let rows = String::from_utf8(output.stdout)?;
    let mut rows: Vec<Vec<String>> =
        rows.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect();
    // Of a cut frame castnet reads the addresses, and nothing behind them.
    for row in rows.iter_mut().filter(|row| row[1] != row[2]) {
        row[ADDRESSED..].fill(String::new());
    }
    Ok(rows)
}

fn by_castnet(path: &Path) -> Result<Vec<Vec<String>>, Failed> {
    let mut rows = Vec::new();
    let reading = read(File::open(path)?, |shot| {
        rows.push(row(&shot));
        true
    });
    let is_cut = path.file_stem().is_some_and(|name| name == "cut-off");
    match reading.ended {
        Ok(()) if !is_cut => Ok(rows),
        Err(Broken::Truncated(_)) if is_cut => Ok(rows),
        other => Err(format!("{}: {other:?}", path.display()).into()),
    }
}

fn row(shot: &CapturedFrame) -> Vec<String> {
    let frame = InspectedFrame::of(shot);
    let stamp = shot.stamp.unwrap_or_default();
    let mut row = vec![
        format!("{}.{:09}", stamp.as_secs(), stamp.subsec_nanos()),
        shot.original_len.to_string(),
        shot.bytes.len().to_string(),
        frame.vlans.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
    ];
    if let Some(packet) = frame.packet() {
        if packet.source.is_ipv6() {
            row.resize(IPV6, String::new());
        }
        row.extend([packet.source.to_string(), packet.destination.to_string()]);
        row.push(packet.ttl.to_string());
        let fields = packet.fields();
        let field = |wanted: &str| fields.iter().find(|(name, _)| *name == wanted);
        if let Some((_, kind)) = field("type") {
            // tshark has another name for the group of a version 1 Report.
            let group = field("group").filter(|_| kind != "0x12");
            row.push(kind.clone());
            row.push(group.map_or_else(String::new, |(_, group)| group.clone()));
        }
        if let Some(Message::Report(report)) = packet.meaning().filter(|_| packet.source.is_ipv6())
            && report.version == Version::V3
        {
            row.extend(record_row(&report.records));
        }
    } else if let Some((addresses, _)) = frame.to_string().split_once(" IP protocol ") {
        row.extend(addresses.split(" > ").map(str::to_owned));
    }
    row.resize(FIELDS.len(), String::new());
    row
}

/// The fields of the records of an MLDv2 Report.
fn record_row(records: &[(Group, Record)]) -> [String; 3] {
    let number = |kind| match kind {
        RecordType::IsIn => 1,
        RecordType::IsEx => 2,
        RecordType::ToIn => 3,
        RecordType::ToEx => 4,
        RecordType::Allow => 5,
        RecordType::Block => 6,
    };
    let sources: Vec<IpAddr> =
        records.iter().flat_map(|(_, record)| record.sources().iter().copied()).collect();
    [
        list(records, |(_, record)| number(record.kind()).to_string()),
        list(records, |(group, _)| group.to_string()),
        list(&sources, ToString::to_string),
    ]
}
