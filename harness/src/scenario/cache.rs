//! Reads claims about the kernel's tables: a router's forwarding cache, a switch's members.

use super::reader::Reader;
use super::span::Spanned;
use super::state::listed;
use super::values::{count, expression, group};
use super::{MdbClaim, MfcClaim, MfcCounters, MfcEntryClaim, MfcPresent};

/// The keys of an entry that exists.
const PRESENT: [&str; 5] = ["iif", "oifs", "packets", "bytes", "wrong-if"];

pub(super) fn mfc(outer: &Reader<'_, '_>, table: Option<Reader<'_, '_>>) -> Option<MfcClaim> {
    let at = outer.require("at", expression(outer, "at"));
    let table = table?;
    let of = table.require("of", table.string("of"));
    let group = table.require("group", group(&table, "group"));
    let source = table.require("source", table.string("source"));
    let absent = table.boolean("absent").is_some_and(|absent| absent.value);
    let present = if absent {
        table.know(&PRESENT);
        for span in PRESENT.into_iter().filter_map(|key| table.key_span(key)) {
            let message = "an absent entry has no interfaces and no counters";
            table.faults().borrow_mut().error(&span, message, "contradicts `absent = true`");
        }
        Some(None)
    } else {
        entry(&table).map(Some)
    };
    table.finish();
    Some(MfcClaim { of: of?, group: group?, source: source?, at: at?, present: present? })
}

/// Both interfaces, or counters, or all of them.
fn entry(table: &Reader<'_, '_>) -> Option<MfcPresent> {
    let (iif, oifs) = (table.string("iif"), table.strings("oifs"));
    let counters = MfcCounters {
        packets: count(table, "packets"),
        bytes: count(table, "bytes"),
        wrong_if: count(table, "wrong-if"),
    };
    let [has_iif, has_oifs, packets, bytes, wrong_if] =
        PRESENT.map(|key| table.value(key).is_some());
    let counts = packets || bytes || wrong_if;
    if counts && !has_iif && !has_oifs {
        return Some(MfcPresent { entry: None, counters });
    }
    let help = || Some("or `absent = true`, if there is to be no entry".to_owned());
    if !has_iif {
        table.lacks(vec!["iif", "absent"], "needs the key `iif`".to_owned(), help());
    }
    if !has_oifs {
        table.lacks(vec!["oifs", "absent"], "needs the key `oifs`".to_owned(), help());
    }
    let entry = Some(MfcEntryClaim { iif: iif?, oifs: oifs? });
    Some(MfcPresent { entry, counters })
}

pub(super) fn mdb(outer: &Reader<'_, '_>, table: Option<Reader<'_, '_>>) -> Option<MdbClaim> {
    let at = outer.require("at", expression(outer, "at"));
    let table = table?;
    let of = table.require("of", table.string("of"));
    let group = table.require("group", group(&table, "group"));
    let absent = table.boolean("absent").is_some_and(|absent| absent.value);
    let value = table.value("ports");
    let form = "a list, or a table such as { lan = { include = [\"s1\"] } }";
    let name = |link: &Spanned<String>| Some(link.clone());
    let ports =
        value.and_then(|value| listed(&table, ("ports", value), form, "the table of a port", name));
    match (absent, value, &ports) {
        (true, Some(_), _) => {
            let (message, span) = ("an absent entry has no ports", table.key_span("ports")?);
            table.faults().borrow_mut().error(&span, message, "contradicts `absent = true`");
        }
        (false, None, _) => {
            let help = "or `absent = true`, if there is to be no entry".to_owned();
            let sentence = "needs the key `ports`".to_owned();
            table.lacks(vec!["ports", "absent"], sentence, Some(help));
        }
        (false, Some(value), Some(ports)) if ports.is_empty() => {
            let (message, help) = ("an entry has at least one port", "write `absent = true`");
            table.faults().borrow_mut().error_with_help(&value.span(), message, "no port", help);
        }
        _ => {}
    }
    table.finish();
    let ports = if absent { None } else { Some(ports?) };
    Some(MdbClaim { of: of?, group: group?, at: at?, ports })
}
