//! The TTL threshold of a router's interfaces: one for all, or one for each link that it names.

use castnet::addr::Family;
use toml::de::DeValue;

use super::entry::whole;
use super::reader::Reader;
use super::span::Spanned;
use crate::vocabulary::node::THRESHOLD;

/// What is not given for a link (RFC 1075 has no other use for it).
pub(super) const DEFAULT: u8 = 1;

/// The key `ttl-threshold`: that of all links, and those of some.
pub(super) fn thresholds(node: &Reader<'_, '_>) -> (u8, Vec<(Spanned<String>, u8)>) {
    let Some(value) = node.value("ttl-threshold") else { return (DEFAULT, Vec::new()) };
    refuse_in_ipv6(node);
    if value.get_ref().as_table().is_none() {
        let all = one(node, "ttl-threshold", value).map_or(DEFAULT, |all| all.value);
        return (all, Vec::new());
    }
    let form = "a whole number, or a table such as { lan = 10 }";
    let Some(table) = Reader::of(value, "`ttl-threshold`", form, node.scope()) else {
        return (DEFAULT, Vec::new());
    };
    let of_link = |(link, value): (Spanned<String>, _)| {
        let threshold = one(&table, &link.value, value)?.value;
        Some((link, threshold))
    };
    (DEFAULT, table.entries().filter_map(of_link).collect())
}

/// The key `ttl-threshold` where it can only be one.
pub(super) fn threshold(table: &Reader<'_, '_>) -> Option<Spanned<u8>> {
    let value = table.value("ttl-threshold")?;
    refuse_in_ipv6(table);
    one(table, "ttl-threshold", value)
}

/// Linux forwards IPv6 without thresholds (`struct mif6ctl` of linux/mroute6.h).
fn refuse_in_ipv6(table: &Reader<'_, '_>) {
    if table.scope().family() == Some(Family::V6)
        && let Some(span) = table.key_span("ttl-threshold")
    {
        let message = "there are no TTL thresholds in IPv6";
        let label = "the kernel's routing of IPv6 has none";
        let help = "leave it out, or run the scenario in IPv4 alone";
        table.faults().borrow_mut().error_with_help(&span, message, label, help);
    }
}

fn one(
    table: &Reader<'_, '_>,
    key: &str,
    value: &toml::Spanned<DeValue<'_>>,
) -> Option<Spanned<u8>> {
    let ttl = whole::<u8>(key, value, &THRESHOLD.limits(), table.faults())?;
    if !THRESHOLD.allows(ttl.value.into()) {
        let message = format!("`{key}` is a whole number, {}", THRESHOLD.limits());
        let label = "nothing would differ, or nothing pass";
        table.faults().borrow_mut().error(&ttl.span, message, label);
    }
    Some(ttl)
}
