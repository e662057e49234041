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

/// A program and its arguments.
pub(super) fn command(
    table: &Reader<'_, '_>,
    key: &'static str,
) -> Option<Spanned<Vec<Spanned<String>>>> {
    let command = table.strings(key)?;
    if command.value.is_empty() {
        let message = format!("`{key}` is a program and its arguments");
        table.faults().borrow_mut().error(&command.span, message, "nothing to run");
    }
    for word in command.value.iter().filter(|word| word.value.contains('\0')) {
        let message = "no program can be given a NUL";
        table.faults().borrow_mut().error(&word.span, message, "it has one");
    }
    Some(command)
}

fn quoted(keys: &[&str]) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}

/// A group: its address, or its name in `[groups]`.
pub(super) fn group(table: &Reader<'_, '_>, key: &'static str) -> Option<Spanned<Group>> {
    let text = table.string(key)?;
    let run = table.scope().family();
    if let Some(named) = named(table, &text) {
        return named;
    }
    let address = match family::address(&text.value, run) {
        Ok(address) => address,
        Err(refusal) => {
            let form = family::Form::Address;
            let message = format!("`{key}` is {}", form.words(run));
            let mut faults = table.faults().borrow_mut();
            refusal.report(&text.value, &text.span, message, form.label(run), &mut faults);
            return None;
        }
    };
    let group = Group::new(address);
    if group.is_none() {
        table.faults().borrow_mut().error_with_help(
            &text.span,
            format!("{address} is not a multicast group"),
            family::Form::Group.label(run),
            match address {
                IpAddr::V4(_) => "239.0.0.0/8 is for local use (RFC 2365)",
                IpAddr::V6(_) => "ff1e::/16 is for use without registration (RFC 4291)",
            },
        );
    }
    Some(Spanned { value: group?, span: text.span })
}

/// An address that packets go to, which may be the name of a group.
pub(super) fn destination(table: &Reader<'_, '_>, key: &'static str) -> Option<Spanned<IpAddr>> {
    let text = table.value(key)?.get_ref().as_str();
    match text.and_then(|text| table.scope().group(text)) {
        Some(_) => group(table, key).map(|group| group.map(Group::addr)),
        None => table.address(key),
    }
}

/// A group of a list of them.
pub(super) fn listed_group(
    table: &Reader<'_, '_>,
    text: &Spanned<String>,
) -> Option<Spanned<Group>> {
    if let Some(named) = named(table, text) {
        return named;
    }
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

/// The group that the text names, if it can be a name; `Some(None)` if there is no such group, or none
/// that could be read.
pub(super) fn named(
    table: &Reader<'_, '_>,
    text: &Spanned<String>,
) -> Option<Option<Spanned<Group>>> {
    let scope = table.scope();
    if let Some(known) = scope.group(&text.value) {
        return Some(known.map(|value| Spanned { value, span: text.span.clone() }));
    }
    if !expr::is_name(&text.value) || text.value.contains('.') {
        return None;
    }
    let mut faults = table.faults().borrow_mut();
    if scope.group_names().next().is_none() {
        let message = format!("unknown group `{}`", text.value);
        let help = "write the group's address, or name it: a line `news = 1` below [groups]";
        faults.error_with_help(&text.span, message, "not known", help);
    } else {
        faults.unknown("group", &text.value, &text.span, scope.group_names());
    }
    Some(None)
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
