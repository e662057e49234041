//! Reads the act `set`: changes of a node during the run.
//!
//! The plan checks which keys a node's role has.

use super::reader::Reader;
use super::speaks::speaks;
use super::{Set, inject, membership, node, threshold};
use crate::vocabulary::act::SET;

pub(super) fn set(table: Reader<'_, '_>) -> Option<Set> {
    let faults = table.faults();
    let before = faults.borrow().len();
    let who = table.require("who", table.string("who"));
    let membership = membership::settings(&table);
    let joins = node::static_joins(&table);
    let keys = SET.iter().filter_map(|row| Some((row.name, table.key_span(row.name)?))).collect();
    let set = who.map(|who| Set {
        who,
        link: table.string("link"),
        membership,
        ttl_threshold: threshold::threshold(&table),
        static_joins: table.value("static-joins").and(joins),
        igmp_version: speaks(&table).flatten(),
        query_interval: table.duration("query-interval"),
        max_resp: inject::max_resp(&table),
        query_response_interval: table.duration("query-response-interval"),
        last_member_interval: table.duration("last-member-interval"),
        last_member_count: table.integer("last-member-count"),
        snooping: table.boolean("snooping"),
        querier: table.boolean("querier"),
        keys,
    });
    table.know_all();
    table.finish();
    // A value that could not be read must not count as unchanged.
    set.filter(|_| faults.borrow().len() == before)
}
