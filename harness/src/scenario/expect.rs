//! Reads expectations.

use super::expr;
use super::reader::Reader;
use super::values::{count, expression, group, optional, verb, window};
use super::{
    Claim, Delivered, DeliveryClaim, Expectation, LatencyClaim, cache, clauses, command, packet,
    quality, state,
};
use crate::vocabulary::claim::{FROM, SINCE, all_keys, keys};

/// The verbs of claims.
const VERBS: [&str; 8] =
    ["packet", "order", "delivery", "mfc", "mdb", "querier", "members", "command"];

/// The verbs of claims about deliveries.
const DELIVERED: [&str; 11] = [
    "received",
    "exactly-once",
    "none-after",
    "ttl",
    "loss",
    "gap",
    "outage",
    "reordered",
    "jitter",
    "join-latency",
    "leave-latency",
];

pub(super) fn expect(table: Reader<'_, '_>) -> Option<Expectation> {
    let form = "delivery = { to = \"h1\", group = \"239.1.1.1\" }";
    table.has(all_keys());
    let verb = verb(&table, &VERBS, form);
    if let Some(verb) = verb {
        table.has(keys(verb));
    }
    let read = |verb, what, form| table.table(verb, what, form);
    let claim = match verb {
        Some("packet") => {
            table.is("an expectation of `packet`");
            let form = "a table such as { on = \"lan\", kind = \"query\" }";
            let value = read("packet", "`packet`", form);
            packet::packet(&table, value).map(|packet| Claim::Packet(Box::new(packet)))
        }
        Some("order") => {
            table.is("an expectation of `order`");
            packet::order(&table).map(Claim::Order)
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
        Some("command") => {
            table.is("an expectation of `command`");
            let form = "a table such as { act = \"probe\", exit = 0 }";
            let value = read("command", "`command`", form);
            command::command(&table, value).map(|command| Claim::Command(Box::new(command)))
        }
        Some("mdb") => {
            table.is("an expectation of `mdb`");
            let form = "a table such as { of = \"sw\", group = \"239.1.1.1\", ports = [\"c1\"] }";
            let value = read("mdb", "`mdb`", form);
            cache::mdb(&table, value).map(Claim::Mdb)
        }
        Some(_) => {
            table.is("an expectation of `mfc`");
            let form = "a table such as { of = \"r1\", group = \"239.1.1.1\", source = \"s1\", \
                        iif = \"up\", oifs = [\"lan\"] }";
            let value = read("mfc", "`mfc`", form);
            cache::mfc(&table, value).map(|mfc| Claim::Mfc(Box::new(mfc)))
        }
        None => {
            // Without a verb any of these keys may belong here.
            table.know_all();
            None
        }
    };
    let (span, proves) = (table.span().clone(), clauses::proves(&table));
    table.finish();
    Some(Expectation { span, proves, claim: claim? })
}

fn delivery(outer: &Reader<'_, '_>, table: Option<Reader<'_, '_>>) -> Option<DeliveryClaim> {
    let what = delivered(outer);
    let table = table?;
    let to = table.require("to", table.string("to"));
    let group = table.require("group", group(&table, "group"));
    let from = table.spelling(&FROM).and_then(|key| table.string(key));
    table.finish();
    Some(DeliveryClaim { to: to?, group: group?, from, what: what? })
}

fn delivered(outer: &Reader<'_, '_>) -> Option<Delivered> {
    let Some(verb) = verb(outer, &DELIVERED, "exactly-once = true") else {
        outer.know(&["after", "within", "for", "since"]);
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
        "ttl" => {
            outer.is("an expectation of `delivery` with `ttl`");
            let (ttl, window) = (count(outer, "ttl"), window(outer));
            Some(Delivered::Ttl(ttl?, window?))
        }
        "join-latency" => {
            outer.is("an expectation of `delivery` with `join-latency`");
            latency(outer, "join-latency").map(Delivered::Latency)
        }
        "leave-latency" => {
            outer.is("an expectation of `delivery` with `leave-latency`");
            latency(outer, "leave-latency").map(Delivered::Latency)
        }
        "loss" | "gap" | "outage" | "reordered" | "jitter" => quality::quality(outer, verb),
        _ => {
            outer.is("an expectation of `delivery` with `none-after`");
            let (from, during) = (expression(outer, "none-after"), optional(outer, "for"));
            Some(Delivered::NoneAfter { from: from?, during: during? })
        }
    }
}

fn latency(outer: &Reader<'_, '_>, key: &'static str) -> Option<LatencyClaim> {
    let form = "a limit such as \"<= 50ms\", \">= LMQT - 20ms\" or \"1s..LMQT\"";
    let limit = outer.parsed(key, form, expr::parse_limit);
    let after = outer.string("after");
    let since = outer.word("since", "beginning", &[(SINCE[0], false), (SINCE[1], true)]);
    let unread = |key, read: bool| outer.value(key).is_some() && !read;
    if unread("after", after.is_some()) || unread("since", since.is_some()) {
        return None;
    }
    let from_wire = since.is_some_and(|since| since.value);
    Some(LatencyClaim { is_join: key == "join-latency", limit: limit?, after, from_wire })
}
