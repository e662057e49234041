use super::*;

// The example of RFC 1071 section 3: the sum is ddf2, so the checksum is its complement.
#[test]
fn checksum_is_that_of_rfc_1071() {
    assert_eq!(
        checksum(Sum16BitWords::new(), &[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]),
        0x220d
    );
}

#[test]
fn odd_octets_are_padded_with_zero() {
    assert_eq!(
        checksum(Sum16BitWords::new(), &[0x12, 0x34, 0x56]),
        checksum(Sum16BitWords::new(), &[0x12, 0x34, 0x56, 0x00])
    );
    assert_ne!(
        checksum(Sum16BitWords::new(), &[0x12, 0x34, 0x56]),
        checksum(Sum16BitWords::new(), &[0x12, 0x34, 0x00, 0x56])
    );
}

#[test]
fn malformed_names_message_field_and_octet() {
    let why = Why::NoRoom { unit: "sources", announced: 3, room: 1 };
    let error = Malformed { message: "IGMPv3 Report", field: "number of sources", at: 10, why };
    assert_eq!(
        error.to_string(),
        "IGMPv3 Report: number of sources at octet 10: 3 sources announced, room for 1"
    );
    assert!(!error.is_checksum());
}

#[test]
fn a_wrong_checksum_is_told_with_the_right_one() {
    let error =
        verify("IGMP message", Sum16BitWords::new(), &[0x16, 0, 0xf9, 0xfd, 0xef, 1, 1, 1], 2)
            .unwrap_err();
    assert_eq!(error.to_string(), "IGMP message: checksum at octet 2: 0xf9fd, should be 0xf9fc");
    assert!(error.is_checksum());
}

#[test]
fn unencodable_names_message_and_field() {
    let why = Unfit::TooMany { found: 65_536, most: 65_535 };
    let error = Unencodable { message: "IGMPv3 Query", field: "number of sources", why };
    assert_eq!(error.to_string(), "IGMPv3 Query: number of sources: 65536, at most 65535 fit");
}
