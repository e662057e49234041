//! The values of a packet's fields, as claims ask for them and as an author writes them.

use std::net::IpAddr;
use std::time::Duration;

use castnet::addr::{Family, Group};
use castnet::gmp::message::{Message, Query, Record, RecordType, Sources, Version};
use castnet::wire::pim::{self, EncodedSource, HelloOption};

use super::decode::{Content, DecodedMessage, Packet};
use crate::vocabulary::field::{ENTRIES, FIELDS, Of, PacketField, Value};
use crate::vocabulary::kind::{KINDS, KindRow};

/// A packet as one claim sees it: fields of records are those of a single record.
#[derive(Clone, Copy)]
pub struct View<'a> {
    packet: &'a Packet,
    record: Option<(Group, &'a Record)>,
    /// An entry of a Join/Prune, and whether it is a Join.
    entry: Option<(Group, &'a EncodedSource, bool)>,
}

impl Packet {
    /// All kinds that the packet is of, the widest one first.
    pub fn kinds(&self) -> impl DoubleEndedIterator<Item = &'static KindRow> {
        KINDS.iter().filter(|row| self.is(row.kind))
    }
}

impl<'a> View<'a> {
    /// The packet once without its records and entries, and once with each of those that `is_meant`
    /// selects.
    pub fn all(
        packet: &'a Packet,
        is_meant: impl Fn(Group) -> bool + Copy,
    ) -> impl Iterator<Item = Self> {
        let alone = Self { packet, record: None, entry: None };
        let lists = match packet.pim() {
            Some(pim::Message::JoinPrune(message)) => &message.groups[..],
            _ => &[],
        };
        let lists = lists.iter().filter_map(|list| Some((Group::new(list.group.group)?, list)));
        let entries = lists.filter(move |(group, _)| is_meant(*group)).flat_map(|(group, list)| {
            let joins = list.joins.iter().map(move |join| (group, join, true));
            joins.chain(list.prunes.iter().map(move |prune| (group, prune, false)))
        });
        let records = match packet.meaning() {
            Some(Message::Report(report)) if report.version == Version::V3 => &report.records[..],
            _ => &[],
        };
        let records = records.iter().filter(move |(group, _)| is_meant(*group));
        let records =
            records.map(move |(group, record)| Self { record: Some((*group, record)), ..alone });
        let entries = entries.map(move |entry| Self { entry: Some(entry), ..alone });
        std::iter::once(alone).chain(records).chain(entries)
    }

    /// The group of the record or entry, if it is the view of one.
    #[must_use]
    pub fn group(self) -> Option<Group> {
        self.record.map(|(group, _)| group).or(self.entry.map(|(group, ..)| group))
    }

    /// Every field that the packet has, by the word that an author writes, except what the view of a
    /// record or entry shares with the packet.
    pub fn values(self) -> impl Iterator<Item = (&'static str, Value)> {
        let whole = self.group().map(|_| Self { record: None, entry: None, ..self });
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
            PacketField::Sources => match (self.record, self.entry) {
                (Some((_, record)), _) => list(record.sources()),
                (_, Some((_, entry, _))) => Value::Addresses(vec![entry.source]),
                _ if packet.pim().is_some() => Value::Addresses(vec![registered(packet.pim()?)?]),
                _ => list(&self.v3_query()?.sources),
            },
            PacketField::Records => Value::Whole(self.message()?.records()? as u64),
            PacketField::Holdtime => Value::Length(holdtime(packet.pim()?)?),
            PacketField::DrPriority => Value::Whole(dr_priority(packet.pim()?)?.into()),
            PacketField::Upstream => match packet.pim()? {
                pim::Message::JoinPrune(message) => Value::Address(message.upstream),
                _ => return None,
            },
            PacketField::Join => Value::Word(self.entry_word(true)?),
            PacketField::Prune => Value::Word(self.entry_word(false)?),
            PacketField::Rpt => Value::Flag(assert(packet.pim()?)?.is_rpt),
            PacketField::Preference => Value::Whole(assert(packet.pim()?)?.preference.into()),
            PacketField::Metric => Value::Whole(assert(packet.pim()?)?.metric.into()),
        })
    }

    /// What the entry is about, if it is a Join, or a Prune.
    fn entry_word(self, is_join: bool) -> Option<&'static str> {
        let (_, entry, _) = self.entry.filter(|(.., joins)| *joins == is_join)?;
        let [any, source, rpt] = ENTRIES;
        Some(match (entry.is_wildcard, entry.is_rpt) {
            (true, _) => any,
            (false, false) => source,
            (false, true) => rpt,
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

/// The Holdtime of a Hello or of a Join/Prune.
fn holdtime(message: &pim::Message) -> Option<Duration> {
    let seconds = match message {
        pim::Message::JoinPrune(message) => Some(message.holdtime),
        pim::Message::Hello(hello) => hello.options.iter().find_map(|option| match option {
            HelloOption::Holdtime(seconds) => Some(*seconds),
            _ => None,
        }),
        _ => None,
    };
    Some(Duration::from_secs(seconds?.into()))
}

const fn assert(message: &pim::Message) -> Option<&pim::Assert> {
    match message {
        pim::Message::Assert(assert) => Some(assert),
        _ => None,
    }
}

/// The source of the flow that a Register, a Register-Stop or an Assert is about.
fn registered(message: &pim::Message) -> Option<IpAddr> {
    match message {
        pim::Message::Register(register) => register.ends().ok().map(|(source, _)| source),
        pim::Message::RegisterStop(stop) => Some(stop.source),
        pim::Message::Assert(assert) => Some(assert.source),
        _ => None,
    }
}

/// The DR Priority of a Hello.
fn dr_priority(message: &pim::Message) -> Option<u32> {
    let pim::Message::Hello(hello) = message else { return None };
    hello.options.iter().find_map(|option| match option {
        HelloOption::DrPriority(priority) => Some(*priority),
        _ => None,
    })
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
