//! Every message of MLD in a packet, sound and damaged, behind either padding of Router Alert and behind
//! other extension headers: castnet and tshark read them alike.

use std::fs;
use std::net::Ipv6Addr;
use std::path::Path;
use std::process::Command;

use castnet::wire::icmpv6::Ends;
use castnet::wire::ipv6::{Ipv6Header, Ipv6Packet, decode};
use castnet::wire::mld::{
    self, GroupRecord, Message, Query, RecordKind, V2Query, V2Report, Version,
};
use castnet_lab::capture::decode::{Content, decode_ip};
use libtest_mimic::Failed;

use super::{list, normal};

const HOST: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2);
const GROUP: Ipv6Addr = Ipv6Addr::new(0xff05, 0, 0, 0, 0, 0, 1, 3);
const CHANNEL: Ipv6Addr = Ipv6Addr::new(0xff3e, 0, 0, 0, 0, 0, 0x8000, 1);
const SOURCES: [Ipv6Addr; 2] = [
    Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1),
    Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2),
];
const ENDS: Ends = Ends { source: HOST, destination: GROUP };

const FIELDS: [&str; 20] = [
    "ipv6.src",
    "ipv6.dst",
    "ipv6.hlim",
    "ipv6.opt.router_alert",
    "icmpv6.checksum.status",
    "icmpv6.type",
    "icmpv6.mld.maximum_response_delay",
    "icmpv6.mld.maximum_response_code",
    "icmpv6.mld.multicast_address",
    "icmpv6.mld.flag.s",
    "icmpv6.mld.flag.qrv",
    "icmpv6.mld.qqi",
    "icmpv6.mld.nb_sources",
    "icmpv6.mld.source_address",
    "icmpv6.mldr.nb_mcast_records",
    "icmpv6.mldr.mar.record_type",
    "icmpv6.mldr.mar.aux_data_len",
    "icmpv6.mldr.mar.nb_sources",
    "icmpv6.mldr.mar.multicast_address",
    "icmpv6.mldr.mar.source_address",
];

/// The first of the fields that are read only if the checksum is right.
const MESSAGE: usize = 5;

fn messages() -> Vec<Message> {
    let all = Ipv6Addr::UNSPECIFIED;
    let query = |max_resp_code, group, v2| Message::Query(Query { max_resp_code, group, v2 });
    let v2 = |suppress, robustness, interval_code, sources: &[Ipv6Addr]| {
        let sources = sources.to_vec();
        Some(V2Query { flags: 0, suppress, robustness, interval_code, sources })
    };
    let record = |kind, group, sources: &[Ipv6Addr], aux: &[u8]| {
        let record = GroupRecord::new(kind, group, sources.to_vec());
        GroupRecord { aux: aux.to_vec(), ..record }
    };
    vec![
        query(0, all, None),
        query(10_000, all, None),
        query(65_535, GROUP, None),
        query(10_000, all, v2(false, 2, 125, &[])),
        query(32_767, GROUP, v2(true, 7, 0, &[])),
        query(0x9000, CHANNEL, v2(false, 0, 0x8a, &SOURCES)),
        Message::V1Report { group: GROUP },
        Message::Done { group: CHANNEL },
        Message::V2Report(V2Report::new(vec![])),
        Message::V2Report(V2Report::new(vec![record(RecordKind::ToEx, GROUP, &[], &[])])),
        Message::V2Report(V2Report::new(vec![
            record(RecordKind::IsIn, CHANNEL, &SOURCES, &[]),
            record(RecordKind::IsEx, GROUP, &[], &[1, 2, 3, 4]),
            record(RecordKind::ToIn, GROUP, &[], &[]),
            record(RecordKind::Allow, CHANNEL, &SOURCES[..1], &[9; 8]),
            record(RecordKind::Block, CHANNEL, &SOURCES, &[]),
        ])),
    ]
}

/// Each message in the usual packet, damaged, without Router Alert, and behind other headers.
fn packets() -> Vec<Vec<u8>> {
    let usual = Ipv6Header::mld(HOST, GROUP);
    let bare = Ipv6Header { router_alert: false, hop_limit: 255, ..usual };
    let behind = |next, extensions: &[u8], payload: &[u8]| {
        let header = Ipv6Header { protocol: next, ..bare };
        header.encode(&[extensions, payload].concat()).unwrap()
    };
    let mut packets = Vec::new();
    for message in messages() {
        let mut payload = message.encode(ENDS).unwrap();
        packets.push(usual.encode(&payload).unwrap());
        packets.push(bare.encode(&payload).unwrap());
        // Two Pad1, as a bridge of Linux sends it, and another value than that of MLD.
        packets.push(behind(0, &[58, 0, 5, 2, 0, 0, 0, 0], &payload));
        packets.push(behind(0, &[58, 0, 5, 2, 0, 1, 1, 0], &payload));
        // Destination Options behind Hop-by-Hop Options with PadN first.
        packets.push(behind(0, &[60, 0, 1, 0, 5, 2, 0, 0, 58, 0, 1, 4, 0, 0, 0, 0], &payload));
        payload[2] ^= 0x40;
        packets.push(usual.encode(&payload).unwrap());
    }
    packets
}

pub(super) fn every_message() -> Result<(), Failed> {
    let theirs = by_tshark(&packets())?;
    let ours: Vec<Vec<String>> = packets().iter().map(|packet| row(packet)).collect();
    if theirs.len() != ours.len() {
        return Err(format!("tshark reads {} frames, not {}", theirs.len(), ours.len()).into());
    }
    let mut seen = [false; FIELDS.len()];
    for (number, (theirs, ours)) in (1..).zip(theirs.iter().zip(&ours)) {
        let known = if ours[MESSAGE - 1] == "0" { MESSAGE } else { FIELDS.len() };
        for (n, field) in FIELDS.iter().enumerate().take(known) {
            let (theirs, ours) = (&theirs[n], &ours[n]);
            if theirs != ours {
                let what = format!("frame {number}: {field}: tshark `{theirs}`, castnet `{ours}`");
                return Err(what.into());
            }
            seen[n] |= !theirs.is_empty();
        }
    }
    // A field that never has a value would prove nothing.
    match seen.iter().position(|seen| !seen) {
        Some(n) => Err(format!("{} was never seen", FIELDS[n]).into()),
        None => Ok(()),
    }
}

/// The fields of each packet by tshark, from a capture of raw IP.
fn by_tshark(packets: &[Vec<u8>]) -> Result<Vec<Vec<String>>, Failed> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tshark-every-mld.pcap");
    // draft-ietf-opsawg-pcap: version 2.4, link type 101.
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0];
    file.extend(101_u32.to_le_bytes());
    for packet in packets {
        let length = u32::try_from(packet.len())?;
        file.extend([0, 0, length, length].iter().flat_map(|n: &u32| n.to_le_bytes()));
        file.extend(packet);
    }
    fs::write(&path, file)?;
    let mut command = Command::new("tshark");
    command.env("WIRESHARK_CONFIG_DIR", path.with_extension("none")).arg("-n").arg("-r").arg(&path);
    command.args(["-T", "fields", "-E", "separator=/t", "-E", "occurrence=a"]);
    command.args(FIELDS.iter().flat_map(|field| ["-e", field]));
    let rows = String::from_utf8(command.output()?.stdout)?;
    fs::remove_file(path)?;
    Ok(rows.lines().map(|line| line.split('\t').map(normal).collect()).collect())
}

fn row(bytes: &[u8]) -> Vec<String> {
    let Ipv6Packet { source, destination, hop_limit, router_alert, payload, .. } =
        decode(bytes).unwrap();
    let captured = decode_ip(bytes).unwrap();
    assert_eq!((captured.ttl, captured.router_alert), (hop_limit, router_alert == Some(0)));
    let mut row = vec![source.to_string(), destination.to_string(), hop_limit.to_string()];
    row.push(router_alert.map_or_else(String::new, |value| value.to_string()));
    match mld::decode(payload, Ends { source, destination }, Version::V3) {
        Ok(decoded) => {
            assert!(matches!(captured.content, Content::Gmp(_)));
            row.push("1".to_owned());
            row.extend(message_row(&decoded.message));
        }
        Err(error) => {
            assert!(error.is_checksum() && matches!(captured.content, Content::BadGmp(_)));
            row.push("0".to_owned());
        }
    }
    row.resize(FIELDS.len(), String::new());
    row
}

/// The fields from `icmpv6.type` on.
fn message_row(message: &Message) -> Vec<String> {
    let mut row = vec![message.kind().to_string()];
    let none = String::new;
    row.extend(match message {
        Message::Query(Query { max_resp_code, group, v2: None }) => {
            vec![max_resp_code.to_string(), none(), group.to_string()]
        }
        Message::Query(query @ Query { group, v2: Some(v2), .. }) => vec![
            none(),
            // tshark gives the times of the codes, in milliseconds and seconds.
            query.max_resp().as_millis().to_string(),
            group.to_string(),
            u8::from(v2.suppress).to_string(),
            v2.robustness.to_string(),
            v2.interval().as_secs().to_string(),
            v2.sources.len().to_string(),
            list(&v2.sources, ToString::to_string),
        ],
        Message::V1Report { group } | Message::Done { group } => {
            vec!["0".into(), none(), group.to_string()]
        }
        Message::V2Report(report) => {
            let records = &report.records;
            let sources: Vec<Ipv6Addr> =
                records.iter().flat_map(|one| one.sources.clone()).collect();
            let mut row = vec![none(); 8];
            row.extend([
                records.len().to_string(),
                list(records, |one| one.kind.octet().to_string()),
                list(records, |one| (one.aux.len() / 4).to_string()),
                list(records, |one| one.sources.len().to_string()),
                list(records, |one| one.group.to_string()),
                list(&sources, ToString::to_string),
            ]);
            row
        }
        Message::Unknown { .. } => Vec::new(),
    });
    row
}
