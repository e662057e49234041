//! An IGMP message of a capture: its meaning, and facts that only its octets show.
//!
//! Only here does the laboratory read [`castnet::wire::igmp`]; all other code uses the meaning.
//! Nothing is judged here.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use castnet::gmp::message::{Form, Message, Version};
use castnet::igmp::meaning;
use castnet::time::Seconds;
use castnet::wire::igmp::{self as wire, Decoded, Query, V3Query};
use castnet::wire::{Malformed, Why};

use crate::scenario::PacketKind;

/// A field's name and its value in words.
pub type Field = (&'static str, String);

/// Octets of the shortest version 3 Query.
const V3_QUERY_LEN: usize = 12;

/// A sound IGMP message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedMessage {
    meaning: Message,
    wire: wire::Message,
}

impl From<wire::Message> for DecodedMessage {
    fn from(wire: wire::Message) -> Self {
        Self { meaning: meaning(&wire), wire }
    }
}

/// Reads an IP payload.
pub(super) fn decode(payload: &[u8]) -> Result<DecodedMessage, Malformed> {
    match wire::decode(payload, Version::V3)? {
        // RFC3376-7.1-02: a Query between the lengths of v2 and v3 has no version.
        Decoded { message: wire::Message::Query(Query { v3: None, .. }), trailing: 1.. } => {
            let found = payload.len();
            let why = Why::TooFew { unit: "octets", found, least: V3_QUERY_LEN };
            Err(Malformed { message: "IGMP Query", field: "end", at: found, why })
        }
        Decoded { message, .. } => Ok(message.into()),
    }
}

impl DecodedMessage {
    /// The meaning of the message.
    #[must_use]
    pub const fn meaning(&self) -> &Message {
        &self.meaning
    }

    /// Group records of a version 3 Report, those of unknown types included.
    #[must_use]
    pub const fn records(&self) -> Option<usize> {
        match &self.wire {
            wire::Message::V3Report(report) => Some(report.records.len()),
            _ => None,
        }
    }

    /// The flags of a version 3 message, which no version gives a meaning (RFC9776-4.1.4-01,
    /// RFC9776-4.2.3-01).
    #[must_use]
    pub fn flags(&self) -> Option<u16> {
        match &self.wire {
            wire::Message::Query(query) => query.v3.as_ref().map(|v3| v3.flags.into()),
            wire::Message::V3Report(report) => Some(report.flags),
            _ => None,
        }
    }

    /// The octets of the message's fields; a packet may carry more.
    #[must_use]
    pub fn defined_len(&self) -> Option<usize> {
        self.wire.encode().ok().map(|octets| octets.len())
    }

    /// Whether the message is of this kind.
    #[must_use]
    pub fn is(&self, kind: PacketKind) -> bool {
        let (form, version) = (self.meaning.form(), self.meaning.version());
        let is_report = form == Some(Form::Report);
        match kind {
            PacketKind::Query => form == Some(Form::Query),
            PacketKind::GeneralQuery => self.is_query(true),
            // With sources it is a Group-and-Source-Specific Query (RFC 3376 section 4.1.9).
            PacketKind::GroupSpecificQuery => self.is_query(false),
            PacketKind::Report => is_report,
            PacketKind::V1Report => is_report && version == Some(Version::V1),
            PacketKind::V2Report => is_report && version == Some(Version::V2),
            PacketKind::V3Report => is_report && version == Some(Version::V3),
            PacketKind::Leave => form == Some(Form::Leave),
            PacketKind::Data => false,
        }
    }

    /// Whether this is a Query without sources, general or not.
    fn is_query(&self, general: bool) -> bool {
        let wire::Message::Query(query) = &self.wire else { return false };
        let has_sources = query.v3.as_ref().is_some_and(|v3| !v3.sources.is_empty());
        query.is_general() == general && !has_sources
    }

    /// The addresses in the message's group fields, including those that are no groups and those in
    /// records of unknown types: routers ignore them, but a reader may search for them.
    pub(in crate::capture) fn group_fields(&self) -> Vec<IpAddr> {
        match &self.wire {
            wire::Message::Query(query) => vec![query.group.into()],
            wire::Message::V1Report { group }
            | wire::Message::V2Report { group }
            | wire::Message::Leave { group } => vec![(*group).into()],
            wire::Message::V3Report(report) => {
                report.records.iter().map(|record| record.group.into()).collect()
            }
            wire::Message::Unknown { .. } => Vec::new(),
        }
    }

    /// Every field, by the RFCs' names, in the order of the octets.
    pub(in crate::capture) fn fields(&self) -> Vec<Field> {
        let mut fields = vec![("type", format!("{:#04x}", self.wire.kind()))];
        match &self.wire {
            wire::Message::Query(query) => fields.extend(query_fields(query)),
            wire::Message::V1Report { group }
            | wire::Message::V2Report { group }
            | wire::Message::Leave { group } => fields.push(("group", group.to_string())),
            wire::Message::V3Report(report) => {
                fields.push(("flags", format!("{:#06x}", report.flags)));
                let records = report.records.iter();
                fields.extend(records.map(|record| ("group record", record.to_string())));
            }
            wire::Message::Unknown { .. } => {}
        }
        fields
    }
}

impl fmt::Display for DecodedMessage {
    /// One line in the RFCs' words, as in `v2 Membership Report 239.1.1.1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.wire.fmt(f)
    }
}

fn query_fields(query: &Query) -> Vec<Field> {
    let time = |time: Duration| Seconds(time, 1).to_string();
    let max_resp = match (&query.v3, query.max_resp_code) {
        (Some(_), _) => time(query.max_resp_v3()),
        (None, 0) => "0 (version 1: 10 s)".to_owned(),
        (None, _) => time(query.max_resp_v2()),
    };
    let mut fields = vec![
        ("version", query.version().to_string()),
        ("Max Resp Code", format!("{}: {max_resp}", query.max_resp_code)),
        ("group", query.group.to_string()),
    ];
    if let Some(v3) = &query.v3 {
        let V3Query { flags, suppress, robustness, interval_code, sources } = v3;
        fields.push(("flags", format!("{flags:#x}")));
        fields.push(("S", if *suppress { "yes" } else { "no" }.to_owned()));
        fields.push(("QRV", robustness.to_string()));
        let interval = v3.interval().as_secs();
        fields.push(("QQIC", format!("{interval_code}: {interval} s")));
        fields.extend(sources.iter().map(|source| ("source", source.to_string())));
    }
    fields
}
