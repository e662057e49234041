//! Reads claims about routers' states: the querier of a link, and the groups with members.

use std::net::IpAddr;

use castnet::addr::Group;

use super::entry::Entry;
use super::reader::Reader;
use super::span::Spanned;
use super::values::{expression, listed_group, verb, window};
use super::{MembersClaim, MembersOf, QuerierClaim, When, sources};
use crate::vocabulary::claim::MEMBERS_OF;

pub(super) fn querier(
    outer: &Reader<'_, '_>,
    table: Option<Reader<'_, '_>>,
) -> Option<QuerierClaim> {
    let when = when(outer);
    let table = table?;
    let on = table.require("on", table.string("on"));
    let is = table.require("is", table.string("is"));
    table.finish();
    Some(QuerierClaim { on: on?, is: is?, when: when? })
}

/// `at`, or else `after` and `within`.
fn when(outer: &Reader<'_, '_>) -> Option<When> {
    let [at, after, within] = ["at", "after", "within"].map(|key| outer.key_span(key));
    if at.is_some() {
        for (key, span) in [("after", after), ("within", within)] {
            if let Some(span) = span {
                let message = format!("both `at` and `{key}` in one table");
                let label = "`at` is one moment, `after` and `within` a length of time";
                outer.faults().borrow_mut().error(&span, message, label);
            }
        }
        return expression(outer, "at").map(When::At);
    }
    if after.is_none() && within.is_none() {
        let sentence = "needs the key `at`, or `after` and `within`".to_owned();
        outer.lacks(vec!["at", "after", "within"], sentence, None);
        return None;
    }
    window(outer).map(When::Throughout)
}

pub(super) fn members(
    outer: &Reader<'_, '_>,
    table: Option<Reader<'_, '_>>,
) -> Option<MembersClaim> {
    let at = outer.require("at", expression(outer, "at"));
    let table = table?;
    let of = table.require("of", table.string("of"));
    let on = table.require("on", table.string("on"));
    let groups = groups(&table);
    table.finish();
    Some(MembersClaim { of: of?, on: on?, groups: groups?, at: at? })
}

/// The groups with members: a list of them, or a table with their sources.
fn groups(table: &Reader<'_, '_>) -> Option<Vec<(Spanned<Group>, Option<MembersOf>)>> {
    let value = table.require("groups", table.value("groups"))?;
    let form = "a list, or a table such as { \"239.1.1.1\" = { include = [\"s1\"] } }";
    listed(table, ("groups", value), form, "the table of a group", |name| group(name, table))
}

/// The entries of a key: a list of names, or a table of them with their sources.
pub(super) fn listed<T>(
    table: &Reader<'_, '_>,
    (key, value): (&'static str, Entry<'_, '_>),
    form: &str,
    what: &'static str,
    read: impl Fn(&Spanned<String>) -> Option<T>,
) -> Option<Vec<(T, Option<MembersOf>)>> {
    let entries: Vec<_> = if value.get_ref().as_table().is_none() {
        let written = table.strings(key)?;
        written.value.iter().map(|name| Some((read(name)?, None))).collect()
    } else {
        let named = Reader::of(value, key, form, table.scope())?;
        let entries = named.entries().map(|(name, value)| {
            let read = read(&name);
            let form = "a table such as { include = [\"s1\"] } or { exclude = [] }";
            let sources = Reader::of(value, what, form, table.scope());
            let sources = sources.and_then(|of| members_of(of.with(MEMBERS_OF)));
            Some((read?, Some(sources?)))
        });
        entries.collect()
    };
    entries.into_iter().collect()
}

fn members_of(table: Reader<'_, '_>) -> Option<MembersOf> {
    let form = "include = [\"s1\"], or exclude = []";
    let mode = verb(&table, &["include", "exclude"], form);
    let Some(mode) = mode else {
        table.know(&["requested"]);
        table.finish();
        return None;
    };
    let listed = sources::list(&table, mode);
    // In INCLUDE mode the timers of all sources run.
    let requested = match (mode, table.value("requested")) {
        ("exclude", Some(_)) => Some(sources::list(&table, "requested").map(|list| list.value)),
        (_, None) => None,
        (_, Some(value)) => {
            let message = "`requested` goes with `exclude`";
            let label = "in INCLUDE mode these are the included ones";
            table.faults().borrow_mut().error(&value.span(), message, label);
            return None;
        }
    };
    table.finish();
    let requested = match requested {
        None => None,
        Some(read) => Some(read?),
    };
    Some(MembersOf { excluded: mode == "exclude", listed: listed?.value, requested })
}

/// A group that routers forward.
fn group(text: &Spanned<String>, table: &Reader<'_, '_>) -> Option<Spanned<Group>> {
    let group = listed_group(table, text)?;
    // Routers themselves are members of such groups, which do not matter to forwarding.
    if group.value.is_link_local() {
        let message = format!("{} never leaves its link", group.value);
        let label = match group.value.addr() {
            IpAddr::V4(_) => "groups in 224.0.0.0/24 are not looked at",
            IpAddr::V6(_) => "groups in ff02::/16 are not looked at",
        };
        table.faults().borrow_mut().error(&group.span, message, label);
    }
    Some(group)
}
