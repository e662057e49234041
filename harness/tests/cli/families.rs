//! Scenarios that share a template, and files that are several scenarios, from the command line.

use std::fs;
use std::path::PathBuf;

use super::{castnet, folder, tests, text};

tests! {
    Nothing: a_folder_is_run_without_its_templates, one_combination_is_chosen_to_stand;
    Kernel: combinations_are_runs_of_their_own;
}

const TEMPLATE: &str = "template = \"a router and a listener\"\n\
     [links]\nlan = [\"r1\", \"h1\"]\n\
     [nodes]\nr1 = { role = \"router\" }\nh1 = { role = \"listener\" }\n";

/// The combination with a count of 1 passes, the other one does not.
const MATRIX: &str = "title = \"${count} Queries\"\n\
     extends = \"topologies/lan.toml\"\n\
     [matrix]\ncount = [1, 9]\n\
     [[expect]]\n\
     packet = { on = \"lan\", kind = \"general-query\", from = \"r1\" }\n\
     count = \"${count}\"\nwithin = \"100ms\"\n";

fn family(name: &str) -> PathBuf {
    let folder = folder(name);
    fs::create_dir(folder.join("topologies")).unwrap();
    fs::write(folder.join("topologies/lan.toml"), TEMPLATE).unwrap();
    fs::write(folder.join("query.toml"), MATRIX).unwrap();
    folder
}

fn a_folder_is_run_without_its_templates() {
    let folder = family("templates");
    for paths in [&["."][..], &["*"], &["**/*.toml"]] {
        let output = castnet(&folder, &[&["check"], paths].concat());
        let stdout = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let query = stdout.lines().filter(|line| line.contains("query.toml [count="));
        assert_eq!((query.count(), stdout.lines().count()), (2, 2), "{stdout}");
    }
    for (path, why) in [
        ("topologies", "topologies: no scenario (*.toml) in this folder"),
        ("topologies/lan.toml", "this is a template"),
    ] {
        let output = castnet(&folder, &["check", path]);
        assert_eq!(output.status.code(), Some(2));
        let stderr = text(&output.stderr);
        assert!(stderr.contains(why), "{why:?} is missing in\n{stderr}");
    }
    // Without a title a file is a template, and is passed over; with one it is not.
    fs::write(folder.join("query.toml"), MATRIX.replacen("title", "template", 1)).unwrap();
    let output = castnet(&folder, &["check", "."]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
}

fn combinations_are_runs_of_their_own() {
    let folder = family("combinations");
    let output = castnet(&folder, &["run", ".", "--junit", "junit.xml"]);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{stdout}");
    for part in [
        "PASS        query[count=1]  [netns]",
        "FAIL        query[count=9]  [netns]",
        "            9 Queries\n",
        "  repeat   castnet run ./query.toml --filter '[count=9]'\n",
        "2 scenarios: 1 passed, 1 failed",
    ] {
        assert!(stdout.contains(part), "{part:?} is missing in\n{stdout}");
    }
    for name in ["query[count=1]", "query[count=9]"] {
        let capture = folder.join("castnet-out").join(format!("{name}.pcapng"));
        assert!(capture.is_file(), "{}", capture.display());
        let junit = fs::read_to_string(folder.join("junit.xml")).unwrap();
        assert!(junit.contains(&format!("\"{name}\"")), "{junit}");
    }
    let output = castnet(&folder, &["run", "./query.toml", "--filter", "[count=1]", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{json}");
    let runs = json["runs"].as_array().unwrap();
    assert_eq!((runs.len(), &runs[0]["scenario"]), (1, &"query[count=1]".into()));
}

fn one_combination_is_chosen_to_stand() {
    let folder = family("up");
    for arguments in [&["up", "query.toml"][..], &["up", "query.toml", "--filter", "=3"]] {
        let output = castnet(&folder, arguments);
        assert_eq!(output.status.code(), Some(2));
        let stderr = text(&output.stderr);
        assert!(stderr.contains("--filter") && stderr.contains("query[count=9]"), "{stderr}");
    }
}
