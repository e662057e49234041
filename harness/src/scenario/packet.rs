//! Which packets are meant, and how many or in which order.

use std::net::IpAddr;

use castnet::wire::igmp::RecordKind;

use super::family;
use super::reader::Reader;
use super::span::Spanned;
use super::values::{count, group, optional, window};
use super::{OrderClaim, PacketClaim, PacketFields, PacketFilter, PacketKind};

/// What an order of packets looks like.
const ORDER: &str = "tables such as [{ on = \"lan\", kind = \"leave\" }, \
                     { on = \"lan\", kind = \"query\" }]";

/// What a record of a version 3 Report says of its group (RFC3376-4.2.12-01).
pub(super) const RECORDS: [(&str, RecordKind); 6] = [
    ("is-in", RecordKind::IsIn),
    ("is-ex", RecordKind::IsEx),
    ("to-in", RecordKind::ToIn),
    ("to-ex", RecordKind::ToEx),
    ("allow", RecordKind::Allow),
    ("block", RecordKind::Block),
];

pub(super) fn packet(outer: &Reader<'_, '_>, table: Option<Reader<'_, '_>>) -> Option<PacketClaim> {
    let count = outer.require("count", count(outer, "count"));
    let spacing = optional(outer, "spacing");
    let window = window(outer);
    let filter = filter(table?);
    Some(PacketClaim { filter: filter?, count: count?, spacing: spacing?, window: window? })
}

pub(super) fn order(outer: &Reader<'_, '_>) -> Option<OrderClaim> {
    let window = window(outer);
    let tables = outer.tables("order", "a step of `order`", ORDER);
    let written = tables.len();
    let steps: Vec<PacketFilter> = tables.into_iter().flatten().filter_map(filter).collect();
    let list = outer.value("order")?;
    if list.get_ref().is_array() && written < 2 {
        let message = "`order` says of two packets or more which comes first";
        let label = if written == 0 { "no packet" } else { "one packet" };
        outer.faults().borrow_mut().error(&list.span(), message, label);
        return None;
    }
    (steps.len() == written).then_some(OrderClaim { steps, window: window? })
}

fn filter(table: Reader<'_, '_>) -> Option<PacketFilter> {
    let span = table.span().clone();
    let on = table.require("on", table.string("on"));
    let kind = table.require("kind", kind(&table));
    let (group, from) = (group(&table, "group"), table.string("from"));
    let fields = fields(&table);
    table.finish();
    Some(PacketFilter { span, on: on?, kind: kind?, group, from, fields: fields? })
}

fn fields(table: &Reader<'_, '_>) -> Option<PacketFields> {
    let fields = PacketFields {
        source: table.address("source"),
        to: table.address("to"),
        ttl: table.integer("ttl", "0 to 255"),
        tos: table.integer("tos", "0 to 255"),
        router_alert: table.boolean("router-alert"),
        length: table.integer("length", "0 to 65535"),
        version: version(table),
        good_checksum: table.boolean("good-checksum"),
        max_resp_code: table.integer("max-resp-code", "0 to 255"),
        suppress: table.boolean("suppress"),
        robustness: table.integer("robustness", "0 to 255"),
        sources: sources(table),
        record: record(table),
        records: table.integer("records", "0 to 65535"),
        ..PacketFields::default()
    };
    let (max_resp, query_interval) =
        (optional(table, "max-resp"), optional(table, "query-interval"));
    Some(PacketFields { max_resp: max_resp?, query_interval: query_interval?, ..fields })
}

fn version(table: &Reader<'_, '_>) -> Option<Spanned<u8>> {
    let version = table.integer("version", "1 to 3")?;
    if !(1..=3).contains(&version.value) {
        let message = "`version` is a whole number, 1 to 3";
        let label = format!("found {}", version.value);
        table.faults().borrow_mut().error(&version.span, message, label);
        return None;
    }
    Some(version)
}

fn sources(table: &Reader<'_, '_>) -> Option<Spanned<Vec<IpAddr>>> {
    let list = table.strings("sources")?;
    let mut sources = Vec::new();
    for text in &list.value {
        match family::address(&text.value) {
            Ok(source) => sources.push(source),
            Err(refusal) => {
                let message = format!("{} is not an IPv4 address", text.value);
                let mut faults = table.faults().borrow_mut();
                refusal.report(&text.span, message, family::ADDRESS, &mut faults);
            }
        }
    }
    sources.sort_unstable();
    Some(Spanned { value: sources, span: list.span })
}

fn record(table: &Reader<'_, '_>) -> Option<Spanned<RecordKind>> {
    table.word("record", "kind of record", &RECORDS)
}

fn kind(table: &Reader<'_, '_>) -> Option<Spanned<PacketKind>> {
    table.word("kind", "kind of packet", &PacketKind::WORDS)
}
