//! What a packet holds in each field that a claim can ask for.

use std::net::{IpAddr, Ipv4Addr};

use castnet::wire::igmp::{GroupRecord, Message, Query, RecordKind, V3Query, Version};

use crate::capture::decode::{Content, Packet};
use crate::vocabulary::field::{PacketField, Value};

/// A packet as one claim sees it: fields of records are those of a single record.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    packet: &'a Packet,
    record: Option<&'a GroupRecord>,
}

impl<'a> View<'a> {
    /// The packet once without its records, and once with each that `is_meant`.
    pub(super) fn all(
        packet: &'a Packet,
        is_meant: impl Fn(&GroupRecord) -> bool,
    ) -> impl Iterator<Item = Self> {
        let records = match &packet.content {
            Content::Igmp(Message::V3Report(report)) => report.records.as_slice(),
            _ => &[],
        };
        let records = records.iter().filter(move |record| is_meant(record)).map(Some);
        std::iter::once(None).chain(records).map(move |record| Self { packet, record })
    }

    /// The value of the field; `None` if the packet has no such field.
    pub(super) fn value(self, field: PacketField) -> Option<Value> {
        let packet = self.packet;
        Some(match field {
            PacketField::Source => Value::Address(packet.source),
            PacketField::Destination => Value::Address(packet.destination),
            PacketField::Ttl => Value::Whole(packet.ttl.into()),
            PacketField::Tos => Value::Whole(packet.tos.into()),
            PacketField::RouterAlert => Value::Flag(packet.router_alert),
            PacketField::Length => Value::Whole(packet.length as u64),
            PacketField::Version => Value::Whole(version(self.message()?)?),
            // What is malformed has been mended by whoever asks for it.
            PacketField::GoodChecksum => Value::Flag(packet.but_for_checksum.is_none()),
            PacketField::MaxResp => {
                let query = self.query()?;
                let is_v3 = query.v3.is_some();
                Value::Length(if is_v3 { query.max_resp_v3() } else { query.max_resp_v2() })
            }
            PacketField::MaxRespCode => Value::Whole(packet.max_resp_code?.into()),
            PacketField::Suppress => Value::Flag(self.v3_query()?.suppress),
            // RFC9776-4.1.4-01, RFC9776-4.2.3-01
            PacketField::Flags => Value::Whole(match self.message()? {
                Message::Query(query) => query.v3.as_ref()?.flags.into(),
                Message::V3Report(report) => report.flags.into(),
                _ => return None,
            }),
            PacketField::Robustness => Value::Whole(self.v3_query()?.robustness.into()),
            PacketField::QueryInterval => Value::Length(self.v3_query()?.interval()),
            PacketField::Record => Value::Word(record_word(self.record?.kind)?),
            PacketField::Sources => match self.record {
                Some(record) => sorted(&record.sources),
                None => sorted(&self.v3_query()?.sources),
            },
            PacketField::Records => match self.message()? {
                Message::V3Report(report) => Value::Whole(report.records.len() as u64),
                _ => return None,
            },
        })
    }

    fn message(self) -> Option<&'a Message> {
        match &self.packet.content {
            Content::Igmp(message) => Some(message),
            Content::BadIgmp(_) | Content::Data(_) | Content::Other(_) => None,
        }
    }

    fn query(self) -> Option<&'a Query> {
        match self.message()? {
            Message::Query(query) => Some(query),
            _ => None,
        }
    }

    fn v3_query(self) -> Option<&'a V3Query> {
        self.query()?.v3.as_ref()
    }
}

fn sorted(sources: &[Ipv4Addr]) -> Value {
    let mut sources: Vec<IpAddr> = sources.iter().copied().map(IpAddr::from).collect();
    sources.sort_unstable();
    Value::Addresses(sources)
}

/// The author's word for a kind of record.
const fn record_word(kind: RecordKind) -> Option<&'static str> {
    Some(match kind {
        RecordKind::IsIn => "is-in",
        RecordKind::IsEx => "is-ex",
        RecordKind::ToIn => "to-in",
        RecordKind::ToEx => "to-ex",
        RecordKind::Allow => "allow",
        RecordKind::Block => "block",
        RecordKind::Unknown(_) => return None,
    })
}

fn version(message: &Message) -> Option<u64> {
    match message {
        Message::Query(query) => Some(match query.version() {
            Version::V1 => 1,
            Version::V2 => 2,
            Version::V3 => 3,
        }),
        Message::V1Report { .. } => Some(1),
        Message::V2Report { .. } | Message::Leave { .. } => Some(2),
        Message::V3Report(_) => Some(3),
        Message::Unknown { .. } => None,
    }
}
