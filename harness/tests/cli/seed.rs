//! `--seed`: equal seeds make equal draws.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{castnet, folder, tests, text};

tests! {
    Nothing:
        the_same_seed_draws_the_same_and_another_one_does_not,
        repetitions_in_the_simulator_are_runs_with_seeds_of_their_own,
        a_random_seed_is_another_one_in_each_run_and_repeats_it,
        each_of_several_seeds_has_its_run,
        what_is_kept_is_of_the_seed_that_a_scenario_has,
        what_is_no_seed_is_refused;
}

/// About every other datagram is lost, and the claim fails with the number that arrived.
const LOSSY: &str = r#"
title = "Half of it is lost"
links = { lan = ["s1", "h1"] }
nodes = { s1 = { role = "source" }, h1 = { role = "listener" } }
fault = [{ on = "lan", kind = "data", chance = "50%", drop = true }]
act = [
    { at = "0s", join = { who = "h1", group = "239.1.1.1" } },
    { at = "100ms", send = { who = "s1", group = "239.1.1.1", rate = "500pps", for = "400ms" } },
]
[[expect]]
delivery = { to = "h1", group = "239.1.1.1" }
received = 0
within = "1s"
"#;

fn place(name: &str) -> PathBuf {
    let folder = folder(name);
    fs::write(folder.join("a.toml"), LOSSY).unwrap();
    folder
}

/// The runs in the JSON document.
fn runs(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let output =
        castnet(folder, &[&["run", "--backend", "sim", "--json", "a.toml"], arguments].concat());
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{document}");
    document["runs"].as_array().unwrap().clone()
}

/// The number of datagrams that arrived in each run, as the failure says.
fn left(runs: &[Value]) -> Vec<String> {
    runs.iter().map(|run| run["findings"][0]["why"][0].as_str().unwrap().to_owned()).collect()
}

fn each_of_several_seeds_has_its_run() {
    let folder = place("seeds");
    let seeds = |arguments: &[&str]| -> Vec<u64> {
        let runs = runs(&folder, arguments);
        runs.iter().map(|run| run["seed"].as_u64().unwrap()).collect()
    };
    let mut from_one = seeds(&["--seeds", "3"]);
    from_one.sort_unstable();
    assert_eq!(from_one, [1, 2, 3]);
    let mut from_seven = seeds(&["--seeds", "2", "--seed", "7"]);
    from_seven.sort_unstable();
    assert_eq!(from_seven, [7, 8]);
    // Each that fails names its own.
    let told = castnet(&folder, &["run", "--backend", "sim", "a.toml", "--seeds", "2"]);
    let told = text(&told.stdout);
    assert!(told.contains("a.toml\n") && told.contains("a.toml --seed 2\n"), "{told}");
}

fn the_same_seed_draws_the_same_and_another_one_does_not() {
    let folder = place("seed");
    let first = runs(&folder, &["--seed", "1", "--repeat", "2"]);
    assert!(first.iter().all(|run| run["seed"] == 1), "{first:?}");
    assert!(left(&first)[0].contains(", found "), "{first:?}");
    assert_eq!(left(&first)[0], left(&first)[1]);
    let other = runs(&folder, &["--seed", "7"]);
    assert_eq!(other[0]["seed"], 7);
    assert_ne!(left(&other)[0], left(&first)[0]);
    assert_eq!(left(&other), left(&runs(&folder, &["--seed", "7"])));
}

fn a_random_seed_is_another_one_in_each_run_and_repeats_it() {
    let folder = place("seed-random");
    let drawn = runs(&folder, &["--seed", "random", "--repeat", "2"]);
    let [one, other] = [&drawn[0]["seed"], &drawn[1]["seed"]].map(|seed| seed.as_u64().unwrap());
    assert_ne!(one, other);
    let again = runs(&folder, &["--seed", &one.to_string()]);
    assert_eq!(left(&again)[0], left(&drawn)[0]);
}

fn repetitions_in_the_simulator_are_runs_with_seeds_of_their_own() {
    let folder = place("seed-repeat");
    let drawn = runs(&folder, &["--repeat", "3"]);
    let mut seeds: Vec<u64> = drawn.iter().map(|run| run["seed"].as_u64().unwrap()).collect();
    assert_eq!(seeds[0], 1, "the first one is the scenario's own");
    let output = castnet(&folder, &["run", "--backend", "sim", "--repeat", "2", "a.toml"]);
    let stdout = text(&output.stdout);
    let repeat = "repeat   castnet run --backend sim a.toml --seed ";
    assert!(stdout.contains(repeat), "{stdout}");
    let again = runs(&folder, &["--seed", &seeds[2].to_string()]);
    assert_eq!(left(&again)[0], left(&drawn)[2]);
    seeds.sort();
    seeds.dedup();
    assert_eq!(seeds.len(), 3, "{drawn:?}");
}

fn what_is_kept_is_of_the_seed_that_a_scenario_has() {
    let folder = folder("seed-golden");
    let wants = LOSSY.replace("received = 0", "received = \">= 1\"");
    fs::write(folder.join("a.toml"), wants.replacen("links", "golden = [\"sim\"]\nlinks", 1))
        .unwrap();
    let code = |arguments: &[&str]| {
        let run = ["run", "--backend", "sim", "a.toml"];
        castnet(&folder, &[&run, arguments].concat()).status.code()
    };
    assert_eq!(code(&[]), Some(1), "nothing is kept of it yet");
    assert_eq!(code(&["--seed", "7"]), Some(0));
}

fn what_is_no_seed_is_refused() {
    let folder = folder("no-seed");
    for seed in ["", "-1", "one", "18446744073709551616"] {
        let output = castnet(&folder, &["run", "--seed", seed, "a.toml"]);
        assert_eq!(output.status.code(), Some(2), "{seed}");
    }
}
