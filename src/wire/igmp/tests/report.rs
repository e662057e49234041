use super::*;

const A: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const B: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const OTHER: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 2);

use RecordKind::{Allow, Block, IsEx, IsIn, ToEx, ToIn};

fn record(kind: RecordKind, sources: &[Ipv4Addr]) -> GroupRecord {
    GroupRecord::new(kind, GROUP, sources.to_vec())
}

fn report(records: Vec<GroupRecord>) -> Message {
    Message::V3Report(V3Report::new(records))
}

fn encode_record(record: GroupRecord) -> Result<Vec<u8>, Unencodable> {
    report(vec![record]).encode()
}

/// A join, and a Report of two records, the second with sources; worked out by hand.
fn vectors() -> [(Vec<u8>, Message); 2] {
    let second = GroupRecord::new(Allow, OTHER, vec![A, B]);
    #[rustfmt::skip]
    let rows = [
        (
            vec![
                0x22, 0x00, 0xe9, 0xfb, 0x00, 0x00, 0x00, 0x01,
                0x04, 0x00, 0x00, 0x00, 0xef, 0x01, 0x01, 0x01,
            ],
            report(vec![record(ToEx, &[])]),
        ),
        (
            vec![
                0x22, 0x00, 0xe1, 0xf1, 0x00, 0x00, 0x00, 0x02,
                0x03, 0x00, 0x00, 0x00, 0xef, 0x01, 0x01, 0x01,
                0x05, 0x00, 0x00, 0x02, 0xef, 0x01, 0x01, 0x02,
                0x0a, 0x00, 0x00, 0x01,
                0x0a, 0x00, 0x00, 0x02,
            ],
            report(vec![record(ToIn, &[]), second]),
        ),
    ];
    rows
}

// RFC3376-4.2.1-01, RFC3376-4.2.2-01, RFC3376-4.2.10-01, RFC3376-4.2.11-01
#[test]
fn v3_reports_are_written_and_read() {
    for (bytes, message) in vectors() {
        assert_eq!(message.encode().unwrap(), bytes, "{message}");
        assert_eq!(read(&bytes, Version::V3), (message, 0));
    }
}

// RFC3376-4.2.2-01
#[test]
fn any_flipped_bit_of_a_v3_report_is_a_wrong_checksum() {
    for (bytes, _) in vectors() {
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&bytes, Version::V3).unwrap_err().is_checksum());
        }
    }
}

// RFC3376-4.2.12-01
#[test]
fn record_types_have_their_numbers() {
    for (octet, kind) in [(1, IsIn), (2, IsEx), (3, ToIn), (4, ToEx), (5, Allow), (6, Block)] {
        let bytes = encode_record(record(kind, &[])).unwrap();
        assert_eq!(bytes[8], octet);
        assert_eq!(read(&bytes, Version::V3), (report(vec![record(kind, &[])]), 0));
    }
}

// RFC3376-4.2.12-02
#[test]
fn a_record_of_an_unknown_type_does_not_hide_the_next() {
    for octet in [0, 7, 9, 255] {
        let records = vec![record(RecordKind::Unknown(octet), &[A]), record(IsEx, &[])];
        let bytes = report(records.clone()).encode().unwrap();
        assert_eq!(bytes[8], octet);
        assert_eq!(read(&bytes, Version::V3), (report(records), 0));
    }
    for octet in 1..=6 {
        let error = encode_record(record(RecordKind::Unknown(octet), &[])).unwrap_err();
        assert_eq!(error.why, Unfit::Known { kind: octet });
    }
}

// RFC3376-4.2.1-01, RFC9776-4.2.3-01: reserved octets change nothing; flags are kept.
#[test]
fn reserved_octets_are_ignored() {
    let mut bytes = vectors()[0].0.clone();
    bytes[1] = 0xff;
    assert_eq!(read(&sealed(&bytes), Version::V3), (vectors()[0].1.clone(), 0));
    bytes[4..6].copy_from_slice(&[0x80, 0x01]);
    let flagged = V3Report { flags: 0x8001, records: vec![record(ToEx, &[])] };
    assert_eq!(read(&sealed(&bytes), Version::V3), (Message::V3Report(flagged.clone()), 0));
    bytes[1] = 0;
    assert_eq!(Message::V3Report(flagged).encode().unwrap(), sealed(&bytes));
}

// RFC3376-4.2.10-02
#[test]
fn auxiliary_data_is_skipped() {
    #[rustfmt::skip]
    let bytes = sealed(&[
        0x22, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02,
        0x05, 0x02, 0x00, 0x01, 0xef, 0x01, 0x01, 0x01,
        0x0a, 0x00, 0x00, 0x01,
        1, 2, 3, 4, 5, 6, 7, 8,
        0x06, 0x00, 0x00, 0x00, 0xef, 0x01, 0x01, 0x01,
    ]);
    let with_aux = GroupRecord { aux: vec![1, 2, 3, 4, 5, 6, 7, 8], ..record(Allow, &[A]) };
    let said = report(vec![with_aux, record(Block, &[])]);
    assert_eq!(said.encode().unwrap(), bytes);
    assert_eq!(read(&bytes, Version::V3), (said, 0));
}

// RFC3376-4.2.10-02: whole words, and at most 255 of them.
#[test]
fn auxiliary_data_has_limits() {
    let encode = |octets| encode_record(GroupRecord { aux: vec![7; octets], ..record(IsEx, &[]) });
    let full = encode(1020).unwrap();
    assert_eq!((full.len(), full[9]), (16 + 1020, 255));
    assert!(decode(&full, Version::V3).is_ok());
    assert_eq!(encode(1024).unwrap_err().why, Unfit::TooMany { found: 1024, most: 1020 });
    for octets in [1, 2, 3, 5, 1019, 1021] {
        assert_eq!(encode(octets).unwrap_err().why, Unfit::NotWords { octets });
    }
}

// RFC3376-4.2.11-01
#[test]
fn octets_after_the_last_record_are_checksummed_and_otherwise_ignored() {
    for (bytes, message) in vectors() {
        for trailing in [1, 8, 12] {
            let long = [&bytes[..], &vec![0x5a; trailing]].concat();
            assert!(decode(&long, Version::V3).unwrap_err().is_checksum());
            assert_eq!(read(&sealed(&long), Version::V3), (message.clone(), trailing));
        }
    }
}

fn refusal(bytes: &[u8]) -> String {
    decode(&sealed(bytes), Version::V3).unwrap_err().to_string()
}

#[test]
fn announced_records_must_be_there() {
    let (bytes, _) = &vectors()[1];
    let no_room = "IGMPv3 Report: number of group records at octet 6: 2 records announced, room";
    assert_eq!(refusal(&bytes[..8]), format!("{no_room} for 0"));
    assert_eq!(refusal(&bytes[..15]), format!("{no_room} for 0"));
    assert_eq!(refusal(&bytes[..16]), format!("{no_room} for 1"));
    assert_eq!(refusal(&bytes[..23]), format!("{no_room} for 1"));
}

#[test]
fn announced_sources_must_be_there() {
    let (bytes, _) = &vectors()[1];
    let no_room = "IGMPv3 Report: number of sources at octet 18: 2 sources announced, room";
    assert_eq!(refusal(&bytes[..24]), format!("{no_room} for 0"));
    assert_eq!(refusal(&bytes[..31]), format!("{no_room} for 1"));
    assert!(decode(&sealed(bytes), Version::V3).is_ok());
}

#[test]
fn announced_auxiliary_data_must_be_there() {
    let mut bytes = vectors()[0].0.clone();
    bytes[9] = 2;
    bytes.extend([0; 7]);
    assert_eq!(
        refusal(&bytes),
        "IGMPv3 Report: Aux Data Len at octet 9: 2 words of auxiliary data announced, room for 1"
    );
    bytes.push(0);
    assert!(decode(&sealed(&bytes), Version::V3).is_ok());
}

#[test]
fn counts_hold_65535() {
    let sources = |sources| encode_record(record(IsIn, &vec![A; sources]));
    let bytes = sources(65_535).unwrap();
    assert_eq!(read(&bytes, Version::V3), (report(vec![record(IsIn, &[A; 65_535])]), 0));
    assert_eq!(sources(65_536).unwrap_err().field, "number of sources");

    let records = |records| report(vec![record(IsEx, &[]); records]).encode();
    let bytes = records(65_535).unwrap();
    assert_eq!((bytes.len(), &bytes[6..8]), (8 + 8 * 65_535, &[0xff, 0xff][..]));
    let error = records(65_536).unwrap_err();
    assert_eq!(error.why, Unfit::TooMany { found: 65_536, most: 65_535 });
}

#[test]
fn v3_reports_print_their_records() {
    let with_aux = GroupRecord { aux: vec![0; 4], ..record(RecordKind::Unknown(9), &[]) };
    let kinds = [IsIn, IsEx, ToIn, ToEx, Allow, Block];
    assert_eq!(
        kinds.map(|kind| kind.to_string()),
        ["IS_IN", "IS_EX", "TO_IN", "TO_EX", "ALLOW", "BLOCK"]
    );
    let lines = [
        report(vec![record(ToEx, &[])]),
        report(vec![record(Allow, &[A, B]), record(Block, &[A])]),
        report(vec![]),
        Message::V3Report(V3Report { flags: 1, records: vec![with_aux] }),
    ];
    assert_eq!(
        lines.map(|message| message.to_string()),
        [
            "v3 Membership Report, TO_EX(239.1.1.1, {})",
            "v3 Membership Report, ALLOW(239.1.1.1, {10.0.0.1, 10.0.0.2}), \
             BLOCK(239.1.1.1, {10.0.0.1})",
            "v3 Membership Report, no records",
            "v3 Membership Report, flags 0x0001, type 9(239.1.1.1, {}) \
             and 4 octets of auxiliary data",
        ]
    );
}
