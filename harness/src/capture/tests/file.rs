//! Capture files octet by octet, as their formats say (draft-ietf-opsawg-pcap, -pcapng): either byte
//! order, every resolution of stamps, several sections.

use std::time::Duration;

use crate::capture::file::{Broken, CapturedFrame, Reading, read};
use crate::capture::link::LinkType;

/// Numbers in one of the two byte orders.
#[derive(Clone, Copy)]
pub(super) struct Order {
    pub(super) big: bool,
}

impl Order {
    pub(super) fn u16(self, number: u16) -> [u8; 2] {
        if self.big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    pub(super) fn u32s(self, numbers: &[u32]) -> Vec<u8> {
        let octets = |n: &u32| if self.big { n.to_be_bytes() } else { n.to_le_bytes() };
        numbers.iter().flat_map(octets).collect()
    }

    /// A block of a pcapng.
    pub(super) fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let body = [body, &[0; 3][..(4 - body.len() % 4) % 4]].concat();
        let length = body.len() as u32 + 12;
        [self.u32s(&[kind, length]), body, self.u32s(&[length])].concat()
    }

    pub(super) fn section_body(self) -> Vec<u8> {
        let version = [self.u16(1), self.u16(0)].concat();
        [self.u32s(&[0x1a2b_3c4d]), version, vec![0xff; 8]].concat()
    }

    pub(super) fn section(self) -> Vec<u8> {
        self.block(0x0a0d_0d0a, &self.section_body())
    }

    /// A body with options behind it, and their end.
    pub(super) fn options(self, body: &[u8], options: &[(u16, &[u8])]) -> Vec<u8> {
        let mut body = body.to_vec();
        for (code, value) in options {
            body.extend([self.u16(*code), self.u16(value.len() as u16)].concat());
            body.extend(*value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        body.extend([0; 4]);
        body
    }

    pub(super) fn interface_body(self, link_type: u16) -> Vec<u8> {
        [&self.u16(link_type)[..], &[0, 0], &self.u32s(&[0])].concat()
    }

    pub(super) fn interface(self, link_type: u16, options: &[(u16, &[u8])]) -> Vec<u8> {
        self.block(1, &self.options(&self.interface_body(link_type), options))
    }

    pub(super) fn packet_body(self, interface: u32, stamp: u64) -> Vec<u8> {
        let numbers = [interface, (stamp >> 32) as u32, stamp as u32, 3, 60];
        [self.u32s(&numbers), vec![7, 7, 7, 0]].concat()
    }

    pub(super) fn packet(self, interface: u32, stamp: u64, flags: Option<u32>) -> Vec<u8> {
        let mut body = self.packet_body(interface, stamp);
        if let Some(flags) = flags {
            let option = [self.u16(2), self.u16(4)].concat();
            body.extend([option, self.u32s(&[flags, 0])].concat());
        }
        self.block(6, &body)
    }

    pub(super) fn pcap(self, magic: u32, largest: u32, link_type: u32, fraction: u32) -> Vec<u8> {
        let version = [self.u16(2), self.u16(4)].concat();
        let head = [self.u32s(&[magic]), version, self.u32s(&[0, 0, largest, link_type])].concat();
        [head, self.u32s(&[1_700_000_000, fraction, 3, 60]), vec![7; 3]].concat()
    }
}

pub(super) const ORDERS: [Order; 2] = [Order { big: false }, Order { big: true }];

pub(super) fn shots(file: &[u8]) -> (Vec<CapturedFrame>, Result<(), Broken>) {
    let mut shots = Vec::new();
    let reading = whole(file, &mut shots);
    (shots, reading.ended)
}

pub(super) fn whole(file: &[u8], shots: &mut Vec<CapturedFrame>) -> Reading {
    read(file, |shot| {
        shots.push(shot);
        true
    })
}

#[test]
fn a_pcap_of_either_order_and_resolution_is_read() {
    let second = Duration::from_secs(1_700_000_000);
    for order in ORDERS {
        for (magic, fraction) in [
            (0xa1b2_c3d4, Duration::from_micros(123_456)),
            (0xa1b2_3c4d, Duration::from_nanos(123_456)),
        ] {
            // No largest length, as some tools write it; a check sequence told in the link type.
            for (largest, link_type) in [(65_535, 113), (0, 113), (9, 0x1400_0071)] {
                let file = order.pcap(magic, largest, link_type, 123_456);
                let (shots, ended) = shots(&file);
                assert_eq!((shots.len(), ended), (1, Ok(())));
                assert_eq!(shots[0].stamp, Some(second + fraction));
                assert_eq!(shots[0].link_type, LinkType::LINUX_SLL);
                assert_eq!((shots[0].bytes.as_slice(), shots[0].original_len), (&[7; 3][..], 60));
            }
        }
    }
}

#[test]
fn sections_have_their_own_interfaces_resolutions_and_byte_order() {
    let first = ORDERS[1];
    let second = ORDERS[0];
    let file = [
        first.section(),
        first.interface(1, &[(2, b"eth0"), (9, &[9])]),
        first.interface(101, &[(9, &[3]), (14, &[0, 0, 0, 0, 0, 0, 0, 100])]),
        first.packet(0, 2_000_000_001, Some(1)),
        first.packet(1, 1500, Some(2)),
        second.section(),
        // Quarters of a second; and microseconds, since nothing is said.
        second.interface(276, &[(2, b"any"), (9, &[0x82])]),
        second.interface(1, &[]),
        second.packet(0, 7, Some(0)),
        second.packet(1, 1, None),
    ];
    let (shots, ended) = shots(&file.concat());
    assert_eq!(ended, Ok(()));
    let told: Vec<_> = shots
        .iter()
        .map(|shot| (shot.interface.as_str(), shot.link_type.0, shot.stamp.unwrap(), shot.outgoing))
        .collect();
    assert_eq!(
        told,
        [
            ("eth0", 1, Duration::new(2, 1), Some(false)),
            ("1", 101, Duration::from_millis(101_500), Some(true)),
            ("any", 276, Duration::from_millis(1750), None),
            ("1", 1, Duration::from_micros(1), None),
        ]
    );
}

#[test]
fn every_power_of_ten_or_two_is_a_resolution() {
    let order = ORDERS[0];
    let stamp = |resolution: u8, offset: i64, stamp: u64| {
        let offset = offset.to_le_bytes();
        let interface = order.interface(1, &[(9, &[resolution]), (14, &offset)]);
        let (shots, ended) =
            shots(&[order.section(), interface, order.packet(0, stamp, None)].concat());
        assert_eq!((shots.len(), ended), (1, Ok(())), "{resolution}");
        shots[0].stamp
    };
    let half = Some(Duration::from_millis(1500));
    assert_eq!(stamp(0, 0, 7), Some(Duration::from_secs(7)));
    assert_eq!(stamp(9, 0, 1_500_000_000), half);
    assert_eq!(stamp(12, 0, 1_500_000_000_000), half);
    assert_eq!(stamp(18, 0, 1_500_000_000_000_000_000), half);
    assert_eq!(stamp(30, 0, u64::MAX), Some(Duration::ZERO));
    assert_eq!(stamp(127, 0, u64::MAX), Some(Duration::ZERO));
    assert_eq!(stamp(0x80, 0, 7), Some(Duration::from_secs(7)));
    assert_eq!(stamp(0x80 | 32, 0, 3 << 31), half);
    assert_eq!(stamp(0x80 | 63, 0, 3 << 62), half);
    assert_eq!(stamp(0xff, 0, u64::MAX), Some(Duration::ZERO));
    assert_eq!(stamp(0, 0, u64::MAX), Some(Duration::from_secs(u64::MAX)));
    assert_eq!(stamp(6, 100, 1), Some(Duration::new(100, 1000)));
    assert_eq!(stamp(6, -1, 2_500_000), half);
    // The frame is there, and only its time is not.
    assert_eq!(stamp(6, -1, 1), None);
    assert_eq!(stamp(0, i64::MAX, u64::MAX), None);
}

#[test]
fn text_that_is_not_utf_8_is_repaired_and_costs_no_frame() {
    for order in ORDERS {
        let section = order.options(&order.section_body(), &[(1, b"caf\xe9"), (3, b"\xff")]);
        let interface =
            order.options(&order.interface_body(1), &[(2, b"B\xfcro\0"), (12, b"\xff")]);
        let packet =
            order.options(&order.packet_body(0, 1), &[(1, b"\xfc"), (2, &order.u32s(&[2]))]);
        let file = [
            order.block(0x0a0d_0d0a, &section),
            order.block(1, &interface),
            order.block(6, &packet),
        ];
        let mut shots = Vec::new();
        let reading = whole(&file.concat(), &mut shots);
        assert_eq!((reading.is_whole(), reading.ignored.len()), (true, 0));
        let shot = &shots[0];
        assert_eq!(shot.interface, "B\u{fffd}ro");
        assert_eq!(shot.comments, ["caf\u{fffd}", "\u{fffd}"]);
        assert_eq!((shot.outgoing, shot.stamp), (Some(true), Some(Duration::from_micros(1))));
    }
}

#[test]
fn an_option_of_a_wrong_length_is_ignored_and_what_follows_it_is_read() {
    let order = ORDERS[1];
    let interface =
        order.interface(1, &[(9, &[9, 9]), (14, &[1]), (13, &[]), (2, b"eth0"), (9, &[9])]);
    let packet = order.options(&order.packet_body(0, 1), &[(2, &[1]), (1, b"said")]);
    let file = [order.section(), interface.clone(), order.block(6, &packet)];
    let mut shots = Vec::new();
    let reading = whole(&file.concat(), &mut shots);
    assert_eq!(shots[0].interface, "eth0");
    assert_eq!((&shots[0].comments[..], shots[0].outgoing), (&["said".to_owned()][..], None));
    assert_eq!(shots[0].stamp, Some(Duration::from_nanos(1)));
    assert!(reading.is_whole());
    let at = file[0].len();
    let told = [
        format!("ignored: a packet's flags of a wrong length, at octet {}", at + file[1].len()),
        format!("ignored: if_tsoffset of a wrong length, at octet {at}"),
        format!("ignored: if_tsresol of a wrong length, at octet {at}"),
    ];
    assert_eq!(reading.remarks(1), told);
    // One that announces more than its block has, in every kind of block.
    let mut parts = file.clone();
    parts[0] = order.block(0x0a0d_0d0a, &[order.section_body(), vec![0, 1, 0xff, 0xff]].concat());
    parts[1] =
        order.block(1, &[order.interface_body(1), vec![0, 2, 0xff, 0xff, 1, 2, 3, 4]].concat());
    parts[2] = order.block(6, &[order.packet_body(0, 1), vec![0, 1, 0, 5, 1, 2, 3, 4]].concat());
    shots.clear();
    let reading = whole(&parts.concat(), &mut shots);
    assert_eq!((shots.len(), reading.is_whole(), reading.ignored.len()), (1, true, 1));
    let wanted = "ignored: an option that is longer than its block, 3 times, first at octet 0";
    assert_eq!(reading.remarks(1), [wanted]);
}

#[test]
fn what_cannot_be_read_is_counted_and_hides_nothing_behind_it() {
    let order = ORDERS[0];
    let mut announced = order.packet(0, 1, None);
    announced[20..24].copy_from_slice(&[0, 1, 0, 0]);
    let short = order.block(1, &[1, 0, 0, 0]);
    let file = [
        order.section(),
        order.interface(1, &[(2, b"eth0")]),
        short,
        order.interface(1, &[(2, b"eth2")]),
        announced,
        order.packet(2, 1, None),
        // An interface whose block was too short, and one that nobody has described.
        order.packet(1, 1, None),
        order.packet(9, 1, None),
        order.packet(0, 1, None),
    ];
    let mut shots = Vec::new();
    let reading = whole(&file.concat(), &mut shots);
    let names: Vec<&str> = shots.iter().map(|shot| shot.interface.as_str()).collect();
    assert_eq!((names, reading.lost, reading.is_whole()), (vec!["eth2", "eth0"], 3, false));
    let at = file[..4].concat().len();
    let why = "256 octets of a packet announced, room for 4".to_owned();
    assert_eq!(reading.first_lost, Some(Broken::Malformed(at as u64, why)));
    let told = reading.remarks(2).concat();
    assert!(
        told.contains("after 2 frames 3 frames are lost, the first here: what stands"),
        "{told}"
    );
}

#[test]
fn a_record_of_any_length_is_read_and_so_is_what_follows_it() {
    let order = ORDERS[0];
    for length in [8_000_000_usize, 17 << 20] {
        let big = vec![7; length];
        let mut file = order.pcap(0xa1b2_c3d4, 262_144, 1, 0);
        file.extend(order.u32s(&[1, 1, length as u32, length as u32]));
        file.extend(&big);
        file.extend(order.u32s(&[2, 1, 3, 3]));
        file.extend([9; 3]);
        let (seen, ended) = shots(&file);
        let lengths: Vec<usize> = seen.iter().map(|shot| shot.original_len).collect();
        assert_eq!((lengths, ended), (vec![60, length, 3], Ok(())));
        assert_eq!(seen[2].bytes, [9; 3]);
        let numbers = order.u32s(&[0, 0, 1, length as u32, length as u32]);
        let file = [
            order.section(),
            order.interface(1, &[]),
            order.block(6, &[numbers, big].concat()),
            order.packet(0, 2, None),
        ];
        let (seen, ended) = shots(&file.concat());
        let lengths: Vec<usize> = seen.iter().map(|shot| shot.original_len).collect();
        assert_eq!((lengths, ended), (vec![length, 60], Ok(())));
    }
}

#[test]
fn every_cut_yields_what_comes_before_it_and_its_place() {
    for order in ORDERS {
        let parts = [
            order.section(),
            order.interface(1, &[]),
            order.packet(0, 1, None),
            order.packet(0, 2, None),
        ];
        let whole = parts.concat();
        let starts: Vec<usize> = (0..=4).map(|n| parts[..n].concat().len()).collect();
        for cut in starts[1]..whole.len() {
            let begun = starts.iter().rposition(|start| *start <= cut).unwrap();
            let (shots, ended) = shots(&whole[..cut]);
            assert_eq!(shots.len(), begun.saturating_sub(2), "cut at {cut}");
            match starts[begun] == cut {
                true => assert_eq!(ended, Ok(())),
                false => assert_eq!(ended, Err(Broken::Truncated(starts[begun] as u64))),
            }
        }
    }
}

/// Statistics of an interface: what it and the system dropped so far.
fn statistics(order: Order, interface: u32, counts: &[(u16, u64)]) -> Vec<u8> {
    let octets = |n: u64| if order.big { n.to_be_bytes() } else { n.to_le_bytes() };
    let counts: Vec<_> = counts.iter().map(|&(code, count)| (code, octets(count))).collect();
    let options: Vec<(u16, &[u8])> = counts.iter().map(|(code, n)| (*code, &n[..])).collect();
    order.block(5, &order.options(&order.u32s(&[interface, 0, 0]), &options))
}

#[test]
fn what_the_file_says_was_dropped_is_counted_once() {
    for big in [true, false] {
        let order = Order { big };
        let head = [order.section(), order.interface(1, &[]), order.interface(1, &[])].concat();
        let dropped = |blocks: &[Vec<u8>]| {
            let reading = whole(&[&head[..], &blocks.concat()].concat(), &mut Vec::new());
            (reading.dropped, reading.remarks(0))
        };
        // Received, accepted and delivered frames were not dropped.
        let sound = statistics(order, 0, &[(4, 7), (5, 0), (6, 7), (7, 0), (8, 7)]);
        assert_eq!(dropped(&[sound]), (0, Vec::new()));
        // Counts go on from block to block, and each interface has its own.
        let first = statistics(order, 0, &[(5, 2), (7, 1)]);
        let later = statistics(order, 0, &[(5, 4), (7, 1)]);
        let other = statistics(order, 1, &[(7, 10)]);
        let told = vec!["15 frames were dropped while it was made".to_owned()];
        assert_eq!(dropped(&[first, later, other]), (15, told));
    }
    // Counts of a wrong length, and a block that is too short, cost nothing.
    let order = Order { big: false };
    let odd = order.block(5, &order.options(&order.u32s(&[0, 0, 0]), &[(5, &[1, 2])]));
    let file = [order.section(), order.interface(1, &[]), odd, order.block(5, &[0; 8])].concat();
    let reading = whole(&file, &mut Vec::new());
    assert_eq!((reading.dropped, reading.ignored.len()), (0, 2));
}
