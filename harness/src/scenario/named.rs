//! `[groups]`: names for groups, which stand wherever the address of a group stands.
//!
//! `news = 1` is 239.1.0.1 or ff1e::1:1, by the family of the run, and `chan = { ssm = 1 }` is 232.1.0.1 or
//! ff3e::8000:1, a group of source-specific multicast (RFC 4607 section 1). Both have the number in
//! their last 16 bits. `news = { ipv4 = "239.1.1.1", ipv6 = "ff1e::101" }` names an address of each family.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use castnet::addr::{Family, Group};
use toml::de::DeValue;

use super::entry::{mismatch, string, whole};
use super::reader::Reader;
use super::scope::Named;
use super::span::Spanned;
use super::{expr, family};
use crate::vocabulary::file::{FAMILIES, NAMED_GROUP};

type Entry<'t, 'i> = &'t toml::Spanned<DeValue<'i>>;

const FORM: &str = "a number, a group's address, or a table such as { ipv4 = \"239.1.1.1\", ipv6 = \
                    \"ff1e::101\" } or { ssm = 1 }";

/// Reads the table `[groups]`; empty without it.
pub(super) fn groups(file: &Reader<'_, '_>) -> Named {
    let Some(value) = file.value("groups") else { return Named::new() };
    let form = "a table of names: news = 1, and so on";
    let Some(table) = Reader::of(value, "[groups]", form, file.scope()) else {
        return Named::new();
    };
    let named = table.entries().map(|(name, value)| {
        if !expr::is_name(&name.value) || name.value.contains('.') {
            let message = format!("`{}` cannot be the name of a group", name.value);
            let label = "a letter, then letters, digits, - and _";
            table.faults().borrow_mut().error(&name.span, message, label);
        }
        let group = group(&table, &name, value);
        (name.value, group)
    });
    named.collect()
}

fn group(outer: &Reader<'_, '_>, name: &Spanned<String>, value: Entry<'_, '_>) -> Option<Group> {
    let run = outer.scope().family()?;
    match value.get_ref() {
        DeValue::Integer(_) => numbered(outer, &name.value, value, false, run),
        DeValue::String(_) => address(outer, value, run),
        DeValue::Table(_) => {
            let table = Reader::of(value, "a group", FORM, outer.scope())?.with(NAMED_GROUP);
            let read = of_table(&table, name, run);
            table.finish();
            read
        }
        _ => {
            mismatch(outer.faults(), value, &format!("a group is {FORM}"));
            None
        }
    }
}

fn of_table(table: &Reader<'_, '_>, name: &Spanned<String>, run: Family) -> Option<Group> {
    let ssm = table.value("ssm");
    // Both are checked in every run, so that a fault in one is not hidden by the other.
    let of_family = [Family::V4, Family::V6].map(|of| {
        let key = FAMILIES[of as usize];
        table.value(key).map(|value| (of, address(table, value, of)))
    });
    if let Some(value) = ssm {
        if of_family.iter().any(Option::is_some) {
            let message = "`ssm` is a number from which the addresses follow";
            let span = value.span();
            table.faults().borrow_mut().error(&span, message, "beside an address");
            return None;
        }
        return numbered(table, "ssm", value, true, run);
    }
    let own = of_family.into_iter().flatten().find(|(of, _)| *of == run);
    if own.is_none() {
        let message = format!("the group {} has no address of {run}", name.value);
        let help =
            format!("add `{} = \"...\"`, or give it a number instead", FAMILIES[run as usize]);
        let mut faults = table.faults().borrow_mut();
        faults.error_with_help(table.span(), message, format!("this run is of {run}"), help);
    }
    own?.1
}

/// An address that must be a group's, of this family.
fn address(table: &Reader<'_, '_>, value: Entry<'_, '_>, of: Family) -> Option<Group> {
    let form = family::Form::Group;
    let text = string(value, &format!("a group is {FORM}"), table.faults())?;
    let message = format!("{} is not {}", text.value, form.words(Some(of)));
    let told = |refusal| {
        let mut faults = table.faults().borrow_mut();
        match refusal {
            family::Refusal::Malformed => {
                faults.error(&text.span, message, form.label(Some(of)));
            }
            family::Refusal::Other(other) => {
                let message = format!("{} is of {other}", text.value);
                faults.error(&text.span, message, format!("an address of {of} is wanted here"));
            }
        }
    };
    family::group(&text.value, Some(of)).map_err(told).ok()
}

/// The group with this number, in a range for use by anybody or in that of source-specific multicast.
fn numbered(
    table: &Reader<'_, '_>,
    key: &str,
    value: Entry<'_, '_>,
    is_ssm: bool,
    run: Family,
) -> Option<Group> {
    const LIMITS: &str = "1 to 65535";
    let number = whole::<u16>(key, value, LIMITS, table.faults())?;
    if number.value == 0 {
        let message = format!("`{key}` is a whole number, {LIMITS}");
        table.faults().borrow_mut().error(&number.span, message, "found 0");
        return None;
    }
    let [high, low] = number.value.to_be_bytes();
    let address: IpAddr = match (run, is_ssm) {
        (Family::V4, false) => Ipv4Addr::new(239, 1, high, low).into(),
        (Family::V4, true) => Ipv4Addr::new(232, 1, high, low).into(),
        (Family::V6, false) => Ipv6Addr::new(0xff1e, 0, 0, 0, 0, 0, 1, number.value).into(),
        (Family::V6, true) => Ipv6Addr::new(0xff3e, 0, 0, 0, 0, 0, 0x8000, number.value).into(),
    };
    Group::new(address)
}
