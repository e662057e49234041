use std::time::Duration;

use super::*;

const A: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const B: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

fn v3() -> V3Query {
    V3Query { flags: 0, suppress: false, robustness: 2, interval_code: 125, sources: vec![] }
}

fn message(max_resp_code: u8, group: Ipv4Addr, v3: V3Query) -> Message {
    Message::Query(Query { max_resp_code, group, v3: Some(v3) })
}

fn query(max_resp_code: u8, v3: Option<V3Query>) -> Query {
    Query { max_resp_code, group: Ipv4Addr::UNSPECIFIED, v3 }
}

fn number_of_sources(sources: usize) -> Message {
    message(100, GROUP, V3Query { sources: vec![A; sources], ..v3() })
}

/// General, Group-Specific, and Group-and-Source-Specific, worked out by hand.
fn vectors() -> [(Vec<u8>, Message); 3] {
    #[rustfmt::skip]
    let rows = [
        (
            vec![
                0x11, 0x64, 0xec, 0x1e, 0x00, 0x00, 0x00, 0x00,
                0x02, 0x7d, 0x00, 0x00,
            ],
            message(100, Ipv4Addr::UNSPECIFIED, v3()),
        ),
        (
            vec![
                0x11, 0x0a, 0xf4, 0x75, 0xef, 0x01, 0x01, 0x01,
                0x0a, 0x7d, 0x00, 0x00,
            ],
            message(10, GROUP, V3Query { suppress: true, ..v3() }),
        ),
        (
            vec![
                0x11, 0x0a, 0xe8, 0x70, 0xef, 0x01, 0x01, 0x01,
                0x02, 0x7d, 0x00, 0x02,
                0x0a, 0x00, 0x00, 0x01,
                0x0a, 0x00, 0x00, 0x02,
            ],
            message(10, GROUP, V3Query { sources: vec![A, B], ..v3() }),
        ),
    ];
    rows
}

// RFC3376-4.1.2-01, RFC3376-4.1.3-01, RFC3376-4.1.5-01, RFC3376-4.1.8-01, RFC3376-4.1.10-02
#[test]
fn v3_queries_are_written_and_read() {
    for (bytes, message) in vectors() {
        assert_eq!(message.encode().unwrap(), bytes, "{message}");
        assert_eq!(read(&bytes, Version::V3), (message, 0));
    }
}

// RFC3376-4.1.2-01
#[test]
fn any_flipped_bit_of_a_v3_query_is_a_wrong_checksum() {
    for (bytes, _) in vectors() {
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&bytes, Version::V3).unwrap_err().is_checksum());
        }
    }
}

// RFC2236-2.5-01: older readers see a v3 Query as their own with octets behind it.
#[test]
fn older_readers_see_the_first_eight_octets_of_a_v3_query() {
    for (bytes, message) in vectors() {
        let Message::Query(mut query) = message else { unreachable!() };
        query.v3 = None;
        for newest in [Version::V1, Version::V2] {
            let trailing = bytes.len() - 8;
            assert_eq!(read(&bytes, newest), (Message::Query(query.clone()), trailing));
        }
    }
}

// RFC3376-7.1-01, RFC3376-7.1-02
#[test]
fn twelve_octets_make_a_v3_query_and_fewer_do_not() {
    for len in 8..=13 {
        let bytes = sealed(&[&[0x11, 100][..], &vec![0; len - 2]].concat());
        let (Message::Query(query), trailing) = read(&bytes, Version::V3) else { unreachable!() };
        assert_eq!(query.v3.is_some(), len >= 12, "{len} octets");
        assert_eq!(trailing, [0, 1, 2, 3, 0, 1][len - 8]);
    }
}

// RFC3376-7.1-01
#[test]
fn length_and_code_tell_the_version() {
    assert_eq!(query(0, None).version(), Version::V1);
    assert_eq!(query(1, None).version(), Version::V2);
    assert_eq!(query(0, Some(v3())).version(), Version::V3);
    assert_eq!(query(255, Some(v3())).version(), Version::V3);
}

// RFC2236-2.1-03, RFC3376-4.1.3-01
#[test]
fn only_a_zero_group_is_general() {
    let is_general = |group| Query { max_resp_code: 0, group, v3: None }.is_general();
    let groups = [Ipv4Addr::UNSPECIFIED, Ipv4Addr::new(0, 0, 0, 1), GROUP];
    assert_eq!(groups.map(is_general), [true, false, false]);
}

// RFC2236-2.2-01, RFC3376-7.2.1-04, RFC3376-4.1.1-01, RFC3376-4.1.1-02
#[test]
fn the_code_is_linear_in_v2_and_floating_in_v3() {
    let tenths = |tenths: u64| Duration::from_millis(tenths * 100);
    for (code, linear, floating) in
        [(0, 0, 0), (100, 100, 100), (127, 127, 127), (128, 128, 128), (255, 255, 31_744)]
    {
        assert_eq!(query(code, None).max_resp_v2(), tenths(linear));
        assert_eq!(query(code, Some(v3())).max_resp_v3(), tenths(floating));
    }
    assert_eq!(query(0x8a, None).max_resp_v2(), tenths(138));
    assert_eq!(query(0x8a, Some(v3())).max_resp_v3(), tenths(208));
}

// RFC3376-4.1.7-01
#[test]
fn qqic_is_in_seconds() {
    for (interval_code, secs) in [(0, 0), (125, 125), (127, 127), (128, 128), (255, 31_744)] {
        let interval = V3Query { interval_code, ..v3() }.interval();
        assert_eq!(interval, Duration::from_secs(secs));
    }
}

// RFC3376-4.1.4-01, RFC9776-4.1.4-01, RFC3376-4.1.5-01, RFC3376-4.1.6-01: no field leaks into
// its neighbour.
#[test]
fn flags_s_and_qrv_share_an_octet() {
    for (octet, flags, suppress, robustness) in
        [(0x00, 0, false, 0), (0xf0, 15, false, 0), (0x08, 0, true, 0), (0x07, 0, false, 7)]
    {
        let bytes = sealed(&[0x11, 0, 0, 0, 0, 0, 0, 0, octet, 125, 0, 0]);
        let said =
            message(0, Ipv4Addr::UNSPECIFIED, V3Query { flags, suppress, robustness, ..v3() });
        assert_eq!(said.encode().unwrap(), bytes);
        assert_eq!(read(&bytes, Version::V3), (said, 0));
    }
}

// RFC3376-4.1.6-01: three bits, so 8 is one too many; likewise for the four bits of flags.
#[test]
fn bits_that_do_not_fit_are_refused() {
    let encode = |v3| message(0, GROUP, v3).encode();
    assert!(encode(V3Query { robustness: 7, flags: 15, ..v3() }).is_ok());
    let error = encode(V3Query { robustness: 8, ..v3() }).unwrap_err();
    assert_eq!((error.field, error.why), ("QRV", Unfit::TooMany { found: 8, most: 7 }));
    let error = encode(V3Query { flags: 16, ..v3() }).unwrap_err();
    assert_eq!((error.field, error.why), ("flags", Unfit::TooMany { found: 16, most: 15 }));
}

// RFC3376-4.1.8-01: both sides of the largest count.
#[test]
fn a_count_holds_65535_sources() {
    let bytes = number_of_sources(65_535).encode().unwrap();
    assert_eq!((bytes.len(), &bytes[10..12]), (12 + 4 * 65_535, &[0xff, 0xff][..]));
    assert_eq!(read(&bytes, Version::V3), (number_of_sources(65_535), 0));
    let error = number_of_sources(65_536).encode().unwrap_err();
    assert_eq!(error.why, Unfit::TooMany { found: 65_536, most: 65_535 });
}

// RFC3376-4.1.8-01: one octet short of the announced sources, and one beyond.
#[test]
fn announced_sources_must_be_there() {
    let (bytes, said) = vectors()[2].clone();
    let error = decode(&sealed(&bytes[..19]), Version::V3).unwrap_err();
    assert_eq!((error.field, error.at), ("number of sources", 10));
    assert_eq!(error.why, Why::NoRoom { unit: "sources", announced: 2, room: 1 });
    assert_eq!(
        error.to_string(),
        "IGMPv3 Query: number of sources at octet 10: 2 sources announced, room for 1"
    );
    assert_eq!(read(&sealed(&[&bytes[..], &[0]].concat()), Version::V3), (said, 1));
    let mut greedy = bytes;
    greedy[10..12].fill(0xff);
    assert!(decode(&sealed(&greedy), Version::V3).is_err());
    assert!(decode(&sealed(&greedy), Version::V2).is_ok());
}

// RFC3376-4.1.10-01
#[test]
fn octets_after_the_sources_are_checksummed_and_otherwise_ignored() {
    for (bytes, message) in vectors() {
        let long = [&bytes[..], &[1, 2, 3, 4, 5, 6, 7, 8]].concat();
        assert!(decode(&long, Version::V3).unwrap_err().is_checksum());
        assert_eq!(read(&sealed(&long), Version::V3), (message, 8));
    }
}

#[test]
fn v3_queries_print_what_they_ask() {
    let lines = vectors().map(|(_, message)| message.to_string());
    assert_eq!(
        lines,
        [
            "v3 Membership Query, general, max resp 10.0 s, QRV 2, QQI 125 s",
            "v3 Membership Query, group 239.1.1.1, max resp 1.0 s, S, QRV 2, QQI 125 s",
            "v3 Membership Query, group 239.1.1.1, sources {10.0.0.1, 10.0.0.2}, \
             max resp 1.0 s, QRV 2, QQI 125 s",
        ]
    );
    let flagged = message(255, GROUP, V3Query { flags: 15, ..v3() });
    assert_eq!(
        flagged.to_string(),
        "v3 Membership Query, group 239.1.1.1, max resp 3174.4 s, flags 0xf, QRV 2, QQI 125 s"
    );
}

#[test]
fn versions_are_in_the_order_of_their_making() {
    assert!(VERSIONS.is_sorted());
    assert_eq!(VERSIONS.map(|version| version.to_string()), ["v1", "v2", "v3"]);
}
