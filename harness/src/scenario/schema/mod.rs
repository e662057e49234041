//! The keys of a scenario as a JSON Schema, from which editors complete and explain them.
//!
//! It says which keys there are, which of them must be there, and what stands for them. What fits
//! together it does not know: that is the compiler's business, which also has the better words.
//! Tests hold it and the reader together, key by key. Draft 7 is what editors of TOML understand.

mod claims;
mod key;
mod timeline;
mod topology;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Backend, Invariant, clauses};
use key::Kind::{Like, List, Tables, Text, Time, Words};
use key::{Key, reference, table};

/// The schema of a scenario file.
#[must_use]
pub fn schema() -> Value {
    let mut schema = table(&[
        Key::new("title", Text, "One line that says what the scenario claims."),
        Key::new("extends", Like("../topologies/router.toml"), "The template that it begins with."),
        Key::new(
            "template",
            Text,
            "One line that says what this template is, which is no scenario.",
        ),
        Key::new("tolerance", Time, "What a real machine may be late by.").or("100ms"),
        Key::new("end", Time, "When the run ends; when everything can be judged unless given."),
        Key::new(
            "golden",
            List(Box::new(Words(Backend::WORDS.map(|(word, _)| word).to_vec()))),
            "The backends whose runs are compared with what is kept of earlier ones.",
        ),
        Key::new("record", Words(vec!["everything", "claimed"]), "Which frames are kept.")
            .or("everything"),
    ]);
    for (key, value, about) in [
        ("proves", list("clause"), "The RFC clauses that it proves, by their ids."),
        ("matrix", matrix(), "Parameters and their values; ${name} stands for each in turn."),
        ("backends", table(&topology::backends()), "Where it runs, if not everywhere."),
        ("generate", table(&topology::generate()), "Routers in a shape, and hosts behind them."),
        ("links", named("link"), "The links: a name, and the nodes on it."),
        ("nodes", named("node"), "The nodes: a name, and what it does."),
        ("act", list("act"), "What is done, and when."),
        ("fault", list("fault"), "What goes wrong on the links."),
        ("invariants", invariants(), "The rules that hold in every run."),
        ("expect", list("expect"), "What must come true."),
    ] {
        schema["properties"][key] = value;
        schema["properties"][key]["description"] = about.into();
    }
    schema["anyOf"] = json!([
        { "required": ["title", "links", "nodes", "expect"] },
        { "required": ["title", "extends", "expect"] },
        { "required": ["title", "generate", "expect"] },
        { "required": ["template"] },
    ]);
    schema["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    schema["title"] = "A scenario of castnet".into();
    schema["definitions"] = definitions().into();
    schema
}

fn definitions() -> Map<String, Value> {
    let clauses: Vec<&str> = clauses::all().map(|clause| clause.id.as_str()).collect();
    let mut all = Map::new();
    let mut define = |name: &str, schema| all.insert(name.to_owned(), schema);
    define("parameter", json!({ "type": "string", "pattern": "\\$\\{[^}]+\\}" }));
    define("clause", json!({ "enum": clauses }));
    define("link", topology::link());
    define("igmp", table(&topology::igmp()));
    define("act", timeline::act());
    define("fault", timeline::fault());
    let mut nodes: Vec<(String, Value)> = topology::roles()
        .iter()
        .map(|(role, keys)| (format!("node.{role}"), table(keys)))
        .collect();
    nodes.push(("node.change".to_owned(), change(&nodes)));
    let expectations = claims::expectations();
    let expectations =
        expectations.iter().map(|(claim, keys)| (format!("expect.{claim}"), table(keys)));
    for (name, forms) in [("node", nodes), ("expect", expectations.collect())] {
        let any: Vec<Value> = forms.iter().map(|(form, _)| reference(form)).collect();
        define(name, json!({ "anyOf": any }));
        for (form, schema) in forms {
            define(&form, schema);
        }
    }
    all
}

/// `version = [1, 2]`
fn matrix() -> Value {
    let value = json!({ "type": ["string", "integer", "boolean"] });
    let values = json!({ "type": "array", "items": value });
    json!({ "type": "object", "additionalProperties": values })
}

/// A node without a role changes that of a template, which may have any.
fn change(nodes: &[(String, Value)]) -> Value {
    let mut keys = BTreeMap::<&String, Vec<&Value>>::new();
    let properties = nodes.iter().filter_map(|(_, schema)| schema["properties"].as_object());
    for (key, schema) in properties.flatten().filter(|(key, _)| *key != "role") {
        keys.entry(key).or_default().push(schema);
    }
    let keys: Map<String, Value> =
        keys.into_iter().map(|(key, any)| (key.clone(), json!({ "anyOf": any }))).collect();
    let mut schema = table(&[]);
    schema["properties"] = keys.into();
    schema
}

fn list(item: &str) -> Value {
    json!({ "type": "array", "items": reference(item) })
}

fn named(item: &str) -> Value {
    json!({ "type": "object", "additionalProperties": reference(item) })
}

fn invariants() -> Value {
    let rules = Invariant::WORDS.iter().map(|(word, _)| *word).collect();
    let waiver = vec![
        Key::needed("name", Words(rules), "The rule."),
        Key::needed("because", Text, "Why it does not hold in this run."),
    ];
    table(&[Key::new("off", Tables(waiver), "Those that do not hold in this run.")])
}
