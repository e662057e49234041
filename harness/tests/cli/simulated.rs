//! Runs in virtual time: how they are requested, that they need no rights, and that they repeat
//! octet by octet.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{castnet, folder, scenario, tests, text};

tests! {
    Nothing:
        half_a_minute_costs_what_its_events_cost,
        the_same_scenarios_make_the_same_files_however_many_run_at_a_time,
        a_large_network_tells_what_memory_it_took,
        what_the_simulator_cannot_do_is_not_supported_and_says_why;
    Kernel: both_backends_leave_a_capture_each, the_two_backends_are_compared;
}

/// Every file below a folder with its contents, by its path from there.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(inner).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

/// A verdict as JSON, without the fields that depend on real time.
fn timeless(json: &[u8]) -> serde_json::Value {
    let mut document: serde_json::Value = serde_json::from_slice(json).unwrap();
    document["seconds"].take();
    let runs = document["runs"].as_array_mut().unwrap();
    runs.iter_mut().for_each(|run| _ = run["seconds"].take());
    runs.sort_by_key(|run| run["scenario"].to_string());
    document
}

fn half_a_minute_costs_what_its_events_cost() {
    let folder = folder("virtual");
    let long = format!("end = \"30s\"\n{}", scenario("1", "general-query"));
    fs::write(folder.join("a.toml"), long).unwrap();
    let output = castnet(&folder, &["run", "--backend", "sim", "a.toml"]);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{stdout}");
    assert!(stdout.starts_with("PASS        a  [sim]  0."), "{stdout}");
    assert_eq!(text(&output.stderr), "");
}

fn the_same_scenarios_make_the_same_files_however_many_run_at_a_time() {
    let folder = folder("same");
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let scenarios = scenarios.to_str().unwrap();
    let run = |out: &str, jobs: &str| {
        let arguments = ["run", "--backend", "sim", "--json", "--out", out, "--jobs", jobs];
        let output = castnet(&folder, &[&arguments[..], &[scenarios]].concat());
        let text = text(&output.stdout).replace(&format!("\"{out}/"), "\"");
        (contents(&folder.join(out)), timeless(text.as_bytes()))
    };
    let (files, verdicts) = run("one", "1");
    assert!(files.len() > 50, "{} captures", files.len());
    for (out, jobs) in [("again", "1"), ("two", "2"), ("many", "9")] {
        let (others, other_verdicts) = run(out, jobs);
        assert_eq!(verdicts, other_verdicts, "--jobs {jobs}");
        assert!(files.keys().eq(others.keys()), "--jobs {jobs}");
        for (name, octets) in &files {
            assert!(*octets == others[name], "--jobs {jobs}: {} differs", name.display());
        }
    }
}

fn a_large_network_tells_what_memory_it_took() {
    let folder = folder("large");
    let text_of = |count: &str| {
        let many = format!("\"listener\", igmp-version = 2, count = {count}");
        scenario("1", "general-query").replace("\"listener\"", &many)
    };
    fs::write(folder.join("few.toml"), text_of("9000")).unwrap();
    fs::write(folder.join("many.toml"), text_of("20000")).unwrap();
    let said = |file: &str| {
        let output = castnet(&folder, &["run", "--backend", "sim", file]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    assert!(!said("few.toml").contains("memory"));
    let said = said("many.toml");
    let told = said.lines().last().unwrap();
    let told = told.strip_prefix("20000 listeners: at most ").unwrap_or_else(|| panic!("{told}"));
    let (mib, each) = told.split_once(" MiB of memory, ").unwrap();
    let each: u64 = each.strip_suffix(" octets for each").unwrap().parse().unwrap();
    // Each listener takes a few hundred octets, and the program some MiB.
    assert!((200..10_000).contains(&each), "{told}");
    let whole = ((each * 20_000) >> 20)..=(((each + 1) * 20_000) >> 20);
    assert!(whole.contains(&mib.parse().unwrap()), "{told}");
}

fn both_backends_leave_a_capture_each() {
    let folder = folder("both");
    fs::write(folder.join("a.toml"), scenario("1", "general-query")).unwrap();
    let output = castnet(&folder, &["run", "--backend", "sim,netns,sim", "a.toml"]);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{stdout}");
    assert_eq!(stdout.matches("PASS        a  [").count(), 2, "{stdout}");
    assert!(folder.join("castnet-out/a.pcapng").is_file());
    assert!(folder.join("castnet-out/a.sim.pcapng").is_file());
}

fn the_two_backends_are_compared() {
    let folder = folder("compared");
    fs::write(folder.join("a.toml"), scenario("1", "general-query")).unwrap();
    let only = "backends = { only = [\"sim\"], because = \"it takes an hour\" }\n";
    fs::write(folder.join("b.toml"), only.to_owned() + &scenario("1", "general-query")).unwrap();
    let output = castnet(&folder, &["diff-backends", "."]);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{stdout}");
    assert!(stdout.contains("AGREE       a  1 messages, 0 answers, 0 pauses"), "{stdout}");
    assert!(stdout.contains("ALONE       b\n  not for netns"), "{stdout}");
    assert!(stdout.ends_with("2 compared: 1 agree, 1 alone\n"), "{stdout}");

    let output = castnet(&folder, &["diff-backends", "--repeat", "2", "--json", "a.toml"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let compared = json["compared"].as_array().unwrap();
    assert_eq!(compared.len(), 2, "{json}");
    for row in compared {
        assert_eq!((&row["scenario"], &row["word"]), (&"a".into(), &"agree".into()), "{json}");
        assert_eq!(row["compared"]["messages"], 1, "{json}");
    }
}

fn what_the_simulator_cannot_do_is_not_supported_and_says_why() {
    let folder = folder("not-simulated");
    let act = "[[act]]\nat = \"0s\"\nexec = { who = \"h1\", command = [\"true\"] }\n";
    fs::write(folder.join("a.toml"), scenario("1", "general-query") + act).unwrap();
    let only = "backends = { only = [\"netns\"], because = \"it looks at the kernel\" }\n";
    fs::write(folder.join("b.toml"), only.to_owned() + &scenario("1", "general-query")).unwrap();
    for (file, why) in [
        ("a.toml", "the simulator runs no programs"),
        ("b.toml", "not for sim: it looks at the kernel"),
    ] {
        let output = castnet(&folder, &["run", "--backend", "sim", file]);
        let stdout = text(&output.stdout);
        assert_eq!(output.status.code(), Some(3), "{stdout}");
        assert!(stdout.starts_with("UNSUPPORTED") && stdout.contains(why), "{stdout}");
    }
    let output = castnet(&folder, &["run", "--backend", "vm", "a.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("there are `netns` and `sim`"));
}
