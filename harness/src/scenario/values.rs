//! Values that mean the same in every table: the one verb among its keys, groups, counts,
//! expressions and the window that a claim looks at.

use std::net::IpAddr;

use castnet::addr::Group;

use super::Window;
use super::expr::{self, CountExpr, Expr};
use super::family::{self, Refusal};
use super::reader::Reader;
use super::span::Spanned;

/// The most links, and the most nodes, that one machine is asked to build.
pub(super) const MOST: usize = 1000;

/// The verb key that a table has to have exactly one of; `form` is an example of it.
pub(super) fn verb(
    table: &Reader<'_, '_>,
    verbs: &[&'static str],
    form: &str,
) -> Option<&'static str> {
    let mut present: Vec<_> =
        verbs.iter().filter_map(|verb| Some((*verb, table.key_span(verb)?))).collect();
    present.sort_by_key(|(_, span)| span.start);
    match present.as_slice() {
        [(verb, _)] => {
            table.forget(verbs);
            table.know(&[*verb]);
            return Some(verb);
        }
        [] => {
            let sentence = format!("needs one of the keys {}", quoted(verbs));
            table.lacks(verbs.to_vec(), sentence, Some(format!("for example {form}")));
        }
        [(first, _), more @ ..] => {
            for (second, span) in more {
                table.faults().borrow_mut().error(
                    span,
                    format!("both `{first}` and `{second}` in one table"),
                    format!("a table has only one of {}", quoted(verbs)),
                );
            }
        }
    }
    None
}

fn quoted(keys: &[&str]) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}

/// A group address.
pub(super) fn group(table: &Reader<'_, '_>, key: &'static str) -> Option<Spanned<Group>> {
    let address = table.address(key)?;
    let group = Group::new(address.value);
    if group.is_none() {
        table.faults().borrow_mut().error_with_help(
            &address.span,
            format!("{} is not a multicast group", address.value),
            family::Form::Group.label(table.scope().family()),
            match address.value {
                IpAddr::V4(_) => "239.0.0.0/8 is for local use (RFC 2365)",
                IpAddr::V6(_) => "ff1e::/16 is for use without registration (RFC 4291)",
            },
        );
    }
    Some(Spanned { value: group?, span: address.span })
}

/// A group of a list of them.
pub(super) fn listed_group(
    table: &Reader<'_, '_>,
    text: &Spanned<String>,
) -> Option<Spanned<Group>> {
    let mut faults = table.faults().borrow_mut();
    let (run, form) = (table.scope().family(), family::Form::Group);
    let group = family::group(&text.value, run);
    let message = format!("{} is not {}", text.value, form.words(run));
    let label = form.label(run);
    let told = |refusal: Refusal| {
        refusal.report(&text.value, &text.span, message, label, &mut faults);
    };
    let value = group.map_err(told).ok()?;
    Some(Spanned { value, span: text.span.clone() })
}

/// The beginning and the length of the time in which something is counted.
pub(super) fn window(outer: &Reader<'_, '_>) -> Option<Window> {
    let (after, within) = (optional(outer, "after"), optional(outer, "within"));
    Some(Window { after: after?, within: within? })
}

/// An expression: `Some(None)` if the key is not there, `None` if what is there is no expression.
pub(super) fn optional(table: &Reader<'_, '_>, key: &'static str) -> Option<Option<Spanned<Expr>>> {
    match table.value(key) {
        None => Some(None),
        Some(_) => expression(table, key).map(Some),
    }
}

/// A moment or a length of time.
pub(super) fn expression(table: &Reader<'_, '_>, key: &'static str) -> Option<Spanned<Expr>> {
    let form = match key {
        "at" | "after" | "none-after" => "a moment such as \"leave + LMQT\"",
        _ => "a length of time such as \"2*LMQI + 100ms\"",
    };
    table.parsed(key, form, expr::parse)
}

/// A count: a number or an expression.
pub(super) fn count(table: &Reader<'_, '_>, key: &'static str) -> Option<Spanned<CountExpr>> {
    let value = table.value(key)?;
    if value.get_ref().is_integer() {
        let number = table.integer::<u32>(key)?;
        let count = expr::parse_count(&number.value.to_string()).ok()?;
        return Some(Spanned { value: count, span: number.span });
    }
    table.parsed(key, "a count such as 2, \"LMQC\", \">= 1\" or \"1..3\"", expr::parse_count)
}
