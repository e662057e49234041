//! Reads lists of sources: nodes, addresses, and ranges of addresses. The plan knows the nodes.

use std::net::IpAddr;

use super::family::{self, Refusal};
use super::reader::Reader;
use super::span::Spanned;
use super::{JoinedSources, ListedSource};

/// What stands between the first and the last address of a range.
const TO: &str = "..";

/// The keys of a join that name sources; only one of them may be there.
const FROM: &str = "from";
const EXCLUDE: &str = "exclude";

/// The sources of a join: `Some(None)` if it names none, `None` if what it names cannot be read.
pub(super) fn joined(table: &Reader<'_, '_>) -> Option<Option<JoinedSources>> {
    let given = |key| table.value(key).is_some().then_some(key);
    let (key, excluded) = match (given(FROM), given(EXCLUDE)) {
        (None, None) => return Some(None),
        (Some(_), Some(_)) => {
            let span = table.key_span(EXCLUDE)?;
            let message = format!("both `{FROM}` and `{EXCLUDE}` in one table");
            let label = "a membership is of some sources, or of all except some";
            table.faults().borrow_mut().error(&span, message, label);
            return None;
        }
        (Some(key), None) => (key, false),
        (None, Some(key)) => (key, true),
    };
    let Spanned { value: listed, span } = list(table, key)?;
    if listed.is_empty() && !excluded {
        let message = "a join from no source is no membership";
        let help = "to end it, `leave`; for all sources leave `from` out";
        table.faults().borrow_mut().error_with_help(&span, message, "an empty list", help);
        return None;
    }
    Some(Some(JoinedSources { excluded, listed, span }))
}

/// One source: a node or an address.
pub(super) fn one(table: &Reader<'_, '_>, key: &'static str) -> Option<Spanned<ListedSource>> {
    let source = entry(&table.string(key)?, table)?;
    if let ListedSource::Range(first, last) = &source.value
        && first != last
    {
        let message = format!("`{key}` is one node or one address");
        table.faults().borrow_mut().error(&source.span, message, "several addresses");
        return None;
    }
    Some(source)
}

/// The entries of a source list.
pub(super) fn list(
    table: &Reader<'_, '_>,
    key: &'static str,
) -> Option<Spanned<Vec<Spanned<ListedSource>>>> {
    let list = table.strings(key)?;
    let entries = list.value.iter().map(|text| entry(text, table)).collect::<Vec<_>>();
    let value = entries.into_iter().collect::<Option<Vec<_>>>()?;
    Some(Spanned { value, span: list.span })
}

fn entry(text: &Spanned<String>, table: &Reader<'_, '_>) -> Option<Spanned<ListedSource>> {
    let refuse = |refusal: Refusal| {
        let message = format!("`{}` is neither a node nor an address", text.value);
        let label = "a name such as \"s1\", \"10.0.1.11\", or \"10.9.0.1..10.9.1.144\"";
        let mut faults = table.faults().borrow_mut();
        refusal.report(&text.value, &text.span, message, label, &mut faults);
    };
    let run = table.scope().family();
    let address = |text: &str| family::address(text.trim(), run);
    let range = |first, last| -> Result<(IpAddr, IpAddr), Refusal> {
        Ok((address(first)?, address(last)?))
    };
    let read = match text.value.split_once(TO) {
        Some((first, last)) => range(first, last),
        None => range(&text.value, &text.value),
    };
    let value = match read {
        Ok((first, last)) => ListedSource::Range(first, last),
        Err(Refusal::Malformed) if is_name(&text.value) => ListedSource::Node(text.value.clone()),
        Err(refusal) => {
            refuse(refusal);
            return None;
        }
    };
    Some(Spanned { value, span: text.span.clone() })
}

fn is_name(text: &str) -> bool {
    super::expr::is_name(text)
}
