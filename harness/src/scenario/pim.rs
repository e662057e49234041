//! Reads the table `pim` of a router: its parameters of PIM, those of single links among them.

use castnet::addr::Family;
use ipnet::IpNet;
use toml::de::DeValue;

use super::Pim;
use super::entry::whole;
use super::reader::Reader;
use super::span::Spanned;
use crate::knobs::PimKnobs;
use crate::vocabulary::node::{DR_PRIORITY, SPT_SWITCHOVERS};

/// The DR Priority of a link without one of its own (RFC7761-4.3.1-05).
const PRIORITY: u32 = 1;

/// The table of a router; `Some(None)` if it speaks no PIM.
pub(super) fn pim(node: &Reader<'_, '_>) -> Option<Option<Box<Pim>>> {
    if node.value("pim").is_none() {
        return Some(None);
    }
    let before = node.faults().borrow().len();
    let table = node.table("pim", "`pim`", "a table such as {} or { hello-period = \"10s\" }")?;
    let defaults = PimKnobs::default();
    let [immediate, never] = SPT_SWITCHOVERS;
    let policies = [(immediate, true), (never, false)];
    let switches = table.word("spt-switchover", "policy", &policies);
    let time = |key, default| table.duration(key).map_or(default, |time| time.value);
    let knobs = PimKnobs {
        hello_period: time("hello-period", defaults.hello_period),
        triggered_hello_delay: time("triggered-hello-delay", defaults.triggered_hello_delay),
        propagation_delay: time("propagation-delay", defaults.propagation_delay),
        override_interval: time("override-interval", defaults.override_interval),
        join_prune_period: time("join-prune-period", defaults.join_prune_period),
        register_suppression_time: time(
            "register-suppression-time",
            defaults.register_suppression_time,
        ),
        register_probe_time: time("register-probe-time", defaults.register_probe_time),
        switches_to_spt: switches.map_or(defaults.switches_to_spt, |switches| switches.value),
    };
    let (dr_priority, dr_priorities) = priorities(&table);
    let rps = rps(&table);
    if table.faults().borrow().len() == before
        && let Err((key, why)) = knobs.check()
    {
        let span = table.value(key).map_or_else(|| table.span().clone(), |value| value.span());
        table.faults().borrow_mut().error(&span, format!("`{key}` cannot be this"), why);
    }
    let is_sound = node.faults().borrow().len() == before;
    table.finish();
    is_sound.then(|| Some(Box::new(Pim { knobs, dr_priority, dr_priorities, rps })))
}

/// The DR Priority of all links, and those of some.
fn priorities(table: &Reader<'_, '_>) -> (u32, Vec<(Spanned<String>, u32)>) {
    let Some(value) = table.value("dr-priority") else { return (PRIORITY, Vec::new()) };
    let one = |key: &str, value: &toml::Spanned<DeValue<'_>>| {
        whole::<u32>(key, value, &DR_PRIORITY.limits(), table.faults())
    };
    if value.get_ref().as_table().is_none() {
        let all = one("dr-priority", value).map_or(PRIORITY, |all| all.value);
        return (all, Vec::new());
    }
    let form = "a whole number, or a table such as { lan = 10 }";
    let Some(links) = Reader::of(value, "`dr-priority`", form, table.scope()) else {
        return (PRIORITY, Vec::new());
    };
    let of_link = |(link, value): (Spanned<String>, _)| {
        let priority = one(&link.value, value)?.value;
        Some((link, priority))
    };
    (PRIORITY, links.entries().filter_map(of_link).collect())
}

/// The RPs, each with its range of groups.
fn rps(table: &Reader<'_, '_>) -> Vec<(Option<IpNet>, Spanned<String>)> {
    let Some(value) = table.value("rp") else { return Vec::new() };
    if value.get_ref().as_table().is_none() {
        return table.string("rp").map(|rp| (None, rp)).into_iter().collect();
    }
    let form = "a router, or a table such as { \"239.1.0.0/16\" = \"r1\" }";
    let Some(ranges) = Reader::of(value, "`rp`", form, table.scope()) else { return Vec::new() };
    let of_range = |(range, value): (Spanned<String>, &toml::Spanned<DeValue<'_>>)| {
        let groups = groups(&range, table)?;
        let Some(rp) = value.get_ref().as_str() else {
            let message = format!("the RP of {groups} is a router or an address");
            table.faults().borrow_mut().error(&value.span(), message, "a string");
            return None;
        };
        Some((Some(groups), Spanned { value: rp.to_owned(), span: value.span() }))
    };
    ranges.entries().filter_map(of_range).collect()
}

/// A range of groups of the run's family.
fn groups(range: &Spanned<String>, table: &Reader<'_, '_>) -> Option<IpNet> {
    let net = range.value.parse::<IpNet>().ok().filter(|net| {
        let is_run = table.scope().family().is_none_or(|run| run == Family::of(net.addr()));
        is_run && net.network().is_multicast() && net.broadcast().is_multicast()
    });
    if net.is_none() {
        let message = format!("`{}` is no range of groups of this run", range.value);
        let label = "such as 239.1.0.0/16, or ff1e::/16 in IPv6";
        table.faults().borrow_mut().error(&range.span, message, label);
    }
    net
}
