//! A sound scenario is valid, and a wrong one is invalid where a schema can express it.

use std::fs;
use std::path::{Path, PathBuf};

use castnet_lab::scenario::schema::schema;
use castnet_lab::scenario::{Kind, kind};
use serde_json::Value;

use super::PAGE;
use super::validator::faults;

const SCENARIOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios");

fn document(text: &str) -> Value {
    toml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn assert_valid(schema: &Value, what: &str, text: &str) {
    let faults = faults(schema, &document(text));
    assert!(faults.is_empty(), "{what}:\n{}", faults.join("\n"));
}

#[test]
fn every_scenario_is_valid() {
    let (schema, mut count) = (schema(), 0);
    let mut folders = vec![PathBuf::from(SCENARIOS)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension() == Some("toml".as_ref()) && kind(&path) != Kind::Recipe {
                let text = fs::read_to_string(&path).unwrap();
                assert_valid(&schema, &path.display().to_string(), &text);
                count += 1;
            }
        }
    }
    assert!(count > 30, "{count} scenarios");
    let first = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/first.toml");
    assert_valid(&schema, "castnet new", &fs::read_to_string(first).unwrap());
}

#[test]
fn the_examples_of_the_page_are_valid() {
    let blocks = PAGE.split("```toml\n").skip(1);
    let blocks: Vec<&str> =
        blocks.map(|block| block.split("```").next().unwrap_or_default()).collect();
    assert_valid(&schema(), "the page", &blocks.join("\n"));
    for block in PAGE.split("```toml ").skip(1) {
        let (name, rest) = block.split_once('\n').unwrap();
        assert_valid(&schema(), name, rest.split("```").next().unwrap());
    }
}

#[test]
fn what_is_wrong_is_not_valid() {
    let first = include_str!("../../src/cli/first.toml");
    let schema = schema();
    for (old, new) in [
        ("title =", "titel ="),
        ("role = \"source\"", "role = \"sauce\""),
        ("role = \"listener\"", "role = \"listener\", igmp-version = 4"),
        ("role = \"listener\"", "role = \"listener\", igmp_version = 2"),
        ("query-interval = \"20s\"", "query-interval = 20"),
        ("at = \"0s\"\n", ""),
        ("rate = \"100pps\"", "rate = \"100pps\", ttl = 256"),
        ("kind = \"group-specific-query\"", "kind = \"groups-query\""),
        ("count = \"LMQC\"", "count = -1"),
        ("exactly-once = true", "exactly-once = false"),
        ("join = {", "leave = { who = \"h1\", group = \"239.1.1.1\" }\njoin = {"),
    ] {
        assert!(first.contains(old), "{old}");
        let wrong = document(&first.replacen(old, new, 1));
        assert!(!faults(&schema, &wrong).is_empty(), "{new} is valid");
    }
}
