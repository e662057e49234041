//! Populations: each host is separate, and together they are one LAN.

use std::collections::BTreeSet;
use std::time::Duration;

use castnet::time::Instant;

use crate::capture::decode::{Packet, decode};
use crate::plan::{Plan, compile};
use crate::recording::Recording;
use crate::scenario::PacketKind;

/// A router that sends version 2 Queries, and a population of so many hosts.
fn plan(count: u32, acts: &str) -> Plan {
    let lan = format!(
        "[generate]\nlan = {{ hosts = {count} }}\nigmp-version = 2\n\
         igmp = {{ query-interval = \"20s\" }}\n"
    );
    compiled(&lan, acts)
}

/// A source and a population of so many version 3 hosts, without a querier.
fn unasked(count: u32, acts: &str) -> Plan {
    let lan = format!(
        "[links]\nlan1 = [\"s1\", \"h1\"]\n[nodes]\ns1 = {{ role = \"source\" }}\n\
         h1 = {{ role = \"listener\", count = {count} }}\n"
    );
    compiled(&lan, acts)
}

fn compiled(topology: &str, acts: &str) -> Plan {
    let text = format!(
        "title = \"a crowd\"\nend = \"30s\"\n{topology}{acts}\n[[expect]]\n\
         packet = {{ on = \"lan1\", kind = \"report\" }}\ncount = \">= 1\"\n"
    );
    compile("crowd.toml", &text).unwrap_or_else(|e| panic!("{}", e.render(false)))
}

fn act(at: &str, verb: &str) -> String {
    format!("[[act]]\nat = \"{at}\"\n{verb}\n")
}

fn run(plan: &Plan) -> Recording {
    super::super::run(plan, |_| true).unwrap().unwrap()
}

/// The packets of this kind sent on the LAN.
fn sent(plan: &Plan, recording: &Recording, kind: PacketKind) -> Vec<(Instant, Packet)> {
    let lan = plan.links.iter().position(|link| link.name == "lan1").unwrap();
    let frames = recording.frames.iter().filter(|f| f.outgoing && plan.ports[f.port].link == lan);
    let packets = frames.filter_map(|frame| Some((frame.at, decode(&frame.bytes)?)));
    packets.filter(|(_, packet)| packet.is(kind)).collect()
}

const JOIN: &str = "join = { who = \"h1\", group = \"239.1.1.1\" }";
const LEAVE: &str = "leave = { who = \"h1\", group = \"239.1.1.1\" }";
const ONE: &str = "join = { who = \"h1\", group = \"239.1.1.1\", from = [\"s1\"] }";
const OTHER: &str = "join = { who = \"h1\", group = \"239.1.1.1\", from = [\"10.9.9.9\"] }";
const SEND: &str = "send = { who = \"s1\", group = \"239.1.1.1\", rate = \"10pps\", for = \"5s\" }";

#[test]
fn in_version_2_one_report_silences_all_others() {
    let plan = plan(1000, &act("7s", JOIN));
    let recording = run(&plan);
    let reports = sent(&plan, &recording, PacketKind::V2Report);
    let senders: BTreeSet<_> = reports.iter().map(|(_, packet)| packet.source).collect();
    // One for the join and one for its repetition, one for the Query at 25 s.
    assert!((2..=4).contains(&reports.len()), "{reports:?}");
    assert!(senders.len() > 1, "{senders:?}");
}

#[test]
fn in_version_3_everybody_speaks_with_his_own_address() {
    let plan = unasked(300, &act("7s", JOIN));
    let recording = run(&plan);
    let reports = sent(&plan, &recording, PacketKind::V3Report);
    let senders: BTreeSet<_> = reports.iter().map(|(_, packet)| packet.source).collect();
    assert_eq!(senders.len(), 300);
    assert_eq!(reports.len(), 2 * 300, "each join is told twice");
    let macs: BTreeSet<Vec<u8>> = recording
        .frames
        .iter()
        .filter(|frame| decode(&frame.bytes).is_some_and(|p| p.is(PacketKind::V3Report)))
        .map(|frame| frame.bytes[6..12].to_vec())
        .collect();
    assert_eq!(macs.len(), 300);
}

#[test]
fn every_host_reads_every_datagram_while_it_is_a_member() {
    let acts = act("2s", JOIN) + &act("3s", SEND) + &act("6s", LEAVE);
    let recording = run(&plan(500, &acts));
    // 10 each second, from 3 s on; the act at 6 s comes before the datagram of that time.
    assert_eq!(recording.deliveries.len(), 30);
    assert_eq!(recording.unkept.reads, 30 * 500);
}

#[test]
fn who_reported_last_leaves_with_a_word_and_nobody_else() {
    let plan = plan(200, &(act("2s", JOIN) + &act("20s", LEAVE)));
    let recording = run(&plan);
    let last = sent(&plan, &recording, PacketKind::V2Report)
        .into_iter()
        .rfind(|(at, _)| *at < Instant::ZERO + Duration::from_secs(20))
        .unwrap();
    let leaves = sent(&plan, &recording, PacketKind::Leave);
    assert_eq!(leaves.len(), 1, "{leaves:?}");
    assert_eq!(leaves[0].1.source, last.1.source);
}

#[test]
fn hosts_come_and_go_at_the_rate_and_for_the_time_that_is_said() {
    let churn = "churn = { who = \"h1\", group = \"239.1.1.1\", rate = \"50/s\", stay = \"2s\", for = \"25s\" }";
    let send = "send = { who = \"s1\", group = \"239.1.1.1\", rate = \"100pps\", for = \"15s\" }";
    let plan = unasked(10_000, &(act("0s", churn) + &act("10s", send)));
    let recording = run(&plan);
    // 50 a second who stay 2 s are 100 at a time, and each reads 100 in a second for 15 s.
    let members = recording.unkept.reads as f64 / (100.0 * 15.0);
    assert!((80.0..120.0).contains(&members), "{members} members on average");
    assert_eq!(format!("{recording:?}"), format!("{:?}", run(&plan)));
}

#[test]
fn a_host_that_is_down_with_all_others_hears_nothing() {
    let down = "down = { who = \"h1\", link = \"lan1\" }";
    let up = "up = { who = \"h1\", link = \"lan1\" }";
    let acts = act("2s", JOIN) + &act("3s", SEND) + &act("4s", down) + &act("5s", up);
    let recording = run(&plan(50, &acts));
    let (from, to) = (Duration::from_secs(4), Duration::from_secs(5));
    let silent = |at: Instant| !(from..to).contains(&at.since_start());
    assert!(recording.deliveries.iter().all(|delivery| silent(delivery.at)));
    assert_eq!(recording.unkept.reads, 40 * 50);
}

/// The Reports of version 3 on the LAN of a source and these listeners, sorted, without senders.
fn said(listeners: &[&str], acts: &str) -> Vec<String> {
    let names: String = listeners.iter().map(|node| format!(", \"{}\"", &node[..2])).collect();
    let nodes: String = listeners
        .iter()
        .map(|node| format!("{} = {{ role = \"listener\" {} }}\n", &node[..2], &node[2..]))
        .collect();
    let lan =
        format!("[links]\nlan1 = [\"s1\"{names}]\n[nodes]\ns1 = {{ role = \"source\" }}\n{nodes}");
    let plan = compiled(&lan, acts);
    let reports = sent(&plan, &run(&plan), PacketKind::V3Report).into_iter();
    let mut said: Vec<String> = reports
        .map(|(_, packet)| packet.to_string().split_once(" > ").unwrap().1.to_owned())
        .collect();
    said.sort_unstable();
    said
}

#[test]
fn a_crowd_says_of_sources_what_so_many_listeners_say() {
    let acts = [("2s", ONE), ("6s", OTHER), ("10s", JOIN), ("14s", ONE), ("18s", LEAVE)];
    let of_all: String = acts.iter().map(|(at, verb)| act(at, verb)).collect();
    let each = ["h1", "h2", "h3"].map(|who| of_all.replace("\"h1\"", &format!("\"{who}\"")));
    let crowd = said(&["h1, count = 3"], &of_all);
    assert_eq!(crowd, said(&["h1", "h2", "h3"], &each.concat()));
    for record in ["ALLOW(239.1.1.1, {10.0.1.1})", "BLOCK(239.1.1.1, {10.0.1.1})", "TO_EX", "TO_IN"]
    {
        assert!(crowd.iter().any(|report| report.contains(record)), "{record}: {crowd:#?}");
    }
}

#[test]
fn hosts_read_the_sources_that_they_want() {
    // All of them want the source for 2 s of 5 s, and then others.
    let acts = act("2s", ONE) + &act("3s", SEND) + &act("5s", OTHER);
    let recording = run(&unasked(100, &acts));
    assert_eq!(recording.unkept.reads, 20 * 100);
    assert_eq!(recording.deliveries.len(), 20);
    let except = "join = { who = \"h1\", group = \"239.1.1.1\", exclude = [\"s1\"] }";
    let recording = run(&unasked(100, &(act("2s", except) + &act("3s", SEND))));
    assert_eq!((recording.unkept.reads, recording.deliveries.len()), (0, 0));
}

#[test]
fn who_comes_and_goes_wants_the_sources_that_are_named() {
    let churn = |sources: &str| {
        let churn = "churn = { who = \"h1\", group = \"239.1.1.1\", rate = \"50/s\", stay = \"2s\"";
        let plan = unasked(1000, &(act("0s", &format!("{churn}{sources} }}")) + &act("10s", SEND)));
        run(&plan).unkept.reads
    };
    assert_eq!(churn(", from = [\"10.9.9.9\"]"), 0);
    assert_eq!(churn(", exclude = [\"s1\"]"), 0);
    assert!(churn(", from = [\"s1\"]") > 0);
    assert_eq!(churn(", from = [\"s1\"]"), churn(""), "the same hosts at the same times");
}
