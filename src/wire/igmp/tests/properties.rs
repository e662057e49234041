//! What must hold for every message and for any bytes.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

fn address() -> impl Strategy<Value = Ipv4Addr> {
    any::<u32>().prop_map(Ipv4Addr::from)
}

fn addresses() -> impl Strategy<Value = Vec<Ipv4Addr>> {
    vec(address(), 0..12)
}

fn v3_query() -> impl Strategy<Value = V3Query> {
    (0..=15_u8, any::<bool>(), 0..=7_u8, any::<u8>(), addresses()).prop_map(
        |(flags, suppress, robustness, interval_code, sources)| V3Query {
            flags,
            suppress,
            robustness,
            interval_code,
            sources,
        },
    )
}

fn query() -> impl Strategy<Value = Query> {
    (any::<u8>(), address(), proptest::option::of(v3_query()))
        .prop_map(|(max_resp_code, group, v3)| Query { max_resp_code, group, v3 })
}

fn record() -> impl Strategy<Value = GroupRecord> {
    let kind = any::<u8>().prop_map(RecordKind::from_octet);
    let known = (1..=6_u8).prop_map(RecordKind::from_octet);
    let aux = vec(any::<[u8; 4]>(), 0..4).prop_map(|words| words.concat());
    (prop_oneof![kind, known], address(), addresses(), aux)
        .prop_map(|(kind, group, sources, aux)| GroupRecord { kind, group, sources, aux })
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        3 => query().prop_map(Message::Query),
        1 => address().prop_map(|group| Message::V1Report { group }),
        1 => address().prop_map(|group| Message::V2Report { group }),
        1 => address().prop_map(|group| Message::Leave { group }),
        3 => (any::<u16>(), vec(record(), 0..6))
            .prop_map(|(flags, records)| Message::V3Report(V3Report { flags, records })),
        1 => any::<u8>()
            .prop_filter("unknown", |kind| ![0x11, 0x12, 0x16, 0x17, 0x22].contains(kind))
            .prop_map(|kind| Message::Unknown { kind }),
    ]
}

/// Bytes that pass the checks of length, checksum and type more often than random ones.
fn plausible() -> impl Strategy<Value = Vec<u8>> {
    (select(vec![0x11, 0x12, 0x16, 0x17, 0x22, 0x99]), vec(0..4_u8, 7..80))
        .prop_map(|(kind, rest)| sealed(&[&[kind], &rest[..]].concat()))
}

proptest! {
    #[test]
    fn every_message_survives_the_round_trip(message in message()) {
        let bytes = message.encode().unwrap();
        let decoded = decode(&bytes, Version::V3).unwrap();
        prop_assert_eq!(decoded, Decoded { message, trailing: 0 });
    }

    // RFC2236-2.3-01
    #[test]
    fn the_checksum_inserted_is_the_right_one(message in message()) {
        let bytes = message.encode().unwrap();
        prop_assert_eq!(&sealed(&bytes), &bytes);
    }

    #[test]
    fn reading_never_panics(bytes in vec(any::<u8>(), 0..64), plausible in plausible()) {
        for newest in VERSIONS {
            let _ = decode(&bytes, newest);
            if let Err(error) = decode(&plausible, newest) {
                prop_assert!(!error.is_checksum());
                prop_assert!(error.at < plausible.len(), "{}", error);
            }
        }
    }

    // Reading and writing lose only reserved octets, so writing a message again and reading that
    // gives an equal message.
    #[test]
    fn what_was_read_can_be_written(bytes in plausible()) {
        if let Ok(decoded) = decode(&bytes, Version::V3) {
            let again = decoded.message.encode().unwrap();
            prop_assert_eq!(again.len() + decoded.trailing, bytes.len());
            prop_assert_eq!(decode(&again, Version::V3).unwrap().message, decoded.message);
        }
    }

    // RFC2236-2.3-02, RFC3376-4.1.2-01, RFC3376-4.2.2-01
    #[test]
    fn a_flipped_bit_is_always_a_wrong_checksum(message in message(), at in any::<Index>()) {
        let mut bytes = message.encode().unwrap();
        let bit = at.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        for newest in VERSIONS {
            prop_assert!(decode(&bytes, newest).unwrap_err().is_checksum());
        }
    }

    // RFC2236-2.5-01, RFC2236-2.5-02, RFC3376-4.1.10-01, RFC3376-4.2.11-01
    #[test]
    fn what_trails_a_message_is_checksummed_and_otherwise_ignored(
        message in message(),
        tail in vec(any::<u8>(), 1..40),
    ) {
        // Behind an older Query, four octets make a v3 part.
        let older_query = matches!(&message, Message::Query(Query { v3: None, .. }));
        let newest = if older_query { Version::V2 } else { Version::V3 };
        let long = [message.encode().unwrap(), tail.clone()].concat();
        let decoded = decode(&sealed(&long), newest).unwrap();
        prop_assert_eq!(decoded, Decoded { message, trailing: tail.len() });

        let mut damaged = sealed(&long);
        *damaged.last_mut().unwrap() ^= 0x10;
        prop_assert!(decode(&damaged, newest).unwrap_err().is_checksum());
    }
}
