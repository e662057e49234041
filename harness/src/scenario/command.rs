//! Reads expectations of `command`: what a command came to.

use super::CommandClaim;
use super::reader::Reader;
use super::span::Spanned;
use super::values::{count, expression};

pub(super) fn command(
    outer: &Reader<'_, '_>,
    table: Option<Reader<'_, '_>>,
) -> Option<CommandClaim> {
    let within = outer.require("within", expression(outer, "within"));
    let table = table?;
    let act = table.require("act", table.string("act"));
    let exit = table.whole::<u8>("exit");
    let (contains, lacks) = (texts(&table, "contains"), texts(&table, "lacks"));
    let lines = count(&table, "lines");
    let is_unread = |key, read: bool| table.value(key).is_some() && !read;
    let unread = is_unread("exit", exit.is_some()) || is_unread("lines", lines.is_some());
    table.finish();
    let (contains, lacks) = (contains?, lacks?);
    (!unread).then_some(())?;
    let exit = exit.map_or(0, |exit| exit.value);
    Some(CommandClaim { act: act?, exit, contains, lacks, lines, within: within? })
}

/// One text, or a list of them; `None` if it is neither, which is reported.
fn texts(table: &Reader<'_, '_>, key: &'static str) -> Option<Vec<Spanned<String>>> {
    let Some(value) = table.value(key) else { return Some(Vec::new()) };
    let texts = match value.get_ref().is_array() {
        true => table.strings(key)?.value,
        false => vec![table.string(key)?],
    };
    if let Some(empty) = texts.iter().find(|text| text.value.is_empty()) {
        let message = format!("`{key}` is no empty text");
        table.faults().borrow_mut().error(&empty.span, message, "stands in every output");
        return None;
    }
    Some(texts)
}
