use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::wire::mld::{self, Decoded, Message, Query};
use crate::wire::{Why, icmpv6::Ends};

const ROUTER: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ENDS: Ends = Ends { source: ROUTER, destination: ALL_NODES };

const GENERAL_QUERY: Message =
    Message::Query(Query { max_resp_code: 10_000, group: Ipv6Addr::UNSPECIFIED, v2: None });

/// An MLDv1 General Query in its packet, by the figures of RFC 8200 sections 3 and 4.3, RFC 2711
/// section 2.1 and RFC 2710 section 3.
#[rustfmt::skip]
const PACKET: [u8; 72] = [
    0x60, 0x00, 0x00, 0x00, 0x00, 0x20, 0x00, 0x01,
    0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01,
    0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01,
    0x3a, 0x00, 0x05, 0x02, 0x00, 0x00, 0x01, 0x00,
    0x82, 0x00, 0x59, 0x17, 0x27, 0x10, 0x00, 0x00,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// A packet whose header names `next`, with these octets behind the header.
fn packet(next: u8, behind: &[u8]) -> Vec<u8> {
    let mut packet = PACKET[..HEADER].to_vec();
    packet[4..6].copy_from_slice(&u16::try_from(behind.len()).unwrap().to_be_bytes());
    packet[6] = next;
    [&packet, behind].concat()
}

/// The General Query behind other extension headers.
fn behind(next: u8, extensions: &[u8]) -> Vec<u8> {
    packet(next, &[extensions, &PACKET[48..]].concat())
}

fn refusal(packet: &[u8]) -> String {
    decode(packet).unwrap_err().to_string()
}

// RFC2710-3-01, RFC3810-5-01
#[test]
fn mld_is_sent_in_the_packet_that_the_rfc_asks_for() {
    let payload = GENERAL_QUERY.encode(ENDS).unwrap();
    assert_eq!(Ipv6Header::mld(ROUTER, ALL_NODES).encode(&payload).unwrap(), PACKET);
}

#[test]
fn every_field_is_read() {
    let mut bytes = PACKET.to_vec();
    // Traffic Class 0xc0 and a flow label.
    bytes[..4].copy_from_slice(&[0x6c, 0x01, 0x23, 0x45]);
    bytes[7] = 255;
    let read = decode(&bytes).unwrap();
    let expected = Ipv6Packet {
        source: ROUTER,
        destination: ALL_NODES,
        hop_limit: 255,
        class: 0xc0,
        protocol: 58,
        router_alert: Some(MLD_ALERT),
        header_len: 48,
        payload: &PACKET[48..],
    };
    assert_eq!(read, expected);
    let message = mld::decode(read.payload, ENDS, mld::Version::V3).unwrap();
    assert_eq!(message, Decoded { message: GENERAL_QUERY, trailing: 0 });
}

// RFC 2711 section 2.1, RFC 8200 section 4.2: PadN before or behind, Pad1, other options, no padding.
#[test]
fn router_alert_is_found_with_either_padding_and_among_other_options() {
    let alert = |options: &[u8]| {
        let length = u8::try_from((options.len() + 2) / 8 - 1).unwrap();
        let packet = behind(0, &[&[58, length], options].concat());
        decode(&packet).unwrap().router_alert
    };
    assert_eq!(alert(&[5, 2, 0, 0, 1, 0]), Some(0));
    assert_eq!(alert(&[1, 0, 5, 2, 0, 0]), Some(0));
    assert_eq!(alert(&[5, 2, 0, 0, 0, 0]), Some(0));
    assert_eq!(alert(&[0, 5, 2, 0, 0, 0]), Some(0));
    // Another value, for another protocol.
    assert_eq!(alert(&[5, 2, 0, 1, 0, 0]), Some(1));
    // An option that is not known, with what looks like Router Alert in it.
    let unknown = [0x3e, 4, 5, 2, 0, 0, 0, 0, 5, 2, 0, 0, 1, 0];
    assert_eq!(alert(&unknown), Some(0));
    assert_eq!(alert(&[0x3e, 4, 5, 2, 0, 0]), None);
    assert_eq!(alert(&[1, 4, 0, 0, 0, 0]), None);
    // A Router Alert of another length is none.
    assert_eq!(alert(&[5, 3, 0, 0, 0, 0]), None);
    assert_eq!(decode(&packet(58, &PACKET[48..])).unwrap().router_alert, None);
}

// RFC 8200 section 4.1, RFC 6946
#[test]
fn extension_headers_are_walked_to_the_payload() {
    let hop = [60, 0, 5, 2, 0, 0, 1, 0];
    let destination = [43, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let routing = [44, 0, 0, 0, 0, 0, 0, 0];
    let only_fragment = [51, 0, 0, 0, 1, 2, 3, 4];
    // 4 words, of which the length does not count 2.
    let authentication = [58, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 9, 9, 9, 9];
    let all = [&hop[..], &destination, &routing, &only_fragment, &authentication].concat();
    let packet = behind(0, &all);
    let read = decode(&packet).unwrap();
    assert_eq!((read.protocol, read.router_alert), (58, Some(0)));
    assert_eq!((read.header_len, read.payload), (HEADER + all.len(), &PACKET[48..]));
}

// RFC 8200 section 4.4: with segments left, the packet is for somebody else.
#[test]
fn a_packet_on_its_way_along_a_route_is_no_message_yet() {
    let packet = behind(43, &[58, 0, 0, 1, 0, 0, 0, 0]);
    let read = decode(&packet).unwrap();
    assert_eq!((read.protocol, read.header_len), (43, HEADER));
}

#[test]
fn what_no_extension_header_is_is_left_alone() {
    for next in [17, 50, 58, 59, 103, 135, 255] {
        let packet = packet(next, &[0xff; 12]);
        let read = decode(&packet).unwrap();
        assert_eq!((read.protocol, read.payload), (next, &[0xff; 12][..]));
    }
}

#[test]
fn fragments_are_told_as_fragments() {
    for (field, offset, more) in [([0, 1], 0, true), ([0x05, 0xa8], 1448, false)] {
        let packet = behind(44, &[58, 0, field[0], field[1], 0, 0, 0, 7]);
        let error = decode(&packet).unwrap_err();
        assert_eq!((error.field, error.at), ("fragment offset", 42));
        assert_eq!(error.why, Why::Fragment { offset, more });
    }
}

// RFC 2675 section 2
#[test]
fn jumbograms_are_refused() {
    let mut bytes = behind(0, &[58, 0, 0xc2, 4, 0, 1, 0, 0]);
    let words = "IPv6 packet: option at octet 42: a jumbogram, not read here";
    assert_eq!(refusal(&bytes), words);
    bytes[4..6].fill(0);
    assert_eq!(refusal(&bytes), words);
}

#[test]
fn every_length_that_lies_is_named_with_its_octet() {
    let cut = "IPv6 packet: payload length at octet 4: 32 octets announced, room for";
    assert_eq!(refusal(&PACKET[..71]), format!("{cut} 31"));
    assert_eq!(refusal(&PACKET[..40]), format!("{cut} 0"));
    assert_eq!(
        refusal(&PACKET[..39]),
        "IPv6 packet: end at octet 39: 39 octets, at least 40 needed"
    );
    assert_eq!(refusal(&[]), "IPv6 packet: end at octet 0: 0 octets, at least 40 needed");
    // A Hop-by-Hop Options header that the payload length cuts, and one that is longer.
    let mut short = PACKET.to_vec();
    short[5] = 7;
    assert_eq!(refusal(&short), "IPv6 packet: end at octet 47: 47 octets, at least 48 needed");
    short[5] = 0;
    assert_eq!(refusal(&short), "IPv6 packet: end at octet 40: 40 octets, at least 48 needed");
    let mut long = PACKET.to_vec();
    long[41] = 4;
    let words = "IPv6 packet: Hdr Ext Len at octet 41: 40 octets announced, room for 32";
    assert_eq!(refusal(&long), words);
    // An option that is longer than its header, and one without a length.
    for (options, words) in [
        ([5, 5, 0, 0, 1, 0], "Opt Data Len at octet 43: 5 octets announced, room for 4"),
        ([0, 0, 0, 0, 1, 1], "Opt Data Len at octet 47: 1 octets announced, room for 0"),
        ([0, 0, 0, 0, 0, 1], "option at octet 47: 1 octets, at least 2 needed"),
    ] {
        let packet = behind(0, &[&[58, 0][..], &options].concat());
        assert_eq!(refusal(&packet), format!("IPv6 packet: {words}"));
    }
    // The Fragment header, and a Destination Options header behind it.
    let words = "IPv6 packet: end at octet 47: 47 octets, at least 48 needed";
    assert_eq!(refusal(&packet(44, &[58, 0, 0, 0, 0, 0, 0])), words);
    let words = "IPv6 packet: Hdr Ext Len at octet 49: 16 octets announced, room for 8";
    assert_eq!(refusal(&packet(44, &[60, 0, 0, 0, 0, 0, 0, 0, 58, 1, 0, 0, 0, 0, 0, 0])), words);
}

#[test]
fn another_version_and_a_hop_by_hop_header_out_of_place_are_refused() {
    let mut bytes = PACKET;
    bytes[0] = 0x40;
    assert_eq!(refusal(&bytes), "IPv6 packet: version at octet 0: 4, should be 6");
    let packet = behind(60, &[0, 0, 1, 4, 0, 0, 0, 0, 58, 0, 5, 2, 0, 0, 1, 0]);
    assert_eq!(
        refusal(&packet),
        "IPv6 packet: Next Header at octet 40: hop-by-hop options, which only stand right behind \
         the IPv6 header"
    );
}

#[test]
fn padding_of_the_link_is_no_payload() {
    let padded = [&PACKET[..], &[0; 6]].concat();
    assert_eq!(decode(&padded).unwrap(), decode(&PACKET).unwrap());
}

#[test]
fn a_payload_has_room_for_65535_octets_with_its_options() {
    let header = Ipv6Header::mld(ROUTER, ALL_NODES);
    assert!(header.encode(&[0; 65_527]).is_ok());
    let error = header.encode(&[0; 65_528]).unwrap_err();
    assert_eq!(error.to_string(), "IPv6 packet: payload length: 65536, at most 65535 fit");
    assert!(Ipv6Header { router_alert: false, ..header }.encode(&[0; 65_535]).is_ok());
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        source in any::<u128>(),
        destination in any::<u128>(),
        (protocol, hop_limit, class) in (61..=102_u8, any::<u8>(), any::<u8>()),
        router_alert in any::<bool>(),
        payload in vec(any::<u8>(), 0..100),
    ) {
        let (source, destination) = (source.into(), destination.into());
        let header = Ipv6Header { source, destination, protocol, hop_limit, class, router_alert };
        let bytes = header.encode(&payload).unwrap();
        let read = decode(&bytes).unwrap();
        prop_assert_eq!((read.source, read.destination), (source, destination));
        prop_assert_eq!((read.protocol, read.hop_limit, read.class), (protocol, hop_limit, class));
        prop_assert_eq!(read.router_alert, router_alert.then_some(MLD_ALERT));
        prop_assert_eq!(read.payload, &payload[..]);
    }

    #[test]
    fn reading_never_panics(
        bytes in vec(any::<u8>(), 0..100),
        next in proptest::sample::select(vec![0_u8, 43, 44, 51, 60, 58]),
        rest in vec(proptest::sample::select(vec![0_u8, 1, 2, 5, 43, 44, 51, 60, 0xc2]), 0..90),
    ) {
        let _ = decode(&bytes);
        let packet = packet(next, &rest);
        match decode(&packet) {
            Ok(read) => prop_assert_eq!(read.header_len + read.payload.len(), packet.len()),
            Err(error) => prop_assert!(error.at <= packet.len(), "{}", error),
        }
    }
}
