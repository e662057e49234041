//! Links and nodes.

use std::time::Duration;

use humantime::format_duration;
use serde_json::{Value, json};

use super::super::Backend;
use super::super::generate::{MOST_CHILDREN, MOST_LEVELS, MOST_ROUTERS};
use super::super::node::{KEEPALIVE, MOST_HOSTS, PROCESS};
use super::key::Kind::{
    Address, Defined, Flag, Group, Like, Link, List, Named, Network, Node, Numbers, OneOrMore,
    OneOrNamed, Table, Tables, Text, Time, Whole, Words,
};
use super::key::{Key, table};
use crate::knobs::{HostKnobs, Knobs};

fn time(duration: Duration) -> String {
    format_duration(duration).to_string()
}

/// `lan = ["r1", "h1"]`, or a table.
pub(super) fn link() -> Value {
    let nodes = "The nodes on it, in the order of their addresses.";
    let whole = table(&[
        Key::needed("nodes", List(Box::new(Node)), nodes),
        Key::new("subnet", Network, "Its network; by default the n-th link is 10.0.n.0/24."),
        Key::new(
            "addresses",
            Named(Box::new(OneOrMore(Box::new(Address)))),
            "Addresses of some nodes, the primary one first; the others get what is free.",
        ),
        Key::new("delay", Time, "How long a frame is under way; none unless given."),
        Key::new(
            "bandwidth",
            Like("10Mbps"),
            "What each port can send; without a limit unless given.",
        ),
    ]);
    let list = json!({ "type": "array", "items": { "type": "string" }, "description": nodes });
    json!({ "anyOf": [list, whole] })
}

/// `[backends]`
pub(super) fn backends() -> Vec<Key> {
    let words = Backend::WORDS.iter().map(|(word, _)| *word).collect();
    vec![
        Key::needed("only", List(Box::new(Words(words))), "Those that it runs on."),
        Key::needed("because", Text, "Why on no other."),
    ]
}

/// `[generate]`
pub(super) fn generate() -> Vec<Key> {
    let shape = |own: &[(&'static str, u64, &'static str)]| {
        let own = own.iter().map(|&(name, most, about)| Key::needed(name, Whole(1, most), about));
        let hosts = Whole(0, MOST_HOSTS.into());
        own.chain([
            Key::new("hosts", hosts, "How many hosts a router has, if it has some.").or(0),
            Key::new("group", Group, "A group that is carried down to all routers."),
        ])
        .collect()
    };
    let routers = MOST_ROUTERS as u64;
    let chain = shape(&[("routers", routers, "How many routers.")]);
    let tree = shape(&[
        ("fan-out", MOST_CHILDREN as u64, "How many routers are below each."),
        ("depth", MOST_LEVELS as u64, "How many levels of routers there are."),
    ]);
    let grid = shape(&[
        ("rows", routers, "How many rows of routers."),
        ("columns", routers, "How many routers in a row."),
    ]);
    vec![
        Key::new("chain", Table(chain), "Each router is below the one before it."),
        Key::new("tree", Table(tree), "Levels of routers; the last ones have hosts."),
        Key::new("grid", Table(grid), "Routers in rows, linked with all neighbours."),
        Key::new("lan", Table(shape(&[])), "One router and one link."),
        Key::new("igmp", Defined("igmp"), "The IGMP parameters of all routers."),
        Key::new("igmp-version", Whole(1, 3), "Holds the kernels of all hosts to a version."),
    ]
}

/// The IGMP parameters of a router.
pub(super) fn igmp() -> Vec<Key> {
    let it = Knobs::default();
    vec![
        Key::new("rfc", Numbers(&[2236, 3376, 9776]), "Whose formulas apply.").or(2236),
        Key::new("version", Numbers(&[1, 2]), "The version spoken.").or(2),
        Key::new("robustness", Whole(1, 255), "RV, the Robustness Variable.").or(it.robustness),
        Key::new("query-interval", Time, "QI: from one General Query to the next.")
            .or(time(it.query_interval)),
        Key::new("query-response-interval", Time, "QRI: the Max Response Time of General Queries.")
            .or(time(it.query_response_interval)),
        Key::new("startup-query-interval", Time, "SQI: between the first Queries; else QI / 4."),
        Key::new("startup-query-count", Whole(1, 255), "SQC: how many of them; else RV."),
        Key::new("last-member-query-interval", Time, "LMQI: between Queries after a Leave.")
            .or(time(it.last_member_query_interval)),
        Key::new("last-member-query-count", Whole(1, 255), "LMQC: how many of them; else RV."),
    ]
}

/// The static joins of a router.
pub(super) fn static_joins() -> Key {
    let join = vec![
        Key::needed("link", Link, "The link that is forwarded to."),
        Key::needed("group", Group, "The group."),
        Key::new("source", Node, "Only what this node sends."),
    ];
    Key::new("static-joins", Tables(join), "Channels forwarded to links without members.")
}

fn router() -> Vec<Key> {
    let route = vec![
        Key::needed("to", Link, "The link to be reached."),
        Key::needed("link", Link, "The router's own link that leads there."),
    ];
    vec![
        Key::new("igmp", Defined("igmp"), "Its IGMP parameters, the same on each of its links."),
        static_joins(),
        Key::new("routes", Tables(route), "What leads to links, where it is not what is derived."),
        Key::new("derive-routes", Flag, "Whether it knows all links, or its own and `routes`.")
            .or(true),
        Key::new(
            "ttl-threshold",
            OneOrNamed(Box::new(Whole(1, 254))),
            "A datagram leaves only if its TTL is greater; one for all links, or by link.",
        )
        .or(1),
        Key::new("daemon", Words(vec![PROCESS]), "Its daemon is a process of its own."),
        Key::new("keepalive", Time, "How long a flow may be idle before its entry goes.")
            .or(time(KEEPALIVE)),
    ]
}

fn listener() -> Vec<Key> {
    let it = HostKnobs::default();
    vec![
        Key::new("stack", Words(vec!["kernel", "castnet"]), "Who speaks IGMP for it.").or("kernel"),
        Key::new("igmp-version", Whole(1, 3), "Holds the kernel to a version of IGMP."),
        Key::new("count", Whole(1, MOST_HOSTS.into()), "Makes it a population of so many.").or(1),
        Key::new("robustness", Whole(0, 255), "How often castnet's stack reports unasked.")
            .or(it.robustness),
        Key::new("unsolicited-report-interval", Time, "At most so far apart.")
            .or(time(it.unsolicited_report_interval)),
        Key::new("v1-router-present-timeout", Time, "How long it speaks to a version 1 querier.")
            .or(time(it.v1_router_present_timeout)),
    ]
}

fn querier() -> Vec<Key> {
    vec![
        Key::needed("query-interval", Time, "From one of its General Queries to the next."),
        Key::new("max-resp", Time, "Their Max Response Time; 0s makes them version 1.").or("10s"),
    ]
}

fn switch() -> Vec<Key> {
    let it = Knobs::default();
    vec![
        Key::new("snooping", Flag, "Whether a group goes only to members and routers.").or(true),
        Key::new("querier", Flag, "Whether it asks while it hears nobody else ask.").or(false),
        Key::new("igmp-version", Numbers(&[2, 3]), "The version of its Queries.").or(2),
        Key::new("query-interval", Time, "QI, at least 1s.").or(time(it.query_interval)),
        Key::new("query-response-interval", Time, "QRI.").or(time(it.query_response_interval)),
        Key::new("last-member-interval", Time, "LMQI.").or(time(it.last_member_query_interval)),
        Key::new("last-member-count", Whole(1, 255), "LMQC.").or(2),
        Key::new("fast-leave", List(Box::new(Link)), "Where a Leave counts at once."),
    ]
}

/// The roles, each with the keys of its nodes.
pub(super) fn roles() -> [(&'static str, Vec<Key>); 6] {
    let roles = [
        ("router", router()),
        ("listener", listener()),
        ("source", Vec::new()),
        ("injector", Vec::new()),
        ("querier", querier()),
        ("switch", switch()),
    ];
    roles.map(|(role, keys)| {
        let word = Key::needed("role", Words(vec![role]), "What it does.");
        (role, [vec![word], keys].concat())
    })
}
