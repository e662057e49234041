use super::*;

use RecordKind::{Allow, Block, IsEx, IsIn, ToEx, ToIn};

fn record(kind: RecordKind, sources: &[Ipv6Addr]) -> GroupRecord {
    GroupRecord::new(kind, GROUP, sources.to_vec())
}

fn report(records: Vec<GroupRecord>) -> Message {
    Message::V2Report(V2Report::new(records))
}

fn read(bytes: &[u8]) -> (Message, usize) {
    super::read(&sealed(bytes, REPORTED), REPORTED, Version::V3)
}

/// A join, and a Report of two records, the second with sources: by the figures of RFC 3810 section
/// 5.2, with checksums by another program.
fn vectors() -> [(Vec<u8>, Message); 2] {
    let (group, channel) = (GROUP.octets(), CHANNEL.octets());
    let second = GroupRecord::new(Allow, CHANNEL, vec![A, B]);
    [
        (
            [&[143, 0, 0x70, 0x02, 0, 0, 0, 1, 4, 0, 0, 0][..], &group].concat(),
            report(vec![record(ToEx, &[])]),
        ),
        (
            [
                &[143, 0, 0x91, 0x15, 0, 0, 0, 2][..],
                &[3, 0, 0, 0],
                &group,
                &[5, 0, 0, 2],
                &channel,
                &A.octets(),
                &B.octets(),
            ]
            .concat(),
            report(vec![record(ToIn, &[]), second]),
        ),
    ]
}

// RFC3810-5-02, RFC3810-5.2.10-01, RFC3810-5.2.14-01
#[test]
fn v2_reports_are_written_and_read() {
    for (bytes, message) in vectors() {
        assert_eq!(message.encode(REPORTED).unwrap(), bytes, "{message}");
        assert_eq!(super::read(&bytes, REPORTED, Version::V3), (message, 0));
    }
}

// RFC3810-5.2.12-02
#[test]
fn record_types_have_their_numbers_and_an_unknown_one_does_not_hide_the_next() {
    for (octet, kind) in [(1, IsIn), (2, IsEx), (3, ToIn), (4, ToEx), (5, Allow), (6, Block)] {
        let bytes = report(vec![record(kind, &[])]).encode(REPORTED).unwrap();
        assert_eq!((bytes[8], read(&bytes)), (octet, (report(vec![record(kind, &[])]), 0)));
    }
    let records = vec![record(RecordKind::Unknown(9), &[A]), record(IsEx, &[])];
    let bytes = report(records.clone()).encode(REPORTED).unwrap();
    assert_eq!(read(&bytes), (report(records), 0));
}

// RFC3810-5.2.10-02, RFC3810-5.2.11-01
#[test]
fn auxiliary_data_and_what_follows_the_last_record_are_passed_over() {
    let with_aux = GroupRecord { aux: vec![1, 2, 3, 4, 5, 6, 7, 8], ..record(Allow, &[A]) };
    let said = report(vec![with_aux, record(Block, &[])]);
    let bytes = said.encode(REPORTED).unwrap();
    assert_eq!(bytes.len(), 8 + (4 + 16 + 16 + 8) + (4 + 16));
    assert_eq!(read(&bytes), (said.clone(), 0));
    assert_eq!(read(&[&bytes[..], &[0x5a; 5]].concat()), (said, 5));
}

// RFC9776-4.2.3-01, which RFC 9777 section 5.2.3 repeats.
#[test]
fn flags_are_kept_and_change_nothing() {
    let mut bytes = vectors()[0].0.clone();
    bytes[1] = 0xff;
    bytes[4..6].copy_from_slice(&[0x80, 0x01]);
    let flagged = V2Report { flags: 0x8001, records: vec![record(ToEx, &[])] };
    assert_eq!(read(&bytes), (Message::V2Report(flagged), 0));
}

#[test]
fn announced_lists_must_be_there() {
    let refusal = |bytes: &[u8]| {
        decode(&sealed(bytes, REPORTED), REPORTED, Version::V3).unwrap_err().to_string()
    };
    let (join, _) = &vectors()[0];
    let (bytes, _) = &vectors()[1];
    assert_eq!(refusal(&bytes[..7]), "MLD message: end at octet 7: 7 octets, at least 8 needed");
    let records = "MLDv2 Report: number of group records at octet 6: 2 records announced, room";
    assert_eq!(refusal(&bytes[..8]), format!("{records} for 0"));
    assert_eq!(refusal(&bytes[..27]), format!("{records} for 0"));
    assert_eq!(refusal(&bytes[..28]), format!("{records} for 1"));
    let sources = "MLDv2 Report: number of sources at octet 30: 2 sources announced, room";
    assert_eq!(refusal(&bytes[..48]), format!("{sources} for 0"));
    assert_eq!(refusal(&bytes[..79]), format!("{sources} for 1"));
    let mut greedy = join.clone();
    greedy[9] = 2;
    greedy.extend([0; 7]);
    assert_eq!(
        refusal(&greedy),
        "MLDv2 Report: Aux Data Len at octet 9: 2 words of auxiliary data announced, room for 1"
    );
}

#[test]
fn v2_reports_print_their_records() {
    let lines = vectors().map(|(_, message)| message.to_string());
    assert_eq!(
        lines,
        [
            "MLDv2 Report, TO_EX(ff05::1:3, {})",
            "MLDv2 Report, TO_IN(ff05::1:3, {}), \
             ALLOW(ff3e::8000:1, {2001:db8::1, 2001:db8::2})",
        ]
    );
    assert_eq!(report(vec![]).to_string(), "MLDv2 Report, no records");
}
