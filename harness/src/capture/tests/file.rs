//! Capture files octet by octet, as their formats say (draft-ietf-opsawg-pcap, -pcapng): either byte
//! order, every resolution of stamps, several sections.

use std::time::Duration;

use crate::capture::file::{Broken, CapturedFrame, read};
use crate::capture::link::LinkType;

/// Numbers in one of the two byte orders.
#[derive(Clone, Copy)]
struct Order {
    big: bool,
}

impl Order {
    fn u16(self, number: u16) -> [u8; 2] {
        if self.big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn u32s(self, numbers: &[u32]) -> Vec<u8> {
        let octets = |n: &u32| if self.big { n.to_be_bytes() } else { n.to_le_bytes() };
        numbers.iter().flat_map(octets).collect()
    }

    /// A block of a pcapng.
    fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let body = [body, &[0; 3][..(4 - body.len() % 4) % 4]].concat();
        let length = body.len() as u32 + 12;
        [self.u32s(&[kind, length]), body, self.u32s(&[length])].concat()
    }

    fn section(self) -> Vec<u8> {
        let version = [self.u16(1), self.u16(0)].concat();
        self.block(0x0a0d_0d0a, &[self.u32s(&[0x1a2b_3c4d]), version, vec![0xff; 8]].concat())
    }

    fn interface(self, link_type: u16, options: &[(u16, &[u8])]) -> Vec<u8> {
        let mut body = [&self.u16(link_type)[..], &[0, 0], &self.u32s(&[0])].concat();
        for (code, value) in options {
            body.extend([self.u16(*code), self.u16(value.len() as u16)].concat());
            body.extend(*value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        body.extend([0; 4]);
        self.block(1, &body)
    }

    fn packet(self, interface: u32, stamp: u64, flags: Option<u32>) -> Vec<u8> {
        let numbers = [interface, (stamp >> 32) as u32, stamp as u32, 3, 60];
        let mut body = [self.u32s(&numbers), vec![7, 7, 7, 0]].concat();
        if let Some(flags) = flags {
            let option = [self.u16(2), self.u16(4)].concat();
            body.extend([option, self.u32s(&[flags, 0])].concat());
        }
        self.block(6, &body)
    }

    fn pcap(self, magic: u32, largest: u32, link_type: u32, fraction: u32) -> Vec<u8> {
        let version = [self.u16(2), self.u16(4)].concat();
        let head = [self.u32s(&[magic]), version, self.u32s(&[0, 0, largest, link_type])].concat();
        [head, self.u32s(&[1_700_000_000, fraction, 3, 60]), vec![7; 3]].concat()
    }
}

const ORDERS: [Order; 2] = [Order { big: false }, Order { big: true }];

fn shots(file: &[u8]) -> (Vec<CapturedFrame>, Result<(), Broken>) {
    let mut shots = Vec::new();
    let ended = read(file, |shot| {
        shots.push(shot);
        true
    });
    (shots, ended)
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
fn a_resolution_that_cannot_be_counted_in_nanoseconds_is_told() {
    let order = ORDERS[0];
    let whole = [order.section(), order.interface(1, &[(9, &[12])]), order.packet(0, 1, None)];
    let (shots, ended) = shots(&whole.concat());
    assert!(shots.is_empty());
    let Err(Broken::Malformed(at, why)) = ended else { panic!("{ended:?}") };
    assert_eq!(at as usize, whole[0].len());
    assert!(why.contains("timestamp resolution"), "{why}");
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
