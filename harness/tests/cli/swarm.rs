//! `castnet swarm`: random scenarios that can be read and run like any others.

use std::fs;

use serde_json::Value;

use super::{castnet, folder, tests};

tests! {
    Nothing:
        seeds_are_tried_and_counted,
        what_a_seed_draws_is_a_scenario,
        no_seeds_and_no_time_are_usage;
}

fn seeds_are_tried_and_counted() {
    let folder = folder("swarm");
    let output = castnet(&folder, &["swarm", "--seeds", "5", "--seed", "3", "--json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{document}");
    assert_eq!(
        (document["tried"].as_u64(), document["found"].as_array().unwrap().len()),
        (Some(5), 0)
    );
    let output = castnet(&folder, &["swarm", "--seeds", "2"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.starts_with("2 seeds from 1 on: 0 found in "), "{text}");
}

fn what_a_seed_draws_is_a_scenario() {
    let folder = folder("swarm-print");
    let printed = castnet(&folder, &["swarm", "--print", "--seed", "4"]);
    fs::write(folder.join("drawn.toml"), &printed.stdout).unwrap();
    let checked = castnet(&folder, &["check", "drawn.toml"]);
    assert_eq!(checked.status.code(), Some(0), "{}", String::from_utf8_lossy(&checked.stderr));
}

fn no_seeds_and_no_time_are_usage() {
    let folder = folder("swarm-usage");
    for arguments in [["--seeds", "0"], ["--budget", "soon"], ["--jobs", "0"]] {
        let output = castnet(&folder, &[&["swarm"][..], &arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(arguments[0]));
    }
    // A budget that is used up at once ends the swarm after the seeds already begun.
    let output = castnet(&folder, &["swarm", "--budget", "1ms", "--seeds", "1000000", "--json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(document["tried"].as_u64().unwrap() < 1000, "{document}");
}
