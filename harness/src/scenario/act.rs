//! Reads the timeline.

use std::time::Duration;

use super::gap::Gap;
use super::ramp::ramp;
use super::reader::Reader;
use super::span::{Span, Spanned};
use super::values::{command, group, verb};
use super::{Act, Churn, Membership, Send, Verb, expr, inject, pace, set, sources};

/// The default number of payload octets.
const DEFAULT_PAYLOAD: usize = 64;
/// Default TTL: passes any chain a lab can build, dies in a loop.
const DEFAULT_TTL: u8 = 32;
/// The fastest rate that one timer can pace.
const FASTEST_PPS: u32 = 100_000;

const MEMBER: &str = "a table such as { who = \"h1\", group = \"239.1.1.1\" }";
const CHURN: &str =
    "a table such as { who = \"h1\", group = \"239.1.1.1\", rate = \"100/s\", stay = \"30s\" }";
const INTERFACE: &str = "a table such as { who = \"r1\", link = \"lan\" }";
const ROUTER: &str = "a table such as { who = \"r1\" }";

/// A verb: its key, what its table is called, what that looks like, and who reads it.
type VerbEntry = (&'static str, &'static str, &'static str, fn(Reader<'_, '_>) -> Option<Verb>);

const VERBS: [VerbEntry; 14] = [
    ("join", "`join`", MEMBER, |table| join(table).map(Verb::Join)),
    ("leave", "`leave`", MEMBER, |table| leave(table).map(Verb::Leave)),
    ("churn", "`churn`", CHURN, |table| churn(table).map(Verb::Churn)),
    (
        "send",
        "`send`",
        "a table such as { who = \"s1\", group = \"239.1.1.1\", rate = \"100pps\" }",
        |table| send(table).map(Verb::Send),
    ),
    ("stop", "`stop`", "a table such as { who = \"s1\" }", |table| who(table).map(Verb::Stop)),
    ("query", "`query`", "a table such as { who = \"q1\", max-resp = \"1s\" }", |table| {
        inject::query(table).map(Verb::Inject)
    }),
    ("report", "`report`", "a table such as { who = \"i1\", group = \"239.1.1.1\" }", |table| {
        inject::report(table).map(Verb::Inject)
    }),
    (
        "inject",
        "`inject`",
        "a table such as { who = \"i1\", kind = \"leave\", group = \"239.1.1.1\", ttl = 2 }",
        |table| inject::inject(table).map(Verb::Inject),
    ),
    ("down", "`down`", INTERFACE, |table| interface(table, false)),
    ("up", "`up`", INTERFACE, |table| interface(table, true)),
    ("kill", "`kill`", ROUTER, |table| who(table).map(Verb::Kill)),
    ("restart", "`restart`", ROUTER, |table| who(table).map(Verb::Restart)),
    (
        "set",
        "`set`",
        "a table such as { who = \"r1\", igmp = { query-interval = \"2s\" } }",
        |table| set::set(table).map(|set| Verb::Set(Box::new(set))),
    ),
    ("exec", "`exec`", "a table such as { who = \"h1\", command = [\"ip\", \"maddr\"] }", exec),
];

/// The act, with its repetitions; a faulty act leaves a gap.
pub(super) fn act(table: Reader<'_, '_>, gap: &mut Gap) -> Vec<Act> {
    let at = table.require("at", table.duration("at"));
    let name = table.string("name");
    if let Some(name) = name.as_ref().filter(|name| !is_act_name(&name.value)) {
        let message = format!("`{}` cannot be the name of an act", name.value);
        let label = "a letter, then letters, digits, - and _";
        table.faults().borrow_mut().error(&name.span, message, label);
        gap.add_unread();
    }
    let named = table.value("name").is_some();
    let form = "join = { who = \"h1\", group = \"239.1.1.1\" }";
    let words: Vec<&str> = VERBS.iter().map(|verb| verb.0).collect();
    let verb = verb(&table, &words, form).and_then(|verb| {
        let (_, what, form, read) = *VERBS.iter().find(|(word, ..)| *word == verb)?;
        read(table.table(verb, what, form)?)
    });
    let ramp = ramp(&table);
    let (Some(at), Some(verb), Some(ramp)) = (at, verb, ramp) else {
        table.finish();
        match name {
            Some(name) => gap.add(name.value),
            None if named => gap.add_unread(),
            None => gap.add_unnamed(),
        }
        return Vec::new();
    };
    if named && name.is_none() {
        gap.add_unread();
    }
    let act = Act { at, name, verb };
    let acts = match ramp {
        Some(ramp) => ramp.acts(act, &table),
        None => vec![act],
    };
    table.finish();
    acts
}

/// With a point the name would look like a router's interval.
fn is_act_name(text: &str) -> bool {
    expr::is_name(text) && !text.contains('.')
}

fn join(table: Reader<'_, '_>) -> Option<Membership> {
    let sources = sources::joined(&table);
    let refused = refused(&table);
    let membership = membership(table);
    Some(Membership { sources: sources?, refused, ..membership? })
}

/// The place of the key `refused`, if it says so.
fn refused(table: &Reader<'_, '_>) -> Option<Span> {
    table.boolean("refused").filter(|refused| refused.value).map(|refused| refused.span)
}

fn leave(table: Reader<'_, '_>) -> Option<Membership> {
    for key in ["from", "exclude", "source", "sources"] {
        if let Some((found, _)) = table.entries().find(|(found, _)| found.value == key) {
            let message = "a leave ends the whole membership";
            let help = "to change its sources, `join` again with `from` or `exclude`";
            let mut faults = table.faults().borrow_mut();
            faults.error_with_help(&found.span, message, "has no sources", help);
            table.know(&[key]);
        }
    }
    membership(table)
}

fn membership(table: Reader<'_, '_>) -> Option<Membership> {
    let who = table.require("who", table.string("who"));
    let group = table.require("group", group(&table, "group"));
    let link = table.string("link");
    let socket = table.whole("socket");
    let unread = table.value("socket").is_some() && socket.is_none();
    table.finish();
    (!unread).then_some(())?;
    Some(Membership { who: who?, group: group?, link, socket, sources: None, refused: None })
}

fn churn(table: Reader<'_, '_>) -> Option<Churn> {
    let who = table.require("who", table.string("who"));
    let group = table.require("group", group(&table, "group"));
    let form = "a rate such as \"100/s\"";
    let interval = table.require("rate", table.parsed("rate", form, |text| paced(text, "/s")));
    let stay = table.require("stay", table.duration("stay"));
    let during = table.duration("for");
    let sources = sources::joined(&table);
    for (short, why) in stay
        .iter()
        .map(|stay| (stay, "nobody would stay"))
        .chain(during.iter().map(|during| (during, "nobody would come")))
    {
        if short.value.is_zero() {
            table.faults().borrow_mut().error(&short.span, "a time of no length", why);
        }
    }
    table.finish();
    Some(Churn {
        who: who?,
        group: group?,
        sources: sources?,
        interval: interval?.value,
        stay: stay?,
        during,
    })
}

fn send(table: Reader<'_, '_>) -> Option<Send> {
    let who = table.require("who", table.string("who"));
    let group = table.require("group", group(&table, "group"));
    let link = table.string("link");
    let from_address = table.address("from-address");
    let form = "a rate such as \"100pps\" or \"2Mbit/s\"";
    let rate = table.require("rate", table.parsed("rate", form, rate));
    let during = table.duration("for");
    for during in during.iter().filter(|during| during.value.is_zero()) {
        table.faults().borrow_mut().error(&during.span, "a stream of no length", "sends nothing");
    }
    let refused = refused(&table);
    let ttl = table.integer::<u8>("ttl");
    let size = table.integer::<usize>("size");
    table.limit("size", size.as_ref(), |limits, _| {
        (format!("a payload has {limits} octets"), "does not fit".to_owned())
    });
    table.limit("ttl", ttl.as_ref(), |limits, _| {
        (format!("a TTL is {limits}"), "never sent".to_owned())
    });
    let size = match &size {
        Some(size) => Some(size.value),
        None => table.value("size").is_none().then_some(DEFAULT_PAYLOAD),
    };
    let interval = rate.and_then(|rate| interval(&table, rate, size?));
    table.finish();
    Some(Send {
        who: who?,
        group: group?,
        link,
        from_address,
        interval: interval?,
        during,
        ttl: ttl.map_or(DEFAULT_TTL, |ttl| ttl.value),
        size: size?,
        refused,
    })
}

fn who(table: Reader<'_, '_>) -> Option<Spanned<String>> {
    let who = table.require("who", table.string("who"));
    table.finish();
    who
}

fn interface(table: Reader<'_, '_>, up: bool) -> Option<Verb> {
    let who = table.require("who", table.string("who"));
    let link = table.require("link", table.string("link"));
    table.finish();
    Some(Verb::Interface { who: who?, link: link?, up })
}

fn exec(table: Reader<'_, '_>) -> Option<Verb> {
    let who = table.require("who", table.string("who"));
    let command = table.require("command", command(&table, "command"));
    table.finish();
    let command = command?.value.into_iter().map(|word| word.value).collect();
    Some(Verb::Exec { who: who?, command })
}

/// How fast a stream is.
#[derive(Clone, Copy)]
enum Rate {
    /// The time from one datagram to the next.
    Datagrams(Duration),
    /// Bits of payload in a second.
    Bits(u64),
}

fn rate(text: &str) -> Result<Rate, String> {
    match pace::bits(text) {
        Some(bits) => match bits? {
            0 => Err("sends nothing".to_owned()),
            bits => Ok(Rate::Bits(bits)),
        },
        None if text.trim().ends_with("pps") => paced(text, "pps").map(Rate::Datagrams),
        None => Err("the units are pps, bit/s, kbit/s, Mbit/s and Gbit/s".to_owned()),
    }
}

/// The time from one datagram of so many octets of payload to the next.
fn interval(table: &Reader<'_, '_>, rate: Spanned<Rate>, size: usize) -> Option<Spanned<Duration>> {
    let Spanned { value, span } = rate;
    let value = match value {
        Rate::Datagrams(interval) => interval,
        Rate::Bits(bits) => {
            let octets = size as u64;
            let nanos = octets * 8 * 1_000_000_000 / bits;
            let (slowest, fastest) = (octets * 8, octets * 8 * u64::from(FASTEST_PPS));
            if !(slowest..=fastest).contains(&bits) {
                let message = format!("a rate is 1pps to {FASTEST_PPS}pps");
                let label = format!("with a `size` of {size} {slowest}bit/s to {fastest}bit/s");
                table.faults().borrow_mut().error(&span, message, label);
                return None;
            }
            Duration::from_nanos(nanos)
        }
    };
    Some(Spanned { value, span })
}

/// Time from one to the next at a rate of so many a second.
fn paced(text: &str, unit: &str) -> Result<Duration, String> {
    let number = text.trim().strip_suffix(unit).ok_or_else(|| format!("the unit is {unit}"))?;
    let number = number.trim();
    let many: u32 = number.parse().map_err(|_| format!("`{number}` is not a whole number"))?;
    if many == 0 || many > FASTEST_PPS {
        return Err(format!("1{unit} to {FASTEST_PPS}{unit}"));
    }
    Ok(Duration::from_secs(1) / many)
}
