//! What must hold for every message and for any bytes.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::V4(bits.into())),
        any::<u128>().prop_map(|bits| IpAddr::V6(bits.into())),
    ]
}

fn group() -> impl Strategy<Value = EncodedGroup> {
    (any::<[bool; 2]>(), any::<u8>(), address()).prop_map(
        |([is_bidirectional, is_zone], mask, group)| EncodedGroup {
            is_bidirectional,
            is_zone,
            mask,
            group,
        },
    )
}

fn sources() -> impl Strategy<Value = Vec<EncodedSource>> {
    let source = (any::<[bool; 3]>(), any::<u8>(), address()).prop_map(
        |([is_sparse, is_wildcard, is_rpt], mask, source)| EncodedSource {
            is_sparse,
            is_wildcard,
            is_rpt,
            mask,
            source,
        },
    );
    vec(source, 0..5)
}

fn hello_option() -> impl Strategy<Value = HelloOption> {
    prop_oneof![
        any::<u16>().prop_map(HelloOption::Holdtime),
        (any::<bool>(), 0..0x8000_u16, any::<u16>()).prop_map(
            |(can_track, propagation_delay, override_interval)| HelloOption::LanPruneDelay {
                can_track,
                propagation_delay,
                override_interval,
            }
        ),
        any::<u32>().prop_map(HelloOption::DrPriority),
        any::<u32>().prop_map(HelloOption::GenerationId),
        vec(address(), 0..4).prop_map(HelloOption::AddressList),
        (25..=u16::MAX, vec(any::<u8>(), 0..9))
            .prop_map(|(kind, value)| HelloOption::Unknown { kind, value }),
    ]
}

fn join_prune() -> impl Strategy<Value = JoinPrune> {
    let entries = (group(), sources(), sources()).prop_map(|(group, joins, prunes)| GroupEntries {
        group,
        joins,
        prunes,
    });
    (address(), any::<u16>(), vec(entries, 0..4))
        .prop_map(|(upstream, holdtime, groups)| JoinPrune { upstream, holdtime, groups })
}

fn rp() -> impl Strategy<Value = Rp> {
    (address(), any::<u16>(), any::<u8>()).prop_map(|(address, holdtime, priority)| Rp {
        address,
        holdtime,
        priority,
    })
}

fn bootstrap() -> impl Strategy<Value = Bootstrap> {
    let range = (group(), any::<u8>(), vec(rp(), 0..4)).prop_map(|(group, count, rps)| Range {
        group,
        count,
        rps,
    });
    let head = (any::<bool>(), any::<u16>(), any::<u8>(), any::<u8>());
    (head, address(), vec(range, 0..4)).prop_map(
        |((is_final, tag, hash_mask, priority), router, ranges)| Bootstrap {
            is_final,
            tag,
            hash_mask,
            priority,
            router,
            ranges,
        },
    )
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        vec(hello_option(), 0..6).prop_map(|options| Message::Hello(Hello { options })),
        (any::<[bool; 2]>(), vec(any::<u8>(), 0..40)).prop_map(
            |([is_border, is_null], datagram)| Message::Register(Register {
                is_border,
                is_null,
                datagram
            })
        ),
        (group(), address())
            .prop_map(|(group, source)| Message::RegisterStop(RegisterStop { group, source })),
        join_prune().prop_map(Message::JoinPrune),
        join_prune().prop_map(Message::Graft),
        join_prune().prop_map(Message::GraftAck),
        bootstrap().prop_map(Message::Bootstrap),
        (group(), address(), any::<bool>(), 0..1_u32 << 31, any::<u32>()).prop_map(
            |(group, source, is_rpt, preference, metric)| Message::Assert(Assert {
                group,
                source,
                is_rpt,
                preference,
                metric,
            })
        ),
        (rp(), vec(group(), 0..5))
            .prop_map(|(rp, groups)| Message::Advertisement(Advertisement { rp, groups })),
        (9..=15_u8).prop_map(|kind| Message::Unknown { kind }),
    ]
}

fn ends() -> impl Strategy<Value = Option<Ends>> {
    let ends = (any::<u128>(), any::<u128>()).prop_map(|(source, destination)| Ends {
        source: source.into(),
        destination: destination.into(),
    });
    option::of(ends)
}

proptest! {
    #[test]
    fn what_is_written_is_read(message in message(), ends in ends()) {
        let bytes = message.encode(ends).unwrap();
        prop_assert_eq!(decode(&bytes, ends).unwrap(), Decoded { message, trailing: 0 });
    }

    #[test]
    fn no_octets_panic_and_what_is_read_can_be_written(
        kind in 0..=15_u8,
        body in vec(prop_oneof![0..3_u8, any::<u8>()], 0..80),
    ) {
        let bytes = [&[0x20 | kind, 0, 0, 0], &body[..]].concat();
        if let Ok(Decoded { message, trailing }) = decode(&sealed(&bytes, None, bytes.len()), None) {
            let again = message.encode(None).unwrap();
            prop_assert_eq!(decode(&again, None).unwrap(), Decoded { message, trailing: 0 });
            prop_assert!(kind > 8 || again.len() + trailing == bytes.len());
        }
    }

    #[test]
    fn a_message_cut_short_is_no_other_message_but_a_shorter_list(
        message in message(),
        cut in 1..200_usize,
    ) {
        let bytes = message.encode(None).unwrap();
        let bytes = &bytes[..bytes.len().saturating_sub(cut).max(4)];
        if let Ok(read) = decode(&sealed(bytes, None, bytes.len()), None) {
            // A Hello, a Bootstrap and a Register end where the packet ends.
            let is_open = matches!(read.message.kind(), 0 | 1 | 4 | 9..=15);
            prop_assert!(is_open, "{read:?}");
        }
    }
}
