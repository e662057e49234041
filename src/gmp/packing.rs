//! Queries and Reports within the link's MTU, as few as it allows.
//!
//! Owns RFC 9776 sections 4.1.8 and 4.2.16, and RFC 9777 sections 5.1.10 and 5.2.15. The MTU is that of
//! Ethernet.

use std::net::IpAddr;

use super::change::{Record, Sources};
use super::message::{Query, Report, Version};
use crate::addr::{Family, Group};

/// The most octets of an IP packet.
const MTU: usize = 1500;

/// The octets of a Report before its records.
const REPORT: usize = 8;

/// What the parts of a packet take, in octets.
struct Sizes {
    /// The IP header with Router Alert.
    ip: usize,
    /// A Query before its sources.
    query: usize,
    /// A record before its sources.
    record: usize,
    /// A source.
    address: usize,
}

const fn sizes(family: Family) -> Sizes {
    match family {
        Family::V4 => Sizes { ip: 24, query: 12, record: 8, address: 4 },
        Family::V6 => Sizes { ip: 48, query: 28, record: 20, address: 16 },
    }
}

/// The Query once for each part of its sources that fits a packet (RFC3376-4.1.8-01,
/// RFC3810-5.1.10-01).
pub(super) fn queries(query: &Query, sources: &Sources) -> Vec<Query> {
    let family = sources.first().map_or(Family::V4, |&source| Family::of(source));
    let Sizes { ip, query: head, address, .. } = sizes(family);
    let all: Vec<IpAddr> = sources.iter().copied().collect();
    let parts = all.chunks((MTU - ip - head) / address);
    parts.map(|part| Query { sources: part.iter().copied().collect(), ..query.clone() }).collect()
}

/// The Reports that carry the records, each within the MTU.
pub(super) fn reports(family: Family, records: Vec<(Group, Record)>) -> Vec<Report> {
    let Sizes { ip, record: of_record, address, .. } = sizes(family);
    let room = MTU - ip - REPORT;
    let most = (room - of_record) / address;
    let mut packed: Vec<Vec<(Group, Record)>> = Vec::new();
    let mut left = 0;
    for (group, record) in records {
        for record in fitting(record, most) {
            let size = of_record + address * record.sources().len();
            match packed.last_mut().filter(|_| size <= left) {
                Some(last) => last.push((group, record)),
                None => {
                    packed.push(vec![(group, record)]);
                    left = room;
                }
            }
            left -= size;
        }
    }
    packed.into_iter().map(|records| Report { version: Version::V3, records }).collect()
}

/// The record in parts of at most so many sources. What an EXCLUDE record leaves out is not excluded
/// (RFC3376-4.2.16-02).
fn fitting(record: Record, most: usize) -> Vec<Record> {
    if record.sources().len() <= most {
        return vec![record];
    }
    let sources: Vec<IpAddr> = record.sources().iter().copied().collect();
    let parts = sources.chunks(most).map(|part| part.iter().copied().collect::<Sources>());
    match record {
        Record::IsEx(_) => parts.take(1).map(Record::IsEx).collect(),
        Record::ToEx(_) => parts.take(1).map(Record::ToEx).collect(),
        Record::IsIn(_) => parts.map(Record::IsIn).collect(),
        Record::ToIn(_) => parts.map(Record::ToIn).collect(),
        Record::Allow(_) => parts.map(Record::Allow).collect(),
        Record::Block(_) => parts.map(Record::Block).collect(),
    }
}
