//! Version 3 Membership Reports: group records with source lists.
//!
//! Owns RFC 3376 section 4.2. A record of an unknown type is kept, so that the machine above can
//! report that it skipped one; so is auxiliary data, which has no meaning in any version.

use std::fmt;
use std::net::Ipv4Addr;

use crate::wire::{Malformed, Unencodable, Unfit, Why};

use super::{Braced, MIN_LEN, count, split_addresses};

#[cfg(test)]
mod tests;

const MESSAGE: &str = "IGMPv3 Report";

/// Octets of a record without sources and auxiliary data.
const RECORD_LEN: usize = 8;

/// The largest Aux Data Len, in octets.
const MAX_AUX: usize = 255 * 4;

/// A Version 3 Membership Report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct V3Report {
    /// Octets 4 and 5: zero, or flags administered by IANA (RFC9776-4.2.3-01).
    pub flags: u16,
    /// The group records, in the order of the message.
    pub records: Vec<GroupRecord>,
}

impl V3Report {
    /// A Report with these records and no flags, as a host sends it (RFC3376-4.2.1-01).
    #[must_use]
    pub const fn new(records: Vec<GroupRecord>) -> Self {
        Self { flags: 0, records }
    }
}

/// The record of one group in a Report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRecord {
    /// The Record Type.
    pub kind: RecordKind,
    /// The group.
    pub group: Ipv4Addr,
    /// The source list.
    pub sources: Vec<Ipv4Addr>,
    /// Auxiliary data: whole 32-bit words, at most 255 of them; never sent by a host
    /// (RFC3376-4.2.10-01) and of no effect when received (RFC3376-4.2.10-02).
    pub aux: Vec<u8>,
}

impl GroupRecord {
    /// A record without auxiliary data, as a host sends it (RFC3376-4.2.10-01).
    #[must_use]
    pub const fn new(kind: RecordKind, group: Ipv4Addr, sources: Vec<Ipv4Addr>) -> Self {
        Self { kind, group, sources, aux: Vec::new() }
    }
}

/// Record types (RFC3376-4.2.12-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordKind {
    /// 1, `MODE_IS_INCLUDE`.
    IsIn,
    /// 2, `MODE_IS_EXCLUDE`.
    IsEx,
    /// 3, `CHANGE_TO_INCLUDE_MODE`.
    ToIn,
    /// 4, `CHANGE_TO_EXCLUDE_MODE`.
    ToEx,
    /// 5, `ALLOW_NEW_SOURCES`.
    Allow,
    /// 6, `BLOCK_OLD_SOURCES`.
    Block,
    /// Any other type; receivers ignore the record (RFC3376-4.2.12-02).
    Unknown(u8),
}

impl RecordKind {
    /// The kind with this Record Type.
    #[must_use]
    pub const fn from_octet(octet: u8) -> Self {
        match octet {
            1 => Self::IsIn,
            2 => Self::IsEx,
            3 => Self::ToIn,
            4 => Self::ToEx,
            5 => Self::Allow,
            6 => Self::Block,
            other => Self::Unknown(other),
        }
    }

    /// The Record Type.
    #[must_use]
    pub const fn octet(self) -> u8 {
        match self {
            Self::IsIn => 1,
            Self::IsEx => 2,
            Self::ToIn => 3,
            Self::ToEx => 4,
            Self::Allow => 5,
            Self::Block => 6,
            Self::Unknown(octet) => octet,
        }
    }
}

/// Reads a Report whose first octets are `head`, and counts the octets that trail it.
pub(super) fn decode(head: &[u8; 8], rest: &[u8]) -> Result<(V3Report, usize), Malformed> {
    let [_, _, _, _, f0, f1, n0, n1] = *head;
    // RFC9776-4.2.3-01: kept, and without effect.
    let mut report = V3Report::new(Vec::new());
    report.flags = u16::from_be_bytes([f0, f1]);
    let announced = u16::from_be_bytes([n0, n1]);
    let mut left = rest;
    for room in 0..usize::from(announced) {
        let Some((fixed, lists)) = left.split_first_chunk::<RECORD_LEN>() else {
            let why = Why::NoRoom { unit: "records", announced: announced.into(), room };
            let field = "number of group records";
            return Err(Malformed { message: MESSAGE, field, at: 6, why });
        };
        let at = MIN_LEN + rest.len() - left.len();
        let (record, after) = decode_record(fixed, lists, at)?;
        report.records.push(record);
        left = after;
    }
    Ok((report, left.len())) // RFC3376-4.2.11-01
}

/// Reads the record that begins at octet `at` of its message.
fn decode_record<'a>(
    fixed: &[u8; RECORD_LEN],
    lists: &'a [u8],
    at: usize,
) -> Result<(GroupRecord, &'a [u8]), Malformed> {
    let [kind, words, n0, n1, group @ ..] = *fixed;
    let malformed =
        |field, offset, why| Malformed { message: MESSAGE, field, at: at + offset, why };
    let (sources, after) = split_addresses(lists, u16::from_be_bytes([n0, n1]))
        .map_err(|why| malformed("number of sources", 2, why))?;
    // RFC3376-4.2.10-02: the next record begins behind the auxiliary data.
    let (aux, after) = after.split_at_checked(usize::from(words) * 4).ok_or_else(|| {
        let (unit, room) = ("words of auxiliary data", after.len() / 4);
        malformed("Aux Data Len", 1, Why::NoRoom { unit, announced: words.into(), room })
    })?;
    // RFC3376-4.2.12-02: a record of an unknown type leaves the other records valid.
    let kind = RecordKind::from_octet(kind);
    Ok((GroupRecord { kind, group: group.into(), sources, aux: aux.to_vec() }, after))
}

/// Writes the fields of the Report after octet 3.
pub(super) fn encode(report: &V3Report, bytes: &mut Vec<u8>) -> Result<(), Unencodable> {
    let records = count(MESSAGE, "number of group records", report.records.len())?;
    bytes.extend(report.flags.to_be_bytes());
    bytes.extend(records.to_be_bytes());
    report.records.iter().try_for_each(|record| encode_record(record, bytes))
}

fn encode_record(record: &GroupRecord, bytes: &mut Vec<u8>) -> Result<(), Unencodable> {
    let unencodable = |field, why| Unencodable { message: MESSAGE, field, why };
    let octet = record.kind.octet();
    if RecordKind::from_octet(octet) != record.kind {
        return Err(unencodable("Record Type", Unfit::Known { kind: octet }));
    }
    let octets = record.aux.len();
    if !octets.is_multiple_of(4) {
        return Err(unencodable("auxiliary data", Unfit::NotWords { octets }));
    }
    let words = u8::try_from(octets / 4).map_err(|_| {
        unencodable("auxiliary data", Unfit::TooMany { found: octets, most: MAX_AUX })
    })?;
    let sources = count(MESSAGE, "number of sources", record.sources.len())?;
    bytes.extend([octet, words]);
    bytes.extend(sources.to_be_bytes());
    bytes.extend(record.group.octets());
    bytes.extend(record.sources.iter().flat_map(Ipv4Addr::octets));
    bytes.extend(&record.aux);
    Ok(())
}

impl fmt::Display for V3Report {
    /// As in `v3 Membership Report, TO_EX(239.1.1.1, {})`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("v3 Membership Report")?;
        if self.flags != 0 {
            write!(f, ", flags {:#06x}", self.flags)?;
        }
        if self.records.is_empty() {
            f.write_str(", no records")?;
        }
        self.records.iter().try_for_each(|record| write!(f, ", {record}"))
    }
}

impl fmt::Display for GroupRecord {
    /// As in `ALLOW(232.1.1.1, {10.0.0.1, 10.0.0.2})`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({}, {})", self.kind, self.group, Braced(&self.sources))?;
        match self.aux.len() {
            0 => Ok(()),
            octets => write!(f, " and {octets} octets of auxiliary data"),
        }
    }
}

impl fmt::Display for RecordKind {
    /// The notation of RFC 3376 section 4.2.15.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IsIn => f.write_str("IS_IN"),
            Self::IsEx => f.write_str("IS_EX"),
            Self::ToIn => f.write_str("TO_IN"),
            Self::ToEx => f.write_str("TO_EX"),
            Self::Allow => f.write_str("ALLOW"),
            Self::Block => f.write_str("BLOCK"),
            Self::Unknown(octet) => write!(f, "type {octet}"),
        }
    }
}
