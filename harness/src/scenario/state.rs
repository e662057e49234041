//! Reads claims about routers' states: the querier of a link, and the groups with members.

use castnet::addr::Group;

use super::reader::Reader;
use super::span::Spanned;
use super::values::{expression, listed_group, window};
use super::{MembersClaim, QuerierClaim, When};

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
    let written = table.require("groups", table.strings("groups"));
    let groups: Option<Vec<Option<_>>> =
        written.map(|list| list.value.iter().map(|text| group(text, &table)).collect());
    table.finish();
    let groups = groups?.into_iter().collect::<Option<Vec<_>>>();
    Some(MembersClaim { of: of?, on: on?, groups: groups?, at: at? })
}

/// A group that routers forward.
fn group(text: &Spanned<String>, table: &Reader<'_, '_>) -> Option<Spanned<Group>> {
    let group = listed_group(table, text)?;
    // Routers themselves are members of such groups, which do not matter to forwarding.
    if group.value.is_link_local() {
        let message = format!("{} never leaves its link", group.value);
        let label = "groups in 224.0.0.0/24 are not looked at";
        table.faults().borrow_mut().error(&group.span, message, label);
    }
    Some(group)
}
