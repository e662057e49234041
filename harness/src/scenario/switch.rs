//! Reads the keys of a switch: a bridge that snoops IGMP, and may be a querier.
//!
//! Its intervals are a router's [`Knobs`], so that expressions know them by equal names. Times that
//! follow from them (the life of a membership, the end of another querier) are the RFC's arithmetic
//! and have no keys.

use std::time::Duration;

use castnet::addr::Family;

use super::Switch;
use super::reader::Reader;
use super::speaks::speaks;

use crate::knobs::{DEFAULT_HASH_MAX, Invalid, Knobs, SwitchKnobs, switch_version};

/// The shortest interval between Queries that a Linux bridge takes (net/bridge/br_multicast.c).
const SHORTEST: Duration = Duration::from_secs(1);

pub(super) fn switch(table: &Reader<'_, '_>) -> Option<Switch> {
    let yes = |key, default| table.boolean(key).map_or(default, |given| given.value);
    let snooping = yes("snooping", true);
    let querier = yes("querier", false);
    if let (true, false, Some(span)) = (querier, snooping, table.key_span("querier")) {
        let message = "a switch without snooping sends no Queries";
        let label = "contradicts `snooping = false`";
        table.faults().borrow_mut().error(&span, message, label);
    }
    let version = speaks(table)?;
    table.limit("igmp-version", version.as_ref(), |limits, found| {
        (format!("`igmp-version` of a switch is {limits}"), format!("found {found}"))
    });
    let fast_leave = table.strings("fast-leave").map_or_else(Vec::new, |links| links.value);
    let version = switch_version(version.map_or(2, |version| version.value));
    let max_entries = most(table, "max-entries").unwrap_or(DEFAULT_HASH_MAX);
    let port_max_entries = most(table, "max-entries-per-port");
    let igmp = intervals(table)?;
    let knobs = SwitchKnobs { snooping, querier, version, igmp, max_entries, port_max_entries };
    Some(Switch { knobs, fast_leave })
}

/// A limit of the database of members.
fn most(table: &Reader<'_, '_>, key: &'static str) -> Option<u32> {
    let given = table.integer::<u32>(key)?;
    if given.value == 0 {
        let message = format!("`{key}` is at least 1");
        table.faults().borrow_mut().error(&given.span, message, "no entry fits");
    }
    Some(given.value)
}

fn intervals(table: &Reader<'_, '_>) -> Option<Knobs> {
    let before = table.faults().borrow().len();
    let defaults = Knobs::of_a_bridge(table.scope().family().unwrap_or(Family::V4));
    let time = |key, default| table.duration(key).map_or(default, |time| time.value);
    let knobs = Knobs {
        query_interval: time("query-interval", defaults.query_interval),
        query_response_interval: time("query-response-interval", defaults.query_response_interval),
        last_member_query_interval: time(
            "last-member-interval",
            defaults.last_member_query_interval,
        ),
        last_member_query_count: table.integer::<u8>("last-member-count").map(|count| count.value),
        ..defaults
    };
    // A value that could not be read must not count as the default.
    if table.faults().borrow().len() != before {
        return None;
    }
    match complete(knobs) {
        Ok(knobs) => Some(knobs),
        Err((keys, message, label)) => {
            let span = keys.iter().find_map(|key| Some(table.value(key)?.span()));
            let span = span.unwrap_or_else(|| table.span().clone());
            table.faults().borrow_mut().error(&span, message, label);
            None
        }
    }
}

/// The intervals with the startup interval, or why no bridge could have them: the keys concerned,
/// their limits, and the reason.
pub(crate) fn complete(
    mut knobs: Knobs,
) -> Result<Knobs, (Vec<&'static str>, String, &'static str)> {
    if knobs.query_interval < SHORTEST {
        let message = "`query-interval` of a switch is at least 1s".to_owned();
        return Err((vec!["query-interval"], message, "no bridge asks so often"));
    }
    // The startup interval of a bridge has the same least value.
    knobs.startup_query_interval = Some(knobs.startup_query_interval().max(SHORTEST));
    match knobs.check() {
        Ok(()) => Ok(knobs),
        Err(invalid) => {
            let (keys, message) = in_own_words(&invalid);
            Err((keys, message, "not possible"))
        }
    }
}

/// The keys that a rule is about, and the rule with a switch's names for them.
fn in_own_words(invalid: &Invalid) -> (Vec<&'static str>, String) {
    let own = |key: &'static str| match key {
        "last-member-query-interval" => "last-member-interval",
        "last-member-query-count" => "last-member-count",
        key => key,
    };
    let message = invalid.to_string().replace("last-member-query-", "last-member-");
    (invalid.keys().into_iter().map(own).collect(), message)
}
