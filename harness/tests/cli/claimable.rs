//! What `castnet show --json` says that a claim could ask for is what a claim finds: a run is shown,
//! each packet becomes an expectation, and the same scenario with all of them passes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use super::{castnet, folder, tests, text};

tests! {
    Nothing: what_is_shown_of_a_packet_can_be_claimed;
}

/// A listener asks for two sources, for one of them, for all sources, and leaves.
fn scenario(family: &str) -> String {
    format!(
        "title = \"sources\"\nfamily = \"{family}\"\nend = \"4s\"\n\
         [groups]\nnews = 1\n\
         [links]\nup = [\"s1\", \"s2\", \"r1\"]\nlan = [\"r1\", \"h1\"]\n\
         [nodes]\ns1 = {{ role = \"source\" }}\ns2 = {{ role = \"source\" }}\nr1 = {{ role = \"router\" }}\n\
         h1 = {{ role = \"listener\", speaks = \"sources\" }}\n\
         [[act]]\nat = \"0s\"\nsend = {{ who = \"s1\", group = \"news\", rate = \"10pps\" }}\n\
         [[act]]\nat = \"500ms\"\njoin = {{ who = \"h1\", group = \"news\", from = [\"s1\", \"s2\"] }}\n\
         [[act]]\nat = \"1s\"\njoin = {{ who = \"h1\", group = \"news\", from = [\"s1\"] }}\n\
         [[act]]\nat = \"1500ms\"\njoin = {{ who = \"h1\", group = \"news\" }}\n\
         [[act]]\nat = \"2500ms\"\nleave = {{ who = \"h1\", group = \"news\" }}\n"
    )
}

fn what_is_shown_of_a_packet_can_be_claimed() {
    for family in ["ipv4", "ipv6"] {
        let folder = folder(&format!("claimable-{family}"));
        let any = "[[expect]]\npacket = { on = \"lan\", kind = \"query\" }\ncount = \">= 1\"\n";
        let frames = frames(&folder, &format!("{}{any}", scenario(family)));
        let claims: BTreeSet<String> = frames.iter().flat_map(claims).collect();
        let has = |word: &str| claims.iter().any(|claim| claim.contains(word));
        for word in ["general-query", "source-query", "to-ex", "block", "robustness", "data"] {
            assert!(has(word), "{family}: no packet with {word}: {claims:#?}");
        }
        let expected = claims.iter().map(|claim| {
            format!("[[expect]]\npacket = {{ on = \"lan\", {claim} }}\ncount = \">= 1\"\n")
        });
        let file = format!("{}{}", scenario(family), expected.collect::<String>());
        fs::write(folder.join("all.toml"), &file).unwrap();
        let output = castnet(&folder, &["run", "all.toml", "--backend", "sim"]);
        let told = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{told}\n{file}");
        assert!(told.contains(&format!("{0}/{0}", claims.len())), "{told}");
    }
}

/// The frames of the link `lan`, as `castnet show` describes them for claims.
fn frames(folder: &Path, scenario: &str) -> Vec<Map<String, Value>> {
    fs::write(folder.join("one.toml"), scenario).unwrap();
    let ran = castnet(folder, &["run", "one.toml", "--backend", "sim", "--out", "out"]);
    assert_eq!(ran.status.code(), Some(0), "{}", text(&ran.stdout));
    let shown = castnet(folder, &["show", "out/one.sim.pcapng", "--json"]);
    let objects = text(&shown.stdout);
    let objects = objects.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let on_lan =
        objects.filter(|one| one["interface"].as_str().is_some_and(|at| at.ends_with(":lan")));
    on_lan.filter_map(|one| one["claim"].as_object().cloned()).collect()
}

/// The packet as claims: one of the packet itself, and one of each record.
fn claims(frame: &Map<String, Value>) -> Vec<String> {
    let kind = frame["kind"].as_array().and_then(|kinds| kinds.last()).unwrap();
    let keys = |object: &Map<String, Value>| {
        let keys = object.iter().filter(|(key, _)| !["kind", "records"].contains(&key.as_str()));
        keys.map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join(", ")
    };
    let records = frame.get("records").and_then(Value::as_array).into_iter().flatten();
    let records = records.map(|record| keys(record.as_object().unwrap()));
    let all = std::iter::once(keys(frame)).chain(records);
    all.map(|keys| format!("kind = {kind}, {keys}")).collect()
}
