//! tshark reads frames, and castnet's captures, as castnet does: message by message, field by
//! field, to the nanosecond.
//!
//! Without tshark the tests are ignored, loudly, or fail if `CASTNET_REQUIRE_TSHARK=1` demands it;
//! likewise, with `CASTNET_REQUIRE_NETNS=1`, the test that needs the right to make namespaces.

mod foreign;
mod golden;
mod made;
mod mld;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use castnet::time::Instant;
use castnet::wire::igmp::{self, Message, Query, V3Report, Version};
use castnet::wire::ipv4;
use castnet_lab::backend::{Cancel, netns};
use castnet_lab::capture::decode::{Content, decode};
use castnet_lab::capture::{ethernet, pcapng};
use castnet_lab::judge::judge;
use castnet_lab::lab::privilege;
use castnet_lab::plan::{Plan, load};
use castnet_lab::recording::{Frame, Recording};
use libtest_mimic::{Arguments, Failed, Trial};
use made::{packets, synthetic};

/// Why a test cannot run here, and whether it must.
struct Missing {
    why: String,
    required: bool,
}

fn main() -> ExitCode {
    // Before the first thread.
    let privilege = privilege::enter();
    let arguments = Arguments::from_args();
    let tshark = Command::new("tshark").arg("--version").output();
    let tshark = tshark.err().map(|error| Missing {
        why: format!("tshark is not installed: {error}"),
        required: required("CASTNET_REQUIRE_TSHARK"),
    });
    let netns = privilege.err().map(|refusal| Missing {
        why: refusal.to_string(),
        required: required("CASTNET_REQUIRE_NETNS"),
    });
    for missing in [&tshark, &netns].into_iter().flatten().filter(|missing| !missing.required) {
        eprintln!("SKIPPED: {}", missing.why);
    }
    let trials = vec![
        trial("every_message_is_read_alike", &[&tshark], every_message),
        trial("every_message_of_mld_is_read_alike", &[&tshark], mld::every_message),
        trial("every_field_is_seen_at_work", &[&tshark], every_field),
        trial("every_message_is_as_it_was", &[], golden::is_as_it_was),
        trial("captures_of_other_tools_are_read_alike", &[&tshark], foreign::are_read_alike),
        trial("a_run_on_the_kernel_is_read_alike", &[&tshark, &netns], kernel_run),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn required(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| value == "1")
}

fn trial(name: &str, needs: &[&Option<Missing>], body: fn() -> Result<(), Failed>) -> Trial {
    match needs.iter().find_map(|missing| missing.as_ref()) {
        None => Trial::test(name, body),
        Some(Missing { why, required }) => {
            let why = why.clone();
            Trial::test(name, move || Err(why.into())).with_ignored_flag(!required)
        }
    }
}

/// The fields that are compared, by tshark's names.
const FIELDS: [&str; 23] = [
    "frame.interface_name",
    "frame.time_epoch",
    "frame.len",
    "ip.src",
    "ip.dst",
    "ip.ttl",
    "ip.opt.ra",
    "ip.checksum.status",
    "udp.checksum.status",
    "igmp.checksum.status",
    "igmp.type",
    "igmp.version",
    "igmp.max_resp",
    "igmp.maddr",
    "igmp.s",
    "igmp.qrv",
    "igmp.qqic",
    "igmp.num_src",
    "igmp.saddr",
    "igmp.num_grp_recs",
    "igmp.record_type",
    "igmp.aux_data_len",
    "igmp.aux_data",
];

/// The first of the fields that are read only if the IGMP checksum is right.
const MESSAGE: usize = 10;

/// One value for each of [`FIELDS`]; a list is joined by commas, and a missing field is empty.
type Row = Vec<String>;

/// Writes the capture of the run and has tshark read these fields: a row for each frame, in the file's
/// order.
fn read_by_tshark(
    plan: &Plan,
    recording: &Recording,
    name: &str,
    fields: &[&str],
) -> Result<Vec<Row>, Failed> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.pcapng"));
    let remarks = judge(plan, recording).remarks();
    pcapng::write(File::create(&path)?, plan, recording, &remarks)?;
    let mut command = Command::new("tshark");
    // The user's own preferences and colours do not matter here.
    command.env("WIRESHARK_CONFIG_DIR", path.with_extension("none")).arg("-n").arg("-r").arg(&path);
    command.args(["-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"]);
    command.args(["-T", "fields", "-E", "separator=/t", "-E", "occurrence=a"]);
    command.args(fields.iter().flat_map(|field| ["-e", field]));
    let output = command.output()?;
    let complaints = String::from_utf8_lossy(&output.stderr);
    let complaints: Vec<&str> =
        complaints.lines().filter(|line| !line.starts_with("Running as user")).collect();
    if !output.status.success() || !complaints.is_empty() {
        return Err(format!("tshark of {}: {}", path.display(), complaints.join("\n")).into());
    }
    let rows = String::from_utf8(output.stdout)?;
    let rows = rows.lines().map(|line| line.split('\t').map(normal).collect()).collect();
    fs::remove_file(path)?;
    Ok(rows)
}

/// A value as tshark 4.0 writes it: other versions write True for 1.
fn normal(value: &str) -> String {
    match value {
        "True" => "1".to_owned(),
        "False" => "0".to_owned(),
        _ => value.to_owned(),
    }
}

/// The rows of the run as castnet reads it.
fn read_by_castnet(plan: &Plan, recording: &Recording) -> Vec<Row> {
    let sent = recording.frames.iter().filter(|frame| frame.outgoing);
    sent.map(|frame| row(plan, recording, frame)).collect()
}

fn row(plan: &Plan, recording: &Recording, frame: &Frame) -> Row {
    let at = recording.epoch + frame.at.since(Instant::ZERO);
    let mut row = vec![
        plan.port_name(frame.port),
        format!("{}.{:09}", at.as_secs(), at.subsec_nanos()),
        frame.original_len.to_string(),
    ];
    if let Some(packet) = decode(&frame.bytes) {
        let status = |good: bool| if good { "1" } else { "0" }.to_owned();
        row.extend([packet.source.to_string(), packet.destination.to_string()]);
        row.push(packet.ttl.to_string());
        row.push(if packet.router_alert { "0" } else { "" }.to_owned());
        // A packet with a wrong header checksum would not be decoded.
        row.push(status(true));
        row.push(if let Content::Data(_) = packet.content { status(true) } else { String::new() });
        row.extend(match &packet.content {
            Content::Gmp(_) => match message(&frame.bytes) {
                // tshark does not check a type that it does not know.
                Message::Unknown { kind } => vec!["".into(), format!("{kind:#04x}")],
                message => [&[status(true)], &message_row(&message)[..]].concat(),
            },
            Content::BadGmp(_) => vec![status(false)],
            _ => Vec::new(),
        });
    }
    row.resize(FIELDS.len(), String::new());
    row
}

/// The sound IGMP message in an Ethernet frame.
fn message(frame: &[u8]) -> Message {
    let packet = ipv4::decode(&frame[ethernet::HEADER..]).unwrap();
    igmp::decode(packet.payload, Version::V3).unwrap().message
}

/// The fields from `igmp.type` on.
fn message_row(message: &Message) -> Row {
    let mut row = vec![format!("{:#04x}", message.kind())];
    row.extend(match message {
        Message::Query(query) => query_row(query),
        Message::V1Report { group } => vec!["1".into(), String::new(), group.to_string()],
        Message::V2Report { group } | Message::Leave { group } => {
            vec!["2".into(), "0".into(), group.to_string()]
        }
        Message::V3Report(report) => report_row(report),
        Message::Unknown { .. } => Vec::new(),
    });
    row.resize(FIELDS.len() - MESSAGE, String::new());
    row
}

fn query_row(query: &Query) -> Row {
    let tenths = |duration: Duration| (duration.as_millis() / 100).to_string();
    let version = query.version().to_string().replace('v', "");
    let group = query.group.to_string();
    match &query.v3 {
        None if query.max_resp_code == 0 => vec![version, String::new(), group],
        None => vec![version, tenths(query.max_resp_v2()), group],
        Some(v3) => vec![
            version,
            tenths(query.max_resp_v3()),
            group,
            u8::from(v3.suppress).to_string(),
            v3.robustness.to_string(),
            v3.interval_code.to_string(),
            v3.sources.len().to_string(),
            list(&v3.sources, ToString::to_string),
        ],
    }
}

fn report_row(report: &V3Report) -> Row {
    let records = &report.records;
    let sources: Vec<Ipv4Addr> = records.iter().flat_map(|one| one.sources.clone()).collect();
    let hex = |octets: &Vec<u8>| octets.iter().map(|octet| format!("{octet:02x}")).collect();
    let aux: Vec<Vec<u8>> =
        records.iter().map(|one| one.aux.clone()).filter(|aux| !aux.is_empty()).collect();
    vec![
        "3".into(),
        String::new(),
        list(records, |one| one.group.to_string()),
        String::new(),
        String::new(),
        String::new(),
        list(records, |one| one.sources.len().to_string()),
        list(&sources, ToString::to_string),
        records.len().to_string(),
        list(records, |one| one.kind.octet().to_string()),
        list(records, |one| (one.aux.len() / 4).to_string()),
        list(&aux, hex),
    ]
}

fn list<T>(items: &[T], text: impl Fn(&T) -> String) -> String {
    items.iter().map(text).collect::<Vec<_>>().join(",")
}

/// Compares both readings of the whole run; returns the number of frames.
fn compare(plan: &Plan, recording: &Recording, name: &str) -> Result<usize, Failed> {
    let theirs = read_by_tshark(plan, recording, name, &FIELDS)?;
    let ours = read_by_castnet(plan, recording);
    if theirs.len() != ours.len() {
        return Err(format!("tshark reads {} frames, not {}", theirs.len(), ours.len()).into());
    }
    for (number, (theirs, ours)) in (1..).zip(theirs.iter().zip(&ours)) {
        // castnet reads only the checksum of a message whose checksum is wrong.
        let known = if ours[MESSAGE - 1] == "0" { MESSAGE } else { FIELDS.len() };
        for (field, (theirs, ours)) in FIELDS.iter().zip(theirs.iter().zip(ours)).take(known) {
            if theirs != ours {
                let what = format!("frame {number}: {field}: tshark `{theirs}`, castnet `{ours}`");
                return Err(what.into());
            }
        }
    }
    Ok(ours.len())
}

fn kernel_run() -> Result<(), Failed> {
    let scenario = "../scenarios/igmp/v2/leave-one-of-two.toml";
    let plans = load(&Path::new(env!("CARGO_MANIFEST_DIR")).join(scenario))?;
    let plan = plans.first().ok_or("no scenario")?;
    let recording = netns::run(plan, &Cancel::new())?;
    compare(plan, &recording, "tshark-kernel-run")?;
    every_act(plan, &recording)?;
    let sent = recording.frames.iter().filter(|frame| frame.outgoing);
    let packets: Vec<String> =
        sent.filter_map(|frame| decode(&frame.bytes)).map(|packet| packet.to_string()).collect();
    for what in ["Membership Query", "Membership Report", "Leave Group", "datagram"] {
        if !packets.iter().any(|packet| packet.contains(what)) {
            return Err(format!("there was no {what} in the run").into());
        }
    }
    Ok(())
}

/// Each act is a comment on the first frame that is not before it, as tshark reads it.
fn every_act(plan: &Plan, recording: &Recording) -> Result<(), Failed> {
    let rows = read_by_tshark(plan, recording, "tshark-every-act", &["frame.comment"])?;
    let sent: Vec<&Frame> = recording.frames.iter().filter(|frame| frame.outgoing).collect();
    for (act, done) in plan.acts.iter().zip(&recording.acts) {
        let done = done.ok_or("an act was not done")?;
        let frame = sent.iter().position(|frame| frame.at >= done).unwrap_or(sent.len() - 1);
        let found = rows.get(frame).and_then(|row| row.first()).map_or("", String::as_str);
        if !found.contains(&format!("act at {done:.6}: {}", act.words)) {
            return Err(format!("`{}` is not in `{found}`, frame {}", act.words, frame + 1).into());
        }
    }
    Ok(())
}

fn every_message() -> Result<(), Failed> {
    let (plan, recording) = synthetic();
    let frames = compare(&plan, &recording, "tshark-every-message")?;
    if frames != packets().len() {
        return Err(format!("{frames} frames for {} packets", packets().len()).into());
    }
    Ok(())
}

/// Comparing a field that tshark does not know, or that never has a value, would prove nothing.
fn every_field() -> Result<(), Failed> {
    let (plan, recording) = synthetic();
    let rows = read_by_tshark(&plan, &recording, "tshark-every-field", &FIELDS)?;
    for (n, field) in FIELDS.iter().enumerate() {
        let values: BTreeSet<&str> =
            rows.iter().filter_map(|row| row.get(n)).map(String::as_str).collect();
        // Each packet here has a good IP header.
        let least = if *field == "ip.checksum.status" { 1 } else { 2 };
        if values.len() < least || values.iter().all(|value| value.is_empty()) {
            return Err(format!("{field} is only ever {values:?}").into());
        }
    }
    Ok(())
}
