//! Captures of situations that operators ask about, written down frame by frame.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use castnet::addr::Group;
use castnet::gmp::message::{Message, Query, Record, Report, Sources, Version};
use castnet::wire::ip::Header;
use castnet::wire::ipv4;
use castnet::{igmp, mld};
use etherparse::PacketBuilder;

use super::*;
use crate::capture::link::LinkType;

mod answers;
mod captured;

const SOURCE: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 9);
const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 1);
const HOST: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 7);
const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 1);
const ALL: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);

fn group(address: IpAddr) -> Group {
    Group::new(address).unwrap()
}

/// A capture that is being made. Times are in milliseconds.
#[derive(Default)]
struct Capture {
    frames: Vec<(u64, CapturedFrame)>,
}

impl Capture {
    fn push(&mut self, at: u64, interface: &str, outgoing: bool, bytes: Vec<u8>) {
        let frame = CapturedFrame {
            stamp: Some(Duration::from_secs(1_800_000_000) + Duration::from_millis(at)),
            interface: interface.to_owned(),
            link_type: LinkType::RAW,
            outgoing: Some(outgoing),
            original_len: bytes.len(),
            bytes,
            comments: Vec::new(),
        };
        self.frames.push((at, frame));
    }

    fn igmp(&mut self, at: u64, interface: &str, from: Ipv4Addr, to: Ipv4Addr, message: &Message) {
        let message = igmp::message(message).unwrap();
        let bytes = ipv4::encode_igmp(from, to, &message).unwrap();
        self.push(at, interface, from == HOST, bytes);
    }

    /// General Queries of version 2 at these times.
    fn queries(&mut self, interface: &str, from: Ipv4Addr, times: impl IntoIterator<Item = u64>) {
        for at in times {
            let query = Query::older(Version::V2, None, Duration::from_secs(10));
            self.igmp(at, interface, from, ALL, &Message::Query(query));
        }
    }

    /// Reports of version 2 at these times.
    fn reports(&mut self, interface: &str, times: impl IntoIterator<Item = u64>) {
        for at in times {
            self.igmp(at, interface, HOST, GROUP, &report(Record::IsEx));
        }
    }

    /// Ten datagrams a second of the source to the group.
    fn stream(&mut self, interface: &str, ttl: u8, times: std::ops::Range<u64>) {
        for at in times.step_by(100) {
            let mut bytes = Vec::new();
            PacketBuilder::ipv4(SOURCE.octets(), GROUP.octets(), ttl)
                .udp(5000, 5000)
                .write(&mut bytes, &[0; 100])
                .unwrap();
            self.push(at, interface, false, bytes);
        }
    }

    fn explain(mut self) -> Explained {
        self.frames.sort_by_key(|(at, _)| *at);
        let mut explainer = Explainer::default();
        self.frames.iter().for_each(|(_, frame)| explainer.add(frame));
        explainer.finish()
    }
}

fn report(kind: fn(Sources) -> Record) -> Message {
    let record = kind(Sources::new());
    Message::Report(Report { version: Version::V2, records: vec![(group(GROUP.into()), record)] })
}

fn faults(explained: &Explained) -> Vec<(What, &str)> {
    let faults = explained.findings.iter().filter(|finding| finding.is_fault);
    faults.map(|finding| (finding.what, finding.link.as_str())).collect()
}

fn words(explained: &Explained, what: What) -> &str {
    &explained.findings.iter().find(|finding| finding.what == what).unwrap().words
}

const HOUR: [u64; 5] = [1_000, 126_000, 251_000, 376_000, 501_000];

#[test]
fn a_sound_capture_has_no_faults_and_all_its_facts() {
    let mut capture = Capture::default();
    capture.queries("eth0", ROUTER, HOUR);
    capture.reports("eth0", HOUR.map(|at| at + 3_000));
    capture.stream("eth0", 4, 5_000..600_000);
    let explained = capture.explain();
    assert_eq!(explained.findings, []);
    assert_eq!(
        (explained.frames, explained.length),
        (5 + 5 + 5950, Duration::from_millis(598_900))
    );
    let link = &explained.links["eth0"];
    let querier = &link.queriers[&IpAddr::from(ROUTER)];
    assert_eq!((querier.general_queries, querier.spacing), (5, Some(Duration::from_secs(125))));
    let member = &link.members[&(group(GROUP.into()), HOST.into())];
    assert_eq!((member.reports, member.left, member.outgoing), (5, None, Some(true)));
    let stream = &link.streams[&(group(GROUP.into()), SOURCE.into())];
    assert_eq!((stream.datagrams, stream.octets, stream.lost), (5950, 5950 * 108, 0));
    assert!((stream.rate() - 10.0).abs() < 0.01, "{}", stream.rate());
}

// RFC2236-8.4-01: RV x QI + QRI.
#[test]
fn a_querier_that_fell_silent_ends_the_stream_at_gmi() {
    let mut capture = Capture::default();
    capture.queries("eth0", ROUTER, [1_000, 126_000, 251_000]);
    capture.reports("eth0", [2_000, 127_000, 255_000]);
    capture.stream("eth0", 4, 2_000..515_000);
    capture.stream("eth1", 4, 2_000..700_000);
    let explained = capture.explain();
    assert_eq!(faults(&explained), [(What::QuerierSilent, "eth0"), (What::Stopped, "eth0")][..]);
    assert_eq!(
        words(&explained, What::Stopped),
        "(10.0.1.9, 239.1.1.1) stopped: the last Report was 259.900 s (frame 5066) before, and GMI (RV 2 \
         x QI 125.000 s + QRI 10.000 s = 260.000 s) was over: nobody asked, the last General Query was \
         263.900 s (frame 4985) before"
    );
}

#[test]
fn a_host_behind_a_firewall_does_not_answer() {
    let mut capture = Capture::default();
    capture.queries("eth0", ROUTER, HOUR);
    capture.reports("eth0", [2_000]);
    capture.stream("eth0", 4, 2_000..262_000);
    let explained = capture.explain();
    assert_eq!(faults(&explained), [(What::Unanswered, "eth0"), (What::Stopped, "eth0")][..]);
    let said = words(&explained, What::Stopped);
    assert!(said.contains("no host answered the last 2 Queries"), "{said}");
    let said = words(&explained, What::Unanswered);
    assert!(
        said.starts_with("10.0.2.7 had asked for 239.1.1.1, and did not answer 3 Queries"),
        "{said}"
    );
}

// RFC 4541 section 2.1.1: a switch that snoops needs Queries.
#[test]
fn snooping_without_a_querier_forgets_the_host() {
    let mut capture = Capture::default();
    capture.reports("eth0", [2_000]);
    capture.stream("eth0", 4, 2_100..262_000);
    capture.reports("eth0", [700_000]);
    let explained = capture.explain();
    assert_eq!(faults(&explained), [(What::NoQuerier, "eth0"), (What::Stopped, "eth0")][..]);
    let said = words(&explained, What::Stopped);
    assert!(said.contains("nobody asks on this link, it has no querier"), "{said}");
}

#[test]
fn a_ttl_of_1_is_a_fault_where_nobody_wants_the_stream() {
    let mut capture = Capture::default();
    capture.queries("eth0", ROUTER, [1_000, 126_000]);
    capture.reports("eth0", [2_000, 128_000]);
    capture.stream("eth1", 1, 0..140_000);
    capture.queries("eth1", ROUTER, [1_000, 126_000]);
    let explained = capture.explain();
    assert_eq!(faults(&explained), [(What::Ttl, "eth1"), (What::NotForwarded, "eth0")][..]);
    let said = words(&explained, What::NotForwarded);
    assert!(said.ends_with("it has TTL 1 there, which no router forwards"), "{said}");
}

#[test]
fn a_host_that_asks_on_the_wrong_interface_is_told_which_is_right() {
    let mut capture = Capture::default();
    for interface in ["eth0", "eth1"] {
        capture.queries(interface, ROUTER, [1_000, 126_000]);
    }
    capture.reports("eth0", [2_000, 128_000]);
    capture.stream("eth1", 9, 0..140_000);
    let explained = capture.explain();
    assert_eq!(faults(&explained), [(What::WrongInterface, "eth0")][..]);
    let said = words(&explained, What::WrongInterface);
    assert!(said.contains("10.0.2.7 asked for 239.1.1.1 on eth0"), "{said}");
    assert!(said.contains("this host asks on the wrong interface"), "{said}");
}

// A stream that ends because nobody wants it any more is no fault.
#[test]
fn a_leave_explains_the_end_of_a_stream() {
    let mut capture = Capture::default();
    capture.queries("eth0", ROUTER, HOUR);
    capture.reports("eth0", [2_000, 127_000]);
    capture.stream("eth0", 4, 2_000..202_000);
    capture.igmp(200_000, "eth0", HOST, [224, 0, 0, 2].into(), &report(Record::ToIn));
    let explained = capture.explain();
    assert_eq!(faults(&explained), []);
    let said = words(&explained, What::Stopped);
    assert!(
        said.ends_with("the last member that was seen left at 199.000 s (frame 1986)"),
        "{said}"
    );
}

#[test]
fn a_stream_that_stops_while_members_are_there_has_its_cause_elsewhere() {
    let mut capture = Capture::default();
    capture.queries("eth0", ROUTER, [1_000, 126_000, 251_000]);
    capture.reports("eth0", [2_000, 127_000, 252_000]);
    capture.stream("eth0", 4, 2_000..150_000);
    let explained = capture.explain();
    assert_eq!(faults(&explained), [(What::Stopped, "eth0")][..]);
    let said = words(&explained, What::Stopped);
    assert!(said.contains("a member had reported 22.900 s (frame"), "{said}");
}

// RFC2236-3-02
#[test]
fn the_higher_of_two_queriers_should_be_silent() {
    let mut capture = Capture::default();
    let higher = Ipv4Addr::new(10, 0, 2, 2);
    capture.queries("eth0", ROUTER, [10_000, 135_000, 260_000]);
    capture.queries("eth0", higher, [1_000, 126_000, 251_000]);
    assert_eq!(faults(&capture.explain()), [(What::SeveralQueriers, "eth0")][..]);
    // One that takes over after the lower one has died is right.
    let mut capture = Capture::default();
    capture.queries("eth0", ROUTER, [1_000, 126_000]);
    capture.queries("eth0", higher, [381_000, 412_000]);
    assert_eq!(faults(&capture.explain()), []);
}

#[test]
fn numbers_of_rtp_tell_what_was_lost() {
    let mut capture = Capture::default();
    for (index, sequence) in [65_534_u16, 65_535, 2, 2, 3].into_iter().enumerate() {
        let [high, low] = sequence.to_be_bytes();
        let rtp = [&[0x80, 33, high, low][..], &[0; 16]].concat();
        let mut bytes = Vec::new();
        let to = PacketBuilder::ipv4(SOURCE.octets(), GROUP.octets(), 4).udp(5004, 5004);
        to.write(&mut bytes, &rtp).unwrap();
        capture.push(index as u64 * 20, "eth0", false, bytes);
    }
    let explained = capture.explain();
    let stream = &explained.links["eth0"].streams[&(group(GROUP.into()), SOURCE.into())];
    assert_eq!((stream.lost, stream.repeated), (2, 1));
    assert_eq!(faults(&explained), [(What::Lost, "eth0"), (What::Repeated, "eth0")][..]);
}

// RFC2236-2-02, RFC3376-4-01
#[test]
fn messages_that_receivers_may_refuse_are_noted() {
    let mut capture = Capture::default();
    let message = igmp::message(&report(Record::IsEx)).unwrap();
    let mut bytes = ipv4::encode_igmp(HOST, GROUP, &message).unwrap();
    bytes[8] = 64; // TTL, and the header's checksum with it.
    bytes[10..12].copy_from_slice(&[0, 0]);
    let words_of = |pair: &[u8]| u32::from(pair[0]) << 8 | u32::from(pair[1]);
    let sum: u32 = bytes[..24].chunks(2).map(words_of).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let checksum = 0xffff - u16::try_from((folded & 0xffff) + (folded >> 16)).unwrap();
    bytes[10..12].copy_from_slice(&checksum.to_be_bytes());
    capture.push(0, "eth0", false, bytes.clone());
    let end = bytes.len() - 1;
    bytes[end] ^= 1; // The group, behind the message's checksum.
    capture.push(10, "eth0", false, bytes);
    let explained = capture.explain();
    let odd: Vec<&str> = explained.links["eth0"].odd.keys().map(String::as_str).collect();
    assert_eq!(odd.len(), 2, "{odd:?}");
    assert!(odd[0].starts_with("IGMP message: checksum at octet 2"), "{odd:?}");
    assert_eq!(odd[1], "a Report or Leave with TTL 64");
}

// RFC2710-8 is RFC 2236's arithmetic for IPv6.
#[test]
fn the_same_is_told_of_mld() {
    let (router, host): (Ipv6Addr, Ipv6Addr) =
        ("fe80::1".parse().unwrap(), "fe80::7".parse().unwrap());
    let (all, news): (Ipv6Addr, Ipv6Addr) =
        ("ff02::1".parse().unwrap(), "ff1e::1".parse().unwrap());
    let source: Ipv6Addr = "2001:db8::9".parse().unwrap();
    let mut capture = Capture::default();
    let mut say = |at, from: Ipv6Addr, to: Ipv6Addr, message: &Message| {
        let ends = castnet::wire::icmpv6::Ends { source: from, destination: to };
        let payload = mld::message(message).unwrap().encode(ends).unwrap();
        let header = Header {
            source: from.into(),
            destination: to.into(),
            protocol: 58,
            hop_limit: 1,
            class: 0,
            router_alert: true,
        };
        let packet = castnet::wire::ip::Datagram { header, payload };
        capture.push(at, "eth0", from == host, packet.encode().unwrap());
    };
    for at in [1_000, 126_000, 251_000] {
        let query = Query::older(Version::V2, None, Duration::from_secs(10));
        say(at, router, all, &Message::Query(query));
        let record = Record::IsEx(Sources::new());
        let records = vec![(group(news.into()), record)];
        say(at + 2_000, host, news, &Message::Report(Report { version: Version::V2, records }));
    }
    for at in (2_000..513_000).step_by(100).chain([600_000]) {
        let to = if at == 600_000 { "ff1e::2".parse().unwrap() } else { news };
        let mut bytes = Vec::new();
        let udp = PacketBuilder::ipv6(source.octets(), to.octets(), 4).udp(5000, 5000);
        udp.write(&mut bytes, &[0; 50]).unwrap();
        capture.push(at, "eth0", false, bytes);
    }
    let explained = capture.explain();
    assert_eq!(faults(&explained), [(What::QuerierSilent, "eth0"), (What::Stopped, "eth0")][..]);
    let said = words(&explained, What::Stopped);
    assert!(
        said.contains("and MALI (RV 2 x QI 125.000 s + QRI 10.000 s = 260.000 s) was over"),
        "{said}"
    );
}

#[test]
fn the_text_has_findings_first_and_then_the_links() {
    let mut capture = Capture::default();
    capture.queries("eth0", ROUTER, [0]);
    capture.reports("eth0", [1_000]);
    capture.stream("eth0", 4, 2_000..2_500);
    let expected = "\
7 frames in 2.400 s: 0 faults, 0 notes

eth0
  querier 10.0.2.1, v2: 1 General Query, last at 0.000 s
  239.1.1.1 wanted by 10.0.2.7, v2: 1 Report from 1.000 s to 1.000 s
  (10.0.1.9, 239.1.1.1): 5 datagrams from 2.000 s to 2.400 s, 10.0 a second, TTL 4, longest gap \
                    0.100 s at 2.000 s
";
    assert_eq!(capture.explain().to_string(), expected);
    assert_eq!(
        Explainer::default().finish().to_string(),
        "0 frames in 0.000 s: 0 faults, 0 notes\n"
    );
}
