//! Reads filters for packets, and claims about their number or order.

use super::reader::Reader;
use super::span::Spanned;
use super::values::{count, destination, expression, group, optional, window};
use super::{GivenField, OrderClaim, PacketClaim, PacketFilter, Written, sources};
use crate::vocabulary::field::{FIELDS, FieldRow, PacketField, Value};
use crate::vocabulary::key::Form;
use crate::vocabulary::kind::spellings;

/// What an order of packets looks like.
const ORDER: &str = "tables such as [{ on = \"lan\", kind = \"leave\" }, \
                     { on = \"lan\", kind = \"query\" }]";

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
    let words = spellings(table.scope().family());
    let kind = table.require("kind", table.word("kind", "kind of packet", &words));
    let (group, from) = (group(&table, "group"), table.string("from"));
    let fields = fields(&table);
    table.finish();
    Some(PacketFilter { span, on: on?, kind: kind?, group, from, fields })
}

/// Every field that is given and can be read.
fn fields(table: &Reader<'_, '_>) -> Vec<GivenField> {
    FIELDS.iter().filter_map(|row| Some(GivenField { row, value: field(table, row)? })).collect()
}

fn field(table: &Reader<'_, '_>, row: &FieldRow) -> Option<Spanned<Written>> {
    let key = table.spelling(&row.key)?;
    let of = |value: Spanned<Value>| value.map(Written::Value);
    match row.key.form {
        Form::Flag => table.boolean(key).map(|flag| of(flag.map(Value::Flag))),
        Form::Whole(..) => table.whole(key).map(|whole| of(whole.map(Value::Whole))),
        Form::Address => {
            let address = match row.field {
                PacketField::Destination => destination(table, key),
                _ => table.address(key),
            };
            address.map(|address| of(address.map(Value::Address)))
        }
        Form::Length => expression(table, key).map(|length| length.map(Written::Length)),
        Form::Source => sources::one(table, key).map(|source| source.map(Written::Source)),
        Form::List(_) => sources::list(table, key).map(|list| list.map(Written::Sources)),
        Form::Words(words) => {
            let words: Vec<_> = words.iter().map(|word| (*word, *word)).collect();
            table.word(key, row.what(), &words).map(|word| of(word.map(Value::Word)))
        }
        _ => None,
    }
}
