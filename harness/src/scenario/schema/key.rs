//! The keys of a table, and what may stand for each, as JSON Schema has it.

use serde_json::{Map, Value, json};

/// One key of a table.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) name: &'static str,
    about: &'static str,
    kind: Kind,
    required: bool,
    unless_given: Option<Value>,
}

/// What may stand for a key.
#[derive(Clone)]
pub(super) enum Kind {
    /// Any string.
    Text,
    /// `"500ms"`
    Time,
    /// A time to which an act and protocol intervals can be added: `"leave + LMQT"`.
    Moment,
    /// The same without an act: `"2*LMQI + 100ms"`.
    Length,
    /// A number, or a string such as `"LMQC"` or `">= 1"`.
    Count,
    /// An IPv4 multicast group.
    Group,
    /// An IPv4 address.
    Address,
    /// An IPv4 network.
    Network,
    /// The name of a node.
    Node,
    /// The name of a link.
    Link,
    /// A list of strings, each of this kind.
    List(Box<Kind>),
    /// True or false.
    Flag,
    /// True, which is all that makes sense.
    True,
    /// A whole number, both ends included.
    Whole(u64, u64),
    /// One of these numbers.
    Numbers(&'static [u64]),
    /// One of these words.
    Words(Vec<&'static str>),
    /// A string of this form, by example.
    Like(&'static str),
    /// A table with these keys.
    Table(Vec<Key>),
    /// A list of such tables.
    Tables(Vec<Key>),
    /// What the definition of this name says.
    Defined(&'static str),
}

impl Key {
    /// A key that may be left out.
    pub(super) const fn new(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, about, kind, required: false, unless_given: None }
    }

    /// A key that must be there.
    pub(super) const fn needed(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, about, kind, required: true, unless_given: None }
    }

    /// What holds if it is left out.
    pub(super) fn or(mut self, unless_given: impl Into<Value>) -> Self {
        self.unless_given = Some(unless_given.into());
        self
    }

    fn schema(&self) -> Value {
        let mut schema = self.kind.schema();
        schema["description"] = self.about.into();
        if let Some(unless_given) = &self.unless_given {
            schema["default"] = unless_given.clone();
        }
        schema
    }
}

impl Kind {
    fn schema(&self) -> Value {
        let like = |examples: &[&str]| json!({ "type": "string", "examples": examples });
        match self {
            Self::Text => json!({ "type": "string" }),
            Self::Time => like(&["500ms", "2s", "1m 30s"]),
            Self::Moment => like(&["start + 1s", "leave + LMQT"]),
            Self::Length => like(&["1s", "2*LMQT", "LMQI + 100ms"]),
            Self::Count => {
                let examples = ["LMQC", ">= 1", "<= LMQC", "1..3"];
                json!({ "type": ["integer", "string"], "minimum": 0, "examples": examples })
            }
            Self::Group => like(&["239.1.1.1"]),
            Self::Address => like(&["10.0.1.1"]),
            Self::Network => like(&["10.9.0.0/24"]),
            Self::Node | Self::Link => json!({ "type": "string" }),
            Self::List(kind) => json!({ "type": "array", "items": kind.schema() }),
            Self::Flag => or_parameter(json!({ "type": "boolean" })),
            Self::True => or_parameter(json!({ "enum": [true] })),
            Self::Whole(least, most) => {
                or_parameter(json!({ "type": "integer", "minimum": least, "maximum": most }))
            }
            Self::Numbers(numbers) => or_parameter(json!({ "enum": numbers })),
            Self::Words(words) => or_parameter(json!({ "enum": words })),
            Self::Like(example) => like(&[*example]),
            Self::Table(keys) => table(keys),
            Self::Tables(keys) => json!({ "type": "array", "items": table(keys) }),
            Self::Defined(name) => json!({ "allOf": [reference(name)] }),
        }
    }
}

/// What is no string otherwise may be the parameter of a matrix.
fn or_parameter(schema: Value) -> Value {
    json!({ "anyOf": [schema, reference("parameter")] })
}

/// What the definition of this name says.
pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// A table with these keys and no others.
pub(super) fn table(keys: &[Key]) -> Value {
    let properties: Map<String, Value> =
        keys.iter().map(|key| (key.name.to_owned(), key.schema())).collect();
    let required: Vec<&str> = keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}
