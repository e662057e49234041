//! MLD messages of both versions, which are messages of ICMPv6.
//!
//! Owns RFC 2710 section 3, and RFC 3810 and RFC 9777 sections 5.1 and 5.2. A reader states the
//! newest version that it knows, in IGMP's numbering (MLDv1 is [`Version::V2`], MLDv2
//! [`Version::V3`]), because octets may mean something else in an older one: a version 2 Query is a
//! version 1 Query with octets behind it. The machine above decides which addresses, lengths and
//! codes are acceptable.

mod query;

#[cfg(test)]
mod tests;

use std::fmt;
use std::net::Ipv6Addr;

pub use query::{Query, V2Query};

pub use super::v3::RecordKind;
pub use crate::version::Version;

use super::icmpv6::{Ends, checked_type, seal_message};
use super::{Malformed, Unencodable, Unfit, Why, v3};

/// The least number of octets of a Query, of a version 1 Report and of a Done (RFC2710-5-01,
/// RFC2710-5-02).
pub const MIN_LEN: usize = 24;

// RFC2710-3.1-01, RFC3810-5-02
const QUERY: u8 = 130;
const REPORT: u8 = 131;
const DONE: u8 = 132;
/// The type of a Version 2 Multicast Listener Report (RFC3810-5-02).
pub const V2_REPORT: u8 = 143;

/// Whether an ICMPv6 message of this type is one of MLD (RFC2710-3.1-01, RFC3810-5-02).
#[must_use]
pub const fn is_type(kind: u8) -> bool {
    matches!(kind, QUERY | REPORT | DONE | V2_REPORT)
}

/// A Version 2 Multicast Listener Report (RFC 3810 section 5.2).
pub type V2Report = v3::Report<Ipv6Addr>;
/// The record of one group in a Version 2 Multicast Listener Report.
pub type GroupRecord = v3::GroupRecord<Ipv6Addr>;

/// An MLD message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Multicast Listener Query of either version (type 130).
    Query(Query),
    /// Version 1 Multicast Listener Report (type 131).
    V1Report {
        /// The group reported.
        group: Ipv6Addr,
    },
    /// Multicast Listener Done (type 132).
    Done {
        /// The group left.
        group: Ipv6Addr,
    },
    /// Version 2 Multicast Listener Report (type 143).
    V2Report(V2Report),
    /// A type that the reader does not know, or that is not of MLD; the rest of the message is not
    /// kept (RFC3810-5-03).
    Unknown {
        /// The ICMPv6 type.
        kind: u8,
    },
}

/// The result of reading an IPv6 payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The message.
    pub message: Message,
    /// Octets behind the fields of the message: all after the first [`MIN_LEN`] where the reader
    /// knows no longer form. For a [`Version::V3`] reader a Query without a version 2 part and with 1
    /// to 3 octets trailing belongs to no version (RFC3810-8.1-02). Not counted for an unknown type.
    pub trailing: usize,
}

/// The fields that all messages but the version 2 Report begin with.
#[derive(Clone, Copy)]
struct Head {
    delay: u16,
    group: Ipv6Addr,
}

/// Reads `bytes`, a whole IPv6 payload between `ends`, as a reader whose newest version is `newest`.
/// What is not of MLD costs no memory.
///
/// # Errors
/// Fewer octets than the type needs; a wrong checksum, whatever the type; lists that announce more
/// entries than there are. An unknown type is no error.
pub fn decode(bytes: &[u8], ends: Ends, newest: Version) -> Result<Decoded, Malformed> {
    // RFC2710-3.3-01, RFC2710-3.7-03, RFC3810-5.1.2-01: all of it, and first.
    let kind = checked_type(bytes, ends)?;
    let (message, trailing) = match kind {
        QUERY => {
            let (head, rest) = split_head(bytes)?;
            let (query, trailing) = query::decode(head, rest, newest)?;
            (Message::Query(query), trailing)
        }
        REPORT | DONE => {
            // RFC2710-3.2-01, RFC2710-3.4-02, RFC2710-3.5-01: the other fields mean nothing here.
            let (Head { group, .. }, rest) = split_head(bytes)?;
            let message = match kind {
                REPORT => Message::V1Report { group },
                _ => Message::Done { group },
            };
            (message, rest.len()) // RFC2710-3.7-02
        }
        V2_REPORT if newest >= Version::V3 => {
            let Some((head, rest)) = bytes.split_first_chunk() else {
                return Err(short(bytes, 8));
            };
            let (report, trailing) = V2Report::decode(head, rest)?;
            (Message::V2Report(report), trailing)
        }
        kind => (Message::Unknown { kind }, 0), // RFC3810-5-03
    };
    Ok(Decoded { message, trailing })
}

fn split_head(bytes: &[u8]) -> Result<(Head, &[u8]), Malformed> {
    let (head, rest) = bytes.split_first_chunk::<MIN_LEN>().ok_or_else(|| short(bytes, MIN_LEN))?;
    let [_, _, _, _, d0, d1, _, _, group @ ..] = *head;
    Ok((Head { delay: u16::from_be_bytes([d0, d1]), group: group.into() }, rest))
}

const fn short(bytes: &[u8], least: usize) -> Malformed {
    let why = Why::TooFew { unit: "octets", found: bytes.len(), least };
    Malformed { message: "MLD message", field: "end", at: bytes.len(), why }
}

impl Message {
    /// The ICMPv6 type.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Query(_) => QUERY,
            Self::V1Report { .. } => REPORT,
            Self::Done { .. } => DONE,
            Self::V2Report(_) => V2_REPORT,
            Self::Unknown { kind } => *kind,
        }
    }

    /// Writes the message as an IPv6 payload between `ends`, checksum included, with nothing behind
    /// its fields (RFC2710-3.7-01, RFC3810-5.1.12-01). An unknown type is written as its four first
    /// octets.
    ///
    /// # Errors
    /// A value that does not fit its field, or an unknown type that is in fact a known one. The
    /// size of a packet is not checked here.
    pub fn encode(&self, ends: Ends) -> Result<Vec<u8>, Unencodable> {
        let mut bytes = vec![self.kind(), 0, 0, 0]; // RFC2710-3.2-01
        match self {
            Self::Query(query) => query::encode(query, &mut bytes)?,
            Self::V1Report { group } | Self::Done { group } => {
                bytes.extend([0; 4]); // RFC2710-3.4-02, RFC2710-3.5-01
                bytes.extend(group.octets());
            }
            Self::V2Report(report) => report.encode(&mut bytes)?,
            Self::Unknown { kind } if is_type(*kind) => {
                let why = Unfit::Known { kind: *kind };
                return Err(Unencodable { message: "MLD message", field: "type", why });
            }
            Self::Unknown { .. } => {}
        }
        seal_message(&mut bytes, ends);
        Ok(bytes)
    }
}

impl fmt::Display for Message {
    /// One line, as in `MLDv1 Report ff05::1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Query(query) => query.fmt(f),
            Self::V1Report { group } => write!(f, "MLDv1 Report {group}"),
            Self::Done { group } => write!(f, "MLDv1 Done {group}"),
            Self::V2Report(report) => write!(f, "MLDv2 Report{report}"),
            Self::Unknown { kind } => write!(f, "ICMPv6 type {kind}"),
        }
    }
}
