//! Reads a message by its fields: a Query of any version, a Report or a Leave.
//!
//! The fields of version 3 make a Query one of version 3. Refuses values that the message's version
//! cannot carry (RFC 2236 section 2.2, RFC 3376 sections 4.1.1 and 4.1.7).

use std::time::Duration;

use castnet::addr::Family;
use castnet::gmp::message::{RecordType, Version};
use castnet::wire::float::{decode_float, decode_float_16, encode_float, encode_float_16};

use super::super::reader::Reader;
use super::super::span::Spanned;
use super::super::values::group;
use super::super::{InjectedMessage, InjectedQuery, InjectedRecord, PacketKind, sources};
use super::octets;
use crate::vocabulary::field::RECORDS;
use crate::vocabulary::kind::oldest_version;

/// The keys that only Queries have.
pub(super) const OF_QUERIES: [&str; 6] =
    ["max-resp", "version", "sources", "suppress", "robustness", "query-interval"];

/// The keys of [`OF_QUERIES`] that only Queries of version 3 have.
const OF_V3_QUERIES: [&str; 4] = ["sources", "suppress", "robustness", "query-interval"];

/// 10 s, the default Query Response Interval (RFC2236-8.3-01).
const MAX_RESP: Duration = Duration::from_secs(10);
/// The default Query Interval (RFC2236-8.2-01).
const QUERY_INTERVAL: Duration = Duration::from_secs(125);
/// The default Robustness Variable (RFC2236-8.1-01).
const ROBUSTNESS: u8 = 2;

/// The message of this kind.
pub(super) fn of_kind(table: &Reader<'_, '_>, kind: PacketKind) -> Option<InjectedMessage> {
    if kind.is_query() {
        return query(table, kind).map(InjectedMessage::Query);
    }
    if kind == PacketKind::V3Report {
        return records(table).map(InjectedMessage::Records);
    }
    let group = table.require("group", group(table, "group"))?;
    Some(InjectedMessage::Older(kind, group.value))
}

fn query(table: &Reader<'_, '_>, kind: PacketKind) -> Option<InjectedQuery> {
    let group = match kind {
        PacketKind::GeneralQuery => None,
        _ => table.require("group", group(table, "group")),
    };
    let needs_group = kind != PacketKind::GeneralQuery;
    let max_resp = table.duration("max-resp");
    let version = version(table, max_resp.as_ref());
    if let Some(max_resp) = &max_resp {
        check_max_resp(table, max_resp, version?);
    }
    let listed = match table.value("sources") {
        Some(_) => Some(sources::list(table, "sources")?),
        None => None,
    };
    if kind == PacketKind::SourceQuery {
        let listed = table.require("sources", listed.as_ref());
        for list in listed.iter().filter(|list| list.value.is_empty()) {
            let message = "a `source-query` names at least one source";
            let help = "without sources it is a `group-query`";
            let mut faults = table.faults().borrow_mut();
            faults.error_with_help(&list.span, message, "an empty list", help);
        }
        listed?;
    }
    let suppress = table.boolean("suppress").is_some_and(|flag| flag.value);
    let robustness = table.whole::<u8>("robustness").map_or(ROBUSTNESS, |number| number.value);
    let interval = table.duration("query-interval");
    if let Some(interval) = &interval {
        check_code(table, interval, "query-interval", Code::QQI);
    }
    if needs_group && group.is_none() {
        return None;
    }
    Some(InjectedQuery {
        version: version?,
        group: group.map(|group| group.value),
        max_resp: match version? {
            Version::V1 => Duration::ZERO, // RFC2236-4-08
            _ => max_resp.map_or(MAX_RESP, |time| time.value),
        },
        sources: listed.map(|list| list.value).unwrap_or_default(),
        suppress,
        robustness,
        query_interval: interval.map_or(QUERY_INTERVAL, |time| time.value),
    })
}

/// The version of a Query: as it is given, or the oldest that has its fields. A zero Max Response Time
/// makes it version 1 (RFC2236-4-01).
fn version(table: &Reader<'_, '_>, max_resp: Option<&Spanned<Duration>>) -> Option<Version> {
    let newer = OF_V3_QUERIES.iter().find_map(|key| Some((*key, table.key_span(key)?)));
    let oldest = oldest_version(family(table), max_resp.map_or(MAX_RESP, |time| time.value));
    if table.value("version").is_none() {
        return Some(if newer.is_some() { Version::V3 } else { oldest });
    }
    let Spanned { value: written, span } = table.whole::<u8>("version")?;
    // Versions 1 and 2 of MLD correspond to versions 2 and 3 of IGMP.
    let newest = if family(table) == Family::V6 { 2 } else { 3 };
    let number = written + 3 - newest;
    let mut faults = table.faults().borrow_mut();
    if written > newest {
        let message = format!("MLD has versions 1 and 2, and no version {written}");
        faults.error(&span, message, "no such Query");
        return None;
    }
    if let Some((key, span)) = newer.filter(|_| number != 3) {
        let message = format!("a Query of version {written} has no `{key}`");
        faults.error(&span, message, format!("only Queries of version {newest} have one"));
    }
    match (number, max_resp) {
        (2, Some(max_resp)) if oldest == Version::V1 => {
            let message = "a Query with a Max Response Time of 0 is one of version 1";
            faults.error(&max_resp.span, message, "at least \"100ms\" (RFC 2236 section 4)");
        }
        (1, Some(max_resp)) if oldest == Version::V2 => {
            let message = "a Query of version 1 has no Max Response Time";
            faults.error(&max_resp.span, message, "leave this out");
        }
        _ => {}
    }
    Some(match number {
        1 => Version::V1,
        2 => Version::V2,
        _ => Version::V3,
    })
}

/// The family of the run; IPv4 where it is not known.
fn family(table: &Reader<'_, '_>) -> Family {
    table.scope().family().unwrap_or(Family::V4)
}

/// Reports a Max Response Time that a Query of the version cannot carry.
pub(super) fn check_max_resp(table: &Reader<'_, '_>, time: &Spanned<Duration>, version: Version) {
    let (unit, most, message) = match (family(table), version) {
        (family, Version::V3) => return check_code(table, time, "max-resp", Code::of(family)),
        (Family::V4, _) => (
            Duration::from_millis(100),
            u8::MAX.into(),
            "`max-resp` is 0 to 25.5 s in whole tenths (RFC 2236 section 2.2)",
        ),
        (Family::V6, _) => (
            Duration::from_millis(1),
            u16::MAX,
            "`max-resp` is 0 to 65.535 s in whole milliseconds (RFC 2710 section 3.4)",
        ),
    };
    let nanos = time.value.as_nanos();
    if !nanos.is_multiple_of(unit.as_nanos()) || time.value > unit * most.into() {
        table.faults().borrow_mut().error(&time.span, message, "cannot be said");
    }
}

/// A code for times: its unit, what it makes of a number of them, and where it is defined.
struct Code {
    unit: Duration,
    said: fn(u32) -> u32,
    section: &'static str,
}

impl Code {
    /// The code of Max Response Times.
    const fn of(family: Family) -> Self {
        match family {
            Family::V4 => Self { unit: Duration::from_millis(100), ..Self::QQI },
            Family::V6 => Self {
                unit: Duration::from_millis(1),
                said: |number| decode_float_16(encode_float_16(number)),
                section: "RFC 3810 section 5.1.3",
            },
        }
    }

    /// The code of Query Intervals.
    const QQI: Self = Self {
        unit: Duration::from_secs(1),
        said: |number| decode_float(encode_float(number)),
        section: "RFC 3376 section 4.1.1",
    };
}

/// Reports a time that the code cannot say.
fn check_code(table: &Reader<'_, '_>, time: &Spanned<Duration>, key: &str, code: Code) {
    let Code { unit, said, section } = code;
    let said = said(u32::try_from(time.value.as_nanos() / unit.as_nanos()).unwrap_or(u32::MAX));
    if unit * said == time.value {
        return;
    }
    let message = format!("no code of a version 3 Query means this `{key}` ({section})");
    let nearest = format!("the longest one below is {}", humantime::format_duration(unit * said));
    table.faults().borrow_mut().error(&time.span, message, nearest);
}

fn records(table: &Reader<'_, '_>) -> Option<Vec<InjectedRecord>> {
    let form = "[{ type = \"to-in\", group = \"239.1.1.1\", sources = [\"s1\"] }]";
    let tables = table.tables("records", "a group record", form);
    table.require("records", table.value("records"))?;
    tables.into_iter().map(|record| record_of(record?)).collect()
}

/// The words of records' types, each with the type.
const TYPES: [(&str, RecordType); 6] = [
    (RECORDS[0], RecordType::IsIn),
    (RECORDS[1], RecordType::IsEx),
    (RECORDS[2], RecordType::ToIn),
    (RECORDS[3], RecordType::ToEx),
    (RECORDS[4], RecordType::Allow),
    (RECORDS[5], RecordType::Block),
];

fn record_of(table: Reader<'_, '_>) -> Option<InjectedRecord> {
    let kind = table.require("type", table.word("type", "kind of record", &TYPES));
    let group = table.require("group", group(&table, "group"));
    let listed = match table.value("sources") {
        Some(_) => sources::list(&table, "sources").map(|list| list.value),
        None => Some(Vec::new()),
    };
    let aux = match table.value("aux") {
        Some(_) => aux(&table),
        None => Some(Vec::new()),
    };
    table.finish();
    Some(InjectedRecord { kind: kind?.value, group: group?.value, sources: listed?, aux: aux? })
}

/// Auxiliary data: at most 255 words of 32 bits (RFC 3376 section 4.2.6).
fn aux(table: &Reader<'_, '_>) -> Option<Vec<u8>> {
    const MOST: usize = 255 * 4;
    let octets = octets(table, "aux")?;
    if octets.len() % 4 != 0 || octets.len() > MOST {
        let span = table.string("aux")?.span;
        let message = "`aux` is whole words of four octets, at most 255";
        table.faults().borrow_mut().error(&span, message, format!("{} octets", octets.len()));
        return None;
    }
    Some(octets)
}
