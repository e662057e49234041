use super::*;

mod properties;
mod query;
mod report;

pub(super) const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 1);

pub(super) const VERSIONS: [Version; 3] = [Version::V1, Version::V2, Version::V3];

/// The bytes with the checksum that they should have, computed by other arithmetic than the code's.
pub(super) fn sealed(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[2..4].fill(0);
    let word = |pair: &[u8]| u64::from(pair[0]) << 8 | u64::from(*pair.get(1).unwrap_or(&0));
    let sum: u64 = bytes.chunks(2).map(word).sum();
    // Adding carries back in is the remainder by 65535, except that only zeros add up to zero.
    let rest = if sum == 0 { 0 } else { (sum - 1) % 0xffff + 1 };
    let field = u16::try_from(0xffff - rest).unwrap();
    bytes[2..4].copy_from_slice(&field.to_be_bytes());
    bytes
}

pub(super) fn read(bytes: &[u8], newest: Version) -> (Message, usize) {
    let Decoded { message, trailing } = decode(bytes, newest).unwrap();
    (message, trailing)
}

fn query(max_resp_code: u8, group: Ipv4Addr) -> Message {
    Message::Query(Query { max_resp_code, group, v3: None })
}

/// Bytes worked out by hand, and their meaning to a version 2 reader.
fn vectors() -> Vec<([u8; 8], Message)> {
    vec![
        ([0x11, 0x00, 0xee, 0xff, 0, 0, 0, 0], query(0, Ipv4Addr::UNSPECIFIED)),
        ([0x11, 0x64, 0xee, 0x9b, 0, 0, 0, 0], query(100, Ipv4Addr::UNSPECIFIED)),
        ([0x11, 0x0a, 0xfe, 0xf2, 0xef, 0x01, 0x01, 0x01], query(10, GROUP)),
        ([0x12, 0x00, 0xfd, 0xfc, 0xef, 0x01, 0x01, 0x01], Message::V1Report { group: GROUP }),
        ([0x16, 0x00, 0xf9, 0xfc, 0xef, 0x01, 0x01, 0x01], Message::V2Report { group: GROUP }),
        ([0x17, 0x00, 0xf8, 0xfc, 0xef, 0x01, 0x01, 0x01], Message::Leave { group: GROUP }),
    ]
}

// RFC2236-2.1-01, RFC2236-2.2-02, RFC2236-2.3-01, RFC2236-2.4-01, RFC2236-2.4-02
#[test]
fn the_messages_of_rfc_2236_are_written_and_read() {
    for (bytes, message) in vectors() {
        assert_eq!(message.encode().unwrap(), bytes, "{message}");
        assert_eq!(read(&bytes, Version::V2), (message, 0));
    }
}

// RFC3376-4-02
#[test]
fn a_newer_reader_knows_the_older_messages() {
    for (bytes, message) in vectors() {
        assert_eq!(read(&bytes, Version::V3), (message, 0));
    }
}

// RFC2236-2.1-02: a type of a later RFC is unknown to an earlier reader.
#[test]
fn a_reader_knows_no_type_of_a_later_version() {
    let kinds = [0x11, 0x12, 0x16, 0x17, 0x22];
    let known = |newest| {
        kinds.map(|kind| {
            let bytes = sealed(&[kind, 0, 0, 0, 0, 0, 0, 0]);
            decode(&bytes, newest).unwrap().message != Message::Unknown { kind }
        })
    };
    assert_eq!(known(Version::V1), [true, true, false, false, false]);
    assert_eq!(known(Version::V2), [true, true, true, true, false]);
    assert_eq!(known(Version::V3), [true, true, true, true, true]);
}

// RFC2236-2.1-02, RFC3376-4-03
#[test]
fn unknown_types_are_told_and_no_error() {
    for kind in [0x00, 0x10, 0x13, 0x14, 0x18, 0x21, 0x23, 0x30, 0x99, 0xff] {
        for newest in VERSIONS {
            let long = sealed(&[kind, 1, 0, 0, 5, 6, 7, 8, 9]);
            assert_eq!(read(&long, newest), (Message::Unknown { kind }, 1));
        }
        let bytes = Message::Unknown { kind }.encode().unwrap();
        assert_eq!(bytes, sealed(&[kind, 0, 0, 0, 0, 0, 0, 0]));
    }
}

#[test]
fn a_known_type_is_not_written_as_unknown() {
    for kind in [0x11, 0x12, 0x16, 0x17, 0x22] {
        let error = Message::Unknown { kind }.encode().unwrap_err();
        assert_eq!(error.why, Unfit::Known { kind });
    }
}

// RFC2236-2.2-03, RFC3376-4.2.1-01
#[test]
fn the_second_octet_means_nothing_but_in_queries() {
    for (bytes, message) in vectors().split_off(3) {
        let mut bytes = bytes;
        bytes[1] = 0x55;
        assert_eq!(read(&sealed(&bytes), Version::V2), (message, 0));
    }
}

// RFC2236-6-01, RFC2236-6-02: both sides of the limit.
#[test]
fn seven_octets_are_too_few() {
    for newest in VERSIONS {
        for (bytes, _) in vectors() {
            for len in 0..8 {
                let error = decode(&bytes[..len], newest).unwrap_err();
                assert_eq!((error.field, error.at), ("end", len));
                assert!(!error.is_checksum());
            }
            assert!(decode(&bytes, newest).is_ok());
        }
    }
    assert_eq!(
        decode(&[0x16; 7], Version::V2).unwrap_err().to_string(),
        "IGMP message: end at octet 7: 7 octets, at least 8 needed"
    );
}

// RFC2236-2.3-02: each single bit, in the checksum and anywhere else.
#[test]
fn any_flipped_bit_is_a_wrong_checksum() {
    for (bytes, _) in vectors() {
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes;
            bytes[bit / 8] ^= 1 << (bit % 8);
            for newest in VERSIONS {
                let error = decode(&bytes, newest).unwrap_err();
                assert_eq!((error.field, error.at), ("checksum", 2));
                assert!(error.is_checksum());
            }
        }
    }
}

// RFC2236-2.3-02: also for an unknown type.
#[test]
fn an_unknown_type_needs_its_checksum_too() {
    let bytes = sealed(&[0x99, 0, 0, 0, 0, 0, 0, 0]);
    assert!(decode(&bytes, Version::V2).is_ok());
    assert!(decode(&[0x99, 0, 0, 0, 0, 0, 0, 0], Version::V2).unwrap_err().is_checksum());
    // All zeros would add up to zero; the checksum of zeros is ffff.
    assert!(decode(&[0; 8], Version::V2).unwrap_err().is_checksum());
    assert!(decode(&[0, 0, 0xff, 0xff, 0, 0, 0, 0], Version::V2).is_ok());
}

// RFC2236-2.5-01, RFC2236-2.5-02
#[test]
fn what_follows_the_eighth_octet_is_checksummed_and_otherwise_ignored() {
    for (bytes, message) in vectors() {
        for trailing in [1, 8, 12, 32] {
            let long = [&bytes[..], &vec![0xa5; trailing]].concat();
            let right_over_eight_only = decode(&long, Version::V2).unwrap_err();
            assert!(right_over_eight_only.is_checksum());
            assert_eq!(read(&sealed(&long), Version::V2), (message.clone(), trailing));
        }
    }
}

#[test]
fn messages_print_in_the_words_of_the_rfc() {
    let lines: Vec<String> = vectors().iter().map(|(_, message)| message.to_string()).collect();
    assert_eq!(
        lines,
        [
            "v1 Membership Query, general",
            "v2 Membership Query, general, max resp 10.0 s",
            "v2 Membership Query, group 239.1.1.1, max resp 1.0 s",
            "v1 Membership Report 239.1.1.1",
            "v2 Membership Report 239.1.1.1",
            "Leave Group 239.1.1.1",
        ]
    );
    assert_eq!(Message::Unknown { kind: 0x13 }.to_string(), "unknown type 0x13");
}
