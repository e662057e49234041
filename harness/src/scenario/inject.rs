//! Reads messages of an injector or a scripted querier: by fields, or octet by octet.

mod message;

use std::time::Duration;

use castnet::addr::Family;
use castnet::gmp::message::Version;

use super::hex;
use super::reader::Reader;
use super::span::Spanned;
use super::values::{destination, verb};
use super::{Inject, InjectedMessage, PacketKind, Repeat};
use crate::vocabulary::act::{LARGEST_MESSAGE, MOST_TIMES};
use crate::vocabulary::field::{PacketField, row};
use crate::vocabulary::kind::spellings;

/// The keys of `inject`.
pub(super) fn inject(table: Reader<'_, '_>) -> Option<Inject> {
    let form = "kind = \"v2-report\", or hex = \"16 00 fa fd ef 01 01 01\"";
    let message = verb(&table, &["kind", "hex"], form).and_then(|verb| match verb {
        "kind" => message::of_kind(&table, kind(&table)?),
        _ => Some(InjectedMessage::Octets(octets(&table, "hex")?)),
    });
    if message.is_none() {
        // The faults of the kind come first: it decides which of these keys have a meaning.
        table.know(&["group", "records"]);
        table.know(&message::OF_QUERIES);
    }
    finish(table, message)
}

/// The keys of `query`: a General Query, or one for a group or its sources if they are there.
pub(super) fn query(table: Reader<'_, '_>) -> Option<Inject> {
    let kind = match (table.value("group"), table.value("sources")) {
        (None, _) => PacketKind::GeneralQuery,
        (Some(_), None) => PacketKind::GroupSpecificQuery,
        (Some(_), Some(_)) => PacketKind::SourceQuery,
    };
    let message = message::of_kind(&table, kind);
    finish(table, message)
}

/// The keys of `report`.
pub(super) fn report(table: Reader<'_, '_>) -> Option<Inject> {
    let is_mld = table.scope().family() == Some(Family::V6);
    let version = table.whole::<u8>("version");
    let has_records = table.value("records").is_some();
    // Versions 1 and 2 of MLD correspond to versions 2 and 3 of IGMP.
    let kind = match version.as_ref().map(|version| version.value + u8::from(is_mld)) {
        None if has_records => PacketKind::V3Report,
        Some(1) => PacketKind::V1Report,
        Some(3) => PacketKind::V3Report,
        Some(4) => {
            let message = "MLD has versions 1 and 2";
            let span = version?.span;
            table.faults().borrow_mut().error(&span, message, "found 3");
            PacketKind::V3Report
        }
        _ => PacketKind::V2Report,
    };
    let message = message::of_kind(&table, kind);
    finish(table, message)
}

fn finish(table: Reader<'_, '_>, message: Option<InjectedMessage>) -> Option<Inject> {
    let who = table.require("who", table.string("who"));
    let link = table.string("link");
    let spelt = |field| table.spelling(&row(field).key);
    let source = spelt(PacketField::Source).and_then(|key| table.address(key));
    let to = spelt(PacketField::Destination).and_then(|key| destination(&table, key));
    let ttl = spelt(PacketField::Ttl).and_then(|key| table.integer::<u8>(key));
    let flag = |field| spelt(field).and_then(|key| table.boolean(key));
    let router_alert = flag(PacketField::RouterAlert).is_none_or(|alert| alert.value);
    let good_checksum = flag(PacketField::GoodChecksum).is_none_or(|good| good.value);
    let truncate = table.integer::<usize>("truncate").map(|t| t.value);
    let pad = table.integer::<usize>("pad");
    table.limit("pad", pad.as_ref(), |_, _| {
        (format!("at most {LARGEST_MESSAGE} octets fit"), "too many".to_owned())
    });
    let repeat = repeat(&table);
    table.finish();
    Some(Inject {
        who: who?,
        link,
        message: message?,
        source: source.map(|source| source.value),
        to,
        ttl: ttl.map_or(1, |ttl| ttl.value),
        router_alert,
        good_checksum,
        truncate,
        pad: pad.map_or(0, |pad| pad.value),
        repeat,
    })
}

/// The shortest time from one message to the next, as of a stream's datagrams.
const SHORTEST: Duration = Duration::from_micros(10);

fn repeat(table: &Reader<'_, '_>) -> Repeat {
    let every = table.duration("every");
    let times = table.integer::<u32>("times");
    table.limit("times", times.as_ref(), |limits, _| {
        (format!("`times` is {limits}"), "not possible".to_owned())
    });
    if let (Some(times), None) = (&times, &every) {
        let message = "`times` needs `every`, the time from one to the next";
        table.faults().borrow_mut().error(&times.span, message, "how far apart?");
    }
    for every in every.iter().filter(|every| every.value < SHORTEST) {
        let message = "`every` is at least 10us, which are 100000 messages in a second";
        table.faults().borrow_mut().error(&every.span, message, "too often");
    }
    match (every, times) {
        (Some(every), Some(times)) => Repeat { every: every.value, times: times.value },
        // Until it is stopped, or the run ends.
        (Some(every), None) => Repeat { every: every.value, times: MOST_TIMES },
        (None, _) => Repeat { every: Duration::ZERO, times: 1 },
    }
}

/// The kind of a message that fields can describe.
fn kind(table: &Reader<'_, '_>) -> Option<PacketKind> {
    let written = table.value("kind").and_then(|value| value.get_ref().as_str());
    let spellings = spellings(table.scope().family());
    let known = spellings.iter().find(|(word, _)| Some(*word) == written);
    let made = spellings.iter().filter(|(_, kind)| kind.is_made());
    let made: Vec<_> = made.copied().collect();
    let Some((word, kind)) = known.filter(|(_, kind)| !kind.is_made()) else {
        return table.word("kind", "message", &made).map(|kind| kind.value);
    };
    let (label, help) = match kind {
        PacketKind::Data => {
            ("not a message of group management", "a source sends datagrams: `send`".to_owned())
        }
        _ if kind.row().is_union => {
            let made: Vec<_> = made.iter().map(|(word, _)| *word).collect();
            ("stands for several kinds", format!("kinds with fields: {}", made.join(", ")))
        }
        _ => ("has no fields here", "give its octets with `hex` instead".to_owned()),
    };
    let message = format!("`{word}` cannot be made from fields");
    let span = table.string("kind")?.span;
    table.faults().borrow_mut().error_with_help(&span, message, label, help);
    None
}

/// The Max Response Time of a Query before version 3, which carries it in tenths of a second.
pub(super) fn max_resp(table: &Reader<'_, '_>) -> Option<Spanned<Duration>> {
    let max_resp = table.duration("max-resp")?;
    message::check_max_resp(table, &max_resp, Version::V2);
    Some(max_resp)
}

/// Octets in hexadecimal digits.
fn octets(table: &Reader<'_, '_>, key: &'static str) -> Option<Vec<u8>> {
    let form = "octets in hex such as \"16 00 fa fd ef 01 01 01\"";
    table.parsed(key, form, hex::parse).map(|octets| octets.value)
}
