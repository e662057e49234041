//! What must come true.

use super::act::verb;
use super::diagnostic::Spanned;
use super::expr::{self, CountExpr, Expr};
use super::parse::group;
use super::reader::Reader;
use super::state;
use super::{
    Claim, Delivered, DeliveryClaim, Expectation, MdbClaim, MfcClaim, MfcEntryClaim, PacketClaim,
    PacketKind, Window,
};

/// What can be claimed.
const VERBS: [&str; 6] = ["packet", "delivery", "mfc", "mdb", "querier", "members"];

/// What can be claimed of a delivery.
const DELIVERED: [&str; 3] = ["received", "exactly-once", "none-after"];

pub(super) fn expect(table: Reader<'_, '_>) -> Option<Expectation> {
    let form = "delivery = { to = \"h1\", group = \"239.1.1.1\" }";
    let verb = verb(&table, &VERBS, form);
    let read = |verb, what, form| {
        let value = table.value(verb)?;
        Reader::of(value, what, form, table.faults())
    };
    let claim = match verb {
        Some("packet") => {
            table.is("an expectation of `packet`");
            let form = "a table such as { on = \"lan\", kind = \"query\" }";
            let value = read("packet", "`packet`", form);
            packet(&table, value).map(|packet| Claim::Packet(Box::new(packet)))
        }
        Some("delivery") => {
            table.is("an expectation of `delivery`");
            let form = "a table such as { to = \"h1\", group = \"239.1.1.1\" }";
            let value = read("delivery", "`delivery`", form);
            delivery(&table, value).map(Claim::Delivery)
        }
        Some("querier") => {
            table.is("an expectation of `querier`");
            let value =
                read("querier", "`querier`", "a table such as { on = \"lan\", is = \"r1\" }");
            state::querier(&table, value).map(Claim::Querier)
        }
        Some("members") => {
            table.is("an expectation of `members`");
            let form = "a table such as { of = \"r1\", on = \"lan\", groups = [\"239.1.1.1\"] }";
            let value = read("members", "`members`", form);
            state::members(&table, value).map(Claim::Members)
        }
        Some("mdb") => {
            table.is("an expectation of `mdb`");
            let form = "a table such as { of = \"sw\", group = \"239.1.1.1\", ports = [\"c1\"] }";
            let value = read("mdb", "`mdb`", form);
            mdb(&table, value).map(Claim::Mdb)
        }
        Some(_) => {
            table.is("an expectation of `mfc`");
            let form = "a table such as { of = \"r1\", group = \"239.1.1.1\", source = \"s1\", \
                        iif = \"up\", oifs = [\"lan\"] }";
            let value = read("mfc", "`mfc`", form);
            mfc(&table, value).map(Claim::Mfc)
        }
        None => {
            // Without its verb nobody can tell which of them belong here.
            table.know(&["count", "spacing", "after", "within", "at", "for"]);
            table.know(&DELIVERED);
            None
        }
    };
    let span = table.span().clone();
    table.finish();
    Some(Expectation { span, claim: claim? })
}

fn packet(outer: &Reader<'_, '_>, table: Option<Reader<'_, '_>>) -> Option<PacketClaim> {
    let count = outer.require("count", count(outer, "count"));
    let spacing = optional(outer, "spacing");
    let window = window(outer);
    let table = table?;
    let on = table.require("on", table.string("on"));
    let kind = table.require("kind", kind(&table));
    let claim = (
        group(&table, "group"),
        table.string("from"),
        table.address("to"),
        table.integer("ttl", "0 to 255"),
        table.boolean("router-alert"),
        optional(&table, "max-resp"),
    );
    table.finish();
    let (group, from, to, ttl, router_alert, max_resp) = claim;
    Some(PacketClaim {
        on: on?,
        kind: kind?,
        group,
        from,
        to,
        ttl,
        router_alert,
        max_resp: max_resp?,
        count: count?,
        spacing: spacing?,
        window: window?,
    })
}

fn kind(table: &Reader<'_, '_>) -> Option<Spanned<PacketKind>> {
    let word = table.string("kind")?;
    let known = PacketKind::WORDS.iter().find(|(text, _)| *text == word.value);
    if known.is_none() {
        let words = PacketKind::WORDS.iter().map(|(text, _)| *text);
        table.faults().borrow_mut().unknown("kind of packet", &word.value, &word.span, words);
    }
    Some(Spanned { value: known?.1, span: word.span })
}

fn delivery(outer: &Reader<'_, '_>, table: Option<Reader<'_, '_>>) -> Option<DeliveryClaim> {
    let what = delivered(outer);
    let table = table?;
    let to = table.require("to", table.string("to"));
    let group = table.require("group", group(&table, "group"));
    let from = table.string("from");
    table.finish();
    Some(DeliveryClaim { to: to?, group: group?, from, what: what? })
}

fn delivered(outer: &Reader<'_, '_>) -> Option<Delivered> {
    let Some(verb) = verb(outer, &DELIVERED, "exactly-once = true") else {
        outer.know(&["after", "within", "for"]);
        return None;
    };
    match verb {
        "received" => {
            outer.is("an expectation of `delivery` with `received`");
            let (count, window) = (count(outer, "received"), window(outer));
            Some(Delivered::Received(count?, window?))
        }
        "exactly-once" => {
            outer.is("an expectation of `delivery` with `exactly-once`");
            let window = window(outer);
            let yes = outer.boolean("exactly-once")?;
            if !yes.value {
                let message = "`exactly-once = false` claims nothing";
                let help = "leave it out, or claim a number with `received`";
                outer.faults().borrow_mut().error_with_help(&yes.span, message, "not true", help);
            }
            Some(Delivered::ExactlyOnce(window?))
        }
        _ => {
            outer.is("an expectation of `delivery` with `none-after`");
            let (from, during) = (expression(outer, "none-after"), optional(outer, "for"));
            Some(Delivered::NoneAfter { from: from?, during: during? })
        }
    }
}

fn mfc(outer: &Reader<'_, '_>, table: Option<Reader<'_, '_>>) -> Option<MfcClaim> {
    let at = outer.require("at", expression(outer, "at"));
    let table = table?;
    let of = table.require("of", table.string("of"));
    let group = table.require("group", group(&table, "group"));
    let source = table.require("source", table.string("source"));
    let absent = table.boolean("absent").is_some_and(|absent| absent.value);
    let (iif, oifs) = (table.string("iif"), table.strings("oifs"));
    let entry = if absent {
        for key in ["iif", "oifs"] {
            if let Some(span) = table.key_span(key) {
                let message = "an absent entry has no interfaces";
                table.faults().borrow_mut().error(&span, message, "contradicts `absent = true`");
            }
        }
        None
    } else {
        let help = || Some("or `absent = true`, if there is to be no entry".to_owned());
        if iif.is_none() && table.value("iif").is_none() {
            table.lacks(vec!["iif", "absent"], "needs the key `iif`".to_owned(), help());
        }
        if oifs.is_none() && table.value("oifs").is_none() {
            table.lacks(vec!["oifs", "absent"], "needs the key `oifs`".to_owned(), help());
        }
        Some((iif, oifs))
    };
    table.finish();
    let entry = match entry {
        Some((iif, oifs)) => Some(MfcEntryClaim { iif: iif?, oifs: oifs? }),
        None => None,
    };
    Some(MfcClaim { of: of?, group: group?, source: source?, at: at?, entry })
}

fn mdb(outer: &Reader<'_, '_>, table: Option<Reader<'_, '_>>) -> Option<MdbClaim> {
    let at = outer.require("at", expression(outer, "at"));
    let table = table?;
    let of = table.require("of", table.string("of"));
    let group = table.require("group", group(&table, "group"));
    let absent = table.boolean("absent").is_some_and(|absent| absent.value);
    let (ports, key) = (table.strings("ports"), table.key_span("ports"));
    match (absent, &key, &ports) {
        (true, Some(span), _) => {
            let message = "an absent entry has no ports";
            table.faults().borrow_mut().error(span, message, "contradicts `absent = true`");
        }
        (false, None, _) => {
            let help = "or `absent = true`, if there is to be no entry".to_owned();
            let sentence = "needs the key `ports`".to_owned();
            table.lacks(vec!["ports", "absent"], sentence, Some(help));
        }
        (false, Some(_), Some(ports)) if ports.value.is_empty() => {
            let (message, help) = ("an entry has at least one port", "write `absent = true`");
            table.faults().borrow_mut().error_with_help(&ports.span, message, "no port", help);
        }
        _ => {}
    }
    table.finish();
    let ports = if absent { None } else { Some(ports?) };
    Some(MdbClaim { of: of?, group: group?, at: at?, ports })
}

pub(super) fn window(outer: &Reader<'_, '_>) -> Option<Window> {
    let (after, within) = (optional(outer, "after"), optional(outer, "within"));
    Some(Window { after: after?, within: within? })
}

/// `Some(None)` if the key is not there, `None` if what is there is no expression.
fn optional(table: &Reader<'_, '_>, key: &'static str) -> Option<Option<Spanned<Expr>>> {
    match table.value(key) {
        None => Some(None),
        Some(_) => expression(table, key).map(Some),
    }
}

pub(super) fn expression(table: &Reader<'_, '_>, key: &'static str) -> Option<Spanned<Expr>> {
    let form = match key {
        "at" | "after" | "none-after" => "a moment such as \"leave + LMQT\"",
        _ => "a length of time such as \"2*LMQI + 100ms\"",
    };
    table.parsed(key, form, expr::parse)
}

/// A count is a number or an expression.
fn count(table: &Reader<'_, '_>, key: &'static str) -> Option<Spanned<CountExpr>> {
    let value = table.value(key)?;
    if value.get_ref().is_integer() {
        let number = table.integer::<u32>(key, "0 or more")?;
        let count = expr::parse_count(&number.value.to_string()).ok()?;
        return Some(Spanned { value: count, span: number.span });
    }
    table.parsed(key, "a count such as 2, \"LMQC\", \">= 1\" or \"1..3\"", expr::parse_count)
}
