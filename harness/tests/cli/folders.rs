//! What folders have in them: scenarios, wrong ones, other programs' files, links.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use super::{castnet, folder, scenario, tests, text};

tests! {
    Nothing:
        a_wrong_file_stops_nothing_else_and_is_in_every_report,
        a_failure_counts_more_than_a_wrong_file,
        files_of_other_programs_are_passed_over,
        each_file_is_run_once_whatever_leads_to_it,
        links_out_of_a_folder_are_not_followed,
        names_tell_scenarios_apart,
        a_list_runs_nothing,
        a_check_as_json_has_every_fault_with_its_place;
}

fn simulate(folder: &Path, arguments: &[&str]) -> Output {
    castnet(folder, &[&["run", "--backend", "sim"], arguments].concat())
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
}

/// Two sound scenarios, and one with two faults.
fn mixed(name: &str) -> PathBuf {
    let folder = folder(name);
    let good = scenario("1", "general-query");
    let wrong = good.replace("nodes", "nods").replace("count", "cuont");
    write(&folder, &[("a.toml", &good), ("b/wrong.toml", &wrong), ("c.toml", &good)]);
    folder
}

fn a_wrong_file_stops_nothing_else_and_is_in_every_report() {
    let folder = mixed("wrong-among-good");
    for paths in [&["."][..], &["a.toml", "b/wrong.toml", "c.toml"], &["**/*.toml"]] {
        let output = simulate(&folder, paths);
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(2), "{stdout}{stderr}");
        assert!(stdout.contains("2 scenarios: 2 passed"), "{stdout}");
        assert!(stdout.contains("1 file is wrong, and nothing of it has run: "), "{stdout}");
        assert!(stderr.contains("b/wrong.toml:3:1") && stderr.contains("`nods`"), "{stderr}");
        assert!(stderr.contains("castnet: 1 of 3 scenarios is wrong\n"), "{stderr}");
    }
    let reports = ["--json", "--junit", "x.xml", "--summary", "x.md", "."];
    let output = simulate(&folder, &reports);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&document["exit_code"], &document["outcome"]), (&2.into(), &"pass".into()));
    assert_eq!(document["wrong"][0]["path"], "./b/wrong.toml");
    assert!(document["wrong"][0]["errors"].as_str().unwrap().contains("unknown key `nods`"));
    let junit = fs::read_to_string(folder.join("x.xml")).unwrap();
    assert!(junit.contains("tests=\"3\" skipped=\"0\" failures=\"0\" errors=\"1\""), "{junit}");
    assert!(junit.contains("unknown key `nods`"), "{junit}");
    let summary = fs::read_to_string(folder.join("x.md")).unwrap();
    assert!(summary.contains("<summary>WRONG wrong</summary>"), "{summary}");
    // Where nothing is sound, the reports say so.
    let output = simulate(&folder, &["--json", "b"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &document["exit_code"]), (Some(2), &2.into()));
    assert_eq!(document["wrong"].as_array().unwrap().len(), 1);
    assert_eq!(text(&simulate(&folder, &["b"]).stdout), "");
}

fn a_failure_counts_more_than_a_wrong_file() {
    let folder = mixed("fail-and-wrong");
    write(&folder, &[("c.toml", &scenario("9", "general-query"))]);
    assert_eq!(simulate(&folder, &["."]).status.code(), Some(1));
    assert_eq!(castnet(&folder, &["check", "."]).status.code(), Some(2));
}

fn files_of_other_programs_are_passed_over() {
    let folder = mixed("foreign");
    fs::remove_file(folder.join("b/wrong.toml")).unwrap();
    let cargo = "[package]\nname = \"x\"\n[dependencies]\n";
    let broken = "[package]\nname = {{crate_name}}\n";
    let template = "template = \"t\"\n";
    write(
        &folder,
        &[
            ("Cargo.toml", cargo),
            ("b/pyproject.toml", "[project]\nname = \"x\"\n"),
            ("b/broken.toml", broken),
            ("t.toml", template),
            (".cargo/config.toml", "title = 1\n"),
        ],
    );
    let output = simulate(&folder, &["."]);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let named = "castnet: passed over 3 files that are no scenarios: ./Cargo.toml, ./b/broken.toml, \
                 ./b/pyproject.toml\n";
    assert_eq!(stderr, named);
    // Whoever names it wants it to be one; an empty file may be a scenario that was lost.
    assert_eq!(simulate(&folder, &["Cargo.toml"]).status.code(), Some(2));
    write(&folder, &[("empty.toml", "")]);
    assert_eq!(simulate(&folder, &["."]).status.code(), Some(2));
    fs::remove_file(folder.join("a.toml")).unwrap();
    fs::remove_file(folder.join("c.toml")).unwrap();
    fs::remove_file(folder.join("empty.toml")).unwrap();
    let output = simulate(&folder, &["."]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains(".: no scenario (*.toml) in this folder"));
}

fn each_file_is_run_once_whatever_leads_to_it() {
    let folder = mixed("once");
    fs::remove_file(folder.join("b/wrong.toml")).unwrap();
    symlink(".", folder.join("x")).unwrap();
    symlink("..", folder.join("b/up")).unwrap();
    symlink("a.toml", folder.join("again.toml")).unwrap();
    symlink("self", folder.join("self")).unwrap();
    for (paths, count) in [
        (&["."][..], 2),
        (&[".", "./", "x", "b/.."], 2),
        (&["a.toml", "./a.toml", "x/a.toml", "again.toml", "b/up/a.toml"], 1),
        (&["x/x/x"], 2),
        (&["*.toml", "**/*.toml"], 2),
    ] {
        let output = castnet(&folder, &[&["run", "--list", "--json"], paths].concat());
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(document["scenarios"].as_array().unwrap().len(), count, "{paths:?}");
    }
    let output = castnet(&folder, &["review", "--list", "."]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

fn links_out_of_a_folder_are_not_followed() {
    let folder = folder("outward");
    let good = scenario("1", "general-query");
    write(&folder, &[("in/a.toml", &good), ("out/b.toml", &good), ("secret", "root:x:0:0")]);
    symlink("../out", folder.join("in/folder")).unwrap();
    symlink("../out/b.toml", folder.join("in/b.toml")).unwrap();
    symlink("../secret", folder.join("in/secret.toml")).unwrap();
    symlink("/", folder.join("in/everything")).unwrap();
    symlink("nothing", folder.join("in/gone.toml")).unwrap();
    let output = simulate(&folder, &["in"]);
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(stdout.ends_with("1 scenario: 1 passed in 0.0 s\n"), "{stdout}");
    assert!(!stderr.contains("root:x") && stderr.lines().count() == 5, "{stderr}");
    assert!(stderr.contains("in/folder: a symbolic link that leads out of the folder"), "{stderr}");
    // Whoever names it wants it.
    assert_eq!(simulate(&folder, &["in/b.toml"]).status.code(), Some(0));
    assert_eq!(simulate(&folder, &["in/folder"]).status.code(), Some(0));
}

fn names_tell_scenarios_apart() {
    let folder = folder("apart");
    let good = scenario("1", "general-query");
    let both = ["one/scenarios/v2/same.toml", "two/scenarios/v2/same.toml"];
    write(&folder, &[(both[0], &good), (both[1], &good), ("three/same.toml", &good)]);
    let names = |paths: &[&str]| {
        let output = simulate(&folder, &[&["--json", "--junit", "x.xml"], paths].concat());
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let runs = document["runs"].as_array().unwrap();
        let of = |run: &Value| {
            let capture = run["pcapng"].as_str().unwrap();
            assert!(folder.join(capture).is_file());
            (run["scenario"].as_str().unwrap().to_owned(), capture.to_owned())
        };
        runs.iter().map(of).collect::<Vec<_>>()
    };
    let owned = |name: &str| (name.to_owned(), format!("castnet-out/{name}.sim.pcapng"));
    let apart = ["one/scenarios/v2/same", "two/scenarios/v2/same"].map(owned);
    assert_eq!(names(&["one", "two"]), apart);
    let junit = fs::read_to_string(folder.join("x.xml")).unwrap();
    assert!(junit.contains("name=\"one/scenarios/v2/same\""), "{junit}");
    assert_eq!(names(&["one", "three"]), ["same", "v2/same"].map(owned));
    assert_eq!(names(&["two"]), ["v2/same"].map(owned));
}

fn a_list_runs_nothing() {
    let folder = mixed("list");
    let output = castnet(&folder, &["run", "--list", "--backend", "sim", "--filter", "c", "."]);
    let line = "c  [sim]  the first Query\n";
    // What is wrong in other files is none of what the filter names.
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), line));
    assert!(!folder.join("castnet-out").exists());
    let output = castnet(&folder, &["check", "--list", "a.toml", "c.toml"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout).lines().count(), 2, "{}", text(&output.stdout));
}

fn a_check_as_json_has_every_fault_with_its_place() {
    let folder = mixed("check-json");
    let output = castnet(&folder, &["check", "--json", "."]);
    assert_eq!(output.status.code(), Some(2));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["scenarios"][1]["scenario"], "c");
    assert_eq!(document["scenarios"][0]["checks"], 1);
    let faults = document["wrong"][0]["faults"].as_array().unwrap();
    let nods = faults.iter().find(|fault| fault["message"] == "unknown key `nods` of a scenario");
    let nods = nods.unwrap();
    assert_eq!((&nods["line"], &nods["column"]), (&3.into(), &1.into()));
    assert_eq!(nods["help"], "did you mean `nodes`?");
}
