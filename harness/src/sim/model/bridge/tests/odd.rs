//! Reports and Queries whose numbers lie, as the kernel's bridge takes them.

use super::*;

/// The message with its checksum, in a packet to all IGMPv3 routers.
fn odd(message: &[u8]) -> Vec<u8> {
    let mut message = message.to_vec();
    let sum = etherparse::checksum::Sum16BitWords::new().add_slice(&message);
    message[2..4].copy_from_slice(&sum.ones_complement().to_ne_bytes());
    Ipv4Header::igmp(HOST, Ipv4Addr::new(224, 0, 0, 22)).encode(&message).unwrap()
}

fn done(message: &[u8]) -> Vec<String> {
    World::snooping(Version::V2).packet(0, odd(message)).done()
}

/// The record by which a host joins the group.
const JOIN: [u8; 8] = [4, 0, 0, 0, 239, 1, 1, 1];
const JOINED: &str = "300 port 0 239.1.1.1 true";
const CARRIED: &str = "carried to [1, 2, 3]";

#[test]
fn auxiliary_data_is_taken_for_the_next_record() {
    let with_aux = [&[0x22, 0, 0, 0, 0, 0, 0, 2, 4, 1, 0, 0, 239, 9, 9, 9], &b"auxd"[..], &JOIN];
    // "auxd" begins a record of the unknown type "a", which has 30820 sources.
    assert_eq!(done(&with_aux.concat()), ["300 port 0 239.9.9.9 true"], "and is not carried");
    let with_aux =
        [&[0x22, 0, 0, 0, 0, 0, 0, 2, 4, 1, 0, 0, 239, 9, 9, 9], &[4, 0, 0, 0][..], &JOIN];
    let joined = ["300 port 0 239.9.9.9 true", "300 port 0 4.0.0.0 true", CARRIED];
    assert_eq!(done(&with_aux.concat()), joined);
}

#[test]
fn a_report_is_followed_up_to_where_it_lies_and_not_carried_then() {
    let report = |records: u8, body: &[u8]| [&[0x22, 0, 0, 0, 0, 0, 0, records], body].concat();
    assert_eq!(done(&report(1, &JOIN)), [JOINED, CARRIED]);
    assert_eq!(done(&report(9, &JOIN)), [JOINED]);
    assert_eq!(done(&report(2, &[&JOIN[..], &[4, 0, 0]].concat())), [JOINED]);
    assert_eq!(done(&report(0, &JOIN)), [CARRIED]);
    // A record that announces a source which is not there.
    assert_eq!(done(&report(1, &[4, 0, 0, 1, 239, 1, 1, 1])), Vec::<String>::new());
    // One of an unknown type is passed over.
    assert_eq!(
        done(&report(2, &[&[9, 0, 0, 0, 239, 1, 1, 2], &JOIN[..]].concat())),
        [JOINED, CARRIED]
    );
}

#[test]
fn a_group_that_is_none_has_members_and_one_of_the_link_has_none() {
    let routers = "carried to [3]";
    assert_eq!(done(&[0x16, 0, 0, 0, 10, 1, 1, 1]), ["300 port 0 10.1.1.1 true", routers]);
    assert_eq!(done(&[0x16, 0, 0, 0, 224, 0, 0, 9]), [routers]);
}

#[test]
fn the_sources_of_a_query_are_counted_and_not_looked_for() {
    let mut world = World::snooping(Version::V2);
    world.report(1).done();
    // It announces a source, so that it changes nothing, and is carried without that source.
    let query = [0x11, 2, 0, 0, 239, 1, 1, 1, 2, 100, 0, 1];
    assert_eq!(world.packet(0, odd(&query)).done(), [CARRIED]);
    assert_eq!(world.until(2_000).done(), Vec::<String>::new());
    let query = [0x11, 2, 0, 0, 239, 1, 1, 1, 2, 100, 0, 0];
    assert_eq!(world.packet(0, odd(&query)).done(), [CARRIED]);
    assert_eq!(world.until(3_000).done(), ["2432 port 1 239.1.1.1 false"]);
}

#[test]
fn a_fragment_is_read_and_carried_and_a_damaged_ip_header_is_not() {
    let fresh = || odd(&[0x16, 0, 0, 0, 239, 1, 1, 1]);
    let header = |change: fn(&mut Vec<u8>)| {
        let mut packet = fresh();
        change(&mut packet);
        packet[10..12].fill(0);
        let sum = etherparse::checksum::Sum16BitWords::new().add_slice(&packet[..24]);
        packet[10..12].copy_from_slice(&sum.ones_complement().to_ne_bytes());
        World::snooping(Version::V2).packet(0, packet).done()
    };
    let reported = [JOINED, "carried to [3]"];
    assert_eq!(header(|_| ()), reported);
    assert_eq!(header(|packet| packet[6] = 0x20), reported);
    assert_eq!(header(|packet| packet.push(0)), reported, "padding");
    assert_eq!(header(|packet| packet[3] += 1), Vec::<String>::new(), "cut");
    assert_eq!(header(|packet| packet[0] = 0x66), Vec::<String>::new(), "version 6");
    let mut wrong = fresh();
    wrong[10] ^= 1;
    assert_eq!(World::snooping(Version::V2).packet(0, wrong).done(), Vec::<String>::new());
}
