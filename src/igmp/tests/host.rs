//! The host's packets: which ones it hears, and the destination of each message.

use super::*;
use crate::gmp::listener::GroupState;
use crate::gmp::params::HostParams;
use crate::host::Host;
use crate::wire::igmp::Message;

const OWN: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);
const OTHER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 8);
const G: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 1);

fn group() -> Group {
    Group::new(G.into()).unwrap()
}

fn host() -> Host {
    Host::new(HostParams::default(), OWN.into(), Rng::for_node(1, "h1"))
}

/// The destination and the message of the next packet, whose header is checked.
fn said(host: &mut Host) -> Option<(Ipv4Addr, Message)> {
    let bytes = host.poll()?.unwrap().encode().unwrap();
    let packet = ipv4::decode(&bytes).unwrap();
    assert_eq!((packet.source, packet.ttl, packet.router_alert), (OWN, 1, true));
    let message = decode(packet.payload, Version::V2).unwrap().message;
    Some((packet.destination, message))
}

fn packet(from: Ipv4Addr, message: &Message) -> Vec<u8> {
    ipv4::encode_igmp(from, G, message).unwrap()
}

fn hear(host: &mut Host, bytes: &[u8]) -> Result<(), Ignored> {
    host.receive(Instant::ZERO, &Packet::decode(bytes)?)
}

// RFC2236-3-12, RFC2236-3-17, RFC2236-9-01, RFC2236-2-02, RFC2236-2-03
#[test]
fn reports_go_to_the_group_and_leaves_to_all_routers() {
    let mut host = host();
    host.join(Instant::ZERO, group()).unwrap();
    assert_eq!(said(&mut host), Some((G, Message::V2Report { group: G })));
    host.leave(Instant::ZERO, group());
    assert_eq!(said(&mut host), Some((ALL_ROUTERS, Message::Leave { group: G })));
    assert_eq!(said(&mut host), None);
}

// RFC2236-3-13, RFC2236-5-01: another host's Report, not our own that came back.
#[test]
fn reports_of_others_silence_our_own() {
    for report in [Message::V1Report { group: G }, Message::V2Report { group: G }] {
        let mut host = host();
        host.join(Instant::ZERO, group()).unwrap();
        assert_eq!(hear(&mut host, &packet(OWN, &report)), Err(Ignored::Own));
        assert_eq!(host.reception().older().state(group()), GroupState::Delaying);
        assert_eq!(hear(&mut host, &packet(OTHER, &report)), Ok(()));
        assert_eq!(host.reception().older().state(group()), GroupState::Idle);
    }
}

// RFC2236-4-01, RFC2236-4-04
#[test]
fn a_query_with_time_zero_is_one_of_version_1() {
    let mut host = host();
    let query = Message::Query(crate::wire::igmp::Query {
        max_resp_code: 0,
        group: Ipv4Addr::UNSPECIFIED,
        v3: None,
    });
    assert_eq!(hear(&mut host, &packet(OTHER, &query)), Ok(()));
    host.join(Instant::ZERO, group()).unwrap();
    assert_eq!(said(&mut host), Some((G, Message::V1Report { group: G })));
}

// RFC1112-I-03, RFC2236-6-01, RFC2236-6-02
#[test]
fn what_is_not_for_hosts_changes_nothing() {
    let mut host = host();
    host.join(Instant::ZERO, group()).unwrap();
    let leave = packet(OTHER, &Message::Leave { group: G });
    assert_eq!(hear(&mut host, &leave), Err(Ignored::LeaveAtHost));
    let mut broken = packet(OTHER, &Message::V2Report { group: G });
    *broken.last_mut().unwrap() ^= 1;
    assert!(matches!(hear(&mut host, &broken), Err(Ignored::Malformed { .. })));
    assert_eq!(host.reception().older().state(group()), GroupState::Delaying);
}
