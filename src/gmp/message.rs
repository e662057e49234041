//! The messages of IGMP and MLD, above their codecs.
//!
//! A message here has no octets: `igmp` and `mld` turn octets into messages and back.
//! Messages of older versions take the form of the newest one (RFC3376-7.3.2-02, RFC 9777 section
//! 8.3.2): a Report of version 1 or 2 is IS_EX({}), a Leave or Done is TO_IN({}). This module
//! judges nothing; the machines decide whether to act on a message.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use super::change::{Record, RecordType, Sources};
use crate::addr::Group;
pub use crate::version::Version;

/// The Max Response Time of a version 1 Query, which has no field for it (RFC2236-4-01).
pub const V1_MAX_RESPONSE: Duration = Duration::from_secs(10);

/// One message of IGMP or MLD.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Message {
    /// A Query.
    Query(Query),
    /// A Report, a Leave or a Done.
    Report(Report),
    /// A message about an address that is no group, on which no machine acts (RFC2236-6-01,
    /// RFC2236-2.4-02).
    NotOfGroup(NotOfGroup),
    /// A message of a type that the reader does not know, by its type octet (RFC3376-4-03).
    Unknown(u8),
}

/// A Query of any version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The version of the Query.
    pub version: Version,
    /// The group; `None` in a General Query.
    pub group: Option<Group>,
    /// The sources; empty unless this is a Group-and-Source-Specific Query.
    pub sources: Sources,
    /// The Max Response Time in the message, zero in version 1; see [`Query::granted`].
    pub max_resp: Duration,
    /// The S flag, Suppress Router-Side Processing (RFC3376-4.1.5-01); false before version 3.
    pub suppress: bool,
    /// QRV, the querier's Robustness Variable (RFC 9776 section 4.1.6); `None` before version 3.
    pub qrv: Option<u8>,
    /// QQI, the querier's Query Interval (RFC3376-4.1.7-01); `None` before version 3.
    pub qqi: Option<Duration>,
}

/// A Report of any version, a Leave or a Done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The version of the message.
    pub version: Version,
    /// Group records in the order of the message; before version 3 exactly one. Records of unknown
    /// types, or of addresses that are no groups, are left out (RFC3376-4.2.12-02).
    pub records: Vec<(Group, Record)>,
}

/// A message that names an address which is no group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotOfGroup {
    /// The form of the message.
    pub form: Form,
    /// The version of the message.
    pub version: Version,
    /// The address.
    pub address: IpAddr,
}

/// The form of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Form {
    /// A Query.
    Query,
    /// A Report.
    Report,
    /// A Leave, or a Done.
    Leave,
}

impl Message {
    /// The form of the message; `None` if its type is unknown.
    #[must_use]
    pub fn form(&self) -> Option<Form> {
        Some(match self {
            Self::Query(_) => Form::Query,
            Self::Report(report) if report.is_leave() => Form::Leave,
            Self::Report(_) => Form::Report,
            Self::NotOfGroup(message) => message.form,
            Self::Unknown(_) => return None,
        })
    }

    /// The version of the message; `None` if its type is unknown.
    #[must_use]
    pub const fn version(&self) -> Option<Version> {
        Some(match self {
            Self::Query(query) => query.version,
            Self::Report(report) => report.version,
            Self::NotOfGroup(message) => message.version,
            Self::Unknown(_) => return None,
        })
    }

    /// The groups that the message names, in its order; empty for a General Query.
    pub fn groups(&self) -> impl Iterator<Item = Group> {
        let (asked, told) = match self {
            Self::Query(query) => (query.group, &[][..]),
            Self::Report(report) => (None, report.records.as_slice()),
            Self::NotOfGroup(_) | Self::Unknown(_) => (None, &[][..]),
        };
        asked.into_iter().chain(told.iter().map(|(group, _)| *group))
    }
}

impl Query {
    /// A Query of version 1 or 2, without the fields of version 3.
    #[must_use]
    pub const fn older(version: Version, group: Option<Group>, max_resp: Duration) -> Self {
        let sources = Sources::new();
        Self { version, group, sources, max_resp, suppress: false, qrv: None, qqi: None }
    }

    /// Whether members of the group must answer the Query.
    #[must_use]
    pub fn asks_about(&self, group: Group) -> bool {
        self.group.is_none_or(|asked| asked == group)
    }

    /// How long members may take to answer.
    #[must_use]
    pub const fn granted(&self) -> Duration {
        match self.version {
            Version::V1 => V1_MAX_RESPONSE, // RFC2236-4-01
            Version::V2 | Version::V3 => self.max_resp,
        }
    }
}

impl Report {
    /// A Report of version 1 or 2 (MLDv1).
    #[must_use]
    pub fn of_group(version: Version, group: Group) -> Self {
        Self { version, records: vec![(group, Record::IsEx(Sources::new()))] }
    }

    /// A Leave, or a Done of MLDv1.
    #[must_use]
    pub fn leave(group: Group) -> Self {
        Self { version: Version::V2, records: vec![(group, Record::ToIn(Sources::new()))] }
    }

    /// Whether this is a Leave or a Done, a message of its own before version 3.
    #[must_use]
    pub fn is_leave(&self) -> bool {
        self.version == Version::V2 && matches!(self.records[..], [(_, Record::ToIn(_))])
    }
}
