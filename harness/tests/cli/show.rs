//! `castnet show` on captures of other tools, written here octet by octet by their formats
//! (draft-ietf-opsawg-pcapng, draft-ietf-opsawg-pcap), and on files that are no captures.

use std::fs;
use std::process::{Command, Output, Stdio};

use super::{CASTNET, castnet, folder, scenario, tests, text};

tests! {
    Nothing:
        a_pcapng_is_shown_by_interface_and_relative_time,
        a_pcap_is_shown_and_can_be_narrowed,
        mld_of_both_versions_is_shown_and_can_be_narrowed_to,
        a_ladder_has_a_column_for_each_interface_or_for_each_sender,
        a_file_that_breaks_off_is_shown_up_to_there,
        a_malformed_block_is_told_and_does_not_hide_what_follows,
        another_link_type_is_named_and_not_guessed_at,
        what_is_no_capture_is_said_to_be_none,
        every_cut_and_every_changed_octet_is_survived;
    Kernel: what_a_run_wrote_is_read_from_a_pipe_and_an_early_end_of_the_reader_is_no_fault;
}

/// 10.0.2.1 sends to 224.0.0.1: an IGMPv2 General Query with Router Alert, over Ethernet.
const QUERY: [u8; 46] = [
    0x01, 0x00, 0x5e, 0x00, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x46, 0xc0,
    0x00, 0x20, 0x00, 0x00, 0x40, 0x00, 0x01, 0x02, 0xf8, 0x15, 0x0a, 0x00, 0x02, 0x01, 0xe0, 0x00,
    0x00, 0x01, 0x94, 0x04, 0x00, 0x00, 0x11, 0x64, 0xee, 0x9b, 0x00, 0x00, 0x00, 0x00,
];

/// An Ethernet frame of this EtherType.
fn frame(ethertype: [u8; 2]) -> Vec<u8> {
    let mut frame = vec![0xff; 60];
    frame[12..14].copy_from_slice(&ethertype);
    frame
}

/// A pcap of microseconds, least significant octet first.
fn pcap(link_type: u32, records: &[(u32, u32, &[u8])]) -> Vec<u8> {
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0];
    file.extend(link_type.to_le_bytes());
    for (seconds, micros, bytes) in records {
        let length = bytes.len() as u32;
        file.extend([*seconds, *micros, length, length].iter().flat_map(|n| n.to_le_bytes()));
        file.extend(*bytes);
    }
    file
}

/// A block of a pcapng, most significant octet first.
fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let body = [body, &[0; 3][..(4 - body.len() % 4) % 4]].concat();
    let length = (body.len() as u32 + 12).to_be_bytes();
    [&kind.to_be_bytes()[..], &length, &body, &length].concat()
}

/// The section header, and an interface `eth7` (Ethernet, nanoseconds), one without a name
/// (microseconds), and one of frames that only their user knows (link type 147).
fn pcapng_head() -> Vec<u8> {
    let section = [&0x1a2b_3c4d_u32.to_be_bytes()[..], &[0, 1, 0, 0], &[0xff; 8]].concat();
    let named = [&[0, 1, 0, 0, 0, 0, 0, 0][..], &[0, 2, 0, 4], b"eth7", &[0, 9, 0, 1, 9, 0, 0, 0]];
    let named = [named.concat(), vec![0; 4]].concat();
    let blocks = [
        block(0x0a0d_0d0a, &section),
        block(1, &named),
        block(1, &[0, 1, 0, 0, 0, 0, 0, 0]),
        block(1, &[0, 147, 0, 0, 0, 0, 0, 0]),
    ];
    blocks.concat()
}

fn enhanced(interface: u32, stamp: u64, bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len() as u32;
    let numbers = [interface, (stamp >> 32) as u32, stamp as u32, length, length];
    let numbers: Vec<u8> = numbers.iter().flat_map(|n| n.to_be_bytes()).collect();
    block(6, &[&numbers, bytes].concat())
}

fn show(name: &str, file: &[u8], arguments: &[&str]) -> (Option<i32>, Vec<String>, String) {
    let folder = folder(name);
    fs::write(folder.join("file"), file).unwrap();
    let output = castnet(&folder, &[&["show", "file"], arguments].concat());
    told(&output)
}

fn told(output: &Output) -> (Option<i32>, Vec<String>, String) {
    let lines = text(&output.stdout).lines().map(str::to_owned).collect();
    (output.status.code(), lines, text(&output.stderr))
}

const QUERY_TEXT: &str = "10.0.2.1 > 224.0.0.1 v2 Membership Query";

fn a_pcapng_is_shown_by_interface_and_relative_time() {
    const SECOND: u64 = 1_700_000_000;
    let file = [
        pcapng_head(),
        enhanced(0, SECOND * 1_000_000_000, &QUERY),
        // A block of an unknown type, which must be skipped.
        block(0x0bad_cafe, &[1, 2, 3, 4]),
        enhanced(1, SECOND * 1_000_000 + 1_500_000, &frame([0x08, 0x06])),
        // A stamp before that of the first frame, as in merged captures.
        enhanced(1, SECOND * 1_000_000 - 250_000, &frame([0x86, 0xdd])),
        block(3, &[&60_u32.to_be_bytes()[..], &frame([0x88, 0xb5])].concat()),
    ];
    let (code, lines, stderr) = show("pcapng", &file.concat(), &[]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{lines:?}");
    assert!(lines[0].starts_with(&format!("  0.000000 s  eth7  {QUERY_TEXT}")), "{lines:?}");
    assert_eq!(
        lines[1..],
        [
            "  1.500000 s  1  ARP, 60 octets",
            " -0.250000 s  1  malformed IPv6 packet: version at octet 0: 15, should be 6, 60 octets",
            "           -  eth7  EtherType 0x88b5, 60 octets",
        ]
    );
}

fn a_pcap_is_shown_and_can_be_narrowed() {
    let arp = frame([0x08, 0x06]);
    let file = pcap(1, &[(5, 999_999, &arp), (6, 0, &QUERY), (8, 7, &frame([0x08, 0x00]))]);
    let (code, lines, _) = show("pcap", &file, &[]);
    assert_eq!((code, lines.len()), (Some(0), 3), "{lines:?}");
    assert!(lines[1].starts_with(&format!("  0.000001 s  -  {QUERY_TEXT}")), "{lines:?}");
    assert_eq!(
        lines[2],
        "  2.000008 s  -  malformed IPv4 packet: version at octet 0: 15, should be 4, 60 octets"
    );
    assert_eq!(show("pcap", &file, &["--igmp"]).1, lines[1..2]);
    assert_eq!(show("pcap", &file, &["--filter", "ARP"]).1, lines[..1]);
    assert_eq!(show("pcap", &file, &["--filter", "ARP", "--filter", "224."]).1, lines[..2]);
}

/// What a host and a bridge of Linux said, in both versions.
const MLD: &[u8] = include_bytes!("../../../fixtures/pcap/foreign/mld.pcap");

fn mld_of_both_versions_is_shown_and_can_be_narrowed_to() {
    let (code, lines, stderr) = show("mld", MLD, &["--mld"]);
    assert_eq!((code, stderr.as_str(), lines.len()), (Some(0), "", 41), "{lines:?}");
    for said in [
        "fe80::ff:fe00:2 > ff02::16 MLDv2 Report, ALLOW(ff3e::8000:1, {2001:db8::1, 2001:db8::2}), \
         TO_EX(ff05::1:3, {})",
        "> ff02::1 MLDv2 Query, general, max resp 0.500 s, QRV 2, QQI 125 s",
        "fe80::ff:fe00:2 > ff05::1:3 MLDv1 Report ff05::1:3",
        "fe80::ff:fe00:2 > ff02::2 MLDv1 Done ff3e::8000:1",
        "> ff02::1 MLDv1 Query, general, max resp 0.500 s",
    ] {
        assert!(lines.iter().any(|line| line.contains(said)), "{said}: {lines:?}");
    }
    assert_eq!(show("mld", MLD, &["--igmp"]).1, [""; 0]);
    assert_eq!(show("mld", MLD, &["--igmp", "--mld"]).1, lines);
    let both = pcap(1, &[(0, 0, &QUERY), (1, 0, &frame([0x86, 0xdd]))]);
    let (_, lines, stderr) = show("mld", &both, &["--mld"]);
    assert_eq!(lines, [""; 0]);
    assert!(stderr.contains("1 frames are not shown and may be MLD: their IP header is malformed"));
}

fn a_ladder_has_a_column_for_each_interface_or_for_each_sender() {
    let second = |n: u64| n * 1_000_000_000;
    let file = [pcapng_head(), enhanced(0, second(1), &QUERY), enhanced(0, second(3), &QUERY)];
    let (code, lines, _) = show("ladder", &file.concat(), &["--ladder"]);
    assert_eq!((code, lines[1].as_str()), (Some(0), "              eth7"));
    assert!(lines[2].starts_with(&format!("  0.000000 s  o        {QUERY_TEXT}")), "{lines:?}");
    assert!(lines[3].starts_with("  2.000000 s  o "), "{lines:?}");
    let (_, lines, _) = show("ladder", &file.concat(), &["--addresses"]);
    assert_eq!(lines[..2], ["              eth7", "              10.0.2.1"]);
    let (_, lines, _) = show("ladder", &file.concat(), &["--ladder", "--filter", "nothing"]);
    assert_eq!(lines.concat().trim(), "");
}

fn a_file_that_breaks_off_is_shown_up_to_there() {
    let whole = [pcapng_head(), enhanced(0, 0, &QUERY), enhanced(0, 9, &QUERY)].concat();
    let second = whole.len() - enhanced(0, 9, &QUERY).len();
    for cut in [second + 1, second + 30, whole.len() - 1] {
        let (code, lines, stderr) = show("cut", &whole[..cut], &[]);
        assert_eq!((code, lines.len()), (Some(1), 1), "{lines:?}");
        let wanted = format!("after 1 frames it breaks off: what begins at octet {second} is cut");
        assert!(stderr.contains(&wanted), "{stderr}");
    }
    assert_eq!(show("cut", &whole[..second], &[]).0, Some(0));
    let whole = pcap(1, &[(0, 0, &QUERY), (1, 0, &QUERY)]);
    let second = whole.len() - 16 - QUERY.len();
    let (code, lines, stderr) = show("cut", &whole[..whole.len() - 1], &[]);
    assert_eq!((code, lines.len()), (Some(1), 1), "{lines:?}");
    assert!(stderr.contains(&format!("what begins at octet {second} is cut")), "{stderr}");
}

fn a_malformed_block_is_told_and_does_not_hide_what_follows() {
    // The third number of this packet block announces more octets than there are.
    let mut bad = enhanced(0, 0, &QUERY);
    bad[20..24].copy_from_slice(&[0, 0, 1, 0]);
    let file = [pcapng_head(), bad, enhanced(0, 9, &QUERY)].concat();
    let (code, lines, stderr) = show("malformed", &file, &[]);
    assert_eq!((code, lines.len()), (Some(1), 1), "{lines:?}");
    let at = format!("octet {} is malformed", pcapng_head().len());
    assert!(stderr.contains(&at), "{at}: {stderr}");
}

fn another_link_type_is_named_and_not_guessed_at() {
    let file = [pcapng_head(), enhanced(2, 0, &QUERY), enhanced(0, 0, &QUERY)].concat();
    let (code, lines, stderr) = show("user", &file, &[]);
    assert_eq!(code, Some(1));
    assert!(lines[0].ends_with("  2  46 octets, link type USER0 is not read"), "{lines:?}");
    assert!(lines[1].contains(QUERY_TEXT), "{lines:?}");
    assert!(stderr.contains("1 of 2 frames could not be read: link type USER0"), "{stderr}");
}

fn what_is_no_capture_is_said_to_be_none() {
    for file in [&b""[..], b"title = \"t\"", &[0; 100], &[0x0a, 0x0d, 0x0d, 0x0a, 0, 0]] {
        let (code, lines, stderr) = show("none", file, &[]);
        assert!(matches!(code, Some(1 | 2)) && lines.is_empty(), "{file:?}: {code:?} {lines:?}");
        assert!(stderr.starts_with("castnet: file: "), "{stderr}");
    }
    let output = castnet(&folder("absent"), &["show", "absent.pcapng"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("castnet: absent.pcapng: No such file"));
}

fn every_cut_and_every_changed_octet_is_survived() {
    let folder = folder("fuzz");
    let whole = [pcapng_head(), enhanced(0, 1, &QUERY), enhanced(1, 9, &QUERY)].concat();
    for at in (0..whole.len()).step_by(3) {
        let mut changed = whole.clone();
        changed[at] ^= 0xff;
        for file in [&whole[..at], &changed] {
            fs::write(folder.join("file"), file).unwrap();
            let output = castnet(&folder, &["show", "file"]);
            assert!(matches!(output.status.code(), Some(0..=2)), "{at}: {output:?}");
        }
    }
}

fn what_a_run_wrote_is_read_from_a_pipe_and_an_early_end_of_the_reader_is_no_fault() {
    let folder = folder("own");
    fs::write(folder.join("a.toml"), scenario("1", "general-query")).unwrap();
    castnet(&folder, &["run", "a.toml"]);
    let show = || {
        let capture = fs::File::open(folder.join("castnet-out/a.pcapng")).unwrap();
        let mut command = Command::new(CASTNET);
        command.args(["show", "-", "--igmp"]).stdin(capture);
        command
    };
    let (code, lines, _) = told(&show().output().unwrap());
    assert_eq!(code, Some(0));
    assert!(
        lines.iter().any(|line| line.contains("r1:lan  10.0.1.1 > 224.0.0.1 v3 Membership Query"))
    );
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = show().stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    let output = output.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
}
