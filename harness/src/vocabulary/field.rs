//! The fields of packets that a claim can ask for: one row each.
//!
//! A field's value is read from a packet in one match (`capture/value.rs`) over
//! [`PacketField`]; everything else about a field stands in its row.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::key::Form::{self, Address, Flag, Length, List, Source, Whole, Words};
use super::key::Key;
use super::kind::PacketKind;

/// The fields of packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum PacketField {
    /// The IP source.
    Source,
    /// The IP destination.
    Destination,
    /// The IP TTL.
    Ttl,
    /// The whole TOS octet.
    Tos,
    /// Whether the header has Router Alert.
    RouterAlert,
    /// Octets of the IGMP message, or of the datagram's UDP payload.
    Length,
    /// The version of the IGMP message.
    Version,
    /// Whether the IGMP checksum is right.
    GoodChecksum,
    /// The Max Response Time of a Query.
    MaxResp,
    /// The second octet of the IGMP message.
    MaxRespCode,
    /// The S flag of a version 3 Query.
    Suppress,
    /// The reserved bits of a version 3 Query or Report.
    Flags,
    /// The QRV of a version 3 Query.
    Robustness,
    /// The QQI of a version 3 Query.
    QueryInterval,
    /// The kind of a record of a version 3 Report.
    Record,
    /// The sources of a version 3 Query, or of a record.
    Sources,
    /// The number of records of a version 3 Report.
    Records,
    /// The Holdtime of a Hello or a Join/Prune.
    Holdtime,
    /// The DR Priority of a Hello.
    DrPriority,
    /// The upstream neighbour of a Join/Prune.
    Upstream,
    /// What a Join/Prune joins.
    Join,
    /// What a Join/Prune prunes.
    Prune,
    /// The R bit of an Assert.
    Rpt,
    /// The Metric Preference of an Assert.
    Preference,
    /// The Metric of an Assert.
    Metric,
}

/// A word of the vocabulary. The alias keeps the derived deserializer from borrowing it from its
/// input.
type Known = &'static str;

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// True or false.
    Flag(bool),
    /// A whole number.
    Whole(u64),
    /// An address.
    Address(IpAddr),
    /// Addresses, in ascending order.
    Addresses(Vec<IpAddr>),
    /// A length of time.
    Length(Duration),
    /// One of the row's words.
    #[serde(deserialize_with = "known")]
    Word(Known),
}

fn known<'de, D: Deserializer<'de>>(from: D) -> Result<Known, D::Error> {
    let written = String::deserialize(from)?;
    let found = RECORDS.into_iter().chain(ENTRIES).find(|word| *word == written);
    found.ok_or_else(|| D::Error::custom(format!("{written} is no kind of record or entry")))
}

/// The packets that have a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// All packets.
    All,
    /// Messages of IGMP.
    Igmp,
    /// Queries.
    Queries,
    /// Version 3 Reports.
    V3Reports,
    /// Queries and version 3 Reports.
    Lists,
    /// Queries, version 3 Reports, Join/Prunes, Registers, Register-Stops and Asserts.
    Sources,
    /// Hellos.
    Hellos,
    /// Join/Prunes.
    JoinPrunes,
    /// Hellos and Join/Prunes.
    Held,
    /// Asserts, AssertCancels among them.
    Asserts,
}

/// A field.
#[derive(Debug)]
pub struct FieldRow {
    /// The field.
    pub field: PacketField,
    /// The key, the form of its value, and its meaning.
    pub key: Key,
    /// The packets that have the field.
    pub of: Of,
    /// The RFCs' name for it.
    pub noun: &'static str,
}

/// The types of records of a version 3 Report (RFC3376-4.2.12-01).
pub const RECORDS: [&str; 6] = ["is-in", "is-ex", "to-in", "to-ex", "allow", "block"];

/// What an entry of a Join/Prune is about, in the words of RFC 7761 section 4.9.5.1.
pub const ENTRIES: [&str; 3] = ["*,G", "S,G", "S,G,rpt"];

const fn new(
    field: PacketField,
    key: &'static str,
    form: Form,
    about: &'static str,
    (of, noun): (Of, &'static str),
) -> FieldRow {
    FieldRow { field, key: Key::new(key, form, about), of, noun }
}

const fn spelt(row: FieldRow, aliases: &'static [&'static str]) -> FieldRow {
    FieldRow { key: Key { aliases, ..row.key }, ..row }
}

/// Every field, once, in the order in which claims name them.
#[rustfmt::skip]
pub static FIELDS: [FieldRow; 25] = [
    new(PacketField::Source, "source", Source, "The IP source: a node with one address, or an address.",
        (Of::All, "source")),
    new(PacketField::Destination, "to", Address, "The IP destination.", (Of::All, "destination")),
    spelt(new(PacketField::Ttl, "ttl", Whole(0, 255), "The IP TTL.", (Of::All, "TTL")), &["hop-limit"]),
    spelt(new(PacketField::Tos, "tos", Whole(0, 255),
        "The whole TOS octet of the IP header, 0xc0 for IGMP.", (Of::All, "TOS")), &["class"]),
    new(PacketField::RouterAlert, "router-alert", Flag,
        "Whether the IP header carries Router Alert.", (Of::All, "Router Alert")),
    new(PacketField::Length, "length", Whole(0, 65_535),
        "Octets of the IGMP message, or of the datagram's UDP payload.", (Of::All, "length")),
    new(PacketField::Version, "version", Whole(1, 3),
        "The version of the message: 1 to 3 of IGMP, 1 or 2 of MLD.", (Of::Igmp, "IGMP version")),
    new(PacketField::GoodChecksum, "good-checksum", Flag,
        "Whether the IGMP checksum is right. A malformed message counts only with `false`, and only \
         if nothing else is wrong with it.", (Of::Igmp, "IGMP checksum")),
    new(PacketField::MaxResp, "max-resp", Length,
        "The Max Response Time of a Query, as its version reads it.", (Of::Queries, "Max Response Time")),
    new(PacketField::MaxRespCode, "max-resp-code", Whole(0, 65_535),
        "The second octet of the IGMP message as it stands, or the 16 bits of an MLD one; 0 except in Queries.",
        (Of::Igmp, "Max Resp Code")),
    new(PacketField::Suppress, "suppress", Flag, "The S flag of a version 3 Query.", (Of::Queries, "S flag")),
    new(PacketField::Flags, "flags", Whole(0, 65_535),
        "The reserved bits of a version 3 Query (4, beside S) or Report (16), where RFC 9776 has flags.",
        (Of::Lists, "flags")),
    new(PacketField::Robustness, "robustness", Whole(0, 255),
        "The QRV of a version 3 Query.", (Of::Queries, "Robustness Variable")),
    new(PacketField::QueryInterval, "query-interval", Length,
        "The QQI of a version 3 Query.", (Of::Queries, "Query Interval")),
    new(PacketField::Record, "record", Words(&RECORDS),
        "A version 3 Report has such a record, for `group` and with `sources` if these are given.",
        (Of::V3Reports, "group records")),
    new(PacketField::Sources, "sources", List(&Source),
        "All sources of a version 3 Query or of a record, in any order; the one address of an entry of a Join/Prune, which is the RP's for `*,G`; the source of the flow that a Register, Register-Stop or Assert is about.", (Of::Sources, "sources")),
    new(PacketField::Records, "records", Whole(0, 65_535),
        "How many records a version 3 Report has.", (Of::V3Reports, "group records")),
    new(PacketField::Holdtime, "holdtime", Length,
        "The Holdtime of a Hello or a Join/Prune, in whole seconds.", (Of::Held, "Holdtime")),
    new(PacketField::DrPriority, "dr-priority", Whole(0, u32::MAX as u64),
        "The DR Priority of a Hello.", (Of::Hellos, "DR Priority")),
    new(PacketField::Upstream, "upstream", Source,
        "The upstream neighbour of a Join/Prune: a router of the link, or an address.",
        (Of::JoinPrunes, "upstream neighbour")),
    new(PacketField::Join, "join", Words(&ENTRIES),
        "A Join/Prune joins this, for `group` and with the address `sources` if these are given.",
        (Of::JoinPrunes, "entries")),
    new(PacketField::Prune, "prune", Words(&ENTRIES),
        "A Join/Prune prunes this, for `group` and with the address `sources` if these are given.",
        (Of::JoinPrunes, "entries")),
    new(PacketField::Rpt, "rpt", Flag,
        "The R bit of an Assert: its metric is that of the way to the RP.", (Of::Asserts, "RPT bit")),
    new(PacketField::Preference, "preference", Whole(0, u32::MAX as u64 >> 1),
        "The Metric Preference of an Assert.", (Of::Asserts, "metric preference")),
    new(PacketField::Metric, "metric", Whole(0, u32::MAX as u64),
        "The Metric of an Assert.", (Of::Asserts, "metric")),
];

/// The row of a field.
#[must_use]
pub const fn row(field: PacketField) -> &'static FieldRow {
    // A test checks that the rows are in the order of the fields.
    &FIELDS[field as usize]
}

impl FieldRow {
    /// What the words of the field are called in messages.
    #[must_use]
    pub const fn what(&self) -> &'static str {
        match self.field {
            PacketField::Record => "kind of record",
            PacketField::Join | PacketField::Prune => "kind of entry",
            _ => self.noun,
        }
    }
}

impl Of {
    /// Whether packets of this kind have the field.
    #[must_use]
    pub const fn has(self, kind: PacketKind) -> bool {
        match self {
            Self::All => true,
            Self::Igmp => !matches!(kind, PacketKind::Data) && !kind.is_pim(),
            Self::Queries => kind.is_query(),
            Self::V3Reports => kind.is_v3_report(),
            Self::Lists => kind.is_query() || kind.is_v3_report(),
            Self::Sources => {
                Self::Lists.has(kind)
                    || Self::JoinPrunes.has(kind)
                    || kind.is_register()
                    || kind.is_assert()
            }
            Self::Hellos => matches!(kind, PacketKind::Hello),
            Self::JoinPrunes => matches!(kind, PacketKind::JoinPrune),
            Self::Held => Self::Hellos.has(kind) || Self::JoinPrunes.has(kind),
            Self::Asserts => kind.is_assert(),
        }
    }

    /// The packets that have the field, in words for messages.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::All => "all packets have one",
            Self::Igmp => "only IGMP messages have one",
            Self::Queries => "only Queries have one",
            Self::V3Reports => "only version 3 Reports have any",
            Self::Lists => "only Queries and version 3 Reports have any",
            Self::Sources => {
                "only Queries, version 3 Reports, Join/Prunes, Registers and Asserts have any"
            }
            Self::Hellos => "only Hellos have one",
            Self::JoinPrunes => "only Join/Prunes have them",
            Self::Held => "only Hellos and Join/Prunes have one",
            Self::Asserts => "only Asserts have one",
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => flag.fmt(f),
            Self::Whole(number) => number.fmt(f),
            Self::Address(address) => address.fmt(f),
            Self::Addresses(all) if all.is_empty() => f.write_str("none"),
            Self::Addresses(all) => {
                let all: Vec<String> = all.iter().map(ToString::to_string).collect();
                f.write_str(&all.join(", "))
            }
            Self::Length(length) => humantime::format_duration(*length).fmt(f),
            Self::Word(word) if ENTRIES.contains(word) => write!(f, "({word})"),
            // Record types in the RFC's spelling: TO_IN.
            Self::Word(word) => f.write_str(&word.to_uppercase().replace('-', "_")),
        }
    }
}
