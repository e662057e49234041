//! What castnet's own nodes send in IGMP.

use std::net::Ipv4Addr;

use castnet::gmp::message::Version;
use castnet::wire::igmp::{Message, V3Report};
use castnet::wire::ipv4::Ipv4Header;

use super::super::super::Outcome::{Fail, Pass};
use super::super::{ALL_HOSTS, GROUP, H1, OTHER_GROUP, R1_LAN, Run, igmp_frame, ip_frame, ms};
use super::super::{query, v3_query};
use super::run;
use crate::knobs::HostKnobs;
use crate::plan::Role;
use crate::scenario::Invariant::WellFormedIgmp;
use crate::scenario::Listener;

const ALL_ROUTERS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 2);
const ANY: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

/// r1 sends the message with this header.
fn sends(header: Ipv4Header, message: &Message) -> Run {
    run().frame(ms(2000), "r1:lan", &igmp_frame(&header, message))
}

fn to(destination: Ipv4Addr) -> Ipv4Header {
    Ipv4Header::igmp(R1_LAN, destination)
}

// RFC2236-2-02
#[test]
fn the_ttl_is_1() {
    for (ttl, outcome) in [(1, Pass), (0, Fail), (2, Fail), (64, Fail)] {
        sends(Ipv4Header { ttl, ..to(ALL_HOSTS) }, &query(10, ANY)).is(WellFormedIgmp, outcome);
    }
}

// RFC2236-2-03
#[test]
fn router_alert_is_there() {
    let bare = Ipv4Header { router_alert: false, ..to(ALL_HOSTS) };
    sends(bare, &query(10, ANY))
        .breaks_and_says(WellFormedIgmp, &["r1:lan sent IGMP with no Router Alert at 2.000 s"]);
}

// RFC2236-2.3-01
#[test]
fn the_checksum_is_right() {
    let mut message = query(10, ANY).encode().unwrap();
    message[3] ^= 1;
    let frame = ip_frame(&to(ALL_HOSTS).encode(&message).unwrap());
    run().frame(ms(2000), "r1:lan", &frame).breaks(WellFormedIgmp);
}

// RFC2236-2.2-02, RFC3376-4.1.10-02
#[test]
fn there_is_nothing_in_it_that_means_nothing() {
    let sent = |message: &[u8], destination| {
        let mut message = message.to_vec();
        message[2..4].fill(0);
        let sum = message.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
        let sum: u32 = sum;
        let sum = !(u16::try_from(sum & 0xffff).unwrap() + u16::try_from(sum >> 16).unwrap());
        message[2..4].copy_from_slice(&sum.to_be_bytes());
        run().frame(ms(2000), "r1:lan", &ip_frame(&to(destination).encode(&message).unwrap()))
    };
    let report = [0x16, 0, 0, 0, 239, 1, 1, 1];
    sent(&report, GROUP).keeps(WellFormedIgmp);
    sent(&[0x16, 7, 0, 0, 239, 1, 1, 1], GROUP).breaks_and_says(
        WellFormedIgmp,
        &["r1:lan sent IGMP with 7 in its second octet at 2.000 s"],
    );
    sent(&[&report[..], &[0, 0]].concat(), GROUP).breaks_and_says(
        WellFormedIgmp,
        &["r1:lan sent IGMP with 2 octets that say nothing at 2.000 s"],
    );
    // In a Query the second octet is its Max Resp Code.
    sent(&[0x11, 7, 0, 0, 0, 0, 0, 0], ALL_HOSTS).keeps(WellFormedIgmp);
}

// RFC2236-3-07, RFC2236-9-01, RFC3376-4.2.14-01
#[test]
fn each_message_goes_where_it_belongs() {
    let v3_routers = Ipv4Addr::new(224, 0, 0, 22);
    let v3_report = Message::V3Report(V3Report { flags: 0, records: Vec::new() });
    for (message, destination) in [
        (query(10, ANY), ALL_HOSTS),
        (query(0, ANY), ALL_HOSTS),
        (v3_query(ANY, &[]), ALL_HOSTS),
        (query(5, GROUP), GROUP),
        (v3_query(GROUP, &[H1]), GROUP),
        (Message::V1Report { group: GROUP }, GROUP),
        (Message::V2Report { group: GROUP }, GROUP),
        (Message::Leave { group: GROUP }, ALL_ROUTERS),
        (v3_report, v3_routers),
    ] {
        for other in [ALL_HOSTS, ALL_ROUTERS, v3_routers, GROUP, OTHER_GROUP] {
            let outcome = if other == destination { Pass } else { Fail };
            sends(to(other), &message).is(WellFormedIgmp, outcome);
        }
    }
}

#[test]
fn all_that_is_wrong_with_a_message_is_told_in_one_line() {
    let wrong = Ipv4Header { ttl: 3, router_alert: false, ..to(OTHER_GROUP) };
    sends(wrong, &query(5, GROUP)).breaks_and_says(
        WellFormedIgmp,
        &["r1:lan sent IGMP with TTL 3, no Router Alert, the destination 239.1.1.2 instead of \
           239.1.1.1 at 2.000 s"],
    );
}

#[test]
fn castnets_hosts_are_held_to_it_and_nobody_else_is() {
    let wrong = || {
        let header = Ipv4Header { ttl: 3, ..Ipv4Header::igmp(H1, GROUP) };
        igmp_frame(&header, &Message::V2Report { group: GROUP })
    };
    run().frame(ms(2000), "h1:lan", &wrong()).keeps(WellFormedIgmp);
    for (role, outcome) in [
        (Role::Listener(Listener::Castnet(HostKnobs::of(Version::V2))), Fail),
        (Role::Injector(None), Pass),
    ] {
        let mut run = run().frame(ms(2000), "h1:lan", &wrong());
        let h1 = run.node("h1");
        run.plan.nodes[h1].role = role;
        run.is(WellFormedIgmp, outcome);
    }
}
