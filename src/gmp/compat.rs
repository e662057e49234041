//! What a record of version 3 means for a group that has hosts of an older version.
//!
//! Owns the group compatibility modes of RFC 9776 section 7.3.2 and RFC 9777 section 8.3.2, as one pure
//! function. The timers that hold the mode belong to the interface.

use super::change::{Record, Sources};
use super::message::Version;
use crate::ignored::Ignored;

/// The record as the group's compatibility mode takes it.
///
/// # Errors
/// The mode ignores the record.
pub(in crate::gmp) fn admit(mode: Version, record: Record) -> Result<Record, Ignored> {
    match (mode, record) {
        // RFC3376-7.3.2-02, RFC3810-8.3.2-01
        (Version::V1 | Version::V2, Record::Block(_)) => Err(Ignored::BlockWithOlderHosts),
        (Version::V1 | Version::V2, Record::ToEx(_)) => Ok(Record::ToEx(Sources::new())),
        // RFC3376-7.3.2-03
        (Version::V1, Record::ToIn(_)) => Err(Ignored::LeaveWithVersion1Hosts),
        (_, record) => Ok(record),
    }
}
