use std::time::Duration;

use super::*;

fn v2() -> V2Query {
    V2Query { flags: 0, suppress: false, robustness: 2, interval_code: 125, sources: vec![] }
}

fn message(max_resp_code: u16, group: Ipv6Addr, v2: V2Query) -> Message {
    Message::Query(Query { max_resp_code, group, v2: Some(v2) })
}

/// General, Multicast Address Specific, and Multicast Address and Source Specific, by the figure of
/// RFC 3810 section 5.1, with checksums by another program. The last one has floating codes.
fn vectors() -> Vec<(Vec<u8>, Ends, Message)> {
    let to = |destination| Ends { destination, ..QUERIED };
    let none = Ipv6Addr::UNSPECIFIED;
    let tail = |octets: [u8; 4]| octets.to_vec();
    let octets = |checksum, delay, group, tail: Vec<u8>| {
        [super::octets(130, checksum, delay, group), tail].concat()
    };
    let sources = [tail([0x02, 0x8a, 0, 2]), A.octets().to_vec(), B.octets().to_vec()].concat();
    vec![
        (
            octets([0x56, 0x96], [0x27, 0x10], none, tail([0x02, 0x7d, 0, 0])),
            QUERIED,
            message(10_000, none, v2()),
        ),
        (
            octets([0x72, 0x41], [0x03, 0xe8], CHANNEL, tail([0x0a, 0x7d, 0, 0])),
            to(CHANNEL),
            message(1_000, CHANNEL, V2Query { suppress: true, ..v2() }),
        ),
        (
            octets([0x92, 0x84], [0x90, 0x00], CHANNEL, sources),
            to(CHANNEL),
            message(0x9000, CHANNEL, V2Query { interval_code: 0x8a, sources: vec![A, B], ..v2() }),
        ),
    ]
}

// RFC3810-5-02, RFC3810-5.1.7-01, RFC3810-5.1.8-01, RFC3810-5.1.12-01
#[test]
fn v2_queries_are_written_and_read() {
    for (bytes, ends, message) in vectors() {
        assert_eq!(message.encode(ends).unwrap(), bytes, "{message}");
        assert_eq!(read(&bytes, ends, Version::V3), (message, 0));
    }
}

// RFC2710-3.7-02: an older listener sees a version 2 Query as its own with octets behind it.
#[test]
fn an_older_reader_sees_the_first_24_octets() {
    for (bytes, ends, message) in vectors() {
        let Message::Query(query) = message else { unreachable!() };
        let older = Message::Query(Query { v2: None, ..query });
        assert_eq!(read(&bytes, ends, Version::V2), (older, bytes.len() - 24));
    }
}

// RFC3810-8.1-01, RFC3810-8.1-02: both sides of both limits.
#[test]
fn the_length_tells_the_version() {
    for (len, trailing, version) in [
        (24, 0, Version::V2),
        (25, 1, Version::V2),
        (27, 3, Version::V2),
        (28, 0, Version::V3),
        (29, 1, Version::V3),
    ] {
        let bytes = sealed(&[&[130][..], &vec![0; len - 1]].concat(), QUERIED);
        let (Message::Query(query), left) = read(&bytes, QUERIED, Version::V3) else {
            unreachable!()
        };
        assert_eq!((query.version(), left), (version, trailing), "{len} octets");
    }
}

// RFC2710-3.4-01, RFC3810-5.1.3-01: milliseconds, linear in version 1, floating in version 2.
#[test]
fn the_code_is_linear_in_version_1_and_floating_in_version_2() {
    for (code, linear, floating) in [
        (0, 0, 0),
        (1_000, 1_000, 1_000),
        (32_767, 32_767, 32_767),
        (32_768, 32_768, 32_768),
        (0x9000, 36_864, 65_536),
        (0xffff, 65_535, 8_387_584),
    ] {
        let max_resp = |v2| Query { max_resp_code: code, group: GROUP, v2 }.max_resp();
        assert_eq!(max_resp(None), Duration::from_millis(linear));
        assert_eq!(max_resp(Some(v2())), Duration::from_millis(floating));
    }
}

// RFC3810-5.1.9-01
#[test]
fn qqic_is_in_seconds() {
    for (interval_code, secs) in [(0, 0), (125, 125), (127, 127), (0x8a, 208), (255, 31_744)] {
        let interval = V2Query { interval_code, ..v2() }.interval();
        assert_eq!(interval, Duration::from_secs(secs));
    }
}

// RFC3810-5.1.10-01: one octet short of the announced sources, and one beyond.
#[test]
fn announced_sources_must_be_there() {
    let (bytes, ends, said) = vectors()[2].clone();
    let error = decode(&sealed(&bytes[..59], ends), ends, Version::V3).unwrap_err();
    assert_eq!(
        error.to_string(),
        "MLDv2 Query: number of sources at octet 26: 2 sources announced, room for 1"
    );
    let longer = sealed(&[&bytes[..], &[0]].concat(), ends);
    assert_eq!(read(&longer, ends, Version::V3), (said, 1));
    let mut greedy = bytes;
    greedy[26..28].fill(0xff);
    assert!(decode(&sealed(&greedy, ends), ends, Version::V3).is_err());
    assert!(decode(&sealed(&greedy, ends), ends, Version::V2).is_ok());
}

#[test]
fn bits_that_do_not_fit_are_refused() {
    let encode = |v2| message(0, GROUP, v2).encode(QUERIED);
    assert!(encode(V2Query { robustness: 7, flags: 15, ..v2() }).is_ok());
    let error = encode(V2Query { robustness: 8, ..v2() }).unwrap_err();
    assert_eq!(error.to_string(), "MLDv2 Query: QRV: 8, at most 7 fit");
    let error = encode(V2Query { sources: vec![A; 65_536], ..v2() }).unwrap_err();
    assert_eq!(error.to_string(), "MLDv2 Query: number of sources: 65536, at most 65535 fit");
}

#[test]
fn v2_queries_print_what_they_ask() {
    let lines: Vec<String> = vectors().iter().map(|(.., message)| message.to_string()).collect();
    assert_eq!(
        lines,
        [
            "MLDv2 Query, general, max resp 10.000 s, QRV 2, QQI 125 s",
            "MLDv2 Query, group ff3e::8000:1, max resp 1.000 s, S, QRV 2, QQI 125 s",
            "MLDv2 Query, group ff3e::8000:1, sources {2001:db8::1, 2001:db8::2}, \
             max resp 65.536 s, QRV 2, QQI 208 s",
        ]
    );
}
