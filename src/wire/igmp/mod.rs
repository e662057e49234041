//! IGMP messages of all versions.
//!
//! Owns RFC 1112 appendix I, RFC 2236 section 2, and RFC 3376 and RFC 9776 sections 4.1 and 4.2. A
//! reader states the newest version that it knows, because octets may mean something else in an
//! older one: a v3 Query is a v2 Query with octets behind it, and a v3 Report is unknown. The
//! machine above decides which group addresses, lengths and codes are acceptable.

mod query;

#[cfg(test)]
mod tests;

use std::fmt;
use std::net::Ipv4Addr;

use etherparse::checksum::Sum16BitWords;

pub use query::{Query, V3Query};

pub use super::v3::RecordKind;
pub use crate::version::Version;

use super::{Malformed, Unencodable, Unfit, Why, seal, v3, verify};

/// A Version 3 Membership Report (RFC 3376 section 4.2).
pub type V3Report = v3::Report<Ipv4Addr>;
/// The record of one group in a Version 3 Membership Report.
pub type GroupRecord = v3::GroupRecord<Ipv4Addr>;

/// The least number of octets of a message (RFC2236-6-01, RFC2236-6-02).
pub const MIN_LEN: usize = 8;

/// The offset of the checksum.
const CHECKSUM_AT: usize = 2;

// RFC2236-2.1-01, RFC3376-4-02
const QUERY: u8 = 0x11;
const V1_REPORT: u8 = 0x12;
const V2_REPORT: u8 = 0x16;
const LEAVE: u8 = 0x17;
/// The type of a version 3 Membership Report (RFC3376-4-02).
pub const V3_REPORT: u8 = 0x22;

/// An IGMP message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Membership Query of any version (type 0x11).
    Query(Query),
    /// Version 1 Membership Report (type 0x12).
    V1Report {
        /// The group reported.
        group: Ipv4Addr,
    },
    /// Version 2 Membership Report (type 0x16).
    V2Report {
        /// The group reported.
        group: Ipv4Addr,
    },
    /// Leave Group (type 0x17).
    Leave {
        /// The group left.
        group: Ipv4Addr,
    },
    /// Version 3 Membership Report (type 0x22).
    V3Report(V3Report),
    /// A type that the reader does not know; the rest of the message is not kept (RFC3376-4-03).
    Unknown {
        /// The type octet.
        kind: u8,
    },
}

/// The result of reading an IP payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The message.
    pub message: Message,
    /// Octets behind the fields of the message: all after the first [`MIN_LEN`] where the reader
    /// knows no longer form. For a [`Version::V3`] reader a Query without a v3 part and with 1 to 3
    /// octets trailing belongs to no version (RFC3376-7.1-02).
    pub trailing: usize,
}

/// Reads `bytes`, a whole IP payload, as a reader whose newest version is `newest`.
///
/// # Errors
/// Fewer than [`MIN_LEN`] octets; a wrong checksum, whatever the type; lists that announce more
/// entries than there are. An unknown type is no error.
pub fn decode(bytes: &[u8], newest: Version) -> Result<Decoded, Malformed> {
    const MESSAGE: &str = "IGMP message";
    let Some((head, rest)) = bytes.split_first_chunk::<MIN_LEN>() else {
        let why = Why::TooFew { unit: "octets", found: bytes.len(), least: MIN_LEN };
        return Err(Malformed { message: MESSAGE, field: "end", at: bytes.len(), why });
    };
    // RFC2236-2.3-02, RFC2236-2.5-02, RFC3376-4.1.2-01, RFC3376-4.2.2-01: all of it, and first.
    verify(MESSAGE, Sum16BitWords::new(), bytes, CHECKSUM_AT)?;

    // RFC2236-2.2-03, RFC3376-4.2.1-01: octet 1 has a meaning in Queries only.
    let [kind, _, _, _, group @ ..] = *head;
    let group = Ipv4Addr::from(group);
    let (message, trailing) = match kind {
        QUERY => {
            let (query, trailing) = query::decode(head, rest, newest)?;
            (Message::Query(query), trailing)
        }
        V3_REPORT if newest >= Version::V3 => {
            let (report, trailing) = V3Report::decode(head, rest)?;
            (Message::V3Report(report), trailing)
        }
        // RFC2236-2.5-01
        V1_REPORT => (Message::V1Report { group }, rest.len()),
        V2_REPORT if newest >= Version::V2 => (Message::V2Report { group }, rest.len()),
        LEAVE if newest >= Version::V2 => (Message::Leave { group }, rest.len()),
        // RFC2236-2.1-02, RFC3376-4-03
        kind => (Message::Unknown { kind }, rest.len()),
    };
    Ok(Decoded { message, trailing })
}

impl Message {
    /// The type octet.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Query(_) => QUERY,
            Self::V1Report { .. } => V1_REPORT,
            Self::V2Report { .. } => V2_REPORT,
            Self::Leave { .. } => LEAVE,
            Self::V3Report(_) => V3_REPORT,
            Self::Unknown { kind } => *kind,
        }
    }

    /// Writes the message as an IP payload, checksum included, with nothing behind its fields
    /// (RFC3376-4.1.10-02, RFC3376-4.2.11-01). An unknown type is written as [`MIN_LEN`] octets.
    ///
    /// # Errors
    /// A value that does not fit its field, or an unknown type that is in fact a known one. The
    /// size of an IP packet is not checked here.
    pub fn encode(&self) -> Result<Vec<u8>, Unencodable> {
        // RFC2236-2.2-02, RFC3376-4.2.1-01: octet 1 is zero except in Queries.
        let mut bytes = vec![self.kind(), 0, 0, 0];
        match self {
            Self::Query(query) => query::encode(query, &mut bytes)?,
            Self::V1Report { group } | Self::V2Report { group } | Self::Leave { group } => {
                bytes.extend(group.octets()); // RFC2236-2.4-02
            }
            Self::V3Report(report) => report.encode(&mut bytes)?,
            Self::Unknown { kind: kind @ (QUERY | V1_REPORT | V2_REPORT | LEAVE | V3_REPORT) } => {
                let why = Unfit::Known { kind: *kind };
                return Err(Unencodable { message: "IGMP message", field: "type", why });
            }
            Self::Unknown { .. } => bytes.extend([0; 4]),
        }
        seal(Sum16BitWords::new(), &mut bytes, CHECKSUM_AT); // RFC2236-2.3-01
        Ok(bytes)
    }
}

impl fmt::Display for Message {
    /// One line in the RFCs' words, as in `v2 Membership Report 239.1.1.1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Query(query) => query.fmt(f),
            Self::V1Report { group } => write!(f, "v1 Membership Report {group}"),
            Self::V2Report { group } => write!(f, "v2 Membership Report {group}"),
            Self::Leave { group } => write!(f, "Leave Group {group}"),
            Self::V3Report(report) => write!(f, "v3 Membership Report{report}"),
            Self::Unknown { kind } => write!(f, "unknown type {kind:#04x}"),
        }
    }
}
