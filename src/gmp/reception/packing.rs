//! Reports of records: as few as the link's MTU allows.
//!
//! Owns RFC 9776 section 4.2.16 and RFC 9777 section 5.2.15. The MTU is that of Ethernet.

use super::*;
use crate::gmp::change::Sources;

/// The most octets of an IP packet.
const MTU: usize = 1500;

/// The octets of a Report before its records, with the IP header and Router Alert; those of a record
/// before its sources; and those of a source.
const fn sizes(family: Family) -> (usize, usize, usize) {
    match family {
        Family::V4 => (24 + 8, 8, 4),
        Family::V6 => (48 + 8, 20, 16),
    }
}

/// The Reports that carry the records, each within the MTU.
pub(super) fn reports(family: Family, records: Vec<(Group, Record)>) -> Vec<Report> {
    let (head, of_record, of_source) = sizes(family);
    let room = MTU - head;
    let most = (room - of_record) / of_source;
    let mut packed: Vec<Vec<(Group, Record)>> = Vec::new();
    let mut left = 0;
    for (group, record) in records {
        for record in fitting(record, most) {
            let size = of_record + of_source * record.sources().len();
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
