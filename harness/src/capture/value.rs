//! The values of a packet's fields, as claims ask for them and as an author writes them.

use castnet::addr::{Family, Group};
use castnet::gmp::message::{Message, Query, Record, RecordType, Sources, Version};

use super::decode::{Content, DecodedMessage, Packet};
use crate::vocabulary::field::{FIELDS, Of, PacketField, Value};
use crate::vocabulary::kind::{KINDS, KindRow};

/// A packet as one claim sees it: fields of records are those of a single record.
#[derive(Clone, Copy)]
pub struct View<'a> {
    packet: &'a Packet,
    record: Option<(Group, &'a Record)>,
}

impl Packet {
    /// All kinds that the packet is of, the widest one first.
    pub fn kinds(&self) -> impl DoubleEndedIterator<Item = &'static KindRow> {
        KINDS.iter().filter(|row| self.is(row.kind))
    }
}

impl<'a> View<'a> {
    /// The packet once without its records, and once with each record that `is_meant` selects.
    pub fn all(packet: &'a Packet, is_meant: impl Fn(Group) -> bool) -> impl Iterator<Item = Self> {
        let records = match packet.meaning() {
            Some(Message::Report(report)) if report.version == Version::V3 => &report.records[..],
            _ => &[],
        };
        let records = records.iter().filter(move |(group, _)| is_meant(*group));
        let records = records.map(|(group, record)| Some((*group, record)));
        std::iter::once(None).chain(records).map(move |record| Self { packet, record })
    }

    /// The group of the record, if it is the view of one.
    #[must_use]
    pub fn group(self) -> Option<Group> {
        self.record.map(|(group, _)| group)
    }

    /// Every field that the packet has, by the word that an author writes, except what the view of a
    /// record shares with the packet.
    pub fn values(self) -> impl Iterator<Item = (&'static str, Value)> {
        let whole = self.record.map(|_| Self { record: None, ..self });
        let own = move |field, value: &Value| {
            whole.is_none_or(|whole| whole.value(field).as_ref() != Some(value))
        };
        let kind = self.packet.kinds().next_back().map(|row| row.kind);
        let has = move |of: Of| kind.map_or(of == Of::All, |kind| of.has(kind));
        FIELDS.iter().filter(move |row| has(row.of)).filter_map(move |row| {
            let value = self.value(row.field).filter(|value| own(row.field, value))?;
            Some((row.key.name, value))
        })
    }

    /// The value of the field; `None` if the packet has no such field.
    #[must_use]
    pub fn value(self, field: PacketField) -> Option<Value> {
        let packet = self.packet;
        Some(match field {
            PacketField::Source => Value::Address(packet.source),
            PacketField::Destination => Value::Address(packet.destination),
            PacketField::Ttl => Value::Whole(packet.ttl.into()),
            PacketField::Tos => Value::Whole(packet.tos.into()),
            PacketField::RouterAlert => Value::Flag(packet.router_alert),
            PacketField::Length => Value::Whole(packet.length as u64),
            PacketField::Version => {
                Value::Whole(number(Family::of(packet.source), packet.meaning()?.version()?))
            }
            // The filter has decoded a message with a wrong checksum as if the checksum were right.
            PacketField::GoodChecksum => Value::Flag(packet.but_for_checksum.is_none()),
            PacketField::MaxResp => Value::Length(self.query()?.max_resp),
            PacketField::MaxRespCode => Value::Whole(packet.max_resp_code?.into()),
            PacketField::Suppress => Value::Flag(self.v3_query()?.suppress),
            PacketField::Flags => Value::Whole(self.message()?.flags()?.into()),
            PacketField::Robustness => Value::Whole(self.query()?.qrv?.into()),
            PacketField::QueryInterval => Value::Length(self.query()?.qqi?),
            PacketField::Record => Value::Word(record_word(self.record?.1.kind())),
            PacketField::Sources => match self.record {
                Some((_, record)) => list(record.sources()),
                None => list(&self.v3_query()?.sources),
            },
            PacketField::Records => Value::Whole(self.message()?.records()? as u64),
        })
    }

    fn message(self) -> Option<&'a DecodedMessage> {
        match &self.packet.content {
            Content::Gmp(message) => Some(message),
            Content::BadGmp(_) | Content::Data(_) | Content::Other(_) => None,
        }
    }

    fn query(self) -> Option<&'a Query> {
        match self.packet.meaning()? {
            Message::Query(query) => Some(query),
            _ => None,
        }
    }

    fn v3_query(self) -> Option<&'a Query> {
        self.query().filter(|query| query.version == Version::V3)
    }
}

fn list(sources: &Sources) -> Value {
    Value::Addresses(sources.iter().copied().collect())
}

/// The author's word for a Record Type.
const fn record_word(kind: RecordType) -> &'static str {
    match kind {
        RecordType::IsIn => "is-in",
        RecordType::IsEx => "is-ex",
        RecordType::ToIn => "to-in",
        RecordType::ToEx => "to-ex",
        RecordType::Allow => "allow",
        RecordType::Block => "block",
    }
}

/// The version of the family's protocol as an author writes it.
const fn number(family: Family, version: Version) -> u64 {
    match (family, version) {
        (_, Version::V1) | (Family::V6, Version::V2) => 1,
        (Family::V4, Version::V2) | (Family::V6, Version::V3) => 2,
        (Family::V4, Version::V3) => 3,
    }
}
