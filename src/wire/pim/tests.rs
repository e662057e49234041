use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::*;

mod malformed;
mod properties;

const GROUP: IpAddr = IpAddr::V4(Ipv4Addr::new(239, 1, 1, 1));
const RP: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 2, 9));
const GROUP6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xff1e, 0, 0, 0, 0, 0, 0, 1));
const SOURCE6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 9));

const ENDS: Ends = Ends {
    source: Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1),
    destination: Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xd),
};

/// The octets with the checksum over the first `covered` of them that they should have, computed by
/// other arithmetic than the code's.
fn sealed(bytes: &[u8], ends: Option<Ends>, covered: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[2..4].fill(0);
    let mut sum: u64 = ends.map_or(0, |ends| {
        let both = [ends.source.octets(), ends.destination.octets()].concat();
        words(&both) + u64::try_from(covered).unwrap() + u64::from(PIM)
    });
    sum += words(&bytes[..covered]);
    let field = u16::try_from(0xffff - ((sum - 1) % 0xffff + 1)).unwrap();
    bytes[2..4].copy_from_slice(&field.to_be_bytes());
    bytes
}

fn words(bytes: &[u8]) -> u64 {
    let word = |pair: &[u8]| u64::from(pair[0]) << 8 | u64::from(*pair.get(1).unwrap_or(&0));
    bytes.chunks(2).map(word).sum()
}

/// The octets written in hexadecimal.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).unwrap()).collect()
}

fn hello() -> Message {
    Message::Hello(Hello {
        options: vec![
            HelloOption::Holdtime(105),
            HelloOption::LanPruneDelay {
                can_track: true,
                propagation_delay: 500,
                override_interval: 2500,
            },
            HelloOption::DrPriority(1),
            HelloOption::GenerationId(0xdead_beef),
            HelloOption::AddressList(vec![SOURCE, SOURCE6]),
            HelloOption::Unknown { kind: 65001, value: vec![1, 2, 3] },
        ],
    })
}

/// Octets by the figures of RFC 7761 section 4.9 and RFC 5059 section 4, without their checksums, and
/// how the message reads.
fn vectors() -> Vec<(&'static str, Message, &'static str)> {
    let one = EncodedGroup::one(GROUP);
    let entries = JoinPrune {
        upstream: SOURCE,
        holdtime: 210,
        groups: vec![GroupEntries {
            group: one,
            joins: vec![EncodedSource::any(RP), EncodedSource::source(SOURCE)],
            prunes: vec![EncodedSource::source_rpt(SOURCE)],
        }],
    };
    let listed = "0100 0a000209 00 01 00d2 0100 00 20 ef010101 0002 0001 0100 07 20 0a000001 \
                  0100 04 20 0a000209 0100 05 20 0a000209";
    let said = "to 10.0.2.9: 239.1.1.1 join *(10.0.0.1) 10.0.2.9 prune 10.0.2.9(rpt), \
                holdtime 210 s";
    let rp = Rp { address: RP, holdtime: 150, priority: 192 };
    let all = EncodedGroup { mask: 4, is_zone: true, ..EncodedGroup::one([224, 0, 0, 0].into()) };
    let range = Range { group: all, count: 2, rps: vec![rp] };
    let bootstrap = Bootstrap {
        is_final: true,
        tag: 0x1234,
        hash_mask: 30,
        priority: 64,
        router: SOURCE,
        ranges: vec![range],
    };
    let assert = Assert { group: one, source: SOURCE, is_rpt: true, preference: 101, metric: 20 };
    let cancel = Assert { preference: INFINITE_PREFERENCE, metric: INFINITE_METRIC, ..assert };
    let to_six = Assert {
        group: EncodedGroup::one(GROUP6),
        source: SOURCE6,
        is_rpt: false,
        preference: 1,
        metric: 0xffff_ffff,
    };
    let six = RegisterStop { group: EncodedGroup::one(GROUP6), source: SOURCE6 };
    let leaked = |text: String| -> &'static str { text.leak() };
    vec![
        (
            "20 00 0000 0001 0002 0069 0002 0004 81f4 09c4 0013 0004 00000001 \
             0014 0004 deadbeef 0018 0018 0100 0a000209 0200 20010db8000000000000000000000009 \
             fde9 0003 010203",
            hello(),
            "PIM Hello: holdtime 105 s, propagation delay 500 ms, override interval 2500 ms, \
             tracking, DR priority 1, generation ID 0xdeadbeef, addresses 10.0.2.9 2001:db8::9, \
             option 65001 of 3 octets",
        ),
        (
            "22 00 0000 0100 00 20 ef010101 0100 0a000209",
            Message::RegisterStop(RegisterStop { group: one, source: SOURCE }),
            "PIM Register-Stop (10.0.2.9, 239.1.1.1)",
        ),
        (
            "22 00 0000 0200 00 80 ff1e0000000000000000000000000001 \
             0200 20010db8000000000000000000000009",
            Message::RegisterStop(six),
            "PIM Register-Stop (2001:db8::9, ff1e::1)",
        ),
        (
            leaked(format!("23 00 0000 {listed}")),
            Message::JoinPrune(entries.clone()),
            leaked(format!("PIM Join/Prune {said}")),
        ),
        (
            leaked(format!("26 00 0000 {listed}")),
            Message::Graft(entries.clone()),
            leaked(format!("PIM Graft {said}")),
        ),
        (
            leaked(format!("27 00 0000 {listed}")),
            Message::GraftAck(entries),
            leaked(format!("PIM Graft-Ack {said}")),
        ),
        (
            "24 80 0000 1234 1e 40 0100 0a000209 0100 01 04 e0000000 02 01 0000 \
             0100 0a000001 0096 c0 00",
            Message::Bootstrap(bootstrap),
            "PIM Bootstrap of 10.0.2.9: priority 64, hash mask 30, 224.0.0.0/4 by 10.0.0.1",
        ),
        (
            "25 00 0000 0100 00 20 ef010101 0100 0a000209 80000065 00000014",
            Message::Assert(assert),
            "PIM Assert (10.0.2.9, 239.1.1.1) on the RP's tree: preference 101, metric 20",
        ),
        (
            "25 00 0000 0100 00 20 ef010101 0100 0a000209 ffffffff ffffffff",
            Message::Assert(cancel),
            "PIM AssertCancel (10.0.2.9, 239.1.1.1)",
        ),
        (
            "25 00 0000 0200 00 80 ff1e0000000000000000000000000001 \
             0200 20010db8000000000000000000000009 00000001 ffffffff",
            Message::Assert(to_six),
            "PIM Assert (2001:db8::9, ff1e::1): preference 1, metric 4294967295",
        ),
        (
            "28 00 0000 01 c0 0096 0100 0a000001 0100 01 04 e0000000",
            Message::Advertisement(Advertisement { rp, groups: vec![all] }),
            "PIM Candidate-RP-Advertisement 10.0.0.1: priority 192, holdtime 150 s, groups \
             224.0.0.0/4",
        ),
    ]
}

// RFC7761-4.9-02, RFC7761-4.9-03, RFC7761-4.9.1-01, RFC7761-4.9.2-01, RFC7761-4.9.5.1-01,
// RFC7761-4.9.6-01
#[test]
fn the_messages_of_the_rfcs_are_written_and_read_in_both_families() {
    for (text, message, said) in vectors() {
        assert_eq!(message.to_string(), said);
        for ends in [None, Some(ENDS)] {
            let bytes = hex(text);
            let bytes = sealed(&bytes, ends, bytes.len());
            assert_eq!(message.encode(ends).unwrap(), bytes, "{message}");
            let read = Decoded { message: message.clone(), trailing: 0 };
            assert_eq!(decode(&bytes, ends), Ok(read));
            let read = Decoded { message: message.clone(), trailing: 2 };
            if !matches!(message, Message::Hello(_) | Message::Bootstrap(_)) {
                let bytes = [&bytes[..], &[0, 0]].concat();
                assert_eq!(decode(&sealed(&bytes, ends, bytes.len()), ends), Ok(read));
            }
        }
    }
}

fn register(is_null: bool) -> (Vec<u8>, Message) {
    let datagram: Vec<u8> = (0..33).collect();
    let flags = if is_null { 0x40 } else { 0 };
    let bytes = [&[0x21, 0, 0, 0, flags, 0, 0, 0][..], &datagram].concat();
    (bytes, Message::Register(Register { is_border: false, is_null, datagram }))
}

// RFC7761-4.9-03, RFC7761-4.9.3-02
#[test]
fn the_checksum_of_a_register_covers_its_head_or_all_of_it() {
    for ends in [None, Some(ENDS)] {
        for is_null in [false, true] {
            let (bytes, message) = register(is_null);
            let head_only = sealed(&bytes, ends, 8);
            assert_eq!(message.encode(ends).unwrap(), head_only);
            let whole = sealed(&bytes, ends, bytes.len());
            for bytes in [head_only, whole] {
                assert_eq!(decode(&bytes, ends).unwrap().message, message);
            }
            let part = sealed(&bytes, ends, 12);
            assert!(decode(&part, ends).unwrap_err().is_checksum());
        }
    }
}

// RFC7761-4.9.3-03
#[test]
fn a_null_register_holds_a_header_whose_checksum_counts_unless_it_is_zero() {
    for (source, group, at, octets) in [(SOURCE, GROUP, 10, 20), (SOURCE6, GROUP6, 42, 44)] {
        let null = Register::null(source, group).unwrap();
        assert_eq!((null.datagram.len(), null.ends()), (octets, Ok((source, group))));
        let with_sum = |sum: [u8; 2], is_null| {
            let mut register = Register { is_null, ..null.clone() };
            register.datagram[at..at + 2].copy_from_slice(&sum);
            register.ends()
        };
        assert_eq!(with_sum([0, 0], true), Ok((source, group)));
        assert!(with_sum([1, 2], true).unwrap_err().is_checksum());
        // A datagram of IPv6 has no checksum in its header.
        assert_eq!(with_sum([0, 0], false).is_err(), source.is_ipv4());
        for end in 0..octets.min(40) {
            let short = Register { datagram: null.datagram[..end].to_vec(), ..null.clone() };
            assert!(short.ends().is_err(), "{end} octets");
        }
    }
    assert!(Register::null(SOURCE, GROUP6).is_err());
}

// RFC7761-4.9-02: a receiver ignores the reserved bits, which senders leave zero.
#[test]
fn reserved_bits_mean_nothing() {
    let bytes = hex("21 ff 0000 7fffffff 45");
    let Message::Register(register) = decode(&sealed(&bytes, None, 8), None).unwrap().message
    else {
        panic!()
    };
    assert_eq!(register, Register { is_border: false, is_null: true, datagram: vec![0x45] });
    let bytes = hex("25 ff 0000 0100 7e 20 ef010101 0100 0a000209 00000065 00000014");
    let message = decode(&sealed(&bytes, None, bytes.len()), None).unwrap().message;
    let group = EncodedGroup::one(GROUP);
    let assert = Assert { group, source: SOURCE, is_rpt: false, preference: 101, metric: 20 };
    assert_eq!(message, Message::Assert(assert));
}

// RFC7761-4.9-04
#[test]
fn a_type_that_is_not_read_is_known_by_its_number() {
    for kind in 9..=15 {
        let bytes = sealed(&[0x20 | kind, 0, 0, 0, 1, 2, 3], None, 7);
        let decoded = decode(&bytes, None).unwrap();
        assert_eq!(decoded, Decoded { message: Message::Unknown { kind }, trailing: 0 });
        assert_eq!(decoded.message.to_string(), format!("PIM type {kind}"));
    }
    for kind in [0, 8, 16, 255] {
        assert_eq!(Message::Unknown { kind }.encode(None).unwrap_err().field, "type");
    }
}

#[test]
fn what_does_not_fit_its_field_is_refused() {
    let one = EncodedGroup::one(GROUP);
    let entries = GroupEntries { group: one, joins: Vec::new(), prunes: Vec::new() };
    let refused = |message: Message| message.encode(None).unwrap_err().to_string();
    let groups = vec![entries; 256];
    assert_eq!(
        refused(Message::JoinPrune(JoinPrune { upstream: RP, holdtime: 0, groups })),
        "PIM Join/Prune: number of groups: 256, at most 255 fit"
    );
    let joins = vec![EncodedSource::source(SOURCE); 65536];
    let groups = vec![GroupEntries { group: one, joins, prunes: Vec::new() }];
    assert_eq!(
        refused(Message::Graft(JoinPrune { upstream: RP, holdtime: 0, groups })),
        "PIM Graft: number of joined sources: 65536, at most 65535 fit"
    );
    let delay = HelloOption::LanPruneDelay {
        can_track: false,
        propagation_delay: 32768,
        override_interval: 0,
    };
    assert_eq!(
        refused(Message::Hello(Hello { options: vec![delay] })),
        "PIM Hello: Propagation_Delay: 32768, at most 32767 fit"
    );
    let preference = 1 << 31;
    assert_eq!(
        refused(Message::Assert(Assert {
            group: one,
            source: SOURCE,
            is_rpt: false,
            preference,
            metric: 0
        })),
        "PIM Assert: metric preference: 2147483648, at most 2147483647 fit"
    );
    assert_eq!(
        refused(Message::Advertisement(Advertisement {
            rp: Rp { address: RP, holdtime: 0, priority: 0 },
            groups: vec![one; 256],
        })),
        "PIM Candidate-RP-Advertisement: prefix count: 256, at most 255 fit"
    );
}
