//! The part of JSON Schema that the schema of scenarios uses; panics at anything else.

use serde_json::Value;

/// The faults of the value, each with its place; empty if it is valid.
pub(crate) fn faults(root: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(root, root, value, "", &mut faults);
    faults
}

fn is_valid(root: &Value, schema: &Value, value: &Value) -> bool {
    let mut faults = Vec::new();
    check(root, schema, value, "", &mut faults);
    faults.is_empty()
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let keywords = schema.as_object().unwrap_or_else(|| panic!("no schema: {schema}"));
    for (keyword, wanted) in keywords {
        let valid = match keyword.as_str() {
            "$schema" | "title" | "description" | "default" | "examples" | "definitions" => true,
            "$ref" => {
                let pointer = wanted.as_str().unwrap().strip_prefix('#').unwrap();
                let target = root.pointer(pointer).unwrap_or_else(|| panic!("no {pointer}"));
                check(root, target, value, at, faults);
                true
            }
            "allOf" => {
                list(wanted).iter().for_each(|part| check(root, part, value, at, faults));
                true
            }
            "anyOf" => list(wanted).iter().any(|part| is_valid(root, part, value)),
            "oneOf" => list(wanted).iter().filter(|part| is_valid(root, part, value)).count() == 1,
            "enum" => list(wanted).contains(value),
            "type" => match wanted {
                Value::Array(types) => types.iter().any(|name| is_of_type(value, name)),
                name => is_of_type(value, name),
            },
            "minimum" => value.as_i64().is_none_or(|number| number >= wanted.as_i64().unwrap()),
            "maximum" => value.as_i64().is_none_or(|number| number <= wanted.as_i64().unwrap()),
            "pattern" => {
                let pattern = regex_lite::Regex::new(wanted.as_str().unwrap()).unwrap();
                value.as_str().is_none_or(|text| pattern.is_match(text))
            }
            "items" => {
                for (n, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, wanted, item, &format!("{at}/{n}"), faults);
                }
                true
            }
            "properties" => {
                for (key, part) in wanted.as_object().unwrap() {
                    if let Some(found) = value.get(key) {
                        check(root, part, found, &format!("{at}/{key}"), faults);
                    }
                }
                true
            }
            "additionalProperties" => {
                let known = &schema["properties"];
                for (key, found) in value.as_object().into_iter().flatten() {
                    match wanted {
                        _ if known.get(key).is_some() => {}
                        Value::Bool(false) => faults.push(format!("{at}: unknown key {key}")),
                        other => check(root, other, found, &format!("{at}/{key}"), faults),
                    }
                }
                true
            }
            "required" => list(wanted).iter().all(|key| {
                value.as_object().is_none_or(|table| table.contains_key(key.as_str().unwrap()))
            }),
            other => panic!("{other} is not understood here"),
        };
        if !valid {
            faults.push(format!("{at}: {value} against {keyword} {wanted}"));
        }
    }
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

fn is_of_type(value: &Value, name: &Value) -> bool {
    match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("no type {other}"),
    }
}
