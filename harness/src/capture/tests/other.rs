//! Packed files, other formats, variants of pcap, and what a pcapng says about dropped frames.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::file::{ORDERS, shots, whole};
use crate::capture::file::{Broken, read, read_up_to};
use crate::capture::link::LinkType;

fn packed(octets: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(octets).unwrap();
    gzip.finish().unwrap()
}

#[test]
fn a_file_of_gzip_is_read_and_so_is_one_of_several_parts() {
    let order = ORDERS[0];
    let file = order.pcap(0xa1b2_c3d4, 0, 1, 5);
    let (seen, ended) = shots(&packed(&file));
    assert_eq!((seen.len(), ended), (1, Ok(())));
    let parts = [packed(&file[..30]), packed(&file[30..])].concat();
    assert_eq!(shots(&parts).0.len(), 1);
    let ng = [order.section(), order.interface(1, &[]), order.packet(0, 1, None)].concat();
    assert_eq!(shots(&packed(&ng)).0.len(), 1);
    // What comes before a break is read.
    let two = [ng.clone(), order.packet(0, 2, None)].concat();
    let packed = packed(&two);
    let (seen, ended) = shots(&packed[..packed.len() - 20]);
    assert!(seen.len() < 2 && matches!(ended, Err(Broken::Truncated(_))), "{ended:?}");
}

#[test]
fn a_file_that_unpacks_to_too_much_is_refused_with_the_limit() {
    let order = ORDERS[0];
    let mut file = order.pcap(0xa1b2_c3d4, 0, 1, 5);
    let one = file.split_off(24);
    let file = [file, one.repeat(100_000)].concat();
    let bomb = packed(&file);
    let mut frames = 0;
    let reading = read_up_to(1 << 20, &bomb[..], |_| {
        frames += 1;
        true
    });
    let why = "it unpacks to more than 1 MiB; unpack it with gzip -d".to_owned();
    assert_eq!(reading.ended, Err(Broken::Io(why)));
    assert!(frames > 50_000 && frames <= (1 << 20) / one.len(), "{frames}");
    assert_eq!(read_up_to(1 << 30, &bomb[..], |_| true).ended, Ok(()));
}

#[test]
fn other_formats_are_named_with_what_to_do() {
    for (beginning, named) in [
        (&[0x28, 0xb5, 0x2f, 0xfd, 0][..], "it is packed with zstd; unpack it with zstd -d"),
        (&[4, 0x22, 0x4d, 0x18], "it is packed with lz4; unpack it with lz4 -d"),
        (b"\xfd7zXZ\0", "it is packed with xz; unpack it with xz -d"),
        (b"BZh9", "it is packed with bzip2; unpack it with bzip2 -d"),
        (b"snoop\0\0\0\0\0", "it is a capture of Solaris snoop; convert it with editcap -F pcapng"),
        (b"GMBU", "it is a capture of Network Monitor 2; convert it with editcap -F pcapng"),
        (b"", "it is empty"),
        (b"what", "it begins with 77 68 61 74"),
        (&[0x0a, 0x0d], "it is shorter than a header"),
    ] {
        let not = Err(Broken::NotACapture(named.to_owned()));
        assert_eq!(shots(beginning).1, not, "{named}");
        assert_eq!(shots(&packed(beginning)).1, not, "packed: {named}");
    }
}

#[test]
fn a_file_that_comes_octet_by_octet_is_read_like_any_other() {
    struct Slow<'a>(&'a [u8]);
    impl std::io::Read for Slow<'_> {
        fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
            let most = to.len().min(1);
            self.0.read(&mut to[..most])
        }
    }
    let order = ORDERS[1];
    let ng = [order.section(), order.interface(1, &[]), order.packet(0, 1, None)].concat();
    for file in [&ng, &packed(&ng), &order.pcap(0xa1b2_3c4d, 0, 1, 5)] {
        let mut frames = 0;
        let reading = read(Slow(file).take(u64::MAX), |_| {
            frames += 1;
            true
        });
        assert_eq!((frames, reading.ended), (1, Ok(())));
    }
}

#[test]
fn a_pcap_of_the_modified_library_tells_what_was_sent() {
    for order in ORDERS {
        let mut file = order.pcap(0xa1b2_cd34, 0, 113, 0)[..24].to_vec();
        for (packet_type, octet) in [(4, 7), (0, 9)] {
            file.extend(order.u32s(&[1_700_000_000, 5, 3, 60, 2]));
            file.extend(
                [order.u16(0x0800).to_vec(), vec![packet_type, 0], vec![octet; 3]].concat(),
            );
        }
        let (seen, ended) = shots(&file);
        assert_eq!(ended, Ok(()));
        let told: Vec<_> = seen.iter().map(|shot| (shot.outgoing, shot.bytes[0])).collect();
        assert_eq!(told, [(Some(true), 7), (Some(false), 9)]);
        assert_eq!(seen[0].stamp, Some(Duration::new(1_700_000_000, 5000)));
        assert_eq!(seen[0].link_type, LinkType::LINUX_SLL);
    }
}

#[test]
fn dropped_frames_are_told_once_for_each_interface() {
    for order in ORDERS {
        let u64s = |number: u64| match order.big {
            true => number.to_be_bytes(),
            false => number.to_le_bytes(),
        };
        let statistics = |interface: u32, options: &[(u16, &[u8])]| {
            order.block(5, &order.options(&order.u32s(&[interface, 0, 9]), options))
        };
        let counted = order.options(&order.packet_body(0, 1), &[(4, &u64s(2))]);
        // The obsolete block of interface 1, with 3 dropped frames, and with an unknown number.
        let obsolete = |drops: u16| {
            let head = [order.u16(1), order.u16(drops)].concat();
            order.block(2, &[head, order.packet_body(1, 1)[4..].to_vec()].concat())
        };
        let file = [
            order.section(),
            order.interface(1, &[]),
            order.interface(1, &[]),
            order.block(6, &counted),
            order.block(6, &counted),
            obsolete(3),
            obsolete(0xffff),
            // Those of the packets are among them.
            statistics(0, &[(4, &u64s(100)), (5, &u64s(7)), (7, &u64s(1))]),
            statistics(1, &[(5, &u64s(0))]),
            statistics(1, &[(5, &[1, 2])]),
            statistics(9, &[(5, &u64s(1))]),
            order.packet(0, 2, None),
        ];
        let mut seen = Vec::new();
        let reading = whole(&file.concat(), &mut seen);
        assert_eq!((seen.len(), reading.is_whole(), reading.dropped), (5, true, 11));
        let told = reading.remarks(5).join("\n");
        assert!(told.ends_with("11 frames were dropped while it was made"), "{told}");
        assert!(told.contains("statistics of a wrong length, at octet"), "{told}");
        assert!(told.contains("statistics of an interface that is not described"), "{told}");
    }
}

#[test]
fn blocks_of_every_other_type_are_passed_over_whatever_is_in_them() {
    for order in ORDERS {
        let mut file = [order.section(), order.interface(1, &[])].concat();
        // Name resolution, systemd journal, decryption secrets, custom, and none that is known.
        for kind in [0, 4, 9, 10, 0xbad, 0x4000_0bad, 0x8000_0001, 0xffff_fffe] {
            for body in [&[][..], &[0xff; 40], &[0, 1, 0xff, 0xff], &[7; 3]] {
                file.extend(order.block(kind, body));
            }
        }
        // A simple packet, longer than its interface tells, and shorter than it says.
        file.extend(order.block(3, &[order.u32s(&[3]), vec![7; 3]].concat()));
        file.extend(order.block(3, &[order.u32s(&[1500]), vec![7; 8]].concat()));
        let (seen, ended) = shots(&file);
        let lengths: Vec<_> =
            seen.iter().map(|shot| (shot.bytes.len(), shot.original_len)).collect();
        assert_eq!((lengths, ended), (vec![(3, 3), (8, 1500)], Ok(())));
        assert_eq!(seen[0].stamp, None);
    }
}

#[test]
fn a_writer_that_does_not_pad_is_read_and_another_version_is_not() {
    for order in ORDERS {
        let head = [order.section(), order.interface(1, &[])].concat();
        let odd = [order.packet_body(0, 1), vec![0; 1]].concat();
        let length = odd.len() as u32 + 12;
        let block = [order.u32s(&[6, length]), odd.clone(), order.u32s(&[length])].concat();
        let file = [head.clone(), block, order.packet(0, 2, None)].concat();
        let mut seen = Vec::new();
        let reading = whole(&file, &mut seen);
        assert_eq!((seen.len(), reading.is_whole()), (2, true));
        let told = reading.remarks(2).concat();
        assert!(told.contains("a block's length that is no multiple of 4"), "{told}");
        // What is confirmed by nothing is no length.
        let block = [order.u32s(&[6, length]), odd, order.u32s(&[0])].concat();
        let (seen, ended) = shots(&[head.clone(), order.packet(0, 2, None), block].concat());
        assert!(seen.len() == 1 && matches!(ended, Err(Broken::Malformed(..))), "{ended:?}");
        let mut section = order.section_body();
        section[4..6].copy_from_slice(&order.u16(2));
        let at = head.len() as u64;
        let (seen, ended) = shots(&[head, order.block(0x0a0d_0d0a, &section)].concat());
        let why = "a section of version 2.0, not 1".to_owned();
        assert_eq!((seen.len(), ended), (0, Err(Broken::Malformed(at, why))));
    }
}
