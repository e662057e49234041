use super::*;
use crate::wire::igmp::{GroupRecord, Query, RecordKind, V3Report};
use proptest::collection::vec;
use proptest::prelude::*;

const ROUTER: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 1);
const ALL_SYSTEMS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);

const GENERAL_QUERY: Message =
    Message::Query(Query { max_resp_code: 100, group: Ipv4Addr::UNSPECIFIED, v3: None });

/// A v2 General Query in its packet, worked out by hand.
#[rustfmt::skip]
const PACKET: [u8; 32] = [
    0x46, 0xc0, 0x00, 0x20, 0x00, 0x00, 0x40, 0x00,
    0x01, 0x02, 0x42, 0x6d, 0xc0, 0xa8, 0x01, 0x01,
    0xe0, 0x00, 0x00, 0x01, 0x94, 0x04, 0x00, 0x00,
    0x11, 0x64, 0xee, 0x9b, 0x00, 0x00, 0x00, 0x00,
];

/// The packet with the right header checksum, computed by other arithmetic than the code's.
fn sealed(mut packet: Vec<u8>) -> Vec<u8> {
    let header_len = usize::from(packet[0] & 0x0f) * 4;
    packet[10..12].fill(0);
    let words =
        packet[..header_len].chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1]));
    let sum: u32 = words.sum();
    let field = !u16::try_from((sum - 1) % 0xffff + 1).unwrap();
    packet[10..12].copy_from_slice(&field.to_be_bytes());
    packet
}

/// A packet with these options, in whole words, and two octets of payload.
fn with_options(options: &[u8]) -> Vec<u8> {
    let header_len = u8::try_from(20 + options.len()).unwrap();
    let mut packet = PACKET[..20].to_vec();
    packet[0] = 0x40 | (header_len / 4);
    packet[3] = header_len + 2;
    packet.extend(options);
    packet.extend([0xab, 0xcd]);
    sealed(packet)
}

fn set(at: usize, octets: &[u8]) -> Vec<u8> {
    let mut packet = PACKET.to_vec();
    packet[at..at + octets.len()].copy_from_slice(octets);
    sealed(packet)
}

fn refusal(packet: &[u8]) -> String {
    decode(packet).unwrap_err().to_string()
}

// RFC2236-2-01, RFC2236-2-02, RFC2236-2-03, RFC3376-4-01
#[test]
fn igmp_is_sent_in_the_packet_that_the_rfc_asks_for() {
    assert_eq!(encode_igmp(ROUTER, ALL_SYSTEMS, &GENERAL_QUERY).unwrap(), PACKET);
}

#[test]
fn a_packet_is_read() {
    let packet = Ipv4Packet {
        source: ROUTER,
        destination: ALL_SYSTEMS,
        ttl: 1,
        tos: 0xc0,
        identification: 0,
        protocol: IGMP,
        router_alert: true,
        header_len: 24,
        payload: &PACKET[24..],
    };
    assert_eq!(decode(&PACKET), Ok(packet));
}

// RFC3376-4.2.13-01
#[test]
fn a_host_without_an_address_sends_from_zero() {
    let group = Ipv4Addr::new(239, 1, 1, 1);
    let record = GroupRecord::new(RecordKind::ToEx, group, vec![]);
    let report = Message::V3Report(V3Report::new(vec![record]));
    let destination = Ipv4Addr::new(224, 0, 0, 22);
    let bytes = encode_igmp(Ipv4Addr::UNSPECIFIED, destination, &report).unwrap();
    let packet = decode(&bytes).unwrap();
    assert_eq!((packet.source, packet.destination), (Ipv4Addr::UNSPECIFIED, destination));
    assert_eq!(packet.payload, report.encode().unwrap());
}

#[test]
fn an_injector_can_set_every_field() {
    let header = Ipv4Header {
        ttl: 64,
        tos: 0x1d,
        identification: 0xbeef,
        dont_fragment: false,
        router_alert: false,
        protocol: 17,
        ..Ipv4Header::igmp(ROUTER, ALL_SYSTEMS)
    };
    let bytes = header.encode(&[1, 2, 3]).unwrap();
    assert_eq!(bytes[..9], [0x45, 0x1d, 0, 23, 0xbe, 0xef, 0, 0, 64]);
    let packet = decode(&bytes).unwrap();
    assert_eq!((packet.ttl, packet.tos, packet.identification), (64, 0x1d, 0xbeef));
    assert_eq!((packet.protocol, packet.router_alert, packet.header_len), (17, false, 20));
    assert_eq!(packet.payload, [1, 2, 3]);
}

#[test]
fn the_longest_packet_has_65535_octets() {
    let header = Ipv4Header::igmp(ROUTER, ALL_SYSTEMS);
    let longest = header.encode(&vec![7; 65_535 - 24]).unwrap();
    assert_eq!(decode(&longest).unwrap().payload.len(), 65_535 - 24);
    let error = header.encode(&vec![7; 65_535 - 23]).unwrap_err();
    assert_eq!(error.to_string(), "IPv4 packet: total length: 65536, at most 65535 fit");
    let bare = Ipv4Header { router_alert: false, ..header };
    assert!(bare.encode(&vec![7; 65_535 - 20]).is_ok());
    assert!(bare.encode(&vec![7; 65_535 - 19]).is_err());
}

#[test]
fn a_header_must_be_there_and_of_version_4() {
    assert_eq!(refusal(&[]), "IPv4 packet: end at octet 0: 0 octets, at least 20 needed");
    let text = "IPv4 packet: end at octet 19: 19 octets, at least 20 needed";
    assert_eq!(refusal(&PACKET[..19]), text);
    let text = "IPv4 packet: header length at octet 0: 24 octets announced, room for 23";
    assert_eq!(refusal(&PACKET[..23]), text);
    assert_eq!(refusal(&set(0, &[0x66])), "IPv4 packet: version at octet 0: 6, should be 4");
    let text = "IPv4 packet: header length at octet 0: 4 words, at least 5 needed";
    assert_eq!(refusal(&set(0, &[0x44])), text);
}

#[test]
fn the_total_length_says_where_the_packet_ends() {
    let text = "IPv4 packet: total length at octet 2: 32 octets announced, room for 31";
    assert_eq!(refusal(&PACKET[..31]), text);
    let padded = [&PACKET[..], &[0; 14]].concat();
    assert_eq!(decode(&padded), decode(&PACKET));
    assert_eq!(decode(&set(2, &[0, 31])).unwrap().payload, &PACKET[24..31]);
    assert!(decode(&set(2, &[0, 24])).unwrap().payload.is_empty());
    let text = "IPv4 packet: total length at octet 2: 23 octets, at least 24 needed";
    assert_eq!(refusal(&set(2, &[0, 23])), text);
}

#[test]
fn any_flipped_bit_of_the_header_is_noticed() {
    for bit in 0..24 * 8 {
        let mut packet = PACKET;
        packet[bit / 8] ^= 1 << (bit % 8);
        let error = decode(&packet).unwrap_err();
        assert!(error.is_checksum() || bit < 8, "bit {bit}: {error}");
    }
    let mut packet = PACKET;
    packet[24] ^= 1;
    assert!(decode(&packet).is_ok(), "the payload has its own checksum");
    packet[11] ^= 1;
    let text = "IPv4 packet: checksum at octet 10: 0x426c, should be 0x426d";
    assert_eq!(refusal(&packet), text);
}

#[test]
fn fragments_are_refused() {
    let text = "IPv4 packet: fragment offset at octet 6: a fragment (offset 0 octets, \
                more to come: true), not reassembled here";
    assert_eq!(refusal(&set(6, &[0x20, 0x00])), text);
    let text = "IPv4 packet: fragment offset at octet 6: a fragment (offset 1480 octets, \
                more to come: false), not reassembled here";
    assert_eq!(refusal(&set(6, &[0x00, 0xb9])), text);
    for whole in [[0x00, 0x00], [0x40, 0x00], [0x80, 0x00]] {
        assert!(decode(&set(6, &whole)).is_ok());
    }
}

// RFC2236-2-03, RFC 2113 section 2.1
#[test]
fn router_alert_is_found_wherever_it_is() {
    let found = |options: &[u8]| decode(&with_options(options)).unwrap().router_alert;
    assert!(found(&[0x94, 4, 0, 0]));
    assert!(found(&[1, 1, 1, 1, 0x94, 4, 0, 0]));
    assert!(found(&[1, 0x94, 4, 0, 0, 0, 0, 0]));
    assert!(found(&[0x44, 8, 5, 0, 0, 0, 0, 0, 0x94, 4, 0, 0]));
    assert!(found(&[0x82, 2, 0x94, 4, 0, 0, 0, 0]));
    assert!(found(&[[1; 36].as_slice(), &[0x94, 4, 0, 0]].concat()));
}

// RFC 791 section 3.1 for the walk, RFC 2113 section 2.1 for the option.
#[test]
fn options_that_are_no_router_alert_are_none() {
    let found = |options: &[u8]| decode(&with_options(options)).unwrap().router_alert;
    assert!(!found(&[]));
    assert!(!found(&[0x94, 4, 0, 1]), "a reserved value");
    assert!(!found(&[0x94, 4, 1, 0]), "a reserved value");
    assert!(!found(&[0x94, 3, 0, 0]), "another length");
    assert!(!found(&[0x94, 6, 0, 0, 0, 0, 0, 0]), "another length");
    assert!(!found(&[0x14, 4, 0, 0]), "not copied into fragments");
    assert!(!found(&[0, 4, 0, 0, 0x94, 4, 0, 0]), "after the end of the options");
    assert!(!found(&[0x44, 8, 0x94, 4, 0, 0, 0, 0]), "inside another option");
}

#[test]
fn options_with_bad_lengths_do_not_harm_the_packet() {
    let bad = [
        [0x44, 0, 0x94, 4, 0, 0, 0, 0],
        [0x44, 1, 0x94, 4, 0, 0, 0, 0],
        [0x44, 9, 0, 0, 0x94, 4, 0, 0],
        [0x44, 255, 0, 0, 0x94, 4, 0, 0],
        [1, 1, 1, 1, 1, 1, 1, 0x94],
        [1, 1, 1, 1, 1, 1, 0x94, 4],
        [1, 1, 1, 1, 1, 0x94, 4, 0],
    ];
    for options in bad {
        let bytes = with_options(&options);
        let packet = decode(&bytes).unwrap();
        assert_eq!((packet.router_alert, packet.payload), (false, &[0xab, 0xcd][..]));
    }
}

proptest! {
    #[test]
    fn reading_never_panics(bytes in vec(any::<u8>(), 0..80), ihl in 0..=15_u8) {
        let _ = decode(&bytes);
        let mut nearly = PACKET.to_vec();
        nearly.extend(&bytes);
        nearly[0] = 0x40 | ihl;
        let _ = decode(&nearly);
    }

    #[test]
    fn any_options_leave_the_payload_alone(words in vec(any::<[u8; 4]>(), 0..=10)) {
        let bytes = with_options(&words.concat());
        let packet = decode(&bytes).unwrap();
        prop_assert_eq!(packet.header_len, 20 + 4 * words.len());
        prop_assert_eq!(packet.payload, [0xab, 0xcd]);
    }

    #[test]
    fn every_header_survives_the_round_trip(
        addresses in any::<[u32; 2]>(),
        octets in any::<[u8; 3]>(),
        identification in any::<u16>(),
        flags in any::<[bool; 2]>(),
        payload in vec(any::<u8>(), 0..64),
    ) {
        let [source, destination] = addresses.map(Ipv4Addr::from);
        let [protocol, ttl, tos] = octets;
        let [dont_fragment, router_alert] = flags;
        let header = Ipv4Header {
            source, destination, protocol, ttl, tos, identification, dont_fragment, router_alert,
        };
        let bytes = header.encode(&payload).unwrap();
        let header_len = if router_alert { 24 } else { 20 };
        prop_assert_eq!(decode(&bytes), Ok(Ipv4Packet {
            source, destination, ttl, tos, identification, protocol, router_alert, header_len,
            payload: &payload,
        }));
    }
}
