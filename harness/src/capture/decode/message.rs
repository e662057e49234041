//! A message of IGMP or MLD in a capture: its meaning, and facts that only its octets show.
//!
//! Only here does the laboratory read [`castnet::wire::igmp`] and [`castnet::wire::mld`]; all other
//! code uses the meaning. Nothing is judged here.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use castnet::gmp::message::{Form, Message, Version};
use castnet::igmp::meaning as meaning_of_igmp;
use castnet::mld::meaning as meaning_of_mld;
use castnet::time::Seconds;
use castnet::wire::icmpv6::Ends;
use castnet::wire::ip::Packet;
use castnet::wire::v3::{Address, QueryPart, Report};
use castnet::wire::{Malformed, Why, icmpv6, igmp, ipv4, mld};

use crate::scenario::PacketKind;

/// A field's name and its value in words.
pub type Field = (&'static str, String);

/// Octets of the shortest Query of the newest version.
const V3_QUERY_LEN: usize = 12;
const V2_LISTENER_QUERY_LEN: usize = 28;

/// A sound message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedMessage {
    meaning: Message,
    octets: Octets,
}

/// The message as its codec reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Octets {
    Igmp(igmp::Message),
    Mld(mld::Message),
}

impl From<igmp::Message> for DecodedMessage {
    fn from(message: igmp::Message) -> Self {
        Self { meaning: meaning_of_igmp(&message), octets: Octets::Igmp(message) }
    }
}

impl From<mld::Message> for DecodedMessage {
    fn from(message: mld::Message) -> Self {
        Self { meaning: meaning_of_mld(&message), octets: Octets::Mld(message) }
    }
}

/// Reads the payload of a packet; `None` if it is neither IGMP nor MLD. ICMPv6 of another type is
/// none of MLD, whatever its checksum.
pub(super) fn decode(packet: &Packet<'_>) -> Option<Result<DecodedMessage, Malformed>> {
    match (packet.header.source, packet.header.destination, packet.header.protocol) {
        (.., ipv4::IGMP) => Some(decode_igmp(packet.payload)),
        (IpAddr::V6(source), IpAddr::V6(destination), icmpv6::ICMPV6) => {
            let of_mld = !packet.payload.is_empty() && may_be_mld(packet.payload);
            of_mld.then(|| decode_mld(packet.payload, Ends { source, destination }))
        }
        _ => None,
    }
}

/// Whether an ICMPv6 message that begins like this is one of MLD, or may be, because nothing of it is
/// there.
pub(in crate::capture) fn may_be_mld(payload: &[u8]) -> bool {
    payload.first().is_none_or(|kind| mld::is_type(*kind))
}

fn decode_igmp(payload: &[u8]) -> Result<DecodedMessage, Malformed> {
    match igmp::decode(payload, Version::V3)? {
        // RFC3376-7.1-02: a Query between the lengths of v2 and v3 has no version.
        igmp::Decoded {
            message: igmp::Message::Query(igmp::Query { v3: None, .. }),
            trailing: 1..,
        } => Err(of_no_version("IGMP Query", payload.len(), V3_QUERY_LEN)),
        igmp::Decoded { message, .. } => Ok(message.into()),
    }
}

fn decode_mld(payload: &[u8], ends: Ends) -> Result<DecodedMessage, Malformed> {
    match mld::decode(payload, ends, Version::V3)? {
        // RFC3810-8.1-02: a Query between the lengths of both versions has none.
        mld::Decoded {
            message: mld::Message::Query(mld::Query { v2: None, .. }),
            trailing: 1..,
        } => Err(of_no_version("MLD Query", payload.len(), V2_LISTENER_QUERY_LEN)),
        mld::Decoded { message, .. } => Ok(message.into()),
    }
}

const fn of_no_version(message: &'static str, found: usize, least: usize) -> Malformed {
    let why = Why::TooFew { unit: "octets", found, least };
    Malformed { message, field: "end", at: found, why }
}

impl DecodedMessage {
    /// The meaning of the message.
    #[must_use]
    pub const fn meaning(&self) -> &Message {
        &self.meaning
    }

    /// Group records of a Report of the newest version, those of unknown types included.
    #[must_use]
    pub const fn records(&self) -> Option<usize> {
        match &self.octets {
            Octets::Igmp(igmp::Message::V3Report(report)) => Some(report.records.len()),
            Octets::Mld(mld::Message::V2Report(report)) => Some(report.records.len()),
            _ => None,
        }
    }

    /// The flags of a message of the newest version, which no version gives a meaning
    /// (RFC9776-4.1.4-01, RFC9776-4.2.3-01).
    #[must_use]
    pub fn flags(&self) -> Option<u16> {
        match &self.octets {
            Octets::Igmp(igmp::Message::Query(query)) => Some(query.v3.as_ref()?.flags.into()),
            Octets::Igmp(igmp::Message::V3Report(report)) => Some(report.flags),
            Octets::Mld(mld::Message::Query(query)) => Some(query.v2.as_ref()?.flags.into()),
            Octets::Mld(mld::Message::V2Report(report)) => Some(report.flags),
            _ => None,
        }
    }

    /// The octets of the message's fields; a packet may carry more.
    #[must_use]
    pub fn defined_len(&self) -> Option<usize> {
        let octets = match &self.octets {
            Octets::Igmp(message) => message.encode(),
            Octets::Mld(message) => {
                // No length depends on the ends.
                let anywhere = Ipv6Addr::UNSPECIFIED;
                message.encode(Ends { source: anywhere, destination: anywhere })
            }
        };
        octets.ok().map(|octets| octets.len())
    }

    /// Whether the message is of this kind.
    #[must_use]
    pub fn is(&self, kind: PacketKind) -> bool {
        let (form, version) = (self.meaning.form(), self.meaning.version());
        let is_report = form == Some(Form::Report);
        match kind {
            PacketKind::Query => form == Some(Form::Query),
            PacketKind::GeneralQuery => self.is_query(true, false),
            PacketKind::GroupSpecificQuery => self.is_query(false, false),
            PacketKind::SourceQuery => self.is_query(false, true),
            PacketKind::Report => is_report,
            PacketKind::V1Report => is_report && version == Some(Version::V1),
            PacketKind::V2Report => is_report && version == Some(Version::V2),
            PacketKind::V3Report => is_report && version == Some(Version::V3),
            PacketKind::Leave => form == Some(Form::Leave),
            PacketKind::Hello
            | PacketKind::JoinPrune
            | PacketKind::Register
            | PacketKind::NullRegister
            | PacketKind::RegisterStop
            | PacketKind::Assert
            | PacketKind::AssertCancel
            | PacketKind::Data => false,
        }
    }

    /// Whether this is a Query, general or not, with sources or without (RFC 3376 section 4.1.9).
    fn is_query(&self, general: bool, of_sources: bool) -> bool {
        let (is_general, has_sources) = match &self.octets {
            Octets::Igmp(igmp::Message::Query(query)) => {
                (query.is_general(), query.v3.as_ref().is_some_and(|v3| !v3.sources.is_empty()))
            }
            Octets::Mld(mld::Message::Query(query)) => {
                (query.is_general(), query.v2.as_ref().is_some_and(|v2| !v2.sources.is_empty()))
            }
            _ => return false,
        };
        is_general == general && has_sources == of_sources
    }

    /// The addresses in the message's group fields, including those that are no groups and those in
    /// records of unknown types: routers ignore them, but a reader may search for them.
    pub(in crate::capture) fn group_fields(&self) -> Vec<IpAddr> {
        match &self.octets {
            Octets::Igmp(message) => match message {
                igmp::Message::Query(query) => vec![query.group.into()],
                igmp::Message::V1Report { group }
                | igmp::Message::V2Report { group }
                | igmp::Message::Leave { group } => vec![(*group).into()],
                igmp::Message::V3Report(report) => groups(report),
                igmp::Message::Unknown { .. } => Vec::new(),
            },
            Octets::Mld(message) => match message {
                mld::Message::Query(query) => vec![query.group.into()],
                mld::Message::V1Report { group } | mld::Message::Done { group } => {
                    vec![(*group).into()]
                }
                mld::Message::V2Report(report) => groups(report),
                mld::Message::Unknown { .. } => Vec::new(),
            },
        }
    }

    /// Every field, by the RFCs' names, in the order of the octets.
    pub(in crate::capture) fn fields(&self) -> Vec<Field> {
        match &self.octets {
            Octets::Igmp(message) => igmp_fields(message),
            Octets::Mld(message) => mld_fields(message),
        }
    }
}

impl fmt::Display for DecodedMessage {
    /// One line in the RFCs' words, as in `v2 Membership Report 239.1.1.1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.octets {
            Octets::Igmp(message) => message.fmt(f),
            Octets::Mld(message) => message.fmt(f),
        }
    }
}

fn groups<A: Address + Into<IpAddr>>(report: &Report<A>) -> Vec<IpAddr> {
    report.records.iter().map(|record| record.group.into()).collect()
}

fn igmp_fields(message: &igmp::Message) -> Vec<Field> {
    let mut fields = vec![("type", format!("{:#04x}", message.kind()))];
    match message {
        igmp::Message::Query(query) => {
            let max_resp = match (&query.v3, query.max_resp_code) {
                (Some(_), _) => seconds(query.max_resp_v3(), 1),
                (None, 0) => "0 (version 1: 10 s)".to_owned(),
                (None, _) => seconds(query.max_resp_v2(), 1),
            };
            fields.extend([
                ("version", query.version().to_string()),
                ("Max Resp Code", format!("{}: {max_resp}", query.max_resp_code)),
                ("group", query.group.to_string()),
            ]);
            fields.extend(query.v3.iter().flat_map(part_fields));
        }
        igmp::Message::V1Report { group }
        | igmp::Message::V2Report { group }
        | igmp::Message::Leave { group } => fields.push(("group", group.to_string())),
        igmp::Message::V3Report(report) => fields.extend(report_fields(report)),
        igmp::Message::Unknown { .. } => {}
    }
    fields
}

fn mld_fields(message: &mld::Message) -> Vec<Field> {
    let mut fields = vec![("type", message.kind().to_string())];
    match message {
        mld::Message::Query(query) => {
            // MLD counts its versions from 1, where meanings begin with 2.
            let version = if query.v2.is_some() { "v2" } else { "v1" };
            let max_resp = seconds(query.max_resp(), 3);
            fields.extend([
                ("version", version.to_owned()),
                ("Maximum Response Code", format!("{}: {max_resp}", query.max_resp_code)),
                ("group", query.group.to_string()),
            ]);
            fields.extend(query.v2.iter().flat_map(part_fields));
        }
        mld::Message::V1Report { group } | mld::Message::Done { group } => {
            fields.push(("group", group.to_string()));
        }
        mld::Message::V2Report(report) => fields.extend(report_fields(report)),
        mld::Message::Unknown { .. } => {}
    }
    fields
}

fn seconds(time: Duration, decimals: usize) -> String {
    Seconds(time, decimals).to_string()
}

fn part_fields<A: Address>(part: &QueryPart<A>) -> Vec<Field> {
    let QueryPart { flags, suppress, robustness, interval_code, sources } = part;
    let interval = part.interval().as_secs();
    let mut fields = vec![
        ("flags", format!("{flags:#x}")),
        ("S", if *suppress { "yes" } else { "no" }.to_owned()),
        ("QRV", robustness.to_string()),
        ("QQIC", format!("{interval_code}: {interval} s")),
    ];
    fields.extend(sources.iter().map(|source| ("source", source.to_string())));
    fields
}

fn report_fields<A: Address>(report: &Report<A>) -> Vec<Field> {
    let records = report.records.iter().map(|record| ("group record", record.to_string()));
    let flags = ("flags", format!("{:#06x}", report.flags));
    std::iter::once(flags).chain(records).collect()
}
