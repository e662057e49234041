//! Octets that are no message of PIM.

use super::*;

/// What the reader says of octets, whose checksum is made right.
fn said(text: &str) -> String {
    let bytes = hex(text);
    decode(&sealed(&bytes, None, bytes.len()), None).unwrap_err().to_string()
}

// RFC7761-4.9-04
#[test]
fn other_versions_and_short_messages_are_refused() {
    assert_eq!(
        decode(&[0x20, 0, 0], None).unwrap_err().to_string(),
        "PIM message: end at octet 3: 3 octets, at least 4 needed"
    );
    assert_eq!(said("10000000"), "PIM message: version at octet 0: 1, should be 2");
    assert_eq!(
        said("21000000 0000"),
        "PIM Register: flags at octet 4: 2 octets, at least 4 needed"
    );
    assert_eq!(
        said("22000000 0100 00 20 ef010101 0100 0a00"),
        "PIM Register-Stop: source address at octet 14: 2 octets, at least 4 needed"
    );
}

// RFC7761-4.9-03
#[test]
fn a_wrong_checksum_is_refused_whatever_the_type() {
    for kind in 0..=15 {
        let mut bytes = sealed(&[0x20 | kind, 0, 0, 0, 0, 0, 0, 0], None, 8);
        bytes[2] ^= 1;
        assert!(decode(&bytes, None).unwrap_err().is_checksum(), "type {kind}");
        let right = sealed(&bytes, None, 8);
        assert!(decode(&right, Some(ENDS)).unwrap_err().is_checksum(), "type {kind}");
    }
}

#[test]
fn addresses_that_cannot_be_read_are_refused_where_they_say_so() {
    assert_eq!(
        said("25000000 0300 00 20 ef010101"),
        "PIM Assert: group address at octet 4: 3, of which only families 1 (IPv4) and 2 (IPv6) \
         can be read"
    );
    assert_eq!(
        said("23000000 0101 0a000001 0000 00d2"),
        "PIM Join/Prune: upstream neighbor address at octet 5: 1, of which only encoding 0 can be \
         read"
    );
}

// RFC7761-4.9.6-01
#[test]
fn an_assert_is_refused_wherever_it_is_cut_off() {
    let four = "25000000 0100 00 20 ef010101 0100 0a000209 00000065 00000014";
    let six = "25000000 0200 00 80 ff1e0000000000000000000000000001 \
               0200 20010db8000000000000000000000009 00000065 00000014";
    for (text, ends) in [(four, None), (six, Some(ENDS))] {
        let whole = hex(text);
        for end in 4..whole.len() {
            let bytes = sealed(&whole[..end], ends, end);
            let why = decode(&bytes, ends).unwrap_err();
            assert_eq!((why.message, why.is_checksum()), ("PIM Assert", false), "{end} octets");
        }
        let bytes = sealed(&whole, ends, whole.len());
        assert!(matches!(decode(&bytes, ends).unwrap().message, Message::Assert(_)));
    }
}

// RFC7761-4.9.2-01: what is unknown is skipped, but by its length.
#[test]
fn options_end_where_they_say() {
    assert_eq!(
        said("20000000 0001 0004 0069 0000"),
        "PIM Hello: option length at octet 6: 4 octets, should be 2"
    );
    assert_eq!(
        said("20000000 0013 0002 0001"),
        "PIM Hello: DR Priority at octet 8: 2 octets, at least 4 needed"
    );
    assert_eq!(
        said("20000000 fde9 0005 0001"),
        "PIM Hello: option length at octet 8: 5 octets announced, room for 2"
    );
    assert_eq!(
        said("20000000 0001"),
        "PIM Hello: option length at octet 6: 0 octets, at least 2 needed"
    );
}

#[test]
fn lists_hold_what_they_announce() {
    assert_eq!(
        said("23000000 0100 0a000001 00 02 00d2 0100 00 20 ef010101 0000 0000"),
        "PIM Join/Prune: group address at octet 26: 0 octets, at least 2 needed"
    );
    assert_eq!(
        said("23000000 0100 0a000001 00 01 00d2 0100 00 20 ef010101 ffff 0000 0100 07 20 0a000001"),
        "PIM Join/Prune: source address at octet 34: 0 octets, at least 2 needed"
    );
    assert_eq!(
        said("24000000 1234 1e 40 0100 0a000209 0100 00 04 e0000000 02 01 0000 0100 0a0000"),
        "PIM Bootstrap: RP address at octet 28: 3 octets, at least 4 needed"
    );
    assert_eq!(
        said("28000000 01 c0 0096 0100 0a000001"),
        "PIM Candidate-RP-Advertisement: group address at octet 14: 0 octets, at least 2 needed"
    );
}
