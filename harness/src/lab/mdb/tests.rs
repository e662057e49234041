//! What the octets of the kernel say of a bridge's database.

use super::*;

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(4 + value.len()).unwrap();
    let mut whole = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), value].concat();
    whole.resize(whole.len().next_multiple_of(4), 0);
    whole
}

fn message(kind: u16, table: &[u8]) -> Vec<u8> {
    let length = u32::try_from(HEADER + PORT_MESSAGE + table.len()).unwrap();
    let head = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), &[0; 10], &[7; 8]].concat();
    [head, table.to_vec()].concat()
}

fn entry(port: u32, flags: u8, group: [u8; 4], more: &[u8]) -> Vec<u8> {
    let rest = [&[0; 12][..], &ETHERTYPE_IPV4, &[0; 2]].concat();
    let info = [&port.to_ne_bytes()[..], &[0, flags, 0, 0], &group, &rest, more].concat();
    let info = attribute(MDBA_MDB_ENTRY_INFO, &info);
    attribute(MDBA_MDB | 0x8000, &attribute(MDBA_MDB_ENTRY, &info))
}

const GROUP: [u8; 4] = [239, 1, 1, 1];

/// The entry of a port with members in version 2.
fn member(group: IpAddr, port: u32) -> MdbEntry {
    MdbEntry { group, source: None, port, is_blocked: false, mode: None, sources: vec![] }
}

#[test]
fn members_and_routers_are_told_one_after_the_other() {
    let timer = attribute(1, &[9; 4]);
    let router = attribute(MDBA_ROUTER, &attribute(MDBA_ROUTER_PORT, &3_u32.to_ne_bytes()));
    let read = [
        message(RTM_NEWMDB, &entry(5, 0, GROUP, &timer)),
        message(RTM_DELMDB, &entry(6, 0, GROUP, &timer)),
        message(RTM_NEWMDB, &router),
        message(16, &router),
    ]
    .concat();
    let expected = [
        MdbMessage::Entry { entry: member(GROUP.into(), 5), on: true },
        MdbMessage::Entry { entry: member(GROUP.into(), 6), on: false },
        MdbMessage::Router { port: 3, on: true },
    ];
    assert_eq!(parse(&read), expected);
    // A message cut anywhere yields fewer changes, and never different ones.
    for length in 0..read.len() {
        assert!(expected.starts_with(&parse(&read[..length])), "{length}");
    }
}

// linux/if_bridge.h: the union of `struct br_mdb_entry` holds either address, by its `proto`.
#[test]
fn an_ipv6_member_is_told_and_an_ethernet_one_is_not() {
    let group: IpAddr = "ff3e::8000:1".parse().unwrap();
    let IpAddr::V6(octets) = group else { unreachable!() };
    let entry = |protocol: [u8; 2]| {
        let rest = [&octets.octets()[..], &protocol, &[0; 2]].concat();
        let info = [&5_u32.to_ne_bytes()[..], &[0; 4], &rest].concat();
        let info = attribute(MDBA_MDB_ENTRY_INFO, &info);
        message(RTM_NEWMDB, &attribute(MDBA_MDB, &attribute(MDBA_MDB_ENTRY, &info)))
    };
    let told = [MdbMessage::Entry { entry: member(group, 5), on: true }];
    assert_eq!(parse(&entry(ETHERTYPE_IPV6)), told);
    assert_eq!(parse(&entry([0, 0])), []);
}

// linux/if_bridge.h: MDBA_MDB_EATTR_SRC_LIST nests an entry for each source, of 4 or 16 octets.
#[test]
fn filter_mode_and_sources_are_told_with_what_is_left_of_their_timers() {
    let listed = |address: &[u8], hundredths: u32| {
        let address = attribute(MDBA_MDB_SRCATTR_ADDRESS, address);
        let timer = attribute(MDBA_MDB_SRCATTR_TIMER, &hundredths.to_ne_bytes());
        attribute(MDBA_MDB_SRCLIST_ENTRY | 0x8000, &[address, timer].concat())
    };
    let v6: std::net::Ipv6Addr = "fd00::1".parse().unwrap();
    let list = [listed(&[10, 0, 0, 1], 150), listed(&v6.octets(), 0), listed(&[1, 2, 3], 9)];
    for (octet, mode) in [(1, MdbMode::Include), (0, MdbMode::Exclude)] {
        let more = [
            attribute(MDBA_MDB_EATTR_SRC_LIST | 0x8000, &list.concat()),
            attribute(MDBA_MDB_EATTR_GROUP_MODE, &[octet]),
        ];
        let entry = entry(5, 0, GROUP, &more.concat());
        let sources = vec![
            (IpAddr::from([10, 0, 0, 1]), Duration::from_millis(1_500)),
            (v6.into(), Duration::ZERO),
        ];
        let told = MdbEntry { mode: Some(mode), sources, ..member(GROUP.into(), 5) };
        assert_eq!(
            parse(&message(RTM_NEWMDB, &entry)),
            [MdbMessage::Entry { entry: told, on: true }]
        );
    }
}

#[test]
fn an_entry_of_one_source_has_it_and_says_whether_it_is_blocked() {
    let source = attribute(MDBA_MDB_EATTR_SOURCE, &[10, 0, 0, 1]);
    // MDB_FLAGS_STAR_EXCL is 4, and MDB_FLAGS_BLOCKED 8.
    for (flags, is_blocked) in [(0, false), (4, false), (8, true), (0xf, true)] {
        let told = parse(&message(RTM_NEWMDB, &entry(5, flags, GROUP, &source)));
        let source = Some(IpAddr::from([10, 0, 0, 1]));
        let entry = MdbEntry { source, is_blocked, ..member(GROUP.into(), 5) };
        assert_eq!(told, [MdbMessage::Entry { entry, on: true }]);
    }
}

#[test]
fn a_length_of_nothing_ends_it() {
    assert_eq!(parse(&[0; 64]), []);
    assert_eq!(parse(&message(RTM_NEWMDB, &[0; 16])), []);
}
