//! The keys of a scenario as a JSON Schema, from which editors complete and explain them.
//!
//! The schema lists the keys, the required ones, and the forms of their values. It does not know
//! which values fit together: the compiler checks that, with better messages. Tests compare schema
//! and reader key by key. Editors of TOML understand Draft 7.

mod render;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::clauses;
use crate::knobs::Dialect;
use crate::vocabulary::act::{ACT, VERBS};
use crate::vocabulary::claim::EXPECTATIONS;
use crate::vocabulary::fault::{ACTIONS, FAULT};
use crate::vocabulary::file::{FILE, NAMED_GROUP};
use crate::vocabulary::key::{CLAUSES_OF_FAMILIES, Key, LISTED};
use crate::vocabulary::link::{LINK, NODES};
use crate::vocabulary::node::ROLES;
use render::{key_schema, reference, table, with_one_of};

/// The schema of a scenario file.
#[must_use]
pub fn schema() -> Value {
    let mut schema = table(FILE);
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
    let ids = key_schema(&Key::new("proves", LISTED, ""));
    define("clauses", json!({ "anyOf": [ids, table(CLAUSES_OF_FAMILIES)] }));
    let number = json!({ "type": "integer", "minimum": 1, "maximum": 65_535 });
    define("group", json!({ "anyOf": [number, { "type": "string" }, table(NAMED_GROUP)] }));
    define("matrix", matrix());
    define("link", json!({ "anyOf": [key_schema(&NODES), table(LINK)] }));
    for dialect in Dialect::ALL {
        define(dialect.word(), table(dialect.keys()));
    }
    define("act", with_one_of(ACT, VERBS));
    define("fault", with_one_of(FAULT, ACTIONS));
    let nodes = ROLES.iter().map(|(role, keys)| (format!("node.{role}"), table(keys)));
    let mut nodes: Vec<(String, Value)> = nodes.collect();
    nodes.push(("node.change".to_owned(), change(&nodes)));
    let expectations =
        EXPECTATIONS.iter().map(|(claim, keys)| (format!("expect.{claim}"), table(keys)));
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
