//! Which packets are messages, and which change nothing: RFC 2236 sections 2, 6 and 7.

use super::*;

/// The IP payload `message`, in a packet from a host to where such a message goes.
fn packet(message: &[u8]) -> Vec<u8> {
    ipv4::Ipv4Header::igmp(HOST, goes_to(message)).encode(message).unwrap()
}

/// The group that the message names; all hosts if it names none.
fn goes_to(message: &[u8]) -> Ipv4Addr {
    let named =
        message.get(4..8).map(|group| Ipv4Addr::new(group[0], group[1], group[2], group[3]));
    named.filter(Ipv4Addr::is_multicast).unwrap_or(ALL_HOSTS)
}

/// `bytes` with the right checksum at octets 2 and 3.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[2..4].fill(0);
    let words = bytes
        .chunks(2)
        .map(|word| u32::from(word[0]) << 8 | u32::from(word.get(1).copied().unwrap_or_default()));
    let sum: u32 = words.sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let sum = !u16::try_from((folded & 0xffff) + (folded >> 16)).unwrap();
    bytes[2..4].copy_from_slice(&sum.to_be_bytes());
    bytes
}

/// A Report, a Leave and Queries, each of which would change the link of [`touchy`].
fn messages() -> [Vec<u8>; 4] {
    let new = Ipv4Addr::new(239, 1, 1, 9);
    let messages = [
        Message::V2Report { group: new },
        Message::V1Report { group: new },
        Message::Leave { group: G },
        query(10, G),
    ];
    messages.map(|message| message.encode().unwrap())
}

/// A Querier with members, quiet.
fn touchy() -> Link {
    let mut link = Link::new();
    link.v2_report();
    link.said.clear();
    link
}

/// The bytes are ignored, and the link goes on as if they had never come.
#[track_caller]
fn assert_ignored(bytes: &[u8]) -> Ignored {
    let mut undisturbed = touchy();
    let mut link = touchy();
    let why = link.bytes(bytes).expect_err("ignored");
    for link in [&mut link, &mut undisturbed] {
        link.run_to(secs(300.0));
    }
    assert_eq!(link.said, undisturbed.said);
    why
}

// RFC2236-7-11: the positive control of what follows.
#[test]
fn the_messages_do_change_something() {
    for message in messages() {
        let mut link = touchy();
        assert_eq!(link.bytes(&from_router(&message)), Ok(()));
        assert_ne!(link.said, [], "{message:02x?}");
    }
}

/// The messages from 10.0.0.1, so that a Query wins the election.
fn from_router(message: &[u8]) -> Vec<u8> {
    ipv4::Ipv4Header::igmp(router(1), goes_to(message)).encode(message).unwrap()
}

// RFC2236-2.3-02, RFC2236-7-11
#[test]
fn a_flipped_bit_changes_nothing() {
    for message in messages() {
        for bit in 0..message.len() * 8 {
            let mut broken = message.clone();
            broken[bit / 8] ^= 1 << (bit % 8);
            let why = assert_ignored(&from_router(&broken));
            let right = matches!(&why, Ignored::Malformed { field, .. } if field == "checksum");
            assert!(right, "bit {bit}: {why}");
        }
    }
}

// RFC2236-7-11, RFC2236-6-01: at least eight octets.
#[test]
fn a_short_message_changes_nothing() {
    for message in messages() {
        for len in 0..8 {
            let mut short = message[..len].to_vec();
            if len >= 4 {
                short = sealed(&short);
            }
            assert!(matches!(assert_ignored(&from_router(&short)), Ignored::Malformed { .. }));
        }
    }
}

// RFC2236-7-11: cut anywhere, in the IP header too.
#[test]
fn a_truncated_packet_changes_nothing() {
    for message in messages() {
        let whole = from_router(&message);
        for len in 0..whole.len() {
            assert!(matches!(assert_ignored(&whole[..len]), Ignored::Malformed { .. }), "{len}");
        }
    }
}

// RFC2236-2.1-02
#[test]
fn unknown_types_change_nothing() {
    // Of 0x22, a Report of version 3, an operator is warned as well.
    for kind in [0x00, 0x10, 0x13, 0x15, 0x18, 0x21, 0x99, 0xff] {
        let message = sealed(&[kind, 0, 0, 0, 239, 1, 1, 9]);
        assert_eq!(assert_ignored(&packet(&message)), Ignored::UnknownType(kind));
    }
}

// RFC3376-7.2.1-02: a host that has heard the link's Queries would speak its version.
#[test]
fn a_host_of_a_newer_version_is_warned_of_once_an_interval() {
    let mut link = Link::with(Params { query_interval: secs(20.0), ..Params::v2() });
    let report = |link: &mut Link, from: Ipv4Addr, kind: u8| {
        let message = sealed(&[kind, 0, 0, 0, 0, 0, 0, 0]);
        let header = ipv4::Ipv4Header::igmp(from, Ipv4Addr::new(224, 0, 0, 22));
        let heard = link.bytes(&header.encode(&message).unwrap());
        assert_eq!(heard, Err(Ignored::UnknownType(kind)));
    };
    let warned = |link: &mut Link| {
        let said = std::mem::take(&mut link.said).into_iter();
        let host = |(_, say)| match say {
            Say::News(News::NewerHost(host)) => Some(host),
            _ => None,
        };
        said.filter_map(host).collect::<Vec<IpAddr>>()
    };
    let newest = wire::V3_REPORT;
    for host in [7, 8, 7] {
        report(&mut link, router(host), newest);
    }
    assert_eq!(warned(&mut link), [router(7)]);
    link.run_to(secs(20.0));
    report(&mut link, router(8), newest);
    assert_eq!(warned(&mut link), [router(8)]);
    link.run_to(secs(60.0));
    // Other types, and what its own kernel says, are nobody's fault.
    report(&mut link, router(8), newest + 1);
    report(&mut link, OWN, newest);
    assert_eq!(warned(&mut link), Vec::<IpAddr>::new());
}

// RFC2236-2.2-03
#[test]
fn the_second_octet_of_a_report_means_nothing() {
    let mut link = Link::new();
    link.bytes(&packet(&sealed(&[0x16, 0x55, 0, 0, 239, 1, 1, 1]))).unwrap();
    assert!(link.has_members());
}

// RFC2236-2.5-01
#[test]
fn what_follows_the_first_eight_octets_is_ignored() {
    let mut link = Link::new();
    let mut report = [0xa5; 20];
    report[..8].copy_from_slice(&[0x16, 0, 0, 0, 239, 1, 1, 1]);
    link.bytes(&packet(&sealed(&report))).unwrap();
    assert!(link.has_members());

    let mut general = [0xa5; 40];
    general[..8].copy_from_slice(&[0x11, 100, 0, 0, 0, 0, 0, 0]);
    link.bytes(&from_router(&sealed(&general))).unwrap();
    assert_eq!(link.interface.role(), Role::NonQuerier(router(1).into()));
}

// RFC2236-2.5-02
#[test]
fn the_checksum_covers_the_whole_payload() {
    let mut report = [0xa5; 16];
    report[..8].copy_from_slice(&sealed(&[0x16, 0, 0, 0, 239, 1, 1, 9]));
    assert!(matches!(assert_ignored(&packet(&report)), Ignored::Malformed { .. }));
    assert_eq!(touchy().bytes(&packet(&sealed(&report))), Ok(()));
}

// RFC2236-6-01, RFC2236-2.4-02: for 224.0.0.0 see RFC1112-4-01.
#[test]
fn what_is_no_group_is_neither_reported_nor_asked_for() {
    for octets in [[10, 0, 0, 1], [224, 0, 0, 0], [240, 0, 0, 1], [255; 4]] {
        let address = Ipv4Addr::from(octets);
        for message in [
            Message::V1Report { group: address },
            Message::V2Report { group: address },
            Message::Leave { group: address },
            query(10, address),
        ] {
            let why = assert_ignored(&packet(&message.encode().unwrap()));
            assert_eq!(why, Ignored::NotMulticast(address.into()), "{message}");
        }
    }
}

// RFC2236-6-08
#[test]
fn nobody_reports_all_hosts() {
    for message in [Message::V2Report { group: ALL_HOSTS }, Message::Leave { group: ALL_HOSTS }] {
        let why = assert_ignored(&packet(&message.encode().unwrap()));
        assert_eq!(why, Ignored::AllHosts);
    }
}

// RFC1112-7.2-02
#[test]
fn a_group_sends_nothing() {
    for message in messages() {
        let from = Ipv4Addr::new(239, 0, 0, 9);
        let bytes = ipv4::Ipv4Header::igmp(from, G).encode(&message).unwrap();
        assert_eq!(assert_ignored(&bytes), Ignored::SourceNotUnicast(from.into()));
    }
}

// RFC3376-4.2.13-01: a host that has no address yet reports from 0.0.0.0.
#[test]
fn a_report_without_an_address_counts() {
    let mut link = Link::new();
    link.packet(Ipv4Addr::UNSPECIFIED, G, &Message::V2Report { group: G }).unwrap();
    assert!(link.has_members());
}

// RFC2236-3-29: a router lowers no timer for its own Query.
#[test]
fn our_own_query_changes_nothing() {
    let mut link = Link::non_querier();
    link.v2_report();
    link.said.clear();
    assert_eq!(link.packet(OWN, G, &query(10, G)), Err(Ignored::Own));
    assert_eq!(link.said, []);
    link.run_to(secs(200.0));
    assert!(link.has_members());
}

// RFC2236-10-02: an option that is off; old hosts send no Router Alert.
#[test]
fn a_report_without_router_alert_counts() {
    let header = ipv4::Ipv4Header { router_alert: false, ..ipv4::Ipv4Header::igmp(HOST, G) };
    let bytes = header.encode(&Message::V2Report { group: G }.encode().unwrap()).unwrap();
    let mut link = Link::new();
    link.bytes(&bytes).unwrap();
    assert!(link.has_members());
}
