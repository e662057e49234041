//! Reads the act `set`: changes of a node during the run.
//!
//! The plan checks which keys a node's role has.

use super::reader::Reader;
use super::span::Spanned;
use super::{Set, igmp, inject, node, threshold};

/// The keys of all roles.
const KEYS: [&str; 12] = [
    "link",
    "igmp",
    "ttl-threshold",
    "static-joins",
    "igmp-version",
    "query-interval",
    "max-resp",
    "query-response-interval",
    "last-member-interval",
    "last-member-count",
    "snooping",
    "querier",
];

pub(super) fn set(table: Reader<'_, '_>) -> Option<Set> {
    let faults = table.faults();
    let before = faults.borrow().len();
    let who = table.require("who", table.string("who"));
    let igmp = table.value("igmp").and_then(|value| {
        let settings = igmp::settings(&table)?;
        Some(Spanned { value: settings, span: value.span() })
    });
    let joins = node::static_joins(&table);
    let keys = KEYS.iter().filter_map(|key| Some((*key, table.key_span(key)?))).collect();
    let set = who.map(|who| Set {
        who,
        link: table.string("link"),
        igmp,
        ttl_threshold: threshold::threshold(&table),
        static_joins: table.value("static-joins").and(joins),
        igmp_version: table.integer("igmp-version"),
        query_interval: table.duration("query-interval"),
        max_resp: inject::max_resp(&table),
        query_response_interval: table.duration("query-response-interval"),
        last_member_interval: table.duration("last-member-interval"),
        last_member_count: table.integer("last-member-count"),
        snooping: table.boolean("snooping"),
        querier: table.boolean("querier"),
        keys,
    });
    table.know(&KEYS);
    table.finish();
    // A value that could not be read must not count as unchanged.
    set.filter(|_| faults.borrow().len() == before)
}
