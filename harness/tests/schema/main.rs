//! The schema and the reader know the same keys, and the page explains each of them.

mod defaults;
mod documents;
mod validator;

use std::collections::BTreeSet;

use castnet::daemon::config::ConfigFile;
use castnet_lab::plan::compile;
use castnet_lab::scenario::schema::schema;
use serde_json::Value;

const PAGE: &str = include_str!("../../../docs/scenario.md");

/// A key that resembles no other.
const UNKNOWN: &str = "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz";

/// Tables of the schema that are one table to the reader, and texts that lead it there; the unknown
/// key replaces the `?`. The first text contains only required keys.
const TABLES: &[(&[&str], &[&str])] = &[
    (&[""], &["expect = []\n?", "template = \"a template\"\n?"]),
    (&["/properties/invariants"], &["invariants = { ? }"]),
    (&["/properties/invariants/properties/off/items"], &["invariants = { off = [{ ? }] }"]),
    (&["/properties/backends"], &["backends = { ? }"]),
    (&["/properties/generate"], &["generate = { ? }"]),
    (&["/properties/generate/properties/chain"], &["generate = { chain = { ? } }"]),
    (&["/properties/generate/properties/tree"], &["generate = { tree = { ? } }"]),
    (&["/properties/generate/properties/grid"], &["generate = { grid = { ? } }"]),
    (&["/properties/generate/properties/lan"], &["generate = { lan = { ? } }"]),
    (&["/definitions/link/anyOf/1"], &["links = { lan = { ? } }"]),
    (&["/definitions/igmp"], &["nodes = { r = { role = \"router\", igmp = { ? } } }"]),
    (
        &["/definitions/mld"],
        &["family = \"ipv6\"\nnodes = { r = { role = \"router\", mld = { ? } } }"],
    ),
    (&["/definitions/membership"], &["nodes = { r = { role = \"router\", membership = { ? } } }"]),
    (&["/definitions/clauses/anyOf/1"], &["proves = { ? }"]),
    (&["/definitions/group/anyOf/2"], &["groups = { news = { ? } }"]),
    (&["/definitions/node.router"], &["nodes = { r = { role = \"router\", ? } }"]),
    (
        &["/definitions/node.router/properties/pim"],
        &["nodes = { r = { role = \"router\", pim = { ? } } }"],
    ),
    (
        &["/definitions/node.router/properties/static-joins/items"],
        &["nodes = { r = { role = \"router\", static-joins = [{ ? }] } }"],
    ),
    (
        &["/definitions/node.router/properties/boundaries/items"],
        &["nodes = { r = { role = \"router\", boundaries = [{ ? }] } }"],
    ),
    (
        &["/definitions/node.router/properties/rules/items"],
        &["nodes = { r = { role = \"router\", rules = [{ ? }] } }"],
    ),
    (
        &["/definitions/node.router/properties/routes/items"],
        &["nodes = { r = { role = \"router\", routes = [{ ? }] } }"],
    ),
    (
        &["/definitions/node.listener"],
        &[
            "nodes = { h = { role = \"listener\", ? } }",
            "nodes = { h = { role = \"listener\", stack = \"castnet\", ? } }",
        ],
    ),
    (
        &["/definitions/node.router/properties/ready/anyOf/1"],
        &["nodes = { r = { role = \"router\", daemon = [\"x\"], ready = { ? } } }"],
    ),
    (
        &["/definitions/node.router/properties/reload/anyOf/1"],
        &[
            "nodes = { r = { role = \"router\", daemon = [\"x\"], config = \"\"\"\n\"\"\", reload = { ? } } }",
        ],
    ),
    (&["/definitions/node.source"], &["nodes = { s = { role = \"source\", ? } }"]),
    (&["/definitions/node.injector"], &["nodes = { i = { role = \"injector\", ? } }"]),
    (&["/definitions/node.querier"], &["nodes = { q = { role = \"querier\", ? } }"]),
    (&["/definitions/node.switch"], &["nodes = { w = { role = \"switch\", ? } }"]),
    (&["/definitions/act"], &["[[act]]\n?"]),
    (&["/definitions/act/properties/join"], &["[[act]]\njoin = { ? }"]),
    (&["/definitions/act/properties/leave"], &["[[act]]\nleave = { ? }"]),
    (&["/definitions/act/properties/churn"], &["[[act]]\nchurn = { ? }"]),
    (&["/definitions/act/properties/send"], &["[[act]]\nsend = { ? }"]),
    (&["/definitions/act/properties/stop"], &["[[act]]\nstop = { ? }"]),
    (
        &["/definitions/act/properties/query"],
        &["[[act]]\nquery = { ? }", "[[act]]\nquery = { group = \"239.1.1.1\", ? }"],
    ),
    (
        &["/definitions/act/properties/report"],
        &["[[act]]\nreport = { records = [], ? }", "[[act]]\nreport = { ? }"],
    ),
    (
        &[
            "/definitions/act/properties/report/properties/records/items",
            "/definitions/act/properties/inject/properties/records/items",
        ],
        &["[[act]]\nreport = { records = [{ ? }] }"],
    ),
    (
        &["/definitions/act/properties/inject"],
        &[
            "[[act]]\ninject = { ? }",
            "[[act]]\ninject = { kind = \"leave\", ? }",
            "[[act]]\ninject = { kind = \"source-query\", ? }",
            "[[act]]\ninject = { kind = \"v3-report\", ? }",
        ],
    ),
    (&["/definitions/act/properties/down"], &["[[act]]\ndown = { ? }"]),
    (&["/definitions/act/properties/up"], &["[[act]]\nup = { ? }"]),
    (&["/definitions/act/properties/kill"], &["[[act]]\nkill = { ? }"]),
    (&["/definitions/act/properties/restart"], &["[[act]]\nrestart = { ? }"]),
    (&["/definitions/act/properties/set"], &["[[act]]\nset = { ? }"]),
    (
        &["/definitions/act/properties/set/properties/static-joins/items"],
        &["[[act]]\nset = { static-joins = [{ ? }] }"],
    ),
    (&["/definitions/act/properties/exec"], &["[[act]]\nexec = { ? }"]),
    (&["/definitions/fault"], &["[[fault]]\n?"]),
    (&["/definitions/expect.packet"], &["[[expect]]\npacket = {}\n?"]),
    (&["/definitions/expect.packet/properties/packet"], &["[[expect]]\npacket = { ? }"]),
    (&["/definitions/expect.order"], &["[[expect]]\norder = []\n?"]),
    (&["/definitions/expect.order/properties/order/items"], &["[[expect]]\norder = [{ ? }]"]),
    (&["/definitions/expect.received"], &["[[expect]]\ndelivery = {}\nreceived = 1\n?"]),
    (&["/definitions/expect.exactly-once"], &["[[expect]]\ndelivery = {}\nexactly-once = true\n?"]),
    (&["/definitions/expect.none-after"], &["[[expect]]\ndelivery = {}\nnone-after = \"1s\"\n?"]),
    (&["/definitions/expect.ttl"], &["[[expect]]\ndelivery = {}\nttl = 1\n?"]),
    (&["/definitions/expect.loss"], &["[[expect]]\ndelivery = {}\nloss = \"0%\"\n?"]),
    (&["/definitions/expect.gap"], &["[[expect]]\ndelivery = {}\ngap = \"<= 1s\"\n?"]),
    (&["/definitions/expect.outage"], &["[[expect]]\ndelivery = {}\noutage = \"<= 1s\"\n?"]),
    (&["/definitions/expect.reordered"], &["[[expect]]\ndelivery = {}\nreordered = 1\n?"]),
    (&["/definitions/expect.jitter"], &["[[expect]]\ndelivery = {}\njitter = \"<= 1s\"\n?"]),
    (
        &["/definitions/expect.join-latency"],
        &["[[expect]]\ndelivery = {}\njoin-latency = \"<= 1s\"\n?"],
    ),
    (
        &["/definitions/expect.leave-latency"],
        &["[[expect]]\ndelivery = {}\nleave-latency = \"<= 1s\"\n?"],
    ),
    (
        &[
            "/definitions/expect.received/properties/delivery",
            "/definitions/expect.exactly-once/properties/delivery",
            "/definitions/expect.none-after/properties/delivery",
            "/definitions/expect.ttl/properties/delivery",
            "/definitions/expect.loss/properties/delivery",
            "/definitions/expect.gap/properties/delivery",
            "/definitions/expect.outage/properties/delivery",
            "/definitions/expect.reordered/properties/delivery",
            "/definitions/expect.jitter/properties/delivery",
            "/definitions/expect.join-latency/properties/delivery",
            "/definitions/expect.leave-latency/properties/delivery",
        ],
        &["[[expect]]\ndelivery = { ? }"],
    ),
    (&["/definitions/expect.mfc"], &["[[expect]]\nmfc = {}\n?"]),
    (&["/definitions/expect.mfc/properties/mfc"], &["[[expect]]\nmfc = { ? }"]),
    (&["/definitions/expect.mdb"], &["[[expect]]\nmdb = {}\n?"]),
    (&["/definitions/expect.mdb/properties/mdb"], &["[[expect]]\nmdb = { ? }"]),
    (
        &["/definitions/expect.querier-at", "/definitions/expect.querier-throughout"],
        &["[[expect]]\nquerier = {}\n?"],
    ),
    (
        &[
            "/definitions/expect.querier-at/properties/querier",
            "/definitions/expect.querier-throughout/properties/querier",
        ],
        &["[[expect]]\nquerier = { ? }"],
    ),
    (&["/definitions/expect.command"], &["[[expect]]\ncommand = {}\n?"]),
    (&["/definitions/expect.command/properties/command"], &["[[expect]]\ncommand = { ? }"]),
    (&["/definitions/expect.members"], &["[[expect]]\nmembers = {}\n?"]),
    (&["/definitions/expect.members/properties/members"], &["[[expect]]\nmembers = { ? }"]),
    (
        &["/definitions/expect.members/properties/members/properties/groups/anyOf/1\
           /additionalProperties"],
        &[
            "[[expect]]\nmembers = { groups = { \"239.1.1.1\" = { include = [], ? } } }",
            "[[expect]]\nmembers = { groups = { \"239.1.1.1\" = { exclude = [], ? } } }",
        ],
    ),
    (
        &["/definitions/expect.mdb/properties/mdb/properties/ports/anyOf/1/additionalProperties"],
        &[
            "[[expect]]\nmdb = { ports = { c1 = { include = [], ? } } }",
            "[[expect]]\nmdb = { ports = { c1 = { exclude = [], ? } } }",
        ],
    ),
];

/// The keys that the reader knows in the table of the `?`, and those that it misses there.
fn known_and_missed(text: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let wrong = text.replace('?', &format!("{UNKNOWN} = 1"));
    let faults = compile("wrong.toml", &wrong).unwrap_err().faults;
    let unknown = format!("unknown key `{UNKNOWN}` of ");
    let told = faults.iter().find_map(|fault| {
        Some((fault.message.strip_prefix(&unknown)?, fault.help.as_deref().unwrap_or_default()))
    });
    let (table, help) = told.unwrap_or_else(|| panic!("{UNKNOWN} is taken in {text}"));
    let known = match help.strip_prefix("known here: ") {
        Some(known) => known.split(", ").map(str::to_owned).collect(),
        None => panic!("{text}: {help}"),
    };
    assert!(!help.ends_with(" more"), "{text}: not all keys are listed");
    let needs = format!("{table} needs the key `");
    let missed = faults.iter().filter(|fault| fault.help.is_none());
    let missed = missed.filter_map(|fault| fault.message.strip_prefix(&needs)?.strip_suffix('`'));
    (known, missed.map(str::to_owned).collect())
}

fn properties(table: &Value) -> BTreeSet<String> {
    table["properties"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn the_reader_and_the_schema_know_the_same_keys() {
    let schema = schema();
    for (pointers, texts) in TABLES {
        let tables: Vec<&Value> = pointers
            .iter()
            .map(|pointer| schema.pointer(pointer).unwrap_or_else(|| panic!("no {pointer}")))
            .collect();
        let ours: BTreeSet<String> = tables.iter().flat_map(|table| properties(table)).collect();
        let (known, missed): (Vec<_>, Vec<_>) =
            texts.iter().map(|text| known_and_missed(text)).unzip();
        assert_eq!(ours, known.into_iter().flatten().collect(), "{pointers:?}, {texts:?}");
        let required = |table: &Value| -> BTreeSet<String> {
            // Of scenario, scenario over a template, and template, take the first.
            let form = table.get("anyOf").map_or(table, |forms| &forms[0]);
            let keys = form["required"].as_array().unwrap().iter().filter_map(Value::as_str);
            let left_out = |key: &&str| !texts[0].contains(&format!("{key} = "));
            keys.filter(left_out).map(str::to_owned).collect()
        };
        if let [table] = tables.as_slice() {
            assert_eq!(required(table), missed[0], "required of {pointers:?}, {}", texts[0]);
        }
    }
}

/// The list above covers every table of the schema.
#[test]
fn every_table_of_the_schema_is_looked_at() {
    let schema = schema();
    let mut tables = Vec::new();
    collect(&schema, "", &mut tables);
    assert!(tables.len() > 30, "{tables:?}");
    let looked_at: Vec<&str> =
        TABLES.iter().flat_map(|(pointers, _)| pointers.iter().copied()).collect();
    for (pointer, _) in tables {
        // The table consists of the keys of all roles.
        let is_change = pointer.starts_with("/definitions/node.change");
        assert!(is_change || looked_at.contains(&pointer.as_str()), "{pointer} is not looked at");
    }
}

/// Every table of the schema that is closed, with its place.
fn collect<'s>(schema: &'s Value, at: &str, tables: &mut Vec<(String, &'s Value)>) {
    if schema["additionalProperties"] == false {
        tables.push((at.to_owned(), schema));
    }
    match schema {
        Value::Object(parts) => {
            parts.iter().for_each(|(key, part)| collect(part, &format!("{at}/{key}"), tables));
        }
        Value::Array(parts) => {
            let parts = parts.iter().enumerate();
            parts.for_each(|(n, part)| collect(part, &format!("{at}/{n}"), tables));
        }
        _ => {}
    }
}

/// On the page a key is `key`, or stands in an example: `key = ...`, `[key]`.
#[test]
fn the_page_names_every_key() {
    let schema = schema();
    let mut tables = Vec::new();
    collect(&schema, "", &mut tables);
    let keys: BTreeSet<String> = tables.iter().flat_map(|(_, table)| properties(table)).collect();
    assert!(keys.len() > 60, "{keys:?}");
    for key in keys {
        let forms = [format!("`{key}`"), format!("{key} = "), format!("[{key}]")];
        assert!(forms.iter().any(|form| PAGE.contains(form)), "`{key}` is not on the page");
    }
}

/// The table `igmp` of a scenario has the keys of castnetd's configuration.
#[test]
fn the_daemon_knows_the_same_parameters() {
    let file = format!("[igmp]\n{UNKNOWN} = 1");
    let refused = ConfigFile::parse(&file).unwrap_err().to_string();
    let known = refused.split_once("expected one of ").unwrap().1;
    let daemon: BTreeSet<&str> = known.split('`').skip(1).step_by(2).collect();
    let schema = schema();
    let properties = schema["definitions"]["igmp"]["properties"].as_object().unwrap();
    let scenario: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
    assert_eq!(scenario, daemon);
}
