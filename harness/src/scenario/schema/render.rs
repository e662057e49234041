//! The rows of the vocabulary as JSON Schema.

use serde_json::{Map, Value, json};

use crate::vocabulary::key::{Default, Form, Key};

/// A table with these keys and no others.
pub(super) fn table(keys: &[&[Key]]) -> Value {
    let all = || keys.iter().copied().flatten();
    let spelt = |key: &Key| {
        let schema = key_schema(key);
        key.spellings().map(|name| (name.to_owned(), schema.clone())).collect::<Vec<_>>()
    };
    let properties: Map<String, Value> = all().flat_map(spelt).collect();
    let required: Vec<&str> = all().filter(|key| key.is_required).map(|key| key.name).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// A table with exactly one of the verbs among its keys.
pub(super) fn with_one_of(keys: &[Key], verbs: &[Key]) -> Value {
    let one_of: Vec<Value> = verbs.iter().map(|verb| json!({ "required": [verb.name] })).collect();
    let mut schema = table(&[keys, verbs]);
    schema["oneOf"] = one_of.into();
    schema
}

/// A reference to the definition of this name.
pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// The form and the meaning of a key's value.
pub(super) fn key_schema(key: &Key) -> Value {
    let mut schema = form_schema(&key.form);
    schema["description"] = key.about.into();
    match key.unless_given {
        None => {}
        Some(Default::Text(text)) => schema["default"] = text.into(),
        Some(Default::Number(number)) => schema["default"] = number.into(),
        Some(Default::Flag(flag)) => schema["default"] = flag.into(),
    }
    schema
}

fn form_schema(form: &Form) -> Value {
    let like = |examples: &[&str]| json!({ "type": "string", "examples": examples });
    let list = |form: &Form| json!({ "type": "array", "items": form_schema(form) });
    let named =
        |form: &Form| json!({ "type": "object", "additionalProperties": form_schema(form) });
    match form {
        Form::Text | Form::Node | Form::Link => json!({ "type": "string" }),
        Form::Time => like(&["500ms", "2s", "1m 30s"]),
        Form::Moment => like(&["start + 1s", "leave + LMQT"]),
        Form::Length => like(&["1s", "2*LMQT", "LMQI + 100ms"]),
        Form::Count => {
            let examples = ["LMQC", ">= 1", "<= LMQC", "1..3"];
            json!({ "type": ["integer", "string"], "minimum": 0, "examples": examples })
        }
        Form::Group => like(&["239.1.1.1"]),
        Form::Address => like(&["10.0.1.1"]),
        Form::Source => like(&["s1", "10.0.1.11", "10.9.0.1..10.9.1.144"]),
        Form::Network => like(&["10.9.0.0/24"]),
        Form::List(form) => list(form),
        Form::OneOrMore(form) => json!({ "anyOf": [form_schema(form), list(form)] }),
        Form::OneOrNamed(form) => json!({ "anyOf": [form_schema(form), named(form)] }),
        Form::ListOrNamed(listed, of) => json!({ "anyOf": [list(listed), named(of)] }),
        Form::Named(form) => named(form),
        Form::Either(one, other) => {
            json!({ "anyOf": [form_schema(one), form_schema(other)] })
        }
        Form::Flag => or_parameter(json!({ "type": "boolean" })),
        Form::True => or_parameter(json!({ "enum": [true] })),
        Form::Whole(least, most) => {
            or_parameter(json!({ "type": "integer", "minimum": least, "maximum": most }))
        }
        Form::Numbers(numbers) => or_parameter(json!({ "enum": numbers })),
        Form::Words(words) => or_parameter(json!({ "enum": words })),
        Form::Like(example) => like(&[*example]),
        Form::Table(keys) => table(keys),
        Form::Tables(keys) => json!({ "type": "array", "items": table(keys) }),
        Form::Defined(name, _) => json!({ "allOf": [reference(name)] }),
    }
}

/// A value that is no string may be given by a parameter of a matrix.
fn or_parameter(schema: Value) -> Value {
    json!({ "anyOf": [schema, reference("parameter")] })
}
