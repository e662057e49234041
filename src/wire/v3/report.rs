//! Reports of IGMPv3 and MLDv2: group records with source lists.
//!
//! A record of an unknown type is kept, so that the machine above can report that it skipped one; so
//! is auxiliary data, which has no meaning in any version.

use std::fmt;
use std::iter::from_fn;

use super::{Address, Braced, addresses, count, split_list};
use crate::wire::{Malformed, Unencodable, Unfit, Why};

/// Octets of a Report before its records.
const HEAD: usize = 8;

/// Octets of a record before its group.
const RECORD_HEAD: usize = 4;

/// The largest Aux Data Len, in octets.
const MAX_AUX: usize = 255 * 4;

/// A Version 3 Membership Report of IGMP, or a Version 2 Multicast Listener Report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report<A> {
    /// Octets 4 and 5: zero, or flags administered by IANA (RFC9776-4.2.3-01).
    pub flags: u16,
    /// The group records, in the order of the message.
    pub records: Vec<GroupRecord<A>>,
}

impl<A> Report<A> {
    /// A Report with these records and no flags, as a host sends it (RFC3376-4.2.1-01).
    #[must_use]
    pub const fn new(records: Vec<GroupRecord<A>>) -> Self {
        Self { flags: 0, records }
    }
}

/// The record of one group in a Report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRecord<A> {
    /// The Record Type.
    pub kind: RecordKind,
    /// The group.
    pub group: A,
    /// The source list.
    pub sources: Vec<A>,
    /// Auxiliary data: whole 32-bit words, at most 255 of them; never sent by a host
    /// (RFC3376-4.2.10-01, RFC3810-5.2.10-01) and of no effect when received (RFC3376-4.2.10-02,
    /// RFC3810-5.2.10-02).
    pub aux: Vec<u8>,
}

impl<A> GroupRecord<A> {
    /// A record without auxiliary data, as a host sends it (RFC3376-4.2.10-01, RFC3810-5.2.10-01).
    #[must_use]
    pub const fn new(kind: RecordKind, group: A, sources: Vec<A>) -> Self {
        Self { kind, group, sources, aux: Vec::new() }
    }
}

/// Record types (RFC3376-4.2.12-01, RFC 3810 section 5.2.12).
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
    /// Any other type; receivers ignore the record (RFC3376-4.2.12-02, RFC3810-5.2.12-02).
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

impl<A: Address> Report<A> {
    /// Reads a Report whose first octets are `head`, and counts the octets that trail it.
    pub(in crate::wire) fn decode(
        head: &[u8; HEAD],
        rest: &[u8],
    ) -> Result<(Self, usize), Malformed> {
        let [_, _, _, _, f0, f1, n0, n1] = *head;
        let announced = u16::from_be_bytes([n0, n1]).into();
        let mut records = Records { left: rest, at: HEAD, read: 0, announced };
        // All of it is checked before any of it is stored.
        let mut ahead = records.clone();
        while let Some(record) = ahead.next::<A>() {
            record?;
        }
        let stored = from_fn(|| records.next::<A>()?.ok()).map(|record| record.stored());
        let records = stored.collect();
        // RFC9776-4.2.3-01: kept, and without effect.
        let report = Self { flags: u16::from_be_bytes([f0, f1]), records };
        Ok((report, ahead.left.len())) // RFC3376-4.2.11-01, RFC3810-5.2.11-01
    }

    /// Appends the fields of the Report after octet 3.
    pub(in crate::wire) fn encode(&self, bytes: &mut Vec<u8>) -> Result<(), Unencodable> {
        let records = count(A::REPORT, "number of group records", self.records.len())?;
        bytes.extend(self.flags.to_be_bytes());
        bytes.extend(records.to_be_bytes());
        self.records.iter().try_for_each(|record| record.encode(bytes))
    }
}

/// The records of a message, read one by one.
#[derive(Clone)]
struct Records<'a> {
    left: &'a [u8],
    /// The octet of the message at which `left` begins.
    at: usize,
    read: usize,
    announced: usize,
}

/// A record as it stands in its message.
struct Raw<'a, A> {
    kind: u8,
    group: A,
    sources: &'a [u8],
    aux: &'a [u8],
}

impl<'a> Records<'a> {
    /// The next record, until as many were read as are announced.
    fn next<A: Address>(&mut self) -> Option<Result<Raw<'a, A>, Malformed>> {
        (self.read < self.announced).then(|| self.record())
    }

    fn record<A: Address>(&mut self) -> Result<Raw<'a, A>, Malformed> {
        let malformed = |field, at, why| Malformed { message: A::REPORT, field, at, why };
        let fixed = self.left.split_first_chunk::<RECORD_HEAD>();
        let fixed = fixed.and_then(|(head, rest)| Some((head, A::split(rest)?)));
        let Some((&[kind, words, n0, n1], (group, lists))) = fixed else {
            let (announced, room) = (self.announced, self.read);
            let why = Why::NoRoom { unit: "records", announced, room };
            return Err(malformed("number of group records", 6, why));
        };
        let (sources, after) = split_list::<A>(lists, u16::from_be_bytes([n0, n1]))
            .map_err(|why| malformed("number of sources", self.at + 2, why))?;
        // RFC3376-4.2.10-02, RFC3810-5.2.10-02: the next record begins behind the auxiliary data.
        let (aux, after) = after.split_at_checked(usize::from(words) * 4).ok_or_else(|| {
            let (unit, room) = ("words of auxiliary data", after.len() / 4);
            let why = Why::NoRoom { unit, announced: words.into(), room };
            malformed("Aux Data Len", self.at + 1, why)
        })?;
        self.at += self.left.len() - after.len();
        self.left = after;
        self.read += 1;
        Ok(Raw { kind, group, sources, aux })
    }
}

impl<A: Address> Raw<'_, A> {
    fn stored(&self) -> GroupRecord<A> {
        GroupRecord {
            // RFC3376-4.2.12-02, RFC3810-5.2.12-02: a record of an unknown type leaves the others
            // valid.
            kind: RecordKind::from_octet(self.kind),
            group: self.group,
            sources: addresses(self.sources),
            aux: self.aux.to_vec(),
        }
    }
}

impl<A: Address> GroupRecord<A> {
    fn encode(&self, bytes: &mut Vec<u8>) -> Result<(), Unencodable> {
        let unencodable = |field, why| Unencodable { message: A::REPORT, field, why };
        let octet = self.kind.octet();
        if RecordKind::from_octet(octet) != self.kind {
            return Err(unencodable("Record Type", Unfit::Known { kind: octet }));
        }
        let octets = self.aux.len();
        if !octets.is_multiple_of(4) {
            return Err(unencodable("auxiliary data", Unfit::NotWords { octets }));
        }
        let words = u8::try_from(octets / 4).map_err(|_| {
            unencodable("auxiliary data", Unfit::TooMany { found: octets, most: MAX_AUX })
        })?;
        let sources = count(A::REPORT, "number of sources", self.sources.len())?;
        bytes.extend([octet, words]);
        bytes.extend(sources.to_be_bytes());
        self.group.write(bytes);
        self.sources.iter().for_each(|source| source.write(bytes));
        bytes.extend(&self.aux);
        Ok(())
    }
}

impl<A: Address> fmt::Display for Report<A> {
    /// The Report behind the words that name it, as in `, TO_EX(239.1.1.1, {})`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.flags != 0 {
            write!(f, ", flags {:#06x}", self.flags)?;
        }
        if self.records.is_empty() {
            f.write_str(", no records")?;
        }
        self.records.iter().try_for_each(|record| write!(f, ", {record}"))
    }
}

impl<A: Address> fmt::Display for GroupRecord<A> {
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
