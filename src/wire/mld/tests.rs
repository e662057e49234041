use super::*;

mod properties;
mod query;
mod report;

pub(super) const GROUP: Ipv6Addr = Ipv6Addr::new(0xff05, 0, 0, 0, 0, 0, 1, 3);
pub(super) const CHANNEL: Ipv6Addr = Ipv6Addr::new(0xff3e, 0, 0, 0, 0, 0, 0x8000, 1);
pub(super) const A: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
pub(super) const B: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2);
const ROUTER: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
const HOST: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2);

/// From the router to all nodes.
pub(super) const QUERIED: Ends = Ends { source: ROUTER, destination: link_local(1) };
/// From the host to the routers of version 2.
pub(super) const REPORTED: Ends = Ends { source: HOST, destination: link_local(0x16) };

const fn link_local(last: u16) -> Ipv6Addr {
    Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, last)
}

/// The bytes with the checksum that they should have, computed by other arithmetic than the code's.
pub(super) fn sealed(bytes: &[u8], ends: Ends) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[2..4].fill(0);
    let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    let (source, destination) = (ends.source.octets(), ends.destination.octets());
    let covered = [&source[..], &destination, &length, &[0, 0, 0, 58], &bytes].concat();
    let word = |pair: &[u8]| u64::from(pair[0]) << 8 | u64::from(*pair.get(1).unwrap_or(&0));
    let sum: u64 = covered.chunks(2).map(word).sum();
    // Adding carries back in is the remainder by 65535; the pseudo-header is never all zeros.
    let field = u16::try_from(0xffff - ((sum - 1) % 0xffff + 1)).unwrap();
    bytes[2..4].copy_from_slice(&field.to_be_bytes());
    bytes
}

pub(super) fn read(bytes: &[u8], ends: Ends, newest: Version) -> (Message, usize) {
    let Decoded { message, trailing } = decode(bytes, ends, newest).unwrap();
    (message, trailing)
}

fn query(max_resp_code: u16, group: Ipv6Addr) -> Message {
    Message::Query(Query { max_resp_code, group, v2: None })
}

/// The octets of a message: the type, the checksum, the delay and the group (RFC 2710 section 3).
fn octets(kind: u8, [c0, c1]: [u8; 2], [d0, d1]: [u8; 2], group: Ipv6Addr) -> Vec<u8> {
    [&[kind, 0, c0, c1, d0, d1, 0, 0][..], &group.octets()].concat()
}

/// Octets by the figure of RFC 2710 section 3, with checksums by another program, and where each
/// message goes.
fn vectors() -> Vec<(Vec<u8>, Ends, Message)> {
    let to = |source, destination| Ends { source, destination };
    let (all, routers) = (link_local(1), link_local(2));
    let none = Ipv6Addr::UNSPECIFIED;
    vec![
        (octets(130, [0x59, 0x17], [0x27, 0x10], none), to(ROUTER, all), query(10_000, none)),
        (octets(130, [0x7d, 0x2f], [0x03, 0xe8], GROUP), to(ROUTER, GROUP), query(1_000, GROUP)),
        (
            octets(131, [0x80, 0x16], [0, 0], GROUP),
            to(HOST, GROUP),
            Message::V1Report { group: GROUP },
        ),
        (
            octets(132, [0x7f, 0x1b], [0, 0], GROUP),
            to(HOST, routers),
            Message::Done { group: GROUP },
        ),
    ]
}

// RFC2710-3-01, RFC2710-3.1-01, RFC2710-3.3-01, RFC2710-3.4-01, RFC2710-3.6-01
#[test]
fn the_messages_of_rfc_2710_are_written_and_read() {
    for (bytes, ends, message) in vectors() {
        assert_eq!(message.encode(ends).unwrap(), bytes, "{message}");
        for newest in [Version::V2, Version::V3] {
            assert_eq!(read(&bytes, ends, newest), (message.clone(), 0));
        }
    }
}

// RFC2710-3.3-01: each address of the pseudo-header, each bit of the message, and its length.
#[test]
fn the_checksum_covers_the_message_and_its_ends() {
    for (bytes, ends, _) in vectors() {
        let elsewhere = [Ends { source: B, ..ends }, Ends { destination: B, ..ends }];
        for ends in elsewhere {
            let error = decode(&bytes, ends, Version::V2).unwrap_err();
            assert_eq!((error.field, error.at, error.is_checksum()), ("checksum", 2, true));
        }
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&bytes, ends, Version::V3).unwrap_err().is_checksum());
        }
        let longer = [&bytes[..], &[0, 0]].concat();
        assert!(decode(&longer, ends, Version::V3).unwrap_err().is_checksum());
    }
    let mut bytes = vectors()[3].0.clone();
    bytes[3] ^= 1;
    let error = decode(&bytes, vectors()[3].1, Version::V2).unwrap_err();
    assert_eq!(error.to_string(), "ICMPv6 message: checksum at octet 2: 0x7f1a, should be 0x7f1b");
}

// RFC2710-3.2-01, RFC2710-3.4-02, RFC2710-3.5-01
#[test]
fn code_reserved_and_the_delay_of_a_report_mean_nothing() {
    for (bytes, ends, message) in vectors() {
        let mut odd = bytes.clone();
        (odd[1], odd[6], odd[7]) = (0x55, 0x12, 0x34);
        if !matches!(message, Message::Query(_)) {
            odd[4..6].copy_from_slice(&[0xff, 0xff]);
        }
        assert_eq!(read(&sealed(&odd, ends), ends, Version::V3), (message, 0));
    }
}

// RFC2710-5-01, RFC2710-5-02, RFC2710-6-01: both sides of the limit.
#[test]
fn twenty_three_octets_are_too_few() {
    for (bytes, ends, _) in vectors() {
        for len in 4..24 {
            let error = decode(&sealed(&bytes[..len], ends), ends, Version::V2).unwrap_err();
            assert_eq!((error.message, error.field, error.at), ("MLD message", "end", len));
        }
        for len in 0..4 {
            let error = decode(&bytes[..len], ends, Version::V2).unwrap_err();
            assert_eq!((error.message, error.field, error.at), ("ICMPv6 message", "end", len));
        }
    }
}

// RFC2710-3.7-02, RFC2710-3.7-03
#[test]
fn what_follows_the_twenty_fourth_octet_is_checksummed_and_otherwise_ignored() {
    for (bytes, ends, message) in vectors() {
        for trailing in [1, 3, 8] {
            let long = [&bytes[..], &vec![0xa5; trailing]].concat();
            assert!(decode(&long, ends, Version::V2).unwrap_err().is_checksum());
            let long = sealed(&long, ends);
            assert_eq!(read(&long, ends, Version::V2), (message.clone(), trailing));
        }
    }
}

// RFC3810-5-03: neither neighbour discovery nor a type of a later version is an error.
#[test]
fn other_types_are_told_and_no_error() {
    for kind in [1, 128, 133, 135, 142, 144, 255] {
        let bytes = sealed(&[kind, 0, 0, 0, 1, 2, 3], QUERIED);
        assert_eq!(read(&bytes, QUERIED, Version::V3), (Message::Unknown { kind }, 0));
        assert!(decode(&[kind, 0, 0, 0], QUERIED, Version::V3).unwrap_err().is_checksum());
        let bytes = Message::Unknown { kind }.encode(QUERIED).unwrap();
        assert_eq!(bytes, sealed(&[kind, 0, 0, 0], QUERIED));
        assert!(!is_type(kind));
    }
    let bytes = sealed(&[143, 0, 0, 0, 0, 0, 0, 0], REPORTED);
    assert_eq!(read(&bytes, REPORTED, Version::V2).0, Message::Unknown { kind: 143 });
    for kind in [130, 131, 132, 143] {
        let error = Message::Unknown { kind }.encode(QUERIED).unwrap_err();
        assert_eq!((error.why, is_type(kind)), (Unfit::Known { kind }, true));
    }
}

#[test]
fn messages_print_in_one_line() {
    let lines: Vec<String> = vectors().iter().map(|(.., message)| message.to_string()).collect();
    assert_eq!(
        lines,
        [
            "MLDv1 Query, general, max resp 10.000 s",
            "MLDv1 Query, group ff05::1:3, max resp 1.000 s",
            "MLDv1 Report ff05::1:3",
            "MLDv1 Done ff05::1:3",
        ]
    );
    assert_eq!(Message::Unknown { kind: 135 }.to_string(), "ICMPv6 type 135");
}
