//! The packets that scripts send.

use std::net::Ipv4Addr;

use castnet::wire::igmp::{GroupRecord, Message, Query, RecordKind, V3Query, V3Report};
use castnet::wire::ipv4::{Ipv4Header, encode_igmp};

pub(crate) const QUERIER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);
pub(crate) const ALL_HOSTS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);
pub(crate) const ALL_ROUTERS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 2);
pub(crate) const NOBODY: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

/// 239.1.1.n
pub(crate) const fn group(n: u8) -> Ipv4Addr {
    Ipv4Addr::new(239, 1, 1, n)
}

/// A Query of version 1 or 2, for the group or for all, to the destination of the RFC.
pub(crate) fn older_query(group: Ipv4Addr, tenths: u8) -> Vec<u8> {
    query_from(QUERIER, Query { max_resp_code: tenths, group, v3: None })
}

/// A version 3 Query with QRV 1 and QQI 1 s: an older querier then counts for a second.
pub(crate) fn v3_query(group: Ipv4Addr, tenths: u8, sources: &[Ipv4Addr]) -> Vec<u8> {
    let v3 = V3Query {
        flags: 0,
        suppress: false,
        robustness: 1,
        interval_code: 1,
        sources: sources.to_vec(),
    };
    query_from(QUERIER, Query { max_resp_code: tenths, group, v3: Some(v3) })
}

pub(crate) fn query_from(from: Ipv4Addr, query: Query) -> Vec<u8> {
    let to = if query.is_general() { ALL_HOSTS } else { query.group };
    encode_igmp(from, to, &Message::Query(query)).unwrap()
}

pub(crate) fn v2_report(group: Ipv4Addr) -> Vec<u8> {
    encode_igmp(QUERIER, group, &Message::V2Report { group }).unwrap()
}

pub(crate) fn v1_report(group: Ipv4Addr) -> Vec<u8> {
    encode_igmp(QUERIER, group, &Message::V1Report { group }).unwrap()
}

pub(crate) fn leave(group: Ipv4Addr) -> Vec<u8> {
    encode_igmp(QUERIER, ALL_ROUTERS, &Message::Leave { group }).unwrap()
}

pub(crate) fn v3_report(from: Ipv4Addr, kind: RecordKind, group: Ipv4Addr) -> Vec<u8> {
    v3_records(from, vec![GroupRecord::new(kind, group, vec![])])
}

pub(crate) fn v3_records(from: Ipv4Addr, records: Vec<GroupRecord>) -> Vec<u8> {
    let report = Message::V3Report(V3Report::new(records));
    encode_igmp(from, Ipv4Addr::new(224, 0, 0, 22), &report).unwrap()
}

/// A message with any header and any octets.
pub(crate) fn raw(from: Ipv4Addr, to: Ipv4Addr, message: &[u8]) -> Vec<u8> {
    Ipv4Header::igmp(from, to).encode(message).unwrap()
}

/// UDP with two octets of its own.
pub(crate) fn datagram(from: Ipv4Addr, to: Ipv4Addr, ttl: u8, mark: u16) -> Vec<u8> {
    let header =
        Ipv4Header { protocol: 17, ttl, router_alert: false, ..Ipv4Header::igmp(from, to) };
    let [high, low] = mark.to_be_bytes();
    header.encode(&[0x13, 0x88, 0x13, 0x88, 0, 10, 0, 0, high, low]).unwrap()
}
