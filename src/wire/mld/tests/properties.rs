//! What must hold for every message and for any bytes.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;

fn address() -> impl Strategy<Value = Ipv6Addr> {
    any::<u128>().prop_map(Ipv6Addr::from)
}

fn addresses() -> impl Strategy<Value = Vec<Ipv6Addr>> {
    vec(address(), 0..6)
}

fn ends() -> impl Strategy<Value = Ends> {
    (address(), address()).prop_map(|(source, destination)| Ends { source, destination })
}

fn v2_query() -> impl Strategy<Value = V2Query> {
    (0..=15_u8, any::<bool>(), 0..=7_u8, any::<u8>(), addresses()).prop_map(
        |(flags, suppress, robustness, interval_code, sources)| V2Query {
            flags,
            suppress,
            robustness,
            interval_code,
            sources,
        },
    )
}

fn query() -> impl Strategy<Value = Query> {
    (any::<u16>(), address(), proptest::option::of(v2_query()))
        .prop_map(|(max_resp_code, group, v2)| Query { max_resp_code, group, v2 })
}

fn record() -> impl Strategy<Value = GroupRecord> {
    let aux = vec(any::<[u8; 4]>(), 0..4).prop_map(|words| words.concat());
    (any::<u8>().prop_map(RecordKind::from_octet), address(), addresses(), aux)
        .prop_map(|(kind, group, sources, aux)| GroupRecord { kind, group, sources, aux })
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        3 => query().prop_map(Message::Query),
        1 => address().prop_map(|group| Message::V1Report { group }),
        1 => address().prop_map(|group| Message::Done { group }),
        3 => (any::<u16>(), vec(record(), 0..5))
            .prop_map(|(flags, records)| Message::V2Report(V2Report { flags, records })),
        1 => any::<u8>()
            .prop_filter("unknown", |kind| !is_type(*kind))
            .prop_map(|kind| Message::Unknown { kind }),
    ]
}

/// Bytes that pass the checks of length, checksum and type more often than random ones.
fn plausible() -> impl Strategy<Value = Vec<u8>> {
    (select(vec![130, 131, 132, 143, 135]), vec(0..3_u8, 3..140))
        .prop_map(|(kind, rest)| sealed(&[&[kind], &rest[..]].concat(), REPORTED))
}

proptest! {
    #[test]
    fn every_message_survives_the_round_trip(message in message(), ends in ends()) {
        let bytes = message.encode(ends).unwrap();
        prop_assert_eq!(&sealed(&bytes, ends), &bytes);
        let decoded = decode(&bytes, ends, Version::V3).unwrap();
        prop_assert_eq!(decoded, Decoded { message, trailing: 0 });
    }

    #[test]
    fn reading_never_panics(bytes in vec(any::<u8>(), 0..80), plausible in plausible()) {
        for newest in [Version::V1, Version::V2, Version::V3] {
            let _ = decode(&bytes, QUERIED, newest);
            if let Err(error) = decode(&plausible, REPORTED, newest) {
                prop_assert!(!error.is_checksum());
                prop_assert!(error.at <= plausible.len(), "{}", error);
            }
        }
    }

    // Reading and writing lose only reserved octets.
    #[test]
    fn what_was_read_can_be_written(bytes in plausible()) {
        if let Ok(decoded) = decode(&bytes, REPORTED, Version::V3) {
            let again = decoded.message.encode(REPORTED).unwrap();
            if !matches!(decoded.message, Message::Unknown { .. }) {
                prop_assert_eq!(again.len() + decoded.trailing, bytes.len());
            }
            prop_assert_eq!(decode(&again, REPORTED, Version::V3).unwrap().message, decoded.message);
        }
    }

    // RFC2710-3.7-02, RFC2710-3.7-03, RFC3810-5.1.12-01, RFC3810-5.2.11-01
    #[test]
    fn what_trails_a_message_is_checksummed_and_otherwise_ignored(
        message in message(),
        tail in vec(any::<u8>(), 1..40),
        at in any::<Index>(),
    ) {
        prop_assume!(!matches!(message, Message::Unknown { .. }));
        // Behind an older Query, four octets make a version 2 part.
        let older_query = matches!(&message, Message::Query(Query { v2: None, .. }));
        let newest = if older_query { Version::V2 } else { Version::V3 };
        let long = [message.encode(REPORTED).unwrap(), tail.clone()].concat();
        let long = sealed(&long, REPORTED);
        let decoded = decode(&long, REPORTED, newest).unwrap();
        prop_assert_eq!(decoded, Decoded { message, trailing: tail.len() });

        let (mut damaged, bit) = (long.clone(), at.index(long.len() * 8));
        damaged[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(decode(&damaged, REPORTED, newest).unwrap_err().is_checksum());
    }
}
