//! Where the checksum of a frame is found, in both families.

use super::super::damage::spoil;
use super::*;

#[test]
fn a_spoilt_checksum_is_never_right_by_chance() {
    let udp = |checksum: [u8; 2]| {
        let header =
            etherparse::Ipv4Header::new(8, 1, etherparse::IpNumber::UDP, [10; 4], [239; 4])
                .unwrap();
        let udp = [0, 1, 0, 2, 0, 8, checksum[0], checksum[1]];
        [&[0xff; 12][..], &[8, 0], &header.to_bytes(), &udp].concat()
    };
    for (was, becomes) in [([0, 1], [0, 3]), ([0, 0], [0, 1]), ([0xff, 0xff], [0xff, 0xfe])] {
        assert_eq!(spoil(&udp(was)).unwrap()[40..], becomes);
    }
    assert_eq!(spoil(&plain(1)), None);
}

// RFC 2710 section 3: MLD is ICMPv6 behind a Hop-by-Hop Options header with Router Alert.
#[test]
fn the_checksum_of_mld_is_found_behind_its_router_alert() {
    let addresses = [&[0xfe; 16][..], &[0xff; 16]].concat();
    let packet = |next: u8, rest: &[u8]| {
        let length = u8::try_from(rest.len()).unwrap();
        let header = [&[0x60, 0, 0, 0, 0, length, next, 1], &addresses[..]].concat();
        [&[0x33; 12][..], &[0x86, 0xdd], &header, rest].concat()
    };
    let done = [&[132, 0, 0xab, 0xcd, 0, 0, 0, 0][..], &[0xff; 16]].concat();
    let alert = [58, 0, 5, 2, 0, 0, 1, 0];
    for (frame, at) in [
        (packet(0, &[&alert[..], &done].concat()), 14 + 40 + 8 + 3),
        (packet(58, &done), 14 + 40 + 3),
        (packet(17, &[0, 1, 0, 2, 0, 8, 0xab, 0xcd]), 14 + 40 + 7),
    ] {
        let spoilt = spoil(&frame).unwrap();
        let differs = |&at: &usize| frame[at] != spoilt[at];
        assert_eq!((0..frame.len()).filter(differs).collect::<Vec<_>>(), [at]);
    }
    // IPv6 has no other checksum at a known place: RFC 8200 section 3.
    assert_eq!(spoil(&packet(59, &[])), None);
}
